//! `auth.flow_state`: sign-ins that end with an authorization code, or that a provider has to answer (auth.md 8.4, 12).

use ferrobase_db::{DbError, Executor, Row};
use uuid::Uuid;

use super::Reader;
use crate::model::flow::FlowState;
use crate::model::user::Time;

/// Columns of `auth.flow_state f`, in the order in which [`read`] takes them.
macro_rules! flow_columns {
    () => {
        "f.id, f.user_id, f.auth_code, f.code_challenge_method::text, f.code_challenge, f.provider_type, \
         f.provider_access_token, f.provider_refresh_token, f.authentication_method, f.created_at, f.auth_code_issued_at, \
         f.invite_token, f.referrer, f.oauth_client_state_id, f.linking_target_id, f.email_optional"
    };
}

/// A flow that begins.
#[derive(Debug)]
pub struct NewFlow<'a> {
    /// Primary key; the `state` of a provider's redirect.
    pub id: Uuid,
    /// Whose flow; `None` until a provider has answered.
    pub user_id: Option<Uuid>,
    /// The code that the client will exchange.
    pub auth_code: Option<&'a str>,
    /// The client's challenge and its method (`s256` or `plain`); `None` = the flow ends with tokens.
    pub challenge: Option<(&'a str, &'a str)>,
    /// `email`, the name of a provider, or `sso/saml`.
    pub provider_type: &'a str,
    /// How the user signs in: `magiclink`, `recovery`, `email/signup`, `email_change`, `oauth`, `sso/saml`.
    pub authentication_method: &'a str,
    /// Where the client returns to.
    pub referrer: Option<&'a str>,
    /// The invitation that the flow accepts.
    pub invite_token: Option<&'a str>,
    /// The user that the identity is to be linked to.
    pub linking_target_id: Option<Uuid>,
    /// What this server keeps for the provider.
    pub oauth_client_state_id: Option<Uuid>,
    /// Whether a profile without e-mail is enough.
    pub email_optional: bool,
    /// Now.
    pub now: Time,
}

impl<'a> NewFlow<'a> {
    /// A flow of which nothing else is known.
    pub const fn new(id: Uuid, provider_type: &'a str, authentication_method: &'a str, now: Time) -> Self {
        Self {
            id,
            user_id: None,
            auth_code: None,
            challenge: None,
            provider_type,
            authentication_method,
            referrer: None,
            invite_token: None,
            linking_target_id: None,
            oauth_client_state_id: None,
            email_optional: false,
            now,
        }
    }
}

/// The tokens that a provider gave.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProviderTokens<'a> {
    /// Its access token.
    pub access: Option<&'a str>,
    /// Its refresh token.
    pub refresh: Option<&'a str>,
}

fn read(row: &Row) -> Result<FlowState, DbError> {
    let mut r = Reader::at(row, 0);
    Ok(FlowState {
        id: r.take()?,
        user_id: r.take()?,
        auth_code: r.take_text()?,
        challenge_method: r.take()?,
        challenge: r.take_text()?,
        provider_type: r.take()?,
        provider_token: r.take_text()?,
        provider_refresh_token: r.take_text()?,
        authentication_method: r.take()?,
        // A flow without a beginning is as old as can be.
        created_at: r.take_or_default()?,
        auth_code_issued_at: r.take()?,
        invite_token: r.take_text()?,
        referrer: r.take_text()?,
        oauth_client_state_id: r.take()?,
        linking_target_id: r.take()?,
        email_optional: r.take()?,
    })
}

/// Remembers a flow.
pub async fn insert(db: &impl Executor, flow: &NewFlow<'_>) -> Result<(), DbError> {
    const SQL: &str = "insert into auth.flow_state (id, user_id, auth_code, code_challenge_method, code_challenge, provider_type, \
         authentication_method, referrer, invite_token, linking_target_id, oauth_client_state_id, email_optional, created_at, updated_at) \
         values ($1, $2, $3, $4::text::auth.code_challenge_method, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)";
    let (challenge, method) = flow.challenge.unzip();
    db.execute(
        SQL,
        &[
            &flow.id,
            &flow.user_id,
            &flow.auth_code,
            &method,
            &challenge,
            &flow.provider_type,
            &flow.authentication_method,
            &flow.referrer,
            &flow.invite_token,
            &flow.linking_target_id,
            &flow.oauth_client_state_id,
            &flow.email_optional,
            &flow.now,
        ],
    )
    .await?;
    Ok(())
}

/// The flow as it is, without a lock: to look at it before a provider is asked.
pub async fn find(db: &impl Executor, id: Uuid) -> Result<Option<FlowState>, DbError> {
    const SQL: &str = concat!(
        "select ",
        flow_columns!(),
        " from auth.flow_state f where f.id = $1"
    );
    db.query_opt(SQL, &[&id]).await?.as_ref().map(read).transpose()
}

/// The flow, locked until the transaction ends.
pub async fn lock_by_id(db: &impl Executor, id: Uuid) -> Result<Option<FlowState>, DbError> {
    const SQL: &str = concat!(
        "select ",
        flow_columns!(),
        " from auth.flow_state f where f.id = $1 for update"
    );
    db.query_opt(SQL, &[&id]).await?.as_ref().map(read).transpose()
}

/// The flow with this code, locked until the transaction ends: two exchanges of one code follow each other.
pub async fn lock_by_code(db: &impl Executor, code: &str) -> Result<Option<FlowState>, DbError> {
    const SQL: &str = concat!(
        "select ",
        flow_columns!(),
        " from auth.flow_state f where f.auth_code = $1 for update"
    );
    db.query_opt(SQL, &[&code]).await?.as_ref().map(read).transpose()
}

/// The provider has answered: the flow has its user, and its code may be exchanged.
pub async fn complete(
    db: &impl Executor,
    id: Uuid,
    user_id: Uuid,
    tokens: ProviderTokens<'_>,
    now: Time,
) -> Result<(), DbError> {
    const SQL: &str = "update auth.flow_state set user_id = $2, provider_access_token = $3, provider_refresh_token = $4, \
         auth_code_issued_at = $5, updated_at = $5 where id = $1";
    db.execute(SQL, &[&id, &user_id, &tokens.access, &tokens.refresh, &now])
        .await?;
    Ok(())
}

/// Forgets a flow. Says whether there was one.
pub async fn delete(db: &impl Executor, id: Uuid) -> Result<bool, DbError> {
    Ok(db
        .execute("delete from auth.flow_state where id = $1", &[&id])
        .await?
        > 0)
}

/// Marks the newest flow of a user that began in this way as verified, and returns its code. `None` = no flow.
pub async fn issue_code(
    db: &impl Executor,
    user_id: Uuid,
    authentication_method: &str,
    now: Time,
) -> Result<Option<String>, DbError> {
    const SQL: &str = "update auth.flow_state set auth_code_issued_at = $3, updated_at = $3 where id = ( \
            select id from auth.flow_state where user_id = $1 and authentication_method = $2 order by created_at desc limit 1) \
         returning auth_code";
    match db
        .query_opt(SQL, &[&user_id, &authentication_method, &now])
        .await?
    {
        Some(row) => row.try_get(0).map_err(DbError::from),
        None => Ok(None),
    }
}
