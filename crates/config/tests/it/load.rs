use std::collections::BTreeMap;
use std::time::Duration;

use ferrobase_config::{Config, ConfigError, LoadOptions};

fn config(text: &str, env: &[(&str, &str)]) -> Config {
    Config::from_toml_str_with_env(text, env).unwrap()
}

fn message<T: std::fmt::Debug>(result: Result<T, ConfigError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn precedence_from_default_to_flag() {
    let folder = tempfile::tempdir().unwrap();
    let port = |options: &LoadOptions| {
        Config::load(options)
            .unwrap()
            .section("api")
            .get("port")
            .or_env("API_PORT")
            .u16_or(54321)
            .unwrap()
    };
    let mut options = LoadOptions {
        workdir: folder.path().to_owned(),
        ..LoadOptions::default()
    };
    assert_eq!(port(&options), 54321);
    options.env.insert("API_PORT".into(), "1".into());
    assert_eq!(port(&options), 1);
    std::fs::create_dir(folder.path().join("supabase")).unwrap();
    std::fs::write(folder.path().join("supabase/config.toml"), "[api]\nport = 2\n").unwrap();
    assert_eq!(port(&options), 2);
    options.env.insert("FERROBASE_API_PORT".into(), "3".into());
    assert_eq!(port(&options), 3);
    options.flags = vec![("api.port".into(), "4".into()), ("api.port".into(), "5".into())];
    assert_eq!(port(&options), 5);
}

#[test]
fn dotenv_files_fill_the_environment_and_the_process_wins() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("supabase")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("supabase/config.toml", "[auth]\nsite_url = \"env(SITE)\"\n");
    write(".env", "SITE=root\nA=root\nB=root\nC=root\n");
    write(".env.local", "A=root local\nB=root local\n");
    write("supabase/.env", "B=supabase\nD=supabase\n");
    write("supabase/.env.local", "D=supabase local\nbroken line\n");
    let options = LoadOptions {
        workdir: folder.path().to_owned(),
        env: BTreeMap::from([("SITE".into(), "process".into())]),
        flags: vec![],
    };
    let config = Config::load(&options).unwrap();
    assert_eq!(
        config.section("auth").get("site_url").string().unwrap().unwrap(),
        "process"
    );
    assert_eq!(
        ["A", "B", "C", "D"].map(|name| config.env(name).unwrap()),
        ["root local", "supabase", "root", "supabase local"]
    );
    let notices: Vec<String> = config.notices().iter().map(ToString::to_string).collect();
    assert_eq!(notices.len(), 1);
    assert!(
        notices[0].ends_with(".env.local:2: not NAME=value, line skipped"),
        "{notices:?}"
    );
}

#[test]
fn every_type_from_the_file() {
    let config = config(
        r#"
[t]
yes = true
count = 7
negative = -3
wait = "1h30m"
seconds = 90
size = "50MiB"
list = ["a", "env(LIST_ITEM)"]
word = "blue"
quoted = "12"
[t.map]
4152127777 = "123456"
other = 7
"#,
        &[("LIST_ITEM", "b")],
    );
    let t = config.section("t");
    assert_eq!(t.get("yes").bool().unwrap(), Some(true));
    assert_eq!(t.get("count").u32().unwrap(), Some(7));
    assert_eq!(t.get("negative").i64().unwrap(), Some(-3));
    assert_eq!(t.get("wait").duration().unwrap(), Some(Duration::from_mins(90)));
    assert_eq!(
        t.get("seconds").duration().unwrap(),
        Some(Duration::from_secs(90))
    );
    assert_eq!(t.get("size").byte_size().unwrap(), Some(52_428_800));
    assert_eq!(t.get("list").string_list().unwrap().unwrap(), ["a", "b"]);
    assert_eq!(t.get("word").one_of(&["red", "blue"]).unwrap().unwrap(), "blue");
    assert_eq!(t.get("quoted").u64().unwrap(), Some(12));
    let map = t.get("map").string_map().unwrap().unwrap();
    assert_eq!(
        map,
        BTreeMap::from([
            ("4152127777".into(), "123456".into()),
            ("other".into(), "7".into())
        ])
    );
    assert_eq!(t.children(), ["map"]);
    assert!(t.exists() && !config.section("u").exists());
    assert_eq!(t.get("missing").string().unwrap(), None);
    assert!(config.notices().is_empty(), "{:?}", config.notices());
}

#[test]
fn every_type_from_the_environment() {
    let env = [
        ("FERROBASE_A_YES", "TRUE"),
        ("FERROBASE_A_LIST", "a, b,,c"),
        ("FERROBASE_A_ARRAY", "[\"x,y\", 'z']"),
        ("FERROBASE_A_MAP", "415:123,416=456"),
        ("FERROBASE_A_EMPTY", ""),
        ("GOTRUE_DISABLE_SIGNUP", "true"),
        ("GOTRUE_EMPTY", ""),
    ];
    let config = config("", &env);
    let a = config.section("a");
    assert_eq!(a.get("yes").bool().unwrap(), Some(true));
    assert_eq!(a.get("list").string_list().unwrap().unwrap(), ["a", "b", "c"]);
    assert_eq!(a.get("array").string_list().unwrap().unwrap(), ["x,y", "z"]);
    assert_eq!(a.get("map").string_map().unwrap().unwrap().len(), 2);
    assert_eq!(a.get("empty").u16().unwrap(), None);
    assert_eq!(a.get("empty").string().unwrap().as_deref(), Some(""));
    assert!(
        !a.get("signup")
            .or_env_negated("GOTRUE_DISABLE_SIGNUP")
            .bool_or(true)
            .unwrap()
    );
    assert_eq!(
        a.get("url").or_env("GOTRUE_EMPTY").string_or("default").unwrap(),
        "default"
    );
}

