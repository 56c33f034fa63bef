//! `ferrobase db diff`: what the database has that the migrations lack.

use std::path::Path;
use std::process::ExitCode;

use ferrobase_config::{Config, LoadOptions};
use ferrobase_jwt::Random;
use ferrobase_schemadiff::{DiffError, Shadow};
use ferrobase_workflow::{Applier, Files, Migration, WorkflowConfig};
use secrecy::SecretString;

use crate::commands::migration;
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
    let file = args.file.as_deref().map(migration::new_file).transpose()?;
    let state = ferrobase_server::read_state(workdir).ok_or_else(|| project::not_running(workdir))?;
    let mut config = WorkflowConfig::load(&Config::load(&LoadOptions::from_process(workdir))?)?;
    // What is in the folder is in the schema, whether or not a start applies it.
    config.migrations = true;
    config.seeds = false;
    let files = Files::read(&config)?;
    printer::note("Creating shadow database...");
    let name = format!("ferrobase_shadow_{}", Random.uuid().simple());
    let secret = SecretString::from(state.endpoints.jwt_secret.clone());
    let shadow = Shadow::create(state.administration(), &name, secret)
        .await
        .map_err(|error| failed(&error))?;
    let compared = compare(&shadow, &files.migrations, &args.schema).await;
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
        Some(file) => migration::write(&config, &file, &script)?,
        None => printer::line(script.trim_end()),
    }
    Ok(ExitCode::SUCCESS)
}

async fn compare(
    shadow: &Shadow,
    migrations: &[Migration],
    schemas: &[String],
) -> Result<Vec<String>, Failure> {
    let migrations: Vec<&Migration> = migrations.iter().collect();
    let mut applier = Applier::connect(shadow.target(), migration::tell).await?;
    applier.up(&migrations).await?;
    drop(applier);
    printer::note("Diffing schemas...");
    shadow.differences(schemas).await.map_err(|error| failed(&error))
}

fn failed(error: &DiffError) -> Failure {
    Failure::caused("cannot compare", error)
}
