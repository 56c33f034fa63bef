use ferrobase_config::{Config, NoticeKind};

fn notices(text: &str) -> Vec<String> {
    Config::from_toml_str(text)
        .unwrap()
        .notices()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn a_misspelt_section_is_reported_once() {
    assert_eq!(
        notices("[auht]\nsite_url = \"x\"\njwt_expiry = 5\n[auth.emial]\notp_length = 6\n"),
        [
            "supabase/config.toml:2: unknown section [auht], did you mean [auth]?",
            "supabase/config.toml:5: unknown section [auth.emial], did you mean [auth.email]?",
        ]
    );
}

#[test]
fn a_misspelt_key_gets_a_suggestion() {
    assert_eq!(
        notices("[auth]\nsite_ulr = \"x\"\n[auth.email]\njwt_expiry = 5\n[api]\nfrobnicate = 1\n"),
        [
            "supabase/config.toml:2: unknown key `auth.site_ulr`, did you mean `auth.site_url`?",
            "supabase/config.toml:4: unknown key `auth.email.jwt_expiry`, did you mean `auth.jwt_expiry`?",
            "supabase/config.toml:6: unknown key `api.frobnicate`",
        ]
    );
    assert_eq!(
        notices("[auth.external.google]\nclient_ids = \"x\"\n"),
        [
            "supabase/config.toml:2: unknown key `auth.external.google.client_ids`, did you mean `auth.external.google.client_id`?"
        ]
    );
}

#[test]
fn keys_that_nobody_reads_are_grouped() {
    let text = "[storage]\nenabled = true\nfile_size_limit = \"50MiB\"\n[storage.s3_protocol]\nenabled = true\n[db.pooler]\nport = 1\n";
    assert_eq!(
        notices(text),
        [
            "supabase/config.toml: not acted on yet (Storage): [storage] enabled, file_size_limit; [storage.s3_protocol] enabled",
            "supabase/config.toml: has no effect (parts of the hosted platform): [db.pooler] port",
        ]
    );
    let config = Config::from_toml_str(text).unwrap();
    let storage = config.section("storage");
    storage.get("enabled").bool().unwrap();
    storage.get("file_size_limit").byte_size().unwrap();
    storage.get("s3_protocol.enabled").bool().unwrap();
    assert!(
        config
            .notices()
            .iter()
            .all(|notice| notice.kind == NoticeKind::NotActedOn)
    );
    assert_eq!(config.notices().len(), 1);
}

#[test]
fn what_is_switched_off_and_what_belongs_to_remotes_is_not_reported() {
    assert!(
        notices("[analytics]\nenabled = false\nport = 54327\n[remotes.staging.db]\nport = 1\nnonsense = 2\n")
            .is_empty()
    );
    assert_eq!(
        notices("[studio]\nenabled = false\nprot = 1\n"),
        ["supabase/config.toml:3: unknown key `studio.prot`, did you mean `studio.port`?"]
    );
}

#[test]
fn a_misspelt_variable_gets_a_suggestion() {
    let env = [
        ("FERROBASE_AUTH_SITE_ULR", "x"),
        ("FERROBASE_POSTGRES_BIN", "/usr/bin"),
        ("OTHER", "1"),
        ("FERROBASE_API_PORT", "1"),
    ];
    let config = Config::from_toml_str_with_env("", &env).unwrap();
    let notices: Vec<String> = config.notices().iter().map(ToString::to_string).collect();
    assert_eq!(
        notices,
        ["unknown environment variable FERROBASE_AUTH_SITE_ULR, did you mean FERROBASE_AUTH_SITE_URL?"]
    );
}
