//! Why there is no difference to show.

use ferrobase_db::DbError;

/// Why two schemas could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// A database did not answer as it should.
    #[error(transparent)]
    Database(#[from] DbError),
    /// There is no private socket with a superuser behind it.
    #[error("the database is not one of a managed cluster on this machine, which a shadow database needs")]
    NotManaged,
}
