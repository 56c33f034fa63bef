//! Encrypted assertions.
#![allow(clippy::unwrap_used)]

use aes::cipher::{Block, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes256};
use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPublicEncryptingKey,
    Pkcs1PublicEncryptingKey, PublicEncryptingKey,
};
use data_encoding::BASE64;

use super::signer::{IDP, KEY, Message, OUR_KEY, REQUEST, Signer, config, metadata, now, read};
use crate::saml::SamlError;
use crate::saml::certificate;
use crate::saml::metadata::IdentityProvider;
use crate::saml::provider::ServiceProvider;
use crate::saml::response::Expected;

const XMLENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const XMLENC11: &str = "http://www.w3.org/2009/xmlenc11#";

/// How something is encrypted.
#[derive(Clone, Copy)]
struct Sealer {
    content: &'static str,
    key_method: &'static str,
    oaep: Option<&'static OaepAlgorithm>,
}

const GCM: Sealer = Sealer {
    content: "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    key_method: "",
    oaep: Some(&OAEP_SHA1_MGF1SHA1),
};

fn our_public_key() -> PublicEncryptingKey {
    // An X.509 SubjectPublicKeyInfo, out of our certificate.
    use x509_parser::prelude::{FromDer, X509Certificate};
    let certificate = certificate::of_own(&OUR_KEY.signing, "x").unwrap();
    let (_, parsed) = X509Certificate::from_der(&certificate).unwrap();
    PublicEncryptingKey::from_der(parsed.tbs_certificate.subject_pki.raw).unwrap()
}

fn cbc<C: BlockCipherEncrypt + KeyInit>(key: &[u8], text: &[u8]) -> Vec<u8> {
    let cipher = C::new_from_slice(key).unwrap();
    let mut plain = text.to_vec();
    let padding = 16 - plain.len() % 16;
    // Any bytes, but for the last one.
    plain.extend(std::iter::repeat_n(7, padding - 1));
    plain.push(u8::try_from(padding).unwrap());
    let mut out = vec![9; 16];
    for block in plain.chunks_exact(16) {
        let before = out[out.len() - 16..].to_vec();
        let mixed: Vec<u8> = block.iter().zip(before).map(|(a, b)| a ^ b).collect();
        let mut block = Block::<C>::try_from(mixed.as_slice()).unwrap();
        cipher.encrypt_block(&mut block);
        out.extend_from_slice(&block);
    }
    out
}

impl Sealer {
    fn content(&self, text: &str) -> (Vec<u8>, Vec<u8>) {
        let length = if self.content.contains("128") { 16 } else { 32 };
        let key = vec![3; length];
        let sealed = match (self.content.ends_with("gcm"), length) {
            (true, _) => {
                let algorithm = if length == 16 { &AES_128_GCM } else { &AES_256_GCM };
                let gcm = LessSafeKey::new(UnboundKey::new(algorithm, &key).unwrap());
                let mut sealed = text.as_bytes().to_vec();
                let nonce = Nonce::assume_unique_for_key([5; 12]);
                gcm.seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed)
                    .unwrap();
                [vec![5; 12], sealed].concat()
            }
            (false, 16) => cbc::<Aes128>(&key, text.as_bytes()),
            (false, _) => cbc::<Aes256>(&key, text.as_bytes()),
        };
        (key, sealed)
    }

    fn wrap(&self, key: &[u8]) -> Vec<u8> {
        let mut out = vec![0; 256];
        match self.oaep {
            Some(algorithm) => {
                let public = OaepPublicEncryptingKey::new(our_public_key()).unwrap();
                public.encrypt(algorithm, key, &mut out, None).unwrap();
            }
            None => {
                let public = Pkcs1PublicEncryptingKey::new(our_public_key()).unwrap();
                public.encrypt(key, &mut out).unwrap();
            }
        }
        out
    }

    fn seal(&self, assertion: &str) -> String {
        let (key, sealed) = self.content(assertion);
        let method = if self.key_method.is_empty() {
            "<xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\"></xenc:EncryptionMethod>"
        } else {
            self.key_method
        };
        format!(
            "<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><xenc:EncryptedData xmlns:xenc=\"{XMLENC}\">\
             <xenc:EncryptionMethod Algorithm=\"{}\"></xenc:EncryptionMethod><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
             <xenc:EncryptedKey>{method}<xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>\
             </ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>\
             </saml:EncryptedAssertion>",
            self.content,
            BASE64.encode(&self.wrap(&key)),
            BASE64.encode(&sealed),
        )
    }
}

/// With a signed assertion inside, not signed outside.
fn signed_inside(sealer: &Sealer) -> String {
    let message = Message::default();
    message.response(&sealer.seal(&Signer::default().sign(&message.assertion(), &message.id)))
}

