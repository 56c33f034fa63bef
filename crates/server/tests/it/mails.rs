//! What mails look like and where their links lead, by the original's settings for it.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::routing::get;
use ferrobase_testkit::{Answer, Backend};
use serde_json::{Value, json};

async fn post(backend: &Backend, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
    let key = backend.endpoints().service_role_key.clone();
    let mut all = vec![
        ("apikey".to_owned(), key.clone()),
        ("authorization".to_owned(), format!("Bearer {key}")),
    ];
    all.extend(
        headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    let path = format!("/auth/v1/{path}");
    backend
        .raw(Method::POST, &path, all, body.to_string().into_bytes())
        .await
}

/// The HTML of the newest mail in the inbox.
async fn newest_mail(backend: &Backend) -> String {
    let inbox = backend.endpoints().inbox_url.clone().unwrap();
    let get = |path: String| {
        let client = client();
        async move {
            let request = ferrobase_http::OutgoingRequest {
                method: Method::GET,
                url: path.parse().unwrap(),
                headers: Vec::new(),
                body: Vec::new(),
                timeout: std::time::Duration::from_secs(5),
                max_response: 1 << 20,
            };
            let answer = client.send(request).await.unwrap();
            serde_json::from_slice::<Value>(&answer.body).unwrap()
        }
    };
    let base = inbox.trim_end_matches('/').to_owned();
    let list = get(format!("{base}/api/v1/messages")).await;
    let id = list["messages"][0]["ID"].as_str().unwrap().to_owned();
    let message = get(format!("{base}/api/v1/message/{id}")).await;
    message["HTML"].as_str().unwrap().to_owned()
}

fn client() -> ferrobase_http::Outgoing {
    ferrobase_http::Outgoing::new(&ferrobase_http::Policy {
        allow_private: true,
        idle_per_host: 4,
        user_agent: "test".to_owned(),
    })
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_are_fetched_before_the_first_mail() {
    let served = Arc::new(Mutex::new(0));
    let router = axum::Router::new()
        .route(
            "/recovery.html",
            get(|State(served): State<Arc<Mutex<u32>>>| async move {
                *served.lock().unwrap() += 1;
                "<p>Fetched: {{ .Email }} <a href=\"{{ .ConfirmationURL }}\">go</a></p>"
            }),
        )
        .route("/broken.html", get(|| async { "<p>{{ if .Email }</p>" }))
        .route(
            "/gone.html",
            get(|| async { (StatusCode::NOT_FOUND, "<p>not here</p>") }),
        )
        .with_state(served.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let backend = Backend::start(&format!(
        "[auth]\nsite_url = \"http://{address}\"\n[auth.email]\nmax_frequency = \"1ms\"\n\
         [auth.email.template.recovery]\nurl = \"http://{address}/recovery.html\"\n\
         [auth.email.template.magic_link]\nurl = \"/broken.html\"\n[auth.email.template.invite]\nurl = \"/gone.html\"\n"
    ))
    .await;
    assert_eq!(*served.lock().unwrap(), 1);
    let body = json!({ "email": "ann@example.com", "password": "correct horse 1", "email_confirm": true });
    assert_eq!(post(&backend, "admin/users", &[], body).await.status, 200);
    let to = json!({ "email": "ann@example.com" });
    assert_eq!(post(&backend, "recover", &[], to.clone()).await.status, 200);
    let html = newest_mail(&backend).await;
    assert!(
        html.starts_with("<p>Fetched: ann@example.com <a href=\"http://"),
        "{html}"
    );
    // What cannot be had or read leaves the built-in one.
    for (path, body) in [("otp", to), ("invite", json!({ "email": "bob@example.com" }))] {
        let answer = post(&backend, path, &[], body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let html = newest_mail(&backend).await;
        assert!(
            html.contains("/auth/v1/verify?token=") && !html.contains("not here"),
            "{html}"
        );
    }
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_lead_to_configured_paths_and_hosts() {
    let backend = Backend::start(
        "[auth.email]\nexternal_hosts = [\"api.example.com\"]\n[auth.email.url_paths]\nrecovery = \"/reset\"\n",
    )
    .await;
    let body = json!({ "email": "ann@example.com", "password": "correct horse 1", "email_confirm": true });
    assert_eq!(post(&backend, "admin/users", &[], body).await.status, 200);
    let link = async |kind: &str, host: &str| {
        let body = json!({ "type": kind, "email": "ann@example.com", "new_email": "ann@new.example.com" });
        let answer = post(
            &backend,
            "admin/generate_link",
            &[("x-forwarded-host", host)],
            body,
        )
        .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json["action_link"].as_str().unwrap().to_owned()
    };
    let ours = backend.endpoints().api_url.clone();
    let starts = |link: String, with: String| assert!(link.starts_with(&with), "{link}, not {with}");
    starts(
        link("recovery", "api.example.com").await,
        "https://api.example.com/reset?token=".to_owned(),
    );
    starts(
        link("recovery", "evil.example").await,
        format!("{}/reset?token=", ours.trim_end_matches('/')),
    );
    starts(
        link("email_change_current", "evil.example").await,
        format!("{}/auth/v1/verify?token=", ours.trim_end_matches('/')),
    );
    backend.stop().await;
}

/// `N/duration`: N at once, then one every duration.
#[tokio::test(flavor = "multi_thread")]
async fn sending_has_the_configured_rate() {
    let backend = Backend::start(
        "[auth.sms]\nenabled = true\nenable_confirmations = true\nmax_frequency = \"1ms\"\n[auth.rate_limit]\nsms_sent = \"2/1h\"\n",
    )
    .await;
    let mut seen = Vec::new();
    for number in 0..3 {
        let body = json!({ "phone": format!("+49151123456{number:02}") });
        seen.push(post(&backend, "otp", &[], body).await.status);
    }
    assert_eq!(seen, [200, 200, 429]);
    backend.stop().await;
}

/// The codes of test numbers end when the settings say so.
#[tokio::test(flavor = "multi_thread")]
async fn test_codes_end() {
    for (until, status) in [("2020-01-01T00:00:00Z", 403), ("2999-01-01T00:00:00Z", 200)] {
        let backend = Backend::start(&format!(
            "[auth.sms]\nenabled = true\nenable_confirmations = true\ntest_otp_valid_until = \"{until}\"\n\
             [auth.sms.test_otp]\n4915112345678 = \"123456\"\n"
        ))
        .await;
        let phone = "+4915112345678";
        assert_eq!(
            post(&backend, "otp", &[], json!({ "phone": phone })).await.status,
            200
        );
        let proof = json!({ "type": "sms", "phone": phone, "token": "123456" });
        let answer = post(&backend, "verify", &[], proof).await;
        assert_eq!(answer.status, status, "{until}: {}", answer.text);
        backend.stop().await;
    }
}
