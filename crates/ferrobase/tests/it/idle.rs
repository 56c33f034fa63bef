use crate::{ferrobase, stderr};

#[test]
fn commands_about_a_running_backend_say_that_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["status"][..],
        &["status", "-o", "json"],
        &["stop"],
        &["db", "url"],
    ] {
        let output = ferrobase(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(output.stdout.is_empty());
        let text = stderr(&output);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(
            lines[0].starts_with("error: nothing is running for the project in "),
            "{text}"
        );
        assert_eq!(lines[1], "hint: start it with `ferrobase start`");
    }
    // Asking leaves nothing behind.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_project_folder_that_is_not_there() {
    let output = ferrobase(
        std::path::Path::new("."),
        &["status", "--workdir", "/nowhere/at/all"],
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).starts_with("error: cannot use the project folder /nowhere/at/all: "),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_broken_configuration_is_one_line_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("supabase")).unwrap();
    std::fs::write(folder.path().join("supabase/config.toml"), "[api]\nport = \n").unwrap();
    for arguments in [&["start"][..], &["run", "--", "true"]] {
        let output = ferrobase(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let text = stderr(&output);
        assert!(
            text.starts_with("error: ") && text.contains("config.toml:2:"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}
