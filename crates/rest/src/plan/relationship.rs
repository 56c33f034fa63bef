//! Which relationship an embed means (rest.md section 6).

use ferrobase_query::Embed;
use serde_json::json;

use super::Link;
use super::read::Planner;
use super::similar;
use crate::error::RestError;
use crate::schema::{Cardinality, ForeignKeyRelationship, Name, QualifiedName, Relationship};

/// A relationship as the planner uses it.
pub(super) struct Found {
    pub(super) target: QualifiedName,
    pub(super) link: Link,
    pub(super) to_one: bool,
}

impl Planner<'_> {
    pub(super) fn relationship(&self, origin: &QualifiedName, embed: &Embed) -> Result<Found, RestError> {
        let from_origin = self
            .cache
            .relationships
            .get(origin)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let schema = &self.request.schema;
        let in_schema: Vec<&Relationship> = from_origin
            .iter()
            .filter(|relationship| relationship.target_schema() == schema)
            .collect();
        let mut candidates: Vec<&Relationship> = in_schema
            .iter()
            .copied()
            .filter(|relationship| relationship.fits(embed))
            .filter(|relationship| !is_overridden(relationship, &in_schema))
            .collect();
        if let [one, other] = candidates[..]
            && let Some(to_many) = self_reference(one, other)
        {
            candidates = vec![to_many];
        }
        match candidates[..] {
            [] => Err(self.none(origin, embed, &in_schema)),
            [found] => Ok(found.found()),
            _ => Err(ambiguous(origin, embed, &candidates)),
        }
    }

    fn none(&self, origin: &QualifiedName, embed: &Embed, in_schema: &[&Relationship]) -> RestError {
        let schema = &self.request.schema;
        // A wrong target between relations that exist: is the origin or the target misspelt?
        let targets: Vec<&str> = in_schema
            .iter()
            .map(|relationship| relationship.target_name())
            .collect();
        let suggestion = if targets.is_empty() {
            let mut origins: Vec<&str> = self
                .cache
                .relationships
                .keys()
                .filter(|name| &*name.schema == schema.as_str())
                .map(|name| &*name.name)
                .collect();
            origins.sort_unstable();
            similar::target(&origin.name, &origins)
                .map(|best| format!("Perhaps you meant '{best}' instead of '{}'.", origin.name))
        } else if targets.contains(&embed.target.as_str()) {
            None
        } else {
            similar::target(&embed.target, &targets)
                .map(|best| format!("Perhaps you meant '{best}' instead of '{}'.", embed.target))
        };
        RestError::NoRelationship {
            origin: origin.name.to_string(),
            target: embed.target.clone(),
            hint: embed.hint.clone(),
            schema: schema.clone(),
            suggestion,
        }
    }
}

impl Relationship {
    /// The schema that the embed's target is looked up in.
    fn target_schema(&self) -> &str {
        match self {
            Self::ForeignKey(key) => &key.target.schema,
            Self::Computed(computed) => &computed.function.schema,
        }
    }

    /// The name by which it is embedded.
    fn target_name(&self) -> &str {
        match self {
            Self::ForeignKey(key) => &key.target.name,
            Self::Computed(computed) => &computed.function.name,
        }
    }

    fn fits(&self, embed: &Embed) -> bool {
        match self {
            Self::Computed(computed) => *computed.function.name == *embed.target,
            Self::ForeignKey(key) => key.fits(&embed.target, embed.hint.as_deref()),
        }
    }

    fn found(&self) -> Found {
        match self {
            Self::Computed(computed) => Found {
                target: computed.target.clone(),
                to_one: computed.to_one,
                link: Link::Function {
                    function: computed.function.clone(),
                    row_type: computed.origin.clone(),
                },
            },
            Self::ForeignKey(key) => Found {
                target: key.target.clone(),
                to_one: matches!(
                    key.cardinality,
                    Cardinality::ManyToOne { .. } | Cardinality::OneToOne { .. }
                ),
                link: key.link(),
            },
        }
    }
}

impl ForeignKeyRelationship {
    fn link(&self) -> Link {
        match &self.cardinality {
            Cardinality::ManyToOne { columns, .. }
            | Cardinality::OneToMany { columns, .. }
            | Cardinality::OneToOne { columns, .. } => Link::Columns(columns.clone()),
            Cardinality::ManyToMany(junction) => Link::Junction {
                table: junction.table.clone(),
                origin: junction.origin_columns.clone(),
                target: junction.target_columns.clone(),
            },
        }
    }

