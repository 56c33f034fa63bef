//! What happens between a provider's answer and the redirect: the code becomes a profile, the profile a user, the user a
//! session or a code. No connection is held while the provider is asked.

use uuid::Uuid;

use super::callback::Answer;
use super::party::Party;
use crate::error::{AuthError, ErrorCode, Result};
use crate::external_account::{self, Arrival, Outcome};
use crate::mail::Notification;
use crate::model::aal::Method;
use crate::model::flow::FlowState;
use crate::model::profile::Profile;
use crate::model::session::delta;
use crate::model::user::User;
use crate::providers::client::{Client, ProviderError, Tokens};
use crate::providers::{apple_name, twitter};
use crate::redirects::{form, with_fragment, with_query};
use crate::request::RequestInfo;
use crate::sign_in::open_session;
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::flow_states::{self, ProviderTokens};
use crate::store::{linking, oauth_client_states};

/// Where the browser goes.
pub(super) async fn receive(
    state: &State,
    info: &RequestInfo,
    flow: &FlowState,
    answer: &Answer,
) -> Result<String> {
    if !answer.error.is_empty() {
        return Err(AuthError::oauth(
            answer.error.clone(),
            answer.error_description.clone(),
        ));
    }
    if flow.user_id.is_some() {
        return Err(already_used());
    }
    let party = Party::find(state, &flow.provider_type).await?;
    check_sender(&party, answer)?;
    let kept = match flow.oauth_client_state_id {
        Some(id) => Some(take_kept(state, flow, id).await?),
        None => None,
    };
    let (profile, tokens) = match &party {
        Party::Known(client) if client.provider.name == "twitter" => {
            ask_twitter(state, client, answer, &kept.unwrap_or_default()).await?
        }
        party => ask(state, party, answer, kept.as_deref()).await?,
    };
    match finish(state, info, flow, &profile, &tokens).await {
        Err(error) if external_account::is_race(&error) => finish(state, info, flow, &profile, &tokens).await,
        other => other,
    }
}

fn already_used() -> AuthError {
    AuthError::bad_request(ErrorCode::FlowStateAlreadyUsed, "State has already been used")
}

/// A provider that says who it is must be the one that the flow began with (RFC 9207).
fn check_sender(party: &Party<'_>, answer: &Answer) -> Result<()> {
    if answer.iss.is_empty() || party.is_sender(&answer.iss) {
        return Ok(());
    }
    Err(AuthError::bad_request(
        ErrorCode::OauthInvalidState,
        "The answer is from another provider",
    ))
}

/// What was kept when the flow began. Taking it makes the state single-use before the provider is asked.
async fn take_kept(state: &State, flow: &FlowState, id: Uuid) -> Result<String> {
    let (provider, kept) = oauth_client_states::take(&state.pool, id).await?.ok_or_else(|| {
        AuthError::unprocessable(
            ErrorCode::OauthClientStateNotFound,
            "OAuth state not found or expired",
        )
    })?;
    if provider != flow.provider_type {
        return Err(AuthError::bad_request(
            ErrorCode::OauthInvalidState,
            "OAuth provider mismatch",
        ));
    }
    Ok(kept)
}

async fn ask(
    state: &State,
    party: &Party<'_>,
    answer: &Answer,
    verifier: Option<&str>,
) -> Result<(Profile, Tokens)> {
    if answer.code.is_empty() {
        return Err(missing_code());
    }
    let tokens = party
        .exchange(&answer.code, verifier)
        .await
        .map_err(not_exchanged)?;
    let mut profile = party.profile(state, &tokens).await.map_err(no_profile)?;
    if party.name() == "apple" && !answer.user.is_empty() {
        profile = apple_name(profile, &answer.user);
    }
    Ok((profile, tokens))
}

