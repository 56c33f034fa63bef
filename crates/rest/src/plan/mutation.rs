//! Writes (rest.md sections 12 and 13).

use bytes::Bytes;
use ferrobase_query::{Comparison, Operation};

use super::plain_values::{PlainValue, plain_values};
use super::read::{Planner, Root, at};
use super::{Condition, Item, Link, OrderBy, ReadPlan, Source};
use crate::error::RestError;
use crate::request::{Action, Body, BodyKeys, Missing, Range, Resolution, Return};
use crate::schema::{Name, Oid, QualifiedName, Relation};

/// A write.
#[derive(Debug)]
pub struct MutationPlan {
    /// Of what.
    pub relation: QualifiedName,
    /// What is done.
    pub action: Action,
    /// The columns that are written.
    pub columns: Vec<WriteColumn>,
    /// Their values; `None` when there is nothing to write.
    pub values: Option<Values>,
    /// What happens to rows that are there already.
    pub conflict: Option<Conflict>,
    /// Which rows are changed or deleted; which row PUT means.
    pub conditions: Vec<Condition>,
    /// Columns that the write returns, in order.
    pub returned: Vec<String>,
    /// The write returns whole rows too, for functions of the row.
    pub returns_row: bool,
    /// Columns of the primary key that `Location` names.
    pub location: Vec<Name>,
    /// What is shown of the written rows; `None` = nothing.
    pub shown: Option<ReadPlan>,
}

/// A column that is written.
#[derive(Debug)]
pub struct WriteColumn {
    /// Name.
    pub name: Name,
    /// Type that the body's value is read as.
    pub type_name: Name,
    /// The column's type.
    pub type_oid: Oid,
    /// Function that reads the body's JSON value.
    pub read_by: Option<QualifiedName>,
    /// Expression for rows that lack it.
    pub default: Option<String>,
}

/// Values of a write.
#[derive(Debug)]
pub struct Values {
    /// JSON.
    pub json: Bytes,
    /// It is an array.
    pub is_array: bool,
    /// Keys that are missing become the column's default.
    pub with_defaults: bool,
    /// The columns' values, where the body is one flat object.
    pub plain: Option<Vec<PlainValue>>,
}

/// What happens to rows that are there already.
#[derive(Debug)]
pub struct Conflict {
    /// The columns that tell.
    pub columns: Vec<String>,
    /// Overwrite them; otherwise leave them.
    pub merges: bool,
}

