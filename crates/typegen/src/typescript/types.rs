//! Types of the database as types of TypeScript.

use super::tree::{NULL, Ts, UNKNOWN};
use crate::model::{Catalog, Column, Oid, RelationKind};

const NUMBERS: [&str; 6] = ["int2", "int4", "int8", "float4", "float8", "numeric"];

const STRINGS: [&str; 13] = [
    "bytea",
    "bpchar",
    "varchar",
    "date",
    "text",
    "citext",
    "time",
    "timetz",
    "timestamp",
    "timestamptz",
    "uuid",
    "vector",
    "interval",
];

/// The type of values of `name`, a type of `schema`; where that has none, of the first other schema that has one. A name that begins with
/// `_` is taken for an array's.
pub(super) fn value(catalog: &Catalog, schema: &str, name: &str) -> Ts {
    match name {
        "bool" => return Ts::Keyword("boolean"),
        "json" | "jsonb" => return json(),
        "void" => return Ts::Keyword("undefined"),
        "record" => return Ts::Named("Record", vec![Ts::Keyword("string"), UNKNOWN]),
        _ if NUMBERS.contains(&name) => return Ts::Keyword("number"),
        _ if STRINGS.contains(&name) => return Ts::Keyword("string"),
        _ => {}
    }
    if let Some(element) = name.strip_prefix('_') {
        return value(catalog, schema, element).array();
    }
    labels(catalog, schema, name)
        .or_else(|| composite(catalog, schema, name))
        .or_else(|| row(catalog, schema, name))
        .unwrap_or(UNKNOWN)
}

/// The type with this identity.
pub(super) fn by_oid(catalog: &Catalog, oid: Oid) -> Ts {
    match catalog.type_of(oid) {
        Some(found) => value(catalog, &found.schema, &found.name),
        None => UNKNOWN,
    }
}

/// The type of what is read from a column.
pub(super) fn column(catalog: &Catalog, column: &Column) -> Ts {
    nullable(
        value(catalog, &column.type_schema, &column.type_name),
        column.is_nullable,
    )
}

/// `Json` includes null: where there can be none it is taken out.
pub(super) fn nullable(ty: Ts, is_nullable: bool) -> Ts {
    if is_nullable {
        ty.or_null()
    } else if ty == json() {
        Ts::Named("NonNullable", vec![ty])
    } else {
        ty
    }
}

/// One of these, or the only one.
pub(super) fn one_of(labels: &[String]) -> Ts {
    let mut parts: Vec<Ts> = labels.iter().map(|label| Ts::literal(label)).collect();
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            Ts::Union(parts)
        }
        None => NULL,
    }
}

fn json() -> Ts {
    Ts::Named("Json", Vec::new())
}

/// An enum, by its name if its schema is written, else by its labels.
fn labels(catalog: &Catalog, schema: &str, name: &str) -> Option<Ts> {
    let enums = catalog.types.iter().filter(|found| !found.labels.is_empty());
    let found = preferred(enums, schema, |found| (&found.schema, &found.name), name)?;
    Some(if catalog.schemas.contains(&found.schema) {
        path(&found.schema, "Enums", &found.name, false)
    } else {
        one_of(&found.labels)
    })
}

fn composite(catalog: &Catalog, schema: &str, name: &str) -> Option<Ts> {
    let composites = catalog.types.iter().filter(|found| !found.attributes.is_empty());
    let found = preferred(composites, schema, |found| (&found.schema, &found.name), name)?;
    Some(if catalog.schemas.contains(&found.schema) {
        path(&found.schema, "CompositeTypes", &found.name, false)
    } else {
        UNKNOWN
    })
}

/// A row of a relation. Kinds go before schemas, but the preferred schema goes before all.
fn row(catalog: &Catalog, schema: &str, name: &str) -> Option<Ts> {
    let named = || catalog.relations.iter().filter(|found| found.name == name);
    let found = named()
        .filter(|found| found.schema == schema)
        .min_by_key(|found| found.kind)
        .or_else(|| named().min_by_key(|found| found.kind))?;
    let section = match found.kind {
        RelationKind::Table | RelationKind::ForeignTable => "Tables",
        RelationKind::View | RelationKind::MaterializedView => "Views",
    };
    Some(if catalog.schemas.contains(&found.schema) {
        path(&found.schema, section, &found.name, true)
    } else {
        UNKNOWN
    })
}

/// The one called `name` in `schema`, else the first one of that name.
fn preferred<'c, T>(
    candidates: impl Iterator<Item = &'c T> + Clone,
    schema: &str,
    names: impl Fn(&T) -> (&String, &String),
    name: &str,
) -> Option<&'c T> {
    let mut called = candidates.filter(|found| names(found).1 == name);
    called
        .clone()
        .find(|found| names(found).0 == schema)
        .or_else(|| called.next())
}

fn path(schema: &str, section: &str, name: &str, is_row: bool) -> Ts {
    Ts::Path([schema.to_owned(), section.to_owned(), name.to_owned()], is_row)
}
