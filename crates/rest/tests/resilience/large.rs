//! Many tables, and many rows.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use futures_util::StreamExt as _;
use tower::ServiceExt as _;

use crate::api::{Answer, Api, get, post};
use crate::memory::{Growth, alone};

const TABLES: usize = 5000;
const MANY_TABLES: &str = "
    do $$ begin
        for n in 1..5000 loop
            execute format(
                'create table api.table_%1$s (id int primary key, previous_id int references api.table_%2$s,
                     name text not null, price numeric(10, 2) default 0, made_at timestamptz, tags text[])',
                n, greatest(n - 1, 1));
        end loop;
    end $$;
    insert into api.table_1 values (1, 1, 'first');
    insert into api.table_2 values (2, 1, 'second');
    insert into api.table_3 values (3, 2, 'third');
";

#[tokio::test]
async fn thousands_of_tables_are_loaded_and_served() {
    let mut api = Api::closed().await;
    api.sql()
        .await
        .batch("alter system set max_locks_per_transaction = 1024")
        .await
        .unwrap();
    api.cluster.restart().await.unwrap();
    api.sql().await.batch(MANY_TABLES).await.unwrap();
    let mut growth = Growth::begin().await;
    let begun = Instant::now();
    api.begin();
    let is_served = |answer: &Answer| answer.status == 200;
    assert!(
        api.becomes(Duration::from_secs(60), get("/item"), is_served)
            .await
    );
    growth.sample();
    report(&format!(
        "{TABLES} tables: {:?}, {} MiB",
        begun.elapsed(),
        growth.mebibytes()
    ));
    for number in (1..=TABLES).step_by(97) {
        let path = format!(
            "/table_{number}?select=id,name,price,tags,previous:table_{}!previous_id(id)",
            (number - 1).max(1)
        );
        let answer = api.send(get(&path)).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    }
    let chain = api
        .send(get("/table_3?select=name,table_2(name,table_1(name))"))
        .await;
    let expected = r#"[{"name":"third","table_2":{"name":"second","table_1":{"name":"first"}}}]"#;
    assert_eq!(chain.text, expected);
    // A change among thousands is seen as well.
    api.sql()
        .await
        .batch("create table api.last_one (id int primary key); notify pgrst")
        .await
        .unwrap();
    let begun = Instant::now();
    assert!(
        api.becomes(Duration::from_secs(60), get("/last_one"), is_served)
            .await
    );
    growth.sample();
    report(&format!(
        "loaded again: {:?}, {} MiB in all",
        begun.elapsed(),
        growth.mebibytes()
    ));
    assert!(growth.mebibytes() < 400, "{} MiB", growth.mebibytes());
    api.close().await;
}

#[expect(clippy::print_stderr, reason = "figures for whoever looks at them")]
fn report(line: &str) {
    eprintln!("{line}");
}

/// The answer is some 40 MB; a slow client makes the database wait.
#[tokio::test]
async fn a_huge_answer_passes_through_little_memory() {
    const ROWS: usize = 300_000;
    let waiting = "select count(*) from pg_stat_activity
                   where usename = 'gate' and state = 'active' and wait_event = 'ClientWrite'";
    let api = Api::open().await;
    let mut growth = Growth::begin().await;
    let answer = api
        .router()
        .oneshot(get(&format!("/rpc/rows?count={ROWS}")))
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let length: usize = answer.headers()["content-length"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let mut body = answer.into_body().into_data_stream();
    let (mut got, mut rows) = (0, 0);
    let mut end = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.unwrap();
        if got == 0 {
            assert!(
                api.counts(Duration::from_secs(5), waiting, 1).await,
                "the database does not wait"
            );
        }
        if got >> 20 != (got + chunk.len()) >> 20 {
            growth.sample();
        }
        got += chunk.len();
        rows += chunk.split(|byte| *byte == b'{').count() - 1;
        end = chunk.to_vec();
    }
    assert_eq!((got, rows), (length, ROWS));
    assert!(end.ends_with(b"}]"));
    assert!(growth.mebibytes() < 16, "grew by {} MiB", growth.mebibytes());
    assert_eq!(api.send(get("/item?id=eq.1")).await.status, 200);
    api.close().await;
}

/// The database repeats the headers while the body is still on its way to it: both must be read as they come.
#[tokio::test]
async fn a_large_question_with_large_headers_is_answered() {
    let _alone = alone().await;
    let api = Api::open().await;
    let rows: Vec<String> = (1000..40_000)
        .map(|id| format!(r#"{{"id":{id},"name":"{}","kind_id":1}}"#, "n".repeat(150)))
        .collect();
    let mut request = post("/item", &format!("[{}]", rows.join(",")));
    let large = "h".repeat(1 << 20);
    request.headers_mut().insert("x-large", large.parse().unwrap());
    let answer = tokio::time::timeout(Duration::from_secs(20), api.send(request))
        .await
        .expect("stuck");
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(
        api.number("select count(*) from api.item where id >= 1000").await,
        39_000
    );
    api.close().await;
}
