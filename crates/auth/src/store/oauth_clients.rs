//! `auth.oauth_clients` (auth.md section 16).

use ferrobase_db::{DbError, Executor, Row};
use uuid::Uuid;

use super::Reader;
use crate::model::oauth_client::{AuthMethod, ClientType, GrantType, OAuthClient};
use crate::model::page::Page;
use crate::model::user::Time;

/// Columns of `auth.oauth_clients c`, in the order in which [`read_at`] takes them.
macro_rules! client_columns {
    () => {
        "c.id, c.client_secret_hash, c.registration_type::text, c.redirect_uris, c.grant_types, c.client_name, c.client_uri, \
         c.logo_uri, c.client_type::text, c.token_endpoint_auth_method, c.created_at, c.updated_at"
    };
}

pub(crate) use client_columns;

pub(crate) fn read_at(row: &Row, first: usize) -> Result<OAuthClient, DbError> {
    let mut r = Reader::at(row, first);
    let list = |text: String| -> Vec<String> {
        text.split(',')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    Ok(OAuthClient {
        id: r.take()?,
        secret_hash: r.take_text()?,
        registration_type: r.take()?,
        redirect_uris: list(r.take()?),
        grant_types: list(r.take()?)
            .iter()
            .filter_map(|name| GrantType::parse(name))
            .collect(),
        name: r.take_text()?,
        uri: r.take_text()?,
        logo_uri: r.take_text()?,
        client_type: ClientType::parse(&r.take::<String>()?).unwrap_or(ClientType::Confidential),
        // The column admits these three only.
        auth_method: AuthMethod::parse(&r.take::<String>()?).unwrap_or(AuthMethod::Basic),
        created_at: r.take()?,
        updated_at: r.take()?,
    })
}

fn joined(client: &OAuthClient) -> (String, String) {
    let grants: Vec<&str> = client.grant_types.iter().map(|grant| grant.as_str()).collect();
    (client.redirect_uris.join(","), grants.join(","))
}

/// Registers a client.
pub async fn insert(db: &impl Executor, client: &OAuthClient) -> Result<(), DbError> {
    const SQL: &str = "insert into auth.oauth_clients (id, client_secret_hash, registration_type, redirect_uris, grant_types, \
         client_name, client_uri, logo_uri, created_at, updated_at, client_type, token_endpoint_auth_method) \
         values ($1, $2, $3::text::auth.oauth_registration_type, $4, $5, $6, $7, $8, $9, $9, $10::text::auth.oauth_client_type, $11)";
    let (redirect_uris, grant_types) = joined(client);
    db.execute(
        SQL,
        &[
            &client.id,
            &client.secret_hash,
            &client.registration_type,
            &redirect_uris,
            &grant_types,
            &client.name,
            &client.uri,
            &client.logo_uri,
            &client.created_at,
            &client.client_type.as_str(),
            &client.auth_method.as_str(),
        ],
    )
    .await?;
    Ok(())
}

/// A client that was not deleted.
pub async fn find(db: &impl Executor, id: Uuid) -> Result<Option<OAuthClient>, DbError> {
    const SQL: &str = concat!(
        "select ",
        client_columns!(),
        " from auth.oauth_clients c where c.id = $1 and c.deleted_at is null"
    );
    db.query_opt(SQL, &[&id])
        .await?
        .map(|row| read_at(&row, 0))
        .transpose()
}

/// A client that was not deleted, locked until the transaction ends.
pub async fn lock(db: &impl Executor, id: Uuid) -> Result<Option<OAuthClient>, DbError> {
    const SQL: &str = concat!(
        "select ",
        client_columns!(),
        " from auth.oauth_clients c where c.id = $1 and c.deleted_at is null for update"
    );
    db.query_opt(SQL, &[&id])
        .await?
        .map(|row| read_at(&row, 0))
        .transpose()
}

/// A page of the clients, newest first.
pub async fn page(db: &impl Executor, page: Page) -> Result<Vec<OAuthClient>, DbError> {
    const SQL: &str = concat!(
        "select ",
        client_columns!(),
        " from auth.oauth_clients c where c.deleted_at is null order by c.created_at desc, c.id limit $1 offset $2"
    );
    let rows = db.query(SQL, &[&page.limit(), &page.offset()]).await?;
    rows.iter().map(|row| read_at(row, 0)).collect()
}

/// How many clients there are.
pub async fn count(db: &impl Executor) -> Result<u64, DbError> {
    const SQL: &str = "select count(*) from auth.oauth_clients where deleted_at is null";
    let count: i64 = db.query_one(SQL, &[]).await?.try_get(0).map_err(DbError::from)?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Writes what can change of a client.
pub async fn save(db: &impl Executor, client: &OAuthClient) -> Result<(), DbError> {
    const SQL: &str = "update auth.oauth_clients set client_secret_hash = $2, redirect_uris = $3, grant_types = $4, client_name = $5, \
         client_uri = $6, logo_uri = $7, token_endpoint_auth_method = $8, updated_at = $9 where id = $1";
    let (redirect_uris, grant_types) = joined(client);
    db.execute(
        SQL,
        &[
            &client.id,
            &client.secret_hash,
            &redirect_uris,
            &grant_types,
            &client.name,
            &client.uri,
            &client.logo_uri,
            &client.auth_method.as_str(),
            &client.updated_at,
        ],
    )
    .await?;
    Ok(())
}

/// Deletes a client softly; what it could still do goes with it: sessions, open requests and codes. Says whether there was
/// such a client. In a transaction, and in this order: an exchange locks its code and then the client, so that it is waited
/// for twice, and the session that it opened is seen.
pub async fn delete(db: &impl Executor, id: Uuid, now: Time) -> Result<bool, DbError> {
    const FORGET: &str = "delete from auth.oauth_authorizations where client_id = $1";
    const DELETE: &str =
        "update auth.oauth_clients set deleted_at = $2, updated_at = $2 where id = $1 and deleted_at is null";
    const END: &str = "delete from auth.sessions where oauth_client_id = $1";
    db.execute(FORGET, &[&id]).await?;
    let deleted = db.execute(DELETE, &[&id, &now]).await?;
    db.execute(END, &[&id]).await?;
    Ok(deleted > 0)
}
