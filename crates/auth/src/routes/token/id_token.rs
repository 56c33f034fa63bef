//! The `id_token` grant: an app signed the person in itself and shows the provider's ID token (auth.md 8.3).

use axum::extract::{FromRequest, FromRequestParts, Request};
use data_encoding::HEXLOWER;
use ferrobase_jwt::{Claims, constant_time_eq, sha256};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::caller::Authenticated;
use crate::config::ProviderConfig;
use crate::custom_providers::{self, Absence};
use crate::error::{AuthError, ErrorCode, Result};
use crate::external_account::{self, Arrival, Outcome};
use crate::mail::Notification;
use crate::model::aal::Method;
use crate::model::custom_provider::is_custom;
use crate::model::profile::Profile;
use crate::providers::custom::CustomClient;
use crate::providers::oidc::{IdTokenError, Issuers, claimed_issuer};
use crate::providers::{self, IdTokens, Issuer};
use crate::request::{Body, RequestInfo};
use crate::routes::user::identities;
use crate::sign_in::{TokenResponse, open_session};
use crate::state::State;
use crate::store::audit::{self, Action};

#[derive(Deserialize)]
struct IdTokenGrant {
    id_token: Option<String>,
    access_token: Option<String>,
    nonce: Option<String>,
    provider: Option<String>,
    client_id: Option<String>,
    issuer: Option<String>,
    link_identity: Option<bool>,
}

/// How a token is judged.
struct Terms<'a> {
    /// Name of the identity's provider.
    provider: String,
    /// Who must have signed it.
    issuer: Issuer,
    audiences: Vec<String>,
    source: Source<'a>,
}

/// What is known of the provider.
enum Source<'a> {
    /// One that this program knows.
    Known(&'static IdTokens, &'a ProviderConfig),
    /// One that the project added.
    Custom(Box<CustomClient<'a>>),
    /// An issuer that is allowed, no more.
    Issuer,
}

impl Terms<'_> {
    fn email_optional(&self) -> bool {
        match &self.source {
            Source::Known(_, settings) => settings.email_optional,
            Source::Custom(client) => client.provider.email_optional,
            Source::Issuer => false,
        }
    }

    fn skips_nonce(&self) -> bool {
        match &self.source {
            Source::Known(rules, settings) => settings.skip_nonce_check || rules.ignores_nonce,
            Source::Custom(client) => client.provider.skip_nonce_check,
            Source::Issuer => false,
        }
    }

    fn issuers<'s>(&'s self, state: &'s State) -> &'s Issuers {
        match &self.source {
            Source::Custom(client) => client.issuers,
            Source::Known(..) | Source::Issuer => &state.issuers,
        }
    }

    fn profile(&self, claims: &Map<String, Value>) -> Profile {
        match &self.source {
            Source::Known(rules, settings) => (rules.read)(settings.url.as_deref(), claims),
            Source::Custom(client) => client.person(claims),
            Source::Issuer => Profile::from_claims(claims),
        }
    }
}

/// Signs in; with `link_identity` the identity is added to the caller instead, who then needs a session.
pub(super) async fn grant(state: &State, info: &RequestInfo, request: Request) -> Result<TokenResponse> {
    let (mut parts, body) = request.into_parts();
    let for_body = Request::from_parts(parts.clone(), body);
    let Body(body) = Body::<IdTokenGrant>::from_request(for_body, state).await?;
    let caller = if body.link_identity == Some(true) {
        identities::check_enabled(state)?;
        let caller = Authenticated::from_request_parts(&mut parts, state).await?;
        Some(caller.user.id)
    } else {
        None
    };
    exchange(state, info, body, caller).await
}

async fn exchange(
    state: &State,
    info: &RequestInfo,
    body: IdTokenGrant,
    caller: Option<Uuid>,
) -> Result<TokenResponse> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let token = text(&body.id_token);
    if token.is_empty() {
        return Err(invalid("id_token required"));
    }
    let terms = terms(state, &body, &token).await?;
    let access_token = body.access_token.as_deref().filter(|token| !token.is_empty());
    let claims = terms
        .issuers(state)
        .verify(&terms.issuer, &terms.audiences, &token, access_token)
        .await
        .map_err(refused)?;
    check_nonce(&terms, &claims, &text(&body.nonce))?;
    let profile = terms.profile(claims.all());
    // Of an issuer that we know nothing about, an address is the least we want.
    let is_unknown = matches!(terms.source, Source::Issuer);
    if profile.subject.is_empty() || (is_unknown && profile.emails.is_empty()) {
        return Err(invalid("Bad ID token"));
    }
    match finish(state, info, &terms, &profile, caller).await {
        Err(error) if external_account::is_race(&error) => {
            finish(state, info, &terms, &profile, caller).await
        }
        other => other,
    }
}

