//! Clients of our OAuth server, and what may be said of one (auth.md section 16; RFC 7591).

use data_encoding::BASE64URL_NOPAD;
use ferrobase_jwt::{constant_time_eq, sha256};
use serde::Deserialize;
use uuid::Uuid;

use super::user::Time;
use crate::error::{AuthError, Result};

mod redirect_uri;

/// Most redirect addresses of one client.
const MOST_REDIRECT_URIS: usize = 10;
/// Longest name, in characters.
const LONGEST_NAME: usize = 1024;
/// Longest address, in characters.
const LONGEST_URI: usize = 2048;

/// Whether a client can keep a secret (RFC 6749 §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientType {
    /// Runs where its user can look into it.
    Public,
    /// Runs on a server.
    Confidential,
}

impl ClientType {
    /// As it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Confidential => "confidential",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Public, Self::Confidential]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// How a client proves at the token endpoint who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMethod {
    /// It cannot.
    None,
    /// Secret in `Authorization: Basic`.
    Basic,
    /// Secret in the body.
    Post,
}

impl AuthMethod {
    /// As it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::None, Self::Basic, Self::Post]
            .into_iter()
            .find(|method| method.as_str() == text)
    }

    /// The kind of client that uses it.
    pub const fn client_type(self) -> ClientType {
        match self {
            Self::None => ClientType::Public,
            Self::Basic | Self::Post => ClientType::Confidential,
        }
    }
}

/// What a client may exchange at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantType {
    /// A code.
    AuthorizationCode,
    /// A refresh token.
    RefreshToken,
}

impl GrantType {
    /// As it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::AuthorizationCode, Self::RefreshToken]
            .into_iter()
            .find(|grant| grant.as_str() == text)
    }
}

/// A row of `auth.oauth_clients`.
#[derive(Debug, Clone)]
pub struct OAuthClient {
    /// `client_id`.
    pub id: Uuid,
    /// Hash of the secret; public clients have none.
    pub secret_hash: Option<String>,
    /// `manual` or `dynamic`.
    pub registration_type: String,
    /// Where its users may be sent back to, compared letter by letter.
    pub redirect_uris: Vec<String>,
    /// What it may exchange.
    pub grant_types: Vec<GrantType>,
    /// Name for people.
    pub name: Option<String>,
    /// Home page.
    pub uri: Option<String>,
    /// Picture.
    pub logo_uri: Option<String>,
    /// Whether it keeps secrets.
    pub client_type: ClientType,
    /// How it authenticates.
    pub auth_method: AuthMethod,
    /// Registration.
    pub created_at: Time,
    /// Last change.
    pub updated_at: Time,
}

impl OAuthClient {
    /// Whether `secret` is this client's.
    pub fn has_secret(&self, secret: &str) -> bool {
        self.secret_hash
            .as_deref()
            .is_some_and(|hash| constant_time_eq(hash_secret(secret).as_bytes(), hash.as_bytes()))
    }

    /// Whether it may exchange this.
    pub fn may(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }
}

/// A secret as it is stored. Secrets are 32 random bytes: a fast hash is enough.
pub fn hash_secret(secret: &str) -> String {
    BASE64URL_NOPAD.encode(&sha256(secret.as_bytes()))
}

/// What is said of a client when it is registered. Fields that are not here, `response_types` among them, mean nothing.
#[derive(Debug, Default, Deserialize)]
pub struct Registration {
    redirect_uris: Option<Vec<String>>,
    client_type: Option<String>,
    token_endpoint_auth_method: Option<String>,
    grant_types: Option<Vec<String>>,
    client_name: Option<String>,
    client_uri: Option<String>,
    logo_uri: Option<String>,
}

