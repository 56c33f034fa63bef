//! Reads a schema from the catalog. Everything is written with its schema, since nothing is on the search path.

mod needs;
mod parts;
mod relations;
mod routines;
mod shadow;
mod tables;
mod types;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ferrobase_db::{Connection, DbError, Executor, Row};
use serde_json::Value;

pub use shadow::Shadow;

use crate::model::{Address, Detail, Grant, Grants, Key, Kind, Object, Snapshot};

/// Schemas that are not the project's: they come with the database.
const MANAGED: &[&str] = &[
    "_analytics",
    "_ferrobase",
    "_realtime",
    "_supavisor",
    "auth",
    "cron",
    "extensions",
    "graphql",
    "graphql_public",
    "information_schema",
    "net",
    "pgbouncer",
    "pgmq",
    "pgsodium",
    "pgsodium_masks",
    "pgtle",
    "realtime",
    "storage",
    "supabase_functions",
    "supabase_migrations",
    "vault",
];

/// Managed schemas whose tables may have triggers and policies of the project.
const EXTENDED: &[&str] = &["auth", "realtime", "storage"];

/// Which part of a schema is compared.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// Schemas with all that is in them.
    pub(crate) schemas: Vec<String>,
    /// Schemas of whose tables only triggers and policies count.
    pub(crate) extended: Vec<String>,
    /// Extensions and publications.
    pub(crate) is_whole: bool,
}

impl Scope {
    /// `schemas`, or all of the project.
    pub(crate) async fn of(connection: &Connection, schemas: &[String]) -> Result<Self, DbError> {
        if !schemas.is_empty() {
            return Ok(Self {
                schemas: schemas.to_vec(),
                extended: Vec::new(),
                is_whole: false,
            });
        }
        let sql = "select nspname::text from pg_namespace where nspname <> all($1) and not starts_with(nspname, 'pg_')";
        let rows = connection.query(sql, &[&MANAGED]).await?;
        Ok(Self {
            schemas: rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?,
            extended: EXTENDED.iter().map(|schema| (*schema).to_owned()).collect(),
            is_whole: true,
        })
    }
}

/// What is being read: the snapshot, and which row of the catalog is which object.
#[derive(Debug, Default)]
struct Reading {
    snapshot: Snapshot,
    keys: HashMap<Address, Key>,
}

/// The schema of a database.
pub(crate) async fn snapshot(connection: &Connection, schemas: &[String]) -> Result<Snapshot, DbError> {
    connection.batch("set search_path = ''").await?;
    let scope = Scope::of(connection, schemas).await?;
    let mut reading = Reading::default();
    // Parents first.
    for query in relations::QUERIES {
        reading.read(connection, &scope, query).await?;
    }
    types::read(&mut reading, connection, &scope).await?;
    tables::read(&mut reading, connection, &scope).await?;
    routines::read(&mut reading, connection, &scope).await?;
    for query in parts::QUERIES {
        reading.read(connection, &scope, query).await?;
    }
    needs::read(&mut reading, connection).await?;
    reading.snapshot.default_grants = default_grants(connection).await?;
    Ok(reading.snapshot)
}

/// A query for objects of one kind. Its columns: catalog, row, schema, identity, relation that the object goes with, statement that makes
/// it, statement that removes it, privileges as JSON, what they are granted on. Its parameters: schemas, extended schemas, whether the
/// whole database counts.
struct Query {
    kind: Kind,
    sql: &'static str,
}

impl Reading {
    async fn read(&mut self, connection: &Connection, scope: &Scope, query: &Query) -> Result<(), DbError> {
        let parameters: [&(dyn ferrobase_db::ToSql + Sync); 3] =
            [&scope.schemas, &scope.extended, &scope.is_whole];
        for row in connection.query(query.sql, &parameters).await? {
            let (key, object) = self.object(&row, query.kind)?;
            self.add((row.try_get(0)?, row.try_get(1)?), key, object);
        }
        Ok(())
    }

    fn object(&self, row: &Row, kind: Kind) -> Result<(Key, Object), DbError> {
        let parent: Option<u32> = row.try_get(4)?;
        let key = Key {
            kind,
            schema: row.try_get(2)?,
            identity: row.try_get(3)?,
        };
        let object = Object {
            parent: parent.and_then(|oid| self.key("pg_class", oid)),
            create: row.try_get(5)?,
            drop: row.try_get(6)?,
            grants: grants(row, 7, 8)?,
            detail: Detail::Plain,
        };
        Ok((key, object))
    }

    fn add(&mut self, address: Address, key: Key, object: Object) {
        self.keys.insert(address, key.clone());
        self.snapshot.objects.insert(key, object);
    }

    fn key(&self, catalog: &str, oid: u32) -> Option<Key> {
        self.keys.get(&(catalog.to_owned(), oid)).cloned()
    }
}

/// Privileges out of two columns: a JSON list of role, privilege, whether it may be passed on; and what they are granted on.
fn grants(row: &Row, list: usize, target: usize) -> Result<Option<Grants>, DbError> {
    let list: Option<String> = row.try_get(list)?;
    let target: Option<String> = row.try_get(target)?;
    Ok(list.zip(target).map(|(list, target)| Grants {
        target,
        given: read_grants(&list),
    }))
}

fn read_grants(list: &str) -> BTreeSet<Grant> {
    let list: Vec<(String, String, bool)> = serde_json::from_str(list).unwrap_or_default();
    list.into_iter()
        .map(|(to, privilege, may_be_passed_on)| Grant {
            to,
            may_be_passed_on,
            privilege,
        })
        .collect()
}

/// What objects of `postgres`, who runs migrations, are granted to whom when they are made: general defaults replace those built in,
/// those of a schema come on top.
async fn default_grants(
    connection: &Connection,
) -> Result<BTreeMap<(char, String), BTreeSet<Grant>>, DbError> {
    let sql = "
        select d.defaclobjtype::text, coalesce(n.nspname::text, ''),
            coalesce((
                select json_agg(json_build_array(
                    case when x.grantee = 0 then 'public' else quote_ident(r.rolname) end, lower(x.privilege_type), x.is_grantable))::text
                from aclexplode(d.defaclacl) x left join pg_roles r on r.oid = x.grantee
                where x.grantee <> d.defaclrole), '[]')
        from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace
        where d.defaclrole = to_regrole('postgres')";
    let mut grants = BTreeMap::new();
    for row in connection.query(sql, &[]).await? {
        let kind: String = row.try_get(0)?;
        let list: String = row.try_get(2)?;
        if let Some(kind) = kind.chars().next() {
            grants.insert((kind, row.try_get(1)?), read_grants(&list));
        }
    }
    Ok(grants)
}

/// Pairs of texts out of a JSON object.
fn pairs(row: &Row, column: usize) -> Result<Vec<(String, String)>, DbError> {
    let list: Option<String> = row.try_get(column)?;
    let list = list.and_then(|list| serde_json::from_str::<Value>(&list).ok());
    let pair = |value: &Value| {
        Some((
            value.get(0)?.as_str()?.to_owned(),
            value.get(1)?.as_str()?.to_owned(),
        ))
    };
    Ok(list
        .as_ref()
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(pair).collect())
        .unwrap_or_default())
}
