//! `ferrobase gen types`: types of the database for programs that use it.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;
use ferrobase_config::{Config, LoadOptions};
use ferrobase_typegen::{Language, Target, TypescriptOptions, generate};

use crate::failure::Failure;
use crate::{printer, project};

/// Schemas of the data API where a project says nothing else.
const DEFAULT_SCHEMAS: [&str; 2] = ["public", "graphql_public"];

/// Generate types of the database: TypeScript for the official client, or Rust
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ferrobase gen types > database.types.ts\n  ferrobase gen types --lang rust --schema public > src/database.rs\n  ferrobase gen types --db-url 'postgresql://postgres:…@db.example.com/postgres' --schema public,private"
)]
pub(super) struct Args {
    /// Language of the types; the same as --lang
    #[arg(value_enum, value_name = "LANGUAGE", conflicts_with = "lang")]
    language: Option<Lang>,

    /// Language of the types
    #[arg(long, value_enum, default_value = "typescript")]
    lang: Lang,

    /// Of the database of the backend that runs for this project; this is so without the flag, too
    #[arg(long)]
    local: bool,

    /// Of the database at this URL
    #[arg(long, value_name = "URL", visible_alias = "remote", conflicts_with = "local")]
    db_url: Option<String>,

    /// Schemas to include, separated by commas [default: public and those of api.schemas]
    #[arg(long, short, value_name = "SCHEMA", value_delimiter = ',')]
    schema: Vec<String>,

    /// For PostgREST 9 and older: relationships do not say whether they are one to one
    #[arg(long)]
    postgrest_v9_compat: bool,

    /// Longest time of a query, in seconds or like 15s, 1m
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = time)]
    query_timeout: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Lang {
    Typescript,
    Rust,
    Go,
    Swift,
    Python,
    Dart,
}

/// Writes the types to stdout.
pub(super) async fn run(args: Args, workdir: &Path) -> Result<ExitCode, Failure> {
    let language = language(args.language.unwrap_or(args.lang), args.postgrest_v9_compat)?;
    let schemas = if args.schema.is_empty() {
        configured_schemas(workdir)?
    } else {
        args.schema
    };
    let url = match args.db_url {
        Some(url) => url,
        None => {
            let state = ferrobase_server::read_state(workdir).ok_or_else(|| project::not_running(workdir))?;
            state.endpoints.db_url
        }
    };
    let text = generate(Target::Url(url), &schemas, &language, args.query_timeout)
        .await
        .map_err(|error| Failure::caused("cannot generate types", &error))?;
    printer::line(text);
    Ok(ExitCode::SUCCESS)
}

fn language(lang: Lang, is_compatible: bool) -> Result<Language, Failure> {
    match lang {
        Lang::Typescript => Ok(Language::Typescript(TypescriptOptions {
            has_one_to_one: !is_compatible,
            postgrest_version: None,
        })),
        Lang::Rust => Ok(Language::Rust),
        Lang::Go | Lang::Swift | Lang::Python | Lang::Dart => {
            let name = lang.to_possible_value();
            let name = name.as_ref().map_or("this language", |value| value.get_name());
            Err(
                Failure::new(format!("types for {name} are not supported"))
                    .hint("typescript and rust are; for the others use `supabase gen types --remote \"$(ferrobase db url)\"`"),
            )
        }
    }
}

/// `public`, and what the data API shows.
fn configured_schemas(workdir: &Path) -> Result<Vec<String>, Failure> {
    let config = Config::load(&LoadOptions::from_process(workdir))?;
    let shown = config.section("api").get("schemas").string_list()?;
    let shown = shown.unwrap_or_else(|| DEFAULT_SCHEMAS.map(str::to_owned).to_vec());
    let mut schemas = vec!["public".to_owned()];
    for schema in shown {
        if !schemas.contains(&schema) {
            schemas.push(schema);
        }
    }
    Ok(schemas)
}

/// A number of seconds, or one with a unit.
fn time(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or_default();
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(format!("the unit {unit} is none of ms, s, m, h")),
    };
    let count: u64 = digits
        .parse()
        .map_err(|_| "expected a time like 15s".to_owned())?;
    let milliseconds = count.saturating_mul(milliseconds);
    // What PostgreSQL takes; 0 would mean no limit.
    if milliseconds == 0 || milliseconds > i32::MAX.unsigned_abs().into() {
        return Err("expected more than nothing and at most 24 days".to_owned());
    }
    Ok(Duration::from_millis(milliseconds))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(time("15s"), Ok(Duration::from_secs(15)));
        assert_eq!(time("2"), Ok(Duration::from_secs(2)));
        assert_eq!(time("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(time("1m"), Ok(Duration::from_secs(60)));
        for wrong in ["", "s", "0", "-1s", "1d", "99999999999999h"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn public_comes_first_and_once() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(
            configured_schemas(folder.path()),
            Ok(vec!["public".into(), "graphql_public".into()])
        );
        std::fs::create_dir(folder.path().join("supabase")).unwrap();
        let config = "[api]\nschemas = [\"api\", \"public\"]\n";
        std::fs::write(folder.path().join("supabase/config.toml"), config).unwrap();
        assert_eq!(
            configured_schemas(folder.path()),
            Ok(vec!["public".into(), "api".into()])
        );
    }
}
