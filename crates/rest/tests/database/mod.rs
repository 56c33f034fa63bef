//! The cluster's database as some user, for the test binaries beside this folder.

use ferrobase_cluster::Cluster;
use ferrobase_db::{Db, DbOptions, Target};

/// Connects as `user`, over the cluster's socket.
pub(crate) fn database(cluster: &Cluster, user: &str) -> Db {
    let target = Target::Socket {
        dir: cluster.socket_dir().to_owned(),
        port: cluster.port(),
        user: user.to_owned(),
        database: "postgres".to_owned(),
    };
    Db::new(&DbOptions {
        target,
        max_connections: 2,
    })
    .unwrap()
}
