//! Writes (rest.md sections 12, 13 and 22).

use ferrobase_sql::{Fragment, ident, literal};

use super::body::{ROWS, Shape};
use super::conditions::write_condition;
use super::fields::name;
use super::finish::{Expectation, Finish, write_head};
use super::rows::{Origin, RESULT, ROW, Rows, write_counted, write_root};
use crate::plan::{Conflict, MutationPlan, Values, WriteColumn};
use crate::request::Action;

/// The rows of a body.
const BODY: &str = "\"pgrst_body\"";

/// Counts rows that an upsert tried to insert; overwritten ones are taken off again.
const COUNT_UP: &str = "set_config('pgrst.inserted', (coalesce(nullif(current_setting('pgrst.inserted', true), '')::int, 0) + 1)::text, true) <> '0'";
const COUNT_DOWN: &str =
    "set_config('pgrst.inserted', (current_setting('pgrst.inserted')::int - 1)::text, true) <> '-1'";

/// A write of which nothing is shown: the statement alone. `None` if more is wanted than the number of its rows.
pub(crate) fn bare_mutation(plan: &MutationPlan, finish: &Finish<'_>) -> Option<Fragment> {
    let is_bare = plan.shown.is_none()
        && plan.location.is_empty()
        && !plan.counts_inserted()
        && finish.expectation == Expectation::Any
        && !finish.is_explained;
    let mut sql = Fragment::new();
    (is_bare && write_change(&mut sql, plan)).then_some(sql)
}

/// A write and what is shown of it.
pub(crate) fn mutation(plan: &MutationPlan, finish: &Finish<'_>) -> Fragment {
    let mut sql = Fragment::new();
    sql.push("WITH ").push(RESULT).push(" AS (");
    if write_change(&mut sql, plan) {
        write_returning(&mut sql, plan);
    } else {
        write_nothing(&mut sql, plan);
    }
    sql.push(") ");
    let origin = if plan.returns_row {
        Origin::Write
    } else {
        Origin::Own
    };
    let counted = |sql: &mut Fragment| match &plan.shown {
        Some(shown) => write_counted(sql, shown, origin),
        None => {
            sql.push("SELECT 1 FROM ").push(RESULT);
        }
    };
    let extra = |sql: &mut Fragment| write_extra(sql, plan);
    write_head(&mut sql, finish, Shape::ROWS, counted, Some(&extra));
    match &plan.shown {
        Some(shown) => {
            sql.push("(");
            write_root(&mut sql, shown, origin);
            sql.push(") AS ").push(ROWS);
        }
        None => {
            sql.push(RESULT).push(" AS ").push(ROWS);
        }
    }
    sql
}

/// What [`super::Column::Extra`] holds for a write: the number of rows that were inserted and not overwritten, and the
/// values of the key of a single row, each as `to_json` shows it.
fn write_extra(sql: &mut Fragment, plan: &MutationPlan) {
    let counts = plan.counts_inserted();
    if !counts && plan.location.is_empty() {
        sql.push("NULL");
        return;
    }
    sql.push("json_build_array(");
    if counts {
        sql.push("nullif(current_setting('pgrst.inserted', true), '')::int");
    } else {
        sql.push("NULL");
    }
    if !plan.location.is_empty() {
        sql.push(", CASE WHEN count(*) = 1 THEN json_build_array(");
        sql.list(&plan.location, ", ", |sql, column| {
            sql.push("min(to_json(")
                .push(ROWS)
                .push(".")
                .push(ident(column))
                .push(") #>> '{}')");
        });
        sql.push(") END");
    }
    sql.push(")::text");
}

/// The write without what it returns; false if there is nothing to write.
fn write_change(sql: &mut Fragment, plan: &MutationPlan) -> bool {
    match (plan.action, &plan.values) {
        (Action::Delete, _) => {
            sql.push("DELETE FROM ").push(name(&plan.relation));
            write_filters(sql, plan, &plan.relation.name, " WHERE ");
        }
        (Action::Update, Some(values)) if !plan.columns.is_empty() => write_update(sql, plan, values),
        (Action::Update, _) | (_, None) => return false,
        (_, Some(values)) => write_insert(sql, plan, values),
    }
    true
}

/// No row, with the columns that a write would have returned.
fn write_nothing(sql: &mut Fragment, plan: &MutationPlan) {
    sql.push("SELECT ");
    write_returned(sql, plan);
    sql.push(" FROM ").push(name(&plan.relation)).push(" WHERE false");
}

fn write_insert(sql: &mut Fragment, plan: &MutationPlan, values: &Values) {
    sql.push("INSERT INTO ").push(name(&plan.relation));
    if !plan.columns.is_empty() {
        sql.push("(");
        sql.list(&plan.columns, ", ", |sql, column| {
            sql.push(ident(&column.name));
        });
        sql.push(")");
    }
    let counts = plan.counts_inserted();
    if let Some(plain) = values
        .plain
        .as_ref()
        .filter(|_| !counts && plan.conditions.is_empty())
    {
        sql.push(" VALUES (");
        sql.list(plain, ", ", |sql, value| {
            sql.nullable_param(value.clone());
        });
        sql.push(")");
        if let Some(conflict) = &plan.conflict {
            write_conflict(sql, plan, conflict);
        }
        return;
    }
    sql.push(" SELECT ");
    sql.list(&plan.columns, ", ", write_body_value);
    sql.push(" FROM ");
    write_body_rows(sql, &plan.columns, values);
    let mut separator = " WHERE ";
    if counts {
        sql.push(separator).push(COUNT_UP);
        separator = " AND ";
    }
    // PUT: the body must be the row that the filters name.
    write_filters(sql, plan, "pgrst_body", separator);
    if let Some(conflict) = &plan.conflict {
        write_conflict(sql, plan, conflict);
    }
}