#[test]
fn broken_toml_names_file_and_line() {
    let error = message(Config::from_toml_str("[api]\nport = \n"));
    assert!(error.starts_with("supabase/config.toml:2:8: "), "{error}");
    let error = message(Config::from_toml_str("[api]\nport = 1\nport = 2\n"));
    assert!(error.starts_with("supabase/config.toml:3:1: "), "{error}");
    assert!(!error.contains('\n'));
}

#[test]
fn wrong_values_name_file_line_key_and_what_was_expected() {
    let config = config(
        "[api]\nport = 70000\n\nenabled = \"maybe\"\nschemas = [1]\nsite = 5\nwait = \"soon\"\n[auth]\npassword_requirements = \"none\"\n",
        &[("FERROBASE_DB_PORT", "abc")],
    );
    let api = config.section("api");
    assert_eq!(
        message(api.get("port").u16()),
        "supabase/config.toml:2: `api.port` must be an integer from 0 to 65535, found 70000"
    );
    assert_eq!(
        message(api.get("enabled").bool()),
        "supabase/config.toml:4: `api.enabled` must be true or false, found \"maybe\""
    );
    assert_eq!(
        message(api.get("schemas").string_list()),
        "supabase/config.toml:5: `api.schemas` must be an array of strings, found an array"
    );
    assert_eq!(
        message(api.get("site").string()),
        "supabase/config.toml:6: `api.site` must be a string, found 5"
    );
    assert!(message(api.get("wait").duration()).contains("must be a duration such as"));
    assert_eq!(
        message(
            config
                .section("auth")
                .get("password_requirements")
                .one_of(&["", "letters_digits"])
        ),
        "supabase/config.toml:9: `auth.password_requirements` must be one of \"\", \"letters_digits\", found \"none\""
    );
    assert_eq!(
        message(config.section("db").get("port").u16()),
        "environment variable FERROBASE_DB_PORT (`db.port`) must be an integer from 0 to 65535, found \"abc\""
    );
    assert_eq!(
        api.invalid("port", "a free port").to_string(),
        "supabase/config.toml:2: `api.port` must be a free port, found 70000"
    );
}

#[test]
fn secrets_are_not_shown() {
    let config = config(
        "[auth.hook.send_sms]\nsecrets = \"topsecret\"\n",
        &[("ENV_SECRET", "topsecret")],
    );
    let error = config
        .section("auth.hook.send_sms")
        .invalid("secrets", "a list of v1,whsec_… values")
        .to_string();
    assert!(
        error.contains("not shown") && !error.contains("topsecret"),
        "{error}"
    );
    assert!(!format!("{config:?}").contains("topsecret"));
}

#[test]
fn a_missing_variable_is_an_error_only_when_the_key_is_read() {
    let config = config(
        "[auth.external.apple]\nenabled = false\nsecret = \"env(APPLE_SECRET)\"\n",
        &[],
    );
    let apple = config.section("auth.external.apple");
    assert!(!apple.get("enabled").bool_or(false).unwrap());
    assert_eq!(
        message(apple.get("secret").string()),
        "supabase/config.toml:3: `auth.external.apple.secret` is env(APPLE_SECRET), but the environment variable APPLE_SECRET is not set"
    );
}

#[test]
fn old_names_of_keys_and_sections() {
    let text = "[auth.email]\nenable_signup = false\n[inbucket]\nport = 7\n";
    let config = Config::from_toml_str(text).unwrap();
    let enabled = |config: &Config| {
        config
            .section("auth.email")
            .get("enabled")
            .old_name("enable_signup")
            .bool_or(true)
            .unwrap()
    };
    assert!(!enabled(&config));
    assert_eq!(config.section("local_smtp").get("port").u16_or(54324).unwrap(), 7);
    assert!(config.notices().is_empty());

    let both = Config::from_toml_str(
        "[auth.email]\nenable_signup = false\nenabled = true\n[inbucket]\nport = 7\n[local_smtp]\nport = 8\n",
    )
    .unwrap();
    assert!(enabled(&both));
    assert_eq!(both.section("local_smtp").get("port").u16_or(54324).unwrap(), 8);
    let notices: Vec<String> = both.notices().iter().map(ToString::to_string).collect();
    assert_eq!(
        notices,
        [
            "supabase/config.toml:5: `inbucket.port` is the old name of `local_smtp.port`; both are given, the new one counts",
            "supabase/config.toml:2: `auth.email.enable_signup` is the old name of `auth.email.enabled`; both are given, the new one counts",
        ]
    );
    let by_variable = Config::from_toml_str_with_env("", &[("FERROBASE_INBUCKET_PORT", "9")]).unwrap();
    assert_eq!(
        by_variable
            .section("local_smtp")
            .get("port")
            .u16_or(54324)
            .unwrap(),
        9
    );
}

#[test]
fn the_defaults_have_no_file_and_nothing_to_report() {
    let config = Config::defaults();
    assert_eq!(config.path(), None);
    assert!(config.notices().is_empty());
}
