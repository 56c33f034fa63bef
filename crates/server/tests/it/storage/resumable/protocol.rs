//! Offsets, lengths, headers, checksums.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn offsets_and_lengths() {
    let backend = started().await;
    let client = Client::owner(&backend);
    let path = client.begin("k", 10).await;
    assert_eq!(client.patch(&path, 1, b"x").await.status, 409);
    assert_eq!(client.patch(&path, 0, b"12345").await.status, 204);
    assert_eq!(client.patch(&path, 0, b"12345").await.status, 409);
    // More than there may be, told before and not told.
    let answer = client.patch(&path, 5, b"1234567").await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (413, "Maximum size exceeded")
    );
    let mut stream = client.hanging(&path, 5, 0, b"").await;
    let mut sink = [0; 64];
    let read = stream.read(&mut sink).await.unwrap();
    assert!(sink[..read].starts_with(b"HTTP/1.1 204"));
    assert_eq!(client.offset(&path).await, 5);
    let other = [
        ("upload-offset", "5"),
        ("content-type", BYTES),
        ("upload-length", "11"),
    ];
    assert_eq!(client.send(Method::PATCH, &path, &other, b"").await.status, 400);
    assert_eq!(client.patch(&path, 5, b"67890").await.status, 204);
    // Once more, as somebody who missed the answer.
    let answer = client.patch(&path, 10, b"").await;
    assert_eq!(
        (answer.status, header(&answer, "tus-complete").as_str()),
        (204, "1")
    );
    assert_eq!(Owner(&backend).get("b/k", &[]).await.text, "1234567890");

    let too_large = client.create("large", &[("upload-length", "8388609")]).await;
    assert_eq!(
        (too_large.status, too_large.text.as_str()),
        (413, "Maximum size exceeded")
    );
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_without_announced_length_stop_at_the_end() {
    let backend = started().await;
    let client = Client::owner(&backend);
    let path = client.begin("k", 10).await;
    let address = backend.endpoints().api_url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
         Upload-Offset: 0\r\nContent-Type: {BYTES}\r\nTransfer-Encoding: chunked\r\n\r\n\
         a\r\n1234567890\r\n",
        client.token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    stream.write_all(b"1\r\nx\r\n0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert_eq!(Owner(&backend).get("b/k", &[]).await.json["code"], "NoSuchKey");
    assert_eq!(client.offset(&path).await, 0);
    assert_eq!(client.patch(&path, 0, b"0987654321").await.status, 204);
    assert_eq!(Owner(&backend).get("b/k", &[]).await.text, "0987654321");
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_length_that_comes_later() {
    let backend = started().await;
    let client = Client::owner(&backend);
    let answer = client.create("k", &[("upload-defer-length", "1")]).await;
    let location = header(&answer, "location");
    let path = location.strip_prefix(&backend.endpoints().api_url).unwrap();
    assert_eq!(client.patch(path, 0, b"12345").await.status, 204);
    let head = client.send(Method::HEAD, path, &[], b"").await;
    assert_eq!(header(&head, "upload-defer-length"), "1");
    assert!(!head.headers.contains_key("upload-length"));
    let last = [
        ("upload-offset", "5"),
        ("content-type", BYTES),
        ("upload-length", "5"),
    ];
    let answer = client.send(Method::PATCH, path, &last, b"").await;
    assert_eq!(
        (answer.status, header(&answer, "tus-complete").as_str()),
        (204, "1")
    );
    assert_eq!(Owner(&backend).get("b/k", &[]).await.text, "12345");
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_make_no_sense() {
    let backend = started().await;
    let client = Client::owner(&backend);
    let path = client.begin("k", 10).await;
    let length = ("upload-length", "1");
    for (headers, status, text) in [
        (
            vec![],
            400,
            "Upload-Length or Upload-Defer-Length header required",
        ),
        (
            vec![length, ("upload-defer-length", "1")],
            400,
            "Upload-Length or Upload-Defer-Length header required",
        ),
        (vec![("upload-length", "-1")], 400, "Invalid upload-length"),
        (
            vec![("upload-length", "99999999999999999999999")],
            400,
            "Invalid upload-length",
        ),
        (
            vec![("upload-defer-length", "2")],
            400,
            "Invalid upload-defer-length",
        ),
    ] {
        let answer = client.create("k", &headers).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (status, text),
            "{headers:?}"
        );
        assert_eq!(header(&answer, "tus-resumable"), "1.0.0");
    }
    for (metadata, status, text) in [
        ("", 400, "Invalid upload-metadata"),
        ("bucketName !", 400, "Invalid upload-metadata"),
        ("bucketName Yg==", 400, "Invalid key: "),
        ("objectName Yg==", 400, "Bucket name invalid"),
        ("bucketName bm9uZQ==,objectName Yg==", 404, "Bucket not found"),
        (
            "bucketName Yg==,objectName Yg==,contentType YQ==",
            415,
            "mime type a is not supported",
        ),
        ("bucketName Yg==,objectName Li4vYg==", 400, "Invalid key: ../b"),
    ] {
        let headers = [("upload-metadata", metadata), length];
        let answer = client
            .send(Method::POST, "/storage/v1/upload/resumable", &headers, b"")
            .await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (status, text),
            "{metadata}"
        );
    }
    let offset = ("upload-offset", "0");
    for (headers, status, text) in [
        (
            vec![("content-type", BYTES)],
            403,
            "Upload-Offset header required",
        ),
        (vec![offset], 403, "Content-Type header required"),
        (
            vec![offset, ("content-type", "text/plain")],
            400,
            "Invalid content-type",
        ),
        (
            vec![("upload-offset", "+0"), ("content-type", BYTES)],
            400,
            "Invalid upload-offset",
        ),
        (
            vec![offset, ("content-type", BYTES), ("upload-checksum", "crc 0")],
            400,
            "Invalid upload-checksum",
        ),
    ] {
        let answer = client.send(Method::PATCH, &path, &headers, b"x").await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (status, text),
            "{headers:?}"
        );
    }
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_and_missing_tokens() {
    let backend = started().await;
    let client = Client::owner(&backend);
    let path = client.begin("k", 10).await;
    let bearer = format!("Bearer {}", client.token);
    let plain = |headers: &[(&str, &str)]| {
        let all = [&[("authorization", bearer.as_str())], headers].concat();
        all.iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect::<Vec<_>>()
    };
    let answer = backend.raw(Method::HEAD, &path, plain(&[]), Vec::new()).await;
    assert_eq!(answer.status, 412);
    let old = plain(&[("tus-resumable", "0.2.2")]);
    let answer = backend
        .raw(Method::POST, "/storage/v1/upload/resumable", old, Vec::new())
        .await;
    assert_eq!(
        (answer.status, header(&answer, "tus-version").as_str()),
        (400, "1.0.0")
    );
    let nobody = vec![("tus-resumable".to_owned(), "1.0.0".to_owned())];
    let answer = backend.raw(Method::PATCH, &path, nobody, Vec::new()).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_with_a_wrong_checksum_does_not_count() {
    let backend = started().await;
    let client = Client::owner(&backend);
    let path = client.begin("k", 10).await;
    // SHA-1 of "hello", and SHA-256 of "world".
    let sha1 = "sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=";
    let sha256 = "sha256 SG6kYiTRu0+2gPNPfJrZao8k7Ii+c+qOWmxlJg6cuKc=";
    let checked = async |offset: &str, checksum: &str, body: &[u8]| {
        let headers = [
            ("upload-offset", offset),
            ("content-type", BYTES),
            ("upload-checksum", checksum),
        ];
        client.send(Method::PATCH, &path, &headers, body).await
    };
    let answer = checked("0", sha1, b"HELLO").await;
    assert_eq!((answer.status, answer.text.as_str()), (460, "Checksum Mismatch"));
    assert_eq!(client.offset(&path).await, 0);
    assert_eq!(checked("0", sha1, b"hello").await.status, 204);
    assert_eq!(checked("5", sha1, b"world").await.status, 460);
    assert_eq!(checked("5", sha256, b"world").await.status, 204);
    assert_eq!(Owner(&backend).get("b/k", &[]).await.text, "helloworld");
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins() {
    let backend = started().await;
    let path = "/storage/v1/upload/resumable";
    let answer = backend.raw(Method::OPTIONS, path, Vec::new(), Vec::new()).await;
    assert_eq!(answer.status, 204);
    assert_eq!(header(&answer, "tus-max-size"), "8388608");
    assert!(header(&answer, "tus-extension").contains("creation-with-upload"));
    assert!(header(&answer, "access-control-allow-headers").contains("Upload-Offset"));
    assert_eq!(header(&answer, "access-control-allow-origin"), "*");
    let client = Client::owner(&backend);
    let answer = client
        .create(
            "k",
            &[
                ("upload-length", "1"),
                ("x-forwarded-proto", "https"),
                ("x-forwarded-host", "a.example"),
            ],
        )
        .await;
    let exposed = header(&answer, "access-control-expose-headers");
    for name in [
        "Location",
        "Upload-Offset",
        "Upload-Length",
        "Upload-Expires",
        "Tus-Resumable",
    ] {
        assert!(exposed.split(", ").any(|one| one == name), "{name}: {exposed}");
    }
    let location = header(&answer, "location");
    assert!(
        location.starts_with("https://a.example/storage/v1/upload/resumable/"),
        "{location}"
    );
    backend.stop().await;
}
