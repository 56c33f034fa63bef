//! What a request says: the fields of its body or query, checked and coerced as the original's schemas do (§1, §2). A wrong
//! one is told by its place, `body/limit must be >= 1`.

use std::time::Duration;

use axum::body::Body;
use ferrobase_http::{BodyError, read_body};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde_json::{Map, Value};

use crate::error::{Result, StorageError};

/// Longest body of JSON.
const LIMIT: usize = 1 << 20;

/// Longest time for it.
const TIME: Duration = Duration::from_secs(30);

/// An object of a request.
#[derive(Debug)]
pub struct Fields {
    /// Where it is.
    place: String,
    all: Map<String, Value>,
}

impl Fields {
    /// The body. An empty one is an object without fields where the client does not say that it sends JSON.
    pub async fn of_body(headers: &HeaderMap, body: Body) -> Result<Self> {
        match Self::read(body).await? {
            Some(fields) => Ok(fields),
            None if says_json(headers) => Err(StorageError::Framework(
                "Body cannot be empty when content-type is set to 'application/json'",
            )),
            None => Err(StorageError::Validation("body must be object".to_owned())),
        }
    }

    /// The body, which may be empty.
    pub async fn of_optional_body(body: Body) -> Result<Self> {
        let fields = Self::read(body).await?;
        Ok(fields.unwrap_or_else(|| Self::new("body", Map::new())))
    }

    async fn read(body: Body) -> Result<Option<Self>> {
        let bytes = tokio::time::timeout(TIME, read_body(body, LIMIT))
            .await
            .map_err(|_| StorageError::Stalled)?
            .map_err(|error| match error {
                BodyError::TooLarge => StorageError::BodyTooLarge,
                BodyError::Broken => StorageError::BrokenBody,
            })?;
        if bytes.is_empty() {
            return Ok(None);
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(all)) => Ok(Some(Self::new("body", all))),
            Ok(_) => Err(StorageError::Validation("body must be object".to_owned())),
            Err(_) => Err(StorageError::Framework(
                "Body is not valid JSON but content-type is set to 'application/json'",
            )),
        }
    }

    /// The query.
    pub fn of_query(parts: &Parts) -> Self {
        let query = parts.uri.query().unwrap_or_default();
        let all = url::form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
            .collect();
        Self::new("querystring", all)
    }

    fn new(place: &str, all: Map<String, Value>) -> Self {
        Self {
            place: place.to_owned(),
            all,
        }
    }

    /// The refusal of a field.
    pub fn wrong(&self, name: &str, what: &str) -> StorageError {
        StorageError::Validation(format!("{}/{name} {what}", self.place))
    }

    /// Refuses a request without one of these fields.
    pub fn require(&self, names: &[&str]) -> Result<()> {
        match names.iter().find(|name| !self.all.contains_key(**name)) {
            None => Ok(()),
            Some(name) => Err(StorageError::Validation(format!(
                "{} must have required property '{name}'",
                self.place
            ))),
        }
    }

    /// Whether it has one of these fields.
    pub fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.all.contains_key(*name))
    }

    /// A field as it came.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.all.get(name)
    }

    /// A text; numbers and booleans count as such.
    pub fn text(&self, name: &str) -> Result<Option<String>> {
        match self.all.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Bool(_) | Value::Number(_)) => Ok(self.all.get(name).map(Value::to_string)),
            Some(_) => Err(self.wrong(name, "must be string")),
        }
    }

    /// A text that has to be there; `null` is an empty one.
    pub fn required_text(&self, name: &str) -> Result<String> {
        self.require(&[name])?;
        Ok(self.text(name)?.unwrap_or_default())
    }

    /// A whole number; one that is too large for us is the largest.
    pub fn integer(&self, name: &str, least: i64) -> Result<Option<i64>> {
        let number = match self.all.get(name) {
            None => return Ok(None),
            Some(Value::Null) => Some(0),
            Some(Value::Bool(flag)) => Some(i64::from(*flag)),
            Some(Value::Number(number)) => number.as_i64().or_else(|| whole(number.as_f64()?)),
            Some(Value::String(text)) => whole_text(text),
            Some(_) => None,
        };
        let number = number.ok_or_else(|| self.wrong(name, "must be integer"))?;
        if number < least {
            return Err(self.wrong(name, &format!("must be >= {least}")));
        }
        Ok(Some(number))
    }

    /// A truth value.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>> {
        Ok(Some(match self.all.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) if text == "true" => true,
            Some(Value::String(text)) if text == "false" => false,
            Some(Value::Number(number)) if number.as_i64() == Some(1) => true,
            Some(Value::Number(number)) if number.as_i64() == Some(0) => false,
            Some(_) => return Err(self.wrong(name, "must be boolean")),
        }))
    }

    /// One of a few texts.
    pub fn choice(&self, name: &str, allowed: &[&'static str]) -> Result<Option<&'static str>> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        match allowed.iter().find(|choice| **choice == text) {
            Some(choice) => Ok(Some(choice)),
            None => Err(self.wrong(name, "must be equal to one of the allowed values")),
        }
    }

    /// A list of texts.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>> {
        match self.all.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(list)) => list
                .iter()
                .enumerate()
                .map(|(index, entry)| match entry {
                    Value::String(text) => Ok(text.clone()),
                    Value::Bool(_) | Value::Number(_) => Ok(entry.to_string()),
                    _ => Err(self.wrong(&format!("{name}/{index}"), "must be string")),
                })
                .collect::<Result<_>>()
                .map(Some),
            // The original takes a single value for a list of one.
            Some(Value::String(text)) => Ok(Some(vec![text.clone()])),
            Some(_) => Err(self.wrong(name, "must be array")),
        }
    }

    /// A list of texts that has to be there and has to have one at least and `most` at most.
    pub fn required_texts(&self, name: &str, most: usize) -> Result<Vec<String>> {
        self.require(&[name])?;
        let list = self.texts(name)?.unwrap_or_default();
        if list.is_empty() {
            return Err(self.wrong(name, "must NOT have fewer than 1 items"));
        }
        if list.len() > most {
            return Err(self.wrong(name, &format!("must NOT have more than {most} items")));
        }
        Ok(list)
    }

    /// An object within this one.
    pub fn object(&self, name: &str) -> Result<Option<Self>> {
        match self.all.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(all)) => {
                let place = format!("{}/{name}", self.place);
                Ok(Some(Self::new(&place, all.clone())))
            }
            Some(_) => Err(self.wrong(name, "must be object")),
        }
    }
}

