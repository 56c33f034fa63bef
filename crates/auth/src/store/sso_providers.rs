//! `auth.sso_providers` with `auth.saml_providers` and `auth.sso_domains` (auth.md section 14).

use ferrobase_db::{DbError, Executor, Json, Row};
use serde_json::Value;
use uuid::Uuid;

use super::Reader;
use crate::model::sso::{Domain, SamlProvider, SsoProvider};
use crate::model::user::Time;

/// Columns of `auth.sso_providers p` and `auth.saml_providers s` but for the metadata, in the order in which [`read`] takes them.
macro_rules! provider_columns {
    ($metadata:literal) => {
        concat!(
            "select p.id, p.resource_id, p.disabled, p.created_at, p.updated_at, s.entity_id, s.metadata_url, s.attribute_mapping, \
             s.name_id_format, s.updated_at, ",
            $metadata,
            " from auth.sso_providers p join auth.saml_providers s on s.sso_provider_id = p.id"
        )
    };
}

fn read(row: &Row) -> Result<SsoProvider, DbError> {
    let mut r = Reader::at(row, 0);
    Ok(SsoProvider {
        id: r.take()?,
        resource_id: r.take_text()?,
        disabled: r.take()?,
        created_at: r.take()?,
        updated_at: r.take()?,
        saml: SamlProvider {
            entity_id: r.take()?,
            metadata_url: r.take_text()?,
            attribute_mapping: r
                .take::<Option<Json<Value>>>()?
                // What is no mapping maps nothing.
                .and_then(|Json(value)| serde_json::from_value(value).ok()),
            name_id_format: r.take_text()?,
            updated_at: r.take_or_default()?,
            metadata_xml: r.take()?,
        },
        domains: Vec::new(),
    })
}

async fn with_domains(db: &impl Executor, row: Option<Row>) -> Result<Option<SsoProvider>, DbError> {
    const SQL: &str = "select domain, created_at, updated_at from auth.sso_domains where sso_provider_id = $1 order by created_at, domain";
    let Some(mut provider) = row.as_ref().map(read).transpose()? else {
        return Ok(None);
    };
    for row in db.query(SQL, &[&provider.id]).await? {
        provider.domains.push(read_domain(&row, 0)?);
    }
    Ok(Some(provider))
}

fn read_domain(row: &Row, first: usize) -> Result<Domain, DbError> {
    let mut r = Reader::at(row, first);
    Ok(Domain {
        domain: r.take()?,
        created_at: r.take()?,
        updated_at: r.take()?,
    })
}

/// Which connections a list is to have.
#[derive(Debug, Default)]
pub struct Filter {
    /// With exactly this resource id.
    pub resource_id: Option<String>,
    /// With a resource id that begins so.
    pub resource_id_prefix: Option<String>,
}

/// All connections that the filter lets through, oldest first, without their metadata.
pub async fn list(db: &impl Executor, filter: &Filter) -> Result<Vec<SsoProvider>, DbError> {
    const SQL: &str = concat!(
        provider_columns!("''"),
        " where ($1::text is null or lower(p.resource_id) = lower($1)) \
            and ($2::text is null or starts_with(lower(p.resource_id), lower($2))) order by p.created_at, p.id"
    );
    const DOMAINS: &str = "select sso_provider_id, domain, created_at, updated_at from auth.sso_domains \
         where sso_provider_id = any($1) order by created_at, domain";
    let rows = db
        .query(SQL, &[&filter.resource_id, &filter.resource_id_prefix])
        .await?;
    let mut providers = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<Uuid> = providers.iter().map(|provider| provider.id).collect();
    let places: std::collections::HashMap<Uuid, usize> = ids.iter().copied().zip(0..).collect();
    for row in db.query(DOMAINS, &[&ids]).await? {
        let owner: Uuid = row.try_get(0).map_err(DbError::from)?;
        if let Some(provider) = places.get(&owner).and_then(|place| providers.get_mut(*place)) {
            provider.domains.push(read_domain(&row, 1)?);
        }
    }
    Ok(providers)
}

/// By its id.
pub async fn find(db: &impl Executor, id: Uuid) -> Result<Option<SsoProvider>, DbError> {
    const SQL: &str = concat!(provider_columns!("s.metadata_xml"), " where p.id = $1");
    let row = db.query_opt(SQL, &[&id]).await?;
    with_domains(db, row).await
}

/// By its id, locked until the transaction ends.
pub async fn lock(db: &impl Executor, id: Uuid) -> Result<Option<SsoProvider>, DbError> {
    const SQL: &str = concat!(
        provider_columns!("s.metadata_xml"),
        " where p.id = $1 for update of p, s"
    );
    let row = db.query_opt(SQL, &[&id]).await?;
    with_domains(db, row).await
}

/// By the administrator's own name for it.
pub async fn find_by_resource_id(
    db: &impl Executor,
    resource_id: &str,
) -> Result<Option<SsoProvider>, DbError> {
    const SQL: &str = concat!(
        provider_columns!("s.metadata_xml"),
        " where lower(p.resource_id) = lower($1)"
    );
    let row = db.query_opt(SQL, &[&resource_id]).await?;
    with_domains(db, row).await
}

