//! `select` becomes a tree of rows and their related rows.

use ferrobase_query::{Embed, Join, JsonOperand, Located, SelectField, SelectItem};

use super::aliases::alias;
use super::{Column, EmbedPlan, Hoisted, Item, Place, PlannedField, ReadPlan, Source};
use crate::config::RestConfig;
use crate::error::RestError;
use crate::request::{Range, Request};
use crate::schema::{QualifiedName, Relation, SchemaCache};

/// Plans one request.
pub struct Planner<'a> {
    /// What is known of the database.
    pub cache: &'a SchemaCache,
    /// The settings.
    pub config: &'a RestConfig,
    /// The request.
    pub request: &'a Request,
    /// Embeds that were named by their target although they have an alias: target and alias.
    pub legacy_names: Vec<(String, String)>,
    /// Names given out so far.
    joins: usize,
}

/// The rows that a plan starts from.
pub(super) struct Root<'r> {
    pub(super) source: Source,
    pub(super) relation: Option<&'r Relation>,
    pub(super) name: QualifiedName,
}

impl<'a> Planner<'a> {
    /// For a request.
    pub fn new(cache: &'a SchemaCache, config: &'a RestConfig, request: &'a Request) -> Self {
        Self {
            cache,
            config,
            request,
            legacy_names: Vec::new(),
            joins: 0,
        }
    }

