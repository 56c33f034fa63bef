//! `GET /authorize`: to a provider's sign-in page (auth.md 12.1). Refusals are JSON, not redirects.

use axum::extract::{FromRequestParts, Request, State as Shared};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use ferrobase_jwt::sha256;
use uuid::Uuid;

use super::party::Party;
use crate::codes::Flow;
use crate::error::{AuthError, ErrorCode, Result};
use crate::model::aal::Method;
use crate::model::session::delta;
use crate::providers::client::{Authorization, Client};
use crate::providers::twitter;
use crate::redirects;
use crate::request::{RequestInfo, query_value};
use crate::state::State;
use crate::store::flow_states::{self, NewFlow};
use crate::store::{linking, oauth_client_states};

pub(in crate::routes) async fn redirect(Shared(state): Shared<State>, request: Request) -> Result<Response> {
    let (mut parts, _) = request.into_parts();
    let info = RequestInfo::from_request_parts(&mut parts, &state).await?;
    let url = begin(&state, &info, &parts, None).await?;
    redirects::answer(StatusCode::FOUND, &url)
}

/// Begins a flow and says where the browser has to go. `linking_target` is the user that the identity will be linked to.
pub(in crate::routes) async fn begin(
    state: &State,
    info: &RequestInfo,
    parts: &Parts,
    linking_target: Option<Uuid>,
) -> Result<String> {
    let given = |name: &str| query_value(parts, name).filter(|value| !value.is_empty());
    let provider = Party::find(state, &given("provider").unwrap_or_default().to_lowercase()).await?;
    let invite_token = given("invite_token");
    if let Some(token) = &invite_token {
        check_invitation(state, token).await?;
    }
    let challenge = Flow::parse(
        given("code_challenge").as_deref(),
        given("code_challenge_method").as_deref(),
    )?;
    let id = state.random.uuid();
    let departure = depart(state, &provider, id, parts).await?;
    let auth_code = state.random.uuid().to_string();
    let flow = NewFlow {
        auth_code: challenge.is_some().then_some(auth_code.as_str()),
        challenge: challenge.as_ref().map(Flow::parts),
        referrer: Some(&info.redirect_to),
        invite_token: invite_token.as_deref(),
        linking_target_id: linking_target,
        oauth_client_state_id: departure.kept.as_ref().map(|_| id),
        email_optional: provider.email_optional(),
        ..NewFlow::new(id, provider.name(), Method::OAuth.as_str(), state.now())
    };
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    if let Some(kept) = &departure.kept {
        oauth_client_states::insert(&tx, id, provider.name(), kept, state.now()).await?;
    }
    flow_states::insert(&tx, &flow).await?;
    tx.commit().await?;
    Ok(departure.url)
}

async fn check_invitation(state: &State, token: &str) -> Result<()> {
    let since = state.now() - delta(state.config.email.otp_expiry);
    match linking::invited(&state.pool, token, since).await? {
        Some(_) => Ok(()),
        None => Err(AuthError::not_found(
            ErrorCode::UserNotFound,
            "User identified by token not found",
        )),
    }
}

/// Where the browser goes, and what is kept until it comes back.
struct Departure {
    url: String,
    /// The PKCE verifier, or Twitter's request token.
    kept: Option<String>,
}

async fn depart(state: &State, provider: &Party<'_>, id: Uuid, parts: &Parts) -> Result<Departure> {
    let flow_id = id.to_string();
    if let Party::Known(client) = provider
        && client.provider.name == "twitter"
    {
        return depart_to_twitter(state, client, &flow_id).await;
    }
    let verifier = provider
        .has_pkce()
        .then(|| BASE64URL_NOPAD.encode(&state.random.bytes::<32>()));
    let challenge = verifier
        .as_deref()
        .map(|verifier| BASE64URL_NOPAD.encode(&sha256(verifier.as_bytes())));
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    let asked = Authorization {
        state: &flow_id,
        scopes: &query_value(parts, "scopes").unwrap_or_default(),
        challenge: challenge.as_deref(),
        query: &query,
    };
    Ok(Departure {
        url: provider
            .authorization_url(&asked)
            .await
            .map_err(AuthError::internal)?,
        kept: verifier,
    })
}

async fn depart_to_twitter(state: &State, client: &Client<'_>, flow_id: &str) -> Result<Departure> {
    let consumer = twitter::Consumer {
        client: *client,
        clock: &state.clock,
        random: &state.random,
    };
    let callback = format!("{}?state={flow_id}", client.settings.redirect_uri);
    let request = consumer
        .request_token(&callback)
        .await
        .map_err(AuthError::internal)?;
    Ok(Departure {
        url: consumer
            .authorization_url(&request)
            .map_err(AuthError::internal)?,
        kept: Some(twitter::write_pair(&request)),
    })
}
