//! `GET /oauth/authorizations/{authorization_id}`: what the consent page shows (auth.md section 16).

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use uuid::Uuid;

use super::{ClientDetails, approve, check_enabled, check_origin, not_found, open_request};
use crate::caller::Authenticated;
use crate::error::Result;
use crate::state::State;
use crate::store::{oauth_authorizations, oauth_clients, oauth_consents};

#[derive(Serialize)]
struct Details {
    authorization_id: String,
    redirect_uri: String,
    client: ClientDetails,
    user: Asked,
    scope: String,
}

#[derive(Serialize)]
struct Asked {
    id: Uuid,
    email: String,
}

/// The first user who looks at a request is the one who is asked. Who allowed all of it before is not asked again.
pub(in crate::routes) async fn show(
    Shared(state): Shared<State>,
    Path(authorization_id): Path<String>,
    headers: HeaderMap,
    caller: Result<Authenticated>,
) -> Result<Response> {
    check_enabled(&state)?;
    let user = caller?.user;
    check_origin(&state, &headers)?;
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let request = open_request(&state, &tx, &authorization_id).await?;
    let client = oauth_clients::find(&tx, request.client_id)
        .await?
        .ok_or_else(not_found)?;
    match request.user_id {
        Some(asked) if asked != user.id => return Err(not_found()),
        Some(_) => {}
        None => {
            oauth_authorizations::set_user(&tx, request.id, user.id).await?;
            let allowed = oauth_consents::scopes(&tx, user.id, client.id).await?;
            if allowed.is_some_and(|allowed| allowed.cover(&request.scopes)) {
                let redirect = approve(&state, &tx, &request).await?;
                tx.commit().await?;
                return Ok(Json(redirect).into_response());
            }
        }
    }
    tx.commit().await?;
    let details = Details {
        authorization_id: request.authorization_id,
        redirect_uri: request.redirect_uri,
        client: client.into(),
        user: Asked {
            id: user.id,
            email: user.email().to_owned(),
        },
        scope: request.scopes.to_string(),
    };
    Ok(Json(details).into_response())
}
