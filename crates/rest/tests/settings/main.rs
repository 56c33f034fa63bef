//! Settings in the database: `ALTER ROLE … SET pgrst.…` and `NOTIFY pgrst`, while requests are served.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
#[path = "../resilience/api.rs"]
mod api;
#[path = "../database/mod.rs"]
mod database;
mod tokens;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use ferrobase_rest::{FunctionName, RestConfig, run_tasks, standalone};
use tokio::task::JoinHandle;

use self::api::{Answer, Api, answer, get};

/// How long a change may take to be served.
const SOON: Duration = Duration::from_secs(1);

async fn set(api: &Api, sql: &str) {
    api.sql().await.batch(sql).await.unwrap();
}

async fn change(api: &Api, sql: &str) {
    set(api, &format!("{sql}; notify pgrst, 'reload config'")).await;
}

async fn has_soon(api: &Api, path: &str, status: u16) {
    let is_wanted = |answer: &Answer| answer.status == status;
    assert!(
        api.becomes(SOON, get(path), is_wanted).await,
        "{path} is not {status}"
    );
}

async fn rows(api: &Api) -> usize {
    length(&api.send(get("/item?select=id")).await)
}

async fn has_rows_soon(api: &Api, count: usize) {
    let is_wanted = |answer: &Answer| length(answer) == count;
    assert!(
        api.becomes(SOON, get("/item?select=id"), is_wanted).await,
        "{} rows, not {count}",
        rows(api).await
    );
}

fn length(answer: &Answer) -> usize {
    answer.json().as_array().map_or(0, Vec::len)
}

const SUM: &str = "/item?select=kind_id,count()";

fn plan() -> Request<Body> {
    let mut request = get("/item?limit=1");
    let wanted = "application/vnd.pgrst.plan+json".parse().unwrap();
    request.headers_mut().insert("accept", wanted);
    request
}

#[tokio::test]
async fn switches_are_turned_on_and_off() {
    let api = Api::open().await;
    assert_eq!(api.send(get(SUM)).await.code(), "PGRST123");
    assert_eq!(api.send(plan()).await.status, 406);
    change(
        &api,
        "alter role keeper set pgrst.db_aggregates_enabled = 'true'; alter role keeper set pgrst.db_plan_enabled = 'true'",
    )
    .await;
    has_soon(&api, SUM, 200).await;
    assert_eq!(api.send(plan()).await.status, 200, "both are loaded together");
    change(&api, "alter role keeper reset all").await;
    has_soon(&api, SUM, 400).await;
    assert_eq!(api.send(plan()).await.status, 406);
    api.close().await;
}

#[tokio::test]
async fn what_is_set_before_the_start_counts_and_the_database_wins_over_the_role() {
    let mut api = Api::closed().await;
    set(
        &api,
        "alter role keeper set pgrst.db_max_rows = '3'; alter role gate set pgrst.db_max_rows = '2'",
    )
    .await;
    set(&api, "create database other").await;
    set(
        &api,
        "alter role keeper in database other set pgrst.db_max_rows = '1'",
    )
    .await;
    api.begin();
    has_soon(&api, "/kind", 200).await;
    assert_eq!(rows(&api).await, 3);
    change(
        &api,
        "alter role keeper in database postgres set pgrst.db_max_rows = '4'",
    )
    .await;
    has_rows_soon(&api, 4).await;
    change(
        &api,
        "alter role keeper in database postgres reset all; alter role keeper reset all",
    )
    .await;
    has_rows_soon(&api, 50).await;
    api.close().await;
}

#[tokio::test]
async fn another_schema_is_served_with_its_relations() {
    let api = Api::open().await;
    assert_eq!(api.send(get("/part")).await.code(), "PGRST205");
    set(
        &api,
        "alter role keeper set pgrst.db_schemas = 'spare'; notify pgrst",
    )
    .await;
    has_soon(&api, "/part", 200).await;
    assert_eq!(api.send(get("/item")).await.code(), "PGRST205");
    api.close().await;
}

#[tokio::test]
async fn a_wrong_value_leaves_the_settings_and_changes_of_the_schema_arrive() {
    let api = Api::open().await;
    change(&api, "alter role keeper set pgrst.db_max_rows = '3'").await;
    has_rows_soon(&api, 3).await;
    change(
        &api,
        "alter role keeper set pgrst.db_max_rows = '5'; alter role keeper set pgrst.db_tx_end = 'maybe';
         create table api.later (id int primary key)",
    )
    .await;
    has_soon(&api, "/later", 200).await;
    assert_eq!(rows(&api).await, 3);
    // What is decided at start and what nobody knows is no reason to refuse the rest.
    change(
        &api,
        "alter role keeper reset pgrst.db_tx_end; alter role keeper set pgrst.db_pool = '1';
         alter role keeper set pgrst.nonsense = 'x'",
    )
    .await;
    has_rows_soon(&api, 5).await;
    api.close().await;
}

/// A further data API with settings of its own.
async fn served(api: &Api, change: impl FnOnce(&mut RestConfig)) -> (Router, JoinHandle<()>) {
    let state = api.state(change);
    let tasks = tokio::spawn(run_tasks(state.clone(), std::future::pending()));
    let router = standalone(state);
    while answer(router.clone(), get("/kind")).await.status == 503 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    (router, tasks)
}

#[tokio::test]
async fn they_can_be_left_alone() {
    let api = Api::open().await;
    change(&api, "alter role keeper set pgrst.db_max_rows = '3'").await;
    has_rows_soon(&api, 3).await;
    let (router, tasks) = served(&api, |config| config.reads_database = false).await;
    assert_eq!(length(&answer(router, get("/item")).await), 50);
    tasks.abort();
    api.close().await;
}

#[tokio::test]
async fn a_function_makes_settings() {
    let api = Api::open().await;
    let function = |most: &str| {
        format!(
            "create or replace function public.settle() returns void language plpgsql as
             $$ begin perform set_config('pgrst.db_max_rows', {most}, true); end $$; notify pgrst"
        )
    };
    set(&api, &function("'7'")).await;
    let (router, tasks) = served(&api, |config| {
        config.pre_config = Some(FunctionName::read("public.settle"));
    })
    .await;
    let becomes = async |wanted: usize| {
        for _ in 0..100 {
            if length(&answer(router.clone(), get("/item")).await) == wanted {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    };
    assert!(becomes(7).await);
    set(&api, &function("'8'")).await;
    assert!(becomes(8).await);
    // One that fails leaves the settings; the schema is loaded all the same.
    set(&api, &function("(1 / 0)::text")).await;
    set(&api, "create table api.later (id int primary key); notify pgrst").await;
    has_soon(&api, "/later", 200).await;
    assert!(becomes(8).await);
    // The role's own settings win, and none of the function's is left over.
    set(&api, &function("''")).await;
    assert!(becomes(50).await);
    set(&api, &function("'9'")).await;
    set(
        &api,
        "alter role keeper set pgrst.db_max_rows = '2'; notify pgrst",
    )
    .await;
    assert!(becomes(2).await);
    tasks.abort();
    api.close().await;
}
