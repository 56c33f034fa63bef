//! The body of an answer, made of the rows (rest.md section 11).

use ferrobase_sql::Fragment;

use super::fields::name;
use crate::plan::Producer;
use crate::schema::MediaHandler;

/// The name of the rows that are shown.
pub(super) const ROWS: &str = "\"pgrst_shown\"";

/// The column of functions that return a value without columns.
pub(super) const SCALAR: &str = "\"pgrst_scalar\"";

/// What the rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// They have one column without a name of its own.
    pub(super) is_scalar: bool,
    /// There is exactly one, which is not shown as an array.
    pub(super) is_single: bool,
}

impl Shape {
    /// Rows of a relation.
    pub(super) const ROWS: Self = Self {
        is_scalar: false,
        is_single: false,
    };
}

/// The expression of the body, as text or bytes.
pub(super) fn write_body(sql: &mut Fragment, producer: &Producer, shape: Shape) {
    // One of several values is an object only by the name of its column.
    let is_named = matches!(producer, Producer::Object { .. }) && !shape.is_single;
    let value = if shape.is_scalar && !is_named {
        format!("{ROWS}.{SCALAR}")
    } else {
        ROWS.to_owned()
    };
    match producer {
        Producer::Nobody => {
            sql.push("NULL");
        }
        Producer::Json if shape.is_single => {
            sql.push("coalesce(json_agg(").push(value).push(")->0, 'null')");
        }
        Producer::Json => {
            sql.push("coalesce(json_agg(").push(value).push("), '[]')");
        }
        Producer::StrippedJson => {
            sql.push("coalesce(json_agg(");
            write_stripped(sql, &value);
            sql.push(if shape.is_single {
                ")->0, 'null')"
            } else {
                "), '[]')"
            });
        }
        Producer::Object { nulls_stripped } => {
            sql.push("coalesce(json_agg(");
            if *nulls_stripped {
                write_stripped(sql, &value);
            } else {
                sql.push(value);
            }
            sql.push(")->0, 'null')");
        }
        Producer::Csv => write_csv(sql),
        Producer::GeoJson => {
            sql.push(
                "json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(ST_AsGeoJSON(",
            )
            .push(ROWS)
            .push(")::json), '[]'))");
        }
        Producer::Handler(MediaHandler::Routine) if shape.is_single => {
            sql.push(value);
        }
        Producer::Handler(MediaHandler::Routine) => {
            sql.push("(array_agg(").push(value).push("))[1]");
        }
        Producer::Handler(MediaHandler::Aggregate { function, row_type }) => {
            sql.push(name(function)).push("(").push(ROWS);
            if let Some(row_type) = row_type {
                sql.push("::").push(name(row_type));
            }
            sql.push(")");
        }
    }
}

fn write_stripped(sql: &mut Fragment, value: &str) {
    sql.push("json_strip_nulls(to_json(").push(value).push("))");
}

/// A line of keys, then the rows as PostgreSQL writes rows, without the parentheses.
fn write_csv(sql: &mut Fragment) {
    sql.push("coalesce((SELECT string_agg(\"key\", ',') FROM json_object_keys((array_agg(to_json(")
        .push(ROWS)
        .push(")))[1]) AS \"pgrst_keys\"(\"key\")), '') || E'\\n' || coalesce(string_agg(substr(")
        .push(ROWS)
        .push("::text, 2, length(")
        .push(ROWS)
        .push("::text) - 2), E'\\n'), '')");
}
