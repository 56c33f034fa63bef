//! What a running backend offers, under the names that people and tools know.

use ferrobase_server::Endpoints;

/// The names of the Supabase CLI's `status -o json` and `-o env`, in its order.
pub(crate) fn status_values(endpoints: &Endpoints) -> Vec<(&'static str, String)> {
    let api = endpoints.api_url.trim_end_matches('/');
    let mut values = vec![
        ("API_URL", api.to_owned()),
        ("REST_URL", format!("{api}/rest/v1")),
        ("FUNCTIONS_URL", format!("{api}/functions/v1")),
        ("STORAGE_S3_URL", format!("{api}/storage/v1/s3")),
        ("DB_URL", endpoints.db_url.clone()),
    ];
    if let Some(inbox) = &endpoints.inbox_url {
        values.push(("INBUCKET_URL", inbox.clone()));
        values.push(("MAILPIT_URL", inbox.clone()));
    }
    values.extend([
        ("JWT_SECRET", endpoints.jwt_secret.clone()),
        ("ANON_KEY", endpoints.anon_key.clone()),
        ("SERVICE_ROLE_KEY", endpoints.service_role_key.clone()),
        ("PUBLISHABLE_KEY", endpoints.publishable_key.clone()),
        ("SECRET_KEY", endpoints.secret_key.clone()),
        ("S3_PROTOCOL_ACCESS_KEY_ID", endpoints.s3_access_key_id.clone()),
        (
            "S3_PROTOCOL_ACCESS_KEY_SECRET",
            endpoints.s3_secret_access_key.clone(),
        ),
        ("S3_PROTOCOL_REGION", endpoints.s3_region.clone()),
    ]);
    values
}

/// The environment that `run` gives to its command: what Supabase's clients, examples and test suites read.
pub(crate) fn environment(endpoints: &Endpoints) -> Vec<(&'static str, String)> {
    let api = endpoints.api_url.trim_end_matches('/');
    let mut values = vec![
        ("SUPABASE_URL", api.to_owned()),
        ("SUPABASE_ANON_KEY", endpoints.anon_key.clone()),
        ("SUPABASE_SERVICE_ROLE_KEY", endpoints.service_role_key.clone()),
        ("SUPABASE_PUBLISHABLE_KEY", endpoints.publishable_key.clone()),
        ("SUPABASE_SECRET_KEY", endpoints.secret_key.clone()),
        ("SUPABASE_JWT_SECRET", endpoints.jwt_secret.clone()),
        ("SUPABASE_DB_URL", endpoints.db_url.clone()),
        ("DATABASE_URL", endpoints.db_url.clone()),
    ];
    values.extend(status_values(endpoints));
    values
}

/// The table for a person.
pub(crate) fn rows(endpoints: &Endpoints) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("API", endpoints.api_url.clone()),
        ("Database", endpoints.db_url.clone()),
    ];
    if let Some(inbox) = &endpoints.inbox_url {
        rows.push(("Inbox", inbox.clone()));
    }
    rows.extend([
        ("Publishable key", endpoints.publishable_key.clone()),
        ("Secret key", endpoints.secret_key.clone()),
        ("Anon key (JWT)", endpoints.anon_key.clone()),
        ("Service role key (JWT)", endpoints.service_role_key.clone()),
        ("JWT secret", endpoints.jwt_secret.clone()),
    ]);
    rows
}

#[cfg(test)]
pub(crate) fn example() -> Endpoints {
    Endpoints {
        api_url: "http://127.0.0.1:54321".into(),
        db_url: "postgresql://postgres:secret@127.0.0.1:54322/postgres".into(),
        inbox_url: Some("http://127.0.0.1:54324".into()),
        publishable_key: "sb_publishable_a".into(),
        secret_key: "sb_secret_b".into(),
        anon_key: "anon".into(),
        service_role_key: "service".into(),
        jwt_secret: "jwt".into(),
        s3_access_key_id: "id".into(),
        s3_secret_access_key: "secret".into(),
        s3_region: "local".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_the_supabase_cli() {
        let names: Vec<&str> = status_values(&example())
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(
            names.join(", "),
            "API_URL, REST_URL, FUNCTIONS_URL, STORAGE_S3_URL, DB_URL, INBUCKET_URL, MAILPIT_URL, JWT_SECRET, ANON_KEY, \
             SERVICE_ROLE_KEY, PUBLISHABLE_KEY, SECRET_KEY, S3_PROTOCOL_ACCESS_KEY_ID, S3_PROTOCOL_ACCESS_KEY_SECRET, \
             S3_PROTOCOL_REGION"
        );
    }

    #[test]
    fn a_command_finds_what_clients_read() {
        let environment = environment(&example());
        let value = |name: &str| {
            environment
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.as_str())
        };
        assert_eq!(value("SUPABASE_URL"), Some("http://127.0.0.1:54321"));
        assert_eq!(value("DATABASE_URL"), value("SUPABASE_DB_URL"));
        assert_eq!(value("MAILPIT_URL"), Some("http://127.0.0.1:54324"));
    }
}
