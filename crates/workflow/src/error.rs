//! What can go wrong with a project's SQL.

use std::path::PathBuf;

use ferrobase_db::DbError;

/// A file or a statement that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WorkflowError {
    /// A file of the project cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A pattern of `db.seed.sql_paths` is none.
    #[error("db.seed.sql_paths: {pattern:?} is no pattern for files: {reason}")]
    Pattern {
        /// It.
        pattern: String,
        /// Why.
        reason: String,
    },
    /// A statement failed; nothing of its file is left, unless the file ends transactions itself.
    #[error(transparent)]
    Statement(Box<StatementError>),
    /// Migrations that are older than the last applied one.
    #[error("migrations come before the last one that is applied: {}", .0.join(", "))]
    OutOfOrder(Vec<String>),
    /// The database has migrations that the folder does not have.
    #[error("the database has migrations that are not in the folder: {}", .0.join(", "))]
    NotInFolder(Vec<String>),
    /// The bookkeeping failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Where a statement failed, and how.
#[derive(Debug, thiserror::Error)]
#[error("{file}: statement {number} (line {line}): {reason}\n\n{text}")]
pub struct StatementError {
    /// The file, as below the project's folder.
    pub file: String,
    /// From 1.
    pub number: usize,
    /// From 1.
    pub line: usize,
    /// What PostgreSQL says, or why it was not asked.
    pub reason: String,
    /// The statement's beginning.
    pub text: String,
}
