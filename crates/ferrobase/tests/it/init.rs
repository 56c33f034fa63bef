use std::fs;

use ferrobase_config::{Config, LoadOptions, NoticeKind};

use crate::{ferrobase, stderr};

#[test]
fn the_folder_is_complete_and_its_configuration_has_no_unknown_key() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("my app");
    fs::create_dir(&folder).unwrap();
    let output = ferrobase(&folder, &["init"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));

    let supabase = folder.join("supabase");
    for name in ["migrations", "functions"] {
        assert!(supabase.join(name).is_dir());
    }
    assert!(
        fs::read_to_string(supabase.join(".gitignore"))
            .unwrap()
            .contains(".ferrobase/")
    );
    assert!(supabase.join("seed.sql").is_file());

    let config = Config::load(&LoadOptions {
        workdir: folder,
        ..LoadOptions::default()
    })
    .unwrap();
    assert_eq!(
        config.section("").get("project_id").string().unwrap().as_deref(),
        Some("my_app")
    );
    assert_eq!(config.section("api").get("port").u16().unwrap(), Some(54321));
    let unknown: Vec<_> = config
        .notices()
        .into_iter()
        .filter(|notice| notice.kind == NoticeKind::Unknown)
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn the_lines_that_are_commented_out_are_right_too() {
    let folder = tempfile::tempdir().unwrap();
    ferrobase(folder.path(), &["init"]);
    let text = fs::read_to_string(folder.path().join("supabase/config.toml")).unwrap();
    // Settings in comments look like `# name = …` or `# [section]`; sentences do not.
    let active: Vec<String> = text
        .lines()
        .map(|line| {
            let bare = line.strip_prefix("# ").unwrap_or(line);
            let is_setting = bare.starts_with('[')
                || bare
                    .split_once(" = ")
                    .is_some_and(|(name, _)| !name.contains(' '));
            if is_setting {
                bare.to_owned()
            } else {
                String::new()
            }
        })
        .collect();
    let config = Config::from_toml_str(&active.join("\n")).unwrap();
    let unknown: Vec<_> = config
        .notices()
        .into_iter()
        .filter(|notice| notice.kind == NoticeKind::Unknown)
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(
        config.section("auth.email.smtp").exists()
            && config.section("auth.hook.custom_access_token").exists()
    );
}

#[test]
fn an_existing_configuration_is_kept_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    let supabase = folder.path().join("supabase");
    fs::create_dir(&supabase).unwrap();
    fs::write(supabase.join("config.toml"), "# mine\n").unwrap();
    fs::write(supabase.join("seed.sql"), "select 1;\n").unwrap();
    fs::write(supabase.join(".gitignore"), ".env\n").unwrap();

    let output = ferrobase(folder.path(), &["init"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("config.toml exists already\nhint: --force replaces it"),
        "{}",
        stderr(&output)
    );
    assert_eq!(
        fs::read_to_string(supabase.join("config.toml")).unwrap(),
        "# mine\n"
    );

    assert_eq!(
        ferrobase(folder.path(), &["init", "--force"]).status.code(),
        Some(0)
    );
    assert!(
        fs::read_to_string(supabase.join("config.toml"))
            .unwrap()
            .contains("project_id")
    );
    assert_eq!(
        fs::read_to_string(supabase.join("seed.sql")).unwrap(),
        "select 1;\n"
    );
    assert_eq!(
        fs::read_to_string(supabase.join(".gitignore")).unwrap(),
        ".env\n\n.ferrobase/\n"
    );
}
