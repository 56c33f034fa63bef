//! Encrypted assertions (XML Encryption 1.1): the content's key by RSA-OAEP, the content by AES-GCM.
//!
//! AES-CBC has nothing to tell a changed message by, and decrypting changed messages answers questions about the plain text
//! (Jager and Somorovsky 2011). So it is taken only where the response around it was signed and verified first. RSA with
//! PKCS#1 v1.5 padding has the same illness and no such cure, and is refused.

use aes::cipher::{Block, BlockCipherDecrypt, BlockSizeUser, KeyInit};
use aes::{Aes128, Aes256};
use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, Algorithm, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
    OaepAlgorithm, OaepPrivateDecryptingKey, PrivateDecryptingKey,
};
use roxmltree::Node;
use zeroize::Zeroizing;

use super::der::{INTEGER, OCTET_STRING, SEQUENCE, rsa_encryption, tlv};
use super::signature::base64;
use super::xml::{at_most_one, attribute, is, one, text};
use super::{Result, SamlError, ns};

const XMLENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const XMLENC11: &str = "http://www.w3.org/2009/xmlenc11#";
/// An assertion may be encrypted for several recipients.
const MOST_KEYS: usize = 8;
const NONCE: usize = 12;
const BLOCK: usize = 16;

/// A key that assertions are encrypted for.
pub(super) struct DecryptionKey(OaepPrivateDecryptingKey);

impl DecryptionKey {
    /// From PKCS#1 DER.
    pub(super) fn of_pkcs1(der: &[u8]) -> Result<Self> {
        let version = tlv(INTEGER, &[&[0]]);
        let wrapped = Zeroizing::new(tlv(
            SEQUENCE,
            &[&version, &rsa_encryption(), &tlv(OCTET_STRING, &[der])],
        ));
        let unusable = |_| SamlError::Key("cannot decrypt");
        let key = PrivateDecryptingKey::from_pkcs8(&wrapped).map_err(|_| SamlError::Key("cannot decrypt"))?;
        OaepPrivateDecryptingKey::new(key).map(Self).map_err(unusable)
    }

    fn unwrap(&self, algorithm: &'static OaepAlgorithm, wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut out = Zeroizing::new(vec![0; self.0.min_output_size()]);
        let length = self.0.decrypt(algorithm, wrapped, &mut out, None).ok()?.len();
        out.truncate(length);
        Some(out)
    }
}

/// The assertion inside. `is_authentic` = the ciphertext was signed, so that nobody else chose it.
pub(super) fn decrypt(encrypted: Node<'_, '_>, keys: &[DecryptionKey], is_authentic: bool) -> Result<String> {
    if keys.is_empty() {
        return Err(SamlError::Unsupported(
            "encrypted assertions, unless auth.saml.allow_encrypted_assertions is set",
        ));
    }
    let data = one(encrypted, XMLENC, "EncryptedData")?;
    let cipher = Cipher::named(attribute(one(data, XMLENC, "EncryptionMethod")?, "Algorithm")?)?;
    if matches!(cipher, Cipher::Cbc(_)) && !is_authentic {
        return Err(SamlError::Unsupported("AES-CBC, unless the response is signed"));
    }
    let content = cipher_value(data)?;
    // One answer for whatever goes wrong from here on: which step failed is nobody's business.
    let unreadable = || SamlError::Malformed("cannot be decrypted");
    let candidates = encrypted
        .descendants()
        .filter(|node| is(*node, XMLENC, "EncryptedKey"))
        .take(MOST_KEYS);
    for candidate in candidates {
        let algorithm = oaep(one(candidate, XMLENC, "EncryptionMethod")?)?;
        let wrapped = cipher_value(candidate)?;
        for key in keys {
            let plain = key
                .unwrap(algorithm, &wrapped)
                .and_then(|key| cipher.decrypt(&key, &content));
            if let Some(plain) = plain {
                return String::from_utf8(plain).map_err(|_| unreadable());
            }
        }
    }
    Err(unreadable())
}

fn cipher_value(node: Node<'_, '_>) -> Result<Vec<u8>> {
    base64(text(one(
        one(node, XMLENC, "CipherData")?,
        XMLENC,
        "CipherValue",
    )?)?)
}