impl Planner<'_> {
    /// A write to a relation of the request's schema.
    pub fn mutation(&mut self, name: &str) -> Result<MutationPlan, RestError> {
        let relation = self.relation(name)?;
        let request = self.request;
        let returns = request.preferences.returns.unwrap_or(Return::Minimal);
        let is_shown = returns == Return::Representation;
        // What nobody wants to see must make sense all the same: a misspelt filter would change every row.
        let returned = if is_shown || self.has_shape() {
            Some(self.returned_rows(relation)?)
        } else {
            None
        };
        let shown = returned.filter(|_| is_shown);
        let conditions = match request.action {
            Action::Insert => Vec::new(),
            _ => self.own_conditions(relation),
        };
        if request.action == Action::Put {
            self.check_put(relation)?;
        }
        if self.config.safe_update && conditions.is_empty() {
            match request.action {
                Action::Update => return Err(RestError::Unfiltered("UPDATE")),
                Action::Delete => return Err(RestError::Unfiltered("DELETE")),
                _ => {}
            }
        }
        let (columns, values) = match request.action {
            Action::Delete => (Vec::new(), None),
            _ => self.written(relation)?,
        };
        let mut plan = MutationPlan {
            relation: relation.name.clone(),
            action: request.action,
            columns,
            values,
            conflict: self.conflict(relation),
            conditions,
            returned: Vec::new(),
            returns_row: false,
            location: if returns == Return::HeadersOnly && request.action == Action::Insert {
                key_in_order(relation)
            } else {
                Vec::new()
            },
            shown,
        };
        plan.decide_returned();
        Ok(plan)
    }

    /// Filters of the written rows themselves, which choose what is written and not what is shown.
    fn own_conditions(&self, relation: &Relation) -> Vec<Condition> {
        let query = &self.request.query;
        let mut conditions: Vec<Condition> = at(&query.filters, &[])
            .map(|filter| self.filter(Some(relation), &[], filter))
            .collect();
        conditions.extend(at(&query.logic, &[]).map(|tree| self.logic(Some(relation), &[], tree)));
        conditions
    }

    /// Whether anything is said about what is returned.
    fn has_shape(&self) -> bool {
        let query = &self.request.query;
        query.select.is_some()
            || !query.orders.is_empty()
            || query.filters.iter().any(|filter| !filter.path.is_empty())
            || query.logic.iter().any(|tree| !tree.path.is_empty())
    }

    fn returned_rows(&mut self, relation: &Relation) -> Result<ReadPlan, RestError> {
        let root = Root {
            source: Source::Result,
            relation: Some(relation),
            name: relation.name.clone(),
        };
        let mut plan = self.rows(&root, Range::default())?;
        self.attach_filters(&mut plan, |path| !path.is_empty())?;
        Ok(plan)
    }

    /// What is written, column by column.
    fn written(&self, relation: &Relation) -> Result<(Vec<WriteColumn>, Option<Values>), RestError> {
        let request = self.request;
        let Body::Json { bytes, keys, .. } = &request.body else {
            return Ok((Vec::new(), None));
        };
        let is_array = keys.as_ref().map_or_else(
            || bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'['),
            |keys| keys.is_array,
        );
        if keys.as_ref().is_some_and(|keys: &BodyKeys| keys.is_empty) {
            return Ok((Vec::new(), None));
        }
        let empty = Vec::new();
        let names: Vec<&str> = match (&request.query.columns, keys) {
            (Some(columns), _) => columns.iter().map(String::as_str).collect(),
            (None, Some(keys)) => keys.keys.iter().map(String::as_str).collect(),
            (None, None) => empty,
        };
        let with_defaults = request.preferences.missing == Some(Missing::Default);
        let mut columns: Vec<WriteColumn> = Vec::with_capacity(names.len());
        for name in names {
            if !columns.iter().any(|column| &*column.name == name) {
                columns.push(self.write_column(relation, name)?);
            }
        }
        let values = Values {
            json: bytes.clone(),
            is_array,
            with_defaults,
            plain: plain_values(bytes, is_array, with_defaults, &columns),
        };
        Ok((columns, Some(values)))
    }

    fn write_column(&self, relation: &Relation, name: &str) -> Result<WriteColumn, RestError> {
        let column = relation.columns.get(name).ok_or_else(|| RestError::NoColumn {
            column: name.to_owned(),
            relation: relation.name.name.to_string(),
        })?;
        let read_by = self
            .cache
            .representations
            .get(&column.type_oid)
            .and_then(|representation| representation.from_json.clone());
        Ok(WriteColumn {
            name: column.name.clone(),
            type_name: if read_by.is_some() {
                "json".into()
            } else {
                column.declared_type.clone()
            },
            type_oid: column.type_oid,
            read_by,
            default: column.default.clone(),
        })
    }

    fn conflict(&self, relation: &Relation) -> Option<Conflict> {
        let request = self.request;
        let key = || relation.primary_key.iter().map(ToString::to_string).collect();
        let (columns, merges): (Vec<String>, bool) = match request.action {
            Action::Put => (key(), true),
            Action::Insert => (
                request.query.on_conflict.clone().unwrap_or_else(key),
                request.preferences.resolution? == Resolution::MergeDuplicates,
            ),
            _ => return None,
        };
        (!columns.is_empty()).then_some(Conflict { columns, merges })
    }

    /// PUT names exactly one row by its primary key, and only so.
    fn check_put(&self, relation: &Relation) -> Result<(), RestError> {
        let query = &self.request.query;
        let is_equal = |operation: &Operation| {
            matches!(
                operation,
                Operation::Compare {
                    operator: Comparison::Equal,
                    quantifier: None,
                    ..
                }
            )
        };
        let filters: Vec<_> = at(&query.filters, &[]).collect();
        let all_are_keys = filters.iter().all(|filter| {
            !filter.negated
                && filter.field.path.is_empty()
                && is_equal(&filter.operation)
                && relation.primary_key.iter().any(|key| **key == *filter.field.name)
        });
        let all_keys = relation
            .primary_key
            .iter()
            .all(|key| filters.iter().any(|filter| *filter.field.name == **key));
        if query.logic.is_empty() && !filters.is_empty() && all_are_keys && all_keys {
            Ok(())
        } else {
            Err(RestError::PutFilters)
        }
    }
}

impl MutationPlan {
    /// Only what is needed is returned: reading a column needs a privilege that writing it does not.
    fn decide_returned(&mut self) {
        let mut names: Vec<String> = Vec::new();
        let mut row = false;
        if let Some(shown) = &self.shown {
            for item in &shown.items {
                match item {
                    Item::Column(column) | Item::Aggregate { of: Some(column), .. } => {
                        add(&mut names, &column.field.name);
                    }
                    _ => {}
                }
            }
            for order in &shown.order {
                if let OrderBy::Field(field) = &order.by {
                    add(&mut names, &field.name);
                }
            }
            for embed in &shown.embeds {
                match &embed.link {
                    Link::Columns(pairs) => {
                        for (column, _) in pairs {
                            add(&mut names, column);
                        }
                    }
                    Link::Junction { origin, .. } => {
                        for (column, _) in origin {
                            add(&mut names, column);
                        }
                    }
                    Link::Function { .. } => row = true,
                }
            }
        }
        for column in &self.location {
            add(&mut names, column);
        }
        self.returned = names;
        self.returns_row = row;
    }

    /// Whether inserted rows must be told from overwritten ones.
    pub fn counts_inserted(&self) -> bool {
        self.conflict.as_ref().is_some_and(|conflict| conflict.merges)
    }
}

/// The primary key as the table has it.
fn key_in_order(relation: &Relation) -> Vec<Name> {
    let mut key = relation.primary_key.clone();
    key.sort_by_key(|name| relation.columns.get_index_of(name));
    key
}

fn add(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}