fn says_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/json"))
}

#[allow(clippy::cast_possible_truncation, reason = "a float cast saturates")]
fn whole(number: f64) -> Option<i64> {
    (number.is_finite() && number.fract() == 0.0).then_some(number as i64)
}

fn whole_text(text: &str) -> Option<i64> {
    whole(text.trim().parse().ok()?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn fields(body: Value) -> Fields {
        Fields::of_body(&HeaderMap::new(), Body::from(body.to_string()))
            .await
            .unwrap()
    }

    fn message<T: std::fmt::Debug>(result: Result<T>) -> String {
        result.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn values_are_coerced_and_wrong_ones_told() {
        let fields = fields(json!({
            "text": 5, "number": "12", "large": 1e21, "half": 1.5, "flag": "true", "list": "a", "no": {}, "null": null
        }))
        .await;
        assert_eq!(fields.text("text").unwrap(), Some("5".to_owned()));
        assert_eq!(fields.integer("number", 1).unwrap(), Some(12));
        assert_eq!(fields.integer("large", 1).unwrap(), Some(i64::MAX));
        assert_eq!(message(fields.integer("number", 13)), "body/number must be >= 13");
        assert_eq!(message(fields.integer("half", 1)), "body/half must be integer");
        assert_eq!(fields.boolean("flag").unwrap(), Some(true));
        assert_eq!(message(fields.boolean("number")), "body/number must be boolean");
        assert_eq!(fields.texts("list").unwrap(), Some(vec!["a".to_owned()]));
        assert_eq!(message(fields.text("no")), "body/no must be string");
        assert_eq!(fields.required_text("null").unwrap(), "");
        assert_eq!(
            message(fields.require(&["null", "missing"])),
            "body must have required property 'missing'"
        );
        assert_eq!(
            message(fields.choice("flag", &["false"])),
            "body/flag must be equal to one of the allowed values"
        );
    }

    #[tokio::test]
    async fn bodies_that_are_none() {
        let json = HeaderMap::from_iter([(CONTENT_TYPE, "application/json".parse().unwrap())]);
        let refused = |headers: HeaderMap, body: &'static str| async move {
            message(Fields::of_body(&headers, Body::from(body)).await)
        };
        assert!(
            refused(json.clone(), "")
                .await
                .starts_with("Body cannot be empty")
        );
        assert_eq!(refused(HeaderMap::new(), "").await, "body must be object");
        assert_eq!(refused(json.clone(), "[]").await, "body must be object");
        assert!(refused(json, "{").await.starts_with("Body is not valid JSON"));
        assert!(Fields::of_optional_body(Body::empty()).await.is_ok());
    }
}
