//! Answers: status, headers, body (rest.md sections 9, 10, 16 and 17).

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde_json::Value;

use crate::error::RestError;
use crate::plan::MutationPlan;
use crate::request::{
    Action, Count, Handling, MediaType, Missing, Preferences, Resolution, Return, Transaction,
};
use crate::serve::{Answer, Content, Serving};

mod stream;

const ERROR_TYPE: &str = "application/json; charset=utf-8";

/// The status of a page: partial, if there is more.
pub(crate) fn ranged_status(rows: i64, total: Option<i64>) -> u16 {
    match total {
        Some(total) if rows < total => 206,
        _ => 200,
    }
}

/// An error as the client sees it; its cause goes to the log.
pub(crate) fn failed(error: &RestError, is_verbose: bool) -> Response {
    if let Some(cause) = error.cause() {
        tracing::error!(code = error.code(), cause, "the request failed");
    }
    let body = error.body(is_verbose).to_string();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = error.status();
    if let RestError::Raised(raised) = error
        && let Some(reason) = raised
            .reason
            .as_ref()
            .and_then(|reason| hyper::ext::ReasonPhrase::try_from(reason.as_bytes()).ok())
    {
        response.extensions_mut().insert(reason);
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(ERROR_TYPE));
    let proxy_status = format!("PostgREST; error={}", error.code());
    for (name, value) in error
        .headers()
        .into_iter()
        .chain([("proxy-status".to_owned(), proxy_status)])
    {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    response
}

/// An answer while it is put together.
pub(crate) struct Builder<'s> {
    serving: &'s Serving,
    status: u16,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Body,
    has_content: bool,
}

impl<'s> Builder<'s> {
    pub(crate) fn new(serving: &'s Serving, status: u16) -> Self {
        Self {
            serving,
            status,
            headers: Vec::new(),
            body: Body::empty(),
            has_content: false,
        }
    }

    /// A header; one that cannot be sent is left out.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    /// `Content-Range`
    pub(crate) fn range(self, offset: i64, rows: i64, total: Option<i64>) -> Self {
        let total = total.map_or_else(|| "*".to_owned(), |total| total.to_string());
        let value = if rows == 0 {
            format!("*/{total}")
        } else {
            format!("{offset}-{}/{total}", offset + rows - 1)
        };
        self.header("content-range", &value)
    }

    /// `Content-Location` of a relation's rows.
    pub(crate) fn location_of_content(self) -> Self {
        let canonical = &self.serving.request.query.canonical;
        let path = self.serving.parts.uri.path();
        let value = if canonical.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{canonical}")
        };
        self.header("content-location", &value)
    }

    /// One warning of all embeds that were named by their target although they have an alias.
    pub(crate) fn legacy_names(self, names: &[(String, String)]) -> Self {
        if names.is_empty() {
            return self;
        }
        let updates: Vec<String> = names
            .iter()
            .map(|(target, alias)| format!("`{target}` to `{alias}`"))
            .collect();
        let text = format!(
            "299 ferrobase \"Embedded resource was referenced by relation name even though it has an alias. This is deprecated and will stop working in a future release. Update {} in query string filters, orders or limits.\"",
            updates.join(", ")
        );
        self.header("warning", &text)
    }

    /// A body that was not made by the usual statement.
    pub(crate) fn content(mut self, media_type: &MediaType, body: Bytes) -> Self {
        self.has_content = true;
        self.body = Body::from(body);
        self.header("content-type", &media_type.content_type())
    }

    /// What the database answered; without a media type there is no body.
    pub(crate) fn answer(
        mut self,
        answer: Answer,
        media_type: Option<&MediaType>,
    ) -> Result<Response, RestError> {
        if let Some(media_type) = media_type {
            self.has_content = true;
            self = self.header("content-type", &media_type.content_type());
            if let Content::Arriving(_, length) = &answer.body {
                self.headers
                    .push((CONTENT_LENGTH, HeaderValue::from(*length as u64)));
            }
            self.body = match answer.body {
                Content::Whole(bytes) => Body::from(bytes),
                Content::Arriving(reply, _) => stream::body(reply),
            };
        }
        if !self.serving.request.action.is_mutation()
            && !self.headers.iter().any(|(name, _)| name == "preference-applied")
        {
            self = self.applied_to_read();
        }
        let status = answer.status.as_deref().map(status).transpose()?;
        let own = answer.headers.as_deref().map(headers).transpose()?;
        let mut response = self.finish()?;
        if let Some(status) = status {
            *response.status_mut() = status;
            if status == StatusCode::SERVICE_UNAVAILABLE {
                let seconds = HeaderValue::from_static("1");
                response.headers_mut().insert(RETRY_AFTER, seconds);
            }
        }
        for (index, (name, value)) in own.iter().flatten().enumerate() {
            // The first of a name takes the place of the server's; further ones are added.
            let is_repeated = own
                .iter()
                .flatten()
                .take(index)
                .any(|(earlier, _)| earlier == name);
            if is_repeated {
                response.headers_mut().append(name.clone(), value.clone());
            } else {
                response.headers_mut().insert(name.clone(), value.clone());
            }
        }
        Ok(response)
    }

    /// Nothing but headers.
    pub(crate) fn empty(self) -> Result<Response, RestError> {
        let mut response = self.build()?;
        response
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        Ok(response)
    }

    /// With the headers of every answer that has data.
    pub(crate) fn finish(mut self) -> Result<Response, RestError> {
        self = self.header("vary", "Accept, Prefer, Range");
        if self.has_content && self.serving.request.shows_schema {
            let schema = self.serving.request.schema.clone();
            self = self.header("content-profile", &schema);
        }
        let is_empty_created = !self.has_content && self.status == 201;
        let mut response = self.build()?;
        if is_empty_created {
            response
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        Ok(response)
    }

    fn build(self) -> Result<Response, RestError> {
        let mut response = Response::new(self.body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).map_err(|error| RestError::Internal(error.to_string()))?;
        let mut timing = self.serving.timing.clone();
        timing.lap("response");
        let headers = response.headers_mut();
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        if let Some(value) = timing
            .header()
            .and_then(|value| HeaderValue::try_from(value).ok())
        {
            headers.insert("server-timing", value);
        }
        Ok(response)
    }

    /// `Preference-Applied` of a write.
    pub(crate) fn applied_to_write(self, plan: &MutationPlan) -> Self {
        let preferences = &self.serving.request.preferences;
        let action = self.serving.request.action;
        let resolution = preferences
            .resolution
            .filter(|_| action == Action::Insert && plan.conflict.is_some());
        let missing = preferences
            .missing
            .filter(|_| matches!(action, Action::Insert | Action::Update));
        let applied = Applied {
            resolution,
            missing,
            returns: preferences.returns,
            max_affected: preferences
                .most_affected()
                .filter(|_| matches!(action, Action::Update | Action::Delete)),
        };
        self.applied(&applied)
    }

    /// `Preference-Applied` of a call.
    pub(crate) fn applied_to_call(self) -> Self {
        let applied = Applied {
            max_affected: self.serving.request.preferences.most_affected(),
            ..Applied::default()
        };
        self.applied(&applied)
    }

    fn applied_to_read(self) -> Self {
        self.applied(&Applied::default())
    }

    fn applied(self, applied: &Applied) -> Self {
        let names = applied.names(&self.serving.request.preferences);
        if names.is_empty() {
            self
        } else {
            self.header("preference-applied", &names.join(", "))
        }
    }
}

