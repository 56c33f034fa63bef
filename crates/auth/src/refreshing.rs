//! Exchanging refresh tokens (auth.md 5.4, 5.5, 8.2), for apps and for clients of our OAuth server (section 16).
//!
//! The common case, a session's current table token with no session limits configured, is one statement. Everything
//! else goes the long way through one transaction with the rules of the original.

use std::time::Duration;

use axum::http::StatusCode;
use ferrobase_db::Executor;
use uuid::Uuid;

use crate::error::{AuthError, ErrorCode, Result};
use crate::model::refresh_token::{self, CounterToken, RefreshToken};
use crate::model::scopes::Scopes;
use crate::model::session::{Expiry, Grant, Session, delta};
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

/// Who presents a refresh token.
#[derive(Debug, Clone)]
pub enum Presenter {
    /// The project's own app.
    App,
    /// A client of our OAuth server, which has shown who it is.
    Client {
        /// Its id.
        id: Uuid,
        /// What the new access token shall be good for, if that is less than the user granted (RFC 6749 §6).
        scopes: Option<Scopes>,
    },
}

/// Exchanges a refresh token for new tokens of its session. A token only works for whom it was made for.
pub async fn exchange(
    state: &State,
    info: &RequestInfo,
    token: &str,
    by: &Presenter,
) -> Result<TokenResponse> {
    let token =
        refresh_token::parse(token).ok_or_else(|| AuthError::validation("Refresh token is not valid"))?;
    match token {
        RefreshToken::Table(token) => exchange_table(state, info, &token, by).await,
        RefreshToken::Counter(token) => exchange_counter(state, info, &token, by).await,
    }
}

/// The grant that the new access token is for: none for the app's own sessions.
async fn grant_for(db: &impl Executor, session_id: Uuid, by: &Presenter) -> Result<Option<Grant>> {
    let invalid_client = |why: &'static str| AuthError::oauth("invalid_client", why);
    match (refresh::grant(db, session_id).await?, by) {
        (None, Presenter::App) => Ok(None),
        (Some(_), Presenter::App) => Err(invalid_client("Client authentication required for OAuth session")),
        (None, Presenter::Client { .. }) => Err(invalid_client(
            "Client authentication not allowed for non-OAuth session",
        )),
        (Some(grant), Presenter::Client { id, .. }) if grant.client_id != *id => {
            Err(invalid_client("Client does not match the session's OAuth client"))
        }
        (Some(grant), Presenter::Client { scopes: None, .. }) => Ok(Some(grant)),
        (
            Some(grant),
            Presenter::Client {
                scopes: Some(wanted), ..
            },
        ) => {
            if !Scopes::known_in(&grant.scopes).cover(wanted) {
                return Err(AuthError::oauth(
                    "invalid_scope",
                    "The requested scope exceeds the scope granted by the user",
                ));
            }
            Ok(Some(Grant {
                scopes: wanted.to_string(),
                ..grant
            }))
        }
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

async fn exchange_table(
    state: &State,
    info: &RequestInfo,
    token: &str,
    by: &Presenter,
) -> Result<TokenResponse> {
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
    if matches!(by, Presenter::App)
        && is_plain(state)
        && let Some(refreshed) = refresh::rotate(&state.pool.batched(), &exchange).await?
    {
        let issue = Issued {
            refreshed,
            refresh_token: next.clone(),
            grant: None,
            now: exchange.now,
        };
        return respond(state, &state.pool, info, issue).await;
    }
    let waited = tokio::time::Instant::now();
    loop {
        match try_table(state, info, &exchange, by).await? {
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
    by: &Presenter,
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
    let grant = grant_for(&tx, session_id, by).await?;
    check_usable(state, &tx, &refreshed, exchange.now, presented.updated_at).await?;
    let refresh_token = match decide(state, &tx, &presented, exchange, session_id).await? {
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
    let issued = Issued {
        refreshed,
        refresh_token,
        grant,
        now: exchange.now,
    };
    let response = respond(state, &tx, info, issued).await?;
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

/// What an exchange comes to.
struct Issued {
    refreshed: Refreshed,
    refresh_token: String,
    grant: Option<Grant>,
    now: Time,
}

async fn respond(
    state: &State,
    db: &impl Executor,
    info: &RequestInfo,
    issued: Issued,
) -> Result<TokenResponse> {
    let refreshed = issued.refreshed;
    let issue = Issue {
        session_id: refreshed.session.id,
        created_at: refreshed.session.created_at,
        amr: &refreshed.amr,
        method: "token_refresh",
        ip: info.ip,
        grant: issued.grant.as_ref(),
    };
    let access = access_token(state, db, &refreshed.user, &issue, issued.now).await?;
    Ok(TokenResponse::new(access, issued.refresh_token, refreshed.user))
}

/// Counter tokens (auth.md 5.5): no rows, a counter on the session.
async fn exchange_counter(
    state: &State,
    info: &RequestInfo,
    token: &CounterToken,
    by: &Presenter,
) -> Result<TokenResponse> {
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
    let grant = grant_for(&tx, token.session_id, by).await?;
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
    let issued = Issued {
        refreshed,
        refresh_token: next,
        grant,
        now,
    };
    let response = respond(state, &tx, info, issued).await?;
    tx.commit().await?;
    Ok(response)
}
