//! Reading a relation (rest.md sections 9 and 11).

use axum::response::Response;

use super::Serving;
use super::exchange::Sending;
use crate::error::{RangeError, RestError};
use crate::plan::Producer;
use crate::request::{Count, MediaType};
use crate::response::{Builder, ranged_status};
use crate::schema::QualifiedName;
use crate::statement::{Counting, Expectation, Finish, explained, read};

pub(super) async fn serve(mut serving: Serving) -> Result<Response, RestError> {
    let mut planner = serving.planner();
    let name = serving.target_name().to_owned();
    let mut plan = planner.read(&name)?;
    let identity = QualifiedName::new(&serving.request.schema, &name);
    let (producer, media_type) = planner.negotiate(&identity)?;
    plan.embeds_as_jsonb = producer.shows_text();
    let legacy_names = std::mem::take(&mut planner.legacy_names);
    let range = plan.range;
    let (counting, estimates) = serving.counting(range.offset > 0 || range.limit.is_some());
    let finish = Finish {
        producer: &producer,
        counting,
        expectation: Expectation::Any,
        is_explained: matches!(media_type, MediaType::Plan(_)),
    };
    let (sql, counted) = read(&plan, &finish);
    serving.timing.lap("plan");
    let sending = Sending {
        read_only: true,
        routine: None,
        estimate: estimates.then_some(counted),
        expectation: Expectation::Any,
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
    let total = serving.total(counting, &answer);
    if let Some(total) = total
        && range.offset > total
    {
        return Err(RestError::Range(RangeError::Beyond {
            offset: range.offset,
            total,
        }));
    }
    let status = ranged_status(answer.rows, total);
    Builder::new(&serving, status)
        .legacy_names(&legacy_names)
        .range(range.offset, answer.rows, total)
        .location_of_content(&name)
        .answer(answer, Some(&media_type))
}

impl Serving {
    /// Which total the statement finds out, and whether the planner is asked too.
    pub(super) fn counting(&self, is_page: bool) -> (Counting, bool) {
        let most = self.state.config().max_rows;
        match self.request.preferences.count {
            None => (Counting::None, false),
            // A page that is everything counts itself.
            Some(Count::Exact) if !is_page => (Counting::None, false),
            Some(Count::Exact) => (Counting::Exact, false),
            Some(Count::Planned) => (Counting::None, true),
            Some(Count::Estimated) => match most {
                Some(most) => (Counting::UpTo(most.saturating_add(1)), true),
                None => (Counting::Exact, true),
            },
        }
    }

    /// The total, as far as it was asked for.
    pub(super) fn total(&self, counting: Counting, answer: &super::exchange::Answer) -> Option<i64> {
        match self.request.preferences.count? {
            Count::Exact if counting == Counting::None => Some(answer.rows),
            Count::Exact => answer.total,
            Count::Planned => answer.estimate,
            Count::Estimated => {
                let counted = answer.total.unwrap_or_default();
                match self.state.config().max_rows {
                    Some(most) if counted <= most => Some(counted),
                    _ => Some(counted.max(answer.estimate.unwrap_or_default())),
                }
            }
        }
    }
}
