//! `POST /token?grant_type=refresh_token` (auth.md 5.4, 5.5, 8.2).
//!
//! The common case, a session's current table token with no session limits configured, is one statement. Everything
//! else goes the long way through one transaction with the rules of the original.

use std::time::Duration;

use axum::http::StatusCode;
use ferrobase_db::Executor;
use serde::Deserialize;
use uuid::Uuid;

use crate::error::{AuthError, ErrorCode, Result};
use crate::model::refresh_token::{self, CounterToken, RefreshToken};
use crate::model::session::{Expiry, Session, delta};
use crate::model::user::Time;
use crate::request::RequestInfo;
use crate::sign_in::{Issue, TokenResponse, access_token, highest_aal};
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::refresh::{self, Exchange, Locked, Presented, Refreshed};
use crate::store::sessions;

/// How long a request waits for a token that another request is exchanging.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
const LOCK_PAUSE: Duration = Duration::from_millis(15);

#[derive(Deserialize)]
pub(super) struct RefreshGrant {
    refresh_token: Option<String>,
}

pub(super) async fn exchange(state: &State, info: &RequestInfo, body: RefreshGrant) -> Result<TokenResponse> {
    let token = refresh_token::parse(body.refresh_token.as_deref().unwrap_or_default())
        .ok_or_else(|| AuthError::validation("Refresh token is not valid"))?;
    match token {
        RefreshToken::Table(token) => exchange_table(state, info, &token).await,
        RefreshToken::Counter(token) => exchange_counter(state, info, &token).await,
    }
}

fn not_found() -> AuthError {
    AuthError::bad_request(
        ErrorCode::RefreshTokenNotFound,
        "Invalid Refresh Token: Refresh Token Not Found",
    )
}

fn already_used() -> AuthError {
    AuthError::bad_request(
        ErrorCode::RefreshTokenAlreadyUsed,
        "Invalid Refresh Token: Already Used",
    )
}

async fn exchange_table(state: &State, info: &RequestInfo, token: &str) -> Result<TokenResponse> {
    let next = refresh_token::table_token(&state.random);
    let exchange = Exchange {
        token,
        next: &next,
        user_agent: info.user_agent.as_deref(),
        ip: info.ip,
        now: state.now(),
        audit_ids: state
            .config
            .audit_log_in_database
            .then(|| (state.random.uuid(), state.random.uuid())),
    };
    if is_plain(state)
        && let Some(refreshed) = refresh::rotate(&state.pool.batched(), &exchange).await?
    {
        return respond(state, &state.pool, info, refreshed, next.clone(), exchange.now).await;
    }
    let waited = tokio::time::Instant::now();
    loop {
        match try_table(state, info, &exchange).await? {
            Some(response) => return Ok(response),
            None if waited.elapsed() > LOCK_PATIENCE => {
                return Err(AuthError::refused(
                    StatusCode::CONFLICT,
                    ErrorCode::Conflict,
                    "Too many concurrent token refresh requests on the same session or refresh token",
                ));
            }
            None => tokio::time::sleep(LOCK_PAUSE).await,
        }
    }
}

/// Whether nothing is configured that the one-statement exchange does not know.
fn is_plain(state: &State) -> bool {
    let rules = &state.config.sessions;
    rules.timebox.is_none()
        && rules.inactivity_timeout.is_none()
        && rules.allow_low_aal.is_none()
        && !rules.single_per_user
        && state.config.refresh_tokens.algorithm_version != 2
        && !state.hooks.has_custom_access_token()
}

/// One attempt at the long way; `None` = somebody else holds the token or its session.
async fn try_table(
    state: &State,
    info: &RequestInfo,
    exchange: &Exchange<'_>,
) -> Result<Option<TokenResponse>> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let presented = match refresh::lock_token(&tx, exchange.token).await? {
        Locked::Unknown => return Err(not_found()),
        Locked::Busy => return Ok(None),
        Locked::Held(presented) => presented,
    };
    let Some(session_id) = presented.session_id else {
        return Err(no_session());
    };
    let refreshed = refresh::find(&tx, session_id).await?.ok_or_else(no_session)?;
    check_usable(state, &tx, &refreshed, exchange.now, presented.updated_at).await?;
    let issued = match decide(state, &tx, &presented, exchange, session_id).await? {
        Decision::Rotate => {
            refresh::replace(&tx, &presented, exchange, &refreshed.session).await?;
            write_audit(state, &tx, &refreshed, exchange.now, Action::TokenRevoked).await?;
            exchange.next.to_owned()
        }
        Decision::Return(active) => active,
        Decision::Burn => {
            refresh::revoke_family(&tx, session_id, exchange.now).await?;
            tx.commit().await?;
            return Err(already_used());
        }
        Decision::Refuse => return Err(already_used()),
    };
    refresh::touch_session(&tx, session_id, exchange).await?;
    write_audit(state, &tx, &refreshed, exchange.now, Action::TokenRefreshed).await?;
    let response = respond(state, &tx, info, refreshed, issued, exchange.now).await?;
    tx.commit().await?;
    Ok(Some(response))
}

/// What becomes of a presented table token (auth.md 5.4, steps 2 to 4).
enum Decision {
    Rotate,
    Return(String),
    Burn,
    Refuse,
}

async fn decide(
    state: &State,
    db: &impl Executor,
    presented: &Presented,
    exchange: &Exchange<'_>,
    session_id: Uuid,
) -> Result<Decision> {
    if !presented.revoked {
        return Ok(Decision::Rotate);
    }
    if let Some((active, parent)) = refresh::active_token(db, session_id).await?
        && parent.as_deref() == Some(exchange.token)
    {
        return Ok(Decision::Return(active));
    }
    let rules = &state.config.refresh_tokens;
    let reusable = presented
        .updated_at
        .is_some_and(|used| exchange.now <= used + delta(rules.reuse_interval));
    Ok(
        match (reusable && !rules.reuse_interval.is_zero(), rules.rotation) {
            (true, _) => Decision::Rotate,
            (false, true) => Decision::Burn,
            (false, false) => Decision::Refuse,
        },
    )
}