    /// A relation of the request's schema.
    pub(super) fn relation(&self, name: &str) -> Result<&'a Relation, RestError> {
        let qualified = QualifiedName::new(&self.request.schema, name);
        self.cache.relations.get(&qualified).ok_or_else(|| {
            let suggestion = super::similar::relation(self.cache, &self.request.schema, name);
            RestError::NoRelation {
                schema: self.request.schema.clone(),
                name: name.to_owned(),
                suggestion,
            }
        })
    }

    /// The rows of a relation.
    pub fn read(&mut self, name: &str) -> Result<ReadPlan, RestError> {
        let relation = self.relation(name)?;
        let root = Root {
            source: Source::Relation(relation.name.clone()),
            relation: Some(relation),
            name: relation.name.clone(),
        };
        let range = self.request.range;
        let mut plan = self.rows(&root, range.capped(self.config.max_rows))?;
        self.attach_filters(&mut plan, |_| true)?;
        Ok(plan)
    }

    /// `select`, `order` and ranges on some rows; filters are attached by the caller.
    pub(super) fn rows(&mut self, root: &Root<'_>, range: Range) -> Result<ReadPlan, RestError> {
        let every = [SelectItem::Star];
        let request = self.request;
        let items = request.query.select.as_deref().unwrap_or(&every);
        let place = Place {
            depth: 0,
            ancestors: &[],
            embed: None,
            spread_to_one: false,
            in_spread_to_many: false,
        };
        let (mut plan, _) = self.level(root.source.clone(), root.relation, &root.name, items, place)?;
        plan.range = range;
        self.attach_orders(&mut plan)?;
        self.attach_ranges(&mut plan)?;
        Ok(plan)
    }

    /// One level of `select`. Aggregates of a to-one spread are handed to the level above.
    fn level(
        &mut self,
        source: Source,
        relation: Option<&Relation>,
        name: &QualifiedName,
        items: &[SelectItem],
        place: Place<'_>,
    ) -> Result<(ReadPlan, Vec<Hoisted>), RestError> {
        let alias = alias(&name.name, place.depth, place.ancestors);
        let mut plan = ReadPlan {
            source,
            relation: Some(name.clone()),
            alias,
            items: Vec::new(),
            embeds: Vec::new(),
            conditions: Vec::new(),
            order: Vec::new(),
            range: Range::default(),
            is_grouped: false,
            embeds_as_jsonb: false,
        };
        let mut hoisted = Vec::new();
        for item in items {
            match item {
                SelectItem::Star => plan.items.push(Item::Star),
                SelectItem::Field(field) => {
                    self.select_field(relation, field, place, &mut plan, &mut hoisted)?;
                }
                SelectItem::Embed(embed) => {
                    let embed = self.embed(name, &plan.alias, embed, false, place)?;
                    let index = plan.embeds.len();
                    if !embed.is_hidden {
                        plan.items.push(Item::Embed(index));
                    }
                    plan.embeds.push(embed);
                }
                SelectItem::Spread(embed) => {
                    let mut embed = self.embed(name, &plan.alias, embed, true, place)?;
                    if place.spread_to_one {
                        // Their columns go along under the same names.
                        hoisted.append(&mut embed.hoisted);
                    } else if !embed.hoisted.is_empty() {
                        plan.is_grouped = true;
                    }
                    plan.items.push(Item::Spread(plan.embeds.len()));
                    plan.embeds.push(embed);
                }
            }
        }
        if self.needs_columns(relation, &plan, place) {
            self.expand_stars(relation, &mut plan.items);
        }
        if plan.is_grouped {
            self.expand_spread_stars(&mut plan);
        }
        Ok((plan, hoisted))
    }

    fn select_field(
        &mut self,
        relation: Option<&Relation>,
        select: &SelectField,
        place: Place<'_>,
        plan: &mut ReadPlan,
        hoisted: &mut Vec<Hoisted>,
    ) -> Result<(), RestError> {
        let column = select.field.as_ref().map(|field| Column {
            field: self.field(relation, field),
            cast: select.cast.clone(),
            key: key(select),
        });
        let Some(function) = select.aggregate else {
            plan.items.extend(column.map(Item::Column));
            return Ok(());
        };
        if !self.config.aggregates {
            return Err(RestError::AggregatesOff);
        }
        if place.in_spread_to_many {
            return Err(RestError::NotImplemented(
                "Aggregates are not implemented for one-to-many or many-to-many spreads.".to_owned(),
            ));
        }
        let key = select
            .alias
            .clone()
            .unwrap_or_else(|| super::aggregate_name(function).to_owned());
        if !place.spread_to_one {
            plan.is_grouped = true;
            plan.items.push(Item::Aggregate {
                function,
                of: column,
                cast: select.aggregate_cast.clone(),
                key,
            });
            return Ok(());
        }
        // The column itself stays here, under a name of its own; the aggregate moves up. Up there a row without a partner
        // is a row too: what is counted without a column is therefore something that only a partner has.
        self.joins += 1;
        let inner = format!("pgrst_aggregated_{}", self.joins);
        plan.items.push(Item::Column(Column {
            key: Some(inner.clone()),
            ..column.unwrap_or_else(|| presence(relation))
        }));
        hoisted.push(Hoisted {
            function,
            column: inner,
            cast: select.aggregate_cast.clone(),
            key,
        });
        Ok(())
    }

    fn embed(
        &mut self,
        origin: &QualifiedName,
        parent_alias: &str,
        embed: &Embed,
        is_spread: bool,
        place: Place<'_>,
    ) -> Result<EmbedPlan, RestError> {
        let found = self.relationship(origin, embed)?;
        let relation = self.cache.relations.get(&found.target);
        let mut ancestors = place.ancestors.to_vec();
        ancestors.push(parent_alias.to_owned());
        let inside = Place {
            depth: place.depth + 1,
            ancestors: &ancestors,
            embed: Some(embed),
            spread_to_one: is_spread && found.to_one,
            in_spread_to_many: (place.in_spread_to_many || !found.to_one) && is_spread,
        };
        let (plan, hoisted) = self.level(
            Source::Relation(found.target.clone()),
            relation,
            &found.target,
            &embed.items,
            inside,
        )?;
        self.joins += 1;
        Ok(EmbedPlan {
            key: embed.alias.clone().unwrap_or_else(|| embed.target.clone()),
            target: embed.target.clone(),
            has_alias: embed.alias.is_some(),
            link: found.link,
            to_one: found.to_one,
            is_inner: embed.join == Some(Join::Inner),
            is_spread,
            is_hidden: plan.items.is_empty(),
            join: format!("pgrst_{}", self.joins),
            hidden: Vec::new(),
            hoisted,
            plan,
        })
    }

    /// Where `*` will not do: columns that are shown by functions, grouping, arrays of columns, returned rows.
    fn needs_columns(&self, relation: Option<&Relation>, plan: &ReadPlan, place: Place<'_>) -> bool {
        let has_representation = |relation: &Relation| {
            relation.columns.values().any(|column| {
                self.cache
                    .representations
                    .get(&column.type_oid)
                    .is_some_and(|representation| representation.to_json.is_some())
            })
        };
        let is_array_of_columns = place.in_spread_to_many && place.embed.is_some();
        let is_returned = plan.source == Source::Result && self.request.action.is_mutation();
        plan.is_grouped || is_array_of_columns || is_returned || relation.is_some_and(has_representation)
    }

    /// Rows that are grouped are grouped by the columns of their spreads too.
    fn expand_spread_stars(&self, plan: &mut ReadPlan) {
        for embed in plan.embeds.iter_mut().filter(|embed| embed.is_spread) {
            let name = embed.plan.relation.as_ref();
            let relation = name.and_then(|name| self.cache.relations.get(name));
            self.expand_stars(relation, &mut embed.plan.items);
            self.expand_spread_stars(&mut embed.plan);
        }
    }

    fn expand_stars(&self, relation: Option<&Relation>, items: &mut Vec<Item>) {
        let Some(relation) = relation else { return };
        for item in std::mem::take(items) {
            if !matches!(item, Item::Star) {
                items.push(item);
                continue;
            }
            for name in relation.columns.keys() {
                let field = ferrobase_query::Field {
                    name: name.to_string(),
                    path: Vec::new(),
                };
                items.push(Item::Column(Column {
                    field: self.field(Some(relation), &field),
                    cast: None,
                    key: None,
                }));
            }
        }
    }
}

