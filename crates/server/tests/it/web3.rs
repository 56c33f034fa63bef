//! Sign-in with wallets that these tests hold the keys of.

use axum::http::Method;
use data_encoding::BASE64URL_NOPAD;
use ferrobase_db::Executor;
use ferrobase_jwt::Clock;
use ferrobase_testkit::{Answer, Backend};
use serde_json::{Value, json};
use std::time::Duration;

mod proofs;
mod wallet;

use wallet::{Wallet, malleated};

const SETTINGS: &str = "[auth]\nsite_url = \"https://app.example.com\"\n\
     additional_redirect_urls = [\"https://other.example.com:8443/**\", \"http://localhost:3000/**\", \"http://plain.example.com/**\"]\n";
const BOTH: &str = "[auth.web3.solana]\nenabled = true\n[auth.web3.ethereum]\nenabled = true\n";

/// A sign-in message; the fields are what tests change.
#[derive(Clone)]
struct Draft {
    domain: String,
    address: String,
    uri: String,
    /// Seconds from now.
    issued: i64,
    more: String,
}

impl Draft {
    fn of(wallet: &Wallet) -> Self {
        Self {
            domain: "app.example.com".to_owned(),
            address: wallet.address(),
            uri: "https://app.example.com/login".to_owned(),
            issued: 0,
            more: String::new(),
        }
    }

    fn text(&self, wallet: &Wallet) -> String {
        let Self {
            domain,
            address,
            uri,
            more,
            ..
        } = self;
        let name = wallet.name();
        let network = if name == "Solana" { "mainnet" } else { "1" };
        let issued = at(self.issued);
        format!(
            "{domain} wants you to sign in with your {name} account:\n{address}\n\nI agree.\n\n\
             URI: {uri}\nVersion: 1\nChain ID: {network}\nIssued At: {issued}{more}"
        )
    }
}

/// A moment, in seconds from now.
fn at(seconds: i64) -> String {
    let (now, by) = (Clock::System.now(), Duration::from_secs(seconds.unsigned_abs()));
    if seconds < 0 { now - by } else { now + by }.to_rfc3339()
}

async fn start(settings: &str) -> Backend {
    Backend::start(&format!("{SETTINGS}{settings}")).await
}

async fn grant(backend: &Backend, chain: &str, message: &str, signature: &str) -> Answer {
    let body = json!({ "chain": chain, "message": message, "signature": signature });
    backend
        .send(Method::POST, "/auth/v1/token?grant_type=web3", None, Some(&body))
        .await
}

async fn sign_in(backend: &Backend, wallet: &Wallet, draft: &Draft) -> Answer {
    let text = draft.text(wallet);
    grant(backend, wallet.chain(), &text, &wallet.sign(&text)).await
}

fn user_of(answer: &Answer) -> &Value {
    assert_eq!(answer.status, 200, "{}", answer.text);
    &answer.json["user"]
}

fn assert_invalid(answer: &Answer, said: &str) {
    assert_eq!(
        (answer.status, answer.json["error"].as_str()),
        (400, Some("invalid_grant")),
        "{said}: {}",
        answer.text
    );
    let description = answer.json["error_description"].as_str().unwrap();
    assert!(description.contains(said), "{description}, not {said}");
}

