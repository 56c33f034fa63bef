//! What the data API knows of the database: relations, relationships, functions, representations, media types
//! (rest.md sections 6, 7, 11, 14 and 20). Loaded as a whole, replaced as a whole; requests hold the version that they
//! began with.
//!
//! [`load()`] reads the catalogs (`load/`, one file for each query); what follows from them without a database is
//! `node_tree.rs` (which columns a view shows), `view_columns.rs` (of which tables) and `relationships.rs`.

mod load;
mod lookup;
mod model;
mod node_tree;
mod relationships;
mod view_columns;

pub use load::{LoadOptions, load};
pub use model::*;
