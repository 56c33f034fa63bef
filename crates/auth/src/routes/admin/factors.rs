//! `/admin/users/{user_id}/factors` (auth.md 6.5): list, change and remove a user's factors.

use axum::Json;
use axum::extract::{Path, State as Shared};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::caller::{Admin, path_uuid};
use crate::error::{AuthError, ErrorCode, Result};
use crate::model::address;
use crate::model::factor::{Factor, FactorType};
use crate::model::user::User;
use crate::request::Body;
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::{factors, users};

/// A bare array.
pub(in crate::routes) async fn list(
    Shared(state): Shared<State>,
    _: Admin,
    Path(user_id): Path<String>,
) -> Result<Json<Box<RawValue>>> {
    let user = find_user(&state, &user_id).await?;
    Ok(Json(user.factors.unwrap_or_else(|| {
        RawValue::from_string("[]".to_owned()).unwrap_or_default()
    })))
}

#[derive(Deserialize)]
pub(in crate::routes) struct FactorChanges {
    friendly_name: Option<String>,
    phone: Option<String>,
}

/// Name of any factor, number of a phone factor.
pub(in crate::routes) async fn update(
    Shared(state): Shared<State>,
    admin: Admin,
    Path((user_id, factor_id)): Path<(String, String)>,
    Body(changes): Body<FactorChanges>,
) -> Result<Json<Box<RawValue>>> {
    let user = find_user(&state, &user_id).await?;
    let factor = find_factor(&state, &user, &factor_id).await?;
    let phone = match changes.phone.as_deref().filter(|phone| !phone.is_empty()) {
        Some(phone) if factor.factor_type == FactorType::Phone => Some(address::phone(phone)?),
        _ => None,
    };
    let name = changes.friendly_name.as_deref().filter(|name| !name.is_empty());
    let now = state.now();
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    factors::update(&tx, factor.id, name, phone.as_deref(), now)
        .await
        .map_err(AuthError::database("Database error updating factor"))?;
    if state.config.audit_log_in_database {
        let traits =
            json!({ "user_id": user.id, "factor_id": factor.id, "factor_type": factor.factor_type.as_str() });
        let payload = audit::admin_payload(
            Action::FactorUpdated,
            admin.claims.role().unwrap_or_default(),
            Some(traits),
        );
        audit::insert(&tx, state.random.uuid(), &payload, now, None).await?;
    }
    let rendered = rendered_factor(&users::find(&tx, user.id).await?.unwrap_or(user), factor.id)?;
    tx.commit().await?;
    Ok(Json(rendered))
}

/// Removes a factor; sessions that it lifted fall to aal1.
pub(in crate::routes) async fn delete(
    Shared(state): Shared<State>,
    admin: Admin,
    Path((user_id, factor_id)): Path<(String, String)>,
) -> Result<Json<Box<RawValue>>> {
    let user = find_user(&state, &user_id).await?;
    let factor = find_factor(&state, &user, &factor_id).await?;
    let rendered = rendered_factor(&user, factor.id)?;
    let now = state.now();
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    factors::delete(&tx, &factor, now).await?;
    if state.config.audit_log_in_database {
        let traits = json!({ "user_id": user.id, "factor_id": factor.id });
        let payload = audit::admin_payload(
            Action::FactorDeleted,
            admin.claims.role().unwrap_or_default(),
            Some(traits),
        );
        audit::insert(&tx, state.random.uuid(), &payload, now, None).await?;
    }
    tx.commit().await?;
    Ok(Json(rendered))
}

pub(super) async fn find_user(state: &State, user_id: &str) -> Result<User> {
    let id = path_uuid(user_id, "user_id")?;
    users::find(&state.pool, id)
        .await?
        .ok_or_else(|| AuthError::not_found(ErrorCode::UserNotFound, "User not found"))
}

async fn find_factor(state: &State, user: &User, factor_id: &str) -> Result<Factor> {
    let id = path_uuid(factor_id, "factor_id")?;
    factors::find(&state.pool, user.id, id)
        .await?
        .ok_or_else(|| AuthError::not_found(ErrorCode::MfaFactorNotFound, "Factor not found"))
}

/// One factor out of the rendered list.
fn rendered_factor(user: &User, id: Uuid) -> Result<Box<RawValue>> {
    #[derive(Deserialize)]
    struct Id {
        id: Uuid,
    }
    let all: Vec<Box<RawValue>> = user
        .factors
        .as_ref()
        .and_then(|factors| serde_json::from_str(factors.get()).ok())
        .unwrap_or_default();
    all.into_iter()
        .find(|factor| serde_json::from_str::<Id>(factor.get()).is_ok_and(|found| found.id == id))
        .ok_or_else(|| AuthError::failed("factor is not among the user's factors"))
}
