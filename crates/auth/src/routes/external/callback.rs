//! `GET|POST /callback`: a browser comes back from a provider (auth.md 12.2). The answer is always a redirect: to the site
//! when the state is not one of ours, else to where the flow began, with the session, a code or the refusal.

use axum::extract::{FromRequestParts, Request, State as Shared};
use axum::http::request::Parts;
use axum::http::{Method as HttpMethod, StatusCode};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::arrival;
use crate::error::{AuthError, ErrorCode, Result};
use crate::model::custom_provider::is_custom;
use crate::model::flow::FlowState;
use crate::model::redirect;
use crate::providers;
use crate::redirects::{self, form, with_fragment, with_query};
use crate::request::{RequestInfo, bytes};
use crate::state::State;
use crate::store::flow_states;

/// What the provider sent along.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) state: String,
    pub(super) code: String,
    pub(super) error: String,
    pub(super) error_description: String,
    /// RFC 9207: who is answering.
    pub(super) iss: String,
    /// Apple, the first time.
    pub(super) user: String,
    /// Twitter.
    pub(super) oauth_token: String,
    pub(super) oauth_verifier: String,
}

impl Answer {
    /// Reads `name=value&…`; the first value of a name counts.
    fn add(&mut self, encoded: &[u8]) {
        for (name, value) in url::form_urlencoded::parse(encoded) {
            let field = match &*name {
                "state" => &mut self.state,
                "code" => &mut self.code,
                "error" => &mut self.error,
                "error_description" => &mut self.error_description,
                "iss" => &mut self.iss,
                "user" => &mut self.user,
                "oauth_token" => &mut self.oauth_token,
                "oauth_verifier" => &mut self.oauth_verifier,
                _ => continue,
            };
            if field.is_empty() {
                *field = value.into_owned();
            }
        }
    }
}

pub(in crate::routes) async fn follow(Shared(state): Shared<State>, request: Request) -> Result<Response> {
    let (mut parts, body) = request.into_parts();
    // The router hands HEAD over with GET; whoever asks so must not use the state up.
    if parts.method == HttpMethod::HEAD {
        return Ok(StatusCode::METHOD_NOT_ALLOWED.into_response());
    }
    let mut answer = Answer::default();
    if parts.method == HttpMethod::POST {
        answer.add(&bytes(Request::from_parts(parts.clone(), body)).await?);
    }
    answer.add(parts.uri.query().unwrap_or_default().as_bytes());
    let flow = match find_flow(&state, &answer.state).await {
        Ok(flow) => flow,
        Err(error) => {
            let site = redirect::choose(&state.config, None, None);
            return redirects::answer(StatusCode::SEE_OTHER, &with_query(&site, &encoded(&error)));
        }
    };
    let target = target(&state, &flow);
    let info = info(&mut parts, &state, &target).await?;
    let location = match arrival::receive(&state, &info, &flow, &answer).await {
        Ok(location) => location,
        Err(error) => failed(&target, &error),
    };
    redirects::answer(StatusCode::FOUND, &location)
}

/// The flow that the state names, if it is a provider's and its time is not over.
async fn find_flow(state: &State, id: &str) -> Result<FlowState> {
    let bad_state = |message| AuthError::bad_request(ErrorCode::BadOauthState, message);
    if id.is_empty() {
        return Err(AuthError::bad_request(
            ErrorCode::BadOauthCallback,
            "OAuth state parameter missing",
        ));
    }
    let id = Uuid::parse_str(id).map_err(|_| bad_state("OAuth state parameter is invalid"))?;
    let flow = flow_states::find(&state.pool.reads(), id)
        .await?
        // Flows of mails are in the same table, but nobody comes back from there.
        .filter(|flow| is_custom(&flow.provider_type) || providers::find(&flow.provider_type).is_some())
        .ok_or_else(|| bad_state("OAuth state not found or expired"))?;
    if flow.is_expired(state.config.flow_state_expiry, state.now()) {
        return Err(bad_state("OAuth state has expired"));
    }
    Ok(flow)
}

fn target(state: &State, flow: &FlowState) -> String {
    let kept = flow
        .referrer
        .clone()
        .or_else(|| state.config.external.redirect_url.clone());
    kept.unwrap_or_else(|| redirect::choose(&state.config, None, None))
}

/// Who asks. What the browser says about redirects and audiences is not the app's word.
async fn info(parts: &mut Parts, state: &State, target: &str) -> Result<RequestInfo> {
    let mut info = RequestInfo::from_request_parts(parts, state).await?;
    target.clone_into(&mut info.redirect_to);
    info.audience.clone_from(&state.config.jwt_audience);
    Ok(info)
}

/// Refusals go into the query and the fragment: which of the two the client reads depends on its kind of flow.
fn failed(target: &str, error: &AuthError) -> String {
    if error.status().is_server_error() {
        tracing::error!(%error, "a sign-in with a provider failed");
    }
    let encoded = encoded(error);
    with_fragment(&with_query(target, &encoded), &format!("{encoded}&sb="))
}

/// A refusal as the query or fragment of a redirect.
pub(in crate::routes) fn encoded(error: &AuthError) -> String {
    let pairs = pairs(error);
    let borrowed: Vec<(&str, &str)> = pairs
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    form(&borrowed)
}

/// `error`, `error_code` and `error_description`. What a provider relayed has no code of ours.
fn pairs(error: &AuthError) -> Vec<(&'static str, String)> {
    let description = error.public_message().into_owned();
    if let AuthError::OAuth { error: name, .. } = error {
        return vec![("error", name.to_string()), ("error_description", description)];
    }
    let name = match error.code() {
        ErrorCode::SignupDisabled | ErrorCode::UserBanned | ErrorCode::ProviderEmailNeedsVerification => {
            "access_denied"
        }
        _ => redirects::oauth_name(error.status()).unwrap_or("server_error"),
    };
    vec![
        ("error", name.to_owned()),
        ("error_code", error.code().as_str().to_owned()),
        ("error_description", description),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_twice() {
        let error = AuthError::unprocessable(ErrorCode::SignupDisabled, "No");
        let pairs = "error=access_denied&error_code=signup_disabled&error_description=No";
        assert_eq!(
            failed("http://a/cb#x", &error),
            format!("http://a/cb?{pairs}#{pairs}&sb=")
        );
        let relayed = AuthError::oauth("access_denied".to_owned(), "The user said no".to_owned());
        let pairs = "error=access_denied&error_description=The+user+said+no";
        assert_eq!(
            failed("http://a/?b=c", &relayed),
            format!("http://a/?b=c&{pairs}#{pairs}&sb=")
        );
    }

    #[test]
    fn the_first_value_counts() {
        let mut answer = Answer::default();
        answer.add(b"state=1&code=a&state=2");
        answer.add(b"code=b&iss=i");
        assert_eq!(
            (answer.state.as_str(), answer.code.as_str(), answer.iss.as_str()),
            ("1", "a", "i")
        );
    }
}
