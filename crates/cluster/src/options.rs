//! What a caller may decide about a cluster.

use std::path::PathBuf;

use secrecy::SecretString;

use crate::template::Template;

/// Where a cluster lives and how it runs. Made with [`ClusterOptions::new`]; the other fields have working defaults.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// The data directory. Created when missing. Not used when `ephemeral` is set.
    pub data_dir: PathBuf,
    /// Where the socket directory should go; a shorter or reachable place is taken when this one will not do.
    pub run_dir: Option<PathBuf>,
    /// The directory of PostgreSQL's programs (`FERROBASE_POSTGRES_BIN`); `None` searches.
    pub bin_dir: Option<PathBuf>,
    /// Listen on 127.0.0.1 at this port, 0 for any free one; `None` means sockets only.
    pub tcp_port: Option<u16>,
    /// A throw-away cluster in a temporary directory: nothing is synced to disk, everything is removed at the end.
    pub ephemeral: bool,
    /// The password of the superuser, needed over TCP only.
    pub superuser_password: SecretString,
    /// PostgreSQL settings that win over the built-in ones.
    pub settings: Vec<(String, String)>,
    /// Names the project where its cluster cannot live in its own folder.
    pub project_id: String,
    /// The user PostgreSQL runs as when this process is root and the data has no owner yet (default `postgres`).
    pub run_as: Option<String>,
    /// The system's state folder (default `/var/lib/ferrobase`), used when root's project folder is out of reach for
    /// the user PostgreSQL runs as.
    pub state_dir: PathBuf,
    /// What a new cluster is copied from, once it was made (`Cluster::make_template`).
    pub template: Option<Template>,
}

impl ClusterOptions {
    /// Options with defaults: persistent, sockets only, binaries searched.
    pub fn new(
        data_dir: impl Into<PathBuf>,
        project_id: impl Into<String>,
        superuser_password: SecretString,
    ) -> Self {
        Self {
            data_dir: data_dir.into(),
            run_dir: None,
            bin_dir: None,
            tcp_port: None,
            ephemeral: false,
            superuser_password,
            settings: Vec::new(),
            project_id: project_id.into(),
            run_as: None,
            state_dir: PathBuf::from("/var/lib/ferrobase"),
            template: None,
        }
    }
}
