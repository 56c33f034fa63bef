//! Reading `auth.audit_log_entries` (auth.md 15.6).

use std::fmt;

use ferrobase_db::{DbError, Executor, Json, Row};
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::Reader;
use crate::model::page::Page;
use crate::model::user::Time;

/// An entry, in wire shape.
#[derive(Debug, Serialize)]
pub struct Entry {
    id: Uuid,
    payload: Option<Box<RawValue>>,
    created_at: Option<Time>,
    ip_address: String,
}

/// What an entry is searched by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Name or address of who did it.
    Author,
    /// What was done.
    Action,
    /// Kind of what was done.
    Type,
}

impl Scope {
    /// Reads the name before the colon.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "author" => Self::Author,
            "action" => Self::Action,
            "type" => Self::Type,
            _ => return None,
        })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Author => "author",
            Self::Action => "action",
            Self::Type => "type",
        })
    }
}

macro_rules! entries {
    ($condition:literal, $limits:literal) => {
        concat!(
            "select e.id, e.payload, e.created_at, e.ip_address from auth.audit_log_entries e where ",
            $condition,
            " order by e.created_at desc, e.id ",
            $limits
        )
    };
}

macro_rules! entry_count {
    ($condition:literal) => {
        concat!("select count(*) from auth.audit_log_entries e where ", $condition)
    };
}

macro_rules! statements {
    ($scope:expr, $make:ident $(, $limits:literal)?) => {
        match $scope {
            Scope::Author => $make!(
                "(e.payload ->> 'actor_username' ilike '%' || $1 || '%' or e.payload ->> 'actor_name' ilike '%' || $1 || '%')"
                $(, $limits)?
            ),
            Scope::Action => $make!("e.payload ->> 'action' ilike '%' || $1 || '%'" $(, $limits)?),
            Scope::Type => $make!("e.payload ->> 'log_type' ilike '%' || $1 || '%'" $(, $limits)?),
        }
    };
}

/// A page of the entries, newest first; `search` = by what, and the text in it.
pub async fn page(
    db: &impl Executor,
    search: Option<(Scope, &str)>,
    page: Page,
) -> Result<Vec<Entry>, DbError> {
    const ALL: &str = entries!("true", "limit $1 offset $2");
    let (limit, offset) = (page.limit(), page.offset());
    let rows = match search {
        None => db.query(ALL, &[&limit, &offset]).await?,
        Some((scope, text)) => {
            let sql = statements!(scope, entries, "limit $2 offset $3");
            db.query(sql, &[&text, &limit, &offset]).await?
        }
    };
    rows.iter().map(read).collect()
}

/// How many entries the whole list has.
pub async fn count(db: &impl Executor, search: Option<(Scope, &str)>) -> Result<u64, DbError> {
    const ALL: &str = entry_count!("true");
    let row = match search {
        None => db.query_one(ALL, &[]).await?,
        Some((scope, text)) => {
            let sql = statements!(scope, entry_count);
            db.query_one(sql, &[&text]).await?
        }
    };
    let count: i64 = row.try_get(0)?;
    Ok(count.unsigned_abs())
}

fn read(row: &Row) -> Result<Entry, DbError> {
    let mut r = Reader::at(row, 0);
    Ok(Entry {
        id: r.take()?,
        payload: r
            .take::<Option<Json<&RawValue>>>()?
            .map(|Json(raw)| raw.to_owned()),
        created_at: r.take()?,
        ip_address: r.take_or_default()?,
    })
}
