//! Logging in over TCP: passwords, TLS.

use std::time::Duration;

use ferrobase_db::{ExchangeError, RequestPool, Target};

use crate::memory::alone;
use crate::modes::cross;
use crate::server::{PASSWORD, Server, ask, request, requests, single, value};

/// Users with every kind of password, and the rules that ask for it. Written by the server itself, into its own directory.
const USERS: &str = "
    create role scram login password 'p@ss:w/ord ü';
    set password_encryption = 'md5';
    create role hashed login password 'p@ss:w/ord ü';
    create role plain login password 'p@ss:w/ord ü';
    grant reader to scram, hashed, plain;
    copy (select unnest(array['local all all trust', 'host all plain all password', 'host all hashed all md5',
                              'host all all all scram-sha-256']))
        to program 'cat > pg_hba.conf';
    select pg_reload_conf();
";

/// A certificate that nobody vouches for.
const TLS: [&str; 3] = [
    "copy (select) to program 'openssl req -x509 -nodes -newkey rsa:2048 -days 2 -subj /CN=localhost \
         -keyout server.key -out server.crt && chmod 600 server.key'",
    "alter system set ssl = on",
    "select pg_reload_conf()",
];

const ENCRYPTED: &str = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";

async fn over_tcp() -> Server {
    Server::start_with(|options| options.tcp_port = Some(0)).await
}

fn login(server: &Server, user: &str, password: &str, mode: &str) -> RequestPool {
    let port = server.cluster.tcp_port().unwrap();
    let url = format!("postgres://{user}:{password}@127.0.0.1:{port}/postgres?sslmode={mode}");
    requests(Target::Url(url), single())
}

async fn refused(pool: &RequestPool) -> String {
    match ask(pool, &request("reader", "select 1")).await {
        Err(error @ ExchangeError::Unreachable(_)) => format!("{error} {error:?}"),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn every_kind_of_password_opens_and_no_wrong_one_does() {
    let server = over_tcp().await;
    server.sql().await.batch(USERS).await.unwrap();
    let right = "p%40ss%3Aw%2Ford%20%C3%BC";
    for user in ["scram", "hashed", "plain"] {
        let pool = login(&server, user, right, "disable");
        assert_eq!(value(&pool, "reader", "select session_user").await, user);
        let reason = refused(&login(&server, user, "sesame-street", "disable")).await;
        assert!(
            reason.contains("password authentication failed") && reason.contains("28P01"),
            "{reason}"
        );
        assert!(!reason.contains("sesame-street"), "{reason}");
    }
    let reason = refused(&login(&server, "nobody", "sesame-street", "disable")).await;
    assert!(!reason.contains("sesame-street"), "{reason}");
    let port = server.cluster.tcp_port().unwrap();
    let without = format!("postgres://scram@127.0.0.1:{port}/postgres?sslmode=disable");
    let reason = refused(&requests(Target::Url(without), single())).await;
    assert!(reason.contains("asks for a password"), "{reason}");
    server.cluster.stop().await;
}

#[tokio::test]
async fn neither_the_pool_nor_its_errors_show_the_password() {
    let server = over_tcp().await;
    let pool = login(&server, "supabase_admin", "sesame-street", "disable");
    assert!(!format!("{pool:?}").contains("sesame-street"));
    assert!(!refused(&pool).await.contains("sesame-street"));
    let password = PASSWORD.replace(' ', "%20");
    let pool = login(&server, "supabase_admin", &password, "disable");
    assert_eq!(
        value(&pool, "reader", "select session_user").await,
        "supabase_admin"
    );
    server.cluster.stop().await;
}

#[tokio::test]
async fn the_url_says_whether_the_stream_is_encrypted() {
    let server = over_tcp().await;
    let password = PASSWORD.replace(' ', "%20");
    let user = "supabase_admin";
    let plain = login(&server, user, &password, "prefer");
    assert_eq!(
        value(&plain, "reader", "select 1").await,
        "1",
        "preferred, but not there"
    );
    let reason = refused(&login(&server, user, &password, "require")).await;
    assert!(reason.contains("does not speak TLS"), "{reason}");
    let admin = server.sql().await;
    for sql in TLS {
        admin.batch(sql).await.unwrap();
    }
    let is_on = "select count(*) from pg_settings where name = 'ssl' and setting = 'on'";
    assert!(server.becomes(is_on, 1, Duration::from_secs(5)).await);
    for (mode, expected) in [("disable", "f"), ("prefer", "t"), ("require", "t")] {
        let pool = login(&server, user, &password, mode);
        assert_eq!(value(&pool, user, ENCRYPTED).await, expected, "{mode}");
        is_cancelled(&server, &pool, user).await;
        let _alone = alone().await;
        cross(&pool).await;
    }
    let reason = refused(&login(&server, user, &password, "verify-full")).await;
    assert!(reason.to_lowercase().contains("certificate"), "{reason}");
    server.cluster.stop().await;
}

/// The order to cancel goes the same way as the request.
async fn is_cancelled(server: &Server, pool: &RequestPool, user: &str) {
    let asleep = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'";
    let sleeper = request(user, "select pg_sleep(60)");
    tokio::select! {
        answer = ask(pool, &sleeper) => panic!("it did not sleep: {answer:?}"),
        sleeps = server.becomes(asleep, 1, Duration::from_secs(10)) => assert!(sleeps),
    }
    assert!(
        server.becomes(asleep, 0, Duration::from_secs(1)).await,
        "it sleeps on"
    );
}