impl Registration {
    /// The client that it describes. Fails on what a client may not be.
    pub fn check(self, id: Uuid, registration_type: &str, now: Time) -> Result<OAuthClient> {
        let redirect_uris = self.redirect_uris.unwrap_or_default();
        if redirect_uris.is_empty() {
            return Err(AuthError::validation("redirect_uris is required"));
        }
        check_redirect_uris(&redirect_uris)?;
        let grant_types = match self.grant_types.filter(|grants| !grants.is_empty()) {
            Some(names) => grant_types(&names)?,
            None => vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        };
        check_name(self.client_name.as_deref())?;
        check_uri("client_uri", self.client_uri.as_deref())?;
        check_uri("logo_uri", self.logo_uri.as_deref())?;
        let (client_type, auth_method) = kind(
            self.client_type.as_deref().unwrap_or_default(),
            self.token_endpoint_auth_method.as_deref().unwrap_or_default(),
        )?;
        Ok(OAuthClient {
            id,
            secret_hash: None,
            registration_type: registration_type.to_owned(),
            redirect_uris,
            grant_types,
            name: given(self.client_name),
            uri: given(self.client_uri),
            logo_uri: given(self.logo_uri),
            client_type,
            auth_method,
            created_at: now,
            updated_at: now,
        })
    }
}

/// What changes about a client; fields that are absent stay.
#[derive(Debug, Default, Deserialize)]
pub struct Changes {
    redirect_uris: Option<Vec<String>>,
    grant_types: Option<Vec<String>>,
    client_name: Option<String>,
    client_uri: Option<String>,
    logo_uri: Option<String>,
    token_endpoint_auth_method: Option<String>,
}

impl Changes {
    /// Makes the changes. Fails when there are none, or on what a client may not be.
    pub fn apply(self, client: &mut OAuthClient) -> Result<()> {
        let mut changed = false;
        if let Some(uris) = self.redirect_uris {
            if uris.is_empty() {
                return Err(AuthError::validation("redirect_uris cannot be empty"));
            }
            check_redirect_uris(&uris)?;
            client.redirect_uris = uris;
            changed = true;
        }
        if let Some(names) = self.grant_types {
            client.grant_types = grant_types(&names)?;
            changed = true;
        }
        if let Some(name) = self.client_name {
            check_name(Some(&name))?;
            client.name = given(Some(name));
            changed = true;
        }
        if let Some(uri) = self.client_uri {
            check_uri("client_uri", Some(&uri))?;
            client.uri = given(Some(uri));
            changed = true;
        }
        if let Some(uri) = self.logo_uri {
            check_uri("logo_uri", Some(&uri))?;
            client.logo_uri = given(Some(uri));
            changed = true;
        }
        if let Some(method) = self.token_endpoint_auth_method {
            client.auth_method = auth_method_for(&method, client.client_type)?;
            changed = true;
        }
        if changed {
            Ok(())
        } else {
            Err(AuthError::validation("No fields provided for update"))
        }
    }
}

fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn check_redirect_uris(uris: &[String]) -> Result<()> {
    if uris.len() > MOST_REDIRECT_URIS {
        return Err(AuthError::validation("redirect_uris cannot exceed 10 items"));
    }
    for uri in uris {
        redirect_uri::check(uri).map_err(|why| {
            let shown: String = uri.chars().take(200).collect();
            AuthError::validation(format!("invalid redirect_uri '{shown}': {why}"))
        })?;
    }
    Ok(())
}

fn grant_types(names: &[String]) -> Result<Vec<GrantType>> {
    if names.is_empty() {
        return Err(AuthError::validation("grant_types cannot be empty"));
    }
    let mut grants = Vec::with_capacity(2);
    for name in names {
        let grant = GrantType::parse(name).ok_or_else(|| {
            AuthError::validation("grant_types must only contain 'authorization_code' and/or 'refresh_token'")
        })?;
        if !grants.contains(&grant) {
            grants.push(grant);
        }
    }
    Ok(grants)
}

fn check_name(name: Option<&str>) -> Result<()> {
    if name.is_some_and(|name| name.chars().count() > LONGEST_NAME) {
        return Err(AuthError::validation("client_name cannot exceed 1024 characters"));
    }
    Ok(())
}

/// An address that the consent page may show or link to: of the web, so that a link to it runs nothing there.
fn check_uri(field: &str, uri: Option<&str>) -> Result<()> {
    let Some(uri) = uri.filter(|uri| !uri.is_empty()) else {
        return Ok(());
    };
    if uri.chars().count() > LONGEST_URI {
        return Err(AuthError::validation(format!(
            "{field} cannot exceed 2048 characters"
        )));
    }
    let is_web =
        url::Url::parse(uri).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if is_web {
        Ok(())
    } else {
        Err(AuthError::validation(format!("{field} must be a valid URL")))
    }
}

