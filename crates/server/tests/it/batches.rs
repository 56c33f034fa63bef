//! Writes that share a commit (`ferrobase_db::Batched`), against a real server.

use ferrobase_db::Executor;
use ferrobase_testkit::Backend;
use futures_util::future::join_all;

#[tokio::test(flavor = "multi_thread")]
async fn one_failure_is_nobody_elses() {
    let backend = Backend::start("").await;
    let sql = backend.sql();
    sql.execute("create table public.numbers (n int primary key, tx bigint)", &[])
        .await
        .unwrap();
    let insert = async |n: i32| {
        let statement = "insert into public.numbers values ($1, txid_current()) returning n";
        sql.batched().query(statement, &[&n]).await
    };
    // 7 comes twice: one of the two fails, every other number is there.
    let numbers: Vec<i32> = (0..40).chain([7]).collect();
    let results = join_all(numbers.iter().map(|n| insert(*n))).await;
    let failed: Vec<&ferrobase_db::DbError> = results
        .iter()
        .filter_map(|result| result.as_ref().err())
        .collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(failed[0].is_unique_violation("numbers_pkey"));
    let row = sql
        .query_one("select count(*), count(distinct tx) from public.numbers", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), 40);

    // Without a failure they share commits.
    sql.execute("truncate public.numbers", &[]).await.unwrap();
    let results = join_all((0..40).map(insert)).await;
    assert!(results.iter().all(Result::is_ok));
    let row = sql
        .query_one("select count(*), count(distinct tx) from public.numbers", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), 40);
    assert!(row.get::<_, i64>(1) < 40, "no commit was shared");
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_write_holds_nobody_up() {
    let backend = Backend::start("").await;
    let sql = backend.sql();
    sql.execute("create table public.numbers (n int primary key)", &[])
        .await
        .unwrap();
    let insert = async |n: i32| {
        // The one that is abandoned takes so long that it is not over before, however slow the machine is.
        let statement = "insert into public.numbers select $1::int from (select pg_sleep(case $1::int when 100 then 1 else 0.05 end)) as pause returning n";
        sql.batched().query(statement, &[&n]).await
    };
    let abandoned = async {
        tokio::time::timeout(std::time::Duration::from_millis(30), insert(100))
            .await
            .is_err()
    };
    let others = join_all((0..5).map(insert));
    let (was_abandoned, others) = tokio::join!(abandoned, others);
    assert!(was_abandoned);
    assert!(others.iter().all(Result::is_ok), "{others:?}");
    let row = sql
        .query_one("select count(*) from public.numbers where n < 100", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), 5);
    backend.stop().await;
}
