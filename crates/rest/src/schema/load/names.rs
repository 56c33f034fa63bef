//! One copy of each name.

use std::collections::HashSet;

use crate::schema::model::{Name, QualifiedName};

/// The names met so far. Thousands of tables have an `id` of type `bigint`.
#[derive(Debug, Default)]
pub(super) struct Names(HashSet<Name>);

impl Names {
    /// The shared copy of `text`.
    pub(super) fn get(&mut self, text: &str) -> Name {
        if let Some(name) = self.0.get(text) {
            return name.clone();
        }
        let name: Name = text.into();
        self.0.insert(name.clone());
        name
    }

    /// A name with its schema.
    pub(super) fn qualified(&mut self, schema: &str, name: &str) -> QualifiedName {
        QualifiedName {
            schema: self.get(schema),
            name: self.get(name),
        }
    }
}
