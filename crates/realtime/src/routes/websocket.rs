//! `GET /websocket`: the handshake (§2).

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use serde_json::{Map, Value};
use tokio::net::TcpStream;
use tungstenite::handshake::derive_accept_key;

use crate::error::{HandshakeError, TokenError};
use crate::identity::Identity;
use crate::model::version::Version;
use crate::socket::{Session, run};
use crate::state::{Admitted, State};

pub(super) async fn answer(state: State, mut request: Request) -> Response {
    let agreed = match agree(&state, &request) {
        Ok(agreed) => agreed,
        Err(error) => {
            let pause = state.config.limits.handshake_pause;
            return error.answer(pause).await;
        }
    };
    let upgrading = hyper::upgrade::on(&mut request);
    let accept = agreed.accept.clone();
    tokio::spawn(begin(state, upgrading, agreed));
    let headers = [
        (CONNECTION, HeaderValue::from_static("Upgrade")),
        (UPGRADE, HeaderValue::from_static("websocket")),
        (SEC_WEBSOCKET_ACCEPT, accept),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response()
}

/// What was agreed on.
struct Agreed {
    accept: HeaderValue,
    version: Version,
    identity: Identity,
    headers: String,
    admitted: Admitted,
}

fn agree(state: &State, request: &Request) -> Result<Agreed, HandshakeError> {
    let headers = request.headers();
    let key = websocket_key(request).ok_or(HandshakeError::NotWebSocket)?;
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes()))
        .map_err(|_| HandshakeError::NotWebSocket)?;
    let query = request.uri().query().unwrap_or_default();
    let parameter = |wanted: &str| {
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value)
    };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let version = Version::read(parameter("vsn").as_deref()).ok_or(HandshakeError::Version)?;
    let token = header("x-api-key")
        .map(Into::into)
        .or_else(|| parameter("apikey"))
        .or_else(|| header("apikey").map(Into::into))
        .filter(|token| !token.is_empty())
        .ok_or(TokenError::Missing)?;
    let identity = state.identify(&token)?;
    if state.joins().is_over() {
        return Err(HandshakeError::Joins);
    }
    Ok(Agreed {
        accept,
        version,
        identity,
        headers: own_headers(headers),
        admitted: state.admit().ok_or(HandshakeError::Sockets)?,
    })
}

/// The client's key, if the request is a handshake of the right version.
fn websocket_key(request: &Request) -> Option<&HeaderValue> {
    let headers = request.headers();
    let has = |name, wanted: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|part| part.trim().eq_ignore_ascii_case(wanted))
    };
    let is_handshake = request.method() == Method::GET
        && has(CONNECTION, "upgrade")
        && has(UPGRADE, "websocket")
        && has(SEC_WEBSOCKET_VERSION, "13");
    is_handshake.then(|| headers.get(SEC_WEBSOCKET_KEY))?
}

/// The `x-` headers as JSON, which policies may read; none that is a key.
pub(super) fn own_headers(headers: &HeaderMap) -> String {
    let own: Map<String, Value> = headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("x-") && name.as_str() != "x-api-key")
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.into())))
        .collect();
    Value::Object(own).to_string()
}

async fn begin(state: State, upgrading: OnUpgrade, agreed: Agreed) {
    let upgraded = match upgrading.await {
        Ok(upgraded) => upgraded,
        Err(error) => {
            tracing::debug!(%error, "a handshake did not end");
            return;
        }
    };
    match downcast::<TokioIo<TcpStream>>(upgraded) {
        Ok(parts) => {
            let session = Session::new(state, agreed.version, agreed.identity, agreed.headers.into());
            run(parts.io.into_inner(), parts.read_buf, session).await;
        }
        Err(_) => tracing::error!("a WebSocket on something that is no TCP connection"),
    }
    drop(agreed.admitted);
}
