//! `cargo xtask conformance`: recorded HTTP cases against the release binary.
//!
//! The cases are not part of the project: they are replayed when `../shared` is there. Each profile of the cases is a
//! set of settings, for which a server of its own is started.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::suite::Outcome;
use crate::workspace;

mod auth;
mod data_api;
mod fixtures;
mod floor;
mod rest;
mod settings;
mod storage;
mod tally;

use floor::Floor;
use storage::Bytes;

/// What to replay.
#[derive(Args)]
pub(crate) struct Options {
    /// The service whose cases are replayed; all of them when not given.
    #[arg(long)]
    service: Option<Service>,
    /// Raise the floor in conformance/floor.json to what passed (it is never lowered).
    #[arg(long)]
    update_floor: bool,
    /// Replay the groups that are not part of the floor too (for a look ahead; they do not count).
    #[arg(long)]
    all_groups: bool,
    /// Only these profiles (the floor is not checked then).
    #[arg(long, value_delimiter = ',')]
    profiles: Vec<String>,
    /// Use the release binary as it is.
    #[arg(long)]
    no_build: bool,
}

/// A service with recorded cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Service {
    /// Sign-up, sign-in, MFA.
    Auth,
    /// The data API.
    Rest,
    /// Buckets and objects.
    Storage,
    /// The same, with the bytes in an S3-compatible store: a second server.
    StorageS3,
}

impl Options {
    /// As `cargo xtask test` runs it, which has built the binary already.
    pub(crate) fn for_test() -> Self {
        Self {
            service: None,
            update_floor: false,
            all_groups: false,
            profiles: Vec::new(),
            no_build: true,
        }
    }

    fn wants(&self, profile: &str) -> bool {
        self.profiles.is_empty() || self.profiles.iter().any(|wanted| wanted == profile)
    }

    fn is_partial(&self) -> bool {
        !self.profiles.is_empty() || self.all_groups
    }
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Rest => "rest",
            Self::Storage | Self::StorageS3 => "storage",
        }
    }

    /// The name of its suite.
    pub(crate) fn suite(self) -> &'static str {
        match self {
            Self::Auth => "auth-cases",
            Self::Rest => "rest-cases",
            Self::Storage => "storage-cases",
            Self::StorageS3 => "storage-s3-cases",
        }
    }
}

/// Replays the cases of the chosen services.
pub(crate) fn run(options: &Options) -> Result<Vec<Outcome>> {
    if !options.no_build && !workspace::build_binary()? {
        return Ok(vec![Outcome::single("build", false)]);
    }
    Service::value_variants()
        .iter()
        .filter(|service| options.service.is_none_or(|chosen| chosen == **service))
        .map(|service| replay(*service, options))
        .collect()
}

/// Replays the cases of one service with the binary that there is.
pub(crate) fn replay(service: Service, options: &Options) -> Result<Outcome> {
    let start = Instant::now();
    let folder = workspace::root()
        .join("../shared/conformance")
        .join(service.name());
    if !folder.is_dir() {
        return Ok(Outcome::skipped(
            service.suite(),
            "no recorded cases beside the project",
        ));
    }
    let floor_file = workspace::root().join("conformance/floor.json");
    let mut floor = Floor::read(&floor_file, service.name())?;
    let tally = match service {
        Service::Auth => auth::replay(&folder, options, &floor)?,
        Service::Rest => rest::replay(&folder, options)?,
        Service::Storage => storage::replay(&folder, options, &floor, Bytes::Files)?,
        Service::StorageS3 => storage::replay(&folder, options, &floor, Bytes::Store)?,
    };
    let outcome = tally.judge(service.suite(), &floor, options.is_partial());
    if options.update_floor && !options.is_partial() {
        floor.raise(outcome.passed);
        floor.write(&floor_file, service.name())?;
    }
    Ok(outcome.since(start))
}

/// Where a runner's report goes.
fn report_path(name: &str) -> Result<PathBuf> {
    let folder = workspace::target().join("xtask");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("conformance-{name}.json"));
    // A report of an earlier run must not pass for this one's.
    if path.exists() {
        std::fs::remove_file(&path)?;
    }
    Ok(path)
}
