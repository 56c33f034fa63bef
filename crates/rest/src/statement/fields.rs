//! Columns and paths into them.

use ferrobase_query::{JsonOperand, JsonStep};
use ferrobase_sql::{Fragment, ident, literal, qualified};

use crate::plan::PlannedField;
use crate::schema::QualifiedName;

/// A qualified name, quoted.
pub(super) fn name(name: &QualifiedName) -> ferrobase_sql::Qualified<'_> {
    qualified(&name.schema, &name.name)
}

/// `"alias"."column"->'a'->>'b'`
pub(super) fn write_field(sql: &mut Fragment, alias: &str, field: &PlannedField) {
    if field.path.is_empty() {
        sql.push(ident(alias)).push(".").push(ident(&field.name));
        return;
    }
    // The same text as in an index on the expression.
    sql.push("(");
    if field.to_jsonb {
        sql.push("to_jsonb(");
    }
    sql.push(ident(alias)).push(".").push(ident(&field.name));
    if field.to_jsonb {
        sql.push(")");
    }
    write_path(sql, &field.path);
    sql.push(")");
}

/// `->'a'->>0`
pub(super) fn write_path(sql: &mut Fragment, path: &[JsonStep]) {
    for step in path {
        sql.push(if step.as_text { "->>" } else { "->" });
        match &step.operand {
            JsonOperand::Key(key) => sql.push(literal(key)),
            JsonOperand::Index(index) if is_number(index) => sql.push("(").push(index).push(")"),
            JsonOperand::Index(text) => sql.push(literal(text)),
        };
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// `CAST(… AS type)`. Type names are passed on as they are: the grammar lets only letters, digits, `_`, `$` and blanks
/// through; anything else is left out.
pub(super) fn write_cast(sql: &mut Fragment, cast: Option<&str>, write: impl FnOnce(&mut Fragment)) {
    let Some(cast) = cast else { return write(sql) };
    sql.push("CAST(");
    write(sql);
    let name: String = cast
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | ' '))
        .collect();
    sql.push(" AS ").push(name).push(")");
}
