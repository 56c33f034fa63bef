//! What an authenticator says of a new credential (WebAuthn Level 2, sections 6.5.1 and 6.5.4): its model, the
//! credential's name, and the public key, byte for byte.

use serde::Deserialize;
use serde_cbor_2::{Deserializer, Value};
use uuid::Uuid;

/// Flag of the authenticator data: a credential follows.
const ATTESTED: u8 = 0x40;

/// The attested credential data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    /// The authenticator's model; zero for one that does not tell.
    pub aaguid: Uuid,
    /// The credential's name.
    pub credential_id: Vec<u8>,
    /// The COSE key as the authenticator wrote it.
    pub public_key: Vec<u8>,
}

impl Attested {
    /// Reads an attestation object. Nothing is verified here.
    pub fn read(attestation_object: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Object {
            #[serde(rename = "authData")]
            auth_data: Value,
        }
        let object: Object = serde_cbor_2::from_slice(attestation_object).ok()?;
        let Value::Bytes(data) = object.auth_data else {
            return None;
        };
        // Hash of the relying party (32), flags, counter (4), then the model (16) and the credential's length (2).
        if data.get(32)? & ATTESTED == 0 {
            return None;
        }
        let aaguid = Uuid::from_slice(data.get(37..53)?).ok()?;
        let length = usize::from(u16::from_be_bytes(data.get(53..55)?.try_into().ok()?));
        let credential_id = data.get(55..55 + length)?.to_vec();
        let rest = data.get(55 + length..)?;
        // Extensions may follow the key: it ends where its first value does.
        let mut reader = Deserializer::from_slice(rest);
        Value::deserialize(&mut reader).ok()?;
        let public_key = rest.get(..reader.byte_offset())?.to_vec();
        Some(Self {
            aaguid,
            credential_id,
            public_key,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const KEY: [u8; 3] = [0xa1, 0x01, 0x02];

    fn object(flags: u8, id_length: u16, tail: &[u8]) -> Vec<u8> {
        let mut data = vec![7; 32];
        data.extend([flags, 0, 0, 0, 9]);
        data.extend([0xab; 16]);
        data.extend(id_length.to_be_bytes());
        data.extend([1, 2, 3, 4]);
        data.extend(tail);
        let map: BTreeMap<Value, Value> = [
            (Value::Text("fmt".to_owned()), Value::Text("none".to_owned())),
            (Value::Text("attStmt".to_owned()), Value::Map(BTreeMap::new())),
            (Value::Text("authData".to_owned()), Value::Bytes(data)),
        ]
        .into();
        serde_cbor_2::to_vec(&Value::Map(map)).unwrap()
    }

    #[test]
    fn the_key_ends_before_the_extensions() {
        let mut tail = KEY.to_vec();
        let extensions = [0xa1, 0x61, b'x', 0xf5];
        tail.extend(extensions);
        for tail in [&KEY[..], &tail] {
            let read = Attested::read(&object(0xc5, 4, tail)).unwrap();
            assert_eq!(read.public_key, KEY);
            assert_eq!(read.credential_id, [1, 2, 3, 4]);
            assert_eq!(read.aaguid, Uuid::from_bytes([0xab; 16]));
        }
    }

    #[test]
    fn what_is_no_attested_credential_is_none() {
        let bad = [
            object(0x05, 4, &KEY),
            object(0x45, 400, &KEY),
            object(0x45, 4, &[]),
            object(0x45, 4, &[0xa1, 0x01]),
            Vec::new(),
            vec![0xa0],
            vec![0x9f; 4096],
            b"authData".to_vec(),
        ];
        for bytes in bad {
            assert_eq!(Attested::read(&bytes), None, "{bytes:02x?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(flags: u8, length: u16, tail: Vec<u8>, raw: Vec<u8>) {
            let _ = Attested::read(&object(flags, length, &tail));
            let _ = Attested::read(&raw);
        }
    }
}
