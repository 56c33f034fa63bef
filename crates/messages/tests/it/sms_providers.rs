//! MessageBird, Textlocal, Vonage and Twilio Verify against a server that answers as they do.

use crate::messenger;
use axum::Router;
use axum::extract::State;
use ferrobase_messages::{CodeCheck, Messenger, SendError, Sms, SmsChannel, SmsTransport};
use http::{HeaderMap, StatusCode, Uri};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use url::Url;

/// One request as it arrived.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    path: String,
    authorization: Option<String>,
    body: String,
}

/// Answers with what it is told, and remembers what it was asked.
#[derive(Clone, Default)]
struct Fake {
    answer: Arc<Mutex<(u16, String)>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Fake {
    async fn start(&self) -> Option<Url> {
        let app = Router::new().fallback(answer).with_state(self.clone());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Some(base.parse().unwrap())
    }

    fn says(&self, status: u16, body: &str) {
        *self.answer.lock().unwrap() = (status, body.to_owned());
    }

    fn last(&self) -> Seen {
        self.seen.lock().unwrap().pop().unwrap()
    }
}

async fn answer(
    State(fake): State<Fake>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, String) {
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    let header = headers.get("authorization").map(|value| value.to_str().unwrap());
    fake.seen.lock().unwrap().push(Seen {
        path: uri.path().to_owned(),
        authorization: header.map(str::to_owned),
        body,
    });
    let (status, text) = fake.answer.lock().unwrap().clone();
    (StatusCode::from_u16(status).unwrap(), text)
}

async fn send(messenger: &Messenger, body: &str) -> Sent {
    messenger
        .send_sms(Sms {
            to: "4915112345678".to_owned(),
            body: body.to_owned(),
            channel: SmsChannel::Sms,
        })
        .await
}

type Sent = Result<Option<String>, SendError>;

fn refused(code: Option<i64>, message: &str) -> SendError {
    SendError::Refused {
        code,
        message: message.to_owned(),
    }
}

#[tokio::test]
async fn messagebird() {
    let fake = Fake::default();
    let transport = SmsTransport::Messagebird {
        originator: "Shop".to_owned(),
        access_key: "k1".into(),
        base_url: fake.start().await,
    };
    let messenger = messenger(None, transport, None);
    fake.says(201, r#"{"id":"m1","recipients":{"totalSentCount":1}}"#);
    assert_eq!(send(&messenger, "Code 1").await, Ok(Some("m1".to_owned())));
    let seen = Seen {
        path: "/messages".to_owned(),
        authorization: Some("AccessKey k1".to_owned()),
        body: "body=Code+1&datacoding=unicode&originator=Shop&recipients=4915112345678&type=sms".to_owned(),
    };
    assert_eq!(fake.last(), seen);
    fake.says(201, r#"{"id":"m1","recipients":{"totalSentCount":0}}"#);
    let nobody = refused(None, "messagebird error: total sent count is 0");
    assert_eq!(send(&messenger, "Code 1").await, Err(nobody));
    let errors = r#"{"errors":[{"code":2,"description":"Request not allowed","parameter":"access_key"}]}"#;
    fake.says(401, errors);
    assert_eq!(
        send(&messenger, "Code 1").await,
        Err(refused(Some(2), "Request not allowed"))
    );
    fake.says(422, r#"{"errors":[]}"#);
    assert_eq!(send(&messenger, "Code 1").await, Err(SendError::Unavailable));
    assert!(!messenger.makes_codes());
}

#[tokio::test]
async fn textlocal() {
    let fake = Fake::default();
    let transport = SmsTransport::Textlocal {
        sender: "Shop".to_owned(),
        api_key: "k1".into(),
        base_url: fake.start().await,
    };
    let messenger = messenger(None, transport, None);
    fake.says(200, r#"{"status":"success","messages":[{"id":"77"}]}"#);
    assert_eq!(send(&messenger, "Code 1").await, Ok(Some("77".to_owned())));
    let seen = Seen {
        path: "/send".to_owned(),
        authorization: None,
        body: "apikey=k1&message=Code+1&numbers=4915112345678&sender=Shop".to_owned(),
    };
    assert_eq!(fake.last(), seen);
    fake.says(
        200,
        r#"{"status":"failure","errors":[{"code":3,"message":"Invalid login"}]}"#,
    );
    let invalid = refused(Some(3), "textlocal error: Invalid login (code: 3)");
    assert_eq!(send(&messenger, "Code 1").await, Err(invalid));
    fake.says(200, r#"{"status":"failure"}"#);
    let internal = refused(None, "textlocal error: Internal Error");
    assert_eq!(send(&messenger, "Code 1").await, Err(internal));
    fake.says(502, "gateway");
    assert_eq!(send(&messenger, "Code 1").await, Err(SendError::Unavailable));
}

#[tokio::test]
async fn vonage() {
    let fake = Fake::default();
    let transport = SmsTransport::Vonage {
        from: "Shop".to_owned(),
        api_key: "k1".to_owned(),
        api_secret: "s1".into(),
        base_url: fake.start().await,
    };
    let messenger = messenger(None, transport, None);
    fake.says(200, r#"{"messages":[{"message-id":"v1","status":"0"}]}"#);
    assert_eq!(send(&messenger, "Code 1").await, Ok(Some("v1".to_owned())));
    let seen = Seen {
        path: "/sms/json".to_owned(),
        authorization: None,
        body: "api_key=k1&api_secret=s1&from=Shop&text=Code+1&to=4915112345678".to_owned(),
    };
    assert_eq!(fake.last(), seen);
    assert_eq!(send(&messenger, "Schlüssel 1").await, Ok(Some("v1".to_owned())));
    assert!(fake.last().body.ends_with("&type=unicode"));
    let busy = r#"{"messages":[{"message-id":"v2","status":"1","error-text":"Throttled"}]}"#;
    fake.says(200, busy);
    let throttled = "vonage error: Throttled (status: 1) for message v2";
    assert_eq!(send(&messenger, "Code 1").await, Err(refused(Some(1), throttled)));
    fake.says(200, r#"{"messages":[]}"#);
    let internal = refused(None, "vonage error: Internal Error");
    assert_eq!(send(&messenger, "Code 1").await, Err(internal));
}

#[tokio::test]
async fn twilio_verify_starts_and_checks() {
    let fake = Fake::default();
    let transport = SmsTransport::TwilioVerify {
        account_sid: "AC1".to_owned(),
        auth_token: "token".into(),
        message_service_sid: "VA1".to_owned(),
        base_url: fake.start().await,
    };
    let messenger = messenger(None, transport, None);
    assert!(messenger.makes_codes());
    fake.says(201, r#"{"sid":"VE1","status":"pending","valid":false}"#);
    assert_eq!(send(&messenger, "is not used").await, Ok(Some("VE1".to_owned())));
    let seen = Seen {
        path: "/v2/Services/VA1/Verifications".to_owned(),
        authorization: Some("Basic QUMxOnRva2Vu".to_owned()),
        body: "Channel=sms&To=%2B4915112345678".to_owned(),
    };
    assert_eq!(fake.last(), seen);
    fake.says(
        429,
        r#"{"code":60203,"message":"Max send attempts reached","status":429}"#,
    );
    let too_many = refused(Some(60203), "Max send attempts reached");
    assert_eq!(send(&messenger, "x").await, Err(too_many));

    let check = || messenger.check_code("4915112345678", "123456");
    fake.says(200, r#"{"status":"approved","valid":true}"#);
    assert_eq!(check().await, Ok(CodeCheck::Approved));
    let seen = fake.last();
    assert_eq!(seen.path, "/v2/Services/VA1/VerificationCheck");
    assert_eq!(seen.body, "Code=123456&To=%2B4915112345678");
    fake.says(200, r#"{"status":"pending","valid":false}"#);
    assert_eq!(check().await, Ok(CodeCheck::Denied));
    fake.says(200, r#"{"status":"approved","valid":false}"#);
    assert_eq!(check().await, Ok(CodeCheck::Denied));
    fake.says(404, r#"{"code":20404,"message":"not found","status":404}"#);
    assert_eq!(check().await, Ok(CodeCheck::Denied));
    fake.says(500, "down");
    assert_eq!(check().await, Err(SendError::Unavailable));
}
