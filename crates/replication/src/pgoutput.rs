//! Messages of the output plugin `pgoutput`, protocol version 1 with logical messages (PostgreSQL documentation, 55.9).

use std::sync::Arc;

use bytes::{Buf, Bytes};

use crate::lsn::Lsn;

/// Most columns that a table can have.
const MOST_COLUMNS: usize = 1600;

/// A message that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It ends too early.
    #[error("a message of the stream ends too early")]
    Short,
    /// Its kind is not one of this protocol version.
    #[error("the stream has a message of the unknown kind {0:#04x}")]
    Kind(u8),
    /// A part of it has a value that it cannot have.
    #[error("a message of the stream has a wrong {0}")]
    Malformed(&'static str),
    /// A change of a table that was not described before.
    #[error("the stream changes table {0}, which it has not described")]
    UnknownRelation(u32),
}

/// What of an old row the server logs (`REPLICA IDENTITY`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// The primary key.
    Default,
    /// Nothing.
    Nothing,
    /// All columns.
    Full,
    /// The columns of an index.
    Index,
}

/// A column as the stream describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name.
    pub name: Arc<str>,
    /// OID of the type.
    pub type_oid: u32,
    /// Modifier of the type; -1 = none.
    pub type_modifier: i32,
    /// Whether it belongs to the replica identity.
    pub is_identity: bool,
}

/// A table as the stream describes it: before its first change, and again after it was altered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// OID.
    pub oid: u32,
    /// Schema.
    pub schema: Arc<str>,
    /// Name.
    pub name: Arc<str>,
    /// What of old rows is logged.
    pub identity: Identity,
    /// The published columns, in the table's order.
    pub columns: Vec<Column>,
}

/// A column's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// SQL's null.
    Null,
    /// Stored out of line and not changed by the update: the log does not have it. Also what lies behind the end of a row
    /// that was too long to be taken whole.
    Absent,
    /// The value's text in the type's output format.
    Text(Bytes),
}

/// A row's values, one for each of the relation's columns.
pub type Row = Vec<Value>;

/// One message. Rows refer to the relation by its OID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A transaction begins.
    Begin {
        /// Where its commit record begins.
        commit: Lsn,
        /// Time of the commit, in microseconds since 2000-01-01 UTC.
        commit_time: i64,
        /// Transaction id.
        xid: u32,
    },
    /// A transaction ends.
    Commit {
        /// Behind the commit record.
        end: Lsn,
    },
    /// Where a transaction came from, when another server made it.
    Origin,
    /// A table's description.
    Relation(Relation),
    /// The name of a type that is not built in.
    Type,
    /// A new row.
    Insert {
        /// Table.
        oid: u32,
        /// The row.
        new: Row,
    },
    /// A changed row.
    Update {
        /// Table.
        oid: u32,
        /// The old identity, when it changed or is `FULL`.
        old: Option<Old>,
        /// The row.
        new: Row,
    },
    /// A deleted row.
    Delete {
        /// Table.
        oid: u32,
        /// Its identity.
        old: Old,
    },
    /// Emptied tables.
    Truncate {
        /// Tables.
        oids: Vec<u32>,
    },
    /// What `pg_logical_emit_message` wrote.
    Logical {
        /// Whether it belongs to the transaction around it.
        is_transactional: bool,
        /// Prefix.
        prefix: String,
        /// Content.
        content: Bytes,
    },
}

/// What the log has of an old row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Old {
    /// The identity's columns; all others are null.
    Key(Row),
    /// All columns.
    Full(Row),
}

/// Reads a message. Of one that `is_cut` the values behind the end become [`Value::Absent`].
pub fn decode(mut bytes: Bytes, is_cut: bool) -> Result<Message, DecodeError> {
    let input = &mut bytes;
    match u8(input)? {
        b'B' => Ok(Message::Begin {
            commit: Lsn(u64(input)?),
            commit_time: i64(input)?,
            xid: u32(input)?,
        }),
        b'C' => {
            let (_flags, _commit) = (u8(input)?, u64(input)?);
            Ok(Message::Commit {
                end: Lsn(u64(input)?),
            })
        }
        b'O' => Ok(Message::Origin),
        b'Y' => Ok(Message::Type),
        b'R' => relation(input).map(Message::Relation),
        b'I' => {
            let oid = u32(input)?;
            match u8(input)? {
                b'N' => Ok(Message::Insert {
                    oid,
                    new: row(input, is_cut)?,
                }),
                _ => Err(DecodeError::Malformed("kind of row")),
            }
        }
        b'U' => update(input, is_cut),
        b'D' => {
            let oid = u32(input)?;
            let old = match u8(input)? {
                b'K' => Old::Key(row(input, is_cut)?),
                b'O' => Old::Full(row(input, is_cut)?),
                _ => return Err(DecodeError::Malformed("kind of row")),
            };
            Ok(Message::Delete { oid, old })
        }
        b'T' => {
            let count = u32(input)?;
            let _options = u8(input)?;
            let oids = (0..count).map(|_| u32(input)).collect::<Result<_, _>>()?;
            Ok(Message::Truncate { oids })
        }
        b'M' => {
            let flags = u8(input)?;
            let _position = u64(input)?;
            let prefix = string(input)?;
            let length = u32(input)? as usize;
            if input.len() < length && !is_cut {
                return Err(DecodeError::Short);
            }
            Ok(Message::Logical {
                is_transactional: flags & 1 != 0,
                prefix,
                content: input.split_to(length.min(input.len())),
            })
        }
        kind => Err(DecodeError::Kind(kind)),
    }
}

