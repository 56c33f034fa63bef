//! Why there are no types.

use ferrobase_db::DbError;

/// Why no types could be generated.
#[derive(Debug, thiserror::Error)]
pub enum TypegenError {
    /// The database did not answer as it should.
    #[error(transparent)]
    Database(#[from] DbError),
}
