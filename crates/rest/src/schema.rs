//! What the data API knows of the database: relations, relationships, functions, representations, media types
//! (rest.md sections 6, 7, 11, 14 and 20). Loaded as a whole, replaced as a whole; requests hold the version that they
//! began with.
//!
//! [`load()`] reads the catalogs (`load/`, one file for each query); what follows from them without a database is
//! `relationships.rs`.

mod load;
mod lookup;
mod model;
mod relationships;

pub use load::{LoadOptions, load};
pub use model::*;
