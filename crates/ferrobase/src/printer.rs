//! The only place that prints. Results go to stdout, everything else to stderr. A closed pipe is nobody's fault and ends nothing.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use comfy_table::{Table, presets};

use crate::failure::Failure;

/// A line of result.
pub(crate) fn line(text: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A line about what is going on.
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Something to look at, though nothing failed.
pub(crate) fn warning(text: impl Display) {
    note(format_args!("warning: {text}"));
}

/// Why a command failed.
pub(crate) fn failure(failure: &Failure) {
    note(format_args!("error: {}", failure.message));
    if let Some(hint) = &failure.hint {
        note(format_args!("hint: {hint}"));
    }
}

/// A table of names and values, as a result.
pub(crate) fn table(rows: &[(&str, String)]) {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    for (name, value) in rows {
        table.add_row([name, value.as_str()]);
    }
    line(table);
}

/// Rows under titles, as a result.
pub(crate) fn columns<const N: usize>(titles: [&str; N], rows: impl IntoIterator<Item = [String; N]>) {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(titles);
    for row in rows {
        table.add_row(row);
    }
    line(table);
}

/// Help, version or a usage error, as clap words it.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}
