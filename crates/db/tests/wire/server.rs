//! A throw-away server, a login that may become some roles, and what tests ask of both.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use ferrobase_cluster::{Cluster, ClusterOptions};
use ferrobase_db::{
    Connection, Db, DbOptions, Ending, Exchange, ExchangeError, Executor, Piece, Pool, PoolRole, Reply,
    RequestPool, RequestPoolOptions, ServerError, Statement, Target,
};
use secrecy::SecretString;

/// The superuser's password over TCP.
pub(crate) const PASSWORD: &str = "correct horse";

/// `gate` may become reader and writer, not stranger.
const ROLES: &str = "
    create role gate login noinherit;
    create role reader;
    create role writer;
    create role stranger;
    grant reader, writer to gate;
    create table public.note (id int primary key, text text);
    grant all on public.note to reader, writer, stranger;
";

pub(crate) struct Server {
    pub(crate) cluster: Cluster,
    admin: Pool,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut ClusterOptions)) -> Self {
        let mut options = ClusterOptions::new("unused", "wire", SecretString::from(PASSWORD));
        options.ephemeral = true;
        change(&mut options);
        let cluster = Cluster::start(options).await.unwrap();
        let admin = database(socket(&cluster, cluster.superuser()))
            .pool(PoolRole::Admin)
            .unwrap();
        let server = Self { cluster, admin };
        server.sql().await.batch(ROLES).await.unwrap();
        server
    }

    /// A connection of the superuser.
    pub(crate) async fn sql(&self) -> Connection {
        self.admin.get().await.unwrap()
    }

    /// A number that the superuser asks for.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.sql().await.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Connections of `gate` as the options say.
    pub(crate) fn pool(&self, options: RequestPoolOptions) -> RequestPool {
        requests(socket(&self.cluster, "gate"), options)
    }

    /// Whether `sql` gives `wanted` within `limit`.
    pub(crate) async fn becomes(&self, sql: &str, wanted: i64, limit: Duration) -> bool {
        let begun = Instant::now();
        loop {
            if self.number(sql).await == wanted {
                return true;
            }
            if begun.elapsed() > limit {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Kills the server without a farewell, as a power failure does, and waits until it is gone.
    pub(crate) async fn kill(&self) {
        let exited = self.cluster.exited();
        let pid = self.cluster.pid().unwrap().to_string();
        let status = std::process::Command::new("kill").args(["-QUIT", &pid]).status();
        assert!(status.unwrap().success());
        exited.await;
    }
}

/// The managed way: a private socket.
pub(crate) fn socket(cluster: &Cluster, user: &str) -> Target {
    Target::Socket {
        dir: cluster.socket_dir().to_owned(),
        port: cluster.port(),
        user: user.to_owned(),
        database: "postgres".to_owned(),
    }
}

fn database(target: Target) -> Db {
    Db::new(&DbOptions {
        target,
        max_connections: 4,
    })
    .unwrap()
}

pub(crate) fn requests(target: Target, options: RequestPoolOptions) -> RequestPool {
    database(target).requests(PoolRole::Admin, options).unwrap()
}

/// One connection, so that every request meets what the one before left behind.
pub(crate) fn single() -> RequestPoolOptions {
    RequestPoolOptions {
        max_connections: 1,
        ..RequestPoolOptions::default()
    }
}

/// The ways in which requests can be sent.
pub(crate) fn modes() -> [RequestPoolOptions; 4] {
    [(true, 256), (true, 0), (false, 256), (false, 0)].map(|(pipeline, prepared_statements)| {
        RequestPoolOptions {
            pipeline,
            prepared_statements,
            ..single()
        }
    })
}

pub(crate) fn statement<'a>(sql: &'a str, params: &[&'a str]) -> Statement<'a> {
    Statement {
        sql: Cow::Borrowed(sql),
        params: params
            .iter()
            .map(|value| Some(Cow::Borrowed(value.as_bytes())))
            .collect(),
        ..Statement::default()
    }
}

/// `sql` as `role`.
pub(crate) fn request<'a>(role: &'a str, sql: &'a str) -> Exchange<'a> {
    Exchange {
        role: role.into(),
        isolation: None,
        context: statement("select set_config('role', $1, true)", &[role]),
        before: None,
        main: statement(sql, &[]),
        after: None,
        ending: Ending::Commit,
        stream_above: usize::MAX,
    }
}

/// Everything of a reply: the main statement's rows, then the last one's, marked. Columns are joined by `|`.
pub(crate) async fn rows(mut reply: Reply) -> Result<Vec<String>, ExchangeError> {
    let mut rows = Vec::new();
    while let Some(piece) = reply.next().await? {
        let (mark, row) = match piece {
            Piece::Row(row) => ("", row),
            Piece::After(row) => ("after ", row),
            Piece::Large { leading, .. } => ("large ", leading),
        };
        let columns: Vec<&str> = (0..row.len())
            .map(|index| row.text(index).unwrap_or("null"))
            .collect();
        rows.push(format!("{mark}{}", columns.join("|")));
    }
    Ok(rows)
}

/// Sends and reads everything.
pub(crate) async fn ask(pool: &RequestPool, exchange: &Exchange<'_>) -> Result<Vec<String>, ExchangeError> {
    rows(pool.send(exchange).await?).await
}

/// The one value that `sql` gives to `role`.
pub(crate) async fn value(pool: &RequestPool, role: &str, sql: &str) -> String {
    let rows = ask(pool, &request(role, sql)).await.unwrap();
    assert_eq!(rows.len(), 1, "{sql}: {rows:?}");
    rows[0].clone()
}

/// The server's refusal.
pub(crate) fn refusal<T: std::fmt::Debug>(result: Result<T, ExchangeError>) -> ServerError {
    match result {
        Err(ExchangeError::Server(error)) => *error,
        other => panic!("not refused by the server: {other:?}"),
    }
}
