//! Ranges, conditions and what the gateway does to objects.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_an_object() {
    let backend = Backend::start("").await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b" })).await;
    let content: String = ('a'..='z').cycle().take(100_000).collect();
    owner.put("b/k", content.clone()).await;

    let one = owner.get("b/k", &[("range", "bytes=99990-")]).await;
    assert_eq!((one.status, one.text.as_str()), (206, &content[99_990..]));
    assert_eq!(one.headers["content-range"], "bytes 99990-99999/100000");

    let several = owner.get("b/k", &[("range", "bytes=0-2, 50000-50001,-1")]).await;
    assert_eq!(several.status, 206);
    let kind = several.headers["content-type"].to_str().unwrap().to_owned();
    let boundary = kind.strip_prefix("multipart/byteranges; boundary=").unwrap();
    let part = |range: &str, text: &str| {
        format!(
            "\r\n--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes {range}/100000\r\n\r\n{text}"
        )
    };
    let wanted = [
        part("0-2", "abc"),
        part("50000-50001", &content[50_000..50_002]),
        part("99999-99999", &content[99_999..]),
        format!("\r\n--{boundary}--\r\n"),
    ]
    .concat();
    assert_eq!(several.text, wanted);
    assert_eq!(several.headers["content-length"], wanted.len().to_string());

    // All but one of them lie outside.
    let left = owner.get("b/k", &[("range", "bytes=1-2,100000-")]).await;
    assert_eq!((left.status, left.text.as_str()), (206, "bc"));
    for bad in [
        "bytes=100000-",
        "bytes=0-,0-",
        "bytes=2-1",
        "lines=1-2",
        "bytes=0-99999,0-0",
    ] {
        let answer = owner.get("b/k", &[("range", bad)]).await;
        assert_eq!(answer.status, 416, "{bad}");
        assert_eq!(answer.json["code"], "InvalidRange");
    }
    let etag = one.headers["etag"].to_str().unwrap().to_owned();
    let same = owner
        .get("b/k", &[("range", "bytes=0-0"), ("if-range", &etag)])
        .await;
    assert_eq!(same.status, 206);
    let other = owner
        .get("b/k", &[("range", "bytes=0-0"), ("if-range", "\"other\"")])
        .await;
    assert_eq!((other.status, other.text.len()), (200, content.len()));
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_on_get_and_head() {
    let backend = Backend::start("").await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b" })).await;
    owner.put("b/k", "hello").await;
    let first = owner.get("b/k", &[]).await;
    let etag = first.headers["etag"].to_str().unwrap().to_owned();
    let modified = first.headers["last-modified"].to_str().unwrap().to_owned();
    let (weak, list) = (format!("W/{etag}"), format!("\"x\", {etag}"));
    for method in [Method::GET, Method::HEAD] {
        for condition in [
            ("if-none-match", etag.as_str()),
            ("if-none-match", &weak),
            ("if-none-match", &list),
            ("if-none-match", "*"),
            ("if-modified-since", &modified),
        ] {
            let answer = owner.send(method.clone(), "/object/b/k", &[condition], "").await;
            assert_eq!(
                (answer.status, answer.text.as_str()),
                (304, ""),
                "{method} {condition:?}"
            );
            assert_eq!(answer.headers["etag"], etag);
        }
        for condition in [
            ("if-match", "\"x\""),
            ("if-unmodified-since", "Mon, 01 Jan 2001 00:00:00 GMT"),
        ] {
            let answer = owner.send(method.clone(), "/object/b/k", &[condition], "").await;
            assert_eq!(answer.status, 412, "{method} {condition:?}");
        }
        for condition in [
            ("if-match", etag.as_str()),
            ("if-match", "*"),
            ("if-unmodified-since", &modified),
        ] {
            let answer = owner.send(method.clone(), "/object/b/k", &[condition], "").await;
            assert_eq!(answer.status, 200, "{method} {condition:?}");
        }
        // The tag decides where there is one.
        let conditions = [
            ("if-none-match", "\"x\""),
            ("if-modified-since", modified.as_str()),
        ];
        let answer = owner.send(method, "/object/b/k", &conditions, "").await;
        assert_eq!(answer.status, 200);
    }
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn descriptions_name_the_version_and_echo_a_transform() {
    let backend = Backend::start("").await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b" })).await;
    owner.put("b/k", "hello").await;
    let object = owner.get("b/k", &[]).await;
    let query = "width=5000&height=20&resize=contain&quality=70&format=webp";
    let echoed = "height:20,width:2000,resizing_type:fit,quality:70,format:webp";
    let info = owner.get(&format!("info/b/k?{query}"), &[]).await;
    for name in ["etag", "last-modified"] {
        assert_eq!(info.headers[name], object.headers[name], "{name}");
    }
    assert_eq!(info.headers["cache-control"], "no-cache");
    assert_eq!(info.headers["x-transformations"], echoed);
    let path = format!("/object/b/k?{query}");
    let head = owner.send(Method::HEAD, &path, &[], "").await;
    assert_eq!(head.headers["x-transformations"], echoed);
    let plain = owner.get("info/b/k", &[]).await;
    assert_eq!(plain.headers.get("x-transformations"), None);
    let wrong = owner.get("info/b/k?resize=other", &[]).await;
    assert_eq!(wrong.status, 400);
    assert_eq!(
        wrong.json["message"],
        "querystring/resize must be equal to one of the allowed values"
    );
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_go_out_as_they_are_stored() {
    let backend = Backend::start("").await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b", "public": true })).await;
    let content = "all the same ".repeat(10_000);
    owner.put("b/k", content.clone()).await;
    let headers = [
        ("accept-encoding", "gzip, br"),
        ("origin", "https://app.example.com"),
    ];
    let answer = owner.get("public/b/k", &headers).await;
    assert_eq!(answer.text, content);
    assert_eq!(answer.headers.get("content-encoding"), None);
    assert_eq!(answer.headers["content-length"], content.len().to_string());
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    let exposed = answer.headers["access-control-expose-headers"].to_str().unwrap();
    assert!(exposed.contains("ETag"), "{exposed}");

    // A page is shown as text, whatever it is called.
    let headers = [("content-type", "TEXT/HTML;charset=utf-8")];
    let page = owner.send(Method::POST, "/object/b/page", &headers, "<b>").await;
    assert_eq!(page.status, 200);
    let page = owner.get("public/b/page", &[]).await;
    assert_eq!(page.headers["content-type"], "text/plain");

    // A stored value that would split the answer cannot get in by a form's field either.
    let form = "--X\r\ncontent-disposition: form-data; name=\"cacheControl\"\r\n\r\n1\r\nset-cookie: a=b\r\n\
                --X\r\ncontent-disposition: form-data; name=\"\"; filename=\"f\"\r\n\r\nx\r\n--X--\r\n";
    let headers = [("content-type", "multipart/form-data; boundary=X")];
    owner.send(Method::POST, "/object/b/split", &headers, form).await;
    let answer = owner.get("public/b/split", &[]).await;
    assert_eq!(answer.json["error"], "invalid_header_char", "{}", answer.text);
    assert_eq!(answer.headers.get("set-cookie"), None);
    backend.stop().await;
}
