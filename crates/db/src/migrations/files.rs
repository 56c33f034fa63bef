//! The files under `migrations/`, compiled in. A test compares the list with the folder.

/// A migration file. Text such as `:jwt_secret` stands for a quoted value.
pub(super) struct File {
    pub(super) service: &'static str,
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

macro_rules! files {
    ($($service:literal: $($name:literal),* $(,)?);* $(;)?) => {
        &[$($(File {
            service: $service,
            name: $name,
            sql: include_str!(concat!("../../../../migrations/", $service, "/", $name, ".sql")),
        }),*),*]
    };
}

/// All files, in the order in which they are applied.
pub(super) const ALL: &[File] = files! {
    "base":
        "0001_roles",
        "0002_passwords",
        "0003_schemas",
        "0004_extensions",
        "0005_publication",
        "0006_settings",
        "0007_schema_reload",
        "0008_data_api_settings",
        "0009_restoring";
    "auth":
        "0001_types",
        "0002_users",
        "0003_oauth_server",
        "0004_sessions",
        "0005_factors",
        "0006_sso",
        "0007_functions",
        "0008_ferrobase",
        "0009_owner",
        "0010_lists_and_single_use",
        "0011_code_guesses",
        "0012_sso_flow_ends";
    "storage":
        "0001_types",
        "0002_buckets_and_objects",
        "0003_multipart_uploads",
        "0004_analytics_and_vectors",
        "0005_original_migrations",
        "0006_triggers",
        "0007_policy_functions",
        "0008_search",
        "0009_list_objects",
        "0010_list_multipart_uploads",
        "0011_ferrobase",
        "0012_owner",
        "0013_resumable_uploads",
        "0014_moving_in";
    "realtime":
        "0001_messages",
        "0002_functions",
        "0003_owner",
        "0004_partitions";
};

/// What the runner itself needs.
pub(super) const BOOKKEEPING: &str = "\
    create schema if not exists _ferrobase; \
    create table if not exists _ferrobase.migrations ( \
        service text not null, \
        name text not null, \
        hash text not null, \
        applied_at timestamptz not null default now(), \
        primary key (service, name) \
    )";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_is_listed_in_order() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
        for service in std::fs::read_dir(&root).unwrap() {
            let service = service.unwrap();
            let mut found: Vec<String> = std::fs::read_dir(service.path())
                .unwrap()
                .map(|entry| {
                    entry
                        .unwrap()
                        .file_name()
                        .into_string()
                        .unwrap()
                        .trim_end_matches(".sql")
                        .to_owned()
                })
                .collect();
            found.sort();
            let name = service.file_name().into_string().unwrap();
            let listed: Vec<&str> = ALL
                .iter()
                .filter(|file| file.service == name)
                .map(|file| file.name)
                .collect();
            assert_eq!(found, listed, "{name}");
        }
    }
}