fn update(input: &mut Bytes, is_cut: bool) -> Result<Message, DecodeError> {
    let oid = u32(input)?;
    let mut kind = u8(input)?;
    let mut old = None;
    if kind != b'N' {
        let row = row(input, is_cut)?;
        old = Some(match kind {
            b'K' => Old::Key(row),
            b'O' => Old::Full(row),
            _ => return Err(DecodeError::Malformed("kind of row")),
        });
        if is_cut && input.is_empty() {
            // The old row alone is too long; of the new one nothing is known.
            return Ok(Message::Update {
                oid,
                old,
                new: Row::new(),
            });
        }
        kind = u8(input)?;
    }
    if kind != b'N' {
        return Err(DecodeError::Malformed("kind of row"));
    }
    Ok(Message::Update {
        oid,
        old,
        new: row(input, is_cut)?,
    })
}

fn relation(input: &mut Bytes) -> Result<Relation, DecodeError> {
    let oid = u32(input)?;
    let schema = string(input)?;
    let name = string(input)?;
    let identity = match u8(input)? {
        b'd' => Identity::Default,
        b'n' => Identity::Nothing,
        b'f' => Identity::Full,
        b'i' => Identity::Index,
        _ => return Err(DecodeError::Malformed("replica identity")),
    };
    let columns = (0..count(input)?)
        .map(|_| {
            Ok(Column {
                is_identity: u8(input)? & 1 != 0,
                name: string(input)?.into(),
                type_oid: u32(input)?,
                type_modifier: i32(input)?,
            })
        })
        .collect::<Result<_, DecodeError>>()?;
    Ok(Relation {
        oid,
        // Names in pg_catalog come without their schema.
        schema: if schema.is_empty() {
            "pg_catalog".into()
        } else {
            schema.into()
        },
        name: name.into(),
        identity,
        columns,
    })
}

fn row(input: &mut Bytes, is_cut: bool) -> Result<Row, DecodeError> {
    let count = count(input)?;
    let mut row = Row::with_capacity(count);
    while row.len() < count {
        match value(input) {
            Ok(value) => row.push(value),
            Err(DecodeError::Short) if is_cut => {
                input.clear();
                row.resize(count, Value::Absent);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(row)
}

fn value(input: &mut Bytes) -> Result<Value, DecodeError> {
    match u8(input)? {
        b'n' => Ok(Value::Null),
        b'u' => Ok(Value::Absent),
        b't' => {
            let length = u32(input)? as usize;
            if input.len() < length {
                return Err(DecodeError::Short);
            }
            let text = input.split_to(length);
            if std::str::from_utf8(&text).is_err() {
                return Err(DecodeError::Malformed("text"));
            }
            Ok(Value::Text(text))
        }
        _ => Err(DecodeError::Malformed("kind of value")),
    }
}

impl Value {
    /// The value's text, if it has one.
    pub fn text(&self) -> Option<&str> {
        match self {
            // Checked when it was read.
            Self::Text(bytes) => std::str::from_utf8(bytes).ok(),
            Self::Null | Self::Absent => None,
        }
    }

    /// Size in bytes.
    pub fn size(&self) -> usize {
        match self {
            Self::Text(bytes) => bytes.len(),
            Self::Null | Self::Absent => 0,
        }
    }
}

fn count(input: &mut Bytes) -> Result<usize, DecodeError> {
    let count = usize::from(input.try_get_u16().map_err(|_| DecodeError::Short)?);
    if count > MOST_COLUMNS {
        return Err(DecodeError::Malformed("count of columns"));
    }
    Ok(count)
}

fn string(input: &mut Bytes) -> Result<String, DecodeError> {
    let end = input
        .iter()
        .position(|byte| *byte == 0)
        .ok_or(DecodeError::Short)?;
    let text = input.split_to(end);
    input.advance(1);
    String::from_utf8(text.into()).map_err(|_| DecodeError::Malformed("name"))
}

fn u8(input: &mut Bytes) -> Result<u8, DecodeError> {
    input.try_get_u8().map_err(|_| DecodeError::Short)
}

fn u32(input: &mut Bytes) -> Result<u32, DecodeError> {
    input.try_get_u32().map_err(|_| DecodeError::Short)
}

fn i32(input: &mut Bytes) -> Result<i32, DecodeError> {
    input.try_get_i32().map_err(|_| DecodeError::Short)
}

fn u64(input: &mut Bytes) -> Result<u64, DecodeError> {
    input.try_get_u64().map_err(|_| DecodeError::Short)
}

fn i64(input: &mut Bytes) -> Result<i64, DecodeError> {
    input.try_get_i64().map_err(|_| DecodeError::Short)
}

#[cfg(test)]
mod tests;
