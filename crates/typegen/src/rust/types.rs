//! Types of the database as types of Rust: what their JSON can be read into.

use super::Modules;
use crate::model::{Column, Oid, Type};

const VALUE: &str = "serde_json::Value";

/// The type with this identity, as written in the module of `schema`.
pub(super) fn by_oid(modules: &Modules<'_>, schema: &str, oid: Oid) -> String {
    match modules.catalog.type_of(oid) {
        Some(found) => value(modules, schema, found),
        None => VALUE.to_owned(),
    }
}

/// The type of a column's values, null aside.
pub(super) fn column(modules: &Modules<'_>, schema: &str, column: &Column) -> String {
    match modules.catalog.type_named(&column.type_schema, &column.type_name) {
        Some(found) => value(modules, schema, found),
        None => VALUE.to_owned(),
    }
}

/// The type or null.
pub(super) fn optional(ty: &str) -> String {
    format!("Option<{ty}>")
}

/// Whatever has no JSON of its own is a text there.
fn value(modules: &Modules<'_>, schema: &str, found: &Type) -> String {
    if let Some(base) = found.base {
        return by_oid(modules, schema, base);
    }
    if let Some(element) = found.element {
        return format!("Vec<{}>", by_oid(modules, schema, element));
    }
    if let Some(name) = modules.name_of_type(found.oid) {
        return if found.schema == schema {
            name.to_owned()
        } else {
            format!("super::{}::{name}", modules.module(&found.schema))
        };
    }
    let known = match found.name.as_str() {
        _ if found.relation.is_some() => VALUE,
        _ if found.schema != "pg_catalog" => "String",
        "bool" => "bool",
        "int2" => "i16",
        "int4" => "i32",
        "int8" => "i64",
        "float4" => "f32",
        "float8" => "f64",
        // Of any number of digits.
        "numeric" => "serde_json::Number",
        "void" => "()",
        "json" | "jsonb" | "record" | "anyelement" | "anyarray" | "anynonarray" | "anycompatible" => VALUE,
        _ => "String",
    };
    known.to_owned()
}
