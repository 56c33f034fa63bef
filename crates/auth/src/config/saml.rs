//! `[auth.saml]`: single sign-on by SAML 2.0 (auth.md 14, 21).

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

/// SAML, switched on.
#[derive(Debug, Clone)]
pub struct SamlConfig {
    /// Our RSA key: PKCS#1 DER in base64; checked when loaded.
    pub private_key: SecretString,
    /// The key that comes next, while keys are exchanged.
    pub private_key_next: Option<SecretString>,
    /// Base of our entity ID and of the address that responses go to; the service's own URL unless set.
    pub external_url: Url,
    /// How long a sign-in that began here may take.
    pub relay_state_validity_period: Duration,
    /// Whether identity providers may encrypt assertions for our key.
    pub allow_encrypted_assertions: bool,
    /// Responses per five minutes and address.
    pub rate_limit_assertion: u32,
}
