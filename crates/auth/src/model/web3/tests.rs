//! Messages, good and bad, and signatures of known keys.

#![allow(clippy::unwrap_used)]

use super::*;

const SOLANA: &str = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
const ETHEREUM: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
/// Lines of a message that is good for both chains.
const GOOD: [&str; 6] = [
    "URI: https://example.com/login",
    "Version: 1",
    "Chain ID: 1",
    "Nonce: 32891756",
    "Issued At: 2026-01-01T00:00:00Z",
    "",
];

fn header(chain: Chain) -> String {
    let address = match chain {
        Chain::Solana => SOLANA,
        Chain::Ethereum => ETHEREUM,
    };
    format!(
        "example.com wants you to sign in with your {} account:\n{address}\n\n",
        chain.name()
    )
}

/// A good message of which one line has another text; `chain`'s network is its own.
fn with(chain: Chain, replaced: &str, by: &str) -> String {
    let lines = GOOD.join("\n");
    let lines = match chain {
        Chain::Solana => lines.replace("Chain ID: 1", "Chain ID: mainnet"),
        Chain::Ethereum => lines,
    };
    let text = format!("{}I agree.\n\n{lines}", header(chain));
    assert!(text.contains(replaced), "{replaced}");
    text.replace(replaced, by)
}

fn refusal(chain: Chain, raw: &str) -> String {
    match chain.message(raw) {
        Ok(message) => format!("accepted: {message:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn good_messages() {
    for chain in [Chain::Solana, Chain::Ethereum] {
        let message = chain.message(&with(chain, "", "")).unwrap();
        assert_eq!(message.domain, "example.com");
        assert_eq!(message.statement.as_deref(), Some("I agree."));
        assert_eq!(message.uri, "https://example.com/login");
        assert_eq!(message.issued_at.timestamp(), 1_767_225_600);
        assert!(message.expiration_time.is_none() && message.not_before.is_none());
        let same = [
            // No statement, in both forms.
            with(chain, "I agree.\n\n", ""),
            with(chain, "I agree.\n", ""),
            // Blanks and the ends of other systems' lines.
            with(chain, "Version: 1", "  Version:1\r"),
            with(chain, "Nonce: 32891756", "Nonce: 32891756\n\n"),
            // No nonce; a key that nobody knows; resources, before and after other keys.
            with(chain, "Nonce: 32891756\n", ""),
            with(chain, "Nonce", "Colour: red\nNonce"),
            with(
                chain,
                "Nonce",
                "Resources:\n- https://a.example\n- ipfs://b/c\nNonce",
            ),
            format!("{}\nResources\n- https://a.example", with(chain, "", "")),
            format!("{}\nResources:", with(chain, "", "")),
            // Times with offsets and fractions.
            with(chain, "00:00:00Z", "01:00:00.000+01:00"),
        ];
        for raw in same {
            let read = chain
                .message(&raw)
                .unwrap_or_else(|error| panic!("{error}: {raw}"));
            assert_eq!(read.issued_at, message.issued_at, "{raw}");
            assert_eq!(read.address, message.address);
        }
    }
    let named = Chain::Ethereum.message(&with(Chain::Ethereum, "", "")).unwrap();
    assert_eq!(named.address, ETHEREUM.to_lowercase());
    assert_eq!(named.network.as_deref(), Some("1"));
    for network in ["devnet", "Testnet", "solana:mainnet", "localnet", ""] {
        let raw = with(
            Chain::Solana,
            "Chain ID: mainnet",
            &format!("Chain ID: {network}"),
        );
        let read = Chain::Solana.message(&raw).unwrap();
        assert_eq!(read.network.as_deref(), Some(network).filter(|n| !n.is_empty()));
    }
    for domain in ["localhost:3000", "example.com:8443", "[::1]:3000", "a-b.example"] {
        let raw = with(Chain::Solana, "example.com wants", &format!("{domain} wants"));
        assert_eq!(Chain::Solana.message(&raw).unwrap().domain, domain);
    }
}

#[test]
#[allow(clippy::too_many_lines)]
fn malformed_messages() {
    let table = [
        // Where, what instead, and what is said of it.
        ("example.com wants", "wants", "first line does not end"),
        ("example.com wants", " wants", "domain in first line"),
        (
            "example.com wants",
            "https://example.com wants",
            "domain in first line",
        ),
        (
            "example.com wants",
            "example.com/path wants",
            "domain in first line",
        ),
        (
            "example.com wants",
            "user@example.com wants",
            "domain in first line",
        ),
        ("example.com wants", "example.com?x wants", "domain in first line"),
        ("example.com wants", "example.com# wants", "domain in first line"),
        ("example.com wants", "example.com\\ wants", "domain in first line"),
        ("example.com wants", "exa mple.com wants", "domain in first line"),
        (
            "example.com wants",
            "ex\u{e4}mple.com wants",
            "domain in first line",
        ),
        (
            "example.com wants",
            "example.com:port wants",
            "domain in first line",
        ),
        (
            "example.com wants",
            "example.com:99999 wants",
            "domain in first line",
        ),
        ("example.com wants", "example.com: wants", "domain in first line"),
        ("example.com wants", "[::g] wants", "domain in first line"),
        (" account:\n", " account\n", "first line does not end"),
        (" account:\n", " account: \n", "first line does not end"),
        (" account:\n", " account:\r\n", "first line does not end"),
        (
            "wants you to sign in",
            "asks you to sign in",
            "first line does not end",
        ),
        ("account:\n", "account:\n\n", "wallet address is not"),
        ("account:\n", "account:\nx", "wallet address is not"),
        ("\n\nI agree", "\nI agree", "third line must be empty"),
        ("\n\nI agree", "\n \nI agree", "third line must be empty"),
        ("I agree.\n\n", "I agree.\n", "unparsable line at index 3"),
        (
            "I agree.\n\n",
            "I agree.\nReally.\n\n",
            "unparsable line at index 3",
        ),
        ("Version: 1", "Version 1", "unparsable line at index 6"),
        ("Version: 1", "Version: 2", "expected 1 got \"2\""),
        ("Version: 1", "Version: 1.0", "expected 1 got \"1.0\""),
        ("Version: 1", "version: 1", "expected 1 got \"\""),
        ("Version: 1\n", "", "expected 1 got \"\""),
        (
            "Version: 1",
            "Version: 1\nVersion: 1",
            "Version is specified more than once",
        ),
        ("URI: https://example.com/login\n", "", "URI is not specified"),
        ("https://example.com/login", "", "URI is not valid"),
        ("https://example.com/login", "example.com", "URI is not valid"),
        ("https://example.com/login", "//example.com", "URI is not valid"),
        ("https://example.com/login", "https://", "URI is not valid"),
        ("https://example.com/login", "https://a b", "URI is not valid"),
        (
            "Nonce",
            "URI: https://evil.example\nNonce",
            "URI is specified more than once",
        ),
        (
            "Issued At: 2026-01-01T00:00:00Z",
            "",
            "Issued At is not specified",
        ),
        ("2026-01-01T00:00:00Z", "yesterday", "Issued At is not a valid"),
        ("2026-01-01T00:00:00Z", "2026-01-01", "Issued At is not a valid"),
        (
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00",
            "Issued At is not a valid",
        ),
        (
            "2026-01-01T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "Issued At is not a valid",
        ),
        ("2026-01-01T00:00:00Z", "1767225600", "Issued At is not a valid"),
        (
            "Nonce",
            "Issued At: 2026-01-01T00:00:00Z\nNonce",
            "Issued At is specified more than once",
        ),
        (
            "Nonce",
            "Expiration Time: never\nNonce",
            "Expiration Time is not a valid",
        ),
        ("Nonce", "Not Before: now\nNonce", "Not Before is not a valid"),
        (
            "Nonce",
            "Expiration Time: 2025-12-31T23:59:59Z\nNonce",
            "Issued At is after Expiration Time",
        ),
        (
            "Nonce",
            "Not Before: 2026-01-03T00:00:00Z\nExpiration Time: 2026-01-02T00:00:00Z\nNonce",
            "Not Before is after Expiration Time",
        ),
        (
            "Nonce",
            "Expiration Time: 2027-01-01T00:00:00Z\nExpiration Time: 2026-01-02T00:00:00Z\nNonce",
            "Expiration Time is specified more than once",
        ),
        (
            "Nonce: 32891756",
            "Nonce: 1\nNonce: 2",
            "Nonce is specified more than once",
        ),
        ("Nonce", "Chain ID: mars\nNonce", "Chain ID is not valid"),
        (
            "Nonce",
            "Resources:\n- ***\nNonce",
            "Resource at position 0 has invalid URI",
        ),
        (
            "Nonce",
            "Resources:\n- https://a.example\n- b\nNonce",
            "Resource at position 1 has invalid URI",
        ),
        (
            "Nonce",
            "Resources:\nResources:\nNonce",
            "Resources is specified more than once",
        ),
        ("Nonce", "- https://a.example\nNonce", ""),
        ("I agree.", "I\u{0}agree.", "control characters"),
        ("I agree.", "I\u{1b}[2Kagree.", "control characters"),
        ("I agree.", "I\u{85}agree.", "control characters"),
    ];
    for (replaced, by, said) in table {
        for chain in [Chain::Solana, Chain::Ethereum] {
            let raw = with(chain, replaced, by);
            let refusal = refusal(chain, &raw);
            // An entry without a refusal is a line that both grammars let pass as an unknown key.
            let is_refused = !refusal.starts_with("accepted");
            assert_eq!(is_refused, !said.is_empty(), "{replaced:?} -> {by:?}: {refusal}");
            assert!(
                !is_refused || refusal.contains(said),
                "{replaced:?} -> {by:?}: {refusal}"
            );
        }
    }
    for raw in [
        "",
        "\n\n\n\n",
        "example.com wants you to sign in with your Solana account:",
    ] {
        assert_eq!(
            refusal(Chain::Solana, raw),
            "siws: message needs at least 6 lines"
        );
    }
    let foreign = with(Chain::Solana, "", "");
    assert!(refusal(Chain::Ethereum, &foreign).contains("first line does not end"));
    for address in [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
        "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        SOLANA,
    ] {
        let raw = with(Chain::Ethereum, ETHEREUM, address);
        assert_eq!(
            refusal(Chain::Ethereum, &raw),
            "siwe: wallet address is not a valid Ethereum address"
        );
    }
    for network in ["", "eip155:1", "-1", "1.0", "0x", &"9".repeat(40)] {
        let raw = with(Chain::Ethereum, "Chain ID: 1", &format!("Chain ID: {network}"));
        assert_eq!(refusal(Chain::Ethereum, &raw), "siwe: Chain ID is not valid");
    }
}

#[test]
fn lengths_are_bounded() {
    assert_eq!(Chain::check_length(&"x".repeat(63)), Err("message is too short"));
    assert_eq!(Chain::check_length(&"x".repeat(64)), Ok(()));
    assert_eq!(Chain::check_length(&"x".repeat(20_480)), Ok(()));
    assert_eq!(
        Chain::check_length(&"x".repeat(20_481)),
        Err("message must not exceed 20KB")
    );
    assert!(Chain::parse("bitcoin").is_none() && Chain::parse("Solana").is_none());
}

#[test]
fn addresses_have_a_checksum() {
    // The examples of EIP-55.
    for address in [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0xde709f2102306220921060314715629080e2fb77",
    ] {
        assert_eq!(checksummed(&address.to_lowercase()), address);
    }
}

#[test]
fn a_message_has_its_time() {
    let chain = Chain::Solana;
    let timed = "Not Before: 2026-01-01T00:01:00Z\nExpiration Time: 2026-01-01T00:05:00Z\nNonce";
    let bounded = chain.message(&with(chain, "Nonce", timed)).unwrap();
    let open = chain.message(&with(chain, "", "")).unwrap();
    let at = |seconds: i64| open.issued_at + TimeDelta::seconds(seconds);
    let ten = Duration::from_secs(600);
    let table = [
        (&open, 0, None),
        (&open, 600, None),
        (&open, -600, None),
        (&open, 601, Some("Solana message was issued too long ago")),
        (
            &open,
            -601,
            Some("Solana message was issued too far in the future"),
        ),
        (
            &bounded,
            59,
            Some("Signed Solana message becomes valid in the future"),
        ),
        (&bounded, 60, None),
        (&bounded, 300, None),
        (&bounded, 301, Some("Signed Solana message is expired")),
    ];
    for (message, seconds, said) in table {
        assert_eq!(
            message.check_time(at(seconds), ten).err().as_deref(),
            said,
            "{seconds}"
        );
    }
}

#[test]
fn an_ethereum_signature_is_judged() {
    use data_encoding::HEXLOWER;
    use k256::ecdsa::{Signature as Ecdsa, SigningKey};
    use sha3::{Digest, Keccak256};
    let key = SigningKey::from_slice(&[0x46; 32]).unwrap();
    // The address of this key, as other implementations derive it (EIP-155's example).
    let address = "0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f";
    let raw = with(Chain::Ethereum, ETHEREUM, address);
    let message = Chain::Ethereum.message(&raw).unwrap();
    let wrapped = format!("\x19Ethereum Signed Message:\n{}{raw}", raw.len());
    let (signature, recovery) = key.sign_prehash_recoverable(&Keccak256::digest(wrapped.as_bytes()));
    let text = format!(
        "{}{:02x}",
        HEXLOWER.encode(&signature.to_bytes()),
        27 + recovery.to_byte()
    );
    let judge = |text: &str| {
        let signature = Chain::Ethereum.signature(text).unwrap();
        signature.is_by_owner(&message, &raw)
    };
    assert!(judge(&text) && judge(&format!("0x{}", text.to_uppercase())));
    // Both spellings of v.
    let v = u8::from_str_radix(&text[128..], 16).unwrap();
    assert!(judge(&format!("{}{:02x}", &text[..128], v - 27)));
    for wrong in [v ^ 7, 2, 3, 29, 30, 35, 255] {
        assert!(!judge(&format!("{}{wrong:02x}", &text[..128])), "{wrong}");
    }
    assert!(!judge(&"0".repeat(130)) && !judge(&"f".repeat(130)));
    // The other spelling of the signature: n - s, and the other v.
    let (r, s) = signature.split_scalars();
    let other = Ecdsa::from_scalars(r.to_bytes(), (-*s).to_bytes()).unwrap();
    let other = format!("{}{:02x}", HEXLOWER.encode(&other.to_bytes()), 55 - v);
    assert!(!judge(&other));
    // Another text.
    let signature = Chain::Ethereum.signature(&text).unwrap();
    assert!(!signature.is_by_owner(&message, &raw.replace("I agree", "I disagree")));
    for bad in [
        "",
        "0x",
        &text[1..],
        &format!("{text}00"),
        &text.replace(|c: char| c.is_ascii_digit(), "g"),
    ] {
        assert!(Chain::Ethereum.signature(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_solana_signature_is_judged() {
    // RFC 8032, test 1: the signature over the empty text.
    let key = "FVen3X669xLzsi6N2V91DoiyzHzg1uAgqiT8jZ9nS96Z";
    let signature = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155\
        5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
    let signature = data_encoding::HEXLOWER.decode(signature.as_bytes()).unwrap();
    let url = data_encoding::BASE64URL_NOPAD.encode(&signature);
    let plain = data_encoding::BASE64.encode(&signature);
    let raw = with(Chain::Solana, SOLANA, key);
    let message = Chain::Solana.message(&raw).unwrap();
    for text in [&plain, &url] {
        let signature = Chain::Solana.signature(text).unwrap();
        assert!(signature.is_by_owner(&message, ""), "{text}");
    }
    let signature = Chain::Solana.signature(&plain).unwrap();
    assert!(!signature.is_by_owner(&message, &raw));
    let Signature::Ed25519(mut bytes) = signature else {
        unreachable!()
    };
    // s + L is the same number in another spelling.
    let order: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0_u16;
    for (byte, more) in bytes[32..].iter_mut().zip(order) {
        carry += u16::from(*byte) + u16::from(more);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    assert!(!Signature::Ed25519(bytes).is_by_owner(&message, ""));
    for bad in [
        "",
        &"A".repeat(85),
        &"A".repeat(87),
        &"!".repeat(86),
        &"=".repeat(88),
        &"A".repeat(88),
    ] {
        assert!(Chain::Solana.signature(bad).is_err(), "{bad}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_without_panic(raw in "(\\PC|\n){0,400}", lines in "((URI|Version|Issued At|Resources|- )?:? ?.{0,20}\n){0,12}") {
        for chain in [Chain::Solana, Chain::Ethereum] {
            let _ = chain.message(&raw);
            let _ = chain.message(&format!("{}{lines}", header(chain)));
            let _ = chain.signature(&raw);
        }
        let _ = base58::decode(&raw);
        let _ = checksummed(&raw);
    }
}
