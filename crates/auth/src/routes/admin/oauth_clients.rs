//! `/admin/oauth/clients`: the clients of our OAuth server (auth.md section 16).

use ferrobase_db::Executor;
use uuid::Uuid;

use crate::error::{AuthError, ErrorCode, Result};
use crate::model::oauth_client::OAuthClient;
use crate::store::oauth_clients;

pub(in crate::routes) mod create;
pub(in crate::routes) mod delete;
pub(in crate::routes) mod list;
pub(in crate::routes) mod regenerate;
pub(in crate::routes) mod show;
pub(in crate::routes) mod update;

fn id(client_id: &str) -> Result<Uuid> {
    Uuid::parse_str(client_id).map_err(|_| AuthError::validation("invalid client_id format"))
}

/// The client, locked until the transaction ends.
async fn lock(db: &impl Executor, client_id: &str) -> Result<OAuthClient> {
    oauth_clients::lock(db, id(client_id)?)
        .await?
        .ok_or_else(not_found)
}

fn not_found() -> AuthError {
    AuthError::not_found(ErrorCode::OauthClientNotFound, "OAuth client not found")
}
