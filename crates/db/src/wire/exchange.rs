//! What one request sends.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use bytes::BytesMut;
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;

use super::columns::ResultColumn;
use super::error::ExchangeError;
use super::session::Statements;

/// A value in PostgreSQL's text format; `None` is null.
pub type Param<'a> = Option<Cow<'a, [u8]>>;

/// A statement and its parameters. The server finds out the parameters' types by itself.
#[derive(Debug, Clone, Default)]
pub struct Statement<'a> {
    /// The text.
    pub sql: Cow<'a, str>,
    /// `$1` and so on.
    pub params: Vec<Param<'a>>,
    /// The form of the answer's columns.
    pub format: Format,
}

/// The form of an answer's columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// As text.
    #[default]
    Text,
    /// As text, and the reply tells what the columns are ([`super::Reply::columns`]).
    Described,
    /// As the type's `send` function makes it: of text, json, xml and bytea just the bytes.
    Binary,
}

/// How a request's transaction ends when nothing fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Everything lasts.
    Commit,
    /// Deferred constraints are checked, then everything is undone.
    Rollback,
}

/// One request's transaction.
#[derive(Debug, Clone)]
pub struct Exchange<'a> {
    /// The role that it works as: connections that worked as this role before are preferred, because a change of role
    /// makes the server plan statements anew.
    pub role: Cow<'a, str>,
    /// Isolation level if it is not the default: `SERIALIZABLE` and so on.
    pub isolation: Option<Cow<'a, str>>,
    /// Sets role, claims and everything else; its rows are ignored.
    pub context: Statement<'a>,
    /// Runs after the context, before the main statement; its rows are ignored.
    pub before: Option<Statement<'a>>,
    /// Its rows are the reply's.
    pub main: Statement<'a>,
    /// Runs after it; its rows follow, marked as such.
    pub after: Option<Statement<'a>>,
    /// How it ends.
    pub ending: Ending,
    /// Rows that are larger than this are handed out while they arrive, in bytes.
    pub stream_above: usize,
}

/// What a step of the message train is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Rows are ignored.
    Silent,
    Main,
    After,
}

/// What was sent, as far as the answers have to be understood.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// What the statements are for, in order.
    pub(crate) purposes: Vec<Purpose>,
    /// Names that `ParseComplete` messages will confirm, in order.
    pub(crate) parses: VecDeque<String>,
    /// Name of the statement whose columns the server will tell.
    pub(crate) described: Option<String>,
    /// The main statement's columns, if they are known.
    pub(crate) columns: Option<Arc<[ResultColumn]>>,
}

/// One statement of the train.
pub(crate) struct Step<'s> {
    pub(crate) sql: &'s str,
    pub(crate) params: &'s [Param<'s>],
    pub(crate) format: Format,
    pub(crate) purpose: Purpose,
    /// May be prepared under a name.
    pub(crate) is_reusable: bool,
}

fn command(sql: &'static str) -> Step<'static> {
    Step {
        sql,
        params: &[],
        format: Format::Text,
        purpose: Purpose::Silent,
        is_reusable: false,
    }
}

impl Exchange<'_> {
    /// Everything that is sent, in order. A transaction block is only opened where the implicit one is not enough.
    pub(crate) fn steps(&self, in_one_train: bool) -> Vec<Step<'_>> {
        let is_block = !in_one_train || self.isolation.is_some() || self.ending == Ending::Rollback;
        let mut steps = Vec::with_capacity(7);
        if is_block {
            steps.push(command(begin(self.isolation.as_deref())));
        }
        steps.push(step(&self.context, Purpose::Silent));
        steps.extend(self.before.as_ref().map(|before| step(before, Purpose::Silent)));
        steps.push(step(&self.main, Purpose::Main));
        steps.extend(self.after.as_ref().map(|after| step(after, Purpose::After)));
        if self.ending == Ending::Rollback {
            steps.push(command("SET CONSTRAINTS ALL IMMEDIATE"));
            steps.push(command("ROLLBACK"));
        } else if is_block {
            steps.push(command("COMMIT"));
        }
        steps
    }
}

fn step<'s>(statement: &'s Statement<'_>, purpose: Purpose) -> Step<'s> {
    Step {
        sql: &statement.sql,
        params: &statement.params,
        format: statement.format,
        purpose,
        is_reusable: true,
    }
}

fn begin(isolation: Option<&str>) -> &'static str {
    match isolation.map(str::to_ascii_lowercase).as_deref() {
        Some("serializable") => "BEGIN ISOLATION LEVEL SERIALIZABLE",
        Some("repeatable read") => "BEGIN ISOLATION LEVEL REPEATABLE READ",
        Some("read uncommitted") => "BEGIN ISOLATION LEVEL READ UNCOMMITTED",
        Some("read committed") => "BEGIN ISOLATION LEVEL READ COMMITTED",
        _ => "BEGIN",
    }
}

/// Writes the messages of one step, and notes in `sent` what the answers will tell.
pub(crate) fn write_step(
    step: &Step<'_>,
    statements: &mut Statements,
    out: &mut BytesMut,
    sent: &mut Sent,
) -> Result<(), ExchangeError> {
    let known = if step.is_reusable {
        statements.find(step.sql)
    } else {
        None
    };
    sent.purposes.push(step.purpose);
    if let Some(name) = known {
        write_describe(step, &name, statements, out, sent)?;
        return write_bind(step, &name, out);
    }
    let name = if step.is_reusable {
        statements.announce(step.sql)
    } else {
        String::new()
    };
    let written = frontend::parse(&name, step.sql, [], out)
        .map_err(unsendable)
        .and_then(|()| write_describe(step, &name, statements, out, sent))
        .and_then(|()| write_bind(step, &name, out));
    if written.is_err() {
        statements.withdraw(&name);
    } else {
        sent.parses.push_back(name);
    }
    written
}

/// Asks for the columns of a statement's answer, unless they are known.
fn write_describe(
    step: &Step<'_>,
    name: &str,
    statements: &Statements,
    out: &mut BytesMut,
    sent: &mut Sent,
) -> Result<(), ExchangeError> {
    if step.format != Format::Described {
        return Ok(());
    }
    sent.columns = statements.columns(step.sql);
    if sent.columns.is_none() {
        frontend::describe(b'S', name, out).map_err(unsendable)?;
        sent.described = Some(name.to_owned());
    }
    Ok(())
}

/// Binds the parameters to the statement called `name` and runs it.
fn write_bind(step: &Step<'_>, name: &str, out: &mut BytesMut) -> Result<(), ExchangeError> {
    frontend::bind(
        "",
        name,
        [],
        step.params,
        |param, out| match param {
            Some(value) => {
                out.extend_from_slice(value);
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        },
        (step.format == Format::Binary).then_some(1),
        out,
    )
    .map_err(|error| match error {
        frontend::BindError::Conversion(error) => ExchangeError::Unsendable(error.to_string()),
        frontend::BindError::Serialization(error) => unsendable(error),
    })?;
    frontend::execute("", 0, out)?;
    Ok(())
}

#[allow(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn unsendable(error: std::io::Error) -> ExchangeError {
    ExchangeError::Unsendable(error.to_string())
}
