//! The cursor of the second listing: base64 of lines, each a letter, a colon and a value (§7).

use chrono::DateTime;
use data_encoding::BASE64;

use crate::error::{Result, StorageError};

/// Where a page ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The last name.
    pub last: String,
    /// `asc` or `desc`.
    pub order: Option<&'static str>,
    /// What is sorted by.
    pub column: Option<&'static str>,
    /// The last name's time.
    pub time: Option<String>,
}

impl Cursor {
    /// As clients send it back.
    pub fn read(text: &str) -> Result<Self> {
        Self::parse(text).ok_or_else(|| StorageError::InvalidParameter("continuation token".to_owned()))
    }

    fn parse(text: &str) -> Option<Self> {
        let lines = String::from_utf8(BASE64.decode(text.as_bytes()).ok()?).ok()?;
        let mut cursor = Self::default();
        for line in lines.split('\n').filter(|line| !line.is_empty()) {
            let one_of = |value: &str, all: &[&'static str]| all.iter().find(|one| **one == value).copied();
            match line.split_once(':')? {
                ("l", last) => last.clone_into(&mut cursor.last),
                ("o", order) => cursor.order = Some(one_of(order, &["asc", "desc"])?),
                ("c", column) => {
                    cursor.column = Some(one_of(column, &["name", "updated_at", "created_at"])?);
                }
                ("a", time) => {
                    DateTime::parse_from_rfc3339(time).ok()?;
                    cursor.time = Some(time.to_owned());
                }
                _ => return None,
            }
        }
        // A name without the time that it was sorted by would leave nothing out.
        let is_by_time = cursor.column.is_some_and(|column| column != "name");
        (!cursor.last.is_empty() && (!is_by_time || cursor.time.is_some())).then_some(cursor)
    }

    /// As it goes to clients.
    pub fn write(&self) -> String {
        let mut lines = format!("l:{}", self.last);
        let further = [("o", self.order), ("c", self.column), ("a", self.time.as_deref())];
        for (letter, value) in further {
            if let Some(value) = value {
                lines = format!("{lines}\n{letter}:{value}");
            }
        }
        BASE64.encode(lines.as_bytes())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let cursor = Cursor {
            last: "a/b: c/".to_owned(),
            order: Some("desc"),
            column: Some("created_at"),
            time: Some("2026-01-02T03:04:05.678Z".to_owned()),
        };
        assert_eq!(Cursor::read(&cursor.write()).unwrap(), cursor);
        for bad in [
            "!",
            "",
            "eA==",
            &BASE64.encode(b"o:asc"),
            &BASE64.encode(b"l:a\nc:size"),
            &BASE64.encode(b"l:a\nc:created_at"),
            &BASE64.encode(b"l:a\na:' or 1"),
        ] {
            assert!(
                matches!(Cursor::read(bad), Err(StorageError::InvalidParameter(_))),
                "{bad}"
            );
        }
    }
}
