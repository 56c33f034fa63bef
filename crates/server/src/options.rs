//! What a command decides about a start.

use std::net::IpAddr;
use std::path::PathBuf;

/// Options of one start; everything else comes from the configuration.
#[derive(Debug, Clone)]
pub struct StartOptions {
    /// The project folder.
    pub workdir: PathBuf,
    /// Use this server instead of a managed cluster.
    pub db_url: Option<String>,
    /// Address to listen on; 127.0.0.1 when `None`.
    pub host: Option<IpAddr>,
    /// Port of the API; 0 for any free one; from the configuration when `None`.
    pub port: Option<u16>,
    /// Temporary data, free ports, random keys; everything is gone at the end.
    pub ephemeral: bool,
}
