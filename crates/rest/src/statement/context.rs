//! What a transaction knows of its request (rest.md section 15): one `SELECT` of `set_config`s.

use std::fmt;

use ferrobase_db::Statement;
use ferrobase_sql::{Fragment, ident, literal, qualified};

use crate::config::{FunctionName, RestConfig};
use crate::schema::{Name, RoleSettings};

/// What is set.
pub(crate) struct Context<'c> {
    /// The request's schema.
    pub(crate) schema: &'c str,
    /// The caller's role.
    pub(crate) role: &'c str,
    /// The role's own settings.
    pub(crate) role_settings: Option<&'c RoleSettings>,
    /// Claims as JSON.
    pub(crate) claims: &'c str,
    /// HTTP method.
    pub(crate) method: &'c str,
    /// Path as it was sent.
    pub(crate) path: &'c str,
    /// Headers as JSON.
    pub(crate) headers: String,
    /// Cookies as JSON.
    pub(crate) cookies: String,
    /// Time zone.
    pub(crate) timezone: Option<&'c str>,
    /// The function's own settings.
    pub(crate) routine_settings: &'c [(Name, String)],
    /// Nothing may be written.
    pub(crate) read_only: bool,
}

/// The statement that sets it all, for this transaction only. What is written now applies before what follows: the role
/// decides which of the later settings are allowed. Each setting answers its value, which nobody wants to have sent
/// back: `num_nulls` makes one number of them.
pub(crate) fn context(context: &Context<'_>, config: &RestConfig) -> Statement<'static> {
    let mut sql = Fragment::new();
    sql.push("SELECT num_nulls(set_config('search_path', ")
        .param(search_path(context.schema, config))
        .push(", true)");
    let mut count = 1;
    let mut set = |name: &dyn fmt::Display, value: &str| {
        count += 1;
        // No function takes more than 100 arguments.
        let separator = if count % 50 == 0 { "), num_nulls(" } else { ", " };
        sql.push(separator)
            .push("set_config(")
            .push(name)
            .push(", ")
            .param(value)
            .push(", true)");
    };
    if let Some(role) = context.role_settings {
        for (name, value) in &role.settings {
            set(&literal(name), value);
        }
    }
    set(&"'role'", context.role);
    set(&"'request.jwt.claims'", context.claims);
    set(&"'request.method'", context.method);
    set(&"'request.path'", context.path);
    set(&"'request.headers'", &context.headers);
    set(&"'request.cookies'", &context.cookies);
    if let Some(timezone) = context.timezone {
        set(&"'timezone'", timezone);
    }
    for (name, value) in context.routine_settings {
        set(&literal(name), value);
    }
    for (name, value) in &config.app_settings {
        set(&literal(&format!("app.settings.{name}")), value);
    }
    if context.read_only {
        sql.push(", set_config('transaction_read_only', 'on', true)");
    }
    sql.push(")");
    super::statement(sql)
}

fn search_path(schema: &str, config: &RestConfig) -> String {
    let mut path = ident(schema).to_string();
    for extra in &config.extra_search_path {
        path.push_str(", ");
        path.push_str(&ident(extra).to_string());
    }
    path
}

/// The call of a function that runs before each request.
pub(crate) fn pre_request(function: &FunctionName) -> Statement<'static> {
    let mut sql = Fragment::new();
    sql.push("SELECT ");
    match &function.schema {
        Some(schema) => sql.push(qualified(schema, &function.name)),
        None => sql.push(ident(&function.name)),
    };
    sql.push("()");
    super::statement(sql)
}
