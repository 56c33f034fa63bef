//! Connections to identity providers (auth.md section 14).

use serde::Serialize;
use uuid::Uuid;

use super::user::Time;
use crate::saml::assertion::Mapping;

/// A connection, in wire shape.
#[derive(Debug, Clone, Serialize)]
pub struct SsoProvider {
    /// Primary key; its users' identities have the provider `sso:<id>`.
    pub id: Uuid,
    /// The administrator's own name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    /// Nobody can sign in with it.
    pub disabled: Option<bool>,
    /// The identity provider.
    pub saml: SamlProvider,
    /// E-mail domains whose people sign in with it.
    pub domains: Vec<Domain>,
    /// Creation.
    pub created_at: Option<Time>,
    /// Last change.
    pub updated_at: Option<Time>,
}

/// The SAML side of a connection.
#[derive(Debug, Clone, Serialize)]
pub struct SamlProvider {
    /// Name of the identity provider.
    pub entity_id: String,
    /// Its metadata; empty where it was not asked for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub metadata_xml: String,
    /// Where the metadata comes from and is kept up to date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata_url: Option<String>,
    /// Which attributes become which claims.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute_mapping: Option<Mapping>,
    /// The format of names that we ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_id_format: Option<String>,
    /// When the metadata was last written.
    #[serde(skip)]
    pub updated_at: Time,
}

/// A domain of a connection.
#[derive(Debug, Clone, Serialize)]
pub struct Domain {
    /// The domain.
    pub domain: String,
    /// Creation.
    pub created_at: Option<Time>,
    /// Last change.
    pub updated_at: Option<Time>,
}

impl SsoProvider {
    /// The provider of its users' identities.
    pub fn identity_provider(&self) -> String {
        format!("sso:{}", self.id)
    }

    /// Whether nobody can sign in with it.
    pub fn is_disabled(&self) -> bool {
        self.disabled.unwrap_or(false)
    }
}