fn invalid(description: &'static str) -> AuthError {
    AuthError::oauth("invalid request", description)
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
fn refused(error: IdTokenError) -> AuthError {
    tracing::warn!(%error, "an ID token was refused");
    match error {
        IdTokenError::Claim("aud") => invalid("Unacceptable audience in id_token"),
        IdTokenError::Claim("sub") => invalid("Missing sub claim in id_token"),
        _ => invalid("Bad ID token"),
    }
}

/// The provider is named, or found by the issuer, or one of the allowed issuers without a provider of their own here.
async fn terms<'s>(state: &'s State, body: &IdTokenGrant, token: &str) -> Result<Terms<'s>> {
    let given = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
    let (name, client_id, issuer) = (given(&body.provider), given(&body.client_id), given(&body.issuer));
    if name.is_none() && (client_id.is_none() || issuer.is_none()) {
        return Err(invalid("provider or client_id and issuer required"));
    }
    let external = &state.config.external;
    let known = name
        .as_deref()
        .and_then(providers::find)
        .or_else(|| issuer.as_deref().and_then(providers::of_issuer));
    if known.is_none()
        && let Some(client) = custom(state, name.as_deref(), issuer.as_deref(), client_id.as_deref()).await?
    {
        return of_custom(client);
    }
    let Some((provider, rules)) = known.and_then(|known| Some((known, known.id_token.as_ref()?))) else {
        let allowed = issuer.filter(|issuer| external.id_token_issuers.contains(issuer));
        let (Some(issuer), Some(client_id)) = (allowed, client_id) else {
            let name = name.unwrap_or_default();
            let message = format!("Custom OIDC provider \"{name}\" not allowed");
            return Err(AuthError::validation(message));
        };
        return unknown_provider(state, issuer, client_id);
    };
    let claimed = claimed_issuer(token).ok_or_else(|| invalid("Bad ID token"))?;
    let Some(settings) = external.providers.get(provider.name) else {
        let message = format!(
            "Provider (issuer \"{}\") is not enabled",
            issuer.unwrap_or(claimed)
        );
        return Err(AuthError::bad_request(ErrorCode::ProviderDisabled, message));
    };
    let mut audiences = settings.client_ids.clone();
    if provider.name == "apple" {
        audiences.extend(external.ios_bundle_id.clone());
    }
    Ok(Terms {
        provider: provider.name.to_owned(),
        issuer: (rules.issuer)(settings.url.as_deref(), &claimed).ok_or_else(|| invalid("Bad ID token"))?,
        audiences,
        source: Source::Known(rules, settings),
    })
}

/// The provider of the project that is named, or whose issuer and client are.
async fn custom<'s>(
    state: &'s State,
    name: Option<&str>,
    issuer: Option<&str>,
    client_id: Option<&str>,
) -> Result<Option<CustomClient<'s>>> {
    match (name, issuer, client_id) {
        (Some(name), _, _) if is_custom(name) => match custom_providers::find(state, name).await? {
            Ok(client) => Ok(Some(client)),
            Err(Absence::Missing) => Ok(None),
            Err(Absence::Disabled) => Err(AuthError::bad_request(
                ErrorCode::ProviderDisabled,
                format!("Provider \"{name}\" is not enabled"),
            )),
        },
        (None, Some(issuer), Some(client_id)) => custom_providers::of_issuer(state, issuer, client_id).await,
        _ => Ok(None),
    }
}

fn of_custom(client: CustomClient<'_>) -> Result<Terms<'_>> {
    let name = client.provider.identifier.clone();
    let Some(issuer) = providers::custom::issuer(&client.provider) else {
        let message = format!("Provider \"{name}\" does not speak OpenID Connect and has no ID tokens");
        return Err(AuthError::validation(message));
    };
    Ok(Terms {
        provider: name,
        issuer,
        audiences: client.provider.audiences(),
        source: Source::Custom(Box::new(client)),
    })
}

/// An issuer that only the settings know. Without a list of clients the caller's word on the audience is taken, as in the
/// original: any app of that issuer can then sign in here.
fn unknown_provider(state: &State, issuer: String, client_id: String) -> Result<Terms<'_>> {
    let clients = &state.config.external.id_token_client_ids;
    if !clients.is_empty() && !clients.contains(&client_id) {
        return Err(invalid("Unacceptable audience in id_token"));
    }
    Ok(Terms {
        issuer: Issuer::plain(&issuer),
        provider: issuer,
        audiences: vec![client_id],
        source: Source::Issuer,
    })
}

/// The app sends the nonce, the token has its hash: a token that was caught elsewhere comes without the former.
fn check_nonce(terms: &Terms<'_>, claims: &Claims, nonce: &str) -> Result<()> {
    if terms.skips_nonce() {
        return Ok(());
    }
    let in_token = claims.str("nonce").unwrap_or_default();
    if in_token.is_empty() != nonce.is_empty() {
        return Err(invalid(
            "Passed nonce and nonce in id_token should either both exist or not.",
        ));
    }
    let hash = HEXLOWER.encode(&sha256(nonce.as_bytes()));
    if !nonce.is_empty() && !constant_time_eq(hash.as_bytes(), in_token.as_bytes()) {
        return Err(AuthError::oauth("invalid nonce", "Nonces mismatch"));
    }
    Ok(())
}

async fn finish(
    state: &State,
    info: &RequestInfo,
    terms: &Terms<'_>,
    profile: &Profile,
    caller: Option<Uuid>,
) -> Result<TokenResponse> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let arrival = Arrival {
        state,
        tx: &tx,
        info,
        provider: &terms.provider,
        profile,
        email_optional: terms.email_optional(),
    };
    let outcome = match caller {
        Some(target) => external_account::link(&arrival, target).await?,
        None => external_account::sign_in(&arrival).await?,
    };
    let (user, is_new) = match outcome {
        Outcome::SignedIn { user, is_new } => (*user, is_new),
        Outcome::Refused(refusal) => {
            tx.commit().await?;
            return Err(refusal);
        }
    };
    let login =
        (!is_new).then(|| audit::payload(Action::Login, &user, Some(json!({ "provider": terms.provider }))));
    let response = open_session(state, &tx, user, Method::OAuth, info, login).await?;
    tx.commit().await?;
    if caller.is_some() {
        let provider = terms.provider.as_str();
        let told = response.user_value();
        state
            .mailer
            .notify(&told, Notification::IdentityLinked { provider })
            .await;
    }
    Ok(response)
}
