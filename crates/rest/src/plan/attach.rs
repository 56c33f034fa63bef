//! Filters, orders and ranges find the level that they were written for (rest.md sections 3, 6 and 8).

use ferrobase_query::{Filter, Located, LogicTree, OrderTerm};

use super::read::Planner;
use super::{Condition, ReadPlan};
use crate::error::RestError;

impl Planner<'_> {
    /// Filters and logic trees of the levels that `wants` their paths.
    pub(super) fn attach_filters(
        &mut self,
        plan: &mut ReadPlan,
        wants: impl Fn(&[String]) -> bool,
    ) -> Result<(), RestError> {
        let request = self.request;
        for Located { path, what } in request.query.filters.iter().filter(|filter| wants(&filter.path)) {
            self.at_level(plan, path, |planner, level| {
                planner.add_filter(level, what);
                Ok(())
            })?;
        }
        for Located { path, what } in request.query.logic.iter().filter(|tree| wants(&tree.path)) {
            self.at_level(plan, path, |planner, level| {
                planner.add_logic(level, what);
                Ok(())
            })?;
        }
        Ok(())
    }

    pub(super) fn attach_orders(&mut self, plan: &mut ReadPlan) -> Result<(), RestError> {
        let request = self.request;
        for Located { path, what } in &request.query.orders {
            self.at_level(plan, path, |planner, level| planner.set_order(level, what))?;
        }
        Ok(())
    }

    /// Ranges of embeds, and the settings' bound on their rows; what a write returns is always whole.
    pub(super) fn attach_ranges(&mut self, plan: &mut ReadPlan) -> Result<(), RestError> {
        if self.request.action.is_mutation() {
            return Ok(());
        }
        if let Some(most) = self.config.max_rows {
            cap(plan, most);
        }
        let request = self.request;
        for Located { path, what } in request.query.ranges.iter().filter(|range| !range.path.is_empty()) {
            let most = self.config.max_rows;
            self.at_level(plan, path, |_, level| {
                level.range = crate::request::Range::from(*what).capped(most);
                Ok(())
            })?;
        }
        Ok(())
    }

    fn add_filter(&mut self, level: &mut ReadPlan, filter: &Filter) {
        let relation = level
            .relation
            .as_ref()
            .and_then(|name| self.cache.relations.get(name));
        let condition = self.filter(relation, &level.embeds, filter);
        level.require(condition);
    }

    fn add_logic(&mut self, level: &mut ReadPlan, tree: &LogicTree) {
        let relation = level
            .relation
            .as_ref()
            .and_then(|name| self.cache.relations.get(name));
        let condition = self.logic(relation, &level.embeds, tree);
        level.require(condition);
    }

    fn set_order(&mut self, level: &mut ReadPlan, terms: &[OrderTerm]) -> Result<(), RestError> {
        let relation = level
            .relation
            .as_ref()
            .and_then(|name| self.cache.relations.get(name));
        let origin = level.alias_of_relation();
        for term in terms {
            let order = self.order(relation, &origin, &mut level.embeds, term)?;
            level.order.push(order);
        }
        Ok(())
    }

    /// Follows a path of embeds down from `plan`. An embed with an alias goes by it; by its target only where the
    /// settings allow it, and then it is remembered for the warning.
    fn at_level(
        &mut self,
        plan: &mut ReadPlan,
        path: &[String],
        act: impl FnOnce(&mut Self, &mut ReadPlan) -> Result<(), RestError>,
    ) -> Result<(), RestError> {
        let Some((name, rest)) = path.split_first() else {
            return act(self, plan);
        };
        let by_key = plan.embeds.iter().position(|embed| embed.key == *name);
        let by_target = || {
            plan.embeds
                .iter()
                .position(|embed| embed.has_alias && embed.target == *name)
        };
        let Some(index) = by_key.or_else(by_target) else {
            return Err(RestError::NotEmbedded {
                target: name.clone(),
                alias: None,
            });
        };
        let embed = &mut plan.embeds[index];
        if by_key.is_none() {
            if !self.config.legacy_target_names {
                return Err(RestError::NotEmbedded {
                    target: name.clone(),
                    alias: Some(embed.key.clone()),
                });
            }
            let names = (name.clone(), embed.key.clone());
            if !self.legacy_names.contains(&names) {
                self.legacy_names.push(names);
            }
        }
        self.at_level(&mut embed.plan, rest, act)
    }
}

impl ReadPlan {
    /// Adds a condition. That there are related rows of one relationship is the same as an inner join.
    fn require(&mut self, condition: Condition) {
        if let Condition::Embedded { embed, exists: true } = condition {
            self.embeds[embed].is_inner = true;
            return;
        }
        self.conditions.push(condition);
    }

    fn alias_of_relation(&self) -> String {
        self.relation
            .as_ref()
            .map_or_else(|| self.alias.clone(), |name| name.name.to_string())
    }
}

/// Bounds the rows of every level below.
fn cap(plan: &mut ReadPlan, most: i64) {
    for embed in &mut plan.embeds {
        embed.plan.range = embed.plan.range.capped(Some(most));
        cap(&mut embed.plan, most);
    }
}
