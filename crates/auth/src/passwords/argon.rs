//! Argon2 hashes in PHC form, as imported users bring them: `$argon2id$v=19$m=65536,t=3,p=4$salt$hash`.

use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64_NOPAD;
use ferrobase_jwt::constant_time_eq;
use zeroize::Zeroizing;

/// Most memory that a hash may ask for, in KiB: 256 MiB.
const MOST_MEMORY: u32 = 256 * 1024;
/// Most passes and lanes; with the memory they bound the time.
const MOST_PASSES: u32 = 32;
const MOST_LANES: u32 = 64;
/// Bytes of the result.
const OUTPUT: std::ops::RangeInclusive<usize> = 4..=128;

/// A parsed hash.
pub(super) struct Hash {
    algorithm: Algorithm,
    params: Params,
    salt: Vec<u8>,
    expected: Vec<u8>,
}

impl Hash {
    /// Argon2i and argon2id of version 19; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut fields = text.strip_prefix('$')?.split('$');
        let algorithm = match fields.next()? {
            "argon2i" => Algorithm::Argon2i,
            "argon2id" => Algorithm::Argon2id,
            _ => return None,
        };
        if fields.next()? != "v=19" {
            return None;
        }
        let (mut memory, mut passes, mut lanes) = (None, None, None);
        for setting in fields.next()?.split(',') {
            let (name, value) = setting.split_once('=')?;
            match name {
                "m" => memory = value.parse().ok().filter(|m| *m <= MOST_MEMORY),
                "t" => passes = value.parse().ok().filter(|t| *t <= MOST_PASSES),
                "p" => lanes = value.parse().ok().filter(|p| *p <= MOST_LANES),
                _ => return None,
            }
        }
        let salt = base64(fields.next()?)?;
        let expected = base64(fields.next()?)?;
        if fields.next().is_some() || !OUTPUT.contains(&expected.len()) {
            return None;
        }
        let params = Params::new(memory?, passes?, lanes?, Some(expected.len())).ok()?;
        Some(Self {
            algorithm,
            params,
            salt,
            expected,
        })
    }

    pub(super) fn verify(&self, password: &str) -> bool {
        let mut output = Zeroizing::new(vec![0; self.expected.len()]);
        Argon2::new(self.algorithm, Version::V0x13, self.params.clone())
            .hash_password_into(password.as_bytes(), &self.salt, &mut output)
            .is_ok_and(|()| constant_time_eq(&output, &self.expected))
    }
}

fn base64(text: &str) -> Option<Vec<u8>> {
    BASE64_NOPAD.decode(text.trim_end_matches('=').as_bytes()).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn made(algorithm: Algorithm, name: &str) -> String {
        let mut output = [0; 32];
        let params = Params::new(64, 2, 1, Some(32)).unwrap();
        Argon2::new(algorithm, Version::V0x13, params)
            .hash_password_into(b"test", b"saltsalt", &mut output)
            .unwrap();
        format!(
            "${name}$v=19$m=64,t=2,p=1${}${}",
            BASE64_NOPAD.encode(b"saltsalt"),
            BASE64_NOPAD.encode(&output)
        )
    }

    #[test]
    fn both_algorithms_verify() {
        for (algorithm, name) in [(Algorithm::Argon2i, "argon2i"), (Algorithm::Argon2id, "argon2id")] {
            let hash = Hash::parse(&made(algorithm, name)).unwrap();
            assert!(hash.verify("test"));
            assert!(!hash.verify("Test"));
        }
        let other = made(Algorithm::Argon2i, "argon2id");
        assert!(!Hash::parse(&other).unwrap().verify("test"));
    }

    #[test]
    fn a_published_vector() {
        // From the reference implementation's test suite (test.c): argon2id, 256 KiB, 2 passes, 1 lane.
        let text = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        let hash = Hash::parse(text).unwrap();
        assert!(hash.verify("password"));
        assert!(!hash.verify("passwore"));
    }

    #[test]
    fn greedy_and_broken_hashes_are_refused() {
        let salt_and_hash = "c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        for start in [
            "$argon2d$v=19$m=256,t=2,p=1",
            "$argon2id$v=16$m=256,t=2,p=1",
            "$argon2id$v=19$m=4000000,t=2,p=1",
            "$argon2id$v=19$m=256,t=2000,p=1",
            "$argon2id$v=19$m=256,t=2",
            "$argon2id$v=19$m=256,t=2,p=1,keyid=x",
        ] {
            assert!(
                Hash::parse(&format!("{start}${salt_and_hash}")).is_none(),
                "{start}"
            );
        }
        assert!(Hash::parse("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ").is_none());
    }
}