/// Preferences that only some requests honour.
#[derive(Default)]
struct Applied {
    resolution: Option<Resolution>,
    missing: Option<Missing>,
    returns: Option<Return>,
    max_affected: Option<i64>,
}

impl Applied {
    fn names(&self, preferences: &Preferences) -> Vec<String> {
        let fixed = [
            self.resolution.map(|resolution| match resolution {
                Resolution::MergeDuplicates => "resolution=merge-duplicates",
                Resolution::IgnoreDuplicates => "resolution=ignore-duplicates",
            }),
            self.missing.map(|missing| match missing {
                Missing::Default => "missing=default",
                Missing::Null => "missing=null",
            }),
            self.returns.map(|returns| match returns {
                Return::Minimal => "return=minimal",
                Return::HeadersOnly => "return=headers-only",
                Return::Representation => "return=representation",
            }),
            preferences.count.map(|count| match count {
                Count::Exact => "count=exact",
                Count::Planned => "count=planned",
                Count::Estimated => "count=estimated",
            }),
            preferences.transaction.map(|transaction| match transaction {
                Transaction::Commit => "tx=commit",
                Transaction::Rollback => "tx=rollback",
            }),
            preferences.handling.map(|handling| match handling {
                Handling::Strict => "handling=strict",
                Handling::Lenient => "handling=lenient",
            }),
        ];
        let mut names: Vec<String> = fixed.into_iter().flatten().map(str::to_owned).collect();
        names.extend(
            preferences
                .timezone
                .as_ref()
                .map(|zone| format!("timezone={zone}")),
        );
        names.extend(self.max_affected.map(|most| format!("max-affected={most}")));
        names
    }
}

/// `response.status`
fn status(text: &str) -> Result<StatusCode, RestError> {
    text.parse::<u16>()
        .ok()
        .and_then(|code| StatusCode::from_u16(code).ok())
        .ok_or(RestError::StatusGuc)
}

/// `response.headers`: an array of objects with one member each.
fn headers(text: &str) -> Result<Vec<(HeaderName, HeaderValue)>, RestError> {
    let list: Vec<serde_json::Map<String, Value>> =
        serde_json::from_str(text).map_err(|_| RestError::HeadersGuc)?;
    list.into_iter()
        .map(|object| {
            let mut members = object.into_iter();
            let (Some((name, Value::String(value))), None) = (members.next(), members.next()) else {
                return Err(RestError::HeadersGuc);
            };
            Ok((
                HeaderName::try_from(name).map_err(|_| RestError::HeadersGuc)?,
                HeaderValue::from_bytes(value.as_bytes()).map_err(|_| RestError::HeadersGuc)?,
            ))
        })
        .collect()
}
