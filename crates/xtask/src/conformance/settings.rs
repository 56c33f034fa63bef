//! From the settings a profile names (`auth.mfa.totp.enroll_enabled=true`) to a `config.toml`.

use std::collections::BTreeMap;
use std::fmt::Write;

/// What every profile has: generous limits, any free port, and codes that may be used twice, because the cases were
/// recorded against a server that lets them.
const BASE: &[(&str, &str)] = &[
    ("project_id", "conformance"),
    ("api.port", "0"),
    ("db.port", "0"),
    ("local_smtp.port", "0"),
    ("auth.mfa.totp.reject_replayed_codes", "false"),
    ("auth.rate_limit.email_sent", "100000"),
    ("auth.rate_limit.sms_sent", "100000"),
    ("auth.rate_limit.anonymous_users", "100000"),
    ("auth.rate_limit.token_refresh", "100000"),
    ("auth.rate_limit.sign_in_sign_ups", "100000"),
    ("auth.rate_limit.token_verifications", "100000"),
    ("auth.rate_limit.web3", "100000"),
];

/// The file for one profile.
pub(super) fn config(tags: &[String]) -> String {
    let mut keys: BTreeMap<&str, &str> = BASE.iter().copied().collect();
    keys.extend(tags.iter().filter_map(|tag| tag.split_once('=')));
    if keys.contains_key("auth.webauthn.rp_id") {
        keys.insert("auth.webauthn.rp_origins", "[\"http://localhost:3000\"]");
        keys.insert("auth.webauthn.rp_display_name", "Conformance");
    }
    let mut tables: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for (key, value) in keys {
        let (table, name) = key.rsplit_once('.').unwrap_or(("", key));
        tables.entry(table).or_default().push((name, value));
    }
    let mut text = String::new();
    for (table, entries) in tables {
        if !table.is_empty() {
            writeln!(text, "\n[{table}]").ok();
        }
        for (name, value) in entries {
            writeln!(text, "{name} = {}", literal(value)).ok();
        }
    }
    text
}

/// Booleans, integers and lists stand for themselves; everything else is a string.
fn literal(value: &str) -> String {
    let plain = matches!(value, "true" | "false") || value.parse::<i64>().is_ok() || value.starts_with('[');
    if plain {
        value.to_owned()
    } else {
        format!("\"{value}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_become_tables_with_typed_values() {
        let text = config(&[
            "auth.email.max_frequency=60s".to_owned(),
            "auth.enable_signup=false".to_owned(),
        ]);
        assert!(
            text.starts_with("project_id = \"conformance\"\n\n[api]\nport = 0\n"),
            "{text}"
        );
        assert!(text.contains("\n[auth]\nenable_signup = false\n"), "{text}");
        assert!(
            text.contains("\n[auth.email]\nmax_frequency = \"60s\"\n"),
            "{text}"
        );
        assert!(
            text.contains("\n[auth.mfa.totp]\nreject_replayed_codes = false\n"),
            "{text}"
        );
    }
}
