//! Statements that stay prepared.

use ferrobase_db::{ExchangeError, RequestPoolOptions};

use crate::server::{Server, ask, modes, refusal, request, single, statement, value};

const PREPARED: &str = "select count(*) from pg_prepared_statements";

#[tokio::test]
async fn more_shapes_than_fit_stay_right_and_within_the_bound() {
    const BOUND: usize = 8;
    let server = Server::start().await;
    for pipeline in [true, false] {
        let pool = server.pool(RequestPoolOptions {
            prepared_statements: BOUND,
            pipeline,
            ..single()
        });
        let mut most = 0;
        for round in 0..100 {
            let number = round % 31;
            let sql = format!("select {number} as column_{number}");
            assert_eq!(value(&pool, "reader", &sql).await, number.to_string());
            most = most.max(value(&pool, "reader", PREPARED).await.parse().unwrap());
        }
        assert_eq!(most, BOUND, "pipeline: {pipeline}");
    }
    server.cluster.stop().await;
}

#[tokio::test]
async fn nothing_is_prepared_where_nothing_may_be() {
    let server = Server::start().await;
    for options in modes() {
        let expected = if options.prepared_statements == 0 {
            "0"
        } else {
            "2"
        };
        let pool = server.pool(options);
        value(&pool, "reader", PREPARED).await;
        assert_eq!(value(&pool, "reader", PREPARED).await, expected);
    }
    server.cluster.stop().await;
}

#[tokio::test]
async fn a_table_that_changed_is_not_noticed() {
    let server = Server::start().await;
    let sql =
        "create table changing (a int); insert into changing values (1); grant all on changing to reader";
    server.sql().await.batch(sql).await.unwrap();
    for options in modes() {
        let pool = server.pool(options);
        let read = request("reader", "select * from changing");
        assert_eq!(ask(&pool, &read).await.unwrap(), ["1"]);
        let change = server.sql().await;
        change
            .batch("alter table changing alter a type text using a || '!', add b int default 2")
            .await
            .unwrap();
        assert_eq!(ask(&pool, &read).await.unwrap(), ["1!|2"]);
        assert_eq!(ask(&pool, &read).await.unwrap(), ["1!|2"]);
        change
            .batch("alter table changing drop b, alter a type int using 1")
            .await
            .unwrap();
        assert_eq!(ask(&pool, &read).await.unwrap(), ["1"]);
    }
    server.cluster.stop().await;
}

/// The statement that no longer fits comes behind one that writes: it must not be written twice.
#[tokio::test]
async fn a_repeated_transaction_happens_once() {
    let server = Server::start().await;
    let sql = "create table changing (a int); insert into changing values (1);
               create table written (n serial); grant all on all tables in schema public to writer;
               grant all on all sequences in schema public to writer";
    server.sql().await.batch(sql).await.unwrap();
    let pool = server.pool(single());
    let mut exchange = request("writer", "select * from changing");
    exchange.before = Some(statement("insert into written default values", &[]));
    assert_eq!(ask(&pool, &exchange).await.unwrap(), ["1"]);
    let sql = "alter table changing add b int";
    server.sql().await.batch(sql).await.unwrap();
    assert_eq!(ask(&pool, &exchange).await.unwrap(), ["1|null"]);
    assert_eq!(server.number("select count(*) from written").await, 2);
    server.cluster.stop().await;
}

/// A pooler between us and the server, or a function, may have thrown them away.
#[tokio::test]
async fn statements_that_the_server_lost_are_prepared_anew() {
    let server = Server::start().await;
    let pool = server.pool(single());
    assert_eq!(value(&pool, "reader", "select 41 + 1").await, "42");
    ask(&pool, &request("reader", "deallocate all")).await.unwrap();
    assert_eq!(value(&pool, "reader", "select 41 + 1").await, "42");
    server.cluster.stop().await;
}

#[tokio::test]
async fn a_statement_that_failed_to_prepare_is_tried_again() {
    let server = Server::start().await;
    for options in modes() {
        let pool = server.pool(options);
        let read = request("reader", "select n from later");
        assert_eq!(refusal(ask(&pool, &read).await).code, "42P01");
        let sql = "create table later (n int); grant all on later to reader; insert into later values (5)";
        server.sql().await.batch(sql).await.unwrap();
        assert_eq!(ask(&pool, &read).await.unwrap(), ["5"]);
        server.sql().await.batch("drop table later").await.unwrap();
    }
    server.cluster.stop().await;
}

/// A statement that cannot be sent takes nothing else with it: not the connection, and not the order to the server to
/// forget what was evicted.
#[tokio::test]
async fn a_statement_that_cannot_be_sent_leaves_the_connection_whole() {
    const BOUND: usize = 4;
    let server = Server::start().await;
    for pipeline in [true, false] {
        let pool = server.pool(RequestPoolOptions {
            prepared_statements: BOUND,
            pipeline,
            ..single()
        });
        let process = value(&pool, "reader", "select pg_backend_pid()").await;
        for number in 0..20 {
            value(&pool, "reader", &format!("select {number}")).await;
            let refused = ask(&pool, &request("reader", "select 'a\0b'")).await;
            assert!(
                matches!(refused, Err(ExchangeError::Unsendable(_))),
                "{refused:?}"
            );
        }
        value(&pool, "reader", PREPARED).await;
        let kept = value(&pool, "reader", PREPARED).await;
        assert_eq!(kept, BOUND.to_string(), "pipeline: {pipeline}");
        assert_eq!(value(&pool, "reader", "select pg_backend_pid()").await, process);
    }
    server.cluster.stop().await;
}
