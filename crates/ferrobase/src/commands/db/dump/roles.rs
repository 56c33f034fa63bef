//! Which lines of `pg_dumpall --roles-only` are the project's own: roles that every database of this kind has are made by its
//! baseline, and what only a superuser may say would end the restore.

/// Settings of the baseline's roles that a project may change.
const OWN_SETTINGS: [&str; 5] = [
    "pgaudit.",
    "pgrst.",
    "session_replication_role",
    "statement_timeout",
    "track_io_timing",
];

/// The script without the baseline's roles.
pub(super) fn own(script: &str) -> String {
    let mut out = String::with_capacity(script.len());
    let mut was_empty = false;
    for line in script.lines().filter(|line| is_own(line)) {
        if line.is_empty() && was_empty {
            continue;
        }
        was_empty = line.is_empty();
        let line = line.replace(" NOSUPERUSER", "").replace(" NOREPLICATION", "");
        out.push_str(&line);
        out.push('\n');
    }
    out
}

fn is_own(line: &str) -> bool {
    if let Some(rest) = line.strip_prefix("CREATE ROLE ") {
        return !is_reserved(rest);
    }
    if let Some(rest) = line.strip_prefix("ALTER ROLE ") {
        let setting = rest
            .split_once(" SET ")
            .map(|(_, setting)| setting.trim_start_matches('"'));
        return !is_reserved(rest)
            || setting.is_some_and(|setting| OWN_SETTINGS.iter().any(|own| setting.starts_with(own)));
    }
    if let Some((_, to)) = line
        .strip_prefix("GRANT ")
        .and_then(|rest| rest.split_once(" TO "))
    {
        return !is_reserved(to);
    }
    true
}

/// Whether a text begins with the quoted name of a role of the baseline, or of the server's own.
fn is_reserved(text: &str) -> bool {
    let name = text.trim_start_matches('"').split('"').next().unwrap_or_default();
    matches!(
        name,
        "anon"
            | "authenticated"
            | "authenticator"
            | "dashboard_user"
            | "pgbouncer"
            | "pgsodium_keyholder"
            | "pgsodium_keyiduser"
            | "pgsodium_keymaker"
            | "pgtle_admin"
            | "postgres"
            | "service_role"
    ) || name.starts_with("supabase_")
        || name.starts_with("cli_login_")
        || name.starts_with("pg_")
}

#[cfg(test)]
mod tests {
    use super::own;

    #[test]
    fn only_what_the_project_made() {
        let script = "\
SET default_transaction_read_only = off;

CREATE ROLE \"anon\";
ALTER ROLE \"anon\" WITH NOSUPERUSER INHERIT NOLOGIN;
ALTER ROLE \"anon\" SET \"statement_timeout\" TO '3s';
ALTER ROLE \"authenticator\" SET \"session_preload_libraries\" TO 'safeupdate';
CREATE ROLE \"reporting\";
ALTER ROLE \"reporting\" WITH NOSUPERUSER INHERIT NOREPLICATION LOGIN;
ALTER ROLE \"reporting\" SET \"search_path\" TO 'reports';


GRANT \"anon\" TO \"authenticator\" GRANTED BY \"supabase_admin\";
GRANT \"reporting\" TO \"manager\" GRANTED BY \"postgres\";
";
        let wanted = "\
SET default_transaction_read_only = off;

ALTER ROLE \"anon\" SET \"statement_timeout\" TO '3s';
CREATE ROLE \"reporting\";
ALTER ROLE \"reporting\" WITH INHERIT LOGIN;
ALTER ROLE \"reporting\" SET \"search_path\" TO 'reports';

GRANT \"reporting\" TO \"manager\" GRANTED BY \"postgres\";
";
        assert_eq!(own(script), wanted);
    }
}
