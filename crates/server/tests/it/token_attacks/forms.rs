//! Algorithms, signatures and encodings.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};

use super::{Target, made, signer, with_secret};

/// The order of P-256, in bytes.
const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

fn bytes(jwk: &Value, name: &str) -> Vec<u8> {
    BASE64URL_NOPAD
        .decode(jwk[name].as_str().unwrap().as_bytes())
        .unwrap()
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 128 => out.push(short),
        _ => {
            out.push(0x82);
            out.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
    }
    out.extend_from_slice(content);
    out
}

fn integer(number: &[u8]) -> Vec<u8> {
    let mut content = number.to_vec();
    if content[0] & 0x80 != 0 {
        content.insert(0, 0);
    }
    der(2, &content)
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

/// Public keys in every form in which an attacker may have them.
fn public_forms(target: &Target) -> Vec<(String, Vec<u8>)> {
    let mut point = vec![4];
    point.extend(bytes(&target.ec, "x"));
    point.extend(bytes(&target.ec, "y"));
    let ec_kind = [
        der(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]),
        der(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]),
    ]
    .concat();
    let rsa_kind = [
        der(6, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]),
        der(5, &[]),
    ]
    .concat();
    let rsa_key = der(
        0x30,
        &[
            integer(&bytes(&target.rsa, "n")),
            integer(&bytes(&target.rsa, "e")),
        ]
        .concat(),
    );
    let spki = |kind: &[u8], key: &[u8]| {
        let bits = der(3, &[&[0], key].concat());
        der(0x30, &[der(0x30, kind), bits].concat())
    };
    let mut forms = Vec::new();
    for (name, jwk, key, spki) in [
        ("EC", &target.ec, point.clone(), spki(&ec_kind, &point)),
        ("RSA", &target.rsa, rsa_key.clone(), spki(&rsa_kind, &rsa_key)),
    ] {
        let pem = pem("PUBLIC KEY", &spki);
        let public = signer({
            let mut jwk = jwk.clone();
            jwk["key_ops"] = json!(["sign"]);
            jwk
        })
        .jwks_json();
        let set: Value = serde_json::from_str(&public).unwrap();
        for (form, secret) in [
            ("PEM", pem.clone().into_bytes()),
            (
                "PEM without its last line break",
                pem.trim_end().as_bytes().to_vec(),
            ),
            ("DER", spki.clone()),
            ("bare key", key),
            ("base64 of DER", BASE64.encode(&spki).into_bytes()),
            ("JWK", set["keys"][0].to_string().into_bytes()),
            ("JWK set", public.as_bytes().to_vec()),
            ("kid", jwk["kid"].as_str().unwrap().as_bytes().to_vec()),
        ] {
            forms.push((format!("{name} {form}"), secret));
        }
    }
    forms.push((
        "RSA PKCS #1 PEM".to_owned(),
        pem("RSA PUBLIC KEY", &rsa_key).into_bytes(),
    ));
    forms
}

/// Algorithm confusion: which algorithm a key may be used for is decided by the key and never by the token.
#[tokio::test(flavor = "multi_thread")]
async fn the_key_decides_about_the_algorithm() {
    let target = Target::start().await;
    let claims = target.claims().to_string();
    let (ec, rsa) = (&target.ec["kid"], &target.rsa["kid"]);
    for alg in ["none", "None", "NONE", "nOnE", "", " none", "HS0", "null"] {
        for kid in [ec.clone(), Value::Null] {
            let header = json!({"alg": alg, "kid": kid, "typ": "JWT"}).to_string();
            let name = format!("alg {alg:?}, kid {kid}");
            target
                .refuses(&name, &made(&header, &claims, |_| Vec::new()))
                .await;
            target
                .refuses(&name, &made(&header, &claims, |_| vec![0; 64]))
                .await;
        }
    }
    for (form, secret) in public_forms(&target) {
        for kid in [ec, rsa, &Value::Null] {
            for (alg, length) in [("HS256", 32), ("HS384", 48), ("HS512", 64)] {
                let header = json!({"alg": alg, "kid": kid, "typ": "JWT"}).to_string();
                let token = made(&header, &claims, |message| {
                    let mut mac = with_secret(&secret)(message);
                    mac.resize(length, 0);
                    mac
                });
                target
                    .refuses(&format!("{alg} with {form}, kid {kid}"), &token)
                    .await;
            }
        }
    }
    // A key under another algorithm's name, and under the other key's.
    let right = target.signed(&target.claims());
    let signature = BASE64URL_NOPAD
        .decode(right.rsplit('.').next().unwrap().as_bytes())
        .unwrap();
    for (alg, kid) in [
        ("ES256", rsa),
        ("RS256", ec),
        ("PS256", rsa),
        ("ES384", ec),
        ("EdDSA", ec),
        ("ES256K", ec),
    ] {
        let header = json!({"alg": alg, "kid": kid, "typ": "JWT"}).to_string();
        let token = made(&header, &claims, |_| signature.clone());
        target.refuses(&format!("{alg} with kid {kid}"), &token).await;
    }
    target.backend.stop().await;
}

