//! What attackers and broken clients send.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

async fn connect(backend: &Backend) -> TcpStream {
    let address = backend.endpoints().api_url.trim_start_matches("http://");
    TcpStream::connect(address).await.unwrap()
}

fn head(backend: &Backend, path: &str, further: &str) -> String {
    let key = &backend.endpoints().service_role_key;
    format!(
        "POST /storage/v1/object/{path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/octet-stream\r\n{further}\r\n\r\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_upload_leaves_nothing() {
    let backend = Backend::start("").await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b" })).await;
    owner.put("b/old", "old").await;
    for (path, further) in [
        ("b/cut", "Content-Length: 5000000"),
        ("b/cut", "Transfer-Encoding: chunked"),
        ("b/old", "x-upsert: true\r\nContent-Length: 5000000"),
    ] {
        let mut stream = connect(&backend).await;
        stream
            .write_all(head(&backend, path, further).as_bytes())
            .await
            .unwrap();
        if further.contains("chunked") {
            stream.write_all(b"1e8480\r\n").await.unwrap();
        }
        stream.write_all(&vec![7; 1_500_000]).await.unwrap();
        // So much was written that it went to disk in pieces.
        for _ in 0..500 {
            if files(&backend).0 == 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(files(&backend), (2, 1));
        drop(stream);
        files_become(&backend, (1, 0)).await;
    }
    assert_eq!(owner.get("b/cut", &[]).await.json["code"], "NoSuchKey");
    assert_eq!(owner.get("b/old", &[]).await.text, "old");
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_whatever_the_kind_of_body() {
    let backend = Backend::start("[storage]\nfile_size_limit = \"2MB\"\n").await;
    let owner = Owner(&backend);
    owner
        .bucket(json!({ "name": "b", "file_size_limit": 1_000_000 }))
        .await;
    owner.bucket(json!({ "name": "global" })).await;
    let body = vec![b'x'; 3_000_000];
    let form = |content: &[u8]| {
        let mut form = b"--X\r\nContent-Disposition: form-data; name=\"\"; filename=\"f\"\r\n\r\n".to_vec();
        form.extend_from_slice(content);
        form.extend_from_slice(b"\r\n--X--\r\n");
        form
    };
    let as_form = [("content-type", "multipart/form-data; boundary=X")];
    for bucket in ["b", "global"] {
        let path = format!("/object/{bucket}/k");
        for answer in [
            owner.send(Method::POST, &path, &[], body.clone()).await,
            owner.send(Method::POST, &path, &as_form, form(&body)).await,
        ] {
            assert_eq!(answer.json["code"], "EntityTooLarge", "{}", answer.text);
        }
        // A form is longer than the file in it.
        let content = &body[..1_000_000];
        let answer = owner.send(Method::PUT, &path, &as_form, form(content)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);

        let mut stream = connect(&backend).await;
        let head = head(
            &backend,
            &format!("{bucket}/chunked"),
            "Transfer-Encoding: chunked",
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let chunk = [b"186a0\r\n".to_vec(), vec![b'x'; 100_000], b"\r\n".to_vec()].concat();
        for _ in 0..30 {
            if stream.write_all(&chunk).await.is_err() {
                break;
            }
        }
        let _ = stream.write_all(b"0\r\n\r\n").await;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("EntityTooLarge"), "{answer}");
        assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
    }
    files_become(&backend, (2, 0)).await;
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_never_become_paths() {
    let backend = Backend::start("").await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b" })).await;
    let refused = [
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e%2fx",
        "a%2f..%2fb",
        "a%2f%2e",
        "a%00b",
        "%00",
        "a%0ab",
        "a%5cb",
        "%ff%fe",
        "caf%C3%A9",
        "%F0%9F%98%80",
        "a%25b",
        "a%7eb",
        "%e2%80%ae",
    ];
    for key in refused {
        for method in [Method::POST, Method::GET, Method::DELETE] {
            let answer = owner.send(method, &format!("/object/b/{key}"), &[], "x").await;
            assert_eq!(answer.json["code"], "InvalidKey", "{key}: {}", answer.text);
        }
    }
    let accepted = [
        "%2fetc%2fpasswd",
        "a//b",
        "...",
        "-rf",
        "a%20%3f%26",
        "%27;drop%20table%20storage.objects;--",
        "con",
        "CON/nul.txt",
        "a%2f",
    ];
    for key in accepted {
        owner.put(&format!("b/{key}"), key).await;
        let answer = owner.get(&format!("b/{key}"), &[]).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, key));
    }
    assert_eq!(files(&backend).0, accepted.len());
    // Longer than an index can hold, and not to be compressed.
    let long: String = (0..5000_u32)
        .map(|n| char::from(b'a' + u8::try_from(n.wrapping_mul(2_654_435_761) >> 28).unwrap()))
        .collect();
    let answer = owner
        .send(Method::POST, &format!("/object/b/{long}"), &[], "x")
        .await;
    assert!([200, 400].contains(&answer.status), "{}", answer.text);
    for bucket in ["a%2f..", "%2e%2e%2f", "a%2fb", "%00", "a%0a"] {
        let answer = owner.get(&format!("{bucket}/k"), &[]).await;
        assert_eq!(answer.status, 400, "{bucket}: {}", answer.text);
        assert!(answer.json["statusCode"].is_string());
    }
    backend.stop().await;
}

/// Nobody without a token, or with a wrong one, gets anywhere.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_open_nothing() {
    let backend = Backend::start("").await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b" })).await;
    owner.put("b/k", "secret").await;
    let anon = backend.endpoints().anon_key.clone();
    let mut tampered = backend.endpoints().service_role_key.clone();
    tampered.truncate(tampered.len() - 4);
    let signed = owner
        .json(Method::POST, "/object/sign/b/k", json!({ "expiresIn": 60 }))
        .await;
    let url = signed.json["signedURL"].as_str().unwrap().to_owned();
    let (_, url_token) = url.split_once("token=").unwrap();
    for token in [
        None,
        Some(anon.as_str()),
        Some(&tampered),
        Some(url_token),
        Some("x"),
    ] {
        let headers: Vec<_> = token
            .map(|token| ("authorization".to_owned(), format!("Bearer {token}")))
            .into_iter()
            .collect();
        for (method, path) in [
            (Method::GET, "/object/b/k"),
            (Method::GET, "/object/authenticated/b/k"),
            (Method::GET, "/object/public/b/k"),
            (Method::GET, "/object/info/b/k"),
            (Method::GET, "/object/sign/b/k"),
            (Method::POST, "/object/b/new"),
            (Method::PUT, "/object/b/k"),
            (Method::DELETE, "/object/b/k"),
            (Method::PUT, "/object/upload/sign/b/new"),
            (Method::GET, "/bucket/b"),
            (Method::DELETE, "/bucket/b"),
            (Method::POST, "/bucket/b/empty"),
            (Method::DELETE, "/cdn"),
        ] {
            let path = format!("/storage/v1{path}");
            let answer = backend
                .raw(method.clone(), &path, headers.clone(), b"{}".to_vec())
                .await;
            assert!(
                (400..=404).contains(&answer.status),
                "{method} {path} {token:?}: {} {}",
                answer.status,
                answer.text
            );
            assert!(!answer.text.contains("secret"));
        }
    }
    // A URL is for one object and for one purpose.
    for path in [
        format!("/object/sign/b/other?token={url_token}"),
        format!("/object/sign/b/k/?token={url_token}"),
    ] {
        let answer = backend
            .raw(Method::GET, &format!("/storage/v1{path}"), vec![], vec![])
            .await;
        assert_eq!(answer.json["code"], "InvalidSignature", "{}", answer.text);
    }
    let path = format!("/storage/v1/object/upload/sign/b/k?token={url_token}");
    let answer = backend.raw(Method::PUT, &path, vec![], b"x".to_vec()).await;
    assert_eq!(answer.json["message"], "Token is not scoped for upload");
    assert_eq!(owner.get("b/k", &[]).await.text, "secret");
    backend.stop().await;
}

/// What is not served says so in its own dialect.
#[tokio::test(flavor = "multi_thread")]
async fn protocols_that_are_not_served() {
    let backend = Backend::start("").await;
    let owner = Owner(&backend);
    for (method, path, status) in [
        (Method::GET, "/iceberg/bucket", 400),
        (Method::GET, "/iceberg/v1/config", 406),
        (Method::POST, "/vector/ListIndexes", 400),
    ] {
        let answer = owner.send(method, path, &[], "").await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        assert!(answer.text.contains("not supported"), "{path}: {}", answer.text);
    }
    backend.stop().await;
}
