//! What administrators say about a connection, and whether it makes sense.

use serde::Deserialize;
use url::Url;
use uuid::Uuid;

use crate::error::{AuthError, Result};
use crate::saml::assertion::Mapping;
use crate::saml::metadata::IdentityProvider;
use crate::saml::name_id;
use crate::sso_metadata;
use crate::state::State;

/// Longest domain (RFC 1035 §2.3.4).
const LONGEST_DOMAIN: usize = 255;
/// Most domains of a connection.
const MOST_DOMAINS: usize = 1000;
/// Longest of the other names.
const LONGEST_NAME: usize = 1024;

/// A body of POST and PUT. `None` = nothing is said about it.
#[derive(Deserialize)]
pub(in crate::routes::admin) struct Input {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    metadata_url: Option<String>,
    metadata_xml: Option<String>,
    pub(super) domains: Option<Vec<String>>,
    pub(super) attribute_mapping: Option<Mapping>,
    pub(super) name_id_format: Option<String>,
    pub(super) resource_id: Option<String>,
    pub(super) disabled: Option<bool>,
}

/// Metadata that was given or fetched.
pub(super) struct Metadata {
    pub(super) entity_id: String,
    pub(super) xml: String,
    pub(super) url: Option<String>,
}

impl Input {
    /// Checks what needs nobody else.
    pub(super) fn check(&self) -> Result<()> {
        let format = self.name_id_format.as_deref().unwrap_or_default();
        if !format.is_empty() && !name_id::ALL.contains(&format) {
            return Err(AuthError::validation(format!(
                "name_id_format must be unspecified or one of {}",
                name_id::ALL.join(", ")
            )));
        }
        if self
            .resource_id
            .as_ref()
            .is_some_and(|id| id.len() > LONGEST_NAME)
        {
            return Err(AuthError::validation("resource_id is too long"));
        }
        let domains = self.domains.as_deref().unwrap_or_default();
        let is_good = |domain: &String| !domain.trim().is_empty() && domain.len() <= LONGEST_DOMAIN;
        if domains.len() > MOST_DOMAINS || !domains.iter().all(is_good) {
            return Err(AuthError::validation(
                "domains must be at most 1000 names of 1 to 255 characters",
            ));
        }
        Ok(())
    }

    /// The metadata, fetched when its address was given; `None` when neither was.
    pub(super) async fn metadata(&self, state: &State) -> Result<Option<Metadata>> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let (xml, url) = match (given(&self.metadata_xml), given(&self.metadata_url)) {
            (Some(_), Some(_)) => {
                return Err(AuthError::validation(
                    "Only one of metadata_xml or metadata_url needs to be set",
                ));
            }
            (None, None) => return Ok(None),
            (Some(xml), None) => (xml, None),
            (None, Some(url)) => (sso_metadata::fetch(state, &https(&url)?).await?, Some(url)),
        };
        let parsed =
            IdentityProvider::parse(&xml).map_err(|error| AuthError::validation(error.to_string()))?;
        Ok(Some(Metadata {
            entity_id: parsed.entity_id,
            xml,
            url,
        }))
    }

    /// The domains with ids for those that are new.
    pub(super) fn named_domains(&self, state: &State) -> Vec<(Uuid, String)> {
        let domains = self.domains.iter().flatten();
        domains
            .map(|domain| (state.random.uuid(), domain.trim().to_owned()))
            .collect()
    }
}

/// Metadata brings the keys that everything is verified with: nobody on the way may have changed it.
fn https(text: &str) -> Result<Url> {
    let url = Url::parse(text).ok().filter(|_| text.len() <= LONGEST_NAME * 2);
    let url = url.ok_or_else(|| AuthError::validation("metadata_url is not a valid URL"))?;
    if url.scheme() != "https" {
        return Err(AuthError::validation("metadata_url is not a HTTPS URL"));
    }
    Ok(url)
}
