//! Who calls (auth.md 1.1 and 1.2).
//!
//! [`Bearer`] checks the token alone; [`Authenticated`] also loads the user and the session, in one round trip;
//! [`Admin`] wants an administrator's role. Endpoints that are hot take [`Bearer`] and join the same checks into
//! their own statement, answering with [`missing_user`], [`missing_session`] and [`banned`].
//!
//! A client of our OAuth server acts for a user within what the user granted it: it may look at the user and end its own
//! sessions, nothing else of this service (auth.md section 16). So these three refuse its tokens; an endpoint that is open
//! to it takes [`UserOrClient`].

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use ferrobase_http::TokenState;
use ferrobase_jwt::{Claims, JwtError};
use uuid::Uuid;

use crate::error::{AuthError, ErrorCode, Result};
use crate::model::session::Session;
use crate::model::user::User;
use crate::request::token_state;
use crate::sign_in::highest_aal;
use crate::state::State;
use crate::store;

/// A verified user token.
#[derive(Debug, Clone)]
pub struct Bearer {
    /// `sub`.
    pub user_id: Uuid,
    /// `session_id`, if the token has a real one.
    pub session_id: Option<Uuid>,
    /// All claims.
    pub claims: Arc<Claims>,
}

impl Bearer {
    /// The client of our OAuth server that holds the token; `None` = the project's own app.
    pub fn oauth_client(&self) -> Option<Uuid> {
        oauth_client(&self.claims)
    }

    /// Refuses anonymous users where the original does (auth.md section 6).
    pub fn refuse_anonymous(&self) -> Result<()> {
        if self.claims.is_anonymous() {
            return Err(AuthError::forbidden(
                ErrorCode::NoAuthorization,
                "Anonymous user not allowed to perform these actions",
            ));
        }
        Ok(())
    }
}

impl FromRequestParts<State> for Bearer {
    type Rejection = AuthError;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self> {
        let bearer = Self::of_anyone(parts)?;
        if bearer.oauth_client().is_some() {
            return Err(AuthError::forbidden(
                ErrorCode::NoAuthorization,
                "OAuth clients are not allowed to perform these actions",
            ));
        }
        Ok(bearer)
    }
}

impl Bearer {
    /// The token, whoever holds it.
    fn of_anyone(parts: &Parts) -> Result<Self> {
        let claims = verified(parts)?;
        let bad_jwt = |message| AuthError::forbidden(ErrorCode::BadJwt, message);
        let sub = claims
            .sub()
            .filter(|sub| !sub.is_empty())
            .ok_or_else(|| bad_jwt("invalid claim: missing sub claim"))?;
        let user_id = Uuid::parse_str(sub).map_err(|_| {
            AuthError::bad_request(ErrorCode::BadJwt, "invalid claim: sub claim must be a UUID")
        })?;
        let session_id = match claims.session_id().filter(|id| !id.is_empty()) {
            None => None,
            Some(id) => Some(
                Uuid::parse_str(id).map_err(|_| bad_jwt("invalid claim: session_id claim must be a UUID"))?,
            ),
        };
        Ok(Self {
            user_id,
            session_id: session_id.filter(|id| !id.is_nil()),
            claims,
        })
    }
}

/// The calling user, freshly loaded.
#[derive(Debug, Clone)]
pub struct Authenticated {
    /// The user with identities and factors.
    pub user: User,
    /// The session the token belongs to.
    pub session: Option<Session>,
    /// The token.
    pub bearer: Bearer,
}

impl FromRequestParts<State> for Authenticated {
    type Rejection = AuthError;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self> {
        let bearer = Bearer::from_request_parts(parts, state).await?;
        Self::of(bearer, state).await
    }
}

/// A user, or a client of our OAuth server for them.
#[derive(Debug, Clone)]
pub struct UserOrClient(pub Authenticated);

impl FromRequestParts<State> for UserOrClient {
    type Rejection = AuthError;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self> {
        let bearer = Bearer::of_anyone(parts)?;
        // Without a session nothing would end the token with the user's consent.
        if bearer.oauth_client().is_some() && bearer.session_id.is_none() {
            return Err(missing_session());
        }
        Authenticated::of(bearer, state).await.map(Self)
    }
}

