//! Rows within a row: `array(select row(…) …)` as PostgreSQL sends it in binary form.
//!
//! Identities and factors come with their user in one statement. Letting PostgreSQL render them as JSON costs it several
//! times the work of handing the columns over, so the rendering is ours.

use std::error::Error;

use ferrobase_db::{FromSql, Type};
use serde_json::value::RawValue;

type Failed = Box<dyn Error + Sync + Send>;

/// One `row(…)`: its fields in order.
#[derive(Debug)]
pub(super) struct Record<'a> {
    fields: std::vec::IntoIter<Option<&'a [u8]>>,
}

/// An array of them.
#[derive(Debug)]
pub(super) struct Records<'a>(pub(super) Vec<Record<'a>>);

impl<'a> Record<'a> {
    /// The next field, whose type is `ty`.
    pub(super) fn take<T: FromSql<'a>>(&mut self, ty: &Type) -> Result<T, Failed> {
        T::from_sql_nullable(ty, self.fields.next().flatten())
    }

    /// The next field, which is `jsonb`.
    pub(super) fn take_jsonb(&mut self) -> Result<Option<&'a RawValue>, Failed> {
        let Some(bytes) = self.fields.next().flatten() else {
            return Ok(None);
        };
        // The first byte is the version of the format.
        let (_, text) = bytes.split_first().ok_or("an empty jsonb")?;
        Ok(Some(serde_json::from_slice(text)?))
    }

    fn read(mut raw: &'a [u8]) -> Result<Self, Failed> {
        let count = usize::try_from(take_i32(&mut raw)?)?;
        let mut fields = Vec::with_capacity(count.min(64));
        for _ in 0..count {
            let _type = take_i32(&mut raw)?;
            fields.push(take_value(&mut raw)?);
        }
        Ok(Self {
            fields: fields.into_iter(),
        })
    }
}

impl<'a> FromSql<'a> for Records<'a> {
    fn from_sql(_: &Type, mut raw: &'a [u8]) -> Result<Self, Failed> {
        let dimensions = take_i32(&mut raw)?;
        let (_has_null, _type) = (take_i32(&mut raw)?, take_i32(&mut raw)?);
        if dimensions == 0 {
            return Ok(Self(Vec::new()));
        }
        let (count, _first) = (usize::try_from(take_i32(&mut raw)?)?, take_i32(&mut raw)?);
        let mut records = Vec::with_capacity(count.min(64));
        for _ in 0..count {
            records.push(Record::read(take_value(&mut raw)?.ok_or("a row that is NULL")?)?);
        }
        Ok(Self(records))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::RECORD_ARRAY
    }
}

fn take_i32(raw: &mut &[u8]) -> Result<i32, Failed> {
    let (bytes, rest) = raw.split_first_chunk::<4>().ok_or("the value is cut off")?;
    *raw = rest;
    Ok(i32::from_be_bytes(*bytes))
}

/// A length and as many bytes; -1 is NULL.
fn take_value<'a>(raw: &mut &'a [u8]) -> Result<Option<&'a [u8]>, Failed> {
    let Ok(length) = usize::try_from(take_i32(raw)?) else {
        return Ok(None);
    };
    let (value, rest) = raw.split_at_checked(length).ok_or("the value is cut off")?;
    *raw = rest;
    Ok(Some(value))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_array_of_rows() {
        let mut raw: Vec<u8> = Vec::new();
        let number = |raw: &mut Vec<u8>, value: i32| raw.extend(value.to_be_bytes());
        for value in [1, 0, 2249, 1, 1, 4 + 4 + 4 + 2 + 4 + 4] {
            number(&mut raw, value);
        }
        for value in [2, 25, 2] {
            number(&mut raw, value);
        }
        raw.extend(b"ab");
        for value in [25, -1] {
            number(&mut raw, value);
        }
        let Records(mut records) = Records::from_sql(&Type::RECORD_ARRAY, &raw).unwrap();
        assert_eq!(records[0].take::<&str>(&Type::TEXT).unwrap(), "ab");
        assert_eq!(records[0].take::<Option<&str>>(&Type::TEXT).unwrap(), None);
        assert!(Records::from_sql(&Type::RECORD_ARRAY, &raw[..raw.len() - 1]).is_err());
        let empty = [0i32, 0, 2249].map(i32::to_be_bytes).concat();
        assert!(
            Records::from_sql(&Type::RECORD_ARRAY, &empty)
                .unwrap()
                .0
                .is_empty()
        );
    }
}
