//! A TOML file as a flat list of keys, each with its line.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use toml::de::{DeTable, DeValue};

use crate::{ConfigError, KeyPath};

/// A value that the configuration can hold. Tables are not values: their keys are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Integer(i128),
    Float(f64),
    Boolean(bool),
    List(Vec<Value>),
    /// Something no key of ours takes (a date, a table in an array).
    Other(&'static str),
}

/// A key of the file.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    pub(crate) value: Value,
    /// Line of the key, from 1.
    pub(crate) line: usize,
    /// The dotted key as written (a renamed section shows its old name).
    pub(crate) written: String,
}

/// The parsed file.
#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) leaves: BTreeMap<KeyPath, Leaf>,
    /// Every table, also empty ones.
    pub(crate) tables: BTreeSet<KeyPath>,
    /// Keys of a renamed section that lost against the new name.
    pub(crate) shadowed: Vec<(usize, String, String)>,
}

/// Sections that had another name in older versions of the Supabase CLI: (old, new).
pub(crate) const RENAMED_SECTIONS: &[(&str, &str)] = &[("inbucket", "local_smtp")];

impl Document {
    /// Parses `text`; `file` is only named in errors.
    pub(crate) fn parse(text: &str, file: &str) -> Result<Self, ConfigError> {
        let table = DeTable::parse(text).map_err(|error| {
            let (line, column) = position(text, error.span().map_or(text.len(), |span| span.start));
            ConfigError::Syntax {
                file: file.to_owned(),
                line,
                column,
                message: error.message().replace('\n', " "),
            }
        })?;
        let mut document = Self::default();
        document.collect(table.get_ref(), text, &mut Vec::new());
        document.rename_sections();
        Ok(document)
    }

    fn collect(&mut self, table: &DeTable<'_>, text: &str, path: &mut KeyPath) {
        for (key, value) in table {
            path.push(key.get_ref().to_string());
            if let DeValue::Table(inner) = value.get_ref() {
                self.tables.insert(path.clone());
                self.collect(inner, text, path);
            } else {
                let (line, _) = position(text, key.span().start);
                let leaf = Leaf {
                    value: convert(value.get_ref()),
                    line,
                    written: dotted(path),
                };
                self.leaves.insert(path.clone(), leaf);
            }
            path.pop();
        }
    }

    /// Gives keys of renamed sections their new place; where both are given the new name wins.
    fn rename_sections(&mut self) {
        for (old, new) in RENAMED_SECTIONS {
            let moved: Vec<KeyPath> = self
                .leaves
                .keys()
                .filter(|path| path[0] == *old)
                .cloned()
                .collect();
            for path in moved {
                let mut target = path.clone();
                (*new).clone_into(&mut target[0]);
                let Some(leaf) = self.leaves.remove(&path) else {
                    continue;
                };
                match self.leaves.entry(target) {
                    Entry::Occupied(winner) => {
                        self.shadowed
                            .push((leaf.line, dotted(&path), dotted(winner.key())));
                    }
                    Entry::Vacant(place) => {
                        place.insert(leaf);
                    }
                }
            }
            let tables: Vec<KeyPath> = self
                .tables
                .iter()
                .filter(|path| path[0] == *old)
                .cloned()
                .collect();
            for mut path in tables {
                self.tables.remove(&path);
                (*new).clone_into(&mut path[0]);
                self.tables.insert(path);
            }
        }
    }
}

/// Parses one TOML value, for lists written into an environment variable.
pub(crate) fn parse_value(text: &str) -> Option<Value> {
    DeValue::parse(text).ok().map(|value| convert(value.get_ref()))
}

fn convert(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(integer) => i128::from_str_radix(integer.as_str(), integer.radix())
            .map_or(Value::Other("an integer that is too large"), Value::Integer),
        DeValue::Float(float) => float
            .as_str()
            .parse()
            .map_or(Value::Other("a float"), Value::Float),
        DeValue::Boolean(boolean) => Value::Boolean(*boolean),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(array) => Value::List(array.iter().map(|item| convert(item.get_ref())).collect()),
        DeValue::Table(_) => Value::Other("a table"),
    }
}

/// `a.b.c`, quoting names that are not bare TOML keys.
pub(crate) fn dotted(path: &[String]) -> String {
    let mut out = String::new();
    for name in path {
        if !out.is_empty() {
            out.push('.');
        }
        let bare = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if bare {
            out.push_str(name);
        } else {
            out.push('"');
            out.push_str(name);
            out.push('"');
        }
    }
    out
}

/// Line and column of a byte offset, both from 1.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1;
    (line, column)
}
