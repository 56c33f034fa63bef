//! The outer statement: counts, response settings and the body, over the rows.

use ferrobase_db::Statement;
use ferrobase_sql::Fragment;

use super::body::{ROWS, Shape, write_body};
use super::rows::{Origin, write_counted, write_root};
use crate::plan::{Producer, ReadPlan};
use crate::request::{Plan, PlanFormat};
use crate::schema::MediaHandler;

/// Which total the statement itself finds out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counting {
    /// None.
    None,
    /// Of all rows.
    Exact,
    /// Of all rows, but no further than this.
    UpTo(i64),
}

/// How many rows there must be, lest the transaction fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expectation {
    /// Any number.
    Any,
    /// Exactly one.
    One,
    /// At most so many.
    AtMost(i64),
}

/// What the texts begin with that expectations fail with.
pub(crate) const UNEXPECTED: &str = "pgrst_rows:";

const RESPONSE_SETTINGS: &str = "nullif(current_setting('response.headers', true), ''), nullif(current_setting('response.status', true), '')";

/// What the outer statement adds to the rows.
#[derive(Debug)]
pub(crate) struct Finish<'f> {
    /// Who makes the body.
    pub(crate) producer: &'f Producer,
    /// The total.
    pub(crate) counting: Counting,
    /// The number of rows.
    pub(crate) expectation: Expectation,
    /// Only the plan is shown: the columns then stand where readers of the original's plans look for them.
    pub(crate) is_explained: bool,
}

/// A read, and the statement whose plan estimates its total.
pub(crate) fn read(plan: &ReadPlan, finish: &Finish<'_>) -> (Fragment, Fragment) {
    let mut sql = Fragment::new();
    write_head(
        &mut sql,
        finish,
        Shape::ROWS,
        |sql| write_counted(sql, plan, Origin::Own),
        None,
    );
    sql.push("(");
    write_root(&mut sql, plan, Origin::Own);
    sql.push(") AS ").push(ROWS);
    let mut counted = Fragment::new();
    counted.push("EXPLAIN (FORMAT JSON) ");
    write_counted(&mut counted, plan, Origin::Own);
    (sql, counted)
}

/// The rows of a read, without anything around them.
pub(crate) fn rows(plan: &ReadPlan) -> Fragment {
    let mut sql = Fragment::new();
    write_root(&mut sql, plan, Origin::Own);
    sql
}

/// `response.headers` and `response.status`, where no other statement asks for them.
pub(crate) fn response_settings() -> Statement<'static> {
    Statement {
        sql: format!("SELECT {RESPONSE_SETTINGS}").into(),
        ..Statement::default()
    }
}

/// `SELECT … FROM `: the columns of the answer in the order of [`super::Column`]. The body is the last one, so that
/// it may be handed on while it arrives.
pub(super) fn write_head(
    sql: &mut Fragment,
    finish: &Finish<'_>,
    shape: Shape,
    counted: impl FnOnce(&mut Fragment),
    extra: Option<&dyn Fn(&mut Fragment)>,
) {
    sql.push("SELECT ");
    write_total(sql, finish.counting, counted);
    sql.push(", ");
    // A single value of a function's own media type is no aggregate: there is one row.
    if shape.is_single && matches!(finish.producer, Producer::Handler(MediaHandler::Routine)) {
        sql.push("'1'");
    } else {
        write_row_count(sql, finish.expectation);
    }
    if !finish.is_explained {
        sql.push(", ").push(RESPONSE_SETTINGS);
    }
    match extra {
        Some(extra) => {
            sql.push(", ");
            extra(sql);
        }
        None if finish.is_explained => {}
        None => {
            sql.push(", NULL");
        }
    }
    sql.push(", ");
    write_body(sql, finish.producer, shape);
    if finish.is_explained {
        sql.push(", ").push(RESPONSE_SETTINGS);
    }
    sql.push(" FROM ");
}

fn write_total(sql: &mut Fragment, counting: Counting, counted: impl FnOnce(&mut Fragment)) {
    let most = match counting {
        Counting::None => {
            sql.push("NULL");
            return;
        }
        Counting::Exact => None,
        Counting::UpTo(most) => Some(most),
    };
    sql.push("(SELECT count(*) FROM (");
    counted(sql);
    if let Some(most) = most {
        sql.push(" LIMIT ").push(most);
    }
    sql.push(") AS \"pgrst_counted\")::text");
}

/// The number of rows. An unexpected one becomes an error of the statement, so that nothing of it lasts: a text that is
/// no number is cast to one.
fn write_row_count(sql: &mut Fragment, expectation: Expectation) {
    let fails = match expectation {
        Expectation::Any => {
            sql.push("count(*)::text");
            return;
        }
        Expectation::One => "<> 1".to_owned(),
        Expectation::AtMost(most) => format!("> {most}"),
    };
    sql.push("CASE WHEN count(*) ")
        .push(fails)
        .push(" THEN CAST('")
        .push(UNEXPECTED)
        .push("' || count(*) AS int)::text ELSE count(*)::text END");
}

/// The plan of a statement.
pub(crate) fn explained(plan: &Plan, sql: Fragment) -> Fragment {
    let mut options: Vec<&str> = plan.options.iter().map(|option| option.word()).collect();
    options.push(match plan.format {
        PlanFormat::Json => "FORMAT JSON",
        PlanFormat::Text => "FORMAT TEXT",
    });
    sql.prefixed(format_args!("EXPLAIN ({}) ", options.join(", ")))
}
