//! What one request is and sets is nothing to the next one on its connection.

use ferrobase_db::{Exchange, Executor, RequestPoolOptions};

use crate::server::{Server, ask, modes, refusal, request, statement, value};

const TRACE: &str = "create table trace (who text default current_user); grant all on trace to public;
                     create function put() returns text language sql
                         as 'insert into trace default values returning who'";

#[tokio::test]
async fn without_its_role_a_request_runs_nothing() {
    let server = Server::start().await;
    server.sql().await.batch(TRACE).await.unwrap();
    for options in modes() {
        let pool = server.pool(options);
        for _ in 0..2 {
            for (role, code) in [
                ("nobody", "22023"),
                ("stranger", "42501"),
                ("supabase_admin", "42501"),
                ("", "22023"),
            ] {
                let mut exchange = request(role, "select put()");
                exchange.after = Some(statement("select put()", &[]));
                let error = refusal(ask(&pool, &exchange).await);
                assert_eq!(error.code, code, "{role}: {}", error.message);
            }
            assert_eq!(server.number("select count(*) from trace").await, 0);
        }
        let put = request("writer", "select put()");
        assert_eq!(
            ask(&pool, &put).await.unwrap(),
            ["writer"],
            "the connection is of use"
        );
        server
            .sql()
            .await
            .execute("delete from trace", &[])
            .await
            .unwrap();
    }
    server.cluster.stop().await;
}

#[tokio::test]
async fn a_role_that_is_taken_away_is_gone_at_once() {
    let server = Server::start().await;
    for options in modes() {
        let pool = server.pool(options);
        assert_eq!(value(&pool, "reader", "select current_user").await, "reader");
        let admin = server.sql().await;
        admin.batch("revoke reader from gate").await.unwrap();
        assert_eq!(
            refusal(ask(&pool, &request("reader", "select current_user")).await).code,
            "42501"
        );
        admin.batch("grant reader to gate").await.unwrap();
        assert_eq!(value(&pool, "reader", "select current_user").await, "reader");
    }
    server.cluster.stop().await;
}

#[tokio::test]
async fn settings_end_with_their_request() {
    const SEEN: &str =
        "select current_user, current_setting('request.secret', true), current_setting('search_path'),
                            current_setting('statement_timeout'), current_setting('transaction_read_only'),
                            current_setting('transaction_isolation')";
    const SET: &str =
        "select set_config('request.secret', 'of the first', true), set_config('search_path', 'x', true),
                           set_config('statement_timeout', '7s', true), set_config('role', 'reader', true),
                           set_config('transaction_read_only', 'on', true)";
    let server = Server::start().await;
    for options in modes() {
        let pool = server.pool(options);
        let setting = |sql| Exchange {
            isolation: Some("repeatable read".into()),
            context: statement(SET, &[]),
            ..request("reader", sql)
        };
        let seen = Exchange {
            context: statement("select 1", &[]),
            ..request("reader", SEEN)
        };
        let untouched = "gate||\"$user\", public|0|off|read committed";
        let first = ask(&pool, &setting(SEEN)).await.unwrap();
        assert_eq!(first, ["reader|of the first|x|7s|on|repeatable read"]);
        assert_eq!(ask(&pool, &seen).await.unwrap(), [untouched]);
        // Nor do those of one that failed, however far it came.
        for sql in [
            "select 1 / 0",
            "nonsense",
            "insert into public.note values (1, '')",
        ] {
            assert!(ask(&pool, &setting(sql)).await.is_err());
            assert_eq!(ask(&pool, &seen).await.unwrap(), [untouched], "after {sql}");
        }
    }
    server.cluster.stop().await;
}

#[tokio::test]
async fn roles_do_not_mix_however_they_are_served() {
    let server = Server::start().await;
    for options in modes() {
        let pool = server.pool(RequestPoolOptions {
            max_connections: 3,
            ..options
        });
        let mut callers = tokio::task::JoinSet::new();
        for caller in 0..8 {
            let pool = pool.clone();
            callers.spawn(async move {
                for round in 0..30 {
                    let role = if (caller + round) % 2 == 0 {
                        "reader"
                    } else {
                        "writer"
                    };
                    let mark = format!("{caller}-{round}");
                    let mut exchange = request(role, "select current_user, current_setting('request.mark')");
                    exchange.before =
                        Some(statement("select set_config('request.mark', $1, true)", &[&mark]));
                    assert_eq!(ask(&pool, &exchange).await.unwrap(), [format!("{role}|{mark}")]);
                }
            });
        }
        callers.join_all().await;
        assert!(
            server
                .number("select count(*) from pg_stat_activity where usename = 'gate'")
                .await
                <= 3
        );
    }
    server.cluster.stop().await;
}

#[tokio::test]
async fn whatever_fails_undoes_everything() {
    let insert = |id: &'static str| statement("insert into note values ($1::int, 'x')", vec![id].leak());
    let server = Server::start().await;
    for options in modes() {
        let pool = server.pool(options);
        let good = Exchange {
            before: Some(insert("1")),
            main: insert("2"),
            after: Some(insert("3")),
            ..request("writer", "")
        };
        let broken = || statement("select 1 / 0", &[]);
        let wrong = || statement("select nonsense", &[]);
        for failing in [
            Exchange {
                before: Some(broken()),
                ..good.clone()
            },
            Exchange {
                main: broken(),
                ..good.clone()
            },
            Exchange {
                main: wrong(),
                ..good.clone()
            },
            Exchange {
                after: Some(broken()),
                ..good.clone()
            },
            Exchange {
                after: Some(wrong()),
                ..good.clone()
            },
            Exchange {
                isolation: Some("serializable".into()),
                after: Some(broken()),
                ..good.clone()
            },
        ] {
            let error = refusal(ask(&pool, &failing).await);
            assert!(["22012", "42703"].contains(&&*error.code), "{error:?}");
            assert_eq!(server.number("select count(*) from note").await, 0);
        }
        ask(&pool, &good).await.unwrap();
        assert_eq!(server.number("select count(*) from note").await, 3);
        server.sql().await.execute("delete from note", &[]).await.unwrap();
    }
    server.cluster.stop().await;
}
