use crate::{email, messenger};
use axum::Router;
use axum::body::Body;
use ferrobase_jwt::{Clock, Random};
use ferrobase_messages::inbox::{AccessOptions, MAX_MESSAGES, router, router_with};
use ferrobase_messages::{Inbox, Messenger, Sms, SmsChannel, SmsTransport};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

const MAIL: &str = r#"<h2>Confirm</h2><p><a href="http://h/v?a=1&amp;b=2">Confirm your email</a></p>"#;

fn setup() -> (Inbox, Messenger, Router) {
    let inbox = Inbox::new(Clock::System, Random);
    (
        inbox.clone(),
        messenger(None, SmsTransport::Inbox, Some(inbox.clone())),
        router(inbox),
    )
}

async fn send(app: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let response = app.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (
        parts.status,
        parts.headers,
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

async fn get(app: &Router, path: &str) -> (StatusCode, HeaderMap, String) {
    send(
        app,
        Request::get(path)
            .header("host", "127.0.0.1:54324")
            .body(Body::empty())
            .unwrap(),
    )
    .await
}

async fn get_json(app: &Router, path: &str) -> Value {
    let (status, _, body) = get(app, path).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

#[tokio::test]
async fn mail_lands_in_the_inbox() {
    let (_, messenger, app) = setup();
    assert_eq!(get_json(&app, "/api/v1/messages").await["messages"], json!([]));
    assert_eq!(get(&app, "/api/v1/message/latest").await.0, StatusCode::NOT_FOUND);
    messenger
        .send_email(email("ann+1@example.com", "Confirm\r\nX: y", MAIL))
        .await
        .unwrap();
    messenger
        .send_email(email("bob@example.com", "Reset", "<p>Code 123456</p>"))
        .await
        .unwrap();

    let list = get_json(&app, "/api/v1/messages").await;
    assert_eq!(
        (&list["total"], &list["unread"], &list["messages_count"]),
        (&json!(2), &json!(2), &json!(2))
    );
    assert_eq!(
        list["messages"][0]["To"],
        json!([{"Name": "", "Address": "bob@example.com"}])
    );
    let summary = &list["messages"][1];
    assert_eq!(
        summary["From"],
        json!({"Name": "Admin", "Address": "admin@email.com"})
    );
    assert_eq!(summary["Subject"], "Confirm  X: y");
    assert_eq!(
        summary["Snippet"],
        "Confirm Confirm your email ( http://h/v?a=1&b=2 )"
    );
    for list in ["Cc", "Bcc", "ReplyTo", "Tags"] {
        assert_eq!(summary[list], json!([]), "{list}");
    }
    assert_eq!(
        (&summary["Attachments"], &summary["Read"]),
        (&json!(0), &json!(false))
    );
    assert!(summary["Size"].as_u64().unwrap() > 100 && summary["MessageID"].is_string());

    let page = get_json(&app, "/api/v1/messages?start=1&limit=1").await;
    assert_eq!(
        (&page["start"], &page["count"], &page["total"]),
        (&json!(1), &json!(1), &json!(2))
    );
    assert_eq!(page["messages"][0]["ID"], summary["ID"]);

    let id = summary["ID"].as_str().unwrap();
    let message = get_json(&app, &format!("/api/v1/message/{id}")).await;
    assert_eq!(message["HTML"], MAIL);
    assert_eq!(
        message["Text"],
        "Confirm\n\nConfirm your email ( http://h/v?a=1&b=2 )"
    );
    assert_eq!(message["To"][0]["Address"], "ann+1@example.com");
    assert_eq!(
        (&message["Inline"], &message["Attachments"]),
        (&json!([]), &json!([]))
    );
    assert!(message["Date"].as_str().unwrap().ends_with('Z'));
    assert_eq!(get_json(&app, "/api/v1/messages").await["unread"], 1);
    assert_eq!(get_json(&app, "/api/v1/info").await["Messages"], 2);
    assert_eq!(get_json(&app, "/api/v1/message/latest").await["Subject"], "Reset");

    let headers = get_json(&app, &format!("/api/v1/message/{id}/headers")).await;
    assert_eq!(headers["From"], json!(["\"Admin\" <admin@email.com>"]));
    let (_, _, raw) = get(&app, &format!("/api/v1/message/{id}/raw")).await;
    assert!(
        raw.contains("\r\nSubject: Confirm  X: y\r\n") && raw.ends_with(MAIL),
        "{raw}"
    );
    assert_eq!(get(&app, &format!("/view/{id}.html")).await.2, MAIL);
    assert!(
        get(&app, &format!("/view/{id}.txt"))
            .await
            .2
            .starts_with("Confirm\n")
    );
    let (_, headers, framed) = get(&app, &format!("/view/{id}.html?embed=1")).await;
    assert!(framed.contains(r#"<base target="_blank">"#));
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("script-src"),
        "{policy}"
    );
}

#[tokio::test]
async fn sms_land_in_the_inbox() {
    let (_, messenger, app) = setup();
    for channel in [SmsChannel::Sms, SmsChannel::Whatsapp] {
        let sms = Sms {
            to: "4915112345678".to_owned(),
            body: "Your code is 123456".to_owned(),
            channel,
        };
        let id = messenger.send_sms(sms).await.unwrap().unwrap();
        let message = get_json(&app, &format!("/api/v1/message/{id}")).await;
        assert_eq!(message["Text"], "Your code is 123456");
        assert_eq!(
            (&message["HTML"], &message["From"]["Address"]),
            (&json!(""), &json!("sms@sms.local"))
        );
        assert_eq!(
            get(&app, &format!("/view/{id}.html")).await.0,
            StatusCode::NOT_FOUND
        );
    }
    let found = get_json(
        &app,
        "/api/v1/search?query=to:4915112345678@sms.local%20tag:whatsapp",
    )
    .await;
    assert_eq!(
        (&found["messages_count"], &found["total"]),
        (&json!(1), &json!(2))
    );
    let bad = Sms {
        to: "+49 x".to_owned(),
        body: String::new(),
        channel: SmsChannel::Sms,
    };
    assert!(messenger.send_sms(bad).await.is_err());
}

#[tokio::test]
async fn search_read_and_delete() {
    let (inbox, messenger, app) = setup();
    for i in 0..3 {
        messenger
            .send_email(email(&format!("u{i}@example.com"), &format!("Mail {i}"), MAIL))
            .await
            .unwrap();
    }
    let found = get_json(&app, "/api/v1/search?query=%22to:u1@example.com%22&limit=1").await;
    assert_eq!(found["messages"][0]["Subject"], "Mail 1");
    assert_eq!(
        (&found["total"], &found["messages_count"]),
        (&json!(3), &json!(1))
    );
    let id = found["messages"][0]["ID"].clone();
    assert_eq!(get(&app, "/api/v1/search").await.0, StatusCode::BAD_REQUEST);

    let with = |method: &str, body: String| {
        Request::builder()
            .method(method)
            .uri("/api/v1/messages")
            .header("host", "localhost")
            .body(body.into())
            .unwrap()
    };
    assert_eq!(
        send(&app, with("PUT", json!({"IDs": [id], "Read": true}).to_string()))
            .await
            .2,
        "ok"
    );
    assert_eq!(get_json(&app, "/api/v1/messages").await["unread"], 2);
    assert_eq!(
        send(&app, with("PUT", r#"{"Read":false}"#.to_owned())).await.2,
        "ok"
    );
    assert_eq!(get_json(&app, "/api/v1/messages").await["unread"], 3);

    assert_eq!(
        send(&app, with("DELETE", "{".to_owned())).await.0,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        send(&app, with("DELETE", json!({"IDs": [id]}).to_string()))
            .await
            .2,
        "ok"
    );
    assert_eq!(inbox.find("").len(), 2);
    let by_search = Request::delete("/api/v1/search?query=to:u2")
        .body(Body::empty())
        .unwrap();
    assert_eq!(send(&app, by_search).await.2, "ok");
    assert_eq!(inbox.find("")[0].subject, "Mail 0");
    assert_eq!(send(&app, with("DELETE", String::new())).await.2, "ok");
    assert_eq!(get_json(&app, "/api/v1/messages").await["total"], 0);
}

#[tokio::test]
async fn the_inbox_is_bounded() {
    let (inbox, messenger, _) = setup();
    for i in 0..=MAX_MESSAGES {
        messenger
            .send_email(email("a@b.c", &i.to_string(), "x"))
            .await
            .unwrap();
    }
    let all = inbox.find("");
    assert_eq!((all.len(), all[0].subject.as_str()), (MAX_MESSAGES, "1000"));
    assert_eq!(all[MAX_MESSAGES - 1].subject, "1");
    let big = "x".repeat(1 << 20);
    for _ in 0..80 {
        messenger.send_email(email("a@b.c", "big", &big)).await.unwrap();
    }
    assert!(inbox.find("").len() < 80);
}

#[tokio::test]
async fn only_this_machine_and_no_other_site() {
    let (inbox, _, app) = setup();
    let ask = |host: &str, origin: Option<&str>| {
        let mut request = Request::get("/api/v1/messages").header("host", host);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        request.body(Body::empty()).unwrap()
    };
    assert_eq!(send(&app, ask("localhost:54324", None)).await.0, StatusCode::OK);
    assert_eq!(
        send(&app, ask("[::1]:54324", Some("http://127.0.0.1:3000")))
            .await
            .0,
        StatusCode::OK
    );
    assert_eq!(
        send(&app, ask("rebound.example:54324", None)).await.0,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        send(&app, ask("localhost", Some("https://evil.example"))).await.0,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        send(&app, ask("localhost", Some("null"))).await.0,
        StatusCode::FORBIDDEN
    );
    let app = router_with(
        inbox,
        AccessOptions {
            allowed_hosts: vec!["inbox".to_owned()],
        },
    );
    assert_eq!(
        send(&app, ask("inbox:54324", Some("http://inbox:54324"))).await.0,
        StatusCode::OK
    );
}

#[tokio::test]
async fn the_page_and_its_news() {
    let (inbox, messenger, app) = setup();
    let (status, headers, page) = get(&app, "/").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("<title>Inbox"));
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.contains("script-src 'sha256-") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert_eq!(headers["x-content-type-options"], "nosniff");

    let request = Request::get("/api/events").body(Body::empty()).unwrap();
    let mut stream = app.clone().oneshot(request).await.unwrap().into_body();
    messenger
        .send_email(email("ann@example.com", "Hello", "x"))
        .await
        .unwrap();
    let event = stream.frame().await.unwrap().unwrap().into_data().unwrap();
    let event = String::from_utf8(event.to_vec()).unwrap();
    let data: Value = serde_json::from_str(event.strip_prefix("data: ").unwrap().trim()).unwrap();
    assert_eq!(
        (&data["Type"], &data["Data"]["Subject"]),
        (&json!("new"), &json!("Hello"))
    );
    get(&app, "/api/v1/message/latest").await;
    let event = stream.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(
        String::from_utf8(event.to_vec())
            .unwrap()
            .contains(r#""Read":true"#)
    );
    inbox.close();
    assert!(stream.frame().await.is_none());
    assert_eq!(get(&app, "/api/events").await.0, StatusCode::SERVICE_UNAVAILABLE);
}
