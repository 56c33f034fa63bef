//! A server that stops and starts again in between.

use std::collections::BTreeMap;

use ferrobase_config::{Config, LoadOptions};
use ferrobase_server::{Running, StartOptions, serve};

use super::*;

async fn start(folder: &std::path::Path) -> Running {
    let load = LoadOptions {
        workdir: folder.to_owned(),
        env: BTreeMap::new(),
        flags: Vec::new(),
    };
    let options = StartOptions {
        workdir: folder.to_owned(),
        db_url: None,
        host: None,
        port: Some(0),
        ephemeral: false,
    };
    serve(Config::load(&load).unwrap(), options).await.unwrap()
}

/// Requests with the key of the project, which outlives the server.
async fn send(
    running: &Running,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let key = running.endpoints().service_role_key.clone();
    let bearer = format!("Bearer {key}");
    let all = [("authorization", bearer.as_str()), ("tus-resumable", "1.0.0")];
    let headers = all.iter().chain(headers);
    let headers = headers
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    ferrobase_testkit::request(&running.endpoints().api_url, method, path, headers, body.to_vec()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_outlives_its_server() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    // As root, PostgreSQL runs as an unprivileged user who has to reach it.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::create_dir(folder.path().join("supabase")).unwrap();
    let config = "[db]\nport = 0\n[local_smtp]\nport = 0\n[storage.buckets.b]\npublic = true\n";
    std::fs::write(folder.path().join("supabase/config.toml"), config).unwrap();

    let running = start(folder.path()).await;
    let metadata = metadata("b", "k");
    let begin = [("upload-metadata", metadata.as_str()), ("upload-length", "10")];
    let answer = send(
        &running,
        Method::POST,
        "/storage/v1/upload/resumable",
        &begin,
        b"",
    )
    .await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let location = header(&answer, "location");
    let path = location
        .strip_prefix(&running.endpoints().api_url)
        .unwrap()
        .to_owned();
    let bytes = [("upload-offset", "0"), ("content-type", BYTES)];
    let answer = send(&running, Method::PATCH, &path, &bytes, b"12345").await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    running.stop().await;

    let running = start(folder.path()).await;
    let answer = send(&running, Method::HEAD, &path, &[], b"").await;
    assert_eq!(header(&answer, "upload-offset"), "5");
    let bytes = [("upload-offset", "5"), ("content-type", BYTES)];
    let answer = send(&running, Method::PATCH, &path, &bytes, b"67890").await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    let answer = send(&running, Method::GET, "/storage/v1/object/public/b/k", &[], b"").await;
    assert_eq!(answer.text, "1234567890");
    running.stop().await;
}
