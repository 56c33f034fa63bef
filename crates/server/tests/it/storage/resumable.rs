//! Resumable uploads: what clients that lose their connection, their server or their patience find.

use data_encoding::BASE64;
use ferrobase_db::Executor;
use ferrobase_storage::{resuming, sweeping};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::leftovers::state;
use super::*;

mod permissions;
mod protocol;
mod restarts;

const BYTES: &str = "application/offset+octet-stream";

/// `Upload-Metadata` for an object.
fn metadata(bucket: &str, key: &str) -> String {
    format!(
        "bucketName {},objectName {},contentType {}",
        BASE64.encode(bucket.as_bytes()),
        BASE64.encode(key.as_bytes()),
        BASE64.encode(b"text/plain")
    )
}

/// Someone with a token.
struct Client<'a> {
    backend: &'a Backend,
    token: String,
}

impl<'a> Client<'a> {
    fn owner(backend: &'a Backend) -> Self {
        let token = backend.endpoints().service_role_key.clone();
        Self { backend, token }
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), ("tus-resumable", "1.0.0")]
            .iter()
            .chain(headers)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        self.backend.raw(method, path, headers, body.to_vec()).await
    }

    async fn create(&self, key: &str, headers: &[(&str, &str)]) -> Answer {
        let metadata = metadata("b", key);
        let headers = [&[("upload-metadata", metadata.as_str())], headers].concat();
        let path = "/storage/v1/upload/resumable";
        self.send(Method::POST, path, &headers, b"").await
    }

    /// The path of a new upload.
    async fn begin(&self, key: &str, length: usize) -> String {
        let length = length.to_string();
        let answer = self.create(key, &[("upload-length", &length)]).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let location = header(&answer, "location");
        let path = location.strip_prefix(&self.backend.endpoints().api_url);
        path.unwrap_or_else(|| panic!("{location}")).to_owned()
    }

    async fn patch(&self, path: &str, offset: usize, body: &[u8]) -> Answer {
        let offset = offset.to_string();
        let headers = [("upload-offset", offset.as_str()), ("content-type", BYTES)];
        self.send(Method::PATCH, path, &headers, body).await
    }

    async fn offset(&self, path: &str) -> usize {
        let answer = self.send(Method::HEAD, path, &[], b"").await;
        assert_eq!(answer.status, 200);
        header(&answer, "upload-offset").parse().unwrap()
    }

    /// A part that is under way: `sent` of `length` bytes.
    async fn hanging(&self, path: &str, offset: usize, length: usize, sent: &[u8]) -> TcpStream {
        let address = self.backend.endpoints().api_url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "PATCH {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
             Upload-Offset: {offset}\r\nContent-Type: {BYTES}\r\nContent-Length: {length}\r\n\r\n",
            self.token
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(sent).await.unwrap();
        stream
    }
}

fn header(answer: &Answer, name: &str) -> String {
    let value = answer.headers.get(name);
    let value = value.unwrap_or_else(|| panic!("no {name}: {:?}", answer.headers));
    value.to_str().unwrap().to_owned()
}

/// Bytes that differ everywhere.
fn content(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 7 + n / 251).to_le_bytes()[0]).collect()
}

async fn started() -> Backend {
    let backend = Backend::start("[storage]\nfile_size_limit = \"8MB\"\n").await;
    Owner(&backend).bucket(json!({ "name": "b" })).await;
    backend
}