fn no_session() -> AuthError {
    AuthError::bad_request(
        ErrorCode::SessionNotFound,
        "Invalid Refresh Token: No Valid Session Found",
    )
}

/// Bans and session limits, in the original's order.
async fn check_usable(
    state: &State,
    db: &impl Executor,
    refreshed: &Refreshed,
    now: Time,
    used: Option<Time>,
) -> Result<()> {
    if refreshed.user.is_banned(now) {
        return Err(AuthError::bad_request(
            ErrorCode::UserBanned,
            "Invalid Refresh Token: User Banned",
        ));
    }
    if refresh::is_oauth_session(db, refreshed.session.id).await? {
        return Err(not_found());
    }
    let session = &refreshed.session;
    let rules = &state.config.sessions;
    let last_refresh = used.map_or(session.created_at, |used| used.max(session.created_at));
    if let Some(expiry) = session.expiry(rules, now, last_refresh, highest_aal(&refreshed.user)) {
        return Err(expired(expiry.message()));
    }
    if rules.single_per_user && is_superseded(state, db, session, now, last_refresh).await? {
        return Err(expired(
            "Invalid Refresh Token: Session Expired (Revoked by Newer Login)",
        ));
    }
    Ok(())
}

fn expired(message: &'static str) -> AuthError {
    AuthError::bad_request(ErrorCode::SessionExpired, message)
}

/// Whether another valid session with the same effective tag was refreshed later.
async fn is_superseded(
    state: &State,
    db: &impl Executor,
    session: &Session,
    now: Time,
    last_refresh: Time,
) -> Result<bool> {
    let rules = &state.config.sessions;
    let own = session.refreshed_at.unwrap_or(last_refresh);
    let rivals = refresh::rivals(db, session).await?;
    Ok(rivals.iter().any(|(rival, refreshed)| {
        let refreshed = refreshed.unwrap_or(rival.created_at);
        let valid = matches!(
            rival.expiry(rules, now, refreshed, rival.aal),
            None | Some(Expiry::LowAal)
        );
        valid && rival.effective_tag(rules) == session.effective_tag(rules) && refreshed > own
    }))
}

async fn write_audit(
    state: &State,
    db: &impl Executor,
    refreshed: &Refreshed,
    now: Time,
    action: Action,
) -> Result<()> {
    if state.config.audit_log_in_database {
        refresh::audit(
            db,
            state.random.uuid(),
            &audit::payload(action, &refreshed.user, None),
            now,
        )
        .await?;
    }
    Ok(())
}

async fn respond(
    state: &State,
    db: &impl Executor,
    info: &RequestInfo,
    refreshed: Refreshed,
    refresh_token: String,
    now: Time,
) -> Result<TokenResponse> {
    let issue = Issue {
        session_id: refreshed.session.id,
        created_at: refreshed.session.created_at,
        amr: &refreshed.amr,
        method: "token_refresh",
        ip: info.ip,
        // Such a session is refused here.
        grant: None,
    };
    let access = access_token(state, db, &refreshed.user, &issue, now).await?;
    Ok(TokenResponse::new(access, refresh_token, refreshed.user))
}

/// Counter tokens (auth.md 5.5): no rows, a counter on the session.
async fn exchange_counter(state: &State, info: &RequestInfo, token: &CounterToken) -> Result<TokenResponse> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let now = state.now();
    let locked = refresh::lock_counter(&tx, token.session_id)
        .await?
        .ok_or_else(not_found)?;
    let key = state
        .vault
        .open(token.session_id, &locked.key.ok_or_else(not_found)?)?;
    if !token.is_signed_by(&key) {
        return Err(not_found());
    }
    let refreshed = refresh::find(&tx, token.session_id)
        .await?
        .ok_or_else(not_found)?;
    check_usable(state, &tx, &refreshed, now, None).await?;
    let rules = &state.config.refresh_tokens;
    let behind = locked.counter - token.counter;
    if behind < 0 {
        return Err(AuthError::validation(
            "Invalid Refresh Token: Not Issued By This Server",
        ));
    }
    let last_refresh = refreshed
        .session
        .refreshed_at
        .unwrap_or(refreshed.session.created_at);
    let tolerated = behind <= 1 || rules.allow_reuse || now <= last_refresh + delta(rules.reuse_interval);
    if !tolerated {
        if rules.rotation {
            sessions::delete_one(&tx, refreshed.user.id, token.session_id).await?;
            tx.commit().await?;
        }
        return Err(already_used());
    }
    let counter = if behind == 0 {
        locked.counter + 1
    } else {
        locked.counter
    };
    let next = refresh_token::counter_token(&key, token.session_id, counter)
        .ok_or_else(|| AuthError::failed("could not write a refresh token"))?;
    if behind == 0 {
        refresh::set_counter(&tx, token.session_id, counter).await?;
    }
    let exchange = Exchange {
        token: "",
        next: "",
        user_agent: info.user_agent.as_deref(),
        ip: info.ip,
        now,
        audit_ids: None,
    };
    refresh::touch_session(&tx, token.session_id, &exchange).await?;
    write_audit(state, &tx, &refreshed, now, Action::TokenRefreshed).await?;
    let response = respond(state, &tx, info, refreshed, next, now).await?;
    tx.commit().await?;
    Ok(response)
}