/// By one of its domains.
pub async fn find_by_domain(db: &impl Executor, domain: &str) -> Result<Option<SsoProvider>, DbError> {
    const SQL: &str = concat!(
        provider_columns!("s.metadata_xml"),
        " join auth.sso_domains d on d.sso_provider_id = p.id where lower(d.domain) = lower($1)"
    );
    let row = db.query_opt(SQL, &[&domain]).await?;
    with_domains(db, row).await
}

/// By the name of its identity provider.
pub async fn find_by_entity_id(db: &impl Executor, entity_id: &str) -> Result<Option<SsoProvider>, DbError> {
    const SQL: &str = concat!(provider_columns!("s.metadata_xml"), " where s.entity_id = $1");
    let row = db.query_opt(SQL, &[&entity_id]).await?;
    with_domains(db, row).await
}

fn mapping(provider: &SsoProvider) -> Option<Json<&crate::saml::assertion::Mapping>> {
    provider.saml.attribute_mapping.as_ref().map(Json)
}

/// Stores a new connection; its domains are [`insert_domains`]'s.
pub async fn insert(db: &impl Executor, saml_id: Uuid, new: &SsoProvider) -> Result<(), DbError> {
    const SQL: &str = "with provider as (insert into auth.sso_providers (id, resource_id, disabled, created_at, updated_at) \
            values ($1, $2, $3, $4, $4) returning id) \
         insert into auth.saml_providers (id, sso_provider_id, entity_id, metadata_xml, metadata_url, attribute_mapping, \
            name_id_format, created_at, updated_at) select $5, provider.id, $6, $7, $8, $9, $10, $4, $4 from provider";
    db.execute(
        SQL,
        &[
            &new.id,
            &new.resource_id,
            &new.disabled,
            &new.created_at,
            &saml_id,
            &new.saml.entity_id,
            &new.saml.metadata_xml,
            &new.saml.metadata_url,
            &mapping(new),
            &new.saml.name_id_format,
        ],
    )
    .await?;
    Ok(())
}

/// Gives a connection domains that nobody has yet.
pub async fn insert_domains(
    db: &impl Executor,
    id: Uuid,
    domains: &[(Uuid, String)],
    now: Time,
) -> Result<(), DbError> {
    const SQL: &str = "insert into auth.sso_domains (id, sso_provider_id, domain, created_at, updated_at) \
         select new.id, $1, new.domain, $4, $4 from unnest($2::uuid[], $3::text[]) as new (id, domain)";
    let (ids, names): (Vec<Uuid>, Vec<&str>) = domains.iter().map(|(id, name)| (*id, name.as_str())).unzip();
    db.execute(SQL, &[&id, &ids, &names, &now]).await?;
    Ok(())
}

/// Takes all domains of a connection but those of the list (lower case) from it.
pub async fn keep_domains(db: &impl Executor, id: Uuid, kept: &[String]) -> Result<(), DbError> {
    const SQL: &str = "delete from auth.sso_domains where sso_provider_id = $1 and lower(domain) <> all($2)";
    db.execute(SQL, &[&id, &kept]).await?;
    Ok(())
}

/// Writes everything of a connection but its domains.
pub async fn save(db: &impl Executor, provider: &SsoProvider, now: Time) -> Result<(), DbError> {
    const SQL: &str = "with provider as (update auth.sso_providers set resource_id = $2, disabled = $3, updated_at = $4 where id = $1) \
         update auth.saml_providers set metadata_xml = $5, metadata_url = $6, attribute_mapping = $7, name_id_format = $8, \
            updated_at = $9 where sso_provider_id = $1";
    db.execute(
        SQL,
        &[
            &provider.id,
            &provider.resource_id,
            &provider.disabled,
            &now,
            &provider.saml.metadata_xml,
            &provider.saml.metadata_url,
            &mapping(provider),
            &provider.saml.name_id_format,
            &provider.saml.updated_at,
        ],
    )
    .await?;
    Ok(())
}

/// Writes metadata that was fetched anew, unless an administrator changed where it comes from in the meantime.
pub async fn refresh_metadata(
    db: &impl Executor,
    id: Uuid,
    url: &str,
    metadata_xml: &str,
    now: Time,
) -> Result<(), DbError> {
    const SQL: &str = "update auth.saml_providers set metadata_xml = $3, updated_at = $4 where sso_provider_id = $1 and metadata_url = $2";
    db.execute(SQL, &[&id, &url, &metadata_xml, &now]).await?;
    Ok(())
}

/// Forgets a connection. Its users stay.
pub async fn delete(db: &impl Executor, id: Uuid) -> Result<bool, DbError> {
    const SQL: &str = "delete from auth.sso_providers where id = $1";
    Ok(db.execute(SQL, &[&id]).await? > 0)
}
