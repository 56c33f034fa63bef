//! The transaction of a request: context, statement, answer.

use axum::http::header::COOKIE;
use bytes::Bytes;
use ferrobase_db::{DataRow, Ending, Exchange, ExchangeError, Format, Piece, Reply, Statement};
use ferrobase_sql::Fragment;
use serde_json::Value;

use super::Serving;
use crate::error::{RestError, server_error};
use crate::json_rows::{JsonRows, write_string};
use crate::request::Transaction;
use crate::schema::{Name, Routine};
use crate::statement::{
    Column, Context, Expectation, UNEXPECTED, context, pre_request, response_settings, statement,
};

/// Larger answers of reads are passed on while they arrive, in bytes.
const STREAM_ABOVE: usize = 256 * 1024;

/// Rows become JSON here up to this size, in bytes.
const LARGEST_ROWS: usize = 1024 * 1024;

/// What is sent besides the main statement, and how.
pub(super) struct Sending<'s> {
    /// Nothing may be written.
    pub(super) read_only: bool,
    /// It only looks at relations.
    pub(super) is_repeatable: bool,
    /// The function that is called.
    pub(super) routine: Option<&'s Routine>,
    /// A statement whose plan estimates the total.
    pub(super) estimate: Option<Fragment>,
    /// The number of rows that the statement insists on.
    pub(super) expectation: Expectation,
}

impl Sending<'_> {
    /// Reading relations.
    pub(super) fn read(estimate: Option<Fragment>) -> Self {
        Self {
            read_only: true,
            is_repeatable: estimate.is_none(),
            routine: None,
            estimate,
            expectation: Expectation::Any,
        }
    }
}

/// The columns of an answer, read.
pub(crate) struct Answer {
    /// Rows without the range.
    pub(crate) total: Option<i64>,
    /// Rows that are shown, or were written.
    pub(crate) rows: i64,
    /// `response.headers`
    pub(crate) headers: Option<String>,
    /// `response.status`
    pub(crate) status: Option<String>,
    /// See [`Column::Extra`].
    pub(crate) extra: Option<String>,
    /// Rows that the planner expects.
    pub(crate) estimate: Option<i64>,
    /// The body.
    pub(crate) body: Content,
}

/// A body.
pub(crate) enum Content {
    /// All of it.
    Whole(Bytes),
    /// Its beginning is still arriving; so many bytes follow.
    Arriving(Box<Reply>, usize),
}

impl Serving {
    /// Sends a statement whose answer is one row of [`Column`]s.
    pub(super) async fn send(&self, sql: Fragment, sending: Sending<'_>) -> Result<Answer, RestError> {
        let failed = |error| self.failed(error, sending.expectation);
        let can_stream = sending.read_only && sending.estimate.is_none();
        let stream_above = if can_stream { STREAM_ABOVE } else { usize::MAX };
        let estimate = sending.estimate.clone().map(statement);
        let mut reply = self
            .begin(statement(sql), estimate, &sending, stream_above)
            .await
            .map_err(failed)?;
        let row = match reply.next().await.map_err(failed)? {
            Some(Piece::Row(row)) => row,
            Some(Piece::Large { leading, length }) => {
                return Answer::read(&leading, None, Content::Arriving(Box::new(reply), length));
            }
            Some(Piece::After(_)) | None => {
                return Err(RestError::Internal("the statement gave no row".to_owned()));
            }
        };
        let mut planned = None;
        while let Some(piece) = reply.next().await.map_err(failed)? {
            if let Piece::After(row) = piece {
                planned = row.text(0).and_then(planned_rows);
            }
        }
        let body = row.bytes(Column::Body as usize).unwrap_or_default();
        Answer::read(&row, planned, Content::Whole(body))
    }

