//! One message train or a message at a time, statements kept or not: the same replies.

use std::time::Duration;

use ferrobase_db::{Ending, Exchange, ExchangeError, Format, RequestPool};

use crate::memory::alone;
use crate::server::{Server, ask, modes, refusal, request, single, statement};

/// What one request gave: its rows, or code and message of the refusal.
async fn outcome(pool: &RequestPool, exchange: &Exchange<'_>) -> Result<Vec<String>, String> {
    match ask(pool, exchange).await {
        Ok(rows) => Ok(rows),
        Err(ExchangeError::Server(error)) => Err(format!("{} {}", error.code, error.message)),
        Err(other) => panic!("{other}"),
    }
}

fn full(ending: Ending, isolation: Option<&'static str>) -> Exchange<'static> {
    Exchange {
        isolation: isolation.map(Into::into),
        before: Some(statement("select set_config('test.before', 'ran', true)", &[])),
        main: statement(
            "select n, current_setting('test.before'), current_setting('transaction_isolation'), $1::text, null
               from generate_series(1, 3) n",
            &["it's"],
        ),
        after: Some(statement("select current_user", &[])),
        ending,
        ..request("reader", "")
    }
}

#[tokio::test]
async fn every_mode_gives_the_same_replies() {
    let server = Server::start().await;
    let sql =
        "create table counted (id int primary key, of int references counted deferrable initially deferred);
               grant all on counted to writer";
    server.sql().await.batch(sql).await.unwrap();
    let mut answers = Vec::new();
    for options in modes() {
        let pool = server.pool(options);
        let mut answer = Vec::new();
        // Each twice: prepared now, and prepared before.
        for _ in 0..2 {
            for exchange in [
                full(Ending::Commit, None),
                full(Ending::Rollback, None),
                full(Ending::Commit, Some("serializable")),
                request("reader", "select from generate_series(1, 2)"),
                request("reader", "select 1 where false"),
                request("writer", "insert into counted values (1) returning id"),
                request("writer", "insert into counted values (1)"),
                request("writer", "insert into counted values (2, 7) returning id"),
                request("writer", "delete from counted returning id"),
                request("reader", "select 1 / (3 - n) from generate_series(1, 5) n"),
                request("reader", "select nonsense"),
                request("reader", "syntax error"),
                request("reader", ""),
            ] {
                answer.push(outcome(&pool, &exchange).await);
            }
        }
        answers.push(answer);
    }
    let expected = &answers[0];
    assert_eq!(
        expected[0],
        Ok([
            "1|ran|read committed|it's|null",
            "2|ran|read committed|it's|null",
            "3|ran|read committed|it's|null",
            "after reader"
        ]
        .map(str::to_owned)
        .to_vec())
    );
    assert_eq!(expected[1], expected[0], "undone, but answered");
    assert!(expected[2].as_ref().unwrap()[0].contains("serializable"));
    assert_eq!(expected[5], Ok(vec!["1".to_owned()]));
    assert!(expected[6].as_ref().unwrap_err().starts_with("23505"));
    assert!(
        expected[7].as_ref().unwrap_err().starts_with("23503"),
        "at the commit"
    );
    assert_eq!(expected[8], Ok(vec!["1".to_owned()]), "only the first row lasted");
    assert!(expected[9].as_ref().unwrap_err().starts_with("22012"));
    assert_eq!(expected[..13], expected[13..], "the second time");
    for answer in &answers[1..] {
        assert_eq!(answer, expected);
    }
    server.cluster.stop().await;
}

#[tokio::test]
async fn a_rollback_checks_deferred_constraints_first_and_leaves_nothing() {
    let server = Server::start().await;
    let sql = "create table child (of int references note deferrable initially deferred);
               grant all on child to writer";
    server.sql().await.batch(sql).await.unwrap();
    for options in modes() {
        let pool = server.pool(options);
        let undone = |sql| Exchange {
            ending: Ending::Rollback,
            ..request("writer", sql)
        };
        let inserted = ask(&pool, &undone("insert into note values (1, 'a') returning text")).await;
        assert_eq!(inserted.unwrap(), ["a"]);
        let dangling = ask(&pool, &undone("insert into child values (9) returning of")).await;
        assert_eq!(refusal(dangling).code, "23503");
        assert_eq!(server.number("select count(*) from note").await, 0);
        assert_eq!(ask(&pool, &request("reader", "select 1")).await.unwrap(), ["1"]);
    }
    server.cluster.stop().await;
}

#[tokio::test]
async fn values_travel_as_text_or_as_their_bytes() {
    let server = Server::start().await;
    for options in modes() {
        let pool = server.pool(options);
        let mut exchange = request("reader", "select '\\x00ff'::bytea, 'ü'::text, 7");
        assert_eq!(ask(&pool, &exchange).await.unwrap(), ["\\x00ff|ü|7"]);
        exchange.main.format = Format::Binary;
        let mut reply = pool.send(&exchange).await.unwrap();
        let Some(ferrobase_db::Piece::Row(row)) = reply.next().await.unwrap() else {
            panic!("no row");
        };
        assert_eq!(row.get(0), Some(&[0, 255][..]));
        assert_eq!(row.get(1), Some("ü".as_bytes()));
        assert_eq!(row.get(2), Some(&[0, 0, 0, 7][..]));
        reply.finish().await.unwrap();
    }
    server.cluster.stop().await;
}

/// The server waits until its answer to the context is read, while the body is still on its way: whoever only writes
/// first and reads then waits for ever.
#[tokio::test]
async fn a_large_question_and_a_large_answer_pass_each_other() {
    let _alone = alone().await;
    let server = Server::start().await;
    let pool = server.pool(single());
    cross(&pool).await;
    server.cluster.stop().await;
}

/// Asks with much, and is answered with much before all of it is sent.
pub(crate) async fn cross(pool: &RequestPool) {
    let body = "b".repeat(8 << 20);
    let exchange = Exchange {
        context: statement(
            "select repeat('a', 4 << 20), set_config('role', 'reader', true)",
            &[],
        ),
        main: statement("select length($1)", &[&body]),
        ..request("reader", "")
    };
    let asked = tokio::time::timeout(Duration::from_secs(20), ask(pool, &exchange)).await;
    assert_eq!(asked.expect("stuck").unwrap(), [(8 << 20).to_string()]);
}
