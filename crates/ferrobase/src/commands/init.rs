//! `ferrobase init`: the `supabase/` folder of a new project.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;

use crate::failure::Failure;
use crate::printer;

/// The commented configuration; `{project_id}` is replaced.
const CONFIG: &str = include_str!("init/config.toml");

const SEED: &str = "-- SQL in this file fills a fresh database with data for development.\n";

const GITIGNORE: &str = "# State of a running project: data, keys, logs\n.ferrobase/\n\n# Scratch folders of the Supabase CLI\n.branches/\n.temp/\n\n# Values for this machine only\n.env.local\n.env.*.local\n";

/// Create supabase/ with a commented config.toml
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  ferrobase init\n  ferrobase init --workdir my-app")]
pub(crate) struct Args {
    /// Replace an existing config.toml (a seed.sql is always kept)
    #[arg(long)]
    force: bool,
}

/// Writes the folder; refuses when it has a config.toml, unless forced.
pub(crate) fn run(args: &Args, workdir: &Path) -> Result<ExitCode, Failure> {
    let folder = workdir.join("supabase");
    let config = folder.join("config.toml");
    if config.exists() && !args.force {
        return Err(Failure::new(format!("{} exists already", config.display())).hint("--force replaces it"));
    }
    for name in ["migrations", "functions"] {
        let path = folder.join(name);
        fs::create_dir_all(&path).map_err(|error| cannot_write(&path, &error))?;
    }
    let text = CONFIG.replace("{project_id}", &project_id(workdir));
    fs::write(&config, text).map_err(|error| cannot_write(&config, &error))?;
    write_if_missing(&folder.join("seed.sql"), SEED)?;
    ignore_state(&folder.join(".gitignore"))?;
    printer::note(format_args!("created {}", folder.display()));
    printer::note("start the backend with `ferrobase start`");
    Ok(ExitCode::SUCCESS)
}

/// The folder's name with what is not allowed in an id replaced.
fn project_id(workdir: &Path) -> String {
    let name = workdir
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let id: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.') {
                c
            } else {
                '_'
            }
        })
        .collect();
    let id = id.trim_start_matches(['_', '-', '.']);
    if id.is_empty() {
        "project".to_owned()
    } else {
        id.chars().take(40).collect()
    }
}

fn write_if_missing(path: &Path, text: &str) -> Result<(), Failure> {
    if path.exists() {
        return Ok(());
    }
    fs::write(path, text).map_err(|error| cannot_write(path, &error))
}

/// Adds our state folder to a `.gitignore` that is there already: keys must never be committed.
fn ignore_state(path: &Path) -> Result<(), Failure> {
    let text = match fs::read_to_string(path) {
        Ok(text)
            if text
                .lines()
                .any(|line| matches!(line.trim(), ".ferrobase" | ".ferrobase/")) =>
        {
            return Ok(());
        }
        Ok(text) => format!("{}\n\n.ferrobase/\n", text.trim_end()),
        Err(error) if error.kind() == ErrorKind::NotFound => GITIGNORE.to_owned(),
        Err(error) => return Err(cannot_write(path, &error)),
    };
    fs::write(path, text).map_err(|error| cannot_write(path, &error))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::caused(&format!("cannot write {}", path.display()), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn project_ids_are_plain() {
        for (folder, id) in [
            ("/home/me/My App", "My_App"),
            ("/x/.hidden", "hidden"),
            ("/", "project"),
            ("/x/ü", "project"),
        ] {
            assert_eq!(project_id(Path::new(folder)), id, "{folder}");
        }
    }
}
