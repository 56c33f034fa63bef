//! What comes of which statement.

use ferrobase_replication::{Event, Identity, State};

use crate::server::{Reader, Server, options};

#[tokio::test]
async fn rows_come_as_the_identity_of_their_table_says() {
    let server = Server::start().await;
    server
        .run(
            "create table plain (id int primary key, a text, b text);
             create table whole (id int primary key, a text, b text);
             alter table whole replica identity full;
             create table indexed (id int primary key, code text not null unique, a text);
             alter table indexed replica identity using index indexed_code_key;
             alter publication feed add table plain, whole, indexed;",
        )
        .await;
    let mut reader = Reader::start(&server).await;
    let long = "repeat(md5(random()::text), 1000)";
    for (sql, wanted) in [
        (
            "insert into plain values (1, 'x', null)",
            "Insert plain new 1|x|null",
        ),
        ("update plain set a = 'y'", "Update plain new 1|y|null"),
        (
            "update plain set id = 2",
            "Update plain key 1|null|null new 2|y|null",
        ),
        ("delete from plain", "Delete plain key 2|null|null"),
        (
            "insert into whole values (1, 'x', null)",
            "Insert whole new 1|x|null",
        ),
        (
            "update whole set a = 'y'",
            "Update whole old 1|x|null new 1|y|null",
        ),
        ("delete from whole", "Delete whole old 1|y|null"),
        (
            "insert into indexed values (1, 'c', 'x')",
            "Insert indexed new 1|c|x",
        ),
        ("update indexed set a = 'y'", "Update indexed new 1|c|y"),
        (
            "update indexed set code = 'd'",
            "Update indexed key null|c|null new 1|d|y",
        ),
        ("delete from indexed", "Delete indexed key null|d|null"),
        ("truncate plain, whole", "truncate plain, whole"),
        (
            "select pg_logical_emit_message(true, 'jobs', 'go')",
            "message jobs: go",
        ),
    ] {
        server.run(sql).await;
        assert_eq!(reader.transaction().await, [wanted], "{sql}");
    }

    // Values stored out of line: absent, or taken from the old row.
    server
        .run(&format!(
            "alter table plain alter b set storage external;
             alter table whole alter b set storage external;
             insert into plain values (1, 'x', {long});
             insert into whole values (1, 'x', {long});"
        ))
        .await;
    assert_eq!(reader.transaction().await.len(), 2);
    server.run("update plain set a = 'y'").await;
    assert_eq!(reader.transaction().await, ["Update plain new 1|y|absent"]);
    server.run("update whole set a = 'y'").await;
    let update = reader.change().await;
    assert_eq!(update.relation.identity, Identity::Full);
    assert_eq!(update.new.unwrap()[2].size(), 0);
    assert_eq!(update.old.unwrap().row[2].size(), 32_000);
    reader.stop().await;
    server.cluster.stop().await;
}

#[tokio::test]
async fn the_publication_may_be_empty_and_change_at_any_time() {
    let server = Server::start().await;
    let mut reader = Reader::start(&server).await;
    server
        .run("create table t (id int primary key); insert into t values (1)")
        .await;
    server.run("alter publication feed add table t").await;
    server.run("insert into t values (2)").await;
    assert_eq!(reader.transaction().await, ["Insert t new 2"]);
    server.run("alter table t add column a text default 'x'").await;
    server.run("insert into t values (3)").await;
    let change = reader.change().await;
    assert_eq!(change.relation.columns.len(), 2);
    assert_eq!(change.new.unwrap()[1].text(), Some("x"));
    assert!(matches!(reader.next().await, Event::Commit(_)));
    server.run("alter publication feed drop table t").await;
    server.run("insert into t values (4)").await;
    server.run("alter publication feed add table t").await;
    server.run("insert into t values (5)").await;
    assert_eq!(reader.transaction().await, ["Insert t new 5|x"]);

    // Dropped and made anew: what was written in between is lost, and that is told.
    server.run("drop publication feed").await;
    server.run("insert into t values (6)").await;
    let unavailable = async {
        while !matches!(reader.status.state(), State::Unavailable(_)) {
            reader.status.changed().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), unavailable)
        .await
        .unwrap();
    server.run("create publication feed for table t").await;
    assert_eq!(reader.line().await, "gap: PublicationsChanged");
    reader.is_streaming().await;
    server.run("insert into t values (7)").await;
    assert_eq!(reader.transaction().await, ["Insert t new 7|x"]);
    reader.stop().await;
    server.cluster.stop().await;
}

#[tokio::test]
async fn values_are_printed_alike_whatever_the_database_says() {
    let server = Server::start().await;
    server
        .run(
            "alter database postgres set datestyle = 'German';
             alter database postgres set timezone = 'Asia/Tokyo';
             alter database postgres set bytea_output = 'escape';
             alter database postgres set intervalstyle = 'iso_8601';
             create table t (at timestamptz primary key, b bytea, i interval, f float8);
             alter publication feed add table t;",
        )
        .await;
    let mut reader = Reader::start(&server).await;
    server
        .run("insert into t values ('2024-05-06T07:08:09Z', '\\x0102', '1 day 02:00', 0.1::float8 + 0.2)")
        .await;
    assert_eq!(
        reader.transaction().await,
        ["Insert t new 2024-05-06 07:08:09+00|\\x0102|1 day 02:00:00|0.30000000000000004"]
    );
    reader.stop().await;
    server.cluster.stop().await;
}

#[tokio::test]
async fn a_value_too_large_to_be_taken_is_left_out() {
    let server = Server::start().await;
    server
        .run("create table t (id int primary key, a text, b int); alter publication feed add table t")
        .await;
    let mut reader = Reader::start(&server).await;
    server
        .run("insert into t values (1, repeat('x', 20000000), 5); insert into t values (2, 'small', 5)")
        .await;
    assert!(matches!(reader.next().await, Event::Begin(_)));
    let Event::Change(change) = reader.next().await else {
        panic!("no change");
    };
    assert!(change.is_cut);
    let new = change.new.unwrap();
    assert_eq!(
        (new[0].text(), new[1].text(), new[2].text()),
        (Some("1"), None, None)
    );
    assert_eq!(reader.line().await, "Insert t new 2|small|5");
    reader.stop().await;
    server.cluster.stop().await;
}

#[tokio::test]
async fn a_server_without_logical_decoding_says_so() {
    let server = Server::start_with(&[("wal_level", "replica")]).await;
    let mut reader = Reader::start_with(&server, options());
    assert!(reader.status.settled().await);
    let State::Unavailable(reason) = reader.status.state() else {
        panic!("it streams");
    };
    assert!(reason.contains("wal_level is replica"), "{reason}");
    reader.stop().await;
    server.cluster.stop().await;
}
