//! Calls of functions (rest.md section 14).

use ferrobase_sql::{Fragment, ident};

use super::body::{ROWS, SCALAR, Shape};
use super::conditions::array_literal;
use super::fields::name;
use super::finish::{Counting, Finish, write_head};
use super::rows::{Origin, RESULT, write_counted, write_root};
use crate::plan::{Argument, CallPlan, CallValues, Producer};
use crate::schema::ReturnValue;

/// The members of a JSON body.
const ARGUMENTS: &str = "\"pgrst_arguments\"";

/// A call and what is shown of its result.
pub(crate) fn call(plan: &CallPlan<'_>, finish: &Finish<'_>) -> Fragment {
    let mut sql = Fragment::new();
    let shape = shape(plan, finish);
    let in_place = |sql: &mut Fragment| {
        if shape.is_scalar {
            sql.push("(");
            write_value(sql, plan);
            sql.push(")");
        } else {
            write_rows(sql, plan);
        }
    };
    // What is counted besides being shown must be called once all the same.
    let origin = if finish.counting == Counting::None {
        Origin::Call(&in_place)
    } else {
        sql.push("WITH ").push(RESULT).push(" AS (");
        if shape.is_scalar {
            write_value(&mut sql, plan);
        } else {
            sql.push("SELECT \"pgrst_call\".* FROM ");
            write_rows(&mut sql, plan);
            sql.push(" AS \"pgrst_call\"");
        }
        sql.push(") ");
        Origin::Own
    };
    let counted = |sql: &mut Fragment| write_counted(sql, &plan.shown, Origin::Own);
    write_head(&mut sql, finish, shape, counted, None);
    sql.push("(");
    write_root(&mut sql, &plan.shown, origin);
    sql.push(") AS ").push(ROWS);
    sql
}

/// What the rows are. A handler's single value stands for itself, unless a filter or range may take it away: then there
/// would be no row to answer with.
fn shape(plan: &CallPlan<'_>, finish: &Finish<'_>) -> Shape {
    let shown = &plan.shown;
    let may_vanish = !shown.conditions.is_empty() || shown.range.offset > 0 || shown.range.limit == Some(0);
    let is_handled = matches!(finish.producer, Producer::Handler(_));
    Shape {
        is_scalar: !matches!(plan.routine.returns.value, ReturnValue::Composite { .. }),
        is_single: !(plan.routine.returns.is_set || (is_handled && may_vanish)),
    }
}

/// The call where a relation may stand.
fn write_rows(sql: &mut Fragment, plan: &CallPlan<'_>) {
    if write_members(sql, plan) {
        sql.push(", LATERAL ");
    }
    write_invocation(sql, plan);
}

/// The call as a value, in a column called [`SCALAR`].
fn write_value(sql: &mut Fragment, plan: &CallPlan<'_>) {
    let function = ident(&plan.routine.name.name);
    // Of a record PostgreSQL does not know the columns before it is made: it may only stand as a value.
    let is_record = matches!(
        &plan.routine.returns.value,
        ReturnValue::Scalar { type_name } if *type_name.name == *"record"
    );
    sql.push("SELECT ");
    if is_record {
        write_invocation(sql, plan);
        sql.push(" AS ").push(SCALAR);
        if has_members(plan) {
            sql.push(" FROM ");
            write_members(sql, plan);
        }
        return;
    }
    sql.push(function).push(".* FROM ");
    write_rows(sql, plan);
    sql.push(" AS ").push(function).push("(").push(SCALAR).push(")");
}

fn has_members(plan: &CallPlan<'_>) -> bool {
    matches!(&plan.values, CallValues::Json { parameters, .. } if !parameters.is_empty())
}

/// The members of a JSON body as a row, if there are any.
fn write_members(sql: &mut Fragment, plan: &CallPlan<'_>) -> bool {
    let CallValues::Json {
        json,
        is_array,
        parameters,
    } = &plan.values
    else {
        return false;
    };
    if parameters.is_empty() {
        return false;
    }
    sql.push("json_to_record(").param(json.to_vec()).push("::json");
    if *is_array {
        sql.push("->0");
    }
    sql.push(") AS ").push(ARGUMENTS).push("(");
    sql.list(parameters, ", ", |sql, (parameter, type_name, _)| {
        sql.push(ident(parameter)).push(" ").push(type_name);
    });
    sql.push(")");
    true
}

/// `"schema"."function"("a" := …)`
fn write_invocation(sql: &mut Fragment, plan: &CallPlan<'_>) {
    sql.push(name(&plan.routine.name)).push("(");
    match &plan.values {
        CallValues::Texts(arguments) => {
            sql.list(arguments, ", ", write_argument);
        }
        CallValues::Json { parameters, .. } => {
            sql.list(parameters, ", ", |sql, (parameter, _, variadic)| {
                sql.push(if *variadic { "VARIADIC " } else { "" });
                sql.push(ident(parameter))
                    .push(" := ")
                    .push(ARGUMENTS)
                    .push(".")
                    .push(ident(parameter));
            });
        }
        CallValues::Body { bytes, type_name } if **type_name == *"bytea" => {
            sql.param(hex(bytes)).push("::bytea");
        }
        CallValues::Body { bytes, type_name } => {
            sql.param(bytes.to_vec()).push("::").push(type_name);
        }
    }
    sql.push(")");
}

fn write_argument(sql: &mut Fragment, argument: &Argument) {
    sql.push(if argument.variadic { "VARIADIC " } else { "" });
    sql.push(ident(&argument.name)).push(" := ");
    if argument.variadic {
        sql.param(array_literal(&argument.values));
    } else {
        sql.param(argument.values.first().cloned().unwrap_or_default());
    }
    sql.push("::").push(&argument.type_name);
}

/// Bytes in the text form of bytea.
fn hex(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = Vec::with_capacity(2 + bytes.len() * 2);
    text.extend_from_slice(b"\\x");
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
    text
}
