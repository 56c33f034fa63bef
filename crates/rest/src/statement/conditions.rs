//! Conditions and orders (rest.md sections 3, 4 and 8).

use ferrobase_query::{
    Comparison, Connective, Direction, Is, Nulls, Operation, Quantifier, SimpleOperator, TextSearch,
};
use ferrobase_sql::{Fragment, ident, literal};

use super::fields::{name, write_field, write_path};
use super::rows::{Rows, write_counted_related};
use crate::plan::{Condition, EmbedPlan, Order, OrderBy, PlannedField};

/// A condition on rows.
pub(super) fn write_condition(sql: &mut Fragment, rows: Rows<'_>, condition: &Condition) {
    match condition {
        Condition::Filter {
            field,
            negated,
            operation,
        } => {
            if *negated {
                sql.push("NOT ");
            }
            write_operation(sql, rows.alias, field, operation);
        }
        Condition::Group {
            negated,
            connective,
            conditions,
        } => {
            if *negated {
                sql.push("NOT ");
            }
            let separator = match connective {
                Connective::And => " AND ",
                Connective::Or => " OR ",
            };
            sql.push("(");
            sql.list(conditions, separator, |sql, condition| {
                write_condition(sql, rows, condition);
            });
            sql.push(")");
        }
        Condition::Embedded { embed, exists } => {
            write_existence(sql, rows, &rows.embeds[*embed], *exists);
        }
    }
}

/// Whether there are related rows: what the join found, where there is one.
pub(super) fn write_existence(sql: &mut Fragment, rows: Rows<'_>, embed: &EmbedPlan, exists: bool) {
    if !rows.has_join(embed) {
        sql.push(if exists { "EXISTS (" } else { "NOT EXISTS (" });
        write_counted_related(sql, embed, rows);
        sql.push(")");
    } else if embed.to_one {
        // The row itself is compared: one whose columns are all null exists.
        let test = if exists {
            " IS DISTINCT FROM NULL"
        } else {
            " IS NOT DISTINCT FROM NULL"
        };
        sql.push(ident(&embed.join)).push(test);
    } else {
        let test = if exists { " IS NOT NULL" } else { " IS NULL" };
        sql.push(ident(&embed.join)).push(".\"pgrst_rows\"").push(test);
    }
}

fn write_operation(sql: &mut Fragment, alias: &str, field: &PlannedField, operation: &Operation) {
    match operation {
        Operation::TextSearch {
            kind,
            language,
            value,
        } => return write_text_search(sql, alias, field, *kind, language.as_deref(), value),
        _ => write_field(sql, alias, field),
    }
    match operation {
        Operation::Compare {
            operator,
            quantifier,
            value,
        } => {
            let is_pattern = matches!(operator, Comparison::Like | Comparison::ILike);
            let value = if is_pattern {
                value.replace('*', "%")
            } else {
                value.clone()
            };
            sql.push(" ").push(comparison(*operator)).push(" ");
            match quantifier {
                None if is_pattern => {
                    sql.param(value);
                }
                None => write_value(sql, field, value),
                Some(Quantifier::Any) => {
                    sql.push("ANY (").param(value).push(")");
                }
                Some(Quantifier::All) => {
                    sql.push("ALL (").param(value).push(")");
                }
            }
        }
        Operation::Simple { operator, value } => {
            sql.push(" ").push(simple(*operator)).push(" ");
            write_value(sql, field, value.clone());
        }
        Operation::In(values) => write_in(sql, field, values),
        Operation::Is(value) => {
            sql.push(match value {
                Is::Null => " IS NULL",
                Is::NotNull => " IS NOT NULL",
                Is::True => " IS TRUE",
                Is::False => " IS FALSE",
                Is::Unknown => " IS UNKNOWN",
            });
        }
        Operation::IsDistinct(value) => {
            sql.push(" IS DISTINCT FROM ");
            write_value(sql, field, value.clone());
        }
        Operation::TextSearch { .. } => {}
    }
}

/// A value that PostgreSQL reads as the column's type, or the column's own function does.
fn write_value(sql: &mut Fragment, field: &PlannedField, value: String) {
    match &field.read_by {
        Some(function) => sql.push(name(function)).push("(").param(value).push("::text)"),
        None => sql.param(value),
    };
}

