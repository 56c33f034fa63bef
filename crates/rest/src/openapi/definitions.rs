//! Schemas: of relations' rows, and of functions' arguments.

use serde_json::{Map, Value, json};

use super::{Document, insert_some, types};
use crate::schema::{
    Cardinality, Column, ForeignKeyRelationship, Name, Relation, Relationship, Routine, SchemaCache,
};

/// The document's `definitions`.
pub(super) fn all(document: &Document<'_>) -> Map<String, Value> {
    document
        .relations
        .iter()
        .map(|relation| (relation.name.name.to_string(), row(document.cache, relation)))
        .collect()
}

/// The arguments that a function takes in the body.
pub(super) fn arguments(document: &Document<'_>, routine: &Routine) -> Value {
    let required = routine.parameters.iter().filter(|parameter| parameter.required);
    let properties = routine.parameters.iter().map(|parameter| {
        let sql_type = types::shown(&parameter.type_name, document.search_path);
        let mut property = Map::new();
        insert_type(&mut property, sql_type);
        (parameter.name.to_string(), property.into())
    });
    object(
        routine.description.as_deref(),
        required.map(|parameter| &parameter.name),
        properties.collect(),
    )
}

fn row(cache: &SchemaCache, relation: &Relation) -> Value {
    let required = relation.columns.values().filter(|column| !column.nullable);
    let properties = relation
        .columns
        .values()
        .map(|column| (column.name.to_string(), property(cache, relation, column)));
    object(
        relation.description.as_deref(),
        required.map(|column| &column.name),
        properties.collect(),
    )
}

/// A schema of objects. Empty lists are left out: Swagger allows no empty `required`.
fn object<'a>(
    description: Option<&str>,
    required: impl Iterator<Item = &'a Name>,
    properties: Map<String, Value>,
) -> Value {
    let mut schema = Map::new();
    insert_some(&mut schema, "description", description);
    let required: Vec<&str> = required.map(|name| &**name).collect();
    if !required.is_empty() {
        schema.insert("required".into(), json!(required));
    }
    if !properties.is_empty() {
        schema.insert("properties".into(), properties.into());
    }
    schema.insert("type".into(), "object".into());
    schema.into()
}

fn property(cache: &SchemaCache, relation: &Relation, column: &Column) -> Value {
    let mut property = Map::new();
    insert_some(&mut property, "description", description(cache, relation, column));
    let default = column.default.as_deref();
    insert_some(
        &mut property,
        "default",
        default.and_then(|expression| types::default_value(&column.base_type, expression)),
    );
    if !column.enum_values.is_empty() {
        property.insert("enum".into(), json!(column.enum_values));
    }
    insert_type(&mut property, &column.base_type);
    insert_some(&mut property, "maxLength", column.max_length);
    property.into()
}

fn insert_type(property: &mut Map<String, Value>, sql_type: &str) {
    property.insert("format".into(), types::format(sql_type).into());
    insert_some(property, "items", types::items(sql_type));
    insert_some(property, "type", types::type_name(sql_type));
}

/// The column's comment, with notes of the keys that it is part of. Generators of clients read the tags.
fn description(cache: &SchemaCache, relation: &Relation, column: &Column) -> Option<String> {
    let comment = column.description.as_deref();
    let mut notes = Vec::new();
    if relation.primary_key.contains(&column.name) {
        notes.push("This is a Primary Key.<pk/>".to_owned());
    }
    if let Some((table, column)) = referenced(cache, relation, &column.name) {
        notes.push(format!(
            "This is a Foreign Key to `{table}.{column}`.<fk table='{table}' column='{column}'/>"
        ));
    }
    if notes.is_empty() {
        return comment.map(str::to_owned);
    }
    let before = comment.map_or_else(String::new, |comment| format!("{comment}\n\n"));
    Some(format!("{before}Note:\n{}", notes.join("\n")))
}

/// The relation in the same schema, and its column, that the column alone refers to; tables before views on them.
fn referenced<'a>(
    cache: &'a SchemaCache,
    relation: &Relation,
    column: &Name,
) -> Option<(&'a Name, &'a Name)> {
    let relationships = cache.relationships.get(&relation.name)?;
    relationships
        .iter()
        .filter_map(|relationship| match relationship {
            Relationship::ForeignKey(foreign_key) => Some(foreign_key),
            Relationship::Computed(_) => None,
        })
        .filter(|foreign_key| foreign_key.target.schema == relation.name.schema)
        .filter_map(|foreign_key| Some((foreign_key, single_target(foreign_key, column)?)))
        .min_by_key(|(foreign_key, _)| (foreign_key.target_is_view, &foreign_key.target))
        .map(|(foreign_key, target)| (&foreign_key.target.name, target))
}

/// The target's column, if the origin has the key and it is this column only.
fn single_target<'a>(foreign_key: &'a ForeignKeyRelationship, column: &Name) -> Option<&'a Name> {
    let (Cardinality::ManyToOne { columns, .. }
    | Cardinality::OneToOne {
        columns,
        target_has_key: false,
        ..
    }) = &foreign_key.cardinality
    else {
        return None;
    };
    match columns.as_slice() {
        [(origin, target)] if origin == column => Some(target),
        _ => None,
    }
}