    /// Sends a statement whose answer is the rows themselves, which become JSON here. `None` if they had better become
    /// JSON in the database: it knows more types, and passes large answers on piece by piece.
    pub(super) async fn send_rows(
        &self,
        sql: Fragment,
        sending: Sending<'_>,
        is_object: bool,
    ) -> Result<Option<Answer>, RestError> {
        let failed = |error| self.failed(error, sending.expectation);
        let main = Statement {
            format: Format::Described,
            ..statement(sql)
        };
        let mut reply = self
            .begin(main, Some(response_settings()), &sending, usize::MAX)
            .await
            .map_err(failed)?;
        let columns = reply.columns();
        let Some(mut rows) = columns.and_then(|columns| JsonRows::of(columns, reply.has_iso_dates())) else {
            return Ok(None);
        };
        let (mut headers, mut status) = (None, None);
        while let Some(piece) = reply.next().await.map_err(failed)? {
            match piece {
                Piece::Row(row) => rows.add(&row),
                Piece::After(row) => {
                    headers = row.text(0).map(str::to_owned);
                    status = row.text(1).map(str::to_owned);
                }
                Piece::Large { .. } => return Ok(None),
            }
            if rows.len() > LARGEST_ROWS {
                return Ok(None);
            }
        }
        let count = rows.count();
        let body = if is_object {
            rows.into_object()
        } else {
            rows.into_array()
        };
        Ok(Some(Answer {
            total: None,
            rows: count,
            headers,
            status,
            extra: None,
            estimate: None,
            body: Content::Whole(body.into()),
        }))
    }

    /// Sends a write of which nothing is shown: how many rows it wrote the server says by itself.
    pub(super) async fn send_write(&self, sql: Fragment, sending: Sending<'_>) -> Result<Answer, RestError> {
        let failed = |error| self.failed(error, sending.expectation);
        let mut reply = self
            .begin(statement(sql), Some(response_settings()), &sending, usize::MAX)
            .await
            .map_err(failed)?;
        let (mut headers, mut status) = (None, None);
        while let Some(piece) = reply.next().await.map_err(failed)? {
            if let Piece::After(row) = piece {
                headers = row.text(0).map(str::to_owned);
                status = row.text(1).map(str::to_owned);
            }
        }
        Ok(Answer {
            total: None,
            rows: i64::try_from(reply.affected()).unwrap_or(i64::MAX),
            headers,
            status,
            extra: None,
            estimate: None,
            body: Content::Whole(Bytes::new()),
        })
    }

    /// Sends a statement whose answer is one row of some other shape.
    pub(super) async fn send_row(&self, sql: Fragment, sending: Sending<'_>) -> Result<DataRow, RestError> {
        let failed = |error| self.failed(error, sending.expectation);
        let mut reply = self
            .begin(statement(sql), None, &sending, usize::MAX)
            .await
            .map_err(failed)?;
        let first = reply.next().await.map_err(failed)?;
        reply.finish().await.map_err(failed)?;
        match first {
            Some(Piece::Row(row)) => Ok(row),
            _ => Err(RestError::Internal("the statement gave no row".to_owned())),
        }
    }

    /// Sends a statement whose rows are lines of text: a plan.
    pub(super) async fn send_lines(&self, sql: Fragment, sending: Sending<'_>) -> Result<Bytes, RestError> {
        let failed = |error| self.failed(error, sending.expectation);
        let mut reply = self
            .begin(statement(sql), None, &sending, usize::MAX)
            .await
            .map_err(failed)?;
        let mut text = Vec::new();
        while let Some(piece) = reply.next().await.map_err(failed)? {
            if let Piece::Row(row) = piece {
                if !text.is_empty() {
                    text.push(b'\n');
                }
                text.extend_from_slice(row.get(0).unwrap_or_default());
            }
        }
        Ok(text.into())
    }

