//! What a binding asks for (§7.1).

use ferrobase_replication::ChangeKind;
use serde_json::{Map, Value};

use crate::filter::{Condition, parse};

/// A binding, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What has to happen; `None` = anything.
    pub kind: Option<ChangeKind>,
    /// Schema; `None` = any.
    pub schema: Option<String>,
    /// Table; `None` = any.
    pub table: Option<String>,
    /// What the row has to be like.
    pub conditions: Vec<Condition>,
    /// The columns to be shown, besides the primary key.
    pub select: Option<Vec<String>>,
}

/// Reads a binding; the error is the client's.
pub fn read(given: &Value) -> Result<Request, String> {
    let empty = Map::new();
    let members = given.as_object().unwrap_or(&empty);
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let nothing = || {
        Err(format!(
            "No subscription params provided. Please provide at least a `schema` or `table` to subscribe to: {given}"
        ))
    };
    let has = |name: &str| members.contains_key(name);
    let (schema, table) = match (text("schema"), text("table")) {
        (Some(schema), Some(table)) => (schema, table),
        (Some(schema), None) if !has("table") && !has("filter") => (schema, "*"),
        (None, Some(table)) if !has("schema") && !has("filter") => ("public", table),
        _ => return nothing(),
    };
    let conditions = match members.get("filter") {
        None => Vec::new(),
        Some(Value::String(filter)) => {
            parse(filter).map_err(|error| format!("Error parsing `filter` params: {error}"))?
        }
        Some(_) => return nothing(),
    };
    let is_wild = schema == "*" || table == "*";
    let kind = match text("event").unwrap_or("*").to_uppercase().as_str() {
        "INSERT" => Some(ChangeKind::Insert),
        "UPDATE" => Some(ChangeKind::Update),
        "DELETE" => Some(ChangeKind::Delete),
        _ => None,
    };
    if is_wild && !conditions.is_empty() {
        return Err("Error parsing `filter` params: a filter needs a schema and a table".to_owned());
    }
    let name = |text: &str| (text != "*").then(|| text.to_owned());
    Ok(Request {
        kind,
        schema: name(schema),
        table: name(table),
        conditions,
        select: select(members.get("select"), is_wild)?,
    })
}

fn select(given: Option<&Value>, is_wild: bool) -> Result<Option<Vec<String>>, String> {
    let names: Vec<String> = match given {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(names)) => names
            .iter()
            .filter_map(|name| name.as_str().map(ToOwned::to_owned))
            .collect(),
        Some(other) => {
            return Err(format!(
                "Error parsing `select` params: {other} is not a list of columns"
            ));
        }
    };
    if names.is_empty() {
        return Ok(None);
    }
    if is_wild {
        return Err(
            "Column selection is not supported for wildcard subscriptions. Provide an explicit schema and table name."
                .to_owned(),
        );
    }
    Ok(Some(names))
}

impl Request {
    /// As the texts of errors show it.
    pub fn shown(&self) -> String {
        let kind = match self.kind {
            Some(ChangeKind::Insert) => "INSERT",
            Some(ChangeKind::Update) => "UPDATE",
            Some(ChangeKind::Delete) => "DELETE",
            None => "*",
        };
        let any = |name: &Option<String>| name.clone().unwrap_or_else(|| "*".to_owned());
        let filters: Vec<String> = self
            .conditions
            .iter()
            .map(|condition| {
                let word = format!("{:?}", condition.operator).to_lowercase();
                format!("{{{:?}, {word:?}, {:?}}}", condition.column, condition.value)
            })
            .collect();
        let select = self
            .select
            .as_ref()
            .map_or_else(|| "nil".to_owned(), |names| format!("{names:?}"));
        format!(
            "[event: {kind}, schema: {}, table: {}, filters: [{}], select: {select}]",
            any(&self.schema),
            any(&self.table),
            filters.join(", ")
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bindings() {
        let request = read(&json!({ "event": "insert", "schema": "public" })).unwrap();
        assert_eq!(
            request.shown(),
            "[event: INSERT, schema: public, table: *, filters: [], select: nil]"
        );
        let request = read(&json!({ "event": "?", "table": "t" })).unwrap();
        assert_eq!((request.kind, request.schema.as_deref()), (None, Some("public")));
        let request = read(
            &json!({ "event": "*", "schema": "s", "table": "t", "filter": "a=eq.1", "select": ["a", 1] }),
        )
        .unwrap();
        assert_eq!(
            request.shown(),
            "[event: *, schema: s, table: t, filters: [{\"a\", \"eq\", \"1\"}], select: [\"a\"]]"
        );
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let refused = |given| read(&given).unwrap_err();
        for given in [
            json!({ "event": "*" }),
            json!({ "event": "*", "schema": "public", "filter": "a=eq.1" }),
            json!({ "event": "*", "schema": "public", "table": null }),
            json!("text"),
        ] {
            assert!(refused(given).starts_with("No subscription params provided."));
        }
        let with = |name: &str, value: Value| {
            let mut given = json!({ "event": "*", "schema": "public", "table": "*" });
            given[name] = value;
            refused(given)
        };
        assert!(with("select", json!("a")).starts_with("Error parsing `select` params: "));
        assert!(with("select", json!(["a"])).starts_with("Column selection is not supported"));
        assert!(with("filter", json!("a")).starts_with("Error parsing `filter` params: "));
    }
}
