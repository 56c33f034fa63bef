//! `DELETE /admin/users/{user_id}`: for good, or softly so that references to the user stay valid (auth.md 15.3).

use axum::Json;
use axum::extract::{Path, State as Shared};
use data_encoding::BASE64URL;
use ferrobase_db::Transaction;
use ferrobase_jwt::sha256;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::caller::{Admin, missing_user};
use crate::error::Result;

use crate::request::OptionalBody;
use crate::state::State;
use crate::store::audit::Action;
use crate::store::{one_time_tokens, sessions, users};

/// Longest phone, in characters.
const LONGEST_PHONE: usize = 15;

#[derive(Default, Deserialize)]
pub(in crate::routes) struct DeleteRequest {
    should_soft_delete: Option<bool>,
}

pub(in crate::routes) async fn delete(
    Shared(state): Shared<State>,
    admin: Admin,
    Path(user_id): Path<String>,
    OptionalBody(body): OptionalBody<DeleteRequest>,
) -> Result<Json<Value>> {
    let found = super::find(&state.pool, &user_id).await?;
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    super::audit(&state, &tx, &admin, Action::UserDeleted, &found).await?;
    if body.should_soft_delete.unwrap_or_default() {
        soften(&state, &tx, found.id).await?;
    } else {
        users::delete(&tx, found.id).await?;
    }
    tx.commit().await?;
    Ok(Json(Value::Object(Map::new())))
}

/// Leaves the row, with nothing in it that tells who it was.
async fn soften(state: &State, tx: &Transaction<'_>, id: Uuid) -> Result<()> {
    let mut user = users::lock(tx, id).await?.ok_or_else(missing_user)?;
    if user.deleted_at.is_some() {
        return Ok(());
    }
    user.email = user.email.as_deref().map(|email| obscured(id, email));
    user.phone = user.phone.as_deref().map(|phone| short(&obscured(id, phone)));
    user.email_change = obscured_if_any(id, &user.email_change);
    user.phone_change = short(&obscured_if_any(id, &user.phone_change));
    user.encrypted_password = None;
    user.app_metadata = Map::new();
    user.user_metadata = Map::new();
    user.clear_pending_tokens();
    user.deleted_at = Some(state.now());
    users::save(tx, &mut user, state.now()).await?;
    for (identity, provider_id) in users::identity_ids(tx, id).await? {
        users::empty_identity(tx, identity, &obscured(id, &provider_id), state.now()).await?;
    }
    one_time_tokens::delete_all(tx, id).await?;
    sessions::delete_all(tx, id).await?;
    users::delete_factors(tx, id).await?;
    Ok(())
}

fn obscured(id: Uuid, value: &str) -> String {
    BASE64URL.encode(&sha256(format!("{id}{value}").as_bytes()))
}

fn obscured_if_any(id: Uuid, value: &str) -> String {
    if value.is_empty() {
        String::new()
    } else {
        obscured(id, value)
    }
}

fn short(text: &str) -> String {
    text.chars().take(LONGEST_PHONE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obscured_values_depend_on_the_user() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_ne!(obscured(a, "x"), obscured(b, "x"));
        assert_eq!(short(&obscured(a, "x")).len(), LONGEST_PHONE);
        assert_eq!(obscured_if_any(a, ""), "");
    }
}
