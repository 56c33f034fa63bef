//! `ferrobase db dump`: the project's part of the database as SQL, by PostgreSQL's own `pg_dump`.

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use ferrobase_cluster::find_program;
use tokio::process::Command;

use crate::failure::Failure;
use crate::{printer, project};

mod roles;

/// Schemas that the services bring along; they are no part of a project's own schema.
const INTERNAL: [&str; 14] = [
    "_ferrobase",
    "_realtime",
    "auth",
    "cron",
    "extensions",
    "graphql",
    "graphql_public",
    "net",
    "pgbouncer",
    "pgsodium",
    "realtime",
    "storage",
    "supabase_*",
    "vault",
];

/// Of these the rows are a project's, and the bookkeeping is not.
const INTERNAL_DATA: [&str; 7] = [
    "auth.schema_migrations",
    "storage.migrations",
    "_ferrobase.*",
    "_realtime.*",
    "realtime.*",
    "supabase_*.*",
    "extensions.*",
];

/// Dump the schema, the data or the roles of the database as SQL
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ferrobase db dump -f schema.sql\n  ferrobase db dump --data-only -f data.sql\n  ferrobase db dump --schema public,private"
)]
pub(super) struct Args {
    /// File to write; stdout without it
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,

    /// Only rows, those of auth and storage included
    #[arg(long, conflicts_with = "role_only")]
    data_only: bool,

    /// Only roles of the project's own
    #[arg(long)]
    role_only: bool,

    /// Rows as COPY instead of INSERT, which is quicker and needs psql
    #[arg(long, requires = "data_only")]
    use_copy: bool,

    /// Only these schemas, separated by commas
    #[arg(long, short, value_name = "SCHEMA", value_delimiter = ',')]
    schema: Vec<String>,

    /// Leave these tables out, as schema.table
    #[arg(long, short = 'x', value_name = "TABLE", value_delimiter = ',')]
    exclude: Vec<String>,

    /// Keep comments
    #[arg(long)]
    keep_comments: bool,

    /// Of the database at this URL
    #[arg(long, value_name = "URL", visible_alias = "remote")]
    db_url: Option<String>,

    /// Of the backend that runs for this project; this is so without the flag, too
    #[arg(long, hide = true)]
    local: bool,
}

/// Runs `pg_dump` and passes on what it writes.
pub(super) async fn run(args: Args, workdir: &Path) -> Result<ExitCode, Failure> {
    let url = match &args.db_url {
        Some(url) => url.clone(),
        None => {
            let state = ferrobase_server::read_state(workdir).ok_or_else(|| project::not_running(workdir))?;
            state.endpoints.db_url
        }
    };
    let name = if args.role_only { "pg_dumpall" } else { "pg_dump" };
    let program = find_program(name).ok_or_else(|| {
        Failure::new(format!("{name} is not here"))
            .hint("install PostgreSQL's client programs, for example postgresql-client")
    })?;
    let mut command = Command::new(program);
    command.args(arguments(&args)).stdin(Stdio::null());
    // In the environment and not among the arguments, which everybody on the machine can read.
    environment(&mut command, &url)?;
    let cannot_run = |error: std::io::Error| Failure::caused(&format!("cannot run {name}"), &error);
    let status = if args.role_only {
        // A cluster's roles are a few hundred lines at most.
        let output = command
            .stderr(Stdio::inherit())
            .output()
            .await
            .map_err(cannot_run)?;
        let script = roles::own(&String::from_utf8_lossy(&output.stdout));
        match &args.file {
            Some(path) => std::fs::write(path, script).map_err(|error| cannot_write(path, &error))?,
            None => printer::line(script.trim_end()),
        }
        output.status
    } else {
        if let Some(path) = &args.file {
            let file = std::fs::File::create(path).map_err(|error| cannot_write(path, &error))?;
            command.stdout(file);
        }
        command.status().await.map_err(cannot_run)?
    };
    if status.success() {
        Ok(ExitCode::SUCCESS)
    } else {
        Err(Failure::new(format!("{name} failed: {status}")))
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::caused(&format!("cannot write {}", path.display()), error)
}

fn arguments(args: &Args) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    if args.role_only {
        all.extend(["--roles-only", "--no-role-passwords", "--quote-all-identifiers"].map(str::to_owned));
        return all;
    }
    all.extend(["--quote-all-identifiers", "--no-owner"].map(str::to_owned));
    if !args.keep_comments {
        all.push("--no-comments".to_owned());
    }
    if args.data_only {
        all.push("--data-only".to_owned());
        if !args.use_copy {
            all.push("--column-inserts".to_owned());
        }
        all.extend(
            INTERNAL_DATA
                .iter()
                .map(|table| format!("--exclude-table={table}")),
        );
    } else {
        all.push("--schema-only".to_owned());
        all.extend(["--no-publications", "--no-subscriptions"].map(str::to_owned));
    }
    if args.schema.is_empty() && !args.data_only {
        all.extend(INTERNAL.iter().map(|schema| format!("--exclude-schema={schema}")));
    }
    all.extend(args.schema.iter().map(|schema| format!("--schema={schema}")));
    all.extend(
        args.exclude
            .iter()
            .map(|table| format!("--exclude-table={table}")),
    );
    all
}

fn environment(command: &mut Command, url: &str) -> Result<(), Failure> {
    let parsed = url::Url::parse(url).map_err(|error| Failure::caused("the database's URL", &error))?;
    let decoded = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    command
        .env("PGHOST", parsed.host_str().unwrap_or("127.0.0.1"))
        .env("PGPORT", parsed.port().unwrap_or(5432).to_string())
        .env("PGUSER", decoded(parsed.username()))
        .env("PGDATABASE", decoded(parsed.path().trim_start_matches('/')));
    if let Some(password) = parsed.password() {
        command.env("PGPASSWORD", decoded(password));
    }
    for (name, value) in parsed.query_pairs() {
        if name == "sslmode" {
            command.env("PGSSLMODE", value.as_ref());
        }
    }
    Ok(())
}