async fn ask_twitter(
    state: &State,
    client: &Client<'_>,
    answer: &Answer,
    kept: &str,
) -> Result<(Profile, Tokens)> {
    if answer.oauth_token.is_empty() || answer.oauth_verifier.is_empty() {
        return Err(missing_code());
    }
    let request = twitter::read_pair(kept);
    if request.token != answer.oauth_token {
        return Err(AuthError::bad_request(
            ErrorCode::OauthInvalidState,
            "The request token belongs to another sign-in",
        ));
    }
    let consumer = twitter::Consumer {
        client: *client,
        clock: &state.clock,
        random: &state.random,
    };
    let access = consumer
        .exchange(&request, &answer.oauth_verifier)
        .await
        .map_err(not_exchanged)?;
    consumer.profile(&access).await.map_err(no_profile)
}

fn missing_code() -> AuthError {
    AuthError::bad_request(
        ErrorCode::BadOauthCallback,
        "OAuth callback with missing authorization code missing",
    )
}

/// The causes stay here: they tell of the provider's inner life, and the code is a secret.
#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
fn not_exchanged(error: ProviderError) -> AuthError {
    tracing::warn!(%error, "a provider did not exchange a code");
    AuthError::failed("Unable to exchange external code")
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
fn no_profile(error: ProviderError) -> AuthError {
    tracing::warn!(%error, "a provider did not tell who signed in");
    AuthError::failed("Error getting user profile from external provider")
}

async fn finish(
    state: &State,
    info: &RequestInfo,
    flow: &FlowState,
    profile: &Profile,
    tokens: &Tokens,
) -> Result<String> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    // Of two callbacks with one state the second finds the flow used or gone.
    let fresh = flow_states::lock_by_id(&tx, flow.id).await?;
    if fresh.is_none_or(|flow| flow.user_id.is_some()) {
        return Err(already_used());
    }
    let arrival = Arrival {
        state,
        tx: &tx,
        info,
        provider: &flow.provider_type,
        profile,
        email_optional: flow.email_optional,
    };
    let outcome = match (flow.linking_target_id, &flow.invite_token) {
        (Some(target), _) => external_account::link(&arrival, target).await?,
        (None, Some(token)) => {
            let since = state.now() - delta(state.config.email.otp_expiry);
            let invited = linking::invited(&tx, token, since).await?;
            external_account::accept(&arrival, invited).await?
        }
        (None, None) => external_account::sign_in(&arrival).await?,
    };
    let (user, is_new) = match outcome {
        Outcome::SignedIn { user, is_new } => (*user, is_new),
        Outcome::Refused(refusal) => {
            flow_states::delete(&tx, flow.id).await?;
            tx.commit().await?;
            return Err(refusal);
        }
    };
    let told = flow.linking_target_id.map(|_| user.to_value());
    let location = if flow.is_pkce() {
        let location = issue_code(state, &tx, flow, &user, tokens).await?;
        tx.commit().await?;
        location
    } else {
        let traits = serde_json::json!({ "provider": flow.provider_type });
        let login = (!is_new).then(|| audit::payload(Action::Login, &user, Some(traits)));
        let response = open_session(state, &tx, user, Method::OAuth, info, login)
            .await?
            .with_provider_tokens(Some(tokens.access.clone()), tokens.refresh.clone());
        flow_states::delete(&tx, flow.id).await?;
        tx.commit().await?;
        with_fragment(&info.redirect_to, &response.fragment(None))
    };
    if let Some(user) = told {
        let provider = flow.provider_type.as_str();
        state
            .mailer
            .notify(&user, Notification::IdentityLinked { provider })
            .await;
    }
    Ok(location)
}

/// The flow waits for its code to be exchanged.
async fn issue_code(
    state: &State,
    tx: &ferrobase_db::Transaction<'_>,
    flow: &FlowState,
    user: &User,
    tokens: &Tokens,
) -> Result<String> {
    let given = ProviderTokens {
        access: Some(tokens.access.as_str()),
        refresh: tokens.refresh.as_deref(),
    };
    flow_states::complete(tx, flow.id, user.id, given, state.now()).await?;
    let code = flow.auth_code.as_deref().unwrap_or_default();
    let target = flow.referrer.as_deref().unwrap_or_default();
    Ok(with_query(target, &form(&[("code", code)])))
}
