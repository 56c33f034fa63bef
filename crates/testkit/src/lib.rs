//! A running backend inside a test: the whole composition on an ephemeral cluster and free ports, with a client, its
//! inbox and its database. Everything panics with a plain message when it does not work: this is for tests only.
#![allow(clippy::expect_used, clippy::missing_panics_doc)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use ferrobase_config::{Config, LoadOptions};
use ferrobase_db::{Db, DbOptions, Pool, PoolRole, Target};
use ferrobase_http::{Outgoing, OutgoingRequest, Policy};
use ferrobase_server::{Endpoints, Running, StartOptions, serve};
use http::{HeaderMap, Method};
use serde_json::Value;

/// A backend and its temporary project folder. Call [`Backend::stop`] at the end of the test.
#[derive(Debug)]
pub struct Backend {
    running: Running,
    client: Outgoing,
    workdir: tempfile::TempDir,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body as JSON; `Value::Null` when it is none.
    pub json: Value,
    /// The body as text.
    pub text: String,
}

impl Backend {
    /// Starts a backend with this `config.toml`.
    pub async fn start(config: &str) -> Self {
        let workdir = tempfile::tempdir().expect("a temporary folder");
        open_to_the_database(workdir.path());
        std::fs::create_dir(workdir.path().join("supabase")).expect("a project folder");
        std::fs::write(workdir.path().join("supabase/config.toml"), config).expect("a config file");
        let load = LoadOptions {
            workdir: workdir.path().to_owned(),
            env: BTreeMap::new(),
            flags: Vec::new(),
        };
        let config = Config::load(&load).expect("a valid configuration");
        let options = StartOptions {
            workdir: workdir.path().to_owned(),
            db_url: None,
            host: None,
            port: None,
            ephemeral: true,
        };
        let running = serve(config, options).await.expect("a running backend");
        Self {
            running,
            client: client(),
            workdir,
        }
    }

    /// Addresses and keys.
    pub fn endpoints(&self) -> &Endpoints {
        self.running.endpoints()
    }

    /// The project folder.
    pub fn workdir(&self) -> &Path {
        self.workdir.path()
    }

    /// A request with the anon key as `apikey` and `token`, if any, as bearer; `body` goes out as JSON.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        let mut headers = vec![("apikey".to_owned(), self.endpoints().anon_key.clone())];
        if let Some(token) = token {
            headers.push(("authorization".to_owned(), format!("Bearer {token}")));
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        self.raw(method, path, headers, body.into_bytes()).await
    }

    /// Any request.
    pub async fn raw(
        &self,
        method: Method,
        path: &str,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Answer {
        ask(
            &self.client,
            &self.endpoints().api_url,
            method,
            path,
            headers,
            body,
        )
        .await
    }

    /// Connections of the login that tools use.
    pub fn sql(&self) -> Pool {
        let target = Target::Url(self.endpoints().db_url.clone());
        let db = Db::new(&DbOptions {
            target,
            max_connections: 2,
        })
        .expect("a database");
        db.pool(PoolRole::Admin).expect("a pool")
    }

    /// Ends it in order.
    pub async fn stop(self) {
        self.running.stop().await;
    }
}

fn client() -> Outgoing {
    let policy = Policy {
        allow_private: true,
        idle_per_host: 4,
        user_agent: "testkit".to_owned(),
    };
    Outgoing::new(&policy).expect("a client")
}

/// A request to a server that the test starts by itself, at `base`.
pub async fn request(
    base: &str,
    method: Method,
    path: &str,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
) -> Answer {
    ask(&client(), base, method, path, headers, body).await
}

async fn ask(
    client: &Outgoing,
    base: &str,
    method: Method,
    path: &str,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
) -> Answer {
    let url = format!("{base}{path}").parse().expect("a URL");
    let request = OutgoingRequest {
        method,
        url,
        headers,
        body,
        timeout: Duration::from_secs(30),
        max_response: 16 << 20,
    };
    let response = client.send(request).await.expect("an answer");
    let text = String::from_utf8_lossy(&response.body).into_owned();
    let json = serde_json::from_str(&text).unwrap_or_default();
    Answer {
        status: response.status,
        headers: response.headers,
        json,
        text,
    }
}

/// As root, PostgreSQL runs as an unprivileged user who has to reach the folder.
fn open_to_the_database(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).expect("permissions");
}
