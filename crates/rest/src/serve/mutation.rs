//! Writing to a relation (rest.md sections 9, 12 and 13).

use axum::response::Response;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::Serving;
use super::exchange::Sending;
use crate::error::RestError;
use crate::plan::{MutationPlan, Producer};
use crate::request::{Action, Count, MediaType};
use crate::response::Builder;
use crate::schema::{Name, QualifiedName};
use crate::statement::{Counting, Expectation, Finish, bare_mutation, explained, mutation};

pub(super) async fn serve(mut serving: Serving) -> Result<Response, RestError> {
    let mut planner = serving.planner();
    let name = serving.target_name().to_owned();
    let plan = planner.mutation(&name)?;
    serving.request.preferences.check()?;
    let identity = QualifiedName::new(&serving.request.schema, &name);
    let (producer, media_type) = planner.negotiate(&identity)?;
    let legacy_names = std::mem::take(&mut planner.legacy_names);
    let expectation = expectation(&serving, &producer);
    let finish = Finish {
        producer: &producer,
        counting: Counting::None,
        expectation,
        is_explained: matches!(media_type, MediaType::Plan(_)),
    };
    let bare = bare_mutation(&plan, &finish);
    serving.timing.lap("plan");
    let sending = Sending {
        read_only: false,
        is_repeatable: false,
        routine: None,
        estimate: None,
        expectation,
    };
    if let MediaType::Plan(wanted) = &media_type {
        let body = serving
            .send_lines(explained(wanted, mutation(&plan, &finish)), sending)
            .await?;
        serving.timing.lap("transaction");
        return Builder::new(&serving, 200).content(&media_type, body).finish();
    }
    let sent = match bare {
        Some(sql) => serving.send_write(sql, sending).await,
        None => serving.send(mutation(&plan, &finish), sending).await,
    };
    let answer = sent.map_err(|error| match error {
        RestError::NotSingular(_) if serving.request.action == Action::Put => RestError::PutMismatch,
        other => other,
    })?;
    serving.timing.lap("transaction");
    let shows_rows = plan.shown.is_some();
    // The planner's guess is no number of rows that were written.
    let is_counted = matches!(
        serving.request.preferences.count,
        Some(Count::Exact | Count::Estimated)
    );
    let total = is_counted.then_some(answer.rows);
    let (inserted, key) = written(answer.extra.as_deref());
    let mut builder = Builder::new(&serving, status(&serving, &plan, inserted)).legacy_names(&legacy_names);
    builder = match serving.request.action {
        Action::Put => builder,
        Action::Update => builder.range(0, answer.rows, total),
        _ => builder.range(0, 0, total),
    };
    if let Some(location) = location(&name, &plan.location, &key) {
        builder = builder.header("location", &location);
    }
    builder
        .applied_to_write(&plan)
        .answer(answer, shows_rows.then_some(&media_type))
}

fn expectation(serving: &Serving, producer: &Producer) -> Expectation {
    if serving.request.action == Action::Put || matches!(producer, Producer::Object { .. }) {
        return Expectation::One;
    }
    match (
        serving.request.action,
        serving.request.preferences.most_affected(),
    ) {
        (Action::Update | Action::Delete, Some(most)) => Expectation::AtMost(most),
        _ => Expectation::Any,
    }
}

/// The number of rows that were inserted and not overwritten, and the values of a single row's key.
fn written(extra: Option<&str>) -> (Option<i64>, Vec<Value>) {
    let parts: Vec<Value> = extra
        .and_then(|extra| serde_json::from_str(extra).ok())
        .unwrap_or_default();
    let inserted = parts.first().and_then(Value::as_i64);
    let key = parts.get(1).and_then(Value::as_array).cloned();
    (inserted, key.unwrap_or_default())
}

fn status(serving: &Serving, plan: &MutationPlan, inserted: Option<i64>) -> u16 {
    let only_overwrote = plan.counts_inserted() && inserted.unwrap_or_default() == 0;
    match (serving.request.action, plan.shown.is_some()) {
        (Action::Insert, _) if only_overwrote => 200,
        (Action::Insert, _) => 201,
        (Action::Put, true) if !only_overwrote => 201,
        (_, true) => 200,
        (_, false) => 204,
    }
}

/// `/relation?key=eq.value`
fn location(relation: &str, key: &[Name], values: &[Value]) -> Option<String> {
    if key.is_empty() || key.len() != values.len() {
        return None;
    }
    let filters: Vec<String> = key
        .iter()
        .zip(values)
        .map(|(column, value)| match value {
            Value::String(value) => format!("{}=eq.{}", encoded(column), encoded(value)),
            _ => format!("{}=is.null", encoded(column)),
        })
        .collect();
    Some(format!("/{}?{}", encoded(relation), filters.join("&")))
}

fn encoded(text: &str) -> impl std::fmt::Display + '_ {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~');
    utf8_percent_encode(text, KEPT)
}
