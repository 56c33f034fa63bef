//! Lifting a session to aal2: what every successful second factor does (auth.md 6.3, success).

use std::net::IpAddr;

use ferrobase_db::{Executor, Transaction};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::caller;
use crate::error::{AuthError, Result};
use crate::model::factor::Factor;
use crate::model::refresh_token;
use crate::model::session::Session;
use crate::model::user::{Time, User};
use crate::sign_in::{Issue, TokenResponse, access_token};
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::verification::{self, Loaded, Success};
use crate::store::{sessions, users};

/// A proven factor.
#[derive(Debug)]
pub struct StepUp<'a> {
    /// The factor.
    pub factor: &'a Factor,
    /// The challenge that was answered, if the kind has challenges.
    pub challenge_id: Option<Uuid>,
    /// Whether the challenge row goes instead of being marked.
    pub delete_challenge: bool,
    /// The TOTP step to remember.
    pub step: Option<i64>,
    /// Client address.
    pub ip: IpAddr,
    /// Time of the proof.
    pub now: Time,
    /// Details for the audit row.
    pub traits: Value,
}

/// Writes the success, commits, and answers with new tokens of the same session. `None`: the challenge or the code was
/// used up by somebody else meanwhile; nothing but that was written.
pub async fn lift(
    state: &State,
    tx: Transaction<'_>,
    loaded: Loaded,
    step_up: StepUp<'_>,
) -> Result<Option<TokenResponse>> {
    let Loaded {
        mut user,
        session,
        counter_key,
        counter,
        amr,
        ..
    } = loaded;
    let session = session.ok_or_else(caller::missing_session)?;
    let refresh_token = match counter_key {
        None => refresh_token::table_token(&state.random),
        Some(key) => {
            refresh_token::counter_token(&state.vault.open(session.id, &key)?, session.id, counter + 2)
                .ok_or_else(|| AuthError::failed("could not write a refresh token"))?
        }
    };
    let is_counter = refresh_token.len() != 12;
    let action = match step_up.challenge_id {
        Some(_) => Action::VerificationAttempted,
        None => Action::RecoveryCodesVerified,
    };
    let success = Success {
        user_id: user.id,
        session_id: session.id,
        factor_id: step_up.factor.id,
        factor_type: step_up.factor.factor_type,
        challenge_id: step_up.challenge_id,
        delete_challenge: step_up.delete_challenge,
        step: step_up.step,
        refresh_token: (!is_counter).then_some(refresh_token.as_str()),
        amr_id: state.random.uuid(),
        audit: state.config.audit_log_in_database.then(|| {
            (
                state.random.uuid(),
                audit::payload(action, &user, Some(step_up.traits)),
            )
        }),
        ip: step_up.ip,
        now: step_up.now,
    };
    let method = step_up.factor.factor_type.method().as_str();
    let answer = Answer {
        state,
        session: &session,
        method,
        ip: step_up.ip,
        now: step_up.now,
    };
    // A factor that was verified before changes nothing that the user object shows; otherwise it is read anew.
    if step_up.factor.verified && !state.hooks.has_custom_access_token() {
        // Nothing is left to read: the commit travels with the statement.
        if !verification::complete(&tx.last(), &success).await? {
            return Ok(None);
        }
        let amr = with_method(&amr, method, step_up.now)?;
        let response = answer
            .put_together(&state.pool, user, &amr, refresh_token)
            .await?;
        return Ok(Some(response));
    }
    if !verification::complete(&tx, &success).await? {
        tx.commit().await?;
        return Ok(None);
    }
    user = users::find(&tx, user.id)
        .await?
        .ok_or_else(caller::missing_user)?;
    let amr = sessions::amr(&tx, session.id).await?;
    let response = answer.put_together(&tx, user, &amr, refresh_token).await?;
    tx.commit().await?;
    Ok(Some(response))
}

/// What every answer to a successful verification is made of.
struct Answer<'a> {
    state: &'a State,
    session: &'a Session,
    method: &'a str,
    ip: IpAddr,
    now: Time,
}

impl Answer<'_> {
    async fn put_together(
        &self,
        db: &impl Executor,
        user: User,
        amr: &RawValue,
        refresh_token: String,
    ) -> Result<TokenResponse> {
        let issue = Issue {
            session_id: self.session.id,
            created_at: self.session.created_at,
            amr,
            method: self.method,
            ip: self.ip,
            grant: None,
        };
        let access = access_token(self.state, db, &user, &issue, self.now).await?;
        Ok(TokenResponse::new(access, refresh_token, user))
    }
}

/// The `amr` claim with `method` renewed: newest first.
fn with_method(amr: &RawValue, method: &str, now: Time) -> Result<Box<RawValue>> {
    let mut entries: Vec<Value> = serde_json::from_str(amr.get()).unwrap_or_default();
    entries.retain(|entry| entry["method"] != method);
    entries.insert(
        0,
        serde_json::json!({ "method": method, "timestamp": now.timestamp() }),
    );
    serde_json::value::to_raw_value(&entries).map_err(AuthError::internal)
}
