//! `POST /oauth/authorizations/{authorization_id}/consent`: the user decides (auth.md section 16).

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Request, State as Shared};
use ferrobase_db::Executor;
use serde::Deserialize;

use super::{Redirect, approve, check_enabled, check_origin, not_found, open_request, refusal};
use crate::caller::Authenticated;
use crate::error::{AuthError, Result};
use crate::model::authorization::Authorization;
use crate::model::user::User;
use crate::request::Body;
use crate::state::State;
use crate::store::{oauth_authorizations, oauth_consents};

#[derive(Deserialize)]
struct ConsentRequest {
    action: Option<String>,
}

/// Only who looked at the request before may answer it.
pub(in crate::routes) async fn decide(
    Shared(state): Shared<State>,
    Path(authorization_id): Path<String>,
    request: Request,
) -> Result<Json<Redirect>> {
    check_enabled(&state)?;
    let (mut parts, body) = request.into_parts();
    let user = Authenticated::from_request_parts(&mut parts, &state).await?.user;
    check_origin(&state, &parts.headers)?;
    let Body(body) = Body::<ConsentRequest>::from_request(Request::from_parts(parts, body), &state).await?;
    let agrees = match body.action.as_deref() {
        Some("approve") => true,
        Some("deny") => false,
        _ => return Err(AuthError::validation("action must be 'approve' or 'deny'")),
    };
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let request = open_request(&state, &tx, &authorization_id).await?;
    if request.user_id != Some(user.id) {
        return Err(not_found());
    }
    let redirect = if agrees {
        allow(&state, &tx, &user, &request).await?
    } else {
        oauth_authorizations::deny(&tx, request.id).await?;
        Redirect {
            redirect_url: refusal(
                &request.redirect_uri,
                "access_denied",
                "User denied the request",
                request.state.as_deref(),
            ),
        }
    };
    tx.commit().await?;
    Ok(Json(redirect))
}

/// What was allowed before stays allowed: sessions with those scopes may be going on.
async fn allow(state: &State, db: &impl Executor, user: &User, request: &Authorization) -> Result<Redirect> {
    let before = oauth_consents::scopes(db, user.id, request.client_id).await?;
    let scopes = before.unwrap_or_default().with(&request.scopes);
    oauth_consents::grant(
        db,
        state.random.uuid(),
        user.id,
        request.client_id,
        &scopes,
        state.now(),
    )
    .await?;
    approve(state, db, request).await
}
