//! The database of the data API's cases: a throw-away cluster, filled by the cases' own script.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use ferrobase_cluster::{Cluster, ClusterOptions};
use tokio::runtime::Runtime;

use crate::process::stream;
use crate::workspace;

/// The database and the login that the script makes.
const DATABASE: &str = "pgrst_spec";
const LOGIN: &str = "Postgrest_Test_Authenticator";

/// What the cases expect of the cluster; many servers share it.
const SETTINGS: &[(&str, &str)] = &[
    ("autovacuum", "off"),
    ("shared_preload_libraries", "pg_stat_statements"),
    ("max_connections", "300"),
    ("random_page_cost", "4"),
    ("work_mem", "4MB"),
];

/// A running cluster with the fixtures.
pub(super) struct Fixtures {
    /// Dropped before the runtime on which it lives.
    cluster: Option<Cluster>,
    runtime: Runtime,
    /// Whether PostGIS is not installed, so that its cases cannot run.
    pub(super) lacks_postgis: bool,
}

impl Fixtures {
    /// Starts the cluster and fills it.
    pub(super) fn load(folder: &Path) -> Result<Self> {
        let runtime = Runtime::new()?;
        let mut options = ClusterOptions::new("unused", "conformance", "unused".into());
        options.ephemeral = true;
        options.settings = SETTINGS
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let cluster = runtime
            .block_on(Cluster::start(options))
            .context("starting PostgreSQL")?;
        let mut fixtures = Self {
            cluster: Some(cluster),
            runtime,
            lacks_postgis: false,
        };
        fixtures.lacks_postgis = !fixtures.has_extension("postgis")?;
        fixtures.fill(folder)?;
        Ok(fixtures)
    }

    /// Where the login finds the database.
    pub(super) fn url(&self) -> String {
        self.cluster.as_ref().map_or_else(String::new, |cluster| {
            format!(
                "postgresql://{LOGIN}@/{DATABASE}?host={}&port={}",
                cluster.socket_dir().display(),
                cluster.port()
            )
        })
    }

    fn fill(&self, folder: &Path) -> Result<()> {
        // Written by an earlier run's server, maybe as another user: PostgreSQL could not overwrite it.
        std::fs::remove_file("/tmp/projects_dump.csv").ok();
        let mut command = Command::new(folder.join("load.sh"));
        self.point(&mut command);
        command
            .arg(DATABASE)
            .env("RESET_SQL", workspace::target().join("xtask/rest-reset.sql"));
        if self.lacks_postgis {
            println!("PostGIS is not installed: its cases are skipped");
            command.env("NO_POSTGIS", "1");
        }
        std::fs::create_dir_all(workspace::target().join("xtask"))?;
        if !stream(&mut command, |_| {})? {
            bail!("the fixtures do not load");
        }
        Ok(())
    }

    fn has_extension(&self, name: &str) -> Result<bool> {
        let mut command = Command::new("psql");
        self.point(&mut command);
        let query = format!("select count(*) from pg_available_extensions where name = '{name}'");
        let output = command
            .args([
                "-XAt",
                "-U",
                ferrobase_cluster::SUPERUSER,
                "-d",
                "postgres",
                "-c",
                &query,
            ])
            .output()
            .context("psql")?;
        Ok(output.stdout.trim_ascii() == b"1")
    }

    fn point(&self, command: &mut Command) {
        if let Some(cluster) = &self.cluster {
            command
                .env("PGHOST", cluster.socket_dir())
                .env("PGPORT", cluster.port().to_string())
                .env("SUPERUSER", ferrobase_cluster::SUPERUSER);
        }
    }
}

impl Drop for Fixtures {
    fn drop(&mut self) {
        if let Some(cluster) = self.cluster.take() {
            self.runtime.block_on(cluster.stop());
        }
    }
}
