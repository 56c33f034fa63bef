//! Which project a command is about.

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The given folder, else the nearest one at or above the current folder with a `supabase/config.toml` or with state of ours, else
/// the current folder.
pub(crate) fn find(given: Option<&Path>) -> Result<PathBuf, Failure> {
    let start = given.unwrap_or(Path::new("."));
    let folder = start.canonicalize().map_err(|error| {
        Failure::caused(
            &format!("cannot use the project folder {}", start.display()),
            &error,
        )
    })?;
    if !folder.is_dir() {
        return Err(Failure::new(format!("{} is not a folder", folder.display())));
    }
    if given.is_some() {
        return Ok(folder);
    }
    Ok(folder
        .ancestors()
        .find(|ancestor| is_project(ancestor))
        .unwrap_or(&folder)
        .to_owned())
}

fn is_project(folder: &Path) -> bool {
    let supabase = folder.join("supabase");
    supabase.join("config.toml").is_file() || supabase.join(".ferrobase").is_dir()
}

/// The failure "nothing runs here".
pub(crate) fn not_running(workdir: &Path) -> Failure {
    Failure::new(format!(
        "nothing is running for the project in {}",
        workdir.display()
    ))
    .hint("start it with `ferrobase start`")
}
