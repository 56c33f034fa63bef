use crate::messenger;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use ferrobase_messages::{Messenger, SendError, Sms, SmsChannel, SmsTransport};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

type Seen = mpsc::UnboundedSender<(Option<String>, String)>;

async fn api(State(seen): State<Seen>, headers: HeaderMap, body: String) -> (StatusCode, Json<Value>) {
    let login = headers
        .get("authorization")
        .map(|value| value.to_str().unwrap().to_owned());
    let answer = if body.contains("To=%2B1") {
        (
            StatusCode::CREATED,
            Json(json!({"sid": "SM1", "status": "queued", "error_code": null})),
        )
    } else if body.contains("To=%2B2") {
        let text = json!({"code": 21211, "message": "Invalid 'To' number", "more_info": "https://t/21211", "status": 400});
        (StatusCode::BAD_REQUEST, Json(text))
    } else if body.contains("To=%2B3") {
        (
            StatusCode::CREATED,
            Json(json!({"sid": "SM3", "status": "failed", "error_code": 30007, "error_message": "filtered"})),
        )
    } else {
        (StatusCode::BAD_GATEWAY, Json(json!("?")))
    };
    seen.send((login, body)).unwrap();
    answer
}

async fn setup() -> (Messenger, mpsc::UnboundedReceiver<(Option<String>, String)>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let app = Router::new()
        .route("/base/2010-04-01/Accounts/AC1/Messages.json", post(api))
        .with_state(sender);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let base = format!("http://{}/base", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let transport = SmsTransport::Twilio {
        account_sid: "AC1".to_owned(),
        auth_token: "token".into(),
        message_service_sid: "MG9".to_owned(),
        base_url: Some(base.parse().unwrap()),
    };
    (messenger(None, transport, None), receiver)
}

fn sms(to: &str) -> Sms {
    Sms {
        to: to.to_owned(),
        body: "Your code is 123456".to_owned(),
        channel: SmsChannel::Sms,
    }
}

#[tokio::test]
async fn messages_and_refusals() {
    let (messenger, mut seen) = setup().await;
    assert_eq!(messenger.send_sms(sms("1555")).await, Ok(Some("SM1".to_owned())));
    let (login, body) = seen.recv().await.unwrap();
    assert_eq!(login.as_deref(), Some("Basic QUMxOnRva2Vu"));
    assert_eq!(
        body,
        "To=%2B1555&MessagingServiceSid=MG9&Body=Your+code+is+123456"
    );

    let error = messenger.send_sms(sms("2555")).await.unwrap_err();
    let message = "Invalid 'To' number More information: https://t/21211".to_owned();
    assert_eq!(
        error,
        SendError::Refused {
            code: Some(21211),
            message
        }
    );
    assert_eq!(error.to_string(), "the message was refused");
    let error = messenger.send_sms(sms("3555")).await.unwrap_err();
    assert_eq!(
        error,
        SendError::Refused {
            code: Some(30007),
            message: "filtered".to_owned()
        }
    );
    assert_eq!(messenger.send_sms(sms("4555")).await, Err(SendError::Unavailable));
    assert_eq!(messenger.send_sms(sms("")).await, Err(SendError::Address));
}
