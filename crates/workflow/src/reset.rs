//! A database as it was before the project's SQL.

use ferrobase_db::Target;

use crate::apply::pool;
use crate::error::WorkflowError;
use crate::store;

/// Drops everything of the application, and the rows of the services, in one transaction. The login has to be an administrator's.
pub async fn reset(target: Target) -> Result<(), WorkflowError> {
    let connection = pool(target)?.get().await?;
    Ok(store::reset(&connection).await?)
}
