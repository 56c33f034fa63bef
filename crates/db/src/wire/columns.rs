//! What the columns of an answer are.

use std::io;

use fallible_iterator::FallibleIterator as _;
use postgres_protocol::message::backend::RowDescriptionBody;

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultColumn {
    /// Its name.
    pub name: String,
    /// Object identifier of its type; of a domain, of the type below.
    pub type_id: u32,
}

pub(crate) fn read(body: &RowDescriptionBody) -> io::Result<Vec<ResultColumn>> {
    body.fields()
        .map(|field| {
            Ok(ResultColumn {
                name: field.name().to_owned(),
                type_id: field.type_oid(),
            })
        })
        .collect()
}