fn wallets() -> [Wallet; 2] {
    [Wallet::solana(), Wallet::ethereum()]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_signs_up_and_in() {
    let backend = start(BOTH).await;
    for wallet in wallets() {
        let (chain, address) = (wallet.chain(), wallet.address());
        let first = sign_in(&backend, &wallet, &Draft::of(&wallet)).await;
        let user = user_of(&first);
        assert_eq!(
            user["app_metadata"],
            json!({"provider": "web3", "providers": ["web3"]})
        );
        assert_eq!(
            (user["email"].as_str(), user["is_anonymous"].as_bool()),
            (Some(""), Some(false))
        );
        let identity = &user["identities"][0];
        let subject = format!("web3:{chain}:{address}");
        assert_eq!(identity["id"], subject.as_str());
        assert_eq!(identity["provider"], "web3");
        let network = if chain == "solana" { "mainnet" } else { "1" };
        let claims = json!({
            "address": address, "chain": chain, "network": network, "domain": "app.example.com", "statement": "I agree.",
        });
        assert_eq!(identity["identity_data"]["custom_claims"], claims);
        assert_eq!(identity["identity_data"]["sub"], subject.as_str());
        assert_eq!(user["user_metadata"]["custom_claims"], claims);
        let token = first.json["access_token"].as_str().unwrap();
        let claims = BASE64URL_NOPAD
            .decode(token.split('.').nth(1).unwrap().as_bytes())
            .unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(
            (&claims["amr"][0]["method"], &claims["aal"]),
            (&json!("web3"), &json!("aal1"))
        );
        assert_eq!(claims["email"], "");

        // Another message, from another page of the same project.
        let mut draft = Draft::of(&wallet);
        (draft.domain, draft.uri) = ("localhost:3000".to_owned(), "http://localhost:3000/".to_owned());
        let again = sign_in(&backend, &wallet, &draft).await;
        assert_eq!(user_of(&again)["id"], user["id"]);
        (draft.domain, draft.uri) = (
            "other.example.com:8443".to_owned(),
            "https://other.example.com:8443/x?y=z".to_owned(),
        );
        let answer = sign_in(&backend, &wallet, &draft).await;
        // The list has pages of that site, but its root must be allowed as well.
        assert_eq!(user_of(&answer)["id"], user["id"]);
    }
    let rows = backend
        .sql()
        .query(
            "select payload->'traits'->>'chain' from auth.audit_log_entries \
             where payload->>'action' = 'login' and payload->'traits'->>'provider' = 'web3'",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(rows.len(), 6);
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ethereum_account_has_many_spellings() {
    let backend = start(BOTH).await;
    let wallet = Wallet::ethereum();
    let draft = Draft::of(&wallet);
    let id = user_of(&sign_in(&backend, &wallet, &draft).await)["id"].clone();
    let mut shouted = draft.clone();
    shouted.address = format!("0x{}", draft.address[2..].to_uppercase());
    assert_eq!(user_of(&sign_in(&backend, &wallet, &shouted).await)["id"], id);
    // An identity as older versions of the original wrote it.
    let checksummed = checksummed(&draft.address);
    let sql = backend.sql();
    let rename = "update auth.identities set provider_id = $1";
    let old = format!("web3:ethereum:{checksummed}");
    sql.execute(rename, &[&old]).await.unwrap();
    let mut spelled = draft.clone();
    spelled.address = checksummed;
    for draft in [&draft, &spelled] {
        let mut draft = draft.clone();
        draft.issued = -1;
        let answer = sign_in(&backend, &wallet, &draft).await;
        assert_eq!(user_of(&answer)["id"], id);
        assert_eq!(user_of(&answer)["identities"].as_array().unwrap().len(), 1);
        assert_eq!(user_of(&answer)["identities"][0]["id"], old.as_str());
    }
    backend.stop().await;
}

/// EIP-55, written once more.
fn checksummed(address: &str) -> String {
    use sha3::{Digest, Keccak256};
    let hash = Keccak256::digest(&address.as_bytes()[2..]);
    let digits = address[2..].chars().enumerate().map(|(index, digit)| {
        let nibble = hash[index / 2] >> (4 * (1 - index % 2)) & 0xf;
        if nibble > 7 {
            digit.to_ascii_uppercase()
        } else {
            digit
        }
    });
    format!("0x{}", digits.collect::<String>())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_worth_one_session() {
    let backend = start(BOTH).await;
    for wallet in wallets() {
        let text = Draft::of(&wallet).text(&wallet);
        let signature = wallet.sign(&text);
        assert_eq!(
            grant(&backend, wallet.chain(), &text, &signature).await.status,
            200
        );
        let said = "message was used before";
        assert_invalid(&grant(&backend, wallet.chain(), &text, &signature).await, said);
        // Neither does another spelling of the signature make it another message.
        if wallet.chain() == "ethereum" {
            let other = malleated(&signature);
            let answer = grant(&backend, "ethereum", &text, &other).await;
            assert_invalid(&answer, "Signature does not match address");
            let bare = signature[2..].to_uppercase();
            assert_invalid(&grant(&backend, "ethereum", &text, &bare).await, said);
        } else {
            let bare = signature
                .trim_end_matches('=')
                .replace('+', "-")
                .replace('/', "_");
            assert_invalid(&grant(&backend, "solana", &text, &bare).await, said);
        }
        // Of several that come at once one gets in.
        let text = Draft {
            issued: -2,
            ..Draft::of(&wallet)
        }
        .text(&wallet);
        let signature = wallet.sign(&text);
        let race = (0..6).map(|_| grant(&backend, wallet.chain(), &text, &signature));
        let answers = futures_util::future::join_all(race).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        // New wallets that sign up with two messages at once are one user.
        let fresh = if wallet.chain() == "solana" {
            Wallet::solana()
        } else {
            Wallet::ethereum()
        };
        let drafts = [1, 2, 3].map(|issued| Draft {
            issued,
            ..Draft::of(&fresh)
        });
        let race = drafts.iter().map(|draft| sign_in(&backend, &fresh, draft));
        let answers = futures_util::future::join_all(race).await;
        let mut users: Vec<String> = answers
            .iter()
            .map(|answer| user_of(answer)["id"].to_string())
            .collect();
        users.dedup();
        assert_eq!(users.len(), 1, "{users:?}");
    }
    backend.stop().await;
}

fn assert_syntax(answer: &Answer, said: &str) {
    assert_eq!(
        (answer.status, answer.json["error_code"].as_str()),
        (400, Some("validation_failed")),
        "{}",
        answer.text
    );
    let message = answer.json["msg"].as_str().unwrap();
    assert!(message.contains(said), "{message}, not {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn syntax_switches_and_users() {
    let backend = start("[auth.web3.solana]\nenabled = true\n").await;
    let wallet = Wallet::solana();
    let text = Draft::of(&wallet).text(&wallet);
    let signature = wallet.sign(&text);
    for (message, signature, said) in [
        ("", signature.as_str(), "message is too short"),
        (&"x".repeat(63), &signature, "message is too short"),
        (&"x".repeat(20_481), &signature, "message must not exceed 20KB"),
        (&text, "", "signature must be 64 bytes encoded as base64"),
        (&text, &"!".repeat(88), "signature does not contain valid base64"),
        (
            &"x".repeat(64),
            &signature,
            "siws: message needs at least 6 lines",
        ),
        (
            &text.replace("Version: 1", "Version: 3"),
            &signature,
            "siws: Version value is not supported",
        ),
        (
            &text.replace("I agree", "I\u{0} agree"),
            &signature,
            "siws: message contains control characters",
        ),
    ] {
        assert_syntax(&grant(&backend, "solana", message, signature).await, said);
    }
    let answer = grant(&backend, "bitcoin", &text, &signature).await;
    assert_eq!(
        answer.json["error_code"], "web3_unsupported_chain",
        "{}",
        answer.text
    );
    let answer = grant(&backend, "ethereum", &text, &signature).await;
    assert_eq!(
        (answer.status, answer.json["error_code"].as_str()),
        (422, Some("web3_provider_disabled"))
    );
    assert_eq!(answer.json["msg"], "Ethereum Web3 provider is disabled");

    let user = user_of(&sign_in(&backend, &wallet, &Draft::of(&wallet)).await)["id"].clone();
    let ban = json!({ "ban_duration": "1h" });
    let admin = backend.endpoints().service_role_key.clone();
    let path = format!("/auth/v1/admin/users/{}", user.as_str().unwrap());
    backend.send(Method::PUT, &path, Some(&admin), Some(&ban)).await;
    let answer = sign_in(
        &backend,
        &wallet,
        &Draft {
            issued: -1,
            ..Draft::of(&wallet)
        },
    )
    .await;
    assert_eq!(
        (answer.status, answer.json["error_code"].as_str()),
        (403, Some("user_banned"))
    );
    backend.stop().await;

    let closed = start("enable_signup = false\n[auth.web3.ethereum]\nenabled = true\n").await;
    let wallet = Wallet::ethereum();
    let answer = sign_in(&closed, &wallet, &Draft::of(&wallet)).await;
    assert_eq!(
        (answer.status, answer.json["error_code"].as_str()),
        (422, Some("signup_disabled"))
    );
    closed.stop().await;

    let off = start("[auth.captcha]\nenabled = true\nsecret = \"s\"\n").await;
    let answer = sign_in(&off, &wallet, &Draft::of(&wallet)).await;
    assert_eq!(
        (answer.status, answer.json["msg"].as_str()),
        (422, Some("Web3 provider is disabled"))
    );
    off.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn captcha_and_limit() {
    let limited = format!(
        "[auth.rate_limit]\nweb3 = 1\nheader = \"x-client\"\n[auth.captcha]\nenabled = true\nsecret = \"s\"\n{BOTH}"
    );
    let backend = start(&limited).await;
    let wallet = Wallet::solana();
    let answer = sign_in(&backend, &wallet, &Draft::of(&wallet)).await;
    assert_eq!(answer.json["error_code"], "captcha_failed", "{}", answer.text);
    let mut statuses = Vec::new();
    for _ in 0..32 {
        let headers = vec![
            ("apikey".to_owned(), backend.endpoints().anon_key.clone()),
            ("x-client".to_owned(), "10.0.0.7".to_owned()),
        ];
        let answer = backend
            .raw(
                Method::POST,
                "/auth/v1/token?grant_type=web3",
                headers,
                b"{}".to_vec(),
            )
            .await;
        statuses.push(answer.status);
    }
    assert_eq!(statuses[..30], [400; 30]);
    assert_eq!(statuses[31], 429);
    backend.stop().await;
}