/// The blob has this many bytes at least.
async fn blob_becomes(backend: &Backend, size: u64) {
    let sizes = || {
        let root = folder(backend);
        let all = (0..=255_u8).flat_map(|byte| std::fs::read_dir(root.join(format!("{byte:02x}"))).unwrap());
        all.map(|entry| entry.unwrap().metadata().unwrap().len()).max()
    };
    for _ in 0..1000 {
        if sizes() >= Some(size) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(sizes() >= Some(size), "{:?}", sizes());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_before_the_cut_counts() {
    let backend = started().await;
    let client = Client::owner(&backend);
    let all = content(3_000_000);
    let path = client.begin("k", all.len()).await;
    let mut offset = 0;
    for sent in [700_001, 1, 1_200_000] {
        let next = &all[offset..offset + sent];
        let stream = client.hanging(&path, offset, all.len() - offset, next).await;
        if sent > 1 {
            // Without the last piece, which waits for more.
            blob_becomes(&backend, (offset + sent / 524_288 * 524_288) as u64).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        drop(stream);
        offset += sent;
        assert_eq!(client.offset(&path).await, offset);
        let row = backend
            .sql()
            .query_one("select upload_offset from _ferrobase.storage_uploads", &[])
            .await;
        assert_eq!(row.unwrap().get::<_, i64>(0), i64::try_from(offset).unwrap());
    }
    let object = Owner(&backend).get("b/k", &[]).await;
    assert_eq!(object.json["code"], "NoSuchKey");
    let answer = client.patch(&path, offset, &all[offset..]).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    assert_eq!(header(&answer, "tus-complete"), "1");
    let info = Owner(&backend).get("info/b/k", &[]).await;
    assert_eq!(info.json["size"], all.len());
    files_become(&backend, (1, 0)).await;
    // The hash over the parts is that of the whole.
    Owner(&backend).put("b/plain", all.clone()).await;
    let plain = Owner(&backend).get("info/b/plain", &[]).await;
    assert!(
        info.json["etag"].is_string() && info.json["etag"] == plain.json["etag"],
        "{}",
        info.text
    );
    // Whoever missed the last answer hears that all is there.
    assert_eq!(client.offset(&path).await, all.len());
    backend.stop().await;
}

/// Whoever comes later goes on: the one before hears it and lets go, with its bytes secured.
#[tokio::test(flavor = "multi_thread")]
async fn two_at_once() {
    let backend = started().await;
    let client = Client::owner(&backend);
    let all = content(2_000_000);
    let path = client.begin("k", all.len()).await;
    let mut first = client.hanging(&path, 0, all.len(), &all[..600_000]).await;
    blob_becomes(&backend, 524_288).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(client.offset(&path).await, 600_000);
    let mut answer = String::new();
    first.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 423"), "{answer}");

    // A second part beside the first: one of them ends, and the object is whole.
    let first = client
        .hanging(&path, 600_000, all.len() - 600_000, &all[600_000..700_000])
        .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let answer = client.patch(&path, 600_000, &all[600_000..]).await;
    assert_eq!(answer.status, 409, "{}", answer.text);
    assert_eq!(answer.text, "Upload-Offset conflict");
    drop(first);
    let answer = client.patch(&path, 700_000, &all[700_000..]).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    backend.stop().await;
}

/// Many uploads at once need no connection each.
#[tokio::test(flavor = "multi_thread")]
async fn many_uploads_hang() {
    let backend = started().await;
    let client = Client::owner(&backend);
    let mut hanging = Vec::new();
    for n in 0..30 {
        let path = client.begin(&format!("k{n}"), 10).await;
        hanging.push((client.hanging(&path, 0, 10, b"12345").await, path));
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    Owner(&backend).put("b/meanwhile", "x").await;
    for (mut stream, path) in hanging {
        stream.write_all(b"67890").await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 204", "{path}");
    }
    files_become(&backend, (31, 0)).await;
    backend.stop().await;
}

/// Another process takes over as well: it waits for the lock in the database.
#[tokio::test(flavor = "multi_thread")]
async fn locks_hold_across_processes() {
    let backend = started().await;
    let client = Client::owner(&backend);
    let path = client.begin("k", 10).await;
    let row = backend
        .sql()
        .query_one("select id from _ferrobase.storage_uploads", &[])
        .await;
    let row = row.unwrap();
    let other = state(&backend, tempfile::tempdir().unwrap().path());
    let mut stream = client.hanging(&path, 0, 10, b"12345").await;
    for _ in 0..500 {
        if folder_has_blob(&backend) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(other.locks().try_take(row.get(0)).await.unwrap().is_none());
    let held = other.locks().take(row.get(0)).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 423"), "{answer}");

    // Who does not let go keeps it: here, because nobody listens.
    let refused = client.patch(&path, 5, b"67890").await;
    assert_eq!(refused.status, 503, "{}", refused.text);
    drop(held);
    assert_eq!(client.offset(&path).await, 5);
    assert_eq!(client.patch(&path, 5, b"67890").await.status, 204);
    assert_eq!(Owner(&backend).get("b/k", &[]).await.text, "1234567890");
    backend.stop().await;
}

fn folder_has_blob(backend: &Backend) -> bool {
    files(backend).0 > 0
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_leaves_nothing() {
    let backend = Backend::start("[storage]\nresumable_upload_expiration_ms = 3000\n").await;
    Owner(&backend).bucket(json!({ "name": "b" })).await;
    let client = Client::owner(&backend);

    let ended = client.begin("ended", 10).await;
    assert_eq!(client.patch(&ended, 0, b"12345").await.status, 204);
    assert_eq!(files(&backend).0, 1);
    assert_eq!(client.send(Method::DELETE, &ended, &[], b"").await.status, 204);
    assert_eq!(client.send(Method::HEAD, &ended, &[], b"").await.status, 404);
    assert_eq!(client.patch(&ended, 5, b"67890").await.status, 404);
    files_become(&backend, (0, 0)).await;

    let (late, done, never) = (
        client.begin("late", 10).await,
        client.begin("done", 5).await,
        client.begin("never", 5).await,
    );
    assert_eq!(client.patch(&late, 0, b"12345").await.status, 204);
    assert_eq!(client.patch(&done, 0, b"12345").await.status, 204);
    let answer = client.send(Method::DELETE, &done, &[], b"").await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (400, "Cannot terminate an already completed upload")
    );
    tokio::time::sleep(Duration::from_millis(3100)).await;
    for path in [&late, &never] {
        assert_eq!(client.send(Method::HEAD, path, &[], b"").await.status, 410);
        assert_eq!(client.patch(path, 5, b"67890").await.status, 410);
    }
    let process = state(&backend, &folder(&backend));
    resuming::expire(&process).await.unwrap();
    sweeping::superfluous(&process).await.unwrap();
    for path in [&late, &never, &done] {
        assert_eq!(client.send(Method::HEAD, path, &[], b"").await.status, 404);
    }
    files_become(&backend, (1, 0)).await;
    assert_eq!(Owner(&backend).get("b/done", &[]).await.text, "12345");
    backend.stop().await;
}
