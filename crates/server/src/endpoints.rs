//! What a running backend offers.

use serde::{Deserialize, Serialize};

/// Addresses and keys; in the state file under the Supabase CLI's names.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// The API.
    #[serde(rename = "API_URL")]
    pub api_url: String,
    /// The database, for tools.
    #[serde(rename = "DB_URL")]
    pub db_url: String,
    /// The development inbox, if it is on.
    #[serde(rename = "MAILPIT_URL", skip_serializing_if = "Option::is_none")]
    pub inbox_url: Option<String>,
    /// Opaque key for clients.
    #[serde(rename = "PUBLISHABLE_KEY")]
    pub publishable_key: String,
    /// Opaque key for servers.
    #[serde(rename = "SECRET_KEY")]
    pub secret_key: String,
    /// JWT with the role `anon`.
    #[serde(rename = "ANON_KEY")]
    pub anon_key: String,
    /// JWT with the role `service_role`.
    #[serde(rename = "SERVICE_ROLE_KEY")]
    pub service_role_key: String,
    /// Secret of HS256 tokens.
    #[serde(rename = "JWT_SECRET")]
    pub jwt_secret: String,
    /// Access key of the S3 protocol.
    #[serde(rename = "S3_PROTOCOL_ACCESS_KEY_ID")]
    pub s3_access_key_id: String,
    /// Its secret.
    #[serde(rename = "S3_PROTOCOL_ACCESS_KEY_SECRET")]
    pub s3_secret_access_key: String,
    /// Region of the S3 protocol.
    #[serde(rename = "S3_PROTOCOL_REGION")]
    pub s3_region: String,
}

// The keys are secrets.
impl std::fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoints")
            .field("api_url", &self.api_url)
            .finish_non_exhaustive()
    }
}
