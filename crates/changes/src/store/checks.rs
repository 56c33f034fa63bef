//! What PostgreSQL is asked about changes: which rows a caller sees, and what filters say that only it can apply.

use std::borrow::Cow;
use std::fmt::Write;

use ferrobase_db::{
    DbError, Ending, Exchange, ExchangeError, Executor, Format, Param, Piece, Pool, RequestPool, Statement,
};
use ferrobase_sql::{ident, qualified};

use crate::filter::Operator;
use crate::predicate::Question;
use crate::table::Table;

/// Longest time of one check, in milliseconds.
const CHECK_MILLISECONDS: &str = "5000";

/// Which of the keys name a row that the caller sees. A key has one text for each column of the primary key.
pub(crate) async fn visible(
    pool: &RequestPool,
    role: &str,
    claims: &str,
    table: &Table,
    keys: &[&[String]],
) -> Result<Vec<usize>, ExchangeError> {
    let mut given = String::new();
    let mut names = String::new();
    let mut condition = String::new();
    for (number, index) in table.key.iter().enumerate() {
        let column = &table.columns[*index];
        let comma = if number == 0 { "" } else { ", " };
        let and = if number == 0 { "" } else { " and " };
        let place = number + 1;
        let _ = write!(given, "{comma}${place}::text[]");
        let _ = write!(names, "k{place}, ");
        let _ = write!(
            condition,
            "{and}t.{} = k.k{place}::{}",
            ident(&column.name),
            column.base
        );
    }
    let sql = format!(
        // Row by row by the key, whatever the statistics say: a scan would put other rows before the policy as well, and
        // one of them may make it fail.
        "select k.place from rows from (unnest({given})) with ordinality k({names}place)
        cross join lateral (select from {} t where {condition} offset 0) seen",
        qualified(&table.schema, &table.name),
    );
    let params = (0..table.key.len())
        .map(|part| Some(Cow::Owned(array(keys.iter().map(|key| key[part].as_str())))))
        .collect::<Vec<Param<'_>>>();
    ask(pool, role, claims, sql, params).await
}

/// Which of the values a question is true of.
pub(crate) async fn answers(
    pool: &RequestPool,
    role: &str,
    claims: &str,
    question: &Question,
    values: &[&str],
) -> Result<Vec<usize>, ExchangeError> {
    let sql = format!(
        "select place from rows from (unnest($1::text[])) with ordinality v(value, place) where {}",
        test(question, "value", "$2::text[]")
    );
    let params = vec![
        Some(Cow::Owned(array(values.iter().copied()))),
        Some(Cow::Owned(array(question.given.iter().map(String::as_str)))),
    ];
    ask(pool, role, claims, sql, params).await
}

/// Fails as a question about any value would fail: where the type has no such operator, or what is given is no value or pattern.
pub(crate) async fn try_out(pool: &Pool, question: &Question) -> Result<(), DbError> {
    let mut sql = format!("select {}", test(question, "null", "$1::text[]"));
    if is_pattern(question.operator) {
        // No pattern is looked at for null.
        let _ = write!(sql, ", '' {} ($1::text[])[1]", word(question.operator));
    } else {
        let _ = write!(sql, ", $1::text[]::{}[]", question.base);
    }
    pool.query(&sql, &[&question.given]).await.map(drop)
}

fn test(question: &Question, value: &str, given: &str) -> String {
    let Question {
        operator,
        base,
        collation,
        ..
    } = question;
    let collation = collation.as_ref().map(|name| format!(" collate {name}"));
    let value = format!("({value}::text::{base}{})", collation.unwrap_or_default());
    let operator_word = word(*operator);
    if is_pattern(*operator) {
        format!("{value} {operator_word} ({given})[1]")
    } else if *operator == Operator::In {
        format!("{value} = any ({given}::{base}[])")
    } else {
        format!("{value} {operator_word} (({given})[1])::{base}")
    }
}

const fn is_pattern(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::Like | Operator::Ilike | Operator::Match | Operator::Imatch
    )
}

const fn word(operator: Operator) -> &'static str {
    match operator {
        // `is` is never asked.
        Operator::Eq | Operator::In | Operator::Is => "=",
        Operator::Neq => "<>",
        Operator::Lt => "<",
        Operator::Lte => "<=",
        Operator::Gt => ">",
        Operator::Gte => ">=",
        Operator::Like => "~~",
        Operator::Ilike => "~~*",
        Operator::Match => "~",
        Operator::Imatch => "~*",
        Operator::IsDistinct => "is distinct from",
    }
}

/// Asks as the caller; the answer is a column of places that count from 1.
async fn ask(
    pool: &RequestPool,
    role: &str,
    claims: &str,
    sql: String,
    params: Vec<Param<'_>>,
) -> Result<Vec<usize>, ExchangeError> {
    let context = [role, claims, CHECK_MILLISECONDS];
    let exchange = Exchange {
        role: role.into(),
        isolation: None,
        context: Statement {
            sql: "select set_config('role', $1, true), set_config('request.jwt.claims', $2, true),
                set_config('statement_timeout', $3, true), set_config('enable_seqscan', 'off', true)"
                .into(),
            params: context
                .iter()
                .map(|value| Some(Cow::Borrowed(value.as_bytes())))
                .collect(),
            format: Format::Text,
        },
        before: None,
        main: Statement {
            sql: sql.into(),
            params,
            format: Format::Text,
        },
        after: None,
        ending: Ending::Commit,
        stream_above: usize::MAX,
    };
    let mut reply = pool.send(&exchange).await?;
    let mut places = Vec::new();
    while let Some(piece) = reply.next().await? {
        if let Piece::Row(row) = piece {
            let place = row.text(0).and_then(|text| text.parse::<usize>().ok());
            places.extend(place.and_then(|place| place.checked_sub(1)));
        }
    }
    Ok(places)
}

/// The literal of an array of texts.
fn array<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut literal = String::from("{");
    for (index, text) in texts.enumerate() {
        if index > 0 {
            literal.push(',');
        }
        literal.push('"');
        for char in text.chars() {
            if matches!(char, '"' | '\\') {
                literal.push('\\');
            }
            literal.push(char);
        }
        literal.push('"');
    }
    literal.push('}');
    literal.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn array_literals() {
        let literal = String::from_utf8(array(["a", "b\"c\\", ""].into_iter()));
        assert_eq!(literal.as_deref(), Ok(r#"{"a","b\"c\\",""}"#));
    }
}
