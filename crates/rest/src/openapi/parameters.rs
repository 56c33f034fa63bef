//! Parameters: those that paths share by reference, and those of functions.

use serde_json::{Map, Value, json};

use super::definitions::arguments;
use super::types::{self, SwaggerType};
use super::{Document, insert_some};
use crate::schema::{Column, Parameter, Relation, Routine};

/// Parameters of every read of a relation, after its filters.
pub(super) const OF_READS: [&str; 7] = [
    "select",
    "order",
    "range",
    "rangeUnit",
    "offset",
    "limit",
    "preferCount",
];

/// Plain text parameters: key, name, place, description.
const PLAIN: [(&str, &str, &str, &str); 7] = [
    ("select", "select", "query", "Filtering Columns"),
    ("on_conflict", "on_conflict", "query", "On Conflict"),
    ("order", "order", "query", "Ordering"),
    ("range", "Range", "header", "Limiting and Pagination"),
    ("rangeUnit", "Range-Unit", "header", "Limiting and Pagination"),
    ("offset", "offset", "query", "Limiting and Pagination"),
    ("limit", "limit", "query", "Limiting and Pagination"),
];

const RETURNS: [&str; 3] = ["return=representation", "return=minimal", "return=none"];
const RESOLUTIONS: [&str; 2] = ["resolution=ignore-duplicates", "resolution=merge-duplicates"];

/// The document's `parameters`.
pub(super) fn shared(relations: &[&Relation]) -> Map<String, Value> {
    let mut parameters = Map::new();
    // Functions have no preference left to list, but clients refer to the parameter.
    parameters.insert("preferParams".into(), prefer(&[]));
    parameters.insert("preferReturn".into(), prefer(&RETURNS));
    parameters.insert("preferCount".into(), prefer(&["count=none"]));
    parameters.insert(
        "preferPost".into(),
        prefer(&[&RETURNS[..], &RESOLUTIONS[..]].concat()),
    );
    for (key, name, place, description) in PLAIN {
        let mut parameter = text(name, Some(description), place);
        if key == "rangeUnit" {
            parameter.insert("default".into(), "items".into());
        }
        parameters.insert(key.into(), parameter.into());
    }
    for relation in relations {
        parameters.insert(body_key(relation), body(relation));
        for column in relation.columns.values() {
            let filter = text(&column.name, column.description.as_deref(), "query");
            parameters.insert(filter_key(relation, column), filter.into());
        }
    }
    parameters
}

/// A reference to a shared parameter.
pub(super) fn reference(key: &str) -> Value {
    json!({ "$ref": format!("#/parameters/{key}") })
}

/// Key of the rows that a relation takes.
pub(super) fn body_key(relation: &Relation) -> String {
    format!("body.{}", relation.name.name)
}

/// Keys of the filters by a relation's columns.
pub(super) fn filter_keys(relation: &Relation) -> impl Iterator<Item = String> {
    relation
        .columns
        .values()
        .map(|column| filter_key(relation, column))
}

/// Parameters of a function in the query.
pub(super) fn of_get(document: &Document<'_>, routine: &Routine) -> Vec<Value> {
    let search_path = document.search_path;
    routine
        .parameters
        .iter()
        .map(|parameter| argument(parameter, types::shown(&parameter.type_name, search_path)))
        .collect()
}

/// Parameters of a function in the body.
pub(super) fn of_post(document: &Document<'_>, routine: &Routine) -> Vec<Value> {
    vec![
        json!({ "name": "args", "required": true, "in": "body", "schema": arguments(document, routine) }),
        reference("preferParams"),
    ]
}

fn filter_key(relation: &Relation, column: &Column) -> String {
    format!("rowFilter.{}.{}", relation.name.name, column.name)
}

fn prefer(values: &[&str]) -> Value {
    let mut parameter = text("Prefer", Some("Preference"), "header");
    // An empty enumeration is not valid.
    if !values.is_empty() {
        parameter.insert("enum".into(), json!(values));
    }
    parameter.into()
}

fn text(name: &str, description: Option<&str>, place: &str) -> Map<String, Value> {
    let mut parameter = Map::new();
    parameter.insert("name".into(), name.into());
    insert_some(&mut parameter, "description", description);
    parameter.insert("required".into(), false.into());
    parameter.insert("in".into(), place.into());
    parameter.insert("type".into(), SwaggerType::String.name().into());
    parameter
}

fn body(relation: &Relation) -> Value {
    let name = &*relation.name.name;
    json!({
        "name": name,
        "description": name,
        "required": false,
        "in": "body",
        "schema": { "$ref": format!("#/definitions/{name}") },
    })
}

/// One argument of a function in the query. There, other than in bodies, a type is required, and arrays come in
/// PostgreSQL's notation (`{1,2}`): both are text. A variadic parameter is repeated instead.
fn argument(parameter: &Parameter, sql_type: &str) -> Value {
    let mut object = Map::new();
    object.insert("name".into(), (*parameter.name).into());
    object.insert("required".into(), parameter.required.into());
    if parameter.variadic {
        let element = types::element(sql_type);
        let mut items = Map::new();
        items.insert("format".into(), types::format(element).into());
        insert_some(&mut items, "type", types::type_name(element));
        object.insert("collectionFormat".into(), "multi".into());
        object.insert("in".into(), "query".into());
        object.insert("items".into(), items.into());
        object.insert("type".into(), SwaggerType::Array.name().into());
    } else {
        let shown = match SwaggerType::of(sql_type) {
            Some(SwaggerType::Array) | None => SwaggerType::String,
            Some(other) => other,
        };
        object.insert("format".into(), types::format(sql_type).into());
        object.insert("in".into(), "query".into());
        object.insert("type".into(), shown.name().into());
    }
    object.into()
}
