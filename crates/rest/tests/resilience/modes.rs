//! Settings for poolers in between, on which answers do not depend, and settings on which they do.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use ferrobase_rest::{FunctionName, OpenApiMode, RestConfig, TransactionEnd, run_tasks, standalone};

use crate::api::{Answer, Api, answer, by, get, post};

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

fn request(method: &str, path: &str, body: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .header("prefer", "tx=rollback")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

#[tokio::test]
async fn writes_are_whole_however_few_rows_may_be_read() {
    let api = Api::open_with("grant update on api.kind to visitor").await;
    let (router, tasks) = served(&api, |config| config.max_rows = Some(1)).await;
    let lengths = |answer: &Answer| -> Vec<usize> {
        let json = answer.json();
        let rows = json.as_array().unwrap().iter();
        rows.map(|row| row["item"].as_array().unwrap().len()).collect()
    };
    let read = answer(router.clone(), get("/kind?select=item(id)")).await;
    assert_eq!(lengths(&read), [1]);
    let mut patch = request("PATCH", "/kind?select=item(id)&item.limit=2", r#"{"name":"x"}"#);
    let headers = patch.headers_mut();
    headers.append("prefer", "return=representation".parse().unwrap());
    let written = answer(router, patch).await;
    assert_eq!(lengths(&written), [25, 25]);
    tasks.abort();
    api.close().await;
}

#[tokio::test]
async fn aggregates_are_refused_where_nothing_comes_back() {
    let api = Api::open().await;
    let delete = request("DELETE", "/item?id=eq.1&select=id.count()", "");
    let refused = api.send(delete).await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "PGRST123"));
    assert_eq!(api.number("select count(*) from api.item where id = 1").await, 1);
    api.close().await;
}

#[tokio::test]
async fn the_root_may_be_a_function() {
    let api = Api::open().await;
    let rows = |answer: &Answer| answer.json().as_array().map(Vec::len);
    let (router, tasks) = served(&api, |config| {
        config.root_spec = Some(FunctionName::read("api.rows"));
    })
    .await;
    assert_eq!(rows(&answer(router.clone(), get("/?count=3")).await), Some(3));
    let called = answer(router.clone(), post("/?select=id", r#"{"count":2}"#)).await;
    assert_eq!(called.json(), serde_json::json!([{"id": 1}, {"id": 2}]));
    for (method, status, code) in [("PATCH", 405, "PGRST101"), ("OPTIONS", 404, "PGRST202")] {
        let refused = answer(router.clone(), request(method, "/", "{}")).await;
        assert_eq!((refused.status, refused.code().as_str()), (status, code));
    }
    tasks.abort();
    let (router, tasks) = served(&api, |config| {
        config.root_spec = Some(FunctionName::read("api.rows"));
        config.openapi_mode = OpenApiMode::Disabled;
    })
    .await;
    let refused = answer(router, get("/?count=3")).await;
    assert_eq!((refused.status, refused.code().as_str()), (404, "PGRST126"));
    tasks.abort();
    api.close().await;
}

/// A function of a media type of its own, and one that sets the status.
const PAGES: &str = r#"
create domain api."text/html" as text;
create function api.page() returns api."text/html" language sql immutable as $$ select '<p>'::api."text/html" $$;
create function api.busy() returns text language sql volatile
    as $$ select set_config('response.status', '503', true) $$;
"#;

#[tokio::test]
async fn a_value_that_a_range_takes_away_is_an_empty_body() {
    let api = Api::open_with(PAGES).await;
    let page = |path| {
        let mut request = get(path);
        let headers = request.headers_mut();
        headers.insert("accept", "text/html".parse().unwrap());
        request
    };
    for (path, body) in [("/rpc/page", "<p>"), ("/rpc/page?offset=1", "")] {
        let answer = api.send(page(path)).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, body), "{path}");
    }
    let busy = api.send(post("/rpc/busy", "{}")).await;
    assert_eq!(busy.status, 503);
    assert_eq!(busy.headers["retry-after"], "1");
    api.close().await;
}
