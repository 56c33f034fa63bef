//! The `web3` grant: a wallet has signed a message that names this app (auth.md 8.5, 17.2).

use axum::extract::{FromRequest, Request};
use chrono::TimeDelta;
use ferrobase_db::Transaction;
use ferrobase_jwt::sha256;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::captcha::Solved;
use crate::error::{AuthError, ErrorCode, Result};
use crate::external_account::{self, Arrival, Outcome};
use crate::model::aal::Method;
use crate::model::profile::Profile;
use crate::model::redirect::is_allowed;
use crate::model::session::delta;
use crate::model::web3::{self, Chain, Message};
use crate::request::RequestInfo;
use crate::sign_in::{TokenResponse, open_session};
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::{identities, single_use};

/// Provider of the identities.
const PROVIDER: &str = "web3";
/// What is used once.
const KIND: &str = "web3_message";

#[derive(Deserialize)]
struct Web3Grant {
    chain: Option<String>,
    message: Option<String>,
    signature: Option<String>,
}

/// A message that its owner has signed for this server.
struct Proved {
    message: Message,
    /// The message's name in the table of what was used.
    digest: Vec<u8>,
    /// When it is too old for everybody.
    worthless_at: crate::model::user::Time,
}

/// Signs in, or up.
pub(super) async fn grant(state: &State, info: &RequestInfo, request: Request) -> Result<TokenResponse> {
    let config = &state.config.web3;
    if config.solana.is_none() && config.ethereum.is_none() {
        return Err(disabled("Web3 provider is disabled".to_owned()));
    }
    let Solved(body) = Solved::<Web3Grant>::from_request(request, state).await?;
    let proved = judge(state, &body)?;
    match finish(state, info, &proved).await {
        Err(error) if external_account::is_race(&error) => finish(state, info, &proved).await,
        other => other,
    }
}

fn disabled(message: String) -> AuthError {
    AuthError::unprocessable(ErrorCode::Web3ProviderDisabled, message)
}

fn invalid(description: String) -> AuthError {
    AuthError::oauth("invalid_grant", description)
}

/// Everything that needs no database: syntax, signature, destination, time.
fn judge(state: &State, body: &Web3Grant) -> Result<Proved> {
    let text = |value: &'_ Option<String>| value.clone().unwrap_or_default();
    let Some(chain) = Chain::parse(&text(&body.chain)) else {
        return Err(AuthError::bad_request(
            ErrorCode::Web3UnsupportedChain,
            "Unsupported chain",
        ));
    };
    let Some(validity) = state.config.web3.validity(chain) else {
        return Err(disabled(format!("{} Web3 provider is disabled", chain.name())));
    };
    let raw = text(&body.message);
    Chain::check_length(&raw).map_err(AuthError::validation)?;
    let signature = chain
        .signature(&text(&body.signature))
        .map_err(AuthError::validation)?;
    let message = chain
        .message(&raw)
        .map_err(|error| AuthError::validation(error.to_string()))?;
    if !signature.is_by_owner(&message, &raw) {
        return Err(invalid("Signature does not match address in message".to_owned()));
    }
    check_destination(state, &message)?;
    message.check_time(state.now(), validity).map_err(invalid)?;
    // Not the signature, of which there may be several.
    let digest = sha256(format!("{}\0{}\0{raw}", chain.as_str(), message.address).as_bytes());
    Ok(Proved {
        digest: digest.to_vec(),
        worthless_at: message.issued_at + delta(validity) + TimeDelta::seconds(1),
        message,
    })
}

/// The message must have been signed for an app of this project. A page elsewhere can ask for any text, but the wallet
/// shows, and checks, the domain in the first line; so that one has to lead here as well, also on localhost, where the
/// original does not look at it.
fn check_destination(state: &State, message: &Message) -> Result<()> {
    let chain = message.chain.name();
    let is_local = message.is_on_localhost();
    if !message.is_https() && !is_local {
        return Err(invalid(format!(
            "Signed {chain} message is using URI which does not use HTTPS"
        )));
    }
    if !is_allowed(&state.config, &message.uri) {
        return Err(invalid(format!(
            "Signed {chain} message is using URI which is not allowed on this server, message was signed for another app"
        )));
    }
    let domain_is_ours = is_local || is_allowed(&state.config, &format!("https://{}/", message.domain));
    if message.uri_authority() != message.domain || !domain_is_ours {
        return Err(invalid(format!(
            "Signed {chain} message is using a Domain that does not match the one in URI which is not allowed on this server"
        )));
    }
    Ok(())
}

async fn finish(state: &State, info: &RequestInfo, proved: &Proved) -> Result<TokenResponse> {
    let message = &proved.message;
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    // Part of the transaction: a message is spent when it has opened a session. Of two that come at once the second waits.
    if !single_use::consume(&tx, KIND, &proved.digest, proved.worthless_at).await? {
        let chain = message.chain.name();
        return Err(invalid(format!("Signed {chain} message was used before")));
    }
    let profile = profile(message, &subject(&tx, message).await?);
    let arrival = Arrival {
        state,
        tx: &tx,
        info,
        provider: PROVIDER,
        profile: &profile,
        email_optional: true,
    };
    let user = match external_account::sign_in(&arrival).await? {
        Outcome::SignedIn { user, .. } => *user,
        Outcome::Refused(refusal) => {
            tx.commit().await?;
            return Err(refusal);
        }
    };
    let login = audit::payload(Action::Login, &user, Some(traits(message)));
    let response = open_session(state, &tx, user, Method::Web3, info, Some(login)).await?;
    tx.commit().await?;
    Ok(response)
}

/// `web3:<chain>:<address>`. Older versions of the original kept Ethereum's addresses in mixed case: who came with one of
/// their dumps stays who they are.
async fn subject(tx: &Transaction<'_>, message: &Message) -> Result<String> {
    let named = |address: &str| format!("{PROVIDER}:{}:{address}", message.chain.as_str());
    let subject = named(&message.address);
    if message.chain == Chain::Solana {
        return Ok(subject);
    }
    let older = named(&web3::checksummed(&message.address));
    let known = identities::known_subject(tx, PROVIDER, [&subject, &older]).await?;
    Ok(known.to_owned())
}

fn profile(message: &Message, subject: &str) -> Profile {
    let custom = [
        ("address", Some(message.address.as_str())),
        ("chain", Some(message.chain.as_str())),
        ("network", message.network.as_deref()),
        ("domain", Some(message.domain.as_str())),
        ("statement", message.statement.as_deref()),
    ];
    custom
        .into_iter()
        .fold(Profile::new("", subject), |profile, (name, value)| {
            profile.with_custom(name, value.map(Value::from).as_ref())
        })
}

fn traits(message: &Message) -> Value {
    json!({
        "provider": PROVIDER, "chain": message.chain.as_str(), "network": message.network, "address": message.address,
        "domain": message.domain, "uri": message.uri,
    })
}
