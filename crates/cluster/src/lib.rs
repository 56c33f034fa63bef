//! The managed PostgreSQL: a private cluster that belongs to one project and lives and dies with this process.
//!
//! [`Cluster::start`] finds the binaries, makes the cluster when there is none, gets the data directory out of whatever
//! state a crash left it in, and returns when PostgreSQL takes connections. On a first start the caller then applies its
//! baseline and calls [`Cluster::seal`]; a cluster that was never sealed is made anew by the next start.
//!
//! Where to start reading: `prepare.rs` is the order of everything that happens before PostgreSQL runs, `postmaster.rs`
//! is one PostgreSQL process from spawn to exit, `cluster.rs` is the public face. The behaviour comes from
//! managed-postgres.md 1–5.
//!
//! The one rule behind most of the code: **this process may be killed at any moment**, and the next start must work
//! without anyone's help. Hence the lock that the kernel releases (`lock.rs`), the signal at the parent's death
//! (`parent_death.rs`), the takeover of survivors (`takeover.rs`) and the seal (`seal.rs`).

mod account;
mod binaries;
mod cluster;
mod ephemeral;
mod error;
mod files;
mod initdb;
mod installation;
mod lock;
mod log;
mod options;
mod parent_death;
mod pid_file;
mod place;
mod postmaster;
mod prepare;
mod processes;
mod scheduling;
mod seal;
mod settings;
mod sockets;
mod takeover;
mod template;

pub use crate::binaries::find_program;
pub use crate::cluster::{Cluster, SUPERUSER};
pub use crate::error::ClusterError;
pub use crate::installation::Version;
pub use crate::options::ClusterOptions;
pub use crate::postmaster::Exit;
pub use crate::template::Template;