/// OAEP, as far as its hash and that of its mask are one.
fn oaep(method: Node<'_, '_>) -> Result<&'static OaepAlgorithm> {
    let name = attribute(method, "Algorithm")?;
    let digest = at_most_one(method, ns::SIGNATURE, "DigestMethod")?
        .map(|digest| attribute(digest, "Algorithm"))
        .transpose()?
        .unwrap_or("http://www.w3.org/2000/09/xmldsig#sha1");
    let mask = at_most_one(method, XMLENC11, "MGF")?
        .map(|mask| attribute(mask, "Algorithm"))
        .transpose()?
        .unwrap_or("http://www.w3.org/2009/xmlenc11#mgf1sha1");
    let is_known = name == "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
        || name == "http://www.w3.org/2009/xmlenc11#rsa-oaep";
    match (is_known, digest, mask.strip_prefix(XMLENC11)) {
        (true, "http://www.w3.org/2000/09/xmldsig#sha1", Some("mgf1sha1")) => Ok(&OAEP_SHA1_MGF1SHA1),
        (true, "http://www.w3.org/2001/04/xmlenc#sha256", Some("mgf1sha256")) => Ok(&OAEP_SHA256_MGF1SHA256),
        (true, "http://www.w3.org/2001/04/xmldsig-more#sha384", Some("mgf1sha384")) => {
            Ok(&OAEP_SHA384_MGF1SHA384)
        }
        (true, "http://www.w3.org/2001/04/xmlenc#sha512", Some("mgf1sha512")) => Ok(&OAEP_SHA512_MGF1SHA512),
        _ => Err(SamlError::Unsupported("this encryption of the key")),
    }
}

enum Cipher {
    Gcm(&'static Algorithm),
    /// Length of the key.
    Cbc(usize),
}

impl Cipher {
    fn named(name: &str) -> Result<Self> {
        match name {
            "http://www.w3.org/2009/xmlenc11#aes128-gcm" => Ok(Self::Gcm(&AES_128_GCM)),
            "http://www.w3.org/2009/xmlenc11#aes256-gcm" => Ok(Self::Gcm(&AES_256_GCM)),
            "http://www.w3.org/2001/04/xmlenc#aes128-cbc" => Ok(Self::Cbc(16)),
            "http://www.w3.org/2001/04/xmlenc#aes256-cbc" => Ok(Self::Cbc(32)),
            _ => Err(SamlError::Unsupported("this encryption of the content")),
        }
    }

    /// The content begins with the nonce or the initialisation vector.
    fn decrypt(&self, key: &[u8], content: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Gcm(algorithm) => {
                let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
                let (nonce, sealed) = content.split_at_checked(NONCE)?;
                let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
                let mut plain = sealed.to_vec();
                let length = key.open_in_place(nonce, Aad::empty(), &mut plain).ok()?.len();
                plain.truncate(length);
                Some(plain)
            }
            Self::Cbc(length) if key.len() != *length => None,
            Self::Cbc(16) => cbc::<Aes128>(key, content),
            Self::Cbc(_) => cbc::<Aes256>(key, content),
        }
    }
}

fn cbc<C: BlockCipherDecrypt + KeyInit + BlockSizeUser>(key: &[u8], content: &[u8]) -> Option<Vec<u8>> {
    let cipher = C::new_from_slice(key).ok()?;
    let (mut before, blocks) = content.split_at_checked(BLOCK)?;
    if blocks.is_empty() || blocks.len() % BLOCK != 0 {
        return None;
    }
    let mut plain = Vec::with_capacity(blocks.len());
    for sealed in blocks.chunks_exact(BLOCK) {
        let mut block = Block::<C>::try_from(sealed).ok()?;
        cipher.decrypt_block(&mut block);
        plain.extend(block.iter().zip(before).map(|(byte, before)| byte ^ before));
        before = sealed;
    }
    // XML Encryption 5.2: the last byte says how many were added.
    let padding = usize::from(*plain.last()?);
    if padding == 0 || padding > BLOCK {
        return None;
    }
    plain.truncate(plain.len() - padding);
    Some(plain)
}