fn write_conflict(sql: &mut Fragment, plan: &MutationPlan, conflict: &Conflict) {
    sql.push(" ON CONFLICT (");
    sql.list(&conflict.columns, ", ", |sql, column| {
        sql.push(ident(column));
    });
    if !conflict.merges || plan.columns.is_empty() {
        sql.push(") DO NOTHING");
        return;
    }
    sql.push(") DO UPDATE SET ");
    sql.list(&plan.columns, ", ", |sql, column| {
        let column = ident(&column.name);
        sql.push(column).push(" = EXCLUDED.").push(column);
    });
    sql.push(" WHERE ").push(COUNT_DOWN);
}

fn write_update(sql: &mut Fragment, plan: &MutationPlan, values: &Values) {
    sql.push("UPDATE ").push(name(&plan.relation)).push(" SET ");
    if let Some(plain) = &values.plain {
        sql.list(plan.columns.iter().zip(plain), ", ", |sql, (column, value)| {
            sql.push(ident(&column.name))
                .push(" = ")
                .nullable_param(value.clone());
        });
        write_filters(sql, plan, &plan.relation.name, " WHERE ");
        return;
    }
    sql.list(&plan.columns, ", ", |sql, column| {
        sql.push(ident(&column.name)).push(" = ");
        write_body_value(sql, column);
    });
    sql.push(" FROM (SELECT * FROM ");
    write_body_rows(sql, &plan.columns, values);
    sql.push(" LIMIT 1) AS ").push(BODY);
    write_filters(sql, plan, &plan.relation.name, " WHERE ");
}

/// The filters on rows called `alias`.
fn write_filters(sql: &mut Fragment, plan: &MutationPlan, alias: &str, separator: &str) {
    if plan.conditions.is_empty() {
        return;
    }
    sql.push(separator);
    sql.list(&plan.conditions, " AND ", |sql, condition| {
        write_condition(sql, Rows::plain(alias), condition);
    });
}

fn write_body_value(sql: &mut Fragment, column: &WriteColumn) {
    match &column.read_by {
        Some(function) => {
            sql.push(name(function)).push("(");
            sql.push(BODY).push(".").push(ident(&column.name)).push(")");
        }
        None => {
            sql.push(BODY).push(".").push(ident(&column.name));
        }
    }
}

/// The body as rows of the given columns.
fn write_body_rows(sql: &mut Fragment, columns: &[WriteColumn], values: &Values) {
    let json = values.json.to_vec();
    let defaults: Vec<&WriteColumn> = columns.iter().filter(|column| column.default.is_some()).collect();
    if columns.is_empty() {
        // Only the number of rows matters.
        if values.is_array {
            sql.push("json_array_elements(").param(json);
        } else {
            sql.push("to_json(").param(json).push("::json");
        }
        sql.push(") AS ").push(BODY);
        return;
    }
    if values.with_defaults && !defaults.is_empty() {
        write_elements_with_defaults(sql, &defaults, values);
    } else {
        sql.push(if values.is_array {
            "json_to_recordset("
        } else {
            "json_to_record("
        });
        sql.param(json).push(")");
    }
    sql.push(" AS ").push(BODY).push("(");
    sql.list(columns, ", ", |sql, column| {
        // The type's name comes from the catalogue, quoted where needed.
        sql.push(ident(&column.name)).push(" ").push(&column.type_name);
    });
    sql.push(")");
}

/// Each element laid over an object of defaults. The expressions are as PostgreSQL printed them, and trusted as much as
/// the table; like the original they are evaluated for every element.
fn write_elements_with_defaults(sql: &mut Fragment, defaults: &[&WriteColumn], values: &Values) {
    sql.push("(SELECT jsonb_agg(jsonb_build_object(");
    sql.list(defaults, ", ", |sql, column| {
        sql.push(literal(&column.name))
            .push(", ")
            .push(column.default.as_deref().unwrap_or("NULL"));
    });
    sql.push(") || elem) AS \"json_data\" FROM jsonb_array_elements(");
    if values.is_array {
        sql.param(values.json.to_vec());
    } else {
        sql.push("jsonb_build_array(")
            .param(values.json.to_vec())
            .push("::jsonb)");
    }
    sql.push(") AS elem) AS \"pgrst_payload\", LATERAL jsonb_to_recordset(\"pgrst_payload\".\"json_data\")");
}

fn write_returning(sql: &mut Fragment, plan: &MutationPlan) {
    sql.push(" RETURNING ");
    write_returned(sql, plan);
}

fn write_returned(sql: &mut Fragment, plan: &MutationPlan) {
    let relation = ident(&plan.relation.name);
    if plan.returned.is_empty() && !plan.returns_row {
        sql.push("1");
        return;
    }
    sql.list(&plan.returned, ", ", |sql, column| {
        let column = ident(column);
        // Named, because a computed column is a function.
        sql.push(relation)
            .push(".")
            .push(column)
            .push(" AS ")
            .push(column);
    });
    if plan.returns_row {
        sql.push(if plan.returned.is_empty() { "" } else { ", " });
        sql.push(relation).push(" AS ").push(ROW);
    }
}
