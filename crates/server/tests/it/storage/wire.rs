//! Requests as they are, byte for byte.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

/// A connection that sends requests as they are: clients tidy paths up.
pub(super) struct Wire<'a> {
    pub(super) backend: &'a Backend,
    stream: Option<TcpStream>,
}

pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl<'a> Wire<'a> {
    pub(super) fn new(backend: &'a Backend) -> Self {
        Self {
            backend,
            stream: None,
        }
    }

    pub(super) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let mut head = format!(
            "{method} /storage/v1{path} HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            head.extend(format!("{name}: {value}\r\n").chars());
        }
        let request = [head.as_bytes(), b"\r\n", body].concat();
        // A connection that the server has ended is told by the first attempt.
        for _ in 0..2 {
            if self.stream.is_none() {
                let address = self.backend.endpoints().api_url.trim_start_matches("http://");
                self.stream = Some(TcpStream::connect(address).await.unwrap());
            }
            let stream = self.stream.as_mut().unwrap();
            let sent = stream.write_all(&request).await;
            let reply = if sent.is_ok() {
                reply(stream, method == "HEAD").await
            } else {
                None
            };
            let is_over = reply
                .as_ref()
                .is_none_or(|reply| reply.head.to_lowercase().contains("connection: close"));
            if is_over {
                self.stream = None;
            }
            if let Some(reply) = reply {
                assert!(
                    (200..500).contains(&reply.status),
                    "{method} {path} {headers:?} {}: {} {}",
                    String::from_utf8_lossy(body),
                    reply.head,
                    String::from_utf8_lossy(&reply.body)
                );
                return reply;
            }
        }
        panic!("no answer to {method} {path}");
    }

    pub(super) async fn owner(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let bearer = format!("Bearer {}", self.backend.endpoints().service_role_key);
        let headers = [&[("authorization", bearer.as_str())], headers].concat();
        self.send(method, path, &headers, body).await
    }

    pub(super) async fn order(&mut self, method: &str, path: &str, body: Value) -> Reply {
        let headers = [("content-type", "application/json")];
        self.owner(method, path, &headers, body.to_string().as_bytes())
            .await
    }
}

pub(super) async fn reply(stream: &mut TcpStream, is_head: bool) -> Option<Reply> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut body = bytes.split_off(end + 4);
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    let length = if is_head { 0 } else { length.unwrap_or_default() };
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Reply { status, head, body })
}
