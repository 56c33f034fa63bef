//! Rules for files: size, names, unsafe code, traces of the machine they were written on.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Longest source file of a room, in lines.
const LONGEST: usize = 500;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc"];

/// Rooms that may contain unsafe code.
const MAY_BE_UNSAFE: &[&str] = &["cluster"];

/// What no tracked file may contain. Written in pieces, because this file is tracked too.
const TRACES: &[(&str, &str)] = &[
    (concat!("/wor", "k/"), "a path of the machine"),
    (concat!("/roo", "t/"), "a path of the machine"),
    (concat!("registry.npm", "js.org"), "a registry host"),
    (concat!("crates", ".io"), "a registry host"),
    (concat!("py", "pi.org"), "a registry host"),
    (concat!("python", "hosted.org"), "a registry host"),
    (concat!("deb.", "debian.org"), "a registry host"),
    (concat!("proxy.", "golang.org"), "a registry host"),
];

/// Files that name registries because their tool writes them so.
const LOCK_FILES: &[&str] = &["Cargo.lock", "package-lock.json"];

/// Files that are too long.
pub(super) fn sizes() -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for file in sources()? {
        let lines = read(&file)?.lines().count();
        if lines >= LONGEST {
            findings.push(format!(
                "{}: {lines} lines, {LONGEST} is the bound: find the seam",
                file.display()
            ));
        }
    }
    Ok(findings)
}

/// Modules whose names say nothing.
pub(super) fn names() -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for file in sources()? {
        let parts = file.iter().filter_map(|part| part.to_str());
        for part in parts {
            let stem = part.strip_suffix(".rs").unwrap_or(part);
            if EMPTY_NAMES.contains(&stem) {
                findings.push(format!(
                    "{}: name it after what it does, not \"{stem}\"",
                    file.display()
                ));
            }
        }
        for (number, line) in read(&file)?.lines().enumerate() {
            if inline_module(line).is_some_and(|name| EMPTY_NAMES.contains(&name)) {
                findings.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
            }
        }
    }
    Ok(findings)
}

/// Unsafe code outside the rooms that may have it.
pub(super) fn unsafe_code() -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for file in sources()? {
        let room = file
            .iter()
            .nth(1)
            .and_then(|part| part.to_str())
            .unwrap_or_default();
        if MAY_BE_UNSAFE.contains(&room) {
            continue;
        }
        for (number, line) in read(&file)?.lines().enumerate() {
            if uses_unsafe(line) {
                findings.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
            }
        }
    }
    for manifest in tracked()?.iter().filter(|path| is_room_manifest(path)) {
        let room = manifest
            .iter()
            .nth(1)
            .and_then(|part| part.to_str())
            .unwrap_or_default();
        let inherits = read(manifest)?.contains("[lints]\nworkspace = true");
        if !inherits && !MAY_BE_UNSAFE.contains(&room) {
            findings.push(format!(
                "{}: must inherit the workspace lints",
                manifest.display()
            ));
        }
    }
    Ok(findings)
}

/// Traces of the machine in tracked files.
pub(super) fn traces() -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for file in tracked()? {
        let name = file
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if LOCK_FILES.contains(&name) {
            continue;
        }
        let Ok(bytes) = std::fs::read(workspace::root().join(&file)) else {
            continue;
        };
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            for (trace, what) in TRACES.iter().filter(|(trace, _)| line.contains(trace)) {
                findings.push(format!("{}:{}: {what} ({trace})", file.display(), number + 1));
            }
        }
    }
    Ok(findings)
}

fn uses_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    if code.contains('"') {
        return false;
    }
    let mut words = code
        .split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
        .skip_while(|word| *word != "unsafe");
    // In a text, such as a line of a longer string, other words or quotes follow than in code.
    words.next().is_some()
        && matches!(words.next(), Some("" | "fn" | "impl" | "trait" | "extern"))
        && !code.contains('\'')
}

fn inline_module(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line
        .strip_prefix("pub(crate) ")
        .or_else(|| line.strip_prefix("pub "))
        .unwrap_or(line);
    line.strip_prefix("mod ")?.strip_suffix(" {")
}

fn is_room_manifest(path: &Path) -> bool {
    path.starts_with("crates") && path.components().count() == 3 && path.ends_with("Cargo.toml")
}

fn sources() -> Result<Vec<PathBuf>> {
    let in_src = |path: &PathBuf| {
        let mut parts = path.iter();
        parts.next().is_some_and(|part| part == "crates")
            && parts.nth(1).is_some_and(|part| part == "src")
            && path.extension().is_some_and(|extension| extension == "rs")
    };
    Ok(tracked()?.into_iter().filter(in_src).collect())
}

/// Files that are in the repository or would be with the next `git add`.
fn tracked() -> Result<Vec<PathBuf>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(workspace::root())
        .output()
        .context("git ls-files")?;
    if !output.status.success() {
        bail!("git ls-files: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let names = String::from_utf8_lossy(&output.stdout);
    let exists = |path: &PathBuf| workspace::root().join(path).is_file();
    Ok(names
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(PathBuf::from)
        .filter(exists)
        .collect())
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(workspace::root().join(file)).with_context(|| file.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_is_found_in_code_only() {
        assert!(uses_unsafe("    unsafe { libc::fork() }"));
        assert!(uses_unsafe("pub unsafe fn go()"));
        assert!(!uses_unsafe("// unsafe would be wrong here"));
        assert!(!uses_unsafe("unsafe_code = forbid"));
    }

    #[test]
    fn inline_modules_are_seen() {
        assert_eq!(inline_module("pub(crate) mod helpers {"), Some("helpers"));
        assert_eq!(inline_module("mod tests {"), Some("tests"));
        assert_eq!(inline_module("mod files;"), None);
    }
}
