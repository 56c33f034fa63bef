//! Fields, conditions and orders of one level.

use ferrobase_query::{Field, Filter, Is, LogicTree, Operation, OrderTerm};

use super::read::Planner;
use super::{Condition, EmbedPlan, Order, OrderBy, PlannedField};
use crate::error::RestError;
use crate::schema::{Oid, Relation};

const JSON: Oid = 114;
const JSONB: Oid = 3802;
const TSVECTOR: Oid = 3614;

impl Planner<'_> {
    /// A column with what its type asks for. A name that is no known column may be a computed one: PostgreSQL decides.
    pub(super) fn field(&self, relation: Option<&Relation>, field: &Field) -> PlannedField {
        let mut planned = PlannedField {
            name: field.name.clone(),
            path: field.path.clone(),
            to_jsonb: false,
            shown_by: None,
            read_by: None,
            is_vector: false,
        };
        let Some(column) = relation.and_then(|relation| relation.columns.get(field.name.as_str())) else {
            planned.to_jsonb = !field.path.is_empty();
            // A computed column: PostgreSQL knows whether it is a vector, and searches texts as well. What a function
            // returns without being rows of a relation has none.
            planned.is_vector = field.path.is_empty() && relation.is_some();
            return planned;
        };
        planned.to_jsonb = !field.path.is_empty() && !matches!(column.base_oid, JSON | JSONB);
        planned.is_vector = column.base_oid == TSVECTOR && field.path.is_empty();
        if let Some(representation) = self
            .cache
            .representations
            .get(&column.type_oid)
            .filter(|_| field.path.is_empty())
        {
            planned.shown_by.clone_from(&representation.to_json);
            planned.read_by.clone_from(&representation.from_text);
        }
        planned
    }

    /// A filter, or what only looks like one: `is.null` of an embed asks for its rows. `is.not_null` does not.
    pub(super) fn filter(
        &self,
        relation: Option<&Relation>,
        embeds: &[EmbedPlan],
        filter: &Filter,
    ) -> Condition {
        if filter.field.path.is_empty()
            && filter.operation == Operation::Is(Is::Null)
            && let Some(embed) = embeds.iter().position(|embed| embed.key == filter.field.name)
        {
            return Condition::Embedded {
                embed,
                exists: filter.negated,
            };
        }
        Condition::Filter {
            field: self.field(relation, &filter.field),
            negated: filter.negated,
            operation: filter.operation.clone(),
        }
    }

    pub(super) fn logic(
        &self,
        relation: Option<&Relation>,
        embeds: &[EmbedPlan],
        tree: &LogicTree,
    ) -> Condition {
        match tree {
            LogicTree::Filter(filter) => self.filter(relation, embeds, filter),
            LogicTree::Group {
                negated,
                connective,
                conditions,
            } => Condition::Group {
                negated: *negated,
                connective: *connective,
                conditions: conditions
                    .iter()
                    .map(|tree| self.logic(relation, embeds, tree))
                    .collect(),
            },
        }
    }

    /// An order of rows whose related ones are `embeds`; those may get a hidden column for it.
    pub(super) fn order(
        &self,
        relation: Option<&Relation>,
        origin: &str,
        embeds: &mut [EmbedPlan],
        term: &OrderTerm,
    ) -> Result<Order, RestError> {
        let by = match &term.relation {
            None => OrderBy::Field(self.field(relation, &term.field)),
            Some(name) => {
                let embed = embeds
                    .iter()
                    .position(|embed| embed.key == *name)
                    .ok_or_else(|| RestError::NotEmbedded {
                        target: name.clone(),
                        alias: None,
                    })?;
                let key = self.related_order(origin, &mut embeds[embed], &term.field)?;
                OrderBy::Embed {
                    embed,
                    key,
                    path: term.field.path.clone(),
                }
            }
        };
        Ok(Order {
            by,
            direction: term.direction,
            nulls: term.nulls,
        })
    }

    /// The key of the embed's column that decides: a shown one, else a hidden one.
    fn related_order(&self, origin: &str, embed: &mut EmbedPlan, field: &Field) -> Result<String, RestError> {
        if !embed.to_one {
            return Err(RestError::RelatedOrder {
                origin: origin.to_owned(),
                target: embed.key.clone(),
            });
        }
        if embed.shows(&field.name, self.cache) {
            return Ok(field.name.clone());
        }
        let key = format!("pgrst_order_{}", embed.hidden.len() + 1);
        let plain = Field {
            name: field.name.clone(),
            path: Vec::new(),
        };
        let relation = embed
            .plan
            .relation
            .as_ref()
            .and_then(|name| self.cache.relations.get(name));
        embed.hidden.push((key.clone(), self.field(relation, &plain)));
        Ok(key)
    }
}
