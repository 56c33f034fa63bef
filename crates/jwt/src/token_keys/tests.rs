#![allow(clippy::unwrap_used)]

use std::time::Duration;

use chrono::DateTime;

use super::*;

const SECRET: &str = "a secret of at least thirty-two characters";

fn clock() -> Clock {
    Clock::fixed(DateTime::from_timestamp(1_800_000_000, 0).unwrap())
}

fn keys(jwks: Vec<Value>, sign_with_secret: bool, clock: &Clock) -> TokenKeys {
    TokenKeys::new(
        &KeySet {
            secret: SECRET.into(),
            jwks,
            sign_with_secret,
        },
        clock.clone(),
    )
    .unwrap()
}

fn claims() -> Value {
    json!({ "sub": "u", "role": "authenticated", "exp": 1_800_000_060, "aud": "authenticated" })
}

#[test]
fn signs_and_verifies_with_each_kind_of_key() {
    let clock = clock();
    let ed = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "e", "key_ops": ["sign"],
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    let oct = json!({ "kty": "oct", "kid": "o", "key_ops": ["sign"], "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA" });
    for (jwk, algorithm) in [
        (crate::generate_key(crate::KeyAlgorithm::Es256).unwrap(), "ES256"),
        (ed, "EdDSA"),
        (oct, "HS256"),
    ] {
        let keys = keys(vec![jwk], false, &clock);
        let token = keys.sign(&claims()).unwrap();
        let header = decode_header(&token).unwrap();
        assert_eq!(
            format!("{:?}", header.alg).to_uppercase(),
            algorithm.to_uppercase()
        );
        assert!(header.kid.is_some());
        assert_eq!(keys.verify(&token).unwrap().sub(), Some("u"));
        assert_eq!(keys.verify(&token).unwrap().role(), Some("authenticated"));
        assert_eq!(keys.jwks_json().contains("\"kid\""), algorithm != "HS256");
        assert!(!keys.jwks_json().contains("\"d\""));
    }
}

#[test]
fn the_secret_is_always_accepted() {
    let clock = clock();
    let keys = keys(
        vec![crate::generate_key(crate::KeyAlgorithm::Es256).unwrap()],
        false,
        &clock,
    );
    let token = keys.sign_hs256(&claims()).unwrap();
    assert!(keys.verify(&token).is_ok());
}

#[test]
fn times_are_checked_on_every_use() {
    let clock = clock();
    let keys = keys(vec![], true, &clock);
    let token = keys.sign(&claims()).unwrap();
    assert!(keys.verify(&token).is_ok());
    clock.advance(Duration::from_secs(60));
    assert_eq!(keys.verify(&token), Err(JwtError::Expired));
    let early = keys.sign(&json!({ "sub": "u", "nbf": 1_800_000_999 })).unwrap();
    assert_eq!(keys.verify(&early), Err(JwtError::NotYetValid));
}

#[test]
fn forgeries_are_refused() {
    let clock = clock();
    let ours = crate::generate_key(crate::KeyAlgorithm::Es256).unwrap();
    let keys = keys(vec![ours.clone()], false, &clock);
    let token = keys.sign(&claims()).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let encode = |value: Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());

    let none = format!("{}.{}.", encode(json!({ "alg": "none", "typ": "JWT" })), parts[1]);
    assert_eq!(keys.verify(&none), Err(JwtError::Malformed));
    let altered = format!(
        "{}.{}.{}",
        parts[0],
        encode(json!({ "sub": "x", "exp": 1_900_000_000 })),
        parts[2]
    );
    assert_eq!(keys.verify(&altered), Err(JwtError::Signature));
    // The public key used as an HMAC secret under the known kid.
    let confused = encode(json!({ "alg": "HS256", "kid": ours["kid"], "typ": "JWT" }));
    assert_eq!(
        keys.verify(&format!("{confused}.{}.{}", parts[1], parts[2])),
        Err(JwtError::UnknownKey)
    );
    let stranger = TokenKeys::new(
        &KeySet {
            secret: "x".into(),
            jwks: vec![crate::generate_key(crate::KeyAlgorithm::Es256).unwrap()],
            sign_with_secret: false,
        },
        clock,
    )
    .unwrap();
    assert_eq!(
        keys.verify(&stranger.sign(&claims()).unwrap()),
        Err(JwtError::UnknownKey)
    );
    assert_eq!(
        keys.verify(&stranger.sign_hs256(&claims()).unwrap()),
        Err(JwtError::Signature)
    );
    assert_eq!(
        keys.verify(&"a".repeat(LONGEST_TOKEN + 1)),
        Err(JwtError::Malformed)
    );
    assert_eq!(keys.verify("a.b"), Err(JwtError::Malformed));
}

#[test]
fn exactly_one_key_signs() {
    let two = vec![
        crate::generate_key(crate::KeyAlgorithm::Es256).unwrap(),
        crate::generate_key(crate::KeyAlgorithm::Es256).unwrap(),
    ];
    let set = KeySet {
        secret: SECRET.into(),
        jwks: two,
        sign_with_secret: false,
    };
    assert!(matches!(TokenKeys::new(&set, clock()), Err(KeyError::Signers(2))));
}

#[test]
fn times_that_are_no_numbers_are_no_times() {
    let keys = keys(Vec::new(), true, &clock());
    let verdict = |name: &str, value: Value| keys.verify(&keys.sign(&json!({ name: value })).unwrap());
    for name in ["exp", "nbf", "iat"] {
        for value in [
            json!("1900000000"),
            json!(true),
            json!([1_900_000_000]),
            json!({"a": 1}),
        ] {
            assert_eq!(
                verdict(name, value.clone()),
                Err(JwtError::Malformed),
                "{name} {value}"
            );
        }
        assert!(verdict(name, Value::Null).is_ok(), "{name}");
    }
    assert_eq!(verdict("exp", json!(-1)), Err(JwtError::Expired));
    assert_eq!(verdict("exp", json!(1.5e9)), Err(JwtError::Expired));
    assert_eq!(verdict("exp", json!(-1e300)), Err(JwtError::Expired));
    assert!(verdict("exp", json!(1e300)).is_ok());
    assert_eq!(verdict("nbf", json!(1e300)), Err(JwtError::NotYetValid));
}