impl Authenticated {
    async fn of(bearer: Bearer, state: &State) -> Result<Self> {
        let (user, session) =
            store::users::find_with_session(&state.pool.reads(), bearer.user_id, bearer.session_id)
                .await?
                .ok_or_else(missing_user)?;
        if bearer.session_id.is_some() && session.is_none() {
            return Err(missing_session());
        }
        if user.is_banned(state.now()) {
            return Err(banned());
        }
        Ok(Self {
            user,
            session,
            bearer,
        })
    }
}

/// An administrator: a token whose role is one of the configured admin roles.
#[derive(Debug, Clone)]
pub struct Admin {
    /// All claims.
    pub claims: Arc<Claims>,
}

impl FromRequestParts<State> for Admin {
    type Rejection = AuthError;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self> {
        let claims = verified(parts)?;
        let is_admin = claims
            .role()
            .is_some_and(|role| state.config.admin_roles.iter().any(|admin| admin == role));
        if !is_admin || oauth_client(&claims).is_some() {
            return Err(AuthError::forbidden(ErrorCode::NotAdmin, "User not allowed"));
        }
        check_session(state, &claims).await?;
        Ok(Self { claims })
    }
}

/// An administrator who signed in is one only as long as the session lasts; the project's keys have none.
async fn check_session(state: &State, claims: &Claims) -> Result<()> {
    let Some(id) = claims.session_id().filter(|id| !id.is_empty()) else {
        return Ok(());
    };
    let over = || AuthError::forbidden(ErrorCode::SessionExpired, "Session is no longer valid");
    let id = Uuid::parse_str(id).map_err(|_| over())?;
    if id.is_nil() {
        return Ok(());
    }
    let user_id = claims
        .sub()
        .and_then(|sub| Uuid::parse_str(sub).ok())
        .ok_or_else(over)?;
    let found = store::users::find_with_session(&state.pool.reads(), user_id, Some(id)).await?;
    let Some((user, Some(session))) = found else {
        return Err(over());
    };
    let (rules, now) = (&state.config.sessions, state.now());
    match session.expiry(rules, now, session.created_at, highest_aal(&user)) {
        Some(_) => Err(over()),
        None => Ok(()),
    }
}

/// The client in a token that our OAuth server made. A hook may add claims of these names to other tokens, but hardly both.
fn oauth_client(claims: &Claims) -> Option<Uuid> {
    claims.str("scope")?;
    Uuid::parse_str(claims.str("client_id")?).ok()
}

fn verified(parts: &Parts) -> Result<Arc<Claims>> {
    match token_state(parts) {
        TokenState::Valid { claims, .. } => Ok(claims),
        TokenState::None => Err(AuthError::unauthorized(
            ErrorCode::NoAuthorization,
            "This endpoint requires a valid Bearer token",
        )),
        TokenState::Invalid(error) => Err(unverifiable(error)),
        // Whom others know is no user of ours.
        TokenState::Foreign { .. } => Err(unverifiable(JwtError::UnknownKey)),
    }
}

fn unverifiable(error: JwtError) -> AuthError {
    AuthError::forbidden(
        ErrorCode::BadJwt,
        format!("invalid JWT: unable to parse or verify signature, {error}"),
    )
}

/// The token's user does not exist.
pub fn missing_user() -> AuthError {
    AuthError::forbidden(
        ErrorCode::UserNotFound,
        "User from sub claim in JWT does not exist",
    )
}

/// The token's session does not exist.
pub fn missing_session() -> AuthError {
    AuthError::forbidden(
        ErrorCode::SessionNotFound,
        "Session from session_id claim in JWT does not exist",
    )
}

/// The user is banned.
pub fn banned() -> AuthError {
    AuthError::forbidden(ErrorCode::UserBanned, "User is banned")
}

/// A path segment that must be a UUID (auth.md section 3: 404 `validation_failed`).
pub fn path_uuid(raw: &str, name: &str) -> Result<Uuid> {
    Uuid::parse_str(raw).map_err(|_| {
        AuthError::refused(
            StatusCode::NOT_FOUND,
            ErrorCode::ValidationFailed,
            format!("{name} must be an UUID"),
        )
    })
}
