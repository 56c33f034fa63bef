//! Role and settings of a transaction.

use ferrobase_db::Executor;

use crate::error::Result;
use crate::scope::Scope;

const ENTER: &str = "\
    select set_config('role', $1, true), \
        set_config('request.jwt.claim.role', $1, true), \
        set_config('request.jwt', $2, true), \
        set_config('request.jwt.claim.sub', $3, true), \
        set_config('request.jwt.claims', $4, true), \
        set_config('request.headers', $5, true), \
        set_config('request.method', $6, true), \
        set_config('request.path', $7, true), \
        set_config('storage.operation', $8, true), \
        set_config('storage.allow_delete_query', 'true', true), \
        set_config('statement_timeout', '30000', true)";

/// Back to the owner of the tables, for what no caller may see.
const LEAVE: &str = "select set_config('role', 'supabase_storage_admin', true)";

pub(crate) async fn enter(tx: &impl Executor, scope: &Scope) -> Result<()> {
    let caller = &scope.caller;
    let sub = caller.sub.as_deref().unwrap_or_default();
    tx.query(
        ENTER,
        &[
            &caller.role,
            &caller.token,
            &sub,
            &&*caller.claims,
            &scope.headers,
            &scope.method,
            &scope.path,
            &scope.operation,
        ],
    )
    .await?;
    Ok(())
}

/// Ends the caller's part of a transaction.
pub(crate) async fn leave(tx: &impl Executor) -> Result<()> {
    tx.query(LEAVE, &[]).await?;
    Ok(())
}
