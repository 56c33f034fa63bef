//! Large answers: passed on as they come, never held.

use std::time::Duration;

use ferrobase_db::{Exchange, Format, Piece, Reply};

use crate::memory::Growth;
use crate::server::{Server, request, single, value};

const MEBIBYTE: usize = 1 << 20;
const SIZE: usize = 200 * MEBIBYTE;

/// Of 200 MiB that pass through; what one may hold is a buffer of some 64 KiB. The rest is for the small tests that run
/// beside it.
const MOST_GROWTH: u64 = 16;

fn streamed(sql: &str) -> Exchange<'_> {
    Exchange {
        stream_above: 256 * 1024,
        ..request("reader", sql)
    }
}

/// The large row that comes next: its leading columns and the length of the last one.
async fn large(reply: &mut Reply) -> (Vec<String>, usize) {
    match reply.next().await.unwrap() {
        Some(Piece::Large { leading, length }) => {
            let columns = (0..leading.len()).map(|index| leading.text(index).unwrap().to_owned());
            (columns.collect(), length)
        }
        other => panic!("not large: {other:?}"),
    }
}

#[tokio::test]
async fn a_large_value_passes_through_little_memory() {
    let server = Server::start().await;
    let pool = server.pool(single());
    let mut growth = Growth::begin().await;
    let sql = format!("select 1, 'two', repeat('0123456789abcdef', {})", SIZE / 16);
    let mut reply = pool.send(&streamed(&sql)).await.unwrap();
    assert_eq!(
        large(&mut reply).await,
        (vec!["1".to_owned(), "two".to_owned()], SIZE)
    );
    let mut got = 0;
    while let Some(chunk) = reply.chunk().await.unwrap() {
        for (index, byte) in chunk.iter().enumerate().step_by(997) {
            assert_eq!(*byte, b"0123456789abcdef"[(got + index) % 16]);
        }
        got += chunk.len();
        if got % 64 < 8 {
            growth.sample();
        }
    }
    growth.sample();
    assert_eq!(got, SIZE);
    assert!(reply.next().await.unwrap().is_none());
    drop(reply);
    assert!(
        growth.mebibytes() < MOST_GROWTH,
        "grew by {} MiB",
        growth.mebibytes()
    );
    assert_eq!(value(&pool, "reader", "select 1").await, "1");
    server.cluster.stop().await;
}

#[tokio::test]
async fn many_rows_pass_through_little_memory() {
    const ROWS: usize = 200_000;
    let server = Server::start().await;
    let pool = server.pool(single());
    let mut growth = Growth::begin().await;
    let sql = format!("select n, repeat('x', 1000) from generate_series(1, {ROWS}) n");
    let mut reply = pool.send(&streamed(&sql)).await.unwrap();
    for number in 1..=ROWS {
        let Some(Piece::Row(row)) = reply.next().await.unwrap() else {
            panic!("row {number} is missing");
        };
        assert_eq!(row.text(0).unwrap().parse(), Ok(number));
        assert_eq!(row.get(1).unwrap().len(), 1000);
        if number % 1000 == 0 {
            growth.sample();
        }
    }
    assert!(reply.next().await.unwrap().is_none());
    assert!(
        growth.mebibytes() < MOST_GROWTH,
        "grew by {} MiB",
        growth.mebibytes()
    );
    server.cluster.stop().await;
}

