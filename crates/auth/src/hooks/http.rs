//! Hooks that are HTTP endpoints, signed as Standard Webhooks say.

use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, Method, StatusCode};
use data_encoding::BASE64;
use ferrobase_http::{Outgoing, OutgoingError, OutgoingRequest, OutgoingResponse};
use ferrobase_jwt::hmac_sha256;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

use crate::error::{AuthError, ErrorCode, Result};

/// Time for all attempts together.
const LIMIT: Duration = Duration::from_secs(5);
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);
/// Most bytes of an answer.
const LARGEST: usize = 200 * 1024;

/// Posts the payload; the answer's JSON, or an empty object.
pub(super) async fn call(
    outgoing: &Outgoing,
    url: &Url,
    secrets: &[SecretString],
    id: Uuid,
    now: i64,
    payload: &Value,
) -> Result<Value> {
    let body = payload.to_string().into_bytes();
    let begun = Instant::now();
    for attempt in 1..=ATTEMPTS {
        let left = LIMIT.saturating_sub(begun.elapsed());
        let request = OutgoingRequest {
            method: Method::POST,
            url: url.clone(),
            headers: headers(secrets, id, now, &body),
            body: body.clone(),
            timeout: left,
            max_response: LARGEST,
        };
        match outgoing.send(request).await {
            Ok(response) if should_retry(&response) && attempt < ATTEMPTS && left > PAUSE => {
                tokio::time::sleep(PAUSE).await;
            }
            Ok(response) => return read(&response),
            Err(OutgoingError::TooLarge) => {
                return Err(AuthError::unprocessable(
                    ErrorCode::HookPayloadOverSizeLimit,
                    format!("Payload size exceeded size limit of {LARGEST} bytes"),
                ));
            }
            Err(OutgoingError::Timeout) if attempt == 1 => {
                return Err(AuthError::unprocessable(
                    ErrorCode::HookTimeout,
                    format!(
                        "Failed to reach hook within maximum time of {} seconds",
                        LIMIT.as_secs()
                    ),
                ));
            }
            Err(OutgoingError::Timeout) => break,
            // Another attempt would be refused as well. The client is not told why: the address is the operator's affair.
            Err(error @ OutgoingError::Refused(_)) => {
                tracing::error!(%error, "a hook is not called; auth.allow_private_addresses would allow it");
                break;
            }
            Err(error) if attempt == ATTEMPTS || begun.elapsed() + PAUSE >= LIMIT => {
                tracing::error!(%error, "a hook cannot be reached");
                break;
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
    Err(AuthError::unprocessable(
        ErrorCode::HookTimeoutAfterRetry,
        "Failed to reach hook after maximum retries",
    ))
}

fn headers(secrets: &[SecretString], id: Uuid, now: i64, body: &[u8]) -> Vec<(String, String)> {
    let id = id.to_string();
    let signatures: Vec<String> = secrets
        .iter()
        .map(|secret| signature(secret, &id, now, body))
        .collect();
    vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("webhook-signature".to_owned(), signatures.join(", ")),
        ("webhook-timestamp".to_owned(), now.to_string()),
        ("webhook-id".to_owned(), id),
    ]
}

/// `v1,<base64 of HMAC-SHA256(secret, id.timestamp.body)>`. The configuration hands the secret over in base64.
fn signature(secret: &SecretString, id: &str, now: i64, body: &[u8]) -> String {
    let key = BASE64
        .decode(secret.expose_secret().as_bytes())
        .unwrap_or_default();
    let mac = hmac_sha256(
        &key,
        &[id.as_bytes(), b".", now.to_string().as_bytes(), b".", body],
    );
    format!("v1,{}", BASE64.encode(&mac))
}

fn should_retry(response: &OutgoingResponse) -> bool {
    matches!(response.status, 429 | 503) && response.headers.contains_key(RETRY_AFTER)
}

fn read(response: &OutgoingResponse) -> Result<Value> {
    match StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR) {
        StatusCode::NO_CONTENT => Ok(Value::Object(serde_json::Map::new())),
        StatusCode::OK | StatusCode::ACCEPTED => {
            if !is_json(&response.headers) {
                return Err(AuthError::bad_request(
                    ErrorCode::HookPayloadInvalidContentType,
                    "Invalid Content-Type header: hook must answer with application/json",
                ));
            }
            serde_json::from_slice(&response.body)
                .map_err(|_| AuthError::failed("Error unmarshaling hook output"))
        }
        StatusCode::BAD_REQUEST => Err(AuthError::failed("Invalid payload sent to hook")),
        StatusCode::UNAUTHORIZED => Err(AuthError::failed("Hook requires authorization token")),
        status => Err(AuthError::failed(format!(
            "Unexpected status code returned from hook: {}",
            status.as_u16()
        ))),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    content_type
        .split(';')
        .next()
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_of_the_published_example() {
        // The example of the Standard Webhooks specification.
        let secret = SecretString::from("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signature = signature(
            &secret,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
