//! `POST /sso`: to an identity provider's sign-in page (auth.md section 14).

use axum::Json;
use axum::extract::{FromRequest, Request, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{disabled, enabled};
use crate::captcha::Solved;
use crate::codes::Flow;
use crate::error::{AuthError, ErrorCode, Result};
use crate::limits::Limited;
use crate::model::aal::Method;
use crate::model::redirect;
use crate::model::sso::SsoProvider;
use crate::redirects;
use crate::saml::metadata::IdentityProvider;
use crate::saml::provider::ServiceProvider;
use crate::saml::request::AuthnRequest;
use crate::state::State;
use crate::store::flow_states::{self, NewFlow};
use crate::store::relay_states::{self, RelayState};
use crate::store::sso_providers;

#[derive(Deserialize)]
struct SsoRequest {
    provider_id: Option<Uuid>,
    domain: Option<String>,
    redirect_to: Option<String>,
    skip_http_redirect: Option<bool>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
}

pub(in crate::routes) async fn begin(Shared(state): Shared<State>, request: Request) -> Result<Response> {
    let us = enabled(&state)?;
    state.limits.check(Limited::Sso, request.headers())?;
    let Solved(body) = Solved::<SsoRequest>::from_request(request, &state).await?;
    let provider = find(&state, &body).await?;
    let challenge = Flow::parse(
        body.code_challenge.as_deref(),
        body.code_challenge_method.as_deref(),
    )?;
    let url = depart(&state, us, &provider, &body, challenge.as_ref()).await?;
    if body.skip_http_redirect.unwrap_or(false) {
        return Ok(Json(json!({ "url": url })).into_response());
    }
    redirects::answer(StatusCode::SEE_OTHER, &url)
}

async fn find(state: &State, body: &SsoRequest) -> Result<SsoProvider> {
    let id = body.provider_id.filter(|id| !id.is_nil());
    let domain = body.domain.as_deref().filter(|domain| !domain.is_empty());
    let db = &state.pool.reads();
    let (found, missing) = match (id, domain) {
        (Some(_), Some(_)) => {
            return Err(AuthError::validation(
                "Only one of provider_id or domain supported",
            ));
        }
        (None, None) => {
            return Err(AuthError::validation(
                "A provider_id or domain needs to be provided",
            ));
        }
        (Some(id), None) => (sso_providers::find(db, id).await?, "No such SSO provider"),
        (None, Some(domain)) => (
            sso_providers::find_by_domain(db, domain).await?,
            "No SSO provider assigned for this domain",
        ),
    };
    match found {
        Some(provider) if provider.is_disabled() => Err(disabled()),
        Some(provider) => Ok(provider),
        None => Err(AuthError::not_found(ErrorCode::SsoProviderNotFound, missing)),
    }
}

/// Remembers the request, and the flow if it ends with a code; says where the browser goes.
async fn depart(
    state: &State,
    us: &ServiceProvider,
    provider: &SsoProvider,
    body: &SsoRequest,
    challenge: Option<&Flow>,
) -> Result<String> {
    let known = IdentityProvider::parse(&provider.saml.metadata_xml).map_err(AuthError::internal)?;
    let destination = known.sso_url.as_ref().ok_or_else(|| {
        AuthError::validation("The identity provider takes no sign-in requests by HTTP-Redirect")
    })?;
    let now = state.now();
    let redirect_to = redirect::choose(&state.config, body.redirect_to.as_deref(), None);
    let relay = RelayState {
        id: state.random.uuid(),
        sso_provider_id: provider.id,
        // XML's names begin with a letter.
        request_id: format!("id-{}", HEXLOWER.encode(&state.random.bytes::<20>())),
        redirect_to: Some(redirect_to),
        flow_id: challenge.map(|_| state.random.uuid()),
        created_at: now,
    };
    let request = AuthnRequest {
        id: &relay.request_id,
        destination,
        name_id_format: provider.saml.name_id_format.as_deref(),
        relay_state: &relay.id.to_string(),
        issued_at: now,
    };
    let url = request.url(us).map_err(AuthError::internal)?;
    let auth_code = state.random.uuid().to_string();
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    if let (Some(id), Some(challenge)) = (relay.flow_id, challenge) {
        let method = Method::SsoSaml.as_str();
        let flow = NewFlow {
            auth_code: Some(&auth_code),
            challenge: Some(challenge.parts()),
            referrer: relay.redirect_to.as_deref(),
            ..NewFlow::new(id, method, method, now)
        };
        flow_states::insert(&tx, &flow).await?;
    }
    relay_states::insert(&tx, &relay).await?;
    tx.commit().await?;
    Ok(url)
}
