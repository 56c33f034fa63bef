use std::path::Path;

use crate::{ferrobase, stderr, stdout};

const COMMANDS: &[&[&str]] = &[
    &[],
    &["init"],
    &["start"],
    &["stop"],
    &["status"],
    &["run"],
    &["db"],
    &["db", "url"],
    &["gen"],
    &["gen", "keys"],
    &["rest"],
];

#[test]
fn every_command_answers_help_with_an_example() {
    for command in COMMANDS {
        let mut arguments = command.to_vec();
        arguments.push("--help");
        let output = ferrobase(Path::new("."), &arguments);
        assert_eq!(output.status.code(), Some(0), "{command:?}");
        let text = stdout(&output);
        assert!(text.contains("Example"), "{command:?} has no example:\n{text}");
        assert!(
            text.contains("  ferrobase ") || text.contains("$(ferrobase "),
            "{command:?}:\n{text}"
        );
        assert!(!text.contains("own-session"), "an internal flag shows:\n{text}");
    }
}

#[test]
fn the_list_of_commands_holds_only_what_is_built() {
    let text = stdout(&ferrobase(Path::new("."), &["--help"]));
    let (_, list) = text.split_once("Commands:\n").unwrap();
    let names: Vec<&str> = list
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(
        names,
        [
            "init",
            "start",
            "stop",
            "status",
            "run",
            "db",
            "migration",
            "gen",
            "rest",
            "help"
        ]
    );
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in [
        &[][..],
        &["strat"],
        &["start", "--port", "70000"],
        &["start", "--host", "not an address"],
        &["start", "--ephemeral", "--detach"],
        &["start", "--ephemeral", "--db-url", "postgresql://x/y"],
        &["status", "-o", "xml"],
        &["run"],
        &["db"],
        &["db", "frobnicate"],
    ] {
        let output = ferrobase(Path::new("."), arguments);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(
            !output.stderr.is_empty() && output.stdout.is_empty(),
            "{arguments:?}"
        );
    }
    let output = ferrobase(Path::new("."), &["strat"]);
    assert!(
        stderr(&output).contains("'start'"),
        "no suggestion: {}",
        stderr(&output)
    );
}

#[test]
fn version() {
    let output = ferrobase(Path::new("."), &["--version"]);
    assert_eq!(
        stdout(&output),
        format!("ferrobase {}\n", env!("CARGO_PKG_VERSION"))
    );
}
