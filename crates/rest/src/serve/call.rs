//! Calling a function (rest.md section 14).

use axum::response::Response;

use super::Serving;
use super::exchange::Sending;
use crate::error::{RangeError, RestError};
use crate::plan::Producer;
use crate::request::{Action, Count, MediaType};
use crate::response::{Builder, ranged_status};
use crate::schema::{ReturnValue, Volatility};
use crate::statement::{Counting, Expectation, Finish, call, explained};

pub(super) async fn serve(mut serving: Serving) -> Result<Response, RestError> {
    let cache = std::sync::Arc::clone(&serving.cache);
    let request = &serving.request;
    let mut planner = crate::plan::Planner::new(&cache, serving.state.config(), request);
    let mut plan = planner.call(serving.target_name())?;
    let routine = plan.routine;
    // Rows of a relation are made by what makes that relation's.
    let identity = plan.shown.relation.as_ref().unwrap_or(&routine.name);
    let (producer, media_type) = planner.negotiate(identity)?;
    request.preferences.check()?;
    plan.shown.embeds_as_jsonb = producer.shows_text();
    let legacy_names = std::mem::take(&mut planner.legacy_names);
    let is_single = !routine.returns.is_set;
    let range = plan.shown.range;
    let counting = match request.preferences.count {
        // The planner knows nothing of what a function returns.
        None | Some(Count::Planned) => Counting::None,
        Some(Count::Exact | Count::Estimated) => Counting::Exact,
    };
    let read_only = request.action == Action::CallSafely || routine.volatility != Volatility::Volatile;
    let must_be_one = matches!(producer, Producer::Object { .. }) && !is_single;
    let expectation = match request.preferences.most_affected() {
        _ if must_be_one && !read_only => Expectation::One,
        Some(most) => Expectation::AtMost(most),
        None => Expectation::Any,
    };
    let finish = Finish {
        producer: &producer,
        counting,
        expectation,
        is_explained: matches!(media_type, MediaType::Plan(_)),
    };
    let sql = call(&plan, &finish);
    serving.timing.lap("plan");
    let sending = Sending {
        read_only,
        is_repeatable: false,
        routine: Some(routine),
        estimate: None,
        expectation,
    };
    if let MediaType::Plan(wanted) = &media_type {
        let body = serving.send_lines(explained(wanted, sql), sending).await?;
        serving.timing.lap("transaction");
        return Builder::new(&serving, 200).content(&media_type, body).finish();
    }
    let answer = serving.send(sql, sending).await?;
    serving.timing.lap("transaction");
    // One value is one row, even where a filter took it away.
    let rows = if is_single { 1 } else { answer.rows };
    if must_be_one && rows != 1 {
        return Err(RestError::NotSingular(rows));
    }
    let total = answer.total;
    if let Some(total) = total
        && range.offset > total
    {
        return Err(RestError::Range(RangeError::Beyond {
            offset: range.offset,
            total,
        }));
    }
    let is_void = matches!(routine.returns.value, ReturnValue::Void);
    let status = if is_void { 204 } else { ranged_status(rows, total) };
    Builder::new(&serving, status)
        .legacy_names(&legacy_names)
        .range(range.offset, rows, total)
        .applied_to_call()
        .answer(answer, (!is_void).then_some(&media_type))
}
