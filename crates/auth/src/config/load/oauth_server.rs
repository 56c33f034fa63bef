//! `[auth.oauth_server]`.

use std::time::Duration;

use ferrobase_config::Section;

use super::{Result, wrong};
use crate::config::OAuthServerConfig;
use crate::model::scopes::Scopes;

/// Where the CLI's file has the consent page.
const USUAL_PATH: &str = "/oauth/consent";
/// A code that lives longer is one that can be stolen longer (RFC 6749 §4.1.2 recommends at most ten minutes).
const LONGEST_TTL: Duration = Duration::from_secs(3600);

pub(super) fn load(auth: &Section<'_>) -> Result<OAuthServerConfig> {
    let section = auth.section("oauth_server");
    let ttl_variable = "GOTRUE_OAUTH_SERVER_AUTHORIZATION_TTL";
    let authorization_ttl = section
        .get("authorization_ttl")
        .or_env(ttl_variable)
        .duration_or(Duration::from_secs(600))?;
    if authorization_ttl < Duration::from_secs(1) || authorization_ttl > LONGEST_TTL {
        return Err(wrong(&section, "authorization_ttl", ttl_variable, "1s to 1h"));
    }
    let scope_variable = "GOTRUE_OAUTH_SERVER_DEFAULT_SCOPE";
    let scope = section
        .get("default_scope")
        .or_env(scope_variable)
        .string_or("email")?;
    let default_scope = Scopes::parse(&scope)
        .ok()
        .filter(|scopes| !scopes.is_empty())
        .ok_or_else(|| wrong(&section, "default_scope", scope_variable, "scopes that there are"))?;
    Ok(OAuthServerConfig {
        enabled: section
            .get("enabled")
            .or_env("GOTRUE_OAUTH_SERVER_ENABLED")
            .bool_or(false)?,
        authorization_path: path(&section)?,
        allow_dynamic_registration: section
            .get("allow_dynamic_registration")
            .or_env("GOTRUE_OAUTH_SERVER_ALLOW_DYNAMIC_REGISTRATION")
            .bool_or(false)?,
        authorization_ttl,
        default_scope,
    })
}

fn path(section: &Section<'_>) -> Result<String> {
    let variable = "GOTRUE_OAUTH_SERVER_AUTHORIZATION_PATH";
    let text = section
        .get("authorization_url_path")
        .or_env(variable)
        .string()?
        .filter(|path| !path.is_empty())
        .unwrap_or_else(|| USUAL_PATH.to_owned());
    // A query of its own, a fragment or what a browser takes for the beginning of another place would lose the request.
    let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '\\');
    if !text.chars().all(is_plain) {
        return Err(wrong(
            section,
            "authorization_url_path",
            variable,
            "a path without query and fragment",
        ));
    }
    Ok(if text.starts_with('/') {
        text
    } else {
        format!("/{text}")
    })
}
