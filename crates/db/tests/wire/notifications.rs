//! Notifications: in order, of one channel, and an end that is noticed.

use std::time::Duration;

use ferrobase_db::Notifications;
use tokio::time::timeout;

use crate::server::{Server, single};

const LIMIT: Duration = Duration::from_secs(5);

async fn next(notifications: &mut Notifications) -> String {
    timeout(LIMIT, notifications.next())
        .await
        .expect("no notification")
        .unwrap()
}

#[tokio::test]
async fn those_of_the_channel_arrive_in_order() {
    let server = Server::start().await;
    let pool = server.pool(single());
    for channel in ["pgrst", "It's \"mine\""] {
        let mut notifications = pool.listen(channel).await.unwrap();
        let send =
            |payload: &str| format!("select pg_notify({}, {payload})", ferrobase_sql::literal(channel));
        let admin = server.sql().await;
        admin.batch("notify other, 'not for us'").await.unwrap();
        admin.batch(&send("'reload schema'")).await.unwrap();
        admin.batch(&send("''")).await.unwrap();
        admin.batch(&send("repeat('ü', 3900)")).await.unwrap();
        admin
            .batch(&format!("{} from generate_series(1, 1000) n", send("n::text")))
            .await
            .unwrap();
        assert_eq!(next(&mut notifications).await, "reload schema");
        assert_eq!(next(&mut notifications).await, "");
        assert_eq!(next(&mut notifications).await, "ü".repeat(3900));
        for number in 1..=1000 {
            assert_eq!(next(&mut notifications).await, number.to_string());
        }
    }
    server.cluster.stop().await;
}

/// Waiting in slices loses nothing.
#[tokio::test]
async fn who_stops_waiting_misses_nothing() {
    let server = Server::start().await;
    let pool = server.pool(single());
    let mut notifications = pool.listen("pgrst").await.unwrap();
    let mut seen = Vec::new();
    let sending = async {
        let admin = server.sql().await;
        for number in 0..50 {
            admin.batch(&format!("notify pgrst, '{number}'")).await.unwrap();
        }
    };
    let waiting = async {
        while seen.len() < 50 {
            if let Ok(payload) = timeout(Duration::from_micros(300), notifications.next()).await {
                seen.push(payload.unwrap().parse::<usize>().unwrap());
            }
        }
    };
    timeout(LIMIT, async { tokio::join!(sending, waiting) })
        .await
        .expect("some are lost");
    assert_eq!(seen, (0..50).collect::<Vec<_>>());
    server.cluster.stop().await;
}

#[tokio::test]
async fn the_end_of_the_server_is_noticed_and_listening_begins_anew() {
    let server = Server::start().await;
    let pool = server.pool(single());
    let mut notifications = pool.listen("pgrst").await.unwrap();
    server.cluster.restart().await.unwrap();
    let ended = timeout(LIMIT, notifications.next())
        .await
        .expect("nothing noticed");
    assert!(ended.is_err(), "{ended:?}");
    let mut notifications = pool.listen("pgrst").await.unwrap();
    server.kill().await;
    let ended = timeout(LIMIT, notifications.next())
        .await
        .expect("nothing noticed");
    assert!(ended.is_err(), "{ended:?}");
    assert!(pool.listen("pgrst").await.is_err());
    server.cluster.restart().await.unwrap();
    let mut notifications = pool.listen("pgrst").await.unwrap();
    server.sql().await.batch("notify pgrst, 'again'").await.unwrap();
    assert_eq!(next(&mut notifications).await, "again");
    server.cluster.stop().await;
}
