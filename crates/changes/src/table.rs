//! What is known of a table and of a role's rights on it.

use crate::value::Kind;

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// OID.
    pub oid: u32,
    /// Schema.
    pub schema: String,
    /// Name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// The primary key, as places in `columns`.
    pub key: Vec<usize>,
    /// Row-level security is on.
    pub has_rls: bool,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name.
    pub name: String,
    /// The type's internal name, which is what clients are told.
    pub type_name: String,
    /// How its values look.
    pub kind: Kind,
    /// The type, of a domain what it is based on, as SQL.
    pub base: String,
    /// The collation, as SQL, where it is not that of the type.
    pub collation: Option<String>,
}

impl Table {
    /// The column of this name and its place.
    pub fn column(&self, name: &str) -> Option<(usize, &Column)> {
        self.columns
            .iter()
            .enumerate()
            .find(|(_, column)| column.name == name)
    }
}

/// What a role may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleView {
    /// Policies do not apply to it.
    pub bypasses_rls: bool,
    /// For each column of the table whether it may be selected.
    pub readable: Vec<bool>,
}

impl RoleView {
    /// Whether a column may be selected.
    pub fn can_read(&self, index: usize) -> bool {
        self.readable.get(index).copied().unwrap_or(false)
    }

    /// Whether all of the primary key may be.
    pub fn can_read_key(&self, table: &Table) -> bool {
        table.key.iter().all(|index| self.can_read(*index))
    }
}
