//! Keys, tokens and project API keys, and the clock and randomness that they need.
//!
//! [`TokenKeys`] signs and verifies user tokens (auth.md 1.1, 5.2). [`ProjectKeys`] are the secrets of a project, made
//! at its first start. [`Clock`] and [`Random`] are passed to everything that needs time or chance, so that tests
//! decide both.

mod api_key;
mod claims;
mod clock;
mod digest;
mod generate;
mod jwk;
mod key_file;
mod key_ring;
mod project_keys;
mod random;
mod signer;
mod token_keys;
mod verified;
mod verifier;

pub use api_key::KeyRole;
pub use claims::Claims;
pub use clock::Clock;
pub use digest::{Sha256, constant_time_eq, hmac_sha256, sha256};
pub use generate::{KeyAlgorithm, generate_key};
pub use key_ring::{KeyRing, KeyStatus, RingError, RingKey, add_to_file};
pub use project_keys::{GivenKeys, ProjectKeys};
pub use random::Random;
pub use token_keys::{JwtError, KeyError, KeySet, TokenKeys};
pub use verifier::{Rejection, Verifier};