/// The kind of a client: as it says, else as its way to authenticate says, else confidential.
fn kind(client_type: &str, method: &str) -> Result<(ClientType, AuthMethod)> {
    let client_type = match client_type {
        "" => None,
        text => Some(
            ClientType::parse(text)
                .ok_or_else(|| AuthError::validation("client_type must be 'public' or 'confidential'"))?,
        ),
    };
    let method = match method {
        "" => None,
        text => Some(AuthMethod::parse(text).ok_or_else(|| {
            AuthError::validation(
                "token_endpoint_auth_method must be one of: [none client_secret_basic client_secret_post]",
            )
        })?),
    };
    match (client_type, method) {
        (None | Some(ClientType::Confidential), None) => Ok((ClientType::Confidential, AuthMethod::Basic)),
        (None, Some(method)) => Ok((method.client_type(), method)),
        (Some(ClientType::Public), None) => Ok((ClientType::Public, AuthMethod::None)),
        (Some(kind), Some(method)) if method.client_type() == kind => Ok((kind, method)),
        (Some(kind), Some(method)) => Err(AuthError::validation(format!(
            "client_type '{}' is inconsistent with token_endpoint_auth_method '{}' (expected client_type '{}')",
            kind.as_str(),
            method.as_str(),
            method.client_type().as_str()
        ))),
    }
}

fn auth_method_for(text: &str, kind: ClientType) -> Result<AuthMethod> {
    let method = AuthMethod::parse(text).ok_or_else(|| {
        AuthError::validation(
            "invalid token_endpoint_auth_method: must be one of [none client_secret_basic client_secret_post]",
        )
    })?;
    if method.client_type() != kind {
        return Err(AuthError::validation(format!(
            "token_endpoint_auth_method '{}' is not valid for client_type '{}'",
            method.as_str(),
            kind.as_str()
        )));
    }
    Ok(method)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn register(json: serde_json::Value) -> Result<OAuthClient> {
        let registration: Registration = serde_json::from_value(json).unwrap();
        registration.check(Uuid::nil(), "manual", Time::UNIX_EPOCH)
    }

    #[test]
    fn kinds_of_clients() {
        for (client_type, method, wanted) in [
            ("", "", Some((ClientType::Confidential, AuthMethod::Basic))),
            ("public", "", Some((ClientType::Public, AuthMethod::None))),
            (
                "confidential",
                "",
                Some((ClientType::Confidential, AuthMethod::Basic)),
            ),
            ("", "none", Some((ClientType::Public, AuthMethod::None))),
            (
                "",
                "client_secret_post",
                Some((ClientType::Confidential, AuthMethod::Post)),
            ),
            ("public", "client_secret_post", None),
            ("confidential", "none", None),
            ("secret", "", None),
            ("", "private_key_jwt", None),
        ] {
            assert_eq!(kind(client_type, method).ok(), wanted, "{client_type} {method}");
        }
    }

    #[test]
    fn what_a_client_may_say_of_itself() {
        let uris = serde_json::json!(["https://app.example/cb"]);
        let client =
            register(serde_json::json!({"redirect_uris": uris, "response_types": ["token"]})).unwrap();
        assert_eq!(client.grant_types.len(), 2);
        for (field, value) in [
            ("redirect_uris", serde_json::json!([])),
            ("redirect_uris", serde_json::json!(vec!["https://a.example/"; 11])),
            ("grant_types", serde_json::json!(["implicit"])),
            ("client_name", serde_json::json!("n".repeat(1025))),
            ("client_uri", serde_json::json!("javascript:alert(1)")),
            ("logo_uri", serde_json::json!("data:image/svg+xml,<svg/>")),
            (
                "logo_uri",
                serde_json::json!(format!("https://a.example/{}", "x".repeat(2048))),
            ),
        ] {
            let mut body = serde_json::json!({"redirect_uris": uris});
            body[field] = value;
            assert!(register(body).is_err(), "{field}");
        }
    }

    #[test]
    fn secrets() {
        let mut client = register(serde_json::json!({"redirect_uris": ["https://a.example/"]})).unwrap();
        assert!(!client.has_secret(""));
        client.secret_hash = Some(hash_secret("s"));
        assert!(client.has_secret("s") && !client.has_secret("S") && !client.has_secret(""));
    }
}
