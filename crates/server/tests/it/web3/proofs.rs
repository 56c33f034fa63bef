//! Messages and signatures that prove nothing, or not here, or not now.

use ferrobase_db::Executor;
use ferrobase_testkit::Backend;

use super::wallet::Wallet;
use super::{BOTH, Draft, assert_invalid, assert_syntax, at, grant, sign_in, start, wallets};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_proof_opens_nothing() {
    let backend = start(BOTH).await;
    for wallet in wallets() {
        let good = Draft::of(&wallet);
        let refused: [(&str, Change); 16] = [
            (
                "message was signed for another app",
                change("evil.example", "https://evil.example/"),
            ),
            (
                "message was signed for another app",
                change("app.example.com", "https://evil.example/"),
            ),
            (
                "message was signed for another app",
                change("app.example.com", "https://app.example.com.evil.example/"),
            ),
            (
                "message was signed for another app",
                change("app.example.com", "https://app.example.com@evil.example/"),
            ),
            (
                "message was signed for another app",
                change("localhost:4000", "http://localhost:4000/"),
            ),
            (
                "Domain that does not match",
                change("evil.example", "https://app.example.com/"),
            ),
            (
                "Domain that does not match",
                change("app.example.com:443", "https://app.example.com/"),
            ),
            (
                "Domain that does not match",
                change("evil.example", "http://localhost:3000/"),
            ),
            (
                "does not use HTTPS",
                change("plain.example.com", "http://plain.example.com/"),
            ),
            (
                "does not use HTTPS",
                change("127.0.0.1:3000", "http://127.0.0.1:3000/"),
            ),
            ("issued too long ago", Box::new(|draft| draft.issued = -605)),
            (
                "issued too far in the future",
                Box::new(|draft| draft.issued = 610),
            ),
            (
                "is expired",
                Box::new(|draft| {
                    draft.issued = -10;
                    draft.more = format!("\nExpiration Time: {}", at(-5));
                }),
            ),
            (
                "becomes valid in the future",
                Box::new(|draft| draft.more = format!("\nNot Before: {}", at(60))),
            ),
            (
                "does not match address",
                Box::new(|draft| draft.address = Wallet::solana().address()),
            ),
            (
                "does not match address",
                Box::new(|draft| draft.address = Wallet::ethereum().address()),
            ),
        ];
        for (said, change) in refused {
            let mut draft = good.clone();
            change(&mut draft);
            let is_foreign = draft.address.starts_with("0x") != good.address.starts_with("0x");
            let answer = sign_in(&backend, &wallet, &draft).await;
            if is_foreign {
                assert_syntax(&answer, "wallet address is not");
            } else {
                assert_invalid(&answer, said);
            }
        }
        only_the_text_itself(&backend, &wallet).await;
    }
    let users = backend
        .sql()
        .query_one("select count(*) from auth.users", &[])
        .await
        .unwrap();
    assert_eq!(users.get::<_, i64>(0), 2);
    backend.stop().await;
}

/// A signature over something else, or by somebody else; nothing of which uses the message up.
async fn only_the_text_itself(backend: &Backend, wallet: &Wallet) {
    let text = Draft::of(wallet).text(wallet);
    let signature = wallet.sign(&text);
    let statement = text.replace("I agree", "I disagree");
    for other in [statement, text.replace("/login", "/logon"), format!("{text}\n")] {
        let answer = grant(backend, wallet.chain(), &other, &signature).await;
        assert_invalid(&answer, "Signature does not match address in message");
    }
    let foreign = match wallet {
        Wallet::Solana(_) => Wallet::solana(),
        Wallet::Ethereum(_) => Wallet::ethereum(),
    };
    let answer = grant(backend, wallet.chain(), &text, &foreign.sign(&text)).await;
    assert_invalid(&answer, "Signature does not match address in message");
    // Nothing of all that has used the message up.
    let answer = grant(backend, wallet.chain(), &text, &signature).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// What is wrong with a message.
type Change = Box<dyn Fn(&mut Draft)>;

fn change(domain: &'static str, uri: &'static str) -> Change {
    Box::new(move |draft| (draft.domain, draft.uri) = (domain.to_owned(), uri.to_owned()))
}
