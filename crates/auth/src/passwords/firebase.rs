//! Hashes of users that come from Firebase: `$fbscrypt$v=1,n=14,r=8,p=1,ss=<separator>,sk=<signer key>$salt$hash`, all base64.
//!
//! The password and the salt with its separator give a key by scrypt; the hash is the project's signer key encrypted with it
//! (AES-256 in counter mode from zero).

use aes::Aes256;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use data_encoding::BASE64;
use ferrobase_jwt::constant_time_eq;
use zeroize::Zeroizing;

/// Most memory that a hash may ask for, in bytes.
const MOST_MEMORY: u64 = 256 << 20;
/// Most repetitions.
const MOST_PASSES: u32 = 16;

/// A parsed hash.
pub(super) struct Hash {
    params: scrypt::Params,
    salt: Vec<u8>,
    signer_key: Vec<u8>,
    expected: Vec<u8>,
}

impl Hash {
    /// `None` when the text is no such hash or asks for too much work.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut fields = text.strip_prefix("$fbscrypt$")?.split('$');
        let (mut version, mut log_n, mut r, mut p) = (None, None, None, None);
        let (mut separator, mut signer_key) = (Vec::new(), None);
        for setting in fields.next()?.split(',') {
            let (name, value) = setting.split_once('=')?;
            match name {
                "v" => version = value.parse::<u32>().ok(),
                "n" => log_n = value.parse::<u8>().ok(),
                "r" => r = value.parse::<u32>().ok(),
                "p" => p = value.parse::<u32>().ok().filter(|p| *p <= MOST_PASSES),
                "ss" => separator = base64(value)?,
                "sk" => signer_key = Some(base64(value)?),
                _ => return None,
            }
        }
        let mut salt = base64(fields.next()?)?;
        let expected = base64(fields.next()?)?;
        let signer_key = signer_key.filter(|key| !key.is_empty() && key.len() == expected.len())?;
        if version != Some(1) || fields.next().is_some() {
            return None;
        }
        let (log_n, r) = (log_n.filter(|n| (1..32).contains(n))?, r?);
        if (128 * u64::from(r)) << log_n > MOST_MEMORY {
            return None;
        }
        salt.append(&mut separator);
        let params = scrypt::Params::new(log_n, r, p?).ok()?;
        Some(Self {
            params,
            salt,
            signer_key,
            expected,
        })
    }

    pub(super) fn verify(&self, password: &str) -> bool {
        let mut key = Zeroizing::new([0; 32]);
        if scrypt::scrypt(password.as_bytes(), &self.salt, &self.params, key.as_mut_slice()).is_err() {
            return false;
        }
        let mut encrypted = self.signer_key.clone();
        let mut cipher = Ctr128BE::<Aes256>::new(&(*key).into(), &[0; 16].into());
        cipher.apply_keystream(&mut encrypted);
        constant_time_eq(&encrypted, &self.expected)
    }
}

fn base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.as_bytes()).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The example of Firebase's own documentation of the scheme.
    const HASH: &str = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";

    #[test]
    fn the_published_example() {
        let hash = Hash::parse(HASH).unwrap();
        assert!(hash.verify("user1password"));
        assert!(!hash.verify("user2password"));
    }

    #[test]
    fn greedy_and_broken_hashes_are_refused() {
        for (from, to) in [
            ("v=1", "v=2"),
            ("n=14", "n=30"),
            ("n=14", "n=0"),
            ("p=1", "p=99"),
            ("r=8", "r=8,x=1"),
            ("42xEC", "42xE"),
            (",sk=", ",s="),
        ] {
            assert!(Hash::parse(&HASH.replacen(from, to, 1)).is_none(), "{to}");
        }
    }
}
