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

pub(super) async fn serve(serving: Serving) -> Result<Response, RestError> {
    let name = serving.target_name().to_owned();
    call_routine(serving, &name).await
}

/// Calls a function, which the path may not name.
pub(super) async fn call_routine(mut serving: Serving, name: &str) -> Result<Response, RestError> {
    let cache = std::sync::Arc::clone(&serving.cache);
    let request = &serving.request;
    let mut planner = crate::plan::Planner::new(&cache, serving.state.config(), request);
    let mut plan = planner.call(name)?;
    let routine = plan.routine;
    // Rows of a relation are made by what makes that relation's.
    let identity = plan
        .shown
        .as_ref()
        .and_then(|shown| shown.relation.as_ref())
        .unwrap_or(&routine.name);
    let (producer, media_type) = planner.negotiate(identity)?;
    if let Some(shown) = &mut plan.shown {
        shown.embeds_as_jsonb = producer.shows_text();
    }
    let legacy_names = std::mem::take(&mut planner.legacy_names);
    let is_single = !routine.returns.is_set;
    let range = plan.shown.as_ref().map(|shown| shown.range).unwrap_or_default();
    let counting = match request.preferences.count {
        // The planner knows nothing of what a function returns.
        None | Some(Count::Planned) => Counting::None,
        Some(Count::Exact | Count::Estimated) => Counting::Exact,
    };
    let read_only = request.action == Action::CallSafely || routine.volatility != Volatility::Volatile;
    let expectation = match (&producer, request.preferences.most_affected()) {
        (Producer::Object { .. }, _) if !read_only => Expectation::One,
        (_, Some(most)) => Expectation::AtMost(most),
        _ => Expectation::Any,
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
    if matches!(producer, Producer::Object { .. }) && answer.rows != 1 {
        return Err(RestError::NotSingular(answer.rows));
    }
    if matches!(routine.returns.value, ReturnValue::Void) {
        return Builder::new(&serving, 204)
            .range(0, 1, None)
            .applied_to_call()
            .answer(answer, None);
    }
    let total = match counting {
        Counting::None => None,
        _ if is_single => Some(answer.rows),
        _ => answer.total,
    };
    if let Some(total) = total
        && range.offset > total
    {
        return Err(RestError::Range(RangeError::Beyond {
            offset: range.offset,
            total,
        }));
    }
    Builder::new(&serving, ranged_status(answer.rows, total))
        .legacy_names(&legacy_names)
        .range(range.offset, answer.rows, total)
        .applied_to_call()
        .answer(answer, Some(&media_type))
}
