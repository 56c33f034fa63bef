//! Plain rows become a JSON array: byte for byte what `json_agg` makes of them, at half of its cost
//! (performance.md, section 2.5). Types whose form PostgreSQL decides by more than their text are left to it.

use std::sync::Arc;

use ferrobase_db::{DataRow, ResultColumn};

/// How a value's text becomes JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Boolean,
    /// A number, unless it is infinite or none.
    Number,
    Json,
    Text,
    Timestamp,
    TimestampWithZone,
}

/// The array while it grows.
#[derive(Debug)]
pub(crate) struct JsonRows {
    columns: Arc<[ResultColumn]>,
    text: Vec<u8>,
    count: i64,
}

impl JsonRows {
    /// For rows with these columns; `None` if one of them is to be encoded by PostgreSQL. The text of dates has to be
    /// ISO 8601's, as their JSON is.
    pub(crate) fn of(columns: Arc<[ResultColumn]>, has_iso_dates: bool) -> Option<Self> {
        let can_encode = |column: &ResultColumn| {
            form(column.type_id).is_some() && (has_iso_dates || !is_date(column.type_id))
        };
        columns.iter().all(can_encode).then(|| Self {
            columns,
            text: Vec::with_capacity(512),
            count: 0,
        })
    }

    /// Adds a row.
    pub(crate) fn add(&mut self, row: &DataRow) {
        self.text
            .extend_from_slice(if self.count == 0 { b"[" } else { b", \n " });
        self.count += 1;
        self.text.push(b'{');
        for (index, column) in self.columns.iter().enumerate() {
            if index > 0 {
                self.text.push(b',');
            }
            write_string(&mut self.text, column.name.as_bytes());
            self.text.push(b':');
            match (row.get(index), form(column.type_id)) {
                (Some(value), Some(form)) => write_value(&mut self.text, form, value),
                _ => self.text.extend_from_slice(b"null"),
            }
        }
        self.text.push(b'}');
    }

    /// Number of rows.
    pub(crate) fn count(&self) -> i64 {
        self.count
    }

    /// Bytes so far.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// The array.
    pub(crate) fn into_array(mut self) -> Vec<u8> {
        if self.count == 0 {
            self.text.push(b'[');
        }
        self.text.push(b']');
        self.text
    }

    /// The only row.
    pub(crate) fn into_object(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.text.remove(0);
        }
        self.text
    }
}

/// By the type's object identifier, which PostgreSQL never changes (`pg_type.dat`). Of types that are not built in, and
/// of arrays and rows, the text is not enough.
fn form(type_id: u32) -> Option<Form> {
    Some(match type_id {
        16 => Form::Boolean,
        20 | 21 | 23 | 700 | 701 | 1700 => Form::Number,
        114 | 3802 => Form::Json,
        1114 => Form::Timestamp,
        1184 => Form::TimestampWithZone,
        // "char", name, text, character, character varying, uuid
        18 | 19 | 25 | 1042 | 1043 | 2950
        // bytea, oid, xml, bit, bit varying, money
        | 17 | 26 | 142 | 1560 | 1562 | 790
        // date, time, time with zone, interval
        | 1082 | 1083 | 1266 | 1186
        // inet, cidr, macaddr, macaddr8
        | 869 | 650 | 829 | 774
        // tsvector, tsquery
        | 3614 | 3615
        // ranges and multiranges
        | 3904 | 3906 | 3908 | 3910 | 3912 | 3926 | 4451 | 4532 | 4533 | 4534 | 4535 | 4536
        // point, lseg, path, box, polygon, line, circle
        | 600 | 601 | 602 | 603 | 604 | 628 | 718 => Form::Text,
        _ => return None,
    })
}

/// Whether the text depends on the setting `DateStyle`.
fn is_date(type_id: u32) -> bool {
    // date, timestamps, and ranges of them
    matches!(type_id, 1082 | 1114 | 1184 | 3908 | 3910 | 3912 | 4533..=4535)
}

