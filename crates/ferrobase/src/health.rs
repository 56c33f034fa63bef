//! Whether a backend answers: one `GET /health` over a plain socket, so that short commands need no HTTP client.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use url::Url;

/// Longest wait for each step.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether `GET <api_url>/health` says 200. An API behind TLS counts as answering once it accepts connections.
pub(crate) fn answers(api_url: &str) -> bool {
    ask(api_url).unwrap_or(false)
}

fn ask(api_url: &str) -> Option<bool> {
    let url = Url::parse(api_url).ok()?;
    let port = url.port_or_known_default()?;
    // The socket API wants an IPv6 address without the brackets of the URL.
    let host = url
        .host_str()?
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let address = (host.as_str(), port).to_socket_addrs().ok()?.next()?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    if url.scheme() == "https" {
        return Some(true);
    }
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    // In one piece: whoever answers the first one might have closed before the next.
    let request = format!("GET /health HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut start = [0; 12];
    stream.read_exact(&mut start).ok()?;
    Some(&start[9..] == b"200")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn server(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut buffer = [0; 256];
            let _ = stream.read(&mut buffer);
            let _ = stream.write_all(answer.as_bytes());
        });
        url
    }

    #[test]
    fn only_200_counts() {
        assert!(answers(&server("HTTP/1.1 200 OK\r\n\r\n")));
        assert!(!answers(&server("HTTP/1.1 503 Service Unavailable\r\n\r\n")));
        assert!(!answers(&server("")));
        assert!(!answers("http://127.0.0.1:1"));
        assert!(!answers("not a url"));
    }
}
