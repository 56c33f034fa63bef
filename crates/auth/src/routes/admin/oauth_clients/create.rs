//! `POST /admin/oauth/clients`: registers a client (auth.md section 16).

use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;

use crate::caller::Admin;
use crate::error::Result;
use crate::model::oauth_client::Registration;
use crate::request::Body;
use crate::routes::oauth::{Registered, check_enabled, register};
use crate::state::State;

pub(in crate::routes) async fn create(
    Shared(state): Shared<State>,
    _: Admin,
    body: Result<Body<Registration>>,
) -> Result<(StatusCode, Json<Registered>)> {
    check_enabled(&state)?;
    let Body(registration) = body?;
    let registered = register(&state, registration, "manual").await?;
    Ok((StatusCode::CREATED, Json(registered)))
}
