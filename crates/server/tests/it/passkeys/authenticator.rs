//! An authenticator in software: ES256, attestation "none", and every way of being wrong that a test wants.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use ferrobase_jwt::{Random, sha256};
use serde_json::{Value, json};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;

/// The authenticator, with the one credential that it has made.
pub(super) struct Authenticator {
    pub(super) origin: String,
    pub(super) rp_id: String,
    pub(super) verifies_user: bool,
    pub(super) counter: u32,
    pub(super) is_synced: bool,
    pub(super) aaguid: [u8; 16],
    pub(super) credential_id: Vec<u8>,
    pub(super) user_handle: String,
    key: EcdsaKeyPair,
}

impl Authenticator {
    pub(super) fn new() -> Self {
        Self {
            origin: "http://localhost:3000".to_owned(),
            rp_id: "localhost".to_owned(),
            verifies_user: true,
            counter: 0,
            is_synced: false,
            aaguid: [0; 16],
            credential_id: Random.bytes::<32>().to_vec(),
            user_handle: String::new(),
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
        }
    }

    /// `navigator.credentials.create`.
    pub(super) fn create(&mut self, options: &Value) -> Value {
        let handle = options["user"]["id"].as_str().unwrap();
        let handle = BASE64URL_NOPAD.decode(handle.as_bytes()).unwrap();
        self.user_handle = String::from_utf8(handle).unwrap();
        let mut data = self.data(ATTESTED);
        data.extend(self.aaguid);
        data.extend(u16::try_from(self.credential_id.len()).unwrap().to_be_bytes());
        data.extend(&self.credential_id);
        data.extend(self.cose_key());
        let mut object = vec![0xa3, 0x63];
        object.extend(b"fmt\x64none\x67attStmt\xa0\x68authData\x59");
        object.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        object.extend(data);
        self.answer(&json!({
            "clientDataJSON": encode(&self.client_data("webauthn.create", &options["challenge"])),
            "attestationObject": encode(&object),
            "transports": ["internal", "quantum"],
        }))
    }

    /// `navigator.credentials.get`.
    #[allow(
        clippy::disallowed_methods,
        reason = "an authenticator has its own randomness"
    )]
    pub(super) fn get(&mut self, options: &Value) -> Value {
        self.counter += u32::from(self.counter > 0);
        let data = self.data(0);
        let client_data = self.client_data("webauthn.get", &options["challenge"]);
        let mut signed = data.clone();
        signed.extend(sha256(&client_data));
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        self.answer(&json!({
            "clientDataJSON": encode(&client_data),
            "authenticatorData": encode(&data),
            "signature": encode(signature.as_ref()),
            "userHandle": encode(self.user_handle.as_bytes()),
        }))
    }

    fn data(&self, more_flags: u8) -> Vec<u8> {
        let mut flags = USER_PRESENT | more_flags;
        if self.verifies_user {
            flags |= USER_VERIFIED;
        }
        if self.is_synced {
            flags |= BACKUP_ELIGIBLE | BACKED_UP;
        }
        let mut data = sha256(self.rp_id.as_bytes()).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn client_data(&self, kind: &str, challenge: &Value) -> Vec<u8> {
        json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false })
            .to_string()
            .into_bytes()
    }

    /// kty EC2, alg ES256, crv P-256, x, y.
    fn cose_key(&self) -> Vec<u8> {
        let point = &self.key.public_key().as_ref()[1..];
        let mut key = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        key.extend(&point[..32]);
        key.extend([0x22, 0x58, 0x20]);
        key.extend(&point[32..]);
        key
    }

    fn answer(&self, response: &Value) -> Value {
        let id = encode(&self.credential_id);
        json!({
            "id": id, "rawId": id, "type": "public-key", "authenticatorAttachment": "platform",
            "clientExtensionResults": {}, "response": response,
        })
    }
}

pub(super) fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}
