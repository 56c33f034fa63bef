//! Questions to a loaded cache.

use super::model::{QualifiedName, Relation, Relationship, Routine, SchemaCache};

impl SchemaCache {
    /// The relation of this name.
    pub fn relation(&self, schema: &str, name: &str) -> Option<&Relation> {
        self.relations.get(&QualifiedName::new(schema, name))
    }

    /// The relationships that start from a relation, in their stable order.
    pub fn relationships_from(&self, origin: &QualifiedName) -> &[Relationship] {
        self.relationships
            .get(origin)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The functions of this name, fewest parameters first.
    pub fn routines_named(&self, schema: &str, name: &str) -> &[Routine] {
        self.routines
            .get(&QualifiedName::new(schema, name))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}
