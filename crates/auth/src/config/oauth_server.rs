//! Settings of the OAuth 2.1 server (auth.md section 16).

use std::time::Duration;

use crate::model::scopes::Scopes;

/// The OAuth 2.1 server (`auth.oauth_server`).
#[derive(Debug, Clone)]
pub struct OAuthServerConfig {
    /// Whether it is on.
    pub enabled: bool,
    /// Path of the project's consent page below the site URL, with its leading slash.
    pub authorization_path: String,
    /// Whether clients may register themselves (RFC 7591).
    pub allow_dynamic_registration: bool,
    /// Time from the client's request to the exchange of its code (ours in the file: `authorization_ttl`).
    pub authorization_ttl: Duration,
    /// What a client gets that asks for nothing (ours in the file: `default_scope`).
    pub default_scope: Scopes,
}
