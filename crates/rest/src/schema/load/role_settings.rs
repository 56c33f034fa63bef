//! Settings of the roles that requests work as.

use std::collections::{HashMap, HashSet};

use ferrobase_db::{DbError, Executor};

use super::names::Names;
use super::settings;
use crate::schema::model::{Name, RoleSettings};

/// Roles that the login was granted.
const ROLES: &str = "
    select r.rolname, r.rolconfig
    from pg_roles r
    where r.rolconfig is not null
        and exists (
            select
            from pg_auth_members m
            join pg_roles login on login.oid = m.member
            where m.roleid = r.oid and login.rolname = current_user
        )";

/// Settings that everybody may change.
const ALLOWED: &str = "select name from pg_settings where name = any($1) and context = 'user'";

/// Settings that the login may change, by a grant if need be; grants on settings came with PostgreSQL 15.
const ALLOWED_OR_GRANTED: &str = "
    select name
    from pg_settings
    where name = any($1)
        and (context = 'user' or (context = 'superuser' and has_parameter_privilege(current_user, name, 'set')))";

const VERSION: &str = "select current_setting('server_version_num')::int4";

/// Settings of the roles that the login is a member of, of those that it may change for a request.
pub(super) async fn load(
    executor: &impl Executor,
    names: &mut Names,
) -> Result<HashMap<Name, RoleSettings>, DbError> {
    let rows = executor.query(ROLES, &[]).await?;
    let mut roles: Vec<(&str, Vec<&str>)> = Vec::new();
    for row in &rows {
        roles.push((row.try_get(0)?, row.try_get(1)?));
    }
    let keys: Vec<&str> = roles
        .iter()
        .flat_map(|(_, stored)| stored)
        .filter_map(|setting| Some(setting.split_once('=')?.0))
        .collect();
    let allowed = allowed(executor, &keys).await?;
    let mut found = HashMap::new();
    for (role, stored) in roles {
        let (settings, isolation) = settings::split(&stored, names, |name| allowed.contains(name));
        if !settings.is_empty() || isolation.is_some() {
            found.insert(names.get(role), RoleSettings { settings, isolation });
        }
    }
    Ok(found)
}

async fn allowed(executor: &impl Executor, keys: &[&str]) -> Result<HashSet<String>, DbError> {
    let mut allowed = HashSet::new();
    if keys.is_empty() {
        return Ok(allowed);
    }
    let version: i32 = executor.query_one(VERSION, &[]).await?.try_get(0)?;
    let sql = if version >= 150_000 {
        ALLOWED_OR_GRANTED
    } else {
        ALLOWED
    };
    for row in executor.query(sql, &[&keys]).await? {
        allowed.insert(row.try_get(0)?);
    }
    Ok(allowed)
}