fn write_value(out: &mut Vec<u8>, form: Form, value: &[u8]) {
    match form {
        Form::Boolean => out.extend_from_slice(if value == b"t" { b"true" } else { b"false" }),
        Form::Number if is_number(value) => out.extend_from_slice(value),
        Form::Json => out.extend_from_slice(value),
        Form::Number | Form::Text => write_string(out, value),
        Form::Timestamp => write_timestamp(out, value, false),
        Form::TimestampWithZone => write_timestamp(out, value, true),
    }
}

fn is_number(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    digits.first().is_some_and(u8::is_ascii_digit)
}

/// `2025-01-31 10:00:00+00` is written `2025-01-31T10:00:00+00:00`.
fn write_timestamp(out: &mut Vec<u8>, value: &[u8], has_zone: bool) {
    let (value, era) = match value.strip_suffix(b" BC") {
        Some(value) => (value, &b" BC"[..]),
        None => (value, &b""[..]),
    };
    out.push(b'"');
    match value.iter().position(|byte| *byte == b' ') {
        None => out.extend_from_slice(value),
        Some(space) => {
            out.extend_from_slice(&value[..space]);
            out.push(b'T');
            out.extend_from_slice(&value[space + 1..]);
            let is_whole_hours = value.len() > 3 && matches!(value[value.len() - 3], b'+' | b'-');
            if has_zone && is_whole_hours {
                out.extend_from_slice(b":00");
            }
        }
    }
    out.extend_from_slice(era);
    out.push(b'"');
}

/// As `escape_json` does it.
pub(crate) fn write_string(out: &mut Vec<u8>, value: &[u8]) {
    out.push(b'"');
    // Without a way out of the loop many bytes are looked at in one step.
    if !value.iter().fold(false, |found, byte| found | has_escape(*byte)) {
        out.extend_from_slice(value);
        out.push(b'"');
        return;
    }
    let mut from = 0;
    for (at, byte) in value.iter().enumerate() {
        if !has_escape(*byte) {
            continue;
        }
        out.extend_from_slice(&value[from..at]);
        from = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            other => out.extend_from_slice(format!("\\u{other:04x}").as_bytes()),
        }
    }
    out.extend_from_slice(&value[from..]);
    out.push(b'"');
}

fn has_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(form: Form, value: &str) -> String {
        let mut out = Vec::new();
        write_value(&mut out, form, value.as_bytes());
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn values_in_each_form() {
        for (form, text, json) in [
            (Form::Boolean, "t", "true"),
            (Form::Boolean, "f", "false"),
            (Form::Number, "-1.50", "-1.50"),
            (Form::Number, "1e+20", "1e+20"),
            (Form::Number, "NaN", "\"NaN\""),
            (Form::Number, "-Infinity", "\"-Infinity\""),
            (Form::Json, "{\"a\": 1}", "{\"a\": 1}"),
            (Form::Text, "a\"b\\c\n\u{1}é", "\"a\\\"b\\\\c\\n\\u0001é\""),
            (
                Form::Timestamp,
                "2025-01-31 10:00:00.5",
                "\"2025-01-31T10:00:00.5\"",
            ),
            (Form::Timestamp, "infinity", "\"infinity\""),
            (
                Form::TimestampWithZone,
                "2025-01-31 10:00:00+00",
                "\"2025-01-31T10:00:00+00:00\"",
            ),
            (
                Form::TimestampWithZone,
                "2025-01-31 10:00:00-05:30",
                "\"2025-01-31T10:00:00-05:30\"",
            ),
            (
                Form::TimestampWithZone,
                "0044-03-15 12:00:00+00 BC",
                "\"0044-03-15T12:00:00+00:00 BC\"",
            ),
        ] {
            assert_eq!(written(form, text), json, "{text}");
        }
    }

    #[test]
    fn unknown_types_are_left_to_postgres() {
        let column = |type_id| ResultColumn {
            name: "a".to_owned(),
            type_id,
        };
        assert!(JsonRows::of([column(25), column(1184)].into(), true).is_some());
        assert!(JsonRows::of([column(25), column(1184)].into(), false).is_none());
        assert!(JsonRows::of([column(1009)].into(), true).is_none());
        assert!(JsonRows::of([column(16_400)].into(), true).is_none());
        assert_eq!(
            JsonRows::of([].into(), true).map(JsonRows::into_array),
            Some(b"[]".to_vec())
        );
    }
}
