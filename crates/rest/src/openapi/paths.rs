//! Paths: of the document itself, of relations and of functions.

use serde_json::{Map, Value, json};

use super::parameters::{OF_READS, body_key, filter_keys, of_get, of_post, reference};
use super::{DATA_MEDIA_TYPES, Document, insert_some, split_comment};
use crate::schema::{Relation, Routine, Volatility};

/// The document's `paths`.
pub(super) fn all(document: &Document<'_>) -> Map<String, Value> {
    let mut paths = Map::new();
    paths.insert("/".into(), root());
    for relation in &document.relations {
        paths.insert(format!("/{}", relation.name.name), of_relation(relation));
    }
    for (position, routine) in document.routines.iter().enumerate() {
        if !is_outdone(routine, position, &document.routines) {
            paths.insert(
                format!("/rpc/{}", routine.name.name),
                of_routine(document, routine),
            );
        }
    }
    paths
}

/// A path has room for one overload: the one with the most parameters, of several such the last.
fn is_outdone(routine: &Routine, position: usize, routines: &[&Routine]) -> bool {
    routines.iter().enumerate().any(|(other_position, other)| {
        other.name == routine.name
            && (other.parameters.len(), other_position) > (routine.parameters.len(), position)
    })
}

fn root() -> Value {
    json!({
        "get": {
            "tags": ["Introspection"],
            "summary": "OpenAPI description (this document)",
            "produces": ["application/openapi+json", "application/json"],
            "responses": { "200": { "description": "OK" } },
        }
    })
}

/// All of a relation's methods that write come or stay away together, as the original has it.
fn of_relation(relation: &Relation) -> Value {
    let filters: Vec<String> = filter_keys(relation).collect();
    let body = body_key(relation);
    let definition = format!("#/definitions/{}", relation.name.name);
    let rows = json!({ "items": { "$ref": definition }, "type": "array" });
    let description = relation.description.as_deref();
    let method = |keys: &mut dyn Iterator<Item = &str>, responses: Value| {
        let parameters = keys.map(reference).collect();
        operation(&relation.name.name, description, None, parameters, responses)
    };
    let filters = || filters.iter().map(String::as_str);

    let mut path = Map::new();
    let responses = json!({
        "200": { "description": "OK", "schema": rows },
        "206": { "description": "Partial Content" },
    });
    path.insert("get".into(), method(&mut filters().chain(OF_READS), responses));
    if relation.insertable || relation.updatable || relation.deletable {
        let created = json!({ "201": { "description": "Created" } });
        let done = json!({ "204": { "description": "No Content" } });
        let mut of_post = [body.as_str(), "select", "preferPost"].into_iter();
        path.insert("post".into(), method(&mut of_post, created));
        let mut of_delete = filters().chain(["preferReturn"]);
        path.insert("delete".into(), method(&mut of_delete, done.clone()));
        let mut of_patch = filters().chain([body.as_str(), "preferReturn"]);
        path.insert("patch".into(), method(&mut of_patch, done));
    }
    path.into()
}

fn of_routine(document: &Document<'_>, routine: &Routine) -> Value {
    let tag = format!("(rpc) {}", routine.name.name);
    let method = |parameters: Vec<Value>| {
        // Everything but CSV, which functions answer in as well; the original does not say so.
        let produces = &DATA_MEDIA_TYPES[..3];
        let responses = json!({ "200": { "description": "OK" } });
        operation(
            &tag,
            routine.description.as_deref(),
            Some(produces),
            parameters,
            responses,
        )
    };
    let mut path = Map::new();
    if routine.volatility != Volatility::Volatile {
        path.insert("get".into(), method(of_get(document, routine)));
    }
    path.insert("post".into(), method(of_post(document, routine)));
    path.into()
}

/// A method: the first line of the comment is its summary, the rest its description.
fn operation(
    tag: &str,
    comment: Option<&str>,
    produces: Option<&[&str]>,
    parameters: Vec<Value>,
    responses: Value,
) -> Value {
    let mut operation = Map::new();
    operation.insert("tags".into(), json!([tag]));
    if let Some((summary, description)) = comment.map(split_comment) {
        operation.insert("summary".into(), summary.into());
        let description = Some(description).filter(|description| !description.is_empty());
        insert_some(&mut operation, "description", description);
    }
    insert_some(&mut operation, "produces", produces.map(|types| json!(types)));
    if !parameters.is_empty() {
        operation.insert("parameters".into(), parameters.into());
    }
    operation.insert("responses".into(), responses);
    operation.into()
}
