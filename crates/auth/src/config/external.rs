//! `[auth.external]`: providers that people sign in with (auth.md 12.5, 21).

use std::collections::BTreeMap;

use secrecy::SecretString;

/// External sign-in.
#[derive(Debug, Clone, Default)]
pub struct ExternalConfig {
    /// The enabled providers by name.
    pub providers: BTreeMap<String, ProviderConfig>,
    /// Where the browser goes when a flow remembers no target; the site URL when unset.
    pub redirect_url: Option<String>,
    /// Issuers without a provider of their own here whose ID tokens are accepted.
    pub id_token_issuers: Vec<String>,
    /// The clients of those issuers that are ours; empty = whatever client the caller names.
    pub id_token_client_ids: Vec<String>,
    /// A further audience of Apple's ID tokens: the app itself.
    pub ios_bundle_id: Option<String>,
}

/// One enabled provider.
#[derive(Debug, Clone)]
pub struct ProviderConfig {
    /// Our names at the provider: the first for redirects, all of them as audiences of ID tokens.
    pub client_ids: Vec<String>,
    /// Our secret there; empty when only ID tokens are used.
    pub secret: SecretString,
    /// Where the provider sends the browser back to.
    pub redirect_uri: String,
    /// Another host, realm or tenant than the provider's own.
    pub url: Option<String>,
    /// ID tokens are accepted whatever their nonce.
    pub skip_nonce_check: bool,
    /// People without an e-mail may sign in.
    pub email_optional: bool,
}
