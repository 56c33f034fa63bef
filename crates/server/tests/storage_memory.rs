//! Memory that a large upload and a large download take: alone in this process, so that it can be measured.
#![allow(clippy::unwrap_used)]

use ferrobase_testkit::Backend;
use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes of the object.
const SIZE: usize = 200 << 20;

/// Most kilobytes that one transfer may add to the highest memory so far.
const MOST: u64 = 32 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn transfers_of_any_size_take_little_memory() {
    let backend = Backend::start("[storage]\nfile_size_limit = \"1GB\"\n").await;
    let key = backend.endpoints().service_role_key.clone();
    let bearer = vec![("authorization".to_owned(), format!("Bearer {key}"))];
    let made = backend
        .raw(
            Method::POST,
            "/storage/v1/bucket",
            bearer,
            b"{\"name\":\"b\"}".to_vec(),
        )
        .await;
    assert_eq!(made.status, 200, "{}", made.text);
    // What is needed once in any case.
    transfer(&backend, &key, "first", 1 << 20, "raw").await;
    for kind in ["raw", "form"] {
        let before = peak();
        transfer(&backend, &key, kind, SIZE, kind).await;
        let grown = peak() - before;
        assert!(grown < MOST, "{kind}: {grown} KiB");
    }
    backend.stop().await;
}

/// Uploads that many bytes and reads them back.
async fn transfer(backend: &Backend, key: &str, name: &str, size: usize, kind: &str) {
    let address = backend.endpoints().api_url.trim_start_matches("http://");
    let (before, after, mime) = match kind {
        "form" => (
            "--X\r\nContent-Disposition: form-data; name=\"\"; filename=\"f\"\r\n\r\n",
            "\r\n--X--\r\n",
            "multipart/form-data; boundary=X",
        ),
        _ => ("", "", "application/octet-stream"),
    };
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /storage/v1/object/b/{name} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: {mime}\r\nContent-Length: {}\r\n\r\n{before}",
        size + before.len() + after.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = vec![b'x'; 1 << 20];
    for _ in 0..size >> 20 {
        stream.write_all(&chunk).await.unwrap();
    }
    stream.write_all(after.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "GET /storage/v1/object/b/{name} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut buffer = vec![0; 1 << 20];
    let mut read = 0;
    loop {
        match stream.read(&mut buffer).await.unwrap() {
            0 => break,
            bytes => read += bytes,
        }
    }
    assert!(read > size && read < size + 4096, "{read}");
}

/// The highest memory of this process so far, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let number = line.split_whitespace().nth(1).unwrap();
    number.parse().unwrap()
}
