//! Metadata: what identity providers say about themselves, and what we say about us.

use chrono::TimeDelta;
use data_encoding::BASE64;
use roxmltree::Node;
use url::Url;

use super::certificate::VerifyingKey;
use super::provider::ServiceProvider;
use super::signature::base64;
use super::xml::{attribute, children, escape, is, parse, text};
use super::{Result, SamlError, dates, name_id, ns};
use crate::model::user::Time;

/// Longest metadata of a provider, in bytes.
pub const LONGEST: usize = 512 * 1024;
/// Longest entity ID (SAML core 8.3.6).
const LONGEST_ENTITY_ID: usize = 1024;
/// Keys of a provider beyond these are not tried.
const MOST_KEYS: usize = 16;
const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// An identity provider, as its metadata describes it.
#[derive(Debug, Clone)]
pub struct IdentityProvider {
    /// Its name.
    pub entity_id: String,
    /// Where the browser takes a request by redirect; a provider without it can only begin by itself.
    pub sso_url: Option<Url>,
    /// The keys that it signs with.
    pub keys: Vec<VerifyingKey>,
    /// When the metadata is outdated.
    pub valid_until: Option<Time>,
    /// How long a copy of it is good.
    pub cache_duration: Option<TimeDelta>,
}

/// Why metadata is refused: a text for the administrator who gave it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// No entity, or one without a name.
    #[error("SAML Metadata does not contain an EntityID")]
    NoEntityId,
    /// Not an identity provider.
    #[error("SAML Metadata does not contain any IDPSSODescriptor")]
    NoIdentityProvider,
    /// More than one.
    #[error("SAML Metadata contains multiple IDPSSODescriptors")]
    Several,
    /// Nothing that a response could be verified with.
    #[error("SAML Metadata does not contain a usable signing certificate")]
    NoKey,
    /// Its sign-in page is not on the web.
    #[error("SAML Metadata contains a SingleSignOnService whose Location is not a URL")]
    BadLocation,
    /// Not XML, too long and so on.
    #[error("SAML Metadata is not valid: {0}")]
    Invalid(#[from] SamlError),
}

impl IdentityProvider {
    /// Reads metadata: an entity, or a list with one identity provider. A signature on it is not looked at: what makes it
    /// the provider's is the administrator's word, or the certificate of the server that it came from.
    pub fn parse(xml: &str) -> Result<Self, MetadataError> {
        let document = parse(xml, LONGEST)?;
        let mut providers = document
            .root_element()
            .descendants()
            .filter(|node| is(*node, ns::METADATA, "IDPSSODescriptor"));
        let first = providers.next();
        let entity = match first {
            Some(provider) => provider.parent_element(),
            None => Some(document.root_element()),
        };
        let entity = entity.filter(|entity| is(*entity, ns::METADATA, "EntityDescriptor"));
        let entity_id = entity
            .and_then(|entity| entity.attribute("entityID"))
            .unwrap_or_default();
        if entity_id.is_empty() || entity_id.len() > LONGEST_ENTITY_ID {
            return Err(MetadataError::NoEntityId);
        }
        let (Some(entity), Some(provider)) = (entity, first) else {
            return Err(MetadataError::NoIdentityProvider);
        };
        if providers.next().is_some() {
            return Err(MetadataError::Several);
        }
        let keys = signing_keys(provider)?;
        if keys.is_empty() {
            return Err(MetadataError::NoKey);
        }
        let valid_until = entity
            .attribute("validUntil")
            .or_else(|| provider.attribute("validUntil"));
        let cache = entity
            .attribute("cacheDuration")
            .or_else(|| provider.attribute("cacheDuration"));
        Ok(Self {
            entity_id: entity_id.to_owned(),
            sso_url: sso_url(provider)?,
            keys,
            valid_until: valid_until.map(dates::time).transpose()?,
            cache_duration: cache.and_then(dates::duration),
        })
    }

    /// Whether a copy from `updated_at` should be fetched anew (auth.md 14).
    pub fn is_stale(&self, updated_at: Time, now: Time) -> bool {
        let is_outdated = self.valid_until.is_some_and(|until| now > until);
        let life = match (self.valid_until, self.cache_duration) {
            (_, Some(life)) => Some(life),
            (None, None) => Some(TimeDelta::hours(24)),
            (Some(_), None) => None,
        };
        is_outdated || life.is_some_and(|life| now > updated_at + life)
    }
}

/// Certificates for signing, or for whatever use. One that cannot be used is passed over: there may be a good one beside it.
fn signing_keys(provider: Node<'_, '_>) -> Result<Vec<VerifyingKey>> {
    let mut keys = Vec::new();
    for descriptor in children(provider, ns::METADATA, "KeyDescriptor") {
        if descriptor
            .attribute("use")
            .is_some_and(|purpose| purpose != "signing")
        {
            continue;
        }
        let certificates = descriptor
            .descendants()
            .filter(|node| is(*node, ns::SIGNATURE, "X509Certificate"));
        for certificate in certificates {
            match VerifyingKey::of_certificate(&base64(text(certificate)?)?) {
                Ok(key) => keys.push(key),
                Err(error) => tracing::warn!(%error, "a certificate in SAML metadata cannot be used"),
            }
        }
    }
    keys.truncate(MOST_KEYS);
    Ok(keys)
}

fn sso_url(provider: Node<'_, '_>) -> Result<Option<Url>, MetadataError> {
    let service = children(provider, ns::METADATA, "SingleSignOnService")
        .find(|service| service.attribute("Binding") == Some(REDIRECT));
    let Some(service) = service else { return Ok(None) };
    let url = Url::parse(attribute(service, "Location")?)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.map(Some).ok_or(MetadataError::BadLocation)
}

/// Our metadata. `valid_until` for a copy that is kept.
pub fn of(provider: &ServiceProvider, valid_until: Option<Time>) -> String {
    let entity_id = escape(provider.entity_id());
    let acs = escape(provider.acs_url());
    let until = valid_until.map_or_else(String::new, |until| {
        format!(" validUntil=\"{}\"", dates::format(until))
    });
    let uses: &[&str] = if provider.decryption_keys().is_empty() {
        &["signing"]
    } else {
        &["signing", "encryption"]
    };
    let descriptors = provider.certificates().flat_map(|certificate| {
        let certificate = BASE64.encode(certificate);
        uses.iter().map(move |purpose| {
            format!(
                "<md:KeyDescriptor use=\"{purpose}\"><ds:KeyInfo xmlns:ds=\"{}\"><ds:X509Data><ds:X509Certificate>{certificate}\
                 </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>",
                ns::SIGNATURE
            )
        })
    });
    let keys: String = descriptors.collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <md:EntityDescriptor xmlns:md=\"{}\" entityID=\"{entity_id}\"{until}>\
         <md:SPSSODescriptor protocolSupportEnumeration=\"{}\" WantAssertionsSigned=\"true\">{keys}\
         <md:NameIDFormat>{}</md:NameIDFormat><md:NameIDFormat>{}</md:NameIDFormat>\
         <md:AssertionConsumerService Binding=\"{POST}\" Location=\"{acs}\" index=\"1\" isDefault=\"true\"/>\
         </md:SPSSODescriptor></md:EntityDescriptor>",
        ns::METADATA,
        ns::PROTOCOL,
        name_id::EMAIL,
        name_id::PERSISTENT,
    )
}
