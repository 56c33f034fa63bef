//! `auth.custom_oauth_providers` (auth.md 17.4).

use ferrobase_db::{DbError, Executor, Json, Row};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::Reader;
use crate::model::custom_provider::{CustomProvider, Kind};

/// Columns in the order in which [`read`] takes them.
macro_rules! columns {
    () => {
        "id, provider_type, identifier, name, client_id, client_secret, acceptable_client_ids, scopes, pkce_enabled, \
         attribute_mapping, custom_claims_allowlist, authorization_params, enabled, email_optional, issuer, discovery_url, \
         skip_nonce_check, authorization_url, token_url, userinfo_url, jwks_uri, cached_discovery, discovery_cached_at, \
         created_at, updated_at"
    };
}

fn read(row: &Row) -> Result<CustomProvider, DbError> {
    let mut r = Reader::new(row);
    let map = |Json(value): Json<Value>| match value {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    Ok(CustomProvider {
        id: r.take()?,
        provider_type: Kind::parse(r.take()?).unwrap_or(Kind::OAuth2),
        identifier: r.take()?,
        name: r.take()?,
        client_id: r.take()?,
        client_secret: r.take::<String>()?.into(),
        acceptable_client_ids: r.take_or_default()?,
        scopes: r.take_or_default()?,
        pkce_enabled: r.take()?,
        attribute_mapping: map(r.take()?),
        custom_claims_allowlist: r.take_or_default()?,
        authorization_params: map(r.take()?),
        enabled: r.take()?,
        email_optional: r.take()?,
        issuer: r.take_text()?,
        discovery_url: r.take_text()?,
        skip_nonce_check: r.take()?,
        authorization_url: r.take_text()?,
        token_url: r.take_text()?,
        userinfo_url: r.take_text()?,
        jwks_uri: r.take_text()?,
        discovery: r.take::<Option<Json<Value>>>()?.map(map),
        discovered_at: r.take()?,
        created_at: r.take()?,
        updated_at: r.take()?,
    })
}

/// The provider with this identifier.
pub async fn find(db: &impl Executor, identifier: &str) -> Result<Option<CustomProvider>, DbError> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from auth.custom_oauth_providers where identifier = $1"
    );
    db.query_opt(SQL, &[&identifier])
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

/// The same, locked until the transaction ends.
pub async fn lock(db: &impl Executor, identifier: &str) -> Result<Option<CustomProvider>, DbError> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from auth.custom_oauth_providers where identifier = $1 for update"
    );
    db.query_opt(SQL, &[&identifier])
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

/// The enabled OpenID provider whose tokens for this client an issuer writes; the oldest of several.
pub async fn of_issuer(
    db: &impl Executor,
    issuer: &str,
    client_id: &str,
) -> Result<Option<CustomProvider>, DbError> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from auth.custom_oauth_providers where provider_type = 'oidc' and enabled and issuer = $1 \
          and (client_id = $2 or $2 = any(acceptable_client_ids)) order by created_at, id limit 1"
    );
    db.query_opt(SQL, &[&issuer, &client_id])
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

/// All of a kind, or all; oldest first.
pub async fn list(db: &impl Executor, kind: Option<Kind>) -> Result<Vec<CustomProvider>, DbError> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        " from auth.custom_oauth_providers where $1::text is null or provider_type = $1 order by created_at, id"
    );
    let kind = kind.map(Kind::as_str);
    db.query(SQL, &[&kind]).await?.iter().map(read).collect()
}

/// How many there are, and whether one has this identifier.
pub async fn count(db: &impl Executor, identifier: &str) -> Result<(i64, bool), DbError> {
    const SQL: &str =
        "select count(*), coalesce(bool_or(identifier = $1), false) from auth.custom_oauth_providers";
    let row = db.query_one(SQL, &[&identifier]).await?;
    Ok((
        row.try_get(0).map_err(DbError::from)?,
        row.try_get(1).map_err(DbError::from)?,
    ))
}

/// Lets nobody else add one until the transaction ends: a quota is counted and then used.
pub async fn lock_all(db: &impl Executor) -> Result<(), DbError> {
    const SQL: &str = "lock table auth.custom_oauth_providers in share row exclusive mode";
    db.execute(SQL, &[]).await?;
    Ok(())
}

/// Stores a new one.
pub async fn insert(db: &impl Executor, provider: &CustomProvider) -> Result<(), DbError> {
    const SQL: &str = concat!(
        "insert into auth.custom_oauth_providers (",
        columns!(),
        ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, \
          $24, $25)"
    );
    let p = provider;
    db.execute(
        SQL,
        &[
            &p.id,
            &p.provider_type.as_str(),
            &p.identifier,
            &p.name,
            &p.client_id,
            &p.client_secret.expose_secret(),
            &p.acceptable_client_ids,
            &p.scopes,
            &p.pkce_enabled,
            &Json(&p.attribute_mapping),
            &p.custom_claims_allowlist,
            &Json(&p.authorization_params),
            &p.enabled,
            &p.email_optional,
            &p.issuer,
            &p.discovery_url,
            &p.skip_nonce_check,
            &p.authorization_url,
            &p.token_url,
            &p.userinfo_url,
            &p.jwks_uri,
            &p.discovery.as_ref().map(Json),
            &p.discovered_at,
            &p.created_at,
            &p.updated_at,
        ],
    )
    .await?;
    Ok(())
}

/// Writes everything that can change.
pub async fn update(db: &impl Executor, provider: &CustomProvider) -> Result<(), DbError> {
    const SQL: &str = "update auth.custom_oauth_providers set name = $2, client_id = $3, client_secret = $4, \
         acceptable_client_ids = $5, scopes = $6, pkce_enabled = $7, attribute_mapping = $8, custom_claims_allowlist = $9, \
         authorization_params = $10, enabled = $11, email_optional = $12, issuer = $13, discovery_url = $14, \
         skip_nonce_check = $15, authorization_url = $16, token_url = $17, userinfo_url = $18, jwks_uri = $19, \
         cached_discovery = $20, discovery_cached_at = $21, updated_at = $22 where id = $1";
    let p = provider;
    db.execute(
        SQL,
        &[
            &p.id,
            &p.name,
            &p.client_id,
            &p.client_secret.expose_secret(),
            &p.acceptable_client_ids,
            &p.scopes,
            &p.pkce_enabled,
            &Json(&p.attribute_mapping),
            &p.custom_claims_allowlist,
            &Json(&p.authorization_params),
            &p.enabled,
            &p.email_optional,
            &p.issuer,
            &p.discovery_url,
            &p.skip_nonce_check,
            &p.authorization_url,
            &p.token_url,
            &p.userinfo_url,
            &p.jwks_uri,
            &p.discovery.as_ref().map(Json),
            &p.discovered_at,
            &p.updated_at,
        ],
    )
    .await?;
    Ok(())
}

/// Removes it. What was removed, if there was one.
pub async fn delete(db: &impl Executor, identifier: &str) -> Result<Option<CustomProvider>, DbError> {
    const SQL: &str = concat!(
        "delete from auth.custom_oauth_providers where identifier = $1 returning ",
        columns!()
    );
    db.query_opt(SQL, &[&identifier])
        .await?
        .as_ref()
        .map(read)
        .transpose()
}