/// A value that every row has, whatever is null in it: the type of one of its columns.
fn presence(relation: Option<&Relation>) -> Column {
    let known = relation.and_then(|relation| {
        let key = relation.primary_key.first();
        key.or_else(|| relation.columns.keys().next())
    });
    // What is related without being known is a partition, and every table has this column.
    let name = known.map_or("tableoid", |name| &**name);
    Column {
        field: PlannedField {
            name: name.to_owned(),
            path: Vec::new(),
            to_jsonb: false,
            shown_by: Some(QualifiedName::new("pg_catalog", "pg_typeof")),
            read_by: None,
            is_vector: false,
        },
        cast: None,
        key: None,
    }
}

/// The key of a column: its alias, else the last name of its path.
fn key(select: &SelectField) -> Option<String> {
    if select.alias.is_some() {
        return select.alias.clone();
    }
    let field = select.field.as_ref()?;
    if field.path.is_empty() {
        return None;
    }
    let last_key = field.path.iter().rev().find_map(|step| match &step.operand {
        JsonOperand::Key(key) => Some(key.clone()),
        JsonOperand::Index(_) => None,
    });
    Some(last_key.unwrap_or_else(|| field.name.clone()))
}

impl EmbedPlan {
    /// Whether a column is among what the join gives, under its own name or an alias.
    pub(super) fn shows(&self, name: &str, cache: &SchemaCache) -> bool {
        self.plan.items.iter().any(|item| match item {
            Item::Column(column) => column.shown_as() == name && column.field.path.is_empty(),
            Item::Star => self
                .plan
                .relation
                .as_ref()
                .and_then(|relation| cache.relations.get(relation))
                .is_some_and(|relation| relation.columns.contains_key(name)),
            Item::Spread(index) => self.plan.embeds[*index].shows(name, cache),
            Item::Aggregate { .. } | Item::Embed(_) => false,
        })
    }
}

/// The items of a list that apply at one level.
pub(super) fn at<'l, T>(all: &'l [Located<T>], path: &'l [String]) -> impl Iterator<Item = &'l T> {
    all.iter()
        .filter(move |located| located.path == path)
        .map(|located| &located.what)
}
