//! Statements that `postgres`, who is no superuser, may run all the same, as on hosted projects (managed-postgres.md §6); and
//! extensions that are refused with a way out.

use crate::statements::Statement;

/// How a statement is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// As `postgres`.
    Plain,
    /// As the administrator.
    Elevated,
    /// It begins or ends a transaction.
    Transaction,
    /// It cannot run in a transaction.
    Alone,
    /// Not at all: what it asks for is there already, or is not needed.
    Skipped(&'static str),
    /// Not at all, with the reason.
    Refused(String),
}

/// Extensions that have a part of this server in their place.
const BUILT_IN: &[(&str, &str)] = &[
    ("pg_graphql", "GraphQL is not served; graphql_public answers so"),
    ("plpgsql", "it is always there"),
];

/// Extensions that neither Debian's packages nor this server have, with the way out.
const NOT_OFFERED: &[(&str, &str)] = &[
    (
        "pgsodium",
        "use pgcrypto's functions, with a key that the application keeps",
    ),
    (
        "wrappers",
        "use postgres_fdw or file_fdw, or read the other service from a function",
    ),
    (
        "pg_jsonschema",
        "check documents with a constraint of your own, or in the application",
    ),
    ("index_advisor", "use hypopg and EXPLAIN"),
];

/// What kind of statement it is. `has` says whether the server could make an extension.
pub fn kind(statement: &Statement<'_>, has: impl Fn(&str) -> bool) -> Kind {
    let words: Vec<&str> = statement.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["begin" | "commit" | "rollback" | "end" | "abort", rest @ ..] if !rest.contains(&"prepared") => {
            Kind::Transaction
        }
        ["start", "transaction", ..] => Kind::Transaction,
        ["vacuum", ..] | ["alter", "system", ..] | ["create" | "drop", "database" | "tablespace", ..] => {
            Kind::Alone
        }
        ["create" | "drop", "index", "concurrently", ..]
        | ["create", "unique", "index", "concurrently", ..]
        | ["reindex", _, "concurrently", ..] => Kind::Alone,
        ["create", "extension", ..] => extension(statement, has),
        ["alter" | "drop", "extension", ..]
        | ["comment", "on", "extension" | "event", ..]
        | ["create" | "alter" | "drop", "event", "trigger", ..]
        | ["create" | "alter" | "drop", "foreign", "data", "wrapper", ..]
        | [
            "create" | "alter" | "drop",
            "publication" | "subscription" | "server",
            ..,
        ] => Kind::Elevated,
        ["alter", "default", "privileges", "for", "role" | "user", ..] => defaults(statement),
        _ => Kind::Plain,
    }
}

fn extension(statement: &Statement<'_>, has: impl Fn(&str) -> bool) -> Kind {
    let Some(name) = extension_name(statement.text) else {
        return Kind::Elevated;
    };
    if has(&name) {
        return Kind::Elevated;
    }
    if let Some((_, why)) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name) {
        return Kind::Skipped(why);
    }
    let way = NOT_OFFERED.iter().find(|(other, _)| *other == name).map_or_else(
        || {
            format!(
                "install it on this machine (for example the Debian package postgresql-<version>-{})",
                name.replace('_', "-")
            )
        },
        |(_, way)| (*way).to_owned(),
    );
    Kind::Refused(format!(
        "the extension {name:?} is not on this PostgreSQL server: {way}, or use a server that has it with --db-url"
    ))
}

/// The name behind `create extension [if not exists]`.
fn extension_name(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let at = words
        .iter()
        .position(|word| word.eq_ignore_ascii_case("extension"))?
        + 1;
    let at = if words.get(at)?.eq_ignore_ascii_case("if") {
        at + 3
    } else {
        at
    };
    let name = words.get(at)?;
    Some(match name.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?.to_owned(),
        None => name.to_lowercase(),
    })
}

/// Dumps of hosted projects have the administrator's defaults in them.
fn defaults(statement: &Statement<'_>) -> Kind {
    match statement.words.get(5).map(String::as_str) {
        Some("postgres") => Kind::Plain,
        // The name was quoted, or is another role's.
        None if statement.text.to_lowercase().contains("\"postgres\"") => Kind::Plain,
        _ => Kind::Elevated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statements::split;

    fn kind_of(sql: &str) -> Kind {
        kind(&split(sql)[0], |name| name == "citext" || name == "uuid-ossp")
    }

    #[test]
    fn kinds() {
        for (sql, wanted) in [
            ("create table t ()", Kind::Plain),
            ("create extension citext", Kind::Elevated),
            (
                "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA extensions",
                Kind::Elevated,
            ),
            ("comment on extension citext is 'x'", Kind::Elevated),
            (
                "create event trigger t on ddl_command_end execute function f()",
                Kind::Elevated,
            ),
            ("create publication p for all tables", Kind::Elevated),
            ("alter publication supabase_realtime add table t", Kind::Elevated),
            (
                "create server s foreign data wrapper postgres_fdw",
                Kind::Elevated,
            ),
            (
                "alter default privileges for role postgres in schema public grant all on tables to anon",
                Kind::Plain,
            ),
            (
                "alter default privileges for role \"postgres\" grant all on tables to anon",
                Kind::Plain,
            ),
            (
                "alter default privileges for role supabase_admin grant all on tables to anon",
                Kind::Elevated,
            ),
            (
                "alter default privileges for role \"supabase_admin\" grant all on tables to anon",
                Kind::Elevated,
            ),
            ("begin", Kind::Transaction),
            ("COMMIT", Kind::Transaction),
            ("create index concurrently i on t (a)", Kind::Alone),
            ("vacuum t", Kind::Alone),
        ] {
            assert_eq!(kind_of(sql), wanted, "{sql}");
        }
        assert!(matches!(kind_of("create extension pg_graphql"), Kind::Skipped(_)));
        for name in ["vector", "pgsodium"] {
            let Kind::Refused(reason) = kind_of(&format!("create extension if not exists {name}")) else {
                unreachable!("{name} is refused")
            };
            assert!(reason.contains(name) && reason.contains("--db-url"), "{reason}");
        }
    }
}
