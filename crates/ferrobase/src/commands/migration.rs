//! `ferrobase migration`: the files of `supabase/migrations` and what of them is applied. Words and bookkeeping are the Supabase
//! CLI's, so that both tools can be used on one project in turn.

use std::fs;
use std::io::{IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use ferrobase_config::{Config, LoadOptions};
use ferrobase_jwt::Clock;
use ferrobase_workflow::{Applier, Files, Migration, Step, Target, WorkflowConfig};

use crate::failure::Failure;
use crate::{printer, project};

/// Create, list and apply migrations
#[derive(Debug, clap::Args)]
#[command(
    visible_alias = "migrations",
    after_help = "Examples:\n  ferrobase migration new create_todos\n  ferrobase migration list\n  ferrobase migration up",
    arg_required_else_help = true
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: MigrationCommand,
}

#[derive(Debug, Subcommand)]
enum MigrationCommand {
    /// Create an empty file supabase/migrations/<timestamp>_<NAME>.sql, or one with what comes on stdin
    #[command(after_help = "Example:\n  ferrobase migration new create_todos")]
    New {
        /// What it does, in a few words
        name: String,
    },
    /// List the files and what is applied
    List(Place),
    /// Apply the files that are not applied yet
    Up {
        #[command(flatten)]
        place: Place,
        /// Also those that come before the last one that is applied
        #[arg(long)]
        include_all: bool,
    },
    /// Change what is noted as applied, without running anything
    #[command(after_help = "Example:\n  ferrobase migration repair --status applied 20240101000000")]
    Repair {
        #[command(flatten)]
        place: Place,
        /// What they are from now on
        #[arg(long, value_enum)]
        status: Status,
        /// The migrations
        #[arg(required = true, value_name = "VERSION")]
        versions: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Status {
    Applied,
    Reverted,
}

/// Which database.
#[derive(Debug, clap::Args)]
struct Place {
    /// The database at this URL
    #[arg(long, value_name = "URL", visible_alias = "remote")]
    db_url: Option<String>,

    /// The one of the backend that runs for this project; this is so without the flag, too
    #[arg(long, conflicts_with = "db_url")]
    local: bool,
}

impl Place {
    fn target(&self, workdir: &Path) -> Result<Target, Failure> {
        if let Some(url) = &self.db_url {
            return Ok(Target::Url(url.clone()));
        }
        let state = ferrobase_server::read_state(workdir).ok_or_else(|| project::not_running(workdir))?;
        Ok(state.administration())
    }
}

/// Dispatches.
pub(crate) async fn run(args: Args, workdir: &Path) -> Result<ExitCode, Failure> {
    let config = Config::load(&LoadOptions::from_process(workdir))?;
    let config = WorkflowConfig::load(&config)?;
    match args.command {
        MigrationCommand::New { name } => new(&name, &config)?,
        MigrationCommand::List(place) => list(&place, workdir, &config).await?,
        MigrationCommand::Up { place, include_all } => up(&place, include_all, workdir, &config).await?,
        MigrationCommand::Repair {
            place,
            status,
            versions,
        } => repair(&place, status, &versions, workdir, &config).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Says what is done, in the words of the Supabase CLI.
pub(crate) fn tell(step: Step) {
    match step {
        Step::Roles => printer::note("Seeding globals from supabase/roles.sql..."),
        Step::Migration(name) => printer::note(format_args!("Applying migration {name}...")),
        Step::Seed(name) => printer::note(format_args!("Seeding data from {name}...")),
        Step::Skipped { file, reason } => {
            printer::note(format_args!("{file}: a statement is left out: {reason}"));
        }
    }
}

fn new(name: &str, config: &WorkflowConfig) -> Result<(), Failure> {
    let file = new_file(name)?;
    let mut text = String::new();
    if !std::io::stdin().is_terminal() {
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| Failure::caused("cannot read stdin", &error))?;
    }
    write(config, &file, &text)
}

/// The file of a migration that is made now.
pub(crate) fn new_file(name: &str) -> Result<String, Failure> {
    let name = name.trim().replace(char::is_whitespace, "_");
    if name.is_empty() || name.contains(['/', '\\', '\0']) || name.starts_with('.') {
        return Err(Failure::new("the name of a migration is part of a file's name"));
    }
    Ok(format!(
        "{}_{name}.sql",
        Clock::System.now().format("%Y%m%d%H%M%S")
    ))
}

/// Puts a migration into the folder.
pub(crate) fn write(config: &WorkflowConfig, file: &str, text: &str) -> Result<(), Failure> {
    let folder = config.migrations_folder();
    let path = folder.join(file);
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, text));
    written.map_err(|error| Failure::caused(&format!("cannot write {}", path.display()), &error))?;
    printer::note(format_args!(
        "Created new migration at supabase/migrations/{file}"
    ));
    Ok(())
}

async fn list(place: &Place, workdir: &Path, config: &WorkflowConfig) -> Result<(), Failure> {
    let files = Files::read(config)?;
    let applied = Applier::connect(place.target(workdir)?, tell)
        .await?
        .applied()
        .await?;
    let mut versions: Vec<&String> = files
        .migrations
        .iter()
        .map(|migration| &migration.version)
        .chain(&applied)
        .collect();
    versions.sort();
    versions.dedup();
    let is_here = |version: &&String| {
        files
            .migrations
            .iter()
            .any(|migration| migration.version == **version)
    };
    let rows = versions.iter().map(|version| {
        let shown = |is: bool| if is { (*version).clone() } else { String::new() };
        [
            shown(is_here(version)),
            shown(applied.contains(version)),
            time(version),
        ]
    });
    printer::columns(["Local", "Remote", "Time (UTC)"], rows);
    Ok(())
}

/// `20240131123000` as `2024-01-31 12:30:00`; other versions as they are.
fn time(version: &str) -> String {
    chrono::NaiveDateTime::parse_from_str(version, "%Y%m%d%H%M%S").map_or_else(
        |_| version.to_owned(),
        |time| time.format("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

async fn up(
    place: &Place,
    include_all: bool,
    workdir: &Path,
    config: &WorkflowConfig,
) -> Result<(), Failure> {
    let files = Files::read(config)?;
    let mut applier = Applier::connect(place.target(workdir)?, tell).await?;
    let pending = applier.pending(&files, include_all).await?;
    if pending.is_empty() {
        printer::note("Local database is up to date.");
        return Ok(());
    }
    applier.up(&pending).await?;
    printer::note("Local database is up to date.");
    Ok(())
}

async fn repair(
    place: &Place,
    status: Status,
    versions: &[String],
    workdir: &Path,
    config: &WorkflowConfig,
) -> Result<(), Failure> {
    let files = Files::read(config)?;
    let mut applier = Applier::connect(place.target(workdir)?, tell).await?;
    for version in versions {
        let here = files
            .migrations
            .iter()
            .find(|migration| migration.version == *version);
        let migration = match (here, status) {
            (Some(migration), _) => migration.clone(),
            // What is forgotten needs no file.
            (None, Status::Reverted) => Migration {
                version: version.clone(),
                name: String::new(),
                path: std::path::PathBuf::new(),
            },
            (None, Status::Applied) => return Err(Failure::new(format!("there is no migration {version}"))),
        };
        applier.repair(&migration, status == Status::Applied).await?;
    }
    let word = if status == Status::Applied {
        "applied"
    } else {
        "reverted"
    };
    printer::note(format_args!(
        "Repaired migration history: [{}] => {word}",
        versions.join(" ")
    ));
    Ok(())
}
