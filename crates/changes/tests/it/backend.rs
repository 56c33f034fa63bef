//! A server with a stream, a feed, and subscribers that note what they hear.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ferrobase_changes::{Backlog, Binding, Caller, Feed, FeedOptions, Sink, Subscriber, Subscription};
use ferrobase_cluster::{Cluster, ClusterOptions};
use ferrobase_db::{Db, DbOptions, Pool, PoolRole, Target};
use ferrobase_replication::{Stream, StreamOptions};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

const LIMIT: Duration = Duration::from_secs(20);

const SET_UP: &str = "
    create role anon;
    create role authenticated;
    create role service_role bypassrls;
    create role authenticator login noinherit;
    grant anon, authenticated, service_role to authenticator;
    alter default privileges grant all on tables to anon, authenticated, service_role;
    create publication supabase_realtime;
    create function me() returns text language sql stable
        as $$ select current_setting('request.jwt.claims', true)::json ->> 'sub' $$;";

pub(crate) struct Backend {
    pub(crate) cluster: Cluster,
    pub(crate) admin: Pool,
    pub(crate) feed: Feed,
    end: oneshot::Sender<()>,
    tasks: [JoinHandle<()>; 2],
}

impl Backend {
    pub(crate) async fn start(tables: &str) -> Self {
        let mut options = ClusterOptions::new("unused", "changes", SecretString::from("correct horse"));
        options.ephemeral = true;
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
        admin.get().await.unwrap().batch(SET_UP).await.unwrap();
        admin.get().await.unwrap().batch(tables).await.unwrap();
        let stream = StreamOptions {
            publications: vec!["supabase_realtime".to_owned()],
            slot_prefix: "test_".to_owned(),
            process: "one".to_owned(),
            queue_bytes: 4 * 1024 * 1024,
            max_lag: None,
        };
        let (stream, events, status) = Stream::new(&db, stream).unwrap();
        let options = FeedOptions {
            publication: "supabase_realtime".to_owned(),
            check_connections: 4,
        };
        let feed = Feed::new(&db, status, options).unwrap();
        let (end, ended) = oneshot::channel();
        let streaming = tokio::spawn(stream.run(async {
            let _ = ended.await;
        }));
        let feeding = {
            let feed = feed.clone();
            tokio::spawn(async move { feed.run(events, |_| ()).await })
        };
        Self {
            cluster,
            admin,
            feed,
            end,
            tasks: [streaming, feeding],
        }
    }

    pub(crate) async fn run(&self, sql: &str) {
        self.admin.get().await.unwrap().batch(sql).await.unwrap();
    }

    /// Subscribes without waiting.
    pub(crate) fn listen(&self, role: &str, sub: &str, bindings: &[Value]) -> Listener {
        let ears = Arc::new(Ears::default());
        let bindings = bindings.iter().zip(1..);
        let subscriber = Subscriber {
            sink: Arc::clone(&ears) as Arc<dyn Sink>,
            bindings: bindings
                .map(|(given, id)| Binding {
                    id,
                    given: given.clone(),
                })
                .collect(),
            caller: caller(role, sub),
        };
        let subscription = self.feed.subscribe(subscriber);
        Listener { ears, subscription }
    }

    /// Subscribes, and waits until that has worked.
    pub(crate) async fn subscribe(&self, role: &str, sub: &str, bindings: &[Value]) -> Listener {
        let listener = self.listen(role, sub, bindings);
        assert_eq!(listener.system().await, "ok: Subscribed to PostgreSQL");
        listener
    }

    pub(crate) async fn stop(self) {
        let _ = self.end.send(());
        for task in self.tasks {
            timeout(LIMIT, task).await.unwrap().unwrap();
        }
        self.cluster.stop().await;
    }
}

pub(crate) fn caller(role: &str, sub: &str) -> Caller {
    Caller {
        role: role.into(),
        claims: json!({ "role": role, "sub": sub }).to_string().into(),
    }
}

/// A binding for everything of a table in `public`.
pub(crate) fn table(name: &str) -> Value {
    json!({ "event": "*", "schema": "public", "table": name })
}

/// A binding with a filter.
pub(crate) fn filtered(name: &str, filter: &str) -> Value {
    json!({ "event": "*", "schema": "public", "table": name, "filter": filter })
}

#[derive(Debug, Default)]
struct Ears {
    systems: Mutex<Vec<String>>,
    changes: Mutex<Vec<(Vec<u64>, Value)>>,
}

impl Sink for Ears {
    fn system(&self, status: Result<&str, &str>) {
        let text = match status {
            Ok(text) => format!("ok: {text}"),
            Err(text) => format!("error: {text}"),
        };
        self.systems.lock().unwrap().push(text);
    }

    fn change(&self, ids: &[u64], data: &Arc<str>) -> bool {
        let data = serde_json::from_str(data).expect("JSON");
        self.changes.lock().unwrap().push((ids.to_vec(), data));
        false
    }

    fn backlog(&self) -> Backlog {
        Backlog {
            is_pressed: false,
            progress: 0,
        }
    }
}

pub(crate) struct Listener {
    ears: Arc<Ears>,
    pub(crate) subscription: Subscription,
}

impl Listener {
    /// The next system message.
    pub(crate) async fn system(&self) -> String {
        let waiting = async {
            loop {
                {
                    let mut systems = self.ears.systems.lock().unwrap();
                    if !systems.is_empty() {
                        return systems.remove(0);
                    }
                }
                sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(LIMIT, waiting).await.expect("a system message")
    }

    /// The next change.
    pub(crate) async fn next(&self) -> (Vec<u64>, Value) {
        let waiting = async {
            loop {
                {
                    let mut changes = self.ears.changes.lock().unwrap();
                    if !changes.is_empty() {
                        return changes.remove(0);
                    }
                }
                sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(LIMIT, waiting).await.expect("a change")
    }

    /// Changes up to the one of an insert whose `n` is `last`; the `n` of each.
    pub(crate) async fn numbers(&self, last: i64) -> Vec<i64> {
        let mut numbers = Vec::new();
        while numbers.last() != Some(&last) {
            let (_, data) = self.next().await;
            let row = if data["type"] == "DELETE" {
                &data["old_record"]
            } else {
                &data["record"]
            };
            numbers.push(row["n"].as_i64().unwrap());
        }
        numbers
    }
}
