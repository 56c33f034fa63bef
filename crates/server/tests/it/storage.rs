//! Storage: what conformance cases cannot see, that blobs and rows stay together, and what attackers send.

use std::path::PathBuf;
use std::time::Duration;

use ferrobase_testkit::{Answer, Backend};
use http::Method;
use serde_json::{Value, json};

mod blobs;
mod hostile;
mod images;
mod leftovers;
mod names;
mod policies;
mod reading;
mod remote;
mod resumable;
mod s3;
mod seeding;
mod wire;

/// Requests as the service itself.
struct Owner<'a>(&'a Backend);

impl Owner<'_> {
    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let key = &self.0.endpoints().service_role_key;
        let headers = [("authorization", format!("Bearer {key}").as_str())]
            .iter()
            .chain(headers)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let path = format!("/storage/v1{path}");
        self.0.raw(method, &path, headers, body.into()).await
    }

    async fn json(&self, method: Method, path: &str, body: Value) -> Answer {
        let headers = [("content-type", "application/json")];
        self.send(method, path, &headers, body.to_string()).await
    }

    async fn bucket(&self, body: Value) {
        let answer = self.json(Method::POST, "/bucket", body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    /// Makes or replaces an object.
    async fn put(&self, path: &str, body: impl Into<Vec<u8>>) {
        let headers = [("content-type", "text/plain"), ("x-upsert", "true")];
        let answer = self
            .send(Method::POST, &format!("/object/{path}"), &headers, body)
            .await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, &format!("/object/{path}"), headers, "")
            .await
    }
}

/// The folder of the backend's blobs.
fn folder(backend: &Backend) -> PathBuf {
    let run = backend.workdir().join("supabase/.ferrobase/run");
    let mut entries = std::fs::read_dir(run).unwrap().map(|entry| entry.unwrap().path());
    entries
        .find(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("storage-"))
        })
        .unwrap()
}

/// Blobs, and markers of such in flight.
fn files(backend: &Backend) -> (usize, usize) {
    let root = folder(backend);
    let count = |name: &str| std::fs::read_dir(root.join(name)).unwrap().count();
    let blobs = (0..=255_u8).map(|byte| count(&format!("{byte:02x}"))).sum();
    (blobs, count("pending"))
}

/// The sweep runs in the background.
async fn files_become(backend: &Backend, wanted: (usize, usize)) {
    for _ in 0..1000 {
        if files(backend) == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(files(backend), wanted);
}
