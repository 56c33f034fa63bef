//! Loads the schema cache from the catalogs.
//!
//! Each file of `load/` has one question with its SQL. The rooms of PostgreSQL's catalogs are read as they are (object
//! ids, numbers of columns) and joined here: that is faster than letting PostgreSQL join them, and one query can be
//! understood without the others.

mod columns;
mod computed;
mod descriptions;
mod foreign_keys;
mod media_handlers;
mod names;
mod relations;
mod representations;
mod role_settings;
mod routines;
mod settings;
mod types;
mod views;

use ferrobase_db::{DbError, Executor};

use self::names::Names;
use self::types::Types;
use super::model::{Relation, SchemaCache};
use super::relationships::{Parts, derive};

/// What the cache is loaded for.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// `db-schemas`
    pub schemas: Vec<String>,
    /// `db-extra-search-path`
    pub extra_search_path: Vec<String>,
}

impl LoadOptions {
    /// Schemas whose relations are kept.
    fn visible_schemas(&self) -> Vec<&str> {
        let mut schemas: Vec<&str> = self
            .schemas
            .iter()
            .chain(&self.extra_search_path)
            .map(String::as_str)
            .collect();
        schemas.sort_unstable();
        schemas.dedup();
        schemas
    }
}

/// Loads everything.
///
/// `executor` is **one transaction** of the login that serves requests (what roles and functions it may use matters),
/// best one that began with `repeatable read`, so that all questions see the same state. Its search path is emptied until
/// it ends: PostgreSQL then writes types, sequences and functions with their schema.
pub async fn load(executor: &impl Executor, options: &LoadOptions) -> Result<SchemaCache, DbError> {
    executor
        .query("select set_config('search_path', '', true)", &[])
        .await?;
    let names = &mut Names::default();
    let types = Types::load(executor, names).await?;
    let mut relations = relations::load(executor, &options.visible_schemas(), names).await?;
    columns::load(executor, &mut relations, &types, names).await?;
    let keys = foreign_keys::load(executor, names).await?;
    let views = views::load(executor, &mut relations).await?;
    let computed = computed::load(executor, names).await?;
    let relations = relations.into_values().map(by_name).collect();
    let relationships = derive(Parts {
        keys: &keys,
        views: &views,
        computed,
        relations: &relations,
        exposed: &options.schemas,
    });
    Ok(SchemaCache {
        relationships,
        relations,
        routines: routines::load(executor, &options.schemas, &types, names).await?,
        representations: representations::load(executor, names).await?,
        media_handlers: media_handlers::load(executor, &options.schemas, names).await?,
        schema_descriptions: descriptions::load(executor, &options.schemas, names).await?,
        role_settings: role_settings::load(executor, names).await?,
    })
}

fn by_name(found: relations::Found) -> (super::model::QualifiedName, Relation) {
    (found.relation.name.clone(), found.relation)
}
