//! Settings for poolers in between: answers do not depend on them.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use ferrobase_rest::{RestConfig, TransactionEnd, run_tasks, standalone};

use crate::api::{Api, answer, by, get, post};

fn requests() -> Vec<Request<Body>> {
    let with = |mut request: Request<Body>, name: &'static str, value: &str| {
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    let delete = Request::delete("/item?id=gte.1000").body(Body::empty()).unwrap();
    let patch = Request::patch("/item?id=eq.1000")
        .body(Body::from(r#"{"name":"changed"}"#))
        .unwrap();
    vec![
        get("/"),
        get("/item?select=id,kind(name)&id=lte.3&order=id.desc"),
        with(get("/item?limit=2"), "prefer", "count=exact"),
        with(get("/item?limit=2"), "prefer", "count=planned"),
        with(
            get("/item?id=eq.7"),
            "accept",
            "application/vnd.pgrst.object+json",
        ),
        with(
            get("/item?id=gt.7"),
            "accept",
            "application/vnd.pgrst.object+json",
        ),
        with(get("/item?select=id,name&id=lt.4"), "accept", "text/csv"),
        get("/rpc/rows?count=5"),
        get("/rpc/rows?count=5000"),
        with(
            post("/item", r#"[{"id":1000,"name":"new","kind_id":1}]"#),
            "prefer",
            "return=representation",
        ),
        post("/item", r#"[{"id":1000,"name":"again","kind_id":1}]"#),
        post("/item", r#"[{"id":1001,"name":"x","kind_id":9}]"#),
        with(patch, "prefer", "return=representation"),
        with(
            post("/item", r#"[{"id":1002,"name":"x","kind_id":1}]"#),
            "prefer",
            "tx=rollback,return=representation",
        ),
        get("/item?id=gte.1000"),
        with(delete, "prefer", "return=representation,count=exact"),
        post("/rpc/trace_me", "{}"),
        by("ghost", get("/item")),
        by("stranger", get("/item")),
        by("hasty", post("/rpc/nap", r#"{"seconds":60}"#)),
        get("/item?id=eq.x"),
        get("/nothing"),
        get("/item?select=nothing"),
    ]
}

async fn served(api: &Api, change: impl FnOnce(&mut RestConfig)) -> (Router, tokio::task::JoinHandle<()>) {
    let state = api.state(|config| {
        config.transaction_end = TransactionEnd::CommitAllowOverride;
        config.pool_size = 1;
        change(config);
    });
    let tasks = tokio::spawn(run_tasks(state.clone(), std::future::pending()));
    let router = standalone(state);
    while answer(router.clone(), get("/kind")).await.status == 503 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    (router, tasks)
}

#[tokio::test]
async fn neither_pipeline_nor_prepared_statements_change_an_answer() {
    let api = Api::open().await;
    let mut all = Vec::new();
    for (pipeline, prepared) in [(true, true), (false, true), (true, false), (false, false)] {
        let (router, tasks) = served(&api, |config| {
            config.pipeline = pipeline;
            config.prepared_statements = prepared;
        })
        .await;
        let mut answers = Vec::new();
        // The second time the statements are known.
        for _ in 0..2 {
            for request in requests() {
                let path = format!("{} {}", request.method(), request.uri());
                answers.push((path, answer(router.clone(), request).await));
            }
        }
        tasks.abort();
        all.push(answers);
    }
    let statuses: Vec<u16> = all[0][..23].iter().map(|(_, answer)| answer.status).collect();
    let expected = [
        200, 200, 206, 206, 200, 406, 200, 200, 200, 201, 409, 409, 200, 201, 200, 200, 200, 401, 403, 500,
        400, 404, 400,
    ];
    assert_eq!(statuses, expected, "{:#?}", all[0]);
    for answers in &all {
        for (index, got) in answers.iter().enumerate() {
            assert_eq!(got, &all[0][index % 23]);
        }
    }
    api.close().await;
}
