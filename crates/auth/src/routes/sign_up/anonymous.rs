//! A sign-up without any address (auth.md 7.2).

use axum::http::HeaderMap;
use serde_json::{Map, Value};

use crate::error::{AuthError, ErrorCode, Result};
use crate::limits::Limited;
use crate::model::aal::Method;
use crate::model::user::User;
use crate::new_user;
use crate::request::RequestInfo;
use crate::sign_in::{TokenResponse, open_session};
use crate::state::State;
use crate::store::audit::{self, Action};

pub(super) async fn create(
    state: &State,
    headers: &HeaderMap,
    info: &RequestInfo,
    data: Map<String, Value>,
) -> Result<TokenResponse> {
    let config = &state.config;
    if !config.anonymous_enabled {
        let message = "Anonymous sign-ins are disabled";
        return Err(AuthError::unprocessable(
            ErrorCode::AnonymousProviderDisabled,
            message,
        ));
    }
    if !config.signup_enabled {
        return Err(super::signup::disabled());
    }
    state.limits.check(Limited::Anonymous, headers)?;
    let mut user = User::new(
        state.random.uuid(),
        &info.audience,
        &config.default_role,
        state.now(),
    );
    user.is_anonymous = true;
    user.user_metadata = data;
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    new_user::store(state, &tx, &mut user, &[], info.ip).await?;
    let audit = audit::payload(Action::UserSignedUp, &user, None);
    let response = open_session(state, &tx, user, Method::Anonymous, info, Some(audit)).await?;
    tx.commit().await?;
    Ok(response)
}
