//! Redirects whose target carries an answer in its query or its fragment (auth.md 9.8, 12.2).

use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use url::form_urlencoded::Serializer;

use crate::error::{AuthError, Result};

/// Where a failure leads (auth.md 9.8): into the fragment, and into the query too when the client reads its code there.
pub fn failed(redirect_to: &str, error: &AuthError, in_query: bool) -> String {
    if error.status().is_server_error() {
        tracing::error!(%error, "a redirect ends in a failure");
    }
    let message = error.public_message();
    let mut pairs = Vec::with_capacity(4);
    if let Some(name) = oauth_name(error.status()) {
        pairs.push(("error", name));
    }
    pairs.extend([
        ("error_code", error.code().as_str()),
        ("error_description", &*message),
    ]);
    let target = if in_query {
        with_query(redirect_to, &form(&pairs))
    } else {
        redirect_to.to_owned()
    };
    pairs.push(("sb", ""));
    with_fragment(&target, &form(&pairs))
}

/// The `error` of RFC 6749 §4.1.2.1 for a status.
pub fn oauth_name(status: StatusCode) -> Option<&'static str> {
    match status.as_u16() {
        400 => Some("invalid_request"),
        401 => Some("unauthorized_client"),
        403 => Some("access_denied"),
        500 => Some("server_error"),
        503 => Some("temporarily_unavailable"),
        _ => None,
    }
}

/// Form-encodes pairs, in their order.
pub fn form(pairs: &[(&str, &str)]) -> String {
    let mut form = Serializer::new(String::new());
    form.extend_pairs(pairs);
    form.finish()
}

/// Adds to the query, before a fragment if there is one.
pub fn with_query(target: &str, query: &str) -> String {
    let (base, fragment) = target
        .split_once('#')
        .map_or((target, None), |(base, fragment)| (base, Some(fragment)));
    let separator = if base.contains('?') { '&' } else { '?' };
    match fragment {
        Some(fragment) => format!("{base}{separator}{query}#{fragment}"),
        None => format!("{base}{separator}{query}"),
    }
}

/// Replaces the fragment.
pub fn with_fragment(target: &str, fragment: &str) -> String {
    let base = target.split('#').next().unwrap_or(target);
    format!("{base}#{fragment}")
}

/// A redirect to `target`.
pub fn answer(status: StatusCode, target: &str) -> Result<Response> {
    let location = HeaderValue::from_str(&in_ascii(target)).map_err(AuthError::internal)?;
    Ok((status, [(LOCATION, location)]).into_response())
}

/// A target as a header can carry it: bytes beyond ASCII percent-encoded (RFC 3986 §2.5).
fn in_ascii(target: &str) -> String {
    let mut text = String::with_capacity(target.len());
    for character in target.chars() {
        if character.is_ascii() {
            text.push(character);
        } else {
            text.extend(url::form_urlencoded::byte_serialize(
                character.encode_utf8(&mut [0; 4]).as_bytes(),
            ));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    #[test]
    fn errors_go_into_the_fragment_and_for_pkce_into_the_query_too() {
        let error = AuthError::forbidden(ErrorCode::OtpExpired, "Email link is invalid or has expired");
        let pairs = "error=access_denied&error_code=otp_expired&error_description=Email+link+is+invalid+or+has+expired";
        assert_eq!(
            failed("http://a/", &error, false),
            format!("http://a/#{pairs}&sb=")
        );
        assert_eq!(
            failed("app://cb?x=1", &error, true),
            format!("app://cb?x=1&{pairs}#{pairs}&sb=")
        );
    }

    #[test]
    fn targets_fit_a_header() {
        assert_eq!(in_ascii("http://a/größe?x=1#y"), "http://a/gr%C3%B6%C3%9Fe?x=1#y");
    }
}
