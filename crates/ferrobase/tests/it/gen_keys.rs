use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use crate::{ferrobase, stderr, stdout};

fn project(config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("supabase")).unwrap();
    std::fs::write(folder.path().join("supabase/config.toml"), config).unwrap();
    folder
}

fn keys(path: &Path) -> Vec<Value> {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_key_is_printed_for_whoever_wants_to_keep_it() {
    let folder = project("");
    for (arguments, kind, members) in [
        (&["gen", "keys"][..], "EC", 10),
        (&["gen", "signing-key", "--algorithm", "RS256"][..], "RSA", 14),
    ] {
        let output = ferrobase(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let key: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(key["kty"], kind);
        let names: Vec<&String> = key.as_object().unwrap().keys().collect();
        assert_eq!(names.len(), members, "{names:?}");
        assert_eq!(key["key_ops"], serde_json::json!(["sign", "verify"]));
        assert!(stderr(&output).contains("signing_keys_path"));
    }
    assert!(!folder.path().join("supabase/.ferrobase").exists());
}

#[test]
fn the_configured_file_is_not_replaced_by_accident() {
    let folder = project("[auth]\nsigning_keys_path = \"./signing_keys.json\"\n");
    let path = folder.path().join("supabase/signing_keys.json");
    let generate = |arguments: &[&str]| ferrobase(folder.path(), &[&["gen", "keys"], arguments].concat());
    assert_eq!(generate(&[]).status.code(), Some(0));
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let first = keys(&path);

    let refused = generate(&[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("--append"), "{}", stderr(&refused));
    assert_eq!(keys(&path), first);

    assert_eq!(
        generate(&["--append", "--algorithm", "rs256"]).status.code(),
        Some(0)
    );
    let both = keys(&path);
    assert_eq!((both.len(), &both[0]), (2, &first[0]));

    // The appended one is on standby; a rotation forgets the private half of the one before it.
    let rotated = generate(&["--rotate"]);
    assert_eq!(rotated.status.code(), Some(0), "{}", stderr(&rotated));
    let after = keys(&path);
    assert_eq!(
        (&after[0]["kid"], &after[1]["kid"]),
        (&both[1]["kid"], &both[0]["kid"])
    );
    assert!(after[0]["d"].is_string() && after[1].get("d").is_none());
    let shown = stdout(&rotated);
    assert!(
        shown.contains("in use") && shown.contains("previously used"),
        "{shown}"
    );

    assert_eq!(generate(&["--yes"]).status.code(), Some(0));
    assert_eq!(keys(&path).len(), 1);
}

#[test]
fn changes_that_cannot_be_made_say_what_to_do() {
    let folder = project("");
    let generate = |arguments: &[&str]| ferrobase(folder.path(), &[&["gen", "keys"], arguments].concat());
    let none = generate(&["--standby"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(
        stderr(&none).contains("started for the first time"),
        "{}",
        stderr(&none)
    );
    assert_eq!(generate(&["--standby", "--rotate"]).status.code(), Some(2));
    assert_eq!(generate(&["--algorithm", "none"]).status.code(), Some(2));
}

#[test]
fn the_name_of_a_key_may_begin_with_a_dash() {
    let folder = project("[auth]\nsigning_keys_path = \"./signing_keys.json\"\n");
    let path = folder.path().join("supabase/signing_keys.json");
    let generate = |arguments: &[&str]| ferrobase(folder.path(), &[&["gen", "keys"], arguments].concat());
    for arguments in [&["--append"][..], &["--append"], &["--rotate"]] {
        assert_eq!(generate(arguments).status.code(), Some(0));
    }
    let mut both = keys(&path);
    both[1]["kid"] = "-dash".into();
    std::fs::write(&path, serde_json::to_vec(&both).unwrap()).unwrap();

    let revoked = generate(&["--revoke", "-dash"]);
    assert_eq!(revoked.status.code(), Some(0), "{}", stderr(&revoked));
    let shown = stdout(&revoked);
    let line = shown.lines().find(|line| line.contains("-dash"));
    assert!(line.is_some_and(|line| line.contains("revoked")), "{shown}");
}
