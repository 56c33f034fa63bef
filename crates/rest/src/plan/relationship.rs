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
        let candidates: Vec<&Relationship> = in_schema
            .iter()
            .copied()
            .filter(|relationship| relationship.fits(embed))
            .filter(|relationship| !is_overridden(relationship, &in_schema))
            .collect();
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
                .iter()
                .filter(|(name, all)| {
                    &*name.schema == schema.as_str()
                        && all.iter().any(|one| one.target_schema() == schema.as_str())
                })
                .map(|(name, _)| &*name.name)
                .collect();
            origins.sort_unstable();
            similar::origin(&origin.name, &origins)
                .map(|best| format!("Perhaps you meant '{best}' instead of '{}'.", origin.name))
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
        if self.is_self {
            return self.fits_itself(target, hint);
        }
        match hint {
            None => {
                *self.target.name == *target
                    || (!self.target_is_view
                        && (self.cardinality.constraint() == Some(target)
                            || self.cardinality.origin_column() == Some(target)))
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

    /// A key to its own table is found twice, under the same names: the table's name means the side with many rows, the
    /// key's column as a target the side with one. Other relationships of a table to itself have no name.
    fn fits_itself(&self, target: &str, hint: Option<&str>) -> bool {
        match (&self.cardinality, hint) {
            (Cardinality::OneToMany { .. }, None) => *self.target.name == *target,
            (Cardinality::OneToMany { .. }, Some(hint)) => {
                *self.target.name == *target && self.cardinality.target_column() == Some(hint)
            }
            (Cardinality::ManyToOne { .. }, None) => self.cardinality.origin_column() == Some(target),
            _ => false,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A key of a table to itself, one relationship for each direction; and a junction of that table's rows.
    fn within_a_table() -> Vec<ForeignKeyRelationship> {
        let name = |name: &str| Name::from(name);
        let staff = QualifiedName::new("shop", "staff");
        let constraint = name("led_by");
        let junction = crate::schema::Junction {
            table: QualifiedName::new("shop", "friends"),
            origin_constraint: name("one"),
            target_constraint: name("other"),
            origin_columns: vec![(name("id"), name("one_id"))],
            target_columns: vec![(name("id"), name("other_id"))],
        };
        let cardinalities = [
            Cardinality::ManyToOne {
                constraint: constraint.clone(),
                columns: vec![(name("boss"), name("id"))],
            },
            Cardinality::OneToMany {
                constraint,
                columns: vec![(name("id"), name("boss"))],
            },
            Cardinality::ManyToMany(junction),
        ];
        cardinalities
            .into_iter()
            .map(|cardinality| ForeignKeyRelationship {
                origin: staff.clone(),
                target: staff.clone(),
                cardinality,
                is_self: true,
                origin_is_view: false,
                target_is_view: false,
            })
            .collect()
    }

    #[test]
    fn a_table_in_itself() {
        let relationships = within_a_table();
        let found = |target: &str, hint: Option<&str>| -> Vec<&str> {
            relationships
                .iter()
                .filter(|relationship| relationship.fits(target, hint))
                .map(|relationship| relationship.cardinality.word())
                .collect()
        };
        assert_eq!(found("staff", None), ["one-to-many"]);
        assert_eq!(found("staff", Some("boss")), ["one-to-many"]);
        assert_eq!(found("boss", None), ["many-to-one"]);
        for (target, hint) in [
            ("id", None),
            ("led_by", None),
            ("boss", Some("boss")),
            ("staff", Some("id")),
            ("staff", Some("led_by")),
            ("staff", Some("friends")),
        ] {
            assert!(found(target, hint).is_empty(), "{target} {hint:?}");
        }
    }
}
