//! `POST /sso/saml/acs`: a browser brings an identity provider's response (auth.md section 14). The answer is a redirect: to
//! where the sign-in began, with the session or a code, or to the site with the refusal.

use axum::extract::{FromRequestParts, Request, State as Shared};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use url::Url;
use uuid::Uuid;

use super::arrival::{self, Incoming};
use super::{disabled, enabled};
use crate::error::{AuthError, ErrorCode, Result};
use crate::limits::Limited;
use crate::model::redirect;
use crate::model::session::delta;
use crate::model::sso::SsoProvider;
use crate::redirects::{self, with_query};
use crate::request::{RequestInfo, bytes};
use crate::routes::external::refusal;
use crate::saml::response;
use crate::state::State;
use crate::store::{relay_states, sso_providers};

/// The form's fields.
#[derive(Default)]
struct Form {
    response: String,
    relay_state: String,
}

impl Form {
    /// The first field of a name counts.
    fn read(encoded: &[u8]) -> Self {
        let mut form = Self::default();
        for (name, value) in url::form_urlencoded::parse(encoded) {
            let field = match &*name {
                "SAMLResponse" => &mut form.response,
                "RelayState" => &mut form.relay_state,
                _ => continue,
            };
            if field.is_empty() {
                *field = value.into_owned();
            }
        }
        form
    }
}

pub(in crate::routes) async fn receive(Shared(state): Shared<State>, request: Request) -> Result<Response> {
    enabled(&state)?;
    state.limits.check(Limited::SamlAcs, request.headers())?;
    match follow(&state, request).await {
        Ok(location) => redirects::answer(StatusCode::FOUND, &location),
        Err(error) => {
            if error.status().is_server_error() {
                tracing::error!(%error, "a single sign-on failed");
            }
            let site = redirect::choose(&state.config, None, None);
            redirects::answer(StatusCode::SEE_OTHER, &with_query(&site, &refusal(&error)))
        }
    }
}

async fn follow(state: &State, request: Request) -> Result<String> {
    let us = enabled(state)?;
    let (mut parts, body) = request.into_parts();
    let form = Form::read(&bytes(Request::from_parts(parts.clone(), body)).await?);
    if form.response.is_empty() {
        return Err(AuthError::validation("SAMLResponse is missing"));
    }
    let xml = response::decode(&form.response).map_err(|error| {
        tracing::info!(%error, "a SAMLResponse cannot be read");
        AuthError::validation("SAMLResponse is not a valid Base64 string")
    })?;
    let (provider, request_id, redirect_to, flow_id) = match Uuid::try_parse(&form.relay_state) {
        Ok(id) => asked_for(state, id).await?,
        Err(_) => unasked(state, &xml, &form.relay_state).await?,
    };
    if provider.is_disabled() {
        return Err(disabled());
    }
    let incoming = Incoming {
        state,
        us,
        info: &info(&mut parts, state, &redirect_to).await?,
        flow_id,
    };
    incoming.receive(provider, request_id, xml).await
}

/// Who sent it, the request that it has to answer, where the browser goes, and the flow.
type Context = (SsoProvider, Option<String>, String, Option<Uuid>);

/// The response to a request of ours. The request is used up by the first response, a bad one too: whoever can guess at
/// responses must not be able to do it twice.
async fn asked_for(state: &State, id: Uuid) -> Result<Context> {
    let relay = relay_states::take(&state.pool, id).await?.ok_or_else(|| {
        AuthError::not_found(
            ErrorCode::SamlRelayStateNotFound,
            "SAML RelayState does not exist, try logging in again?",
        )
    })?;
    let life = state
        .config
        .saml
        .as_ref()
        .map_or_else(Default::default, |saml| saml.relay_state_validity_period);
    if state.now() >= relay.created_at + delta(life) {
        return Err(AuthError::unprocessable(
            ErrorCode::SamlRelayStateExpired,
            "SAML RelayState has expired. Try logging in again?",
        ));
    }
    let provider = sso_providers::find(&state.pool.reads(), relay.sso_provider_id).await?;
    // What was allowed when the request went out may not be any more.
    let redirect_to = redirect::choose(&state.config, relay.redirect_to.as_deref(), None);
    Ok((
        provider.ok_or_else(unknown)?,
        Some(relay.request_id),
        redirect_to,
        relay.flow_id,
    ))
}

/// A response that nobody asked for: the person began at the identity provider, whom it names.
async fn unasked(state: &State, xml: &str, relay_state: &str) -> Result<Context> {
    let is_url = relay_state.starts_with('/') || Url::parse(relay_state).is_ok();
    if !relay_state.is_empty() && !is_url {
        return Err(AuthError::validation(
            "SAML RelayState is not a valid UUID or URL",
        ));
    }
    let issuer = response::claimed_issuer(xml).map_err(arrival::not_valid)?;
    let provider = sso_providers::find_by_entity_id(&state.pool.reads(), &issuer).await?;
    let redirect_to = redirect::choose(&state.config, Some(relay_state), None);
    Ok((provider.ok_or_else(unknown)?, None, redirect_to, None))
}

fn unknown() -> AuthError {
    AuthError::not_found(
        ErrorCode::SamlIdpNotFound,
        "A SAML connection has not been established with this Identity Provider",
    )
}

/// Who asks. The request comes from the identity provider's page: what it says about redirects is not the app's word.
async fn info(parts: &mut Parts, state: &State, redirect_to: &str) -> Result<RequestInfo> {
    let mut info = RequestInfo::from_request_parts(parts, state).await?;
    redirect_to.clone_into(&mut info.redirect_to);
    info.audience.clone_from(&state.config.jwt_audience);
    Ok(info)
}
