//! `GET|POST /oauth/userinfo`: what the token's scopes tell of the user (auth.md section 16; OpenID Connect Core §5.3).

use axum::Json;
use axum::extract::State as Shared;
use serde_json::{Map, Value};

use super::check_enabled;
use crate::caller::UserOrClient;
use crate::error::Result;
use crate::model::scoped_claims;
use crate::model::scopes::Scopes;
use crate::state::State;

/// A token of the project's own app has no scopes: it tells who the user is, no more.
pub(in crate::routes) async fn show(
    Shared(state): Shared<State>,
    caller: Result<UserOrClient>,
) -> Result<Json<Map<String, Value>>> {
    check_enabled(&state)?;
    let UserOrClient(caller) = caller?;
    let scopes = match caller.bearer.oauth_client() {
        Some(_) => Scopes::known_in(caller.bearer.claims.str("scope").unwrap_or_default()),
        None => Scopes::default(),
    };
    Ok(Json(scoped_claims::of_userinfo(&caller.user, &scopes)))
}
