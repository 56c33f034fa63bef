//! What of a schema goes into the root document: all, or what the request's role may touch (`openapi-mode`).

use std::collections::HashSet;

use crate::schema::{Relation, Routine, SchemaCache};

/// Asks what a role may touch. To be run as that role; `$1` = schema. One row of two texts, JSON arrays of strings:
/// names of relations, and signatures of functions as [`signature`] makes them. Any privilege on a relation, or on one
/// of its columns, counts; of functions EXECUTE.
///
/// Types are put together by hand, since what `format_type` prints depends on the request's search path.
pub const PRIVILEGES_SQL: &str = "\
WITH home AS (
  SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1::text
),
relations AS (
  SELECT c.relname AS name
  FROM pg_catalog.pg_class c
  WHERE c.relnamespace = (SELECT oid FROM home)
    AND c.relkind IN ('r', 'v', 'm', 'f', 'p')
    AND NOT c.relispartition
    AND (
      pg_catalog.pg_has_role(c.relowner, 'USAGE')
      OR pg_catalog.has_table_privilege(
        c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
      OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
    )
),
functions AS (
  SELECT p.oid, p.proname, p.proargtypes
  FROM pg_catalog.pg_proc p
  WHERE p.pronamespace = (SELECT oid FROM home)
    AND p.prokind = 'f'
    AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
),
signatures AS (
  SELECT f.proname || '(' || coalesce(pg_catalog.string_agg(
    CASE
      WHEN n.nspname = 'pg_catalog' THEN pg_catalog.format_type(t.oid, NULL)
      WHEN e.oid IS NULL THEN pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname)
      ELSE pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(e.typname) || '[]'
    END, ',' ORDER BY a.position), '') || ')' AS signature
  FROM functions f
  LEFT JOIN LATERAL pg_catalog.unnest(f.proargtypes) WITH ORDINALITY a (type, position) ON true
  LEFT JOIN pg_catalog.pg_type t ON t.oid = a.type
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_type e ON e.typarray = t.oid
  GROUP BY f.oid, f.proname
)
SELECT
  coalesce((SELECT pg_catalog.json_agg(name) FROM relations), '[]')::text AS relations,
  coalesce((SELECT pg_catalog.json_agg(signature) FROM signatures), '[]')::text AS functions";

/// What a role may touch in a schema.
#[derive(Debug)]
pub struct Privileges {
    relations: HashSet<String>,
    functions: HashSet<String>,
}

impl Privileges {
    /// Reads the row of [`PRIVILEGES_SQL`].
    pub fn parse(relations: &str, functions: &str) -> serde_json::Result<Self> {
        Ok(Self {
            relations: serde_json::from_str(relations)?,
            functions: serde_json::from_str(functions)?,
        })
    }
}

/// A function's name and the types of its parameters.
pub fn signature(routine: &Routine) -> String {
    let types: Vec<&str> = routine
        .parameters
        .iter()
        .map(|parameter| &*parameter.type_name)
        .collect();
    format!("{}({})", routine.name.name, types.join(","))
}

/// Relations of a schema for the root document, sorted by name; without privileges all of them.
pub fn relations<'a>(
    cache: &'a SchemaCache,
    schema: &str,
    privileges: Option<&Privileges>,
) -> Vec<&'a Relation> {
    let mut relations: Vec<&Relation> = cache
        .relations
        .values()
        .filter(|relation| &*relation.name.schema == schema)
        .filter(|relation| privileges.is_none_or(|known| known.relations.contains(&*relation.name.name)))
        .collect();
    relations.sort_by_key(|relation| &relation.name);
    relations
}

/// Functions of a schema for the root document, sorted by name; without privileges all of them.
pub fn routines<'a>(
    cache: &'a SchemaCache,
    schema: &str,
    privileges: Option<&Privileges>,
) -> Vec<&'a Routine> {
    let mut routines: Vec<&Routine> = cache
        .routines
        .iter()
        .filter(|(name, _)| &*name.schema == schema)
        .flat_map(|(_, overloads)| overloads)
        .filter(|routine| privileges.is_none_or(|known| known.functions.contains(&signature(routine))))
        .collect();
    // Stable: overloads keep their order.
    routines.sort_by_key(|routine| &routine.name);
    routines
}
