//! `ferrobase status`: where the backend of this project is and its keys.

use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::failure::Failure;
use crate::{endpoints, printer, project};

/// How the values are printed.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Output {
    /// A table for a person
    #[default]
    Pretty,
    /// One flat object with the Supabase CLI's names
    Json,
    /// The same names as KEY="value" lines
    Env,
}

/// Show the URLs and keys of the running backend
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ferrobase status\n  ferrobase status -o json\n  ferrobase status -o env > .env.local"
)]
pub(crate) struct Args {
    /// Output format
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,
}

/// Prints them; fails when nothing runs.
pub(crate) fn run(args: &Args, workdir: &Path) -> Result<ExitCode, Failure> {
    let state = ferrobase_server::read_state(workdir).ok_or_else(|| project::not_running(workdir))?;
    let values = endpoints::status_values(&state.endpoints);
    match args.output {
        Output::Pretty => printer::table(&endpoints::rows(&state.endpoints)),
        Output::Json => printer::line(json(values)),
        Output::Env => values
            .iter()
            .for_each(|(name, value)| printer::line(env_line(name, value))),
    }
    Ok(ExitCode::SUCCESS)
}

fn json(values: Vec<(&str, String)>) -> String {
    let object = values
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    format!("{:#}", serde_json::Value::Object(object))
}

/// A line that shells and `.env` readers take alike.
fn env_line(name: &str, value: &str) -> String {
    let mut line = format!("{name}=\"");
    for c in value.chars() {
        if matches!(c, '"' | '\\' | '$' | '`') {
            line.push('\\');
        }
        line.push(c);
    }
    line.push('"');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted() {
        assert_eq!(env_line("A", "plain"), "A=\"plain\"");
        assert_eq!(env_line("A", "a\"b$c\\d`"), "A=\"a\\\"b\\$c\\\\d\\`\"");
    }

    #[test]
    fn json_is_one_flat_object_in_order() {
        let text = json(endpoints::status_values(&endpoints::example()));
        assert!(
            text.starts_with("{\n  \"API_URL\": \"http://127.0.0.1:54321\",\n  \"REST_URL\""),
            "{text}"
        );
    }
}
