//! An HTTP request as the data API understands it: target, action, schema, query, preferences, media types, range, body
//! (rest.md sections 1, 2, 9, 10, 11 and 12). Nothing here knows the database.

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use bytes::Bytes;
use ferrobase_query::{QueryString, Reading};
use percent_encoding::percent_decode_str;

use crate::config::RestConfig;
use crate::error::RestError;

mod body;
mod media_type;
mod preferences;
mod range;

pub use body::{Body, BodyKeys};
pub use media_type::{MediaType, Plan, PlanFormat, PlanOption, accepted};
pub use preferences::{Count, Handling, Missing, Preferences, Resolution, Return, Transaction};
pub use range::Range;

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `/`
    Root,
    /// `/{relation}`
    Relation(String),
    /// `/rpc/{function}`
    Routine(String),
}

/// What is to be done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// GET or HEAD of a relation, or of the root.
    Read,
    /// POST to a relation.
    Insert,
    /// PATCH.
    Update,
    /// PUT.
    Put,
    /// DELETE.
    Delete,
    /// GET or HEAD of a function: it must not write.
    CallSafely,
    /// POST to a function.
    Call,
    /// OPTIONS.
    Describe,
}

impl Action {
    /// Whether it changes a relation.
    pub fn is_mutation(self) -> bool {
        matches!(self, Self::Insert | Self::Update | Self::Put | Self::Delete)
    }
}

/// A request.
#[derive(Debug)]
pub struct Request {
    /// What the path names.
    pub target: Target,
    /// What is to be done.
    pub action: Action,
    /// The body of the answer is not wanted.
    pub is_head: bool,
    /// The schema.
    pub schema: String,
    /// The answer says which schema it was.
    pub shows_schema: bool,
    /// The query string.
    pub query: QueryString,
    /// The first rows of the root level.
    pub range: Range,
    /// `Prefer`.
    pub preferences: Preferences,
    /// `Accept`, the best first.
    pub accepts: Vec<MediaType>,
    /// The body.
    pub body: Body,
}

impl Request {
    /// Reads everything; the checks are in the original's order. Preferences are checked when the target is known.
    pub fn read(parts: &Parts, body: &Bytes, config: &RestConfig) -> Result<Self, RestError> {
        let target = target(parts.uri.path(), config)?;
        let (schema, shows_schema) = schema(&parts.headers, &parts.method, config)?;
        let action = action(&target, &parts.method)?;
        let reading = match action {
            Action::CallSafely => Reading::Arguments,
            _ => Reading::Filters,
        };
        let mut query = ferrobase_query::parse(parts.uri.query().unwrap_or_default(), reading)?;
        if !matches!(action, Action::Insert | Action::Update | Action::Call) {
            query.columns = None;
        }
        let range = Range::read(&query, &parts.headers, &parts.method)?;
        let body = Body::read(body, &parts.headers, action, query.columns.is_some())?;
        Ok(Self {
            target,
            action,
            is_head: parts.method == Method::HEAD,
            schema,
            shows_schema,
            query,
            range,
            preferences: Preferences::read(&parts.headers, config.transaction_end.allows_override()),
            accepts: accepted(&parts.headers),
            body,
        })
    }
}

/// What a path names; the root is the function that the settings put there, if they do.
fn target(path: &str, config: &RestConfig) -> Result<Target, RestError> {
    let decode = |segment: &str| {
        percent_decode_str(segment)
            .decode_utf8()
            .map(std::borrow::Cow::into_owned)
            .map_err(|_| RestError::Path)
    };
    let mut segments = path.trim_start_matches('/').split('/');
    match (segments.next(), segments.next(), segments.next()) {
        (None | Some(""), None, None) if config.root_is_disabled() => Err(RestError::RootDisabled),
        (None | Some(""), None, None) => Ok(match &config.root_spec {
            Some(function) => Target::Routine(function.name.clone()),
            None => Target::Root,
        }),
        (Some(relation), None, None) => decode(relation).map(Target::Relation),
        (Some("rpc"), Some(function), None) => decode(function).map(Target::Routine),
        _ => Err(RestError::Path),
    }
}

fn action(target: &Target, method: &Method) -> Result<Action, RestError> {
    match (target, method.as_str()) {
        (_, "OPTIONS") => Ok(Action::Describe),
        (Target::Routine(_), "GET" | "HEAD") => Ok(Action::CallSafely),
        (Target::Routine(_), "POST") => Ok(Action::Call),
        (Target::Routine(_), other) => Err(RestError::MethodOnRpc(other.to_owned())),
        (Target::Root | Target::Relation(_), "GET" | "HEAD") => Ok(Action::Read),
        (Target::Relation(_), "POST") => Ok(Action::Insert),
        (Target::Relation(_), "PATCH") => Ok(Action::Update),
        (Target::Relation(_), "PUT") => Ok(Action::Put),
        (Target::Relation(_), "DELETE") => Ok(Action::Delete),
        (_, other) => Err(RestError::Method(other.to_owned())),
    }
}

/// The schema, and whether the answer names it.
fn schema(headers: &HeaderMap, method: &Method, config: &RestConfig) -> Result<(String, bool), RestError> {
    let name = match *method {
        Method::GET | Method::HEAD | Method::OPTIONS => "accept-profile",
        _ => "content-profile",
    };
    let shows = config.schemas.len() > 1;
    match headers.get(name) {
        Some(asked) => {
            let asked = String::from_utf8_lossy(asked.as_bytes());
            if config.schemas.iter().any(|schema| *schema == asked) {
                Ok((asked.into_owned(), true))
            } else {
                Err(RestError::Schema {
                    schema: asked.into_owned(),
                    exposed: config.schemas.clone(),
                })
            }
        }
        None => Ok((config.schemas.first().cloned().unwrap_or_default(), shows)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_root() {
        use crate::config::{FunctionName, OpenApiMode};
        let mut config = RestConfig {
            root_spec: Some(FunctionName::read("api.root")),
            ..RestConfig::default()
        };
        let root = target("/", &config).unwrap();
        assert_eq!(root, Target::Routine("root".to_owned()));
        assert_eq!(action(&root, &Method::POST).unwrap(), Action::Call);
        assert_eq!(action(&root, &Method::GET).unwrap(), Action::CallSafely);
        config.openapi_mode = OpenApiMode::Disabled;
        assert!(matches!(target("/", &config), Err(RestError::RootDisabled)));
    }

    fn read(method: Method, uri: &str) -> Result<Request, RestError> {
        let http = axum::http::Request::builder().method(method).uri(uri);
        let (parts, ()) = http.body(()).unwrap().into_parts();
        Request::read(&parts, &Bytes::from_static(b"{}"), &RestConfig::default())
    }

    #[test]
    fn columns_count_where_a_body_may_have_more() {
        for (method, is_kept) in [(Method::POST, true), (Method::PATCH, true), (Method::PUT, false)] {
            let request = read(method, "/items?columns=a").unwrap();
            assert_eq!(request.query.columns.is_some(), is_kept);
        }
    }

    #[test]
    fn paths() {
        let target = |path| target(path, &RestConfig::default());
        assert_eq!(target("/").unwrap(), Target::Root);
        assert_eq!(target("/a%20b").unwrap(), Target::Relation("a b".to_owned()));
        assert_eq!(target("/rpc/f").unwrap(), Target::Routine("f".to_owned()));
        assert_eq!(target("/rpc").unwrap(), Target::Relation("rpc".to_owned()));
        for wrong in ["/a/b", "/rpc/f/g", "/%ff"] {
            assert!(matches!(target(wrong), Err(RestError::Path)), "{wrong}");
        }
    }
}
