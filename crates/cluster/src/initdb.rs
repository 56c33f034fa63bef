//! Making a new cluster: the one way initdb is run.

use std::{
    env,
    ffi::OsString,
    path::Path,
    process::{Command, Stdio},
};

use rustix::process::Signal;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    account::Account,
    cluster::SUPERUSER,
    error::{ClusterError, io},
    files::{private_dir, put_unsynced},
    installation::Installation,
    parent_death,
};

/// Runs initdb into `data_dir`, which must be missing or empty. Nothing is synced: see `seal.rs`.
///
/// `private_dir` is any directory that only the account may enter; the password passes through a file in it.
pub(crate) fn run(
    installation: &Installation,
    data_dir: &Path,
    password: &SecretString,
    password_dir: &Path,
    account: &Account,
) -> Result<(), ClusterError> {
    private_dir(data_dir, account).map_err(io("create", data_dir))?;
    let password_file = password_dir.join("initdb-password");
    let line = format!("{}\n", password.expose_secret());
    put_unsynced(&password_file, line.as_bytes(), account).map_err(io("write", &password_file))?;
    let result = execute(installation, data_dir, &password_file, account);
    let _ = std::fs::remove_file(&password_file);
    result
}

fn execute(
    installation: &Installation,
    data_dir: &Path,
    password_file: &Path,
    account: &Account,
) -> Result<(), ClusterError> {
    let program = installation.bin_dir.join("initdb");
    let mut command = Command::new(&program);
    command
        .arg("-D")
        .arg(data_dir)
        .arg("--pwfile")
        .arg(password_file)
        .args(["--username", SUPERUSER])
        .args([
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--encoding=UTF8",
        ])
        .args(locale())
        .args(["--data-checksums", "--no-instructions", "--no-sync"])
        .env_clear()
        .envs(environment())
        .current_dir("/")
        .stdin(Stdio::null());
    account.apply(&mut command);
    // A killed parent must not leave a program that writes into a directory which the next start removes. The thread
    // lives as long as the child, as this asks for: it waits for the output.
    parent_death::signal_when_parent_dies(&mut command, Signal::KILL);
    let output = command.output().map_err(io("run", &program))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let mut last: Vec<&str> = said
        .lines()
        .rev()
        .filter(|line| !line.is_empty())
        .take(8)
        .collect();
    last.reverse();
    Err(ClusterError::Initdb {
        output: last.join("\n"),
    })
}

/// Sorting by code point either way; as collation `C` it needs no call into the C library, and LIKE can use indexes.
fn locale() -> &'static [&'static str] {
    if cfg!(target_os = "linux") {
        &["--locale=C.UTF-8", "--lc-collate=C"]
    } else {
        &["--locale=C", "--lc-ctype=UTF-8"]
    }
}

/// The environment of PostgreSQL's programs: a short list, because ours holds secrets and `PG…` variables of the user.
pub(crate) fn environment() -> Vec<(&'static str, OsString)> {
    let kept = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"];
    let mut variables: Vec<(&'static str, OsString)> = kept
        .into_iter()
        .filter_map(|name| Some((name, env::var_os(name)?)))
        .collect();
    // With TZ set initdb does not search the whole time zone database for the machine's zone.
    variables.extend([("LC_ALL", "C".into()), ("TZ", "UTC".into())]);
    variables
}
