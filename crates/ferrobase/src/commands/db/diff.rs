//! `ferrobase db diff`: what the database has that the migrations lack.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ferrobase_jwt::{Clock, Random};
use ferrobase_schemadiff::{DiffError, Shadow, Target};
use secrecy::SecretString;

use crate::failure::Failure;
use crate::{printer, project};

/// Show what the running database has that the migrations lack
///
/// Runs the files of supabase/migrations in a shadow database beside the project's, compares, and prints the statements that are missing.
/// Schemas that come with the database (auth, storage, ...) are left out but for triggers and policies on their tables.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ferrobase db diff\n  ferrobase db diff -f add_todos\n  ferrobase db diff --schema public,private"
)]
pub(super) struct Args {
    /// Write a migration with this name instead of printing
    #[arg(long, short, value_name = "NAME")]
    file: Option<String>,

    /// Schemas to compare, separated by commas [default: all of the project]
    #[arg(long, short, value_name = "SCHEMA", value_delimiter = ',')]
    schema: Vec<String>,

    /// Of the backend that runs for this project; this is so without the flag, too
    #[arg(long)]
    local: bool,
}

/// Compares and prints or writes.
pub(super) async fn run(args: &Args, workdir: &Path) -> Result<ExitCode, Failure> {
    let file = args.file.as_deref().map(file_name).transpose()?;
    let state = ferrobase_server::read_state(workdir).ok_or_else(|| project::not_running(workdir))?;
    let folder = workdir.join("supabase").join("migrations");
    let migrations = migrations(&folder)?;
    printer::note("Creating shadow database...");
    let name = format!("ferrobase_shadow_{}", Random.uuid().simple());
    let secret = SecretString::from(state.endpoints.jwt_secret.clone());
    let shadow = Shadow::create(Target::Url(state.endpoints.db_url.clone()), &name, secret)
        .await
        .map_err(|error| failed(&error))?;
    let compared = compare(&shadow, &migrations, &args.schema).await;
    let removed = shadow.remove().await;
    let statements = compared?;
    removed.map_err(|error| failed(&error))?;
    if statements.is_empty() {
        printer::note("No schema changes found");
        return Ok(ExitCode::SUCCESS);
    }
    let statements: Vec<&str> = statements.iter().map(|statement| statement.trim_end()).collect();
    let script = format!("{};\n", statements.join(";\n\n"));
    match file {
        Some(file) => {
            let path = folder.join(&file);
            let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, script));
            written.map_err(|error| Failure::caused(&format!("cannot write {}", path.display()), &error))?;
            printer::note(format_args!(
                "Created new migration at supabase/migrations/{file}"
            ));
        }
        None => printer::line(script.trim_end()),
    }
    Ok(ExitCode::SUCCESS)
}

async fn compare(
    shadow: &Shadow,
    migrations: &[PathBuf],
    schemas: &[String],
) -> Result<Vec<String>, Failure> {
    for path in migrations {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let sql = fs::read_to_string(path)
            .map_err(|error| Failure::caused(&format!("cannot read {}", path.display()), &error))?;
        printer::note(format_args!("Applying migration {name}..."));
        shadow.run(&name, &sql).await.map_err(|error| failed(&error))?;
    }
    printer::note("Diffing schemas...");
    shadow.differences(schemas).await.map_err(|error| failed(&error))
}

fn failed(error: &DiffError) -> Failure {
    Failure::caused("cannot compare", error)
}

/// The files `<digits>_<name>.sql`, in the order of their names.
fn migrations(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(Failure::caused(
                &format!("cannot read {}", folder.display()),
                &error,
            ));
        }
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(is_migration)
        })
        .collect();
    files.sort();
    Ok(files)
}

fn is_migration(name: &str) -> bool {
    let stem = name.strip_suffix(".sql").and_then(|name| name.split_once('_'));
    stem.is_some_and(|(version, _)| !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Of a migration that is made now.
fn file_name(name: &str) -> Result<String, Failure> {
    let name = name.trim().replace(char::is_whitespace, "_");
    if name.is_empty() || name.contains(['/', '\\', '\0']) {
        return Err(Failure::new("the name of a migration is part of a file's name"));
    }
    Ok(format!(
        "{}_{name}.sql",
        Clock::System.now().format("%Y%m%d%H%M%S")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_migrations() {
        assert!(is_migration("20240101000000_a_b.sql") && is_migration("1_x.sql"));
        assert!(
            !is_migration("seed.sql")
                && !is_migration("_x.sql")
                && !is_migration("2024_a.txt")
                && !is_migration("20a_b.sql")
        );
        assert!(
            file_name("add todos").is_ok_and(|name| name.ends_with("_add_todos.sql") && name.len() == 28)
        );
        assert!(file_name("../x").is_err() && file_name(" ").is_err());
    }
}
