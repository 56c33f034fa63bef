//! A throw-away server and a stream of it.

use std::time::Duration;

use ferrobase_cluster::{Cluster, ClusterOptions};
use ferrobase_db::{Connection, Db, DbOptions, Executor, Pool, PoolRole, Target};
use ferrobase_replication::{Change, Event, Events, State, StatusWatch, Stream, StreamOptions, Value};
use secrecy::SecretString;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    pub(crate) cluster: Cluster,
    pub(crate) db: Db,
    pub(crate) admin: Pool,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub(crate) async fn start_with(settings: &[(&str, &str)]) -> Self {
        let mut options = ClusterOptions::new("unused", "replication", SecretString::from("correct horse"));
        options.ephemeral = true;
        options.settings = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let cluster = Cluster::start(options).await.unwrap();
        let db = Db::new(&DbOptions {
            target: Target::Socket {
                dir: cluster.socket_dir().to_owned(),
                port: cluster.port(),
                user: cluster.superuser().to_owned(),
                database: "postgres".to_owned(),
            },
            max_connections: 4,
        })
        .unwrap();
        let admin = db.pool(PoolRole::Admin).unwrap();
        let server = Self { cluster, db, admin };
        server.run("create publication feed").await;
        server
    }

    pub(crate) async fn sql(&self) -> Connection {
        self.admin.get().await.unwrap()
    }

    pub(crate) async fn run(&self, sql: &str) {
        self.sql().await.batch(sql).await.unwrap();
    }

    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.sql().await.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Waits until `sql` gives `wanted`.
    pub(crate) async fn becomes(&self, sql: &str, wanted: i64) {
        let waiting = async {
            while self.number(sql).await != wanted {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        assert!(timeout(LIMIT, waiting).await.is_ok(), "{sql} is not {wanted}");
    }
}

pub(crate) fn options() -> StreamOptions {
    StreamOptions {
        publications: vec!["feed".to_owned()],
        slot_prefix: "test_".to_owned(),
        process: "one".to_owned(),
        queue_bytes: 1024 * 1024,
        max_lag: None,
    }
}

pub(crate) struct Reader {
    pub(crate) events: Events,
    pub(crate) status: StatusWatch,
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Reader {
    pub(crate) async fn start(server: &Server) -> Self {
        let mut reader = Self::start_with(server, options());
        reader.is_streaming().await;
        reader
    }

    pub(crate) fn start_with(server: &Server, options: StreamOptions) -> Self {
        let (stream, events, status) = Stream::new(&server.db, options).unwrap();
        let (end, ended) = oneshot::channel();
        let task = tokio::spawn(stream.run(async {
            let _ = ended.await;
        }));
        Self {
            events,
            status,
            end,
            task,
        }
    }

    pub(crate) async fn is_streaming(&mut self) {
        let streaming = async {
            while self.status.state() != State::Streaming {
                assert!(self.status.changed().await);
            }
        };
        assert!(
            timeout(LIMIT, streaming).await.is_ok(),
            "{:?}",
            self.status.state()
        );
    }

    pub(crate) async fn next(&mut self) -> Event {
        timeout(LIMIT, self.events.next())
            .await
            .expect("an event in time")
            .expect("a stream")
    }

    /// The next change, past begins and commits.
    pub(crate) async fn change(&mut self) -> Change {
        loop {
            match self.next().await {
                Event::Change(change) => return change,
                Event::Begin(_) | Event::Commit(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next event as one line.
    pub(crate) async fn line(&mut self) -> String {
        describe(&self.next().await)
    }

    /// The lines up to the next commit.
    pub(crate) async fn transaction(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            match self.next().await {
                Event::Begin(_) => {}
                Event::Commit(_) => return lines,
                other => lines.push(describe(&other)),
            }
        }
    }

    pub(crate) async fn stop(self) {
        let _ = self.end.send(());
        drop(self.events);
        timeout(LIMIT, self.task).await.unwrap().unwrap();
    }
}

pub(crate) fn describe(event: &Event) -> String {
    let row = |row: &Vec<Value>| {
        let values: Vec<&str> = row
            .iter()
            .map(|value| match value {
                Value::Null => "null",
                Value::Absent => "absent",
                Value::Text(_) => value.text().unwrap(),
            })
            .collect();
        values.join("|")
    };
    match event {
        Event::Begin(_) => "begin".to_owned(),
        Event::Commit(_) => "commit".to_owned(),
        Event::Gap(reason) => format!("gap: {reason:?}"),
        Event::Message(message) => format!(
            "message {}: {}",
            message.prefix,
            String::from_utf8_lossy(&message.content)
        ),
        Event::Truncate(relations) => {
            let names: Vec<&str> = relations.iter().map(|relation| &*relation.name).collect();
            format!("truncate {}", names.join(", "))
        }
        Event::Change(change) => {
            let old = change.old.as_ref().map_or_else(String::new, |old| {
                let kind = if old.is_complete { "old" } else { "key" };
                format!(" {kind} {}", row(&old.row))
            });
            let new = change
                .new
                .as_ref()
                .map_or_else(String::new, |new| format!(" new {}", row(new)));
            format!("{:?} {}{old}{new}", change.kind, change.relation.name)
        }
    }
}