    fn fits(&self, target: &str, hint: Option<&str>) -> bool {
        match hint {
            None => {
                *self.target.name == *target
                    || (!self.target_is_view && self.cardinality.constraint() == Some(target))
                    || ((!self.target_is_view || self.is_self) && self.cardinality.is_by_own_column(target))
            }
            Some(hint) => {
                *self.target.name == *target
                    && (self.cardinality.constraint() == Some(hint)
                        || self.cardinality.origin_column() == Some(hint)
                        || self.cardinality.target_column() == Some(hint)
                        || self.cardinality.junction() == Some(hint))
            }
        }
    }
}

impl Cardinality {
    /// Constraint and columns, if there is no junction.
    fn key(&self) -> Option<(&str, &[(Name, Name)])> {
        match self {
            Self::ManyToOne { constraint, columns }
            | Self::OneToMany { constraint, columns }
            | Self::OneToOne {
                constraint, columns, ..
            } => Some((constraint, columns)),
            Self::ManyToMany(_) => None,
        }
    }

    fn constraint(&self) -> Option<&str> {
        self.key().map(|(constraint, _)| constraint)
    }

    /// The only column of the origin.
    fn origin_column(&self) -> Option<&str> {
        match self.key()?.1 {
            [(column, _)] => Some(column),
            _ => None,
        }
    }

    /// The only column of the target.
    fn target_column(&self) -> Option<&str> {
        match self.key()?.1 {
            [(_, column)] => Some(column),
            _ => None,
        }
    }

    /// The only column of the origin has this name, and there is one target at most.
    fn is_by_own_column(&self, name: &str) -> bool {
        let to_one = matches!(self, Self::ManyToOne { .. } | Self::OneToOne { .. });
        to_one && self.origin_column() == Some(name)
    }

    fn junction(&self) -> Option<&str> {
        match self {
            Self::ManyToMany(junction) => Some(&junction.table.name),
            _ => None,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::ManyToOne { .. } => "many-to-one",
            Self::OneToMany { .. } => "one-to-many",
            Self::OneToOne { .. } => "one-to-one",
            Self::ManyToMany(_) => "many-to-many",
        }
    }
}

/// A computed relationship takes the place of detected ones to a relation of its name.
fn is_overridden(relationship: &Relationship, all: &[&Relationship]) -> bool {
    let Relationship::ForeignKey(key) = relationship else {
        return false;
    };
    all.iter()
        .any(|other| matches!(other, Relationship::Computed(computed) if computed.function == key.target))
}

/// A foreign key to its own table is found twice; the table's name then means the side with many rows.
fn self_reference<'r>(one: &'r Relationship, other: &'r Relationship) -> Option<&'r Relationship> {
    let key = |relationship: &'r Relationship| match relationship {
        Relationship::ForeignKey(key) if key.is_self => Some(key),
        _ => None,
    };
    let (first, second) = (key(one)?, key(other)?);
    if first.cardinality.constraint()? != second.cardinality.constraint()? {
        return None;
    }
    let is_many = |key: &ForeignKeyRelationship| {
        matches!(
            key.cardinality,
            Cardinality::OneToMany { .. }
                | Cardinality::OneToOne {
                    target_has_key: true,
                    ..
                }
        )
    };
    match (is_many(first), is_many(second)) {
        (true, false) => Some(one),
        (false, true) => Some(other),
        _ => None,
    }
}

fn ambiguous(origin: &QualifiedName, embed: &Embed, candidates: &[&Relationship]) -> RestError {
    let mut described = Vec::new();
    let mut hints = Vec::new();
    for relationship in candidates {
        let Relationship::ForeignKey(key) = relationship else {
            continue;
        };
        let list = |names: Vec<&Name>| names.iter().map(|name| &***name).collect::<Vec<_>>().join(", ");
        let (text, hint) = match &key.cardinality {
            Cardinality::ManyToMany(junction) => (
                format!(
                    "{} using {}({}) and {}({})",
                    junction.table.name,
                    junction.origin_constraint,
                    list(junction.origin_columns.iter().map(|(_, column)| column).collect()),
                    junction.target_constraint,
                    list(junction.target_columns.iter().map(|(_, column)| column).collect()),
                ),
                junction.table.name.to_string(),
            ),
            Cardinality::ManyToOne { constraint, columns }
            | Cardinality::OneToMany { constraint, columns }
            | Cardinality::OneToOne {
                constraint, columns, ..
            } => (
                format!(
                    "{constraint} using {}({}) and {}({})",
                    key.origin.name,
                    list(columns.iter().map(|(column, _)| column).collect()),
                    key.target.name,
                    list(columns.iter().map(|(_, column)| column).collect()),
                ),
                constraint.to_string(),
            ),
        };
        described.push(json!({
            "cardinality": key.cardinality.word(),
            "embedding": format!("{} with {}", key.origin.name, key.target.name),
            "relationship": text,
        }));
        hints.push(hint);
    }
    RestError::Ambiguous {
        origin: origin.name.to_string(),
        target: embed.target.clone(),
        candidates: described,
        hints,
    }
}
