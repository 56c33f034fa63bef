//! Why a start did not work, or why a running backend had to end.

use ferrobase_workflow::WorkflowError;
use std::net::SocketAddr;
use std::path::PathBuf;

use ferrobase_config::ConfigError;

/// A start that failed. The texts are for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The S3-compatible store of objects cannot be used.
    #[error("cannot use the bucket {bucket:?} of {endpoint} for storage: {reason}")]
    Store {
        /// Address of the store.
        endpoint: String,
        /// Its bucket.
        bucket: String,
        /// Why.
        reason: String,
    },
    /// Other processes' Realtime cannot be reached.
    #[error("`realtime.nats_url`: {0}")]
    Bus(#[from] ferrobase_realtime::NatsError),
    /// The project's migrations or seeds cannot be applied.
    #[error(transparent)]
    Workflow(#[from] WorkflowError),
    /// The project's state folder cannot be used.
    #[error("cannot use {}: {source}", path.display())]
    State {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Keys cannot be read, made or used.
    #[error(transparent)]
    Keys(#[from] ferrobase_jwt::KeyError),
    /// The managed PostgreSQL does not start.
    #[error(transparent)]
    Cluster(#[from] ferrobase_cluster::ClusterError),
    /// The database cannot be reached or prepared.
    #[error(transparent)]
    Database(#[from] ferrobase_db::DbError),
    /// An address is taken or not ours.
    #[error(
        "cannot listen on {address} for the {purpose}: {source} (set `{key}` in supabase/config.toml or another port)"
    )]
    Listen {
        /// What was to listen.
        purpose: &'static str,
        /// Where.
        address: SocketAddr,
        /// The key that decides it.
        key: &'static str,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Outgoing HTTP or mail cannot be set up.
    #[error("outgoing connections: {0}")]
    Outgoing(String),
    /// The Auth service cannot be put together.
    #[error(transparent)]
    Auth(#[from] ferrobase_auth::StartError),
    /// A setting of the data API cannot be used.
    #[error(transparent)]
    Setting(#[from] ferrobase_rest::SettingError),
    /// The data API's settings of the project cannot be used.
    #[error(transparent)]
    DataApi(#[from] ferrobase_rest::ProjectError),
    /// The configuration's buckets cannot be made.
    #[error("buckets of the configuration: {0}")]
    Buckets(#[from] ferrobase_storage::StorageError),
    /// Metrics cannot be installed.
    #[error("metrics: {0}")]
    Metrics(String),
}

/// A running backend that cannot go on.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failed {
    /// PostgreSQL ended and does not start again.
    #[error("PostgreSQL ended and could not be started again: {0}")]
    Database(String),
    /// A listener ended.
    #[error("the {0} no longer accepts connections")]
    Listener(&'static str),
}
