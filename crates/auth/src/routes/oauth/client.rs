//! Which client asks at the token endpoint (auth.md section 16; RFC 6749 §2.3).

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use data_encoding::BASE64;
use uuid::Uuid;

use super::token::TokenRequest;
use crate::error::{AuthError, ErrorCode, Result};
use crate::model::oauth_client::{AuthMethod, OAuthClient, hash_secret};
use crate::state::State;
use crate::store::oauth_clients;

/// What a client says of itself.
struct Credentials {
    id: String,
    secret: String,
    method: AuthMethod,
}

/// The client, which has shown who it is. A client that is not known, and a secret that is wrong, look the same.
pub(super) async fn authenticate(
    state: &State,
    headers: &HeaderMap,
    request: &TokenRequest,
) -> Result<OAuthClient> {
    let Some(given) = credentials(headers, request)? else {
        return Err(AuthError::oauth(
            "invalid_client",
            "Client authentication required",
        ));
    };
    let client = match Uuid::parse_str(&given.id) {
        Ok(id) => oauth_clients::find(&state.pool, id).await?,
        Err(_) => None,
    };
    let Some(client) = client else {
        // The same work as for a client that there is.
        std::hint::black_box(hash_secret(&given.secret));
        return Err(refused("Invalid client credentials"));
    };
    let is_right = match client.auth_method {
        AuthMethod::None => given.secret.is_empty(),
        AuthMethod::Basic | AuthMethod::Post => client.has_secret(&given.secret),
    };
    if !is_right {
        return Err(refused("Invalid client credentials"));
    }
    if client.auth_method != given.method {
        // Said only to who knows the secret.
        return Err(refused(format!(
            "Invalid client credentials: the client is registered for {}",
            client.auth_method.as_str()
        )));
    }
    Ok(client)
}

fn refused(why: impl Into<std::borrow::Cow<'static, str>>) -> AuthError {
    AuthError::bad_request(ErrorCode::InvalidCredentials, why)
}

/// From the header, else from the body; never from both (RFC 6749 §2.3).
fn credentials(headers: &HeaderMap, request: &TokenRequest) -> Result<Option<Credentials>> {
    let in_body = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (id, secret) = (in_body(&request.client_id), in_body(&request.client_secret));
    if let Some((basic_id, basic_secret)) = basic(headers)? {
        if secret.is_some() || id.is_some_and(|id| id != basic_id) {
            return Err(AuthError::oauth(
                "invalid_request",
                "The client must use one authentication method only",
            ));
        }
        return Ok(Some(Credentials {
            id: basic_id,
            secret: basic_secret,
            method: AuthMethod::Basic,
        }));
    }
    match (id, secret) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(refused("Invalid client credentials: client_id is required")),
        (Some(id), secret) => Ok(Some(Credentials {
            id,
            method: if secret.is_some() {
                AuthMethod::Post
            } else {
                AuthMethod::None
            },
            secret: secret.unwrap_or_default(),
        })),
    }
}

/// `Authorization: Basic`, whose two parts are form-encoded first (RFC 6749 §2.3.1).
fn basic(headers: &HeaderMap) -> Result<Option<(String, String)>> {
    let Some(header) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let bad = || refused("Invalid client credentials: invalid basic auth format");
    let Some((scheme, encoded)) = header.to_str().map_err(|_| bad())?.split_once(' ') else {
        return Ok(None);
    };
    // The project's key as a bearer token is none of a client's.
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let decoded = BASE64.decode(encoded.trim().as_bytes()).map_err(|_| bad())?;
    let text = String::from_utf8(decoded).map_err(|_| bad())?;
    let (id, secret) = text.split_once(':').ok_or_else(bad)?;
    Ok(Some((form_decoded(id), form_decoded(secret))))
}

fn form_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(header: Option<&str>, id: &str, secret: &str) -> Result<Option<(String, String, AuthMethod)>> {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, header.parse().unwrap());
        }
        let request = TokenRequest {
            client_id: Some(id.to_owned()),
            client_secret: Some(secret.to_owned()),
            ..TokenRequest::default()
        };
        let given = credentials(&headers, &request)?;
        Ok(given.map(|given| (given.id, given.secret, given.method)))
    }

    #[test]
    fn where_credentials_stand() {
        let basic = |text: &str| format!("Basic {}", BASE64.encode(text.as_bytes()));
        let owned = |id: &str, secret: &str, method| Some((id.to_owned(), secret.to_owned(), method));
        assert_eq!(read(None, "", "").unwrap(), None);
        assert_eq!(read(None, "c", "").unwrap(), owned("c", "", AuthMethod::None));
        assert_eq!(read(None, "c", "s").unwrap(), owned("c", "s", AuthMethod::Post));
        assert_eq!(
            read(Some(&basic("a%2Db:s%3A+")), "", "").unwrap(),
            owned("a-b", "s: ", AuthMethod::Basic)
        );
        assert_eq!(
            read(Some("bearer x"), "c", "").unwrap(),
            owned("c", "", AuthMethod::None)
        );
        for (header, id, secret) in [
            (basic("c:s"), "c", "s"),
            (basic("c:s"), "d", ""),
            (basic("nothing"), "", ""),
            ("Basic !".to_owned(), "", ""),
        ] {
            assert!(read(Some(&header), id, secret).is_err(), "{header}");
        }
        assert!(read(None, "", "s").is_err());
    }
}
