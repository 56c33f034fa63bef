//! `ferrobase rest`: the data API alone, and its administration.

use std::net::SocketAddr;
use std::time::Duration;

use ferrobase_db::Executor;
use ferrobase_http::{Outgoing, OutgoingRequest, OutgoingResponse, Policy};
use ferrobase_server::{DataApi, DataApiOptions, StartError, serve_data_api};
use ferrobase_testkit::Backend;

async fn get(address: SocketAddr, path: &str) -> OutgoingResponse {
    let policy = Policy {
        allow_private: true,
        idle_per_host: 4,
        user_agent: "test".to_owned(),
    };
    let request = OutgoingRequest {
        method: "GET".parse().unwrap(),
        url: format!("http://{address}{path}").parse().unwrap(),
        headers: Vec::new(),
        body: Vec::new(),
        timeout: Duration::from_secs(30),
        max_response: 1 << 20,
    };
    Outgoing::new(&policy).unwrap().send(request).await.unwrap()
}

async fn status_becomes(address: SocketAddr, path: &str, status: u16) -> bool {
    for _ in 0..500 {
        if get(address, path).await.status == status {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

async fn text(address: SocketAddr, path: &str) -> String {
    String::from_utf8(get(address, path).await.body.to_vec()).unwrap()
}

async fn serve(db_url: &str, further: &[(&str, &str)]) -> Result<DataApi, StartError> {
    let options = DataApiOptions {
        db_url: Some(db_url.to_owned()),
        host: None,
        port: Some(0),
    };
    let always = [
        ("PGRST_DB_ANON_ROLE", "anon"),
        ("PGRST_DB_CHANNEL_ENABLED", "false"),
        ("PGRST_ADMIN_SERVER_PORT", "0"),
    ];
    let variables = always.iter().chain(further);
    let owned = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    serve_data_api(options, owned).await
}

#[tokio::test(flavor = "multi_thread")]
async fn health_metrics_and_reload() {
    let backend = Backend::start("").await;
    let api = serve(&backend.endpoints().db_url, &[]).await.unwrap();
    let admin = api.admin_address.unwrap();
    assert_eq!(get(admin, "/live").await.status, 200);
    assert!(status_becomes(admin, "/ready", 200).await);
    assert_eq!(get(admin, "/other").await.status, 404);

    assert_eq!(get(api.address, "/late").await.status, 404);
    assert!(!text(admin, "/schema_cache").await.contains("late"));
    let sql = backend.sql();
    let table = "create table public.late (id int); grant select on public.late to anon";
    for statement in table.split("; ") {
        sql.execute(statement, &[]).await.unwrap();
    }
    api.reload();
    assert!(status_becomes(api.address, "/late", 200).await);
    assert!(
        text(admin, "/schema_cache")
            .await
            .contains(r#"{"schema":"public","name":"late"}"#)
    );
    let metrics = text(admin, "/metrics").await;
    for wanted in [
        r#"ferrobase_http_requests_total{service="rest",status="2xx"}"#,
        "ferrobase_rest_relations ",
    ] {
        assert!(metrics.contains(wanted), "{wanted}: {metrics}");
    }

    backend.stop().await;
    assert!(status_becomes(admin, "/ready", 503).await);
    assert_eq!(get(admin, "/live").await.status, 200);
    api.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_database_it_lives_and_is_not_ready() {
    let api = serve("postgresql://127.0.0.1:1/none", &[]).await.unwrap();
    let admin = api.admin_address.unwrap();
    assert_eq!(get(admin, "/live").await.status, 200);
    assert_eq!(get(admin, "/ready").await.status, 503);
    assert_eq!(get(admin, "/schema_cache").await.status, 503);
    api.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_used_stop_the_start() {
    for (name, value) in [
        ("PGRST_JWT_ROLE_CLAIM_KEY", "$.roles[?(@ = 'x')]"),
        ("PGRST_JWT_SECRET", "@/does/not/exist"),
    ] {
        let error = serve("postgresql://127.0.0.1:1/none", &[(name, value)]).await;
        let message = error.unwrap_err().to_string();
        assert!(message.starts_with(name), "{message}");
    }
    let short = serve("postgresql://127.0.0.1:1/none", &[("PGRST_JWT_SECRET", "short")]).await;
    assert!(matches!(short, Err(StartError::Keys(_))));
}
