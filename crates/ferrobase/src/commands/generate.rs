//! `ferrobase gen`: things that are made for a project.

mod types;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use ferrobase_config::{Config, LoadOptions};
use ferrobase_jwt::{KeyAlgorithm, KeyError, KeyRing, ProjectKeys, RingError, add_to_file, generate_key};
use ferrobase_server::{keys_file, state_dir};

use crate::failure::Failure;
use crate::printer;

/// Generate keys, and types of the database
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ferrobase gen types > database.types.ts\n  ferrobase gen keys --algorithm ES256",
    arg_required_else_help = true
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: GenCommand,
}

#[derive(Debug, Subcommand)]
enum GenCommand {
    /// Generate a JWT signing key, or rotate those of this project
    ///
    /// Without a flag: prints a fresh private key, or writes it to the file of auth.signing_keys_path. The other flags change
    /// the keys of this project (supabase/.ferrobase/keys.json, or that file); a running backend takes a change over within
    /// two seconds.
    #[command(
        visible_alias = "signing-key",
        after_help = "Examples:\n  ferrobase gen keys\n  ferrobase gen signing-key --algorithm RS256 --append\n\nRotation, without signing anybody out:\n  ferrobase gen keys --standby\n  (wait until everybody who remembers the public keys has seen the new one: ten minutes)\n  ferrobase gen keys --rotate\n  (wait until the last token of the old key has expired: auth.jwt_expiry)\n  ferrobase gen keys --revoke KID"
    )]
    Keys(KeysArgs),

    Types(types::Args),
}

#[derive(Debug, clap::Args)]
struct KeysArgs {
    /// Algorithm of a fresh key
    #[arg(long, value_enum, ignore_case = true, default_value = "ES256")]
    algorithm: Algorithm,

    /// Add the key to the file of auth.signing_keys_path instead of replacing what is there
    #[arg(long, conflicts_with_all = ["standby", "rotate", "revoke", "list"])]
    append: bool,

    /// Replace the keys in the file of auth.signing_keys_path; everybody is signed out
    #[arg(long, conflicts_with_all = ["append", "standby", "rotate", "revoke", "list"])]
    yes: bool,

    /// Publish a fresh key that will sign after the next rotation
    #[arg(long, conflicts_with_all = ["rotate", "revoke", "list"])]
    standby: bool,

    /// Sign with the standby key from now on; tokens of the key before stay valid
    #[arg(long, conflicts_with_all = ["revoke", "list"])]
    rotate: bool,

    /// Accept nothing of this key any more; cannot be undone
    // Names of keys may begin with a dash.
    #[arg(long, value_name = "KID", allow_hyphen_values = true, conflicts_with = "list")]
    revoke: Option<String>,

    /// Show the keys of this project and where in their lives they are
    #[arg(long)]
    list: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Algorithm {
    #[value(name = "ES256")]
    Es256,
    #[value(name = "RS256")]
    Rs256,
}

impl From<Algorithm> for KeyAlgorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Es256 => Self::Es256,
            Algorithm::Rs256 => Self::Rs256,
        }
    }
}

/// Dispatches.
pub(crate) async fn run(args: Args, workdir: &Path) -> Result<ExitCode, Failure> {
    match args.command {
        GenCommand::Keys(args) => keys(&args, workdir),
        GenCommand::Types(args) => types::run(args, workdir).await,
    }
}

fn keys(args: &KeysArgs, workdir: &Path) -> Result<ExitCode, Failure> {
    let configured = configured_file(workdir)?;
    let algorithm = args.algorithm.into();
    if args.list || args.standby || args.rotate || args.revoke.is_some() {
        let keys = match configured {
            Some(path) => Keys::List(path),
            None => Keys::Project(keys_file(&state_dir(workdir))),
        };
        let ring = keys.apply(args, algorithm)?;
        show(&ring);
    } else {
        match configured {
            Some(path) => write(&path, algorithm, args)?,
            None => print(algorithm)?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What `auth.signing_keys_path` names.
fn configured_file(workdir: &Path) -> Result<Option<PathBuf>, Failure> {
    let config = Config::load(&LoadOptions::from_process(workdir))?;
    let path = config.section("auth").get("signing_keys_path").string()?;
    Ok(path
        .filter(|path| !path.is_empty())
        .map(|path| config.resolve_path(path)))
}

/// Where the keys of this project are.
enum Keys {
    Project(PathBuf),
    List(PathBuf),
}

impl Keys {
    fn apply(&self, args: &KeysArgs, algorithm: KeyAlgorithm) -> Result<KeyRing, Failure> {
        if args.list {
            return self.read().map_err(|error| failed(&error));
        }
        let fresh = if args.standby {
            Some(generate_key(algorithm).map_err(|error| failed(&error))?)
        } else {
            None
        };
        let change = |ring: &mut KeyRing| -> Result<(), RingError> {
            match (fresh, &args.revoke) {
                (Some(key), _) => ring.add_standby(key),
                (None, Some(kid)) => ring.revoke(kid),
                (None, None) => ring.rotate(),
            }
        };
        match self {
            Self::Project(path) => ProjectKeys::change_signing_keys(path, change),
            Self::List(path) => KeyRing::change_file(path, change),
        }
        .map_err(|error| failed(&error))
    }

    fn read(&self) -> Result<KeyRing, KeyError> {
        match self {
            Self::Project(path) => ProjectKeys::signing_keys(path),
            Self::List(path) => KeyRing::read_file(path),
        }
    }
}

fn failed(error: &KeyError) -> Failure {
    let hint = match error {
        KeyError::Ring(RingError::NoStandby) => Some("make one with `ferrobase gen keys --standby`"),
        KeyError::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            Some("a project gets its keys when it is started for the first time")
        }
        _ => None,
    };
    let failure = Failure::caused("signing keys", error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn show(ring: &KeyRing) {
    let rows: Vec<(&str, String)> = ring
        .keys()
        .map(|key| (key.kid(), format!("{} {}", key.algorithm(), key.status.as_str())))
        .collect();
    printer::table(&rows);
}

/// The key alone on stdout, so that it can be piped.
fn print(algorithm: KeyAlgorithm) -> Result<(), Failure> {
    printer::line(generate_key(algorithm).map_err(|error| failed(&error))?);
    printer::note("To enable JWT signing keys in your local project:");
    printer::note("1. Save the generated key, in [ ], to supabase/signing_key.json");
    printer::note("2. Update your supabase/config.toml with the new keys path");
    printer::note("\n[auth]\nsigning_keys_path = \"./signing_key.json\"");
    Ok(())
}

fn write(path: &Path, algorithm: KeyAlgorithm, args: &KeysArgs) -> Result<(), Failure> {
    let is_empty = std::fs::metadata(path).map_or(true, |about| about.len() == 0)
        || KeyRing::read_file(path).is_ok_and(|ring| ring.is_empty());
    if !(is_empty || args.append || args.yes) {
        return Err(Failure::new(format!("{} has keys already", path.display()))
            .hint("--append adds to them; --yes replaces them, which signs everybody out"));
    }
    let key = generate_key(algorithm).map_err(|error| failed(&error))?;
    let count = add_to_file(path, key, args.append).map_err(|error| failed(&error))?;
    printer::note(format_args!(
        "JWT signing key appended to: {} (now contains {count} keys)",
        path.display()
    ));
    if count == 1 {
        printer::note(
            "IMPORTANT: Add your signing key path to .gitignore to prevent committing to version control.",
        );
    }
    Ok(())
}