    async fn begin(
        &self,
        main: Statement<'static>,
        after: Option<Statement<'static>>,
        sending: &Sending<'_>,
        stream_above: usize,
    ) -> Result<Reply, ExchangeError> {
        let config = self.state.config();
        let request = &self.request;
        let role_settings = self.cache.role_settings.get(self.identity.role.as_str());
        let hoisted: Vec<(Name, String)> = sending.routine.map_or_else(Vec::new, |routine| {
            routine
                .settings
                .iter()
                .filter(|(name, _)| config.hoisted_settings.iter().any(|hoisted| **hoisted == **name))
                .cloned()
                .collect()
        });
        let isolation = sending
            .routine
            .and_then(|routine| routine.isolation.as_deref())
            .filter(|_| {
                config
                    .hoisted_settings
                    .iter()
                    .any(|name| name == "default_transaction_isolation")
            })
            .or(role_settings.and_then(|settings| settings.isolation.as_deref()));
        let exchange = Exchange {
            role: self.identity.role.clone().into(),
            isolation: isolation.map(|level| level.to_owned().into()),
            context: context(
                &Context {
                    schema: &request.schema,
                    role: &self.identity.role,
                    role_settings,
                    claims: &self.identity.claims,
                    method: self.parts.method.as_str(),
                    path: self.parts.uri.path(),
                    headers: self.headers_json(),
                    cookies: self.cookies_json(),
                    timezone: request.preferences.timezone.as_deref(),
                    routine_settings: &hoisted,
                    read_only: sending.read_only,
                },
                config,
            ),
            before: config.pre_request.as_ref().map(pre_request),
            main,
            after,
            // What wrote nothing needs no undoing.
            ending: if self.is_rolled_back() && !sending.read_only {
                Ending::Rollback
            } else {
                Ending::Commit
            },
            stream_above,
        };
        // Small reads travel together; what a function does may not be done twice.
        if sending.is_repeatable && exchange.isolation.is_none() && exchange.before.is_none() {
            self.state.requests().send_shared(exchange).await
        } else {
            self.state.requests().send(&exchange).await
        }
    }

    fn is_rolled_back(&self) -> bool {
        match self.request.preferences.transaction {
            Some(wanted) => wanted == Transaction::Rollback,
            None => self.state.config().transaction_end.is_rollback(),
        }
    }

    /// Headers without cookies; of several of one name the last counts.
    fn headers_json(&self) -> String {
        let headers = &self.parts.headers;
        let mut json = Vec::with_capacity(1024);
        for name in headers.keys().filter(|name| *name != COOKIE) {
            let Some(value) = headers.get_all(name).iter().next_back() else {
                continue;
            };
            json.push(if json.is_empty() { b'{' } else { b',' });
            write_string(&mut json, name.as_str().as_bytes());
            json.push(b':');
            write_string(&mut json, String::from_utf8_lossy(value.as_bytes()).as_bytes());
        }
        if json.is_empty() {
            json.push(b'{');
        }
        json.push(b'}');
        String::from_utf8(json).unwrap_or_default()
    }

    fn cookies_json(&self) -> String {
        if !self.parts.headers.contains_key(COOKIE) {
            return "{}".to_owned();
        }
        let cookies: serde_json::Map<String, Value> = self
            .parts
            .headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .map(|(name, value)| (name.to_owned(), Value::String(value.to_owned())))
            .collect();
        Value::Object(cookies).to_string()
    }

    /// An error of the database; one that an expectation raised is what the expectation was for.
    fn failed(&self, error: ExchangeError, expectation: Expectation) -> RestError {
        let unexpected = server_error(&error)
            .filter(|error| error.code == "22P02")
            .and_then(|error| error.message.split_once(UNEXPECTED))
            .and_then(|(_, rest)| rest.trim_end_matches('"').parse().ok());
        match (unexpected, expectation) {
            (Some(rows), Expectation::One) => RestError::NotSingular(rows),
            (Some(rows), Expectation::AtMost(_)) => RestError::MaxAffected(rows),
            _ => RestError::database(error, self.identity.is_anonymous),
        }
    }
}

impl Answer {
    fn read(row: &DataRow, estimate: Option<i64>, body: Content) -> Result<Self, RestError> {
        let text = |column: Column| row.text(column as usize).map(str::to_owned);
        let number = |column: Column| {
            row.text(column as usize)
                .map(str::parse)
                .transpose()
                .map_err(|_| RestError::Internal("a count is no number".to_owned()))
        };
        Ok(Self {
            total: number(Column::Total)?,
            rows: number(Column::Rows)?.unwrap_or_default(),
            headers: text(Column::Headers),
            status: text(Column::Status),
            extra: text(Column::Extra),
            estimate,
            body,
        })
    }
}

/// The planner's number of rows in `EXPLAIN (FORMAT JSON)`.
fn planned_rows(text: &str) -> Option<i64> {
    let plan: Value = serde_json::from_str(text).ok()?;
    plan.get(0)?.get("Plan")?.get("Plan Rows")?.as_i64()
}
