//! What tokens are verified with, while requests are served.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use ferrobase_rest::{Environment, RestConfig, State, run_tasks, standalone};
use tokio::task::JoinHandle;

use crate::api::{Api, answer, get};
use crate::{change, set};

const FIRST: &str = "the first secret of 32 bytes or more";
const FIRST_AS_BASE64: &str = "dGhlIGZpcnN0IHNlY3JldCBvZiAzMiBieXRlcyBvciBtb3Jl";
const SECOND: &str = "the second secret of 32 bytes or more";

/// `{"role":"member"}`, signed with the first secret.
const OF_FIRST: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyb2xlIjoibWVtYmVyIn0.x8UFi3uGrnoR91-JkHD4AUjeDbkGSu3JjPS1DJrO30A";

/// `{"role":"member","aud":"you"}`, signed with the second secret.
const OF_SECOND: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyb2xlIjoibWVtYmVyIiwiYXVkIjoieW91In0.8-1wlvpgxnhi8JSLWhWkObc-FNrPc6mRwu00jSu9nWk";

/// A data API that verifies tokens itself, with `secret` in its variables.
struct Alone {
    state: State,
    router: Router,
    tasks: JoinHandle<()>,
}

impl Alone {
    fn begin(api: &Api, secret: &str, change: impl FnOnce(&mut RestConfig)) -> Self {
        let variables = [("PGRST_JWT_SECRET".to_owned(), secret.to_owned())];
        let tokens = Environment::new(variables).tokens().unwrap();
        let state = api.state(|config| {
            config.tokens = Some(tokens);
            change(config);
        });
        Self {
            router: standalone(state.clone()),
            tasks: tokio::spawn(run_tasks(state.clone(), std::future::pending())),
            state,
        }
    }

    /// Returns when a new relation is served.
    async fn has_loaded(&self, path: &str) {
        while answer(self.router.clone(), get(path)).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Status and code that a token gets.
    async fn outcome(&self, token: &str) -> (u16, String) {
        let answer = answer(self.router.clone(), by(token)).await;
        (answer.status, answer.code())
    }

    /// Whether the token is soon answered so.
    async fn becomes(&self, token: &str, status: u16, code: &str) -> bool {
        for _ in 0..200 {
            if self.outcome(token).await == (status, code.to_owned()) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }
}

fn by(token: &str) -> Request<Body> {
    let mut request = get("/who");
    let value = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert("authorization", value);
    request
}

#[tokio::test]
async fn the_secret_in_the_database_wins_and_may_change() {
    let api = Api::open().await;
    let alone = Alone::begin(&api, FIRST, |_| ());
    assert!(alone.becomes(OF_FIRST, 200, "").await);
    assert_eq!(alone.outcome(OF_SECOND).await, (401, "PGRST301".to_owned()));

    change(
        &api,
        &format!("alter role keeper set pgrst.jwt_secret = '{SECOND}'"),
    )
    .await;
    assert!(alone.becomes(OF_SECOND, 200, "").await);
    assert_eq!(alone.outcome(OF_FIRST).await, (401, "PGRST301".to_owned()));

    change(&api, "alter role keeper set pgrst.jwt_aud = 'me'").await;
    assert!(alone.becomes(OF_SECOND, 401, "PGRST303").await);

    let base64 = format!(
        "alter role keeper set pgrst.jwt_secret = '{FIRST_AS_BASE64}';
         alter role keeper set pgrst.jwt_secret_is_base64 = 'true'"
    );
    change(&api, &base64).await;
    assert!(alone.becomes(OF_FIRST, 200, "").await);

    // One that cannot be used changes nothing.
    set(&api, "create table api.later (id int)").await;
    change(&api, "alter role keeper set pgrst.jwt_secret = 'short'").await;
    alone.has_loaded("/later").await;
    assert_eq!(alone.outcome(OF_FIRST).await.0, 200);

    change(&api, "alter role keeper reset all").await;
    assert!(alone.becomes(OF_FIRST, 200, "").await);
    alone.tasks.abort();
    api.close().await;
}

#[tokio::test]
async fn a_file_is_read_again_with_every_reload() {
    let api = Api::open().await;
    let name = format!("ferrobase-exchanged-{}", std::process::id());
    let file = std::env::temp_dir().join(name);
    std::fs::write(&file, format!("{FIRST}\n")).unwrap();
    let alone = Alone::begin(&api, &format!("@{}", file.display()), |config| {
        // Nothing but the call below leads to a reload.
        config.channel = None;
    });
    assert!(alone.becomes(OF_FIRST, 200, "").await);
    std::fs::write(&file, format!("{SECOND}\n")).unwrap();
    alone.state.reload();
    assert!(alone.becomes(OF_SECOND, 200, "").await);
    std::fs::remove_file(&file).unwrap();
    set(&api, "create table api.later (id int)").await;
    alone.state.reload();
    alone.has_loaded("/later").await;
    assert_eq!(alone.outcome(OF_SECOND).await.0, 200, "the old one stays");
    alone.tasks.abort();
    api.close().await;
}

#[tokio::test]
async fn behind_a_gateway_the_database_has_no_say() {
    let api = Api::open().await;
    change(
        &api,
        &format!(
            "alter role keeper set pgrst.jwt_secret = '{FIRST}'; alter role keeper set pgrst.db_max_rows = '3'"
        ),
    )
    .await;
    let is_short = |answer: &crate::api::Answer| answer.json().as_array().map(Vec::len) == Some(3);
    assert!(api.becomes(Duration::from_secs(2), get("/item"), is_short).await);
    assert_eq!(api.send(by(OF_FIRST)).await.code(), "PGRST300");
    api.close().await;
}