fn write_in(sql: &mut Fragment, field: &PlannedField, values: &[String]) {
    let is_empty = matches!(values, [only] if only.is_empty());
    sql.push(" = ANY (");
    match &field.read_by {
        Some(_) if !is_empty => {
            sql.push("ARRAY[");
            sql.list(values, ", ", |sql, value| write_value(sql, field, value.clone()));
            sql.push("]");
        }
        _ => {
            let values = if is_empty { &[] } else { values };
            sql.param(array_literal(values));
        }
    }
    sql.push(")");
}

/// `{"a","b"}`
pub(super) fn array_literal(values: &[String]) -> String {
    let mut text = String::from("{");
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push('"');
        for c in value.chars() {
            if matches!(c, '"' | '\\') {
                text.push('\\');
            }
            text.push(c);
        }
        text.push('"');
    }
    text.push('}');
    text
}

fn write_text_search(
    sql: &mut Fragment,
    alias: &str,
    field: &PlannedField,
    kind: TextSearch,
    language: Option<&str>,
    value: &str,
) {
    let write_language = |sql: &mut Fragment| {
        if let Some(language) = language {
            sql.push(literal(language)).push(", ");
        }
    };
    if field.is_vector {
        write_field(sql, alias, field);
    } else {
        sql.push("to_tsvector(");
        write_language(sql);
        write_field(sql, alias, field);
        sql.push(")");
    }
    sql.push(" @@ ").push(match kind {
        TextSearch::Plain => "to_tsquery(",
        TextSearch::Words => "plainto_tsquery(",
        TextSearch::Phrase => "phraseto_tsquery(",
        TextSearch::Web => "websearch_to_tsquery(",
    });
    write_language(sql);
    sql.param(value).push(")");
}

fn comparison(operator: Comparison) -> &'static str {
    match operator {
        Comparison::Equal => "=",
        Comparison::GreaterOrEqual => ">=",
        Comparison::Greater => ">",
        Comparison::LessOrEqual => "<=",
        Comparison::Less => "<",
        Comparison::Like => "LIKE",
        Comparison::ILike => "ILIKE",
        Comparison::Match => "~",
        Comparison::IMatch => "~*",
    }
}

fn simple(operator: SimpleOperator) -> &'static str {
    match operator {
        SimpleOperator::NotEqual => "<>",
        SimpleOperator::Contains => "@>",
        SimpleOperator::ContainedBy => "<@",
        SimpleOperator::Overlaps => "&&",
        SimpleOperator::StrictlyLeft => "<<",
        SimpleOperator::StrictlyRight => ">>",
        SimpleOperator::NotRight => "&<",
        SimpleOperator::NotLeft => "&>",
        SimpleOperator::Adjacent => "-|-",
    }
}

/// ` ORDER BY …`, if there is an order.
pub(super) fn write_order(sql: &mut Fragment, alias: &str, embeds: &[EmbedPlan], order: &[Order]) {
    if order.is_empty() {
        return;
    }
    sql.push(" ORDER BY ");
    sql.list(order, ", ", |sql, term| {
        match &term.by {
            OrderBy::Field(field) => write_field(sql, alias, field),
            OrderBy::Embed { embed, key, path } => {
                sql.push("(")
                    .push(ident(&embeds[*embed].join))
                    .push(".")
                    .push(ident(key));
                write_path(sql, path);
                sql.push(")");
            }
        }
        match term.direction {
            Some(Direction::Ascending) => sql.push(" ASC"),
            Some(Direction::Descending) => sql.push(" DESC"),
            None => sql,
        };
        match term.nulls {
            Some(Nulls::First) => sql.push(" NULLS FIRST"),
            Some(Nulls::Last) => sql.push(" NULLS LAST"),
            None => sql,
        };
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_arrays_are_quoted() {
        let values = ["a", "b\"c", "\\", "{x,y}"].map(str::to_owned);
        assert_eq!(array_literal(&values), r#"{"a","b\"c","\\","{x,y}"}"#);
        assert_eq!(array_literal(&[]), "{}");
    }
}
