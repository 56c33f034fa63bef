//! Images in other sizes: who may see them, what cannot be changed, what is refused.

use super::*;

/// A picture of 40 × 20 pixels; as bytes without compression, so that a length says its size.
fn bmp() -> Vec<u8> {
    let mut made = b"BM".to_vec();
    for number in [54 + 2400_u32, 0, 54, 40, 40, 20] {
        made.extend(number.to_le_bytes());
    }
    made.extend([1, 0, 24, 0]);
    for number in [0_u32, 2400, 0, 0, 0, 0] {
        made.extend(number.to_le_bytes());
    }
    made.extend((0..2400_u32).map(|byte| u8::try_from(byte % 251).unwrap()));
    made
}

/// Length of such a picture.
fn length(width: u64, height: u64) -> String {
    (54 + height * (width * 3).next_multiple_of(4)).to_string()
}

async fn upload(owner: &Owner<'_>, path: &str, body: Vec<u8>) {
    let headers = [
        ("content-type", "image/bmp"),
        ("cache-control", "max-age=77"),
        ("x-upsert", "true"),
    ];
    let answer = owner
        .send(Method::POST, &format!("/object/{path}"), &headers, body)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

async fn render(backend: &Backend, path: &str, headers: &[(&str, &str)]) -> Answer {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let path = format!("/storage/v1{path}");
    backend
        .raw(Method::GET, &path, headers.collect(), Vec::new())
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn public_ones() {
    let backend = Backend::start("").await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b", "public": true })).await;
    upload(&owner, "b/i.bmp", bmp()).await;
    let public = "/render/image/public/b/i.bmp";
    let whole = owner.get("public/b/i.bmp", &[]).await;
    for (query, size) in [
        ("", (40, 20)),
        ("?width=20", (20, 10)),
        ("?width=10&height=10", (10, 10)),
        ("?width=10&height=10&resize=contain", (10, 5)),
        ("?width=10&height=15&resize=fill", (10, 15)),
        ("?width=9000", (40, 20)),
        ("?width=0&height=10&whatever=1", (20, 10)),
    ] {
        // The second answer is a remembered one.
        for _ in 0..2 {
            let answer = render(&backend, &format!("{public}{query}"), &[]).await;
            assert_eq!(answer.status, 200, "{query}: {}", answer.text);
            assert_eq!(
                answer.headers["content-length"],
                length(size.0, size.1),
                "{query}"
            );
            assert_eq!(answer.headers["content-type"], "image/bmp");
            assert_eq!(answer.headers["cache-control"], "max-age=77");
            assert_eq!(answer.headers["etag"], whole.headers["etag"]);
        }
    }
    let webp = [("accept", "image/avif,image/webp,*/*")];
    let answer = render(&backend, &format!("{public}?width=10"), &webp).await;
    assert_eq!(answer.headers["content-type"], "image/webp");
    assert!(
        answer
            .headers
            .get_all("vary")
            .iter()
            .any(|value| value == "accept")
    );
    let answer = render(
        &backend,
        &format!("{public}?width=10&format=origin&quality=70"),
        &webp,
    )
    .await;
    assert_eq!(answer.headers["content-type"], "image/bmp");
    assert_eq!(
        answer.headers["x-transformations"],
        "width:10,resizing_type:fill,quality:70"
    );
    let answer = render(&backend, &format!("{public}?width=10&format=avif"), &[]).await;
    assert_eq!(answer.headers["content-type"], "image/avif");

    // A new version is another picture, and an object that is gone has none.
    let etag = whole.headers["etag"].to_str().unwrap();
    let same = render(
        &backend,
        &format!("{public}?width=20"),
        &[("if-none-match", etag)],
    )
    .await;
    assert_eq!((same.status, same.text.as_str()), (304, ""));
    owner.json(Method::DELETE, "/object/b/i.bmp", json!({})).await;
    let gone = render(&backend, &format!("{public}?width=20"), &[]).await;
    assert_eq!(gone.json["code"], "NoSuchKey");
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals() {
    let backend = Backend::start("").await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b", "public": true })).await;
    owner.bucket(json!({ "name": "p" })).await;
    upload(&owner, "p/i.bmp", bmp()).await;
    upload(&owner, "b/i.bmp", bmp()).await;
    upload(&owner, "b/text", b"no picture".to_vec()).await;
    upload(&owner, "b/cut", bmp()[..600].to_vec()).await;
    let mut bomb = bmp();
    bomb[18..22].copy_from_slice(&50_000_u32.to_le_bytes());
    bomb[22..26].copy_from_slice(&50_000_u32.to_le_bytes());
    upload(&owner, "b/bomb", bomb).await;
    let unusable = "The source image is invalid or unsupported for rendering";
    for (path, code, message) in [
        ("public/p/i.bmp", "NoSuchBucket", "Bucket not found"),
        ("public/b/none", "NoSuchKey", "Object not found"),
        ("authenticated/p/i.bmp", "AccessDenied", "Invalid Compact JWS"),
        ("public/b/text?width=1", "InvalidRequest", unusable),
        ("public/b/cut?width=1", "InvalidRequest", unusable),
        (
            "public/b/bomb?width=1",
            "InvalidRequest",
            "The source image resolution is too large",
        ),
        (
            "public/b/i.bmp?resize=bogus",
            "InvalidRequest",
            "querystring/resize must be equal to one of the allowed values",
        ),
        (
            "public/b/i.bmp?width=-1",
            "InvalidRequest",
            "querystring/width must be >= 0",
        ),
        (
            "public/b/i.bmp?quality=101",
            "InvalidRequest",
            "querystring/quality must be <= 100",
        ),
        (
            "public/b/i.bmp?quality=19",
            "InvalidRequest",
            "querystring/quality must be >= 20",
        ),
    ] {
        let answer = render(&backend, &format!("/render/image/{path}"), &[]).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
        assert_eq!(answer.json["code"], code, "{path}");
        assert_eq!(answer.json["message"], message, "{path}");
    }
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_ones_are_what_the_token_says() {
    let backend = Backend::start("").await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "p" })).await;
    upload(&owner, "p/i.bmp", bmp()).await;
    let transform = json!({ "width": 10, "height": 10, "format": "origin" });
    let order = json!({ "expiresIn": 60, "transform": transform });
    let signed = owner.json(Method::POST, "/object/sign/p/i.bmp", order).await;
    let url = signed.json["signedURL"].as_str().unwrap().to_owned();
    assert!(url.starts_with("/render/image/sign/p/i.bmp?token="), "{url}");
    let wider = format!("{url}&width=40&height=20&format=avif&resize=fill");
    for url in [&url, &wider] {
        let answer = render(&backend, url, &[("accept", "image/webp")]).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.headers["content-type"], "image/bmp");
        assert_eq!(answer.headers["content-length"], length(10, 10));
        assert!(answer.headers.contains_key("expires"));
    }
    // It opens neither the whole picture nor another one.
    let whole = url.replace("/render/image/sign/", "/object/sign/");
    for url in [whole, url.replace("i.bmp", "j.bmp")] {
        let answer = render(&backend, &url, &[]).await;
        assert_eq!(answer.json["code"], "InvalidSignature", "{url}: {}", answer.text);
    }
    let empty = json!({ "expiresIn": 60, "transform": {} });
    let plain = owner.json(Method::POST, "/object/sign/p/i.bmp", empty).await;
    assert!(
        plain.json["signedURL"]
            .as_str()
            .unwrap()
            .starts_with("/object/sign/")
    );
    let wrong = json!({ "expiresIn": 60, "transform": { "quality": 5 } });
    let wrong = owner.json(Method::POST, "/object/sign/p/i.bmp", wrong).await;
    assert_eq!(wrong.json["message"], "body/transform/quality must be >= 20");
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn off_means_no_route() {
    let backend = Backend::start("[storage.image_transformation]\nenabled = false\n").await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b", "public": true })).await;
    upload(&owner, "b/i.bmp", bmp()).await;
    let answer = render(&backend, "/render/image/public/b/i.bmp?width=5", &[]).await;
    assert_eq!((answer.status, &answer.json["error"]), (404, &json!("Not Found")));
    let order = json!({ "expiresIn": 60, "transform": { "width": 5 } });
    let signed = owner.json(Method::POST, "/object/sign/b/i.bmp", order).await;
    let url = signed.json["signedURL"].as_str().unwrap();
    assert!(url.starts_with("/object/sign/"), "{url}");
    let whole = render(&backend, url, &[]).await;
    assert_eq!(whole.headers["content-length"], length(40, 20));
    backend.stop().await;
}