/// With an assertion inside that nobody signed, signed outside.
fn signed_outside(sealer: &Sealer) -> String {
    let message = Message::default();
    Signer::default().sign(
        &message.response(&sealer.seal(&message.assertion())),
        &message.response_id,
    )
}

#[test]
fn encrypted_assertions_are_read() {
    for content in [
        "http://www.w3.org/2009/xmlenc11#aes128-gcm",
        "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    ] {
        let sealer = Sealer { content, ..GCM };
        for xml in [signed_inside(&sealer), signed_outside(&sealer)] {
            assert_eq!(read(&xml).unwrap().subject().unwrap(), "ada", "{content}");
        }
    }
    let modern = format!(
        "<xenc:EncryptionMethod Algorithm=\"{XMLENC11}rsa-oaep\"><ds:DigestMethod \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Algorithm=\"{XMLENC}sha256\"></ds:DigestMethod><xenc11:MGF xmlns:xenc11=\"{XMLENC11}\" \
         Algorithm=\"{XMLENC11}mgf1sha256\"></xenc11:MGF></xenc:EncryptionMethod>"
    );
    let sealer = Sealer {
        key_method: modern.leak(),
        oaep: Some(&OAEP_SHA256_MGF1SHA256),
        ..GCM
    };
    assert_eq!(read(&signed_inside(&sealer)).unwrap().subject().unwrap(), "ada");
}

#[test]
fn unauthenticated_encryption_needs_a_signature_around_it() {
    for content in [
        "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
        "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
    ] {
        let sealer = Sealer { content, ..GCM };
        assert_eq!(
            read(&signed_outside(&sealer)).unwrap().subject().unwrap(),
            "ada",
            "{content}"
        );
        assert_eq!(
            read(&signed_inside(&sealer)).unwrap_err(),
            SamlError::Unsupported("AES-CBC, unless the response is signed")
        );
    }
}

#[test]
fn encryption_is_no_signature() {
    // Everybody has our public key.
    let message = Message::default();
    let xml = message.response(&GCM.seal(&message.assertion()));
    assert_eq!(read(&xml).unwrap_err(), SamlError::Unsigned);
    // What is signed outside must not be undone by a bad signature inside.
    let inside = Signer {
        key: &super::signer::STRANGE_KEY,
        ..Signer::default()
    };
    let sealed = GCM.seal(&inside.sign(&message.assertion(), &message.id));
    let xml = Signer::default().sign(&message.response(&sealed), &message.response_id);
    assert_eq!(
        read(&xml).unwrap_err(),
        SamlError::Signature("by none of the provider's keys")
    );
}

#[test]
fn what_cannot_be_decrypted_says_no_more() {
    let unreadable = SamlError::Malformed("cannot be decrypted");
    let good = signed_inside(&GCM);
    // The first value is the key's, the last one the content's.
    for at in [
        good.find("CipherValue>").unwrap(),
        good.rfind("<xenc:CipherValue>").unwrap() + 6,
    ] {
        let at = at + "CipherValue>".len() + 20;
        let other = if good.as_bytes()[at] == b'A' { "B" } else { "A" };
        let broken = format!("{}{other}{}", &good[..at], &good[at + 1..]);
        assert_eq!(read(&broken).unwrap_err(), unreadable);
    }
    let message = Message::default();
    let nothing = Signer::default().sign(&message.response(&GCM.seal("nothing")), &message.response_id);
    assert!(read(&nothing).is_err());
}

#[test]
fn old_padding_and_unknown_ciphers_are_refused() {
    let pkcs1 = Sealer {
        key_method: "<xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-1_5\"></xenc:EncryptionMethod>",
        oaep: None,
        ..GCM
    };
    assert_eq!(
        read(&signed_outside(&pkcs1)).unwrap_err(),
        SamlError::Unsupported("this encryption of the key")
    );
    let triple = signed_inside(&GCM).replace(GCM.content, "http://www.w3.org/2001/04/xmlenc#tripledes-cbc");
    assert_eq!(
        read(&triple).unwrap_err(),
        SamlError::Unsupported("this encryption of the content")
    );
}

#[test]
fn they_are_refused_unless_allowed() {
    let provider = IdentityProvider::parse(&metadata(IDP, &KEY)).unwrap();
    let expected = Expected {
        us: &ServiceProvider::new(&config(false)).unwrap(),
        provider: &provider,
        request_id: Some(REQUEST),
        now: now(),
    };
    let error = expected.read(&signed_inside(&GCM)).unwrap_err();
    assert!(matches!(error, SamlError::Unsupported(text) if text.starts_with("encrypted assertions")));
}