/// The server waits for a reader that is slow; and it stops when the reader leaves.
#[tokio::test]
async fn a_slow_reader_holds_up_the_server_and_not_the_memory() {
    let waiting = "select count(*) from pg_stat_activity
                   where usename = 'gate' and state = 'active' and wait_event = 'ClientWrite'";
    let working = "select count(*) from pg_stat_activity where usename = 'gate' and state = 'active'";
    let server = Server::start().await;
    for sql in [
        format!("select repeat('x', {SIZE})"),
        "select n, repeat('x', 1000) from generate_series(1, 200000) n".to_owned(),
    ] {
        let pool = server.pool(single());
        let mut growth = Growth::begin().await;
        let mut reply = pool.send(&streamed(&sql)).await.unwrap();
        assert!(reply.next().await.unwrap().is_some());
        let _ = reply.chunk().await.unwrap();
        assert!(
            server.becomes(waiting, 1, Duration::from_secs(10)).await,
            "the server went on"
        );
        growth.sample();
        assert!(
            growth.mebibytes() < MOST_GROWTH,
            "grew by {} MiB",
            growth.mebibytes()
        );
        drop(reply);
        assert!(
            server.becomes(working, 0, Duration::from_secs(1)).await,
            "it works for nobody"
        );
        assert_eq!(value(&pool, "reader", "select 1").await, "1");
    }
    server.cluster.stop().await;
}

#[tokio::test]
async fn large_and_small_rows_follow_each_other() {
    let server = Server::start().await;
    let pool = server.pool(single());
    let sql =
        "select n, repeat('x', case n % 2 when 0 then 1000000 else 10 end) from generate_series(1, 6) n";
    let mut reply = pool.send(&streamed(sql)).await.unwrap();
    for number in 1..=6 {
        if number % 2 == 1 {
            let Some(Piece::Row(row)) = reply.next().await.unwrap() else {
                panic!("row {number} is not small");
            };
            assert_eq!(
                (row.text(0), row.text(1)),
                (Some(&*number.to_string()), Some("xxxxxxxxxx"))
            );
            continue;
        }
        assert_eq!(large(&mut reply).await, (vec![number.to_string()], 1_000_000));
        // Of the second one only a part is read, of the third one nothing: the rest is passed over.
        let mut got = 0;
        while got < 1_000_000 / number {
            got += reply.chunk().await.unwrap().unwrap().len();
        }
    }
    assert!(reply.next().await.unwrap().is_none());
    assert!(reply.chunk().await.unwrap().is_none());
    server.cluster.stop().await;
}

/// What is held besides: a value below the bound is whole, one above it is not, and null is nothing.
#[tokio::test]
async fn the_bound_decides_what_is_large() {
    let server = Server::start().await;
    let pool = server.pool(single());
    for (length, is_large) in [(200_000, false), (300_000, true)] {
        let sql = format!("select repeat('x', {length})");
        let mut reply = pool.send(&streamed(&sql)).await.unwrap();
        let piece = reply.next().await.unwrap();
        assert_eq!(matches!(piece, Some(Piece::Large { .. })), is_large, "{length}");
        reply.finish().await.unwrap();
    }
    let mut reply = pool
        .send(&streamed("select repeat('x', 300000), null"))
        .await
        .unwrap();
    let (leading, length) = large(&mut reply).await;
    assert_eq!((leading[0].len(), length), (300_000, 0));
    reply.finish().await.unwrap();
    server.cluster.stop().await;
}

/// Its bytes look like the server's own messages: "ready for the next request".
#[tokio::test]
async fn a_large_value_left_in_the_middle_is_not_taken_for_messages() {
    let server = Server::start().await;
    let pool = server.pool(single());
    let process = value(&pool, "reader", "select pg_backend_pid()").await;
    let mut exchange = streamed("select decode(repeat('5a0000000549', 500000), 'hex')");
    exchange.main.format = Format::Binary;
    for chunks in 0..4 {
        let mut reply = pool.send(&exchange).await.unwrap();
        assert_eq!(large(&mut reply).await.1, 3_000_000);
        for _ in 0..chunks {
            assert!(reply.chunk().await.unwrap().is_some());
        }
        drop(reply);
        for _ in 0..3 {
            assert_eq!(value(&pool, "reader", "select 6 * 7").await, "42");
        }
        assert_eq!(value(&pool, "reader", "select pg_backend_pid()").await, process);
    }
    server.cluster.stop().await;
}