/// `order - s`: the other signature that an ECDSA key could have made.
fn other_half(s: &[u8]) -> Vec<u8> {
    let order = data_encoding::HEXLOWER.decode(ORDER.as_bytes()).unwrap();
    let mut borrow = 0_i16;
    let mut out = vec![0; 32];
    for index in (0..32).rev() {
        let difference = i16::from(order[index]) - i16::from(s[index]) - borrow;
        borrow = i16::from(difference < 0);
        out[index] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    out
}

/// A signature is 64 bytes of two numbers within the curve's order, and a token has three parts in base64url.
#[tokio::test(flavor = "multi_thread")]
async fn signatures_and_encodings_have_one_form() {
    let target = Target::start().await;
    let right = target.token();
    let (message, signature) = right.rsplit_once('.').unwrap();
    let raw = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    let (r, s) = raw.split_at(32);
    let order = data_encoding::HEXLOWER.decode(ORDER.as_bytes()).unwrap();
    let with = |signature: &[u8]| format!("{message}.{}", BASE64URL_NOPAD.encode(signature));
    let as_der = der(0x30, &[integer(r), integer(s)].concat());
    for (name, token) in [
        ("DER", with(&as_der)),
        ("zeros", with(&[0; 64])),
        ("r is zero", with(&[&[0; 32], s].concat())),
        ("s is zero", with(&[r, &[0; 32]].concat())),
        ("r is the order", with(&[&order[..], s].concat())),
        ("s is the order", with(&[r, &order[..]].concat())),
        ("both are the order", with(&[&order[..], &order[..]].concat())),
        ("all ones", with(&[0xff; 64])),
        ("too short", with(&raw[..63])),
        ("too long", with(&[&raw[..], &[0]].concat())),
        ("halves swapped", with(&[s, r].concat())),
        ("empty", format!("{message}.")),
        ("none", message.to_owned()),
        ("padded", format!("{right}==")),
        ("a fourth part", format!("{right}.e30")),
        ("a part before", format!("e30.{right}")),
        ("a line break", format!("{message}.{signature}%0a")),
        (
            "the header twice",
            format!("{}.{message}", message.split('.').next().unwrap()),
        ),
        ("dots alone", "..".to_owned()),
        ("five parts, as if encrypted", "a.b.c.d.e".to_owned()),
        ("base64 of another kind", right.replace(['-', '_'], "+")),
    ] {
        if token != right {
            target.refuses(name, &token).await;
        }
    }
    for length in [1, 10, message.len() / 2, message.len(), right.len() - 1] {
        target.refuses("cut off", &right[..length]).await;
    }
    // The twin of a signature is as good as the original, as in the standard. No defence may rest on the bytes of a token:
    // what is ended is the session, for both.
    let twin = with(&[r, &other_half(s)].concat());
    assert_eq!(target.user(&twin).await.status, 200);
    let out = target
        .backend
        .send(axum::http::Method::POST, "/auth/v1/logout", Some(&twin), None)
        .await;
    assert_eq!(out.status, 204);
    for token in [right, &twin] {
        let answer = target.user(token).await;
        assert_eq!(answer.json["error_code"], "session_not_found", "{}", answer.text);
    }
    target.backend.stop().await;
}
