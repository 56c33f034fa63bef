//! `auth.saml_relay_states`: requests that identity providers have still to answer (auth.md section 14).

use ferrobase_db::{DbError, Executor};
use uuid::Uuid;

use super::Reader;
use crate::model::user::Time;

/// A request on its way.
#[derive(Debug)]
pub struct RelayState {
    /// What comes back with the response.
    pub id: Uuid,
    /// Whom we asked.
    pub sso_provider_id: Uuid,
    /// The request's id, which the response has to name.
    pub request_id: String,
    /// Where the browser goes in the end, already checked.
    pub redirect_to: Option<String>,
    /// The flow that ends with a code; `None` = it ends with tokens.
    pub flow_id: Option<Uuid>,
    /// Beginning.
    pub created_at: Time,
}

/// Remembers a request.
pub async fn insert(db: &impl Executor, new: &RelayState) -> Result<(), DbError> {
    const SQL: &str = "insert into auth.saml_relay_states (id, sso_provider_id, request_id, redirect_to, flow_state_id, created_at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $6)";
    db.execute(
        SQL,
        &[
            &new.id,
            &new.sso_provider_id,
            &new.request_id,
            &new.redirect_to,
            &new.flow_id,
            &new.created_at,
        ],
    )
    .await?;
    Ok(())
}

/// Takes a request out: it can be answered once.
pub async fn take(db: &impl Executor, id: Uuid) -> Result<Option<RelayState>, DbError> {
    const SQL: &str = "delete from auth.saml_relay_states where id = $1 \
         returning id, sso_provider_id, request_id, redirect_to, flow_state_id, created_at";
    let row = db.query_opt(SQL, &[&id]).await?;
    row.map(|row| {
        let mut r = Reader::new(&row);
        Ok(RelayState {
            id: r.take()?,
            sso_provider_id: r.take()?,
            request_id: r.take()?,
            redirect_to: r.take_text()?,
            flow_id: r.take()?,
            // A request without a beginning is as old as can be.
            created_at: r.take_or_default()?,
        })
    })
    .transpose()
}
