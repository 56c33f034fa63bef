//! The grammar of the data API's query strings (rest.md sections 3 to 9): text to syntax tree and back.
//!
//! Start reading at [`parse`] and [`QueryString`]; one file per part of the grammar, `source.rs` has what they are made
//! of. Every tree type prints itself ([`std::fmt::Display`]) as the text that is read as the same tree. Nothing here
//! knows a database.

mod error;
mod filter;
mod logic;
mod name;
mod order;
mod pairs;
mod print;
mod query;
mod select;
mod source;
mod tree;

pub use error::ParseError;
pub use query::parse;
pub use source::DEEPEST;
pub use tree::*;
