//! `POST /logout?scope=global|local|others` (auth.md section 11).

use axum::extract::{FromRequestParts, Request, State as Shared};
use axum::http::StatusCode;

use crate::caller::UserOrClient;
use crate::error::{AuthError, Result};
use crate::request::query_value;
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::sessions;

enum Scope {
    Global,
    Local,
    Others,
}

pub(in crate::routes) async fn end(Shared(state): Shared<State>, request: Request) -> Result<StatusCode> {
    let (mut parts, _) = request.into_parts();
    let UserOrClient(caller) = UserOrClient::from_request_parts(&mut parts, &state).await?;
    let scope = match query_value(&parts, "scope").as_deref() {
        None | Some("" | "global") => Scope::Global,
        Some("local") => Scope::Local,
        Some("others") => Scope::Others,
        Some(other) => {
            return Err(AuthError::validation(format!(
                "Unsupported logout scope {other:?}"
            )));
        }
    };
    let user_id = caller.user.id;
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    match (scope, &caller.session, caller.bearer.oauth_client()) {
        (Scope::Local, Some(session), _) => sessions::delete_one(&tx, user_id, session.id).await?,
        // A third party ends what is its own.
        (Scope::Others, Some(session), Some(client)) => {
            sessions::delete_of_client(&tx, user_id, client, Some(session.id)).await?
        }
        (_, _, Some(client)) => sessions::delete_of_client(&tx, user_id, client, None).await?,
        (Scope::Others, Some(session), None) => sessions::delete_others(&tx, user_id, session.id).await?,
        (Scope::Global, _, None) | (_, None, None) => sessions::delete_all(&tx, user_id).await?,
    };
    state
        .audit(&tx, &audit::payload(Action::Logout, &caller.user, None), None)
        .await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
