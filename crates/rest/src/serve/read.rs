//! Reading a relation (rest.md sections 9 and 11).

use axum::response::Response;

use super::Serving;
use super::exchange::{Answer, Sending};
use crate::error::{RangeError, RestError};
use crate::plan::{Producer, ReadPlan};
use crate::request::{Count, MediaType};
use crate::response::{Builder, ranged_status};
use crate::schema::QualifiedName;
use crate::statement::{Counting, Expectation, Finish, explained, read, rows};

pub(super) async fn serve(mut serving: Serving) -> Result<Response, RestError> {
    let mut planner = serving.planner();
    let name = serving.target_name().to_owned();
    let mut plan = planner.read(&name)?;
    let identity = QualifiedName::new(&serving.request.schema, &name);
    let (producer, media_type) = planner.negotiate(&identity)?;
    serving.request.preferences.check()?;
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
    if let MediaType::Plan(wanted) = &media_type {
        let sql = explained(wanted, read(&plan, &finish).0);
        serving.timing.lap("plan");
        let body = serving.send_lines(sql, Sending::read(None)).await?;
        serving.timing.lap("transaction");
        return Builder::new(&serving, 200).content(&media_type, body).finish();
    }
    let answer = serving.read(&plan, &finish, estimates).await?;
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
        .location_of_content()
        .answer(answer, Some(&media_type))
}

impl Serving {
    /// The answer: made of plain rows where that is possible, else by PostgreSQL.
    async fn read(
        &mut self,
        plan: &ReadPlan,
        finish: &Finish<'_>,
        estimates: bool,
    ) -> Result<Answer, RestError> {
        if let Some(is_object) = self.encodes_rows(finish, estimates) {
            let sql = rows(plan);
            self.timing.lap("plan");
            let fingerprint = self.state.fingerprint(&sql);
            if !self.state.is_left_to_postgres(fingerprint) {
                if let Some(answer) = self.send_rows(sql, Sending::read(None), is_object).await? {
                    return Ok(answer);
                }
                self.state.leave_to_postgres(fingerprint);
            }
        }
        let (sql, counted) = read(plan, finish);
        self.timing.lap("plan");
        self.send(sql, Sending::read(estimates.then_some(counted))).await
    }

    /// Whether plain rows are enough for the answer, and if so, whether it is an object.
    fn encodes_rows(&self, finish: &Finish<'_>, estimates: bool) -> Option<bool> {
        let is_object = match finish.producer {
            Producer::Json => false,
            Producer::Object {
                nulls_stripped: false,
            } => true,
            _ => return None,
        };
        (finish.counting == Counting::None && !estimates && !self.has_own_dates()).then_some(is_object)
    }

    /// Whether the role prints dates in its own way.
    fn has_own_dates(&self) -> bool {
        let settings = self.cache.role_settings.get(self.identity.role.as_str());
        settings.is_some_and(|role| {
            role.settings
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case("datestyle"))
        })
    }

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
    pub(super) fn total(&self, counting: Counting, answer: &Answer) -> Option<i64> {
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
