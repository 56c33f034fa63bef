//! Who may begin an upload, go on with it, and end it.

use super::*;

const OWN_FOLDER: &str = "create policy own on storage.objects for all to authenticated \
    using ((storage.foldername(name))[1] = (select auth.uid())::text) \
    with check ((storage.foldername(name))[1] = (select auth.uid())::text)";

const ANN: &str = "00000000-0000-4000-8000-0000000000a1";
const BOB: &str = "00000000-0000-4000-8000-0000000000b2";

fn user<'a>(backend: &'a Backend, sub: &str) -> Client<'a> {
    let keys = ferrobase_jwt::KeySet {
        secret: backend.endpoints().jwt_secret.clone().into(),
        jwks: Vec::new(),
        sign_with_secret: true,
    };
    let keys = ferrobase_jwt::TokenKeys::new(&keys, ferrobase_jwt::Clock::System).unwrap();
    let claims =
        json!({ "role": "authenticated", "sub": sub, "aud": "authenticated", "exp": 4_102_444_800_i64 });
    let token = keys.sign_hs256(&claims).unwrap();
    Client { backend, token }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_its_users() {
    let backend = started().await;
    backend.sql().execute(OWN_FOLDER, &[]).await.unwrap();
    let (ann, bob) = (user(&backend, ANN), user(&backend, BOB));
    let refused = bob.create(&format!("{ANN}/k"), &[("upload-length", "10")]).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.text, "new row violates row-level security policy");
    let path = ann.begin(&format!("{ANN}/k"), 10).await;
    assert_eq!(ann.patch(&path, 0, b"12345").await.status, 204);
    for answer in [
        bob.patch(&path, 5, b"67890").await,
        bob.send(Method::HEAD, &path, &[], b"").await,
        bob.send(Method::DELETE, &path, &[], b"").await,
    ] {
        assert_eq!(answer.status, 403, "{}", answer.text);
    }
    assert_eq!(ann.offset(&path).await, 5);

    // Rights are asked for again when the object is made.
    let sql = backend.sql();
    sql.execute("drop policy own on storage.objects", &[])
        .await
        .unwrap();
    let refused = ann.patch(&path, 5, b"67890").await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    assert_eq!(ann.offset(&path).await, 5);
    sql.execute(OWN_FOLDER, &[]).await.unwrap();
    assert_eq!(ann.patch(&path, 5, b"67890").await.status, 204);
    let row = sql
        .query_one("select owner_id from storage.objects", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, String>(0), ANN);
    backend.stop().await;
}

/// Rights that go while the last bytes come.
#[tokio::test(flavor = "multi_thread")]
async fn rights_that_go_meanwhile() {
    let backend = started().await;
    let sql = backend.sql();
    sql.execute(OWN_FOLDER, &[]).await.unwrap();
    let ann = user(&backend, ANN);
    let path = ann.begin(&format!("{ANN}/k"), 10).await;
    let mut stream = ann.hanging(&path, 0, 10, b"12345").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    sql.execute("drop policy own on storage.objects", &[])
        .await
        .unwrap();
    stream.write_all(b"67890").await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 403");
    let rows = sql.query("select from storage.objects", &[]).await.unwrap();
    assert!(rows.is_empty());
    assert!(
        ann.offset(&path).await < 10,
        "all bytes are never told of without an object"
    );
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_uploads_of_one_new_key_one_wins() {
    let backend = started().await;
    let client = Client::owner(&backend);
    let (one, two) = (client.begin("k", 5).await, client.begin("k", 5).await);
    let answers = futures_util::join!(client.patch(&one, 0, b"11111"), client.patch(&two, 0, b"22222"));
    let mut statuses = [answers.0.status, answers.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
    let upsert = client
        .create("k", &[("upload-length", "5"), ("x-upsert", "true")])
        .await;
    assert_eq!(upsert.status, 201);
    let refused = client.create("k", &[("upload-length", "5")]).await;
    assert_eq!(
        (refused.status, refused.text.as_str()),
        (409, "The resource already exists")
    );
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_uploads() {
    let backend = started().await;
    let owner = Owner(&backend);
    let signed = owner
        .json(Method::POST, "/object/upload/sign/b/k", json!({}))
        .await;
    let token = signed.json["token"].as_str().unwrap();
    let send = async |method: Method, path: &str, headers: &[(&str, &str)], body: &[u8]| {
        let headers = [&[("tus-resumable", "1.0.0")], headers].concat();
        let headers = headers
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        backend.raw(method, path, headers, body.to_vec()).await
    };
    let length = ("upload-length", "5");
    let base = "/storage/v1/upload/resumable/sign";
    let (right, wrong) = (metadata("b", "k"), metadata("b", "other"));
    let signature = ("x-signature", token);
    let answer = send(Method::POST, base, &[("upload-metadata", &right), length], b"").await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (400, "Missing x-signature header")
    );
    let answer = send(
        Method::POST,
        base,
        &[("upload-metadata", &wrong), length, signature],
        b"",
    )
    .await;
    assert_eq!((answer.status, answer.text.as_str()), (400, "Invalid signature"));
    let answer = send(
        Method::POST,
        base,
        &[("upload-metadata", &right), length, signature],
        b"",
    )
    .await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let location = header(&answer, "location");
    let path = location.strip_prefix(&backend.endpoints().api_url).unwrap();
    assert!(path.starts_with(&format!("{base}/")), "{path}");

    let bytes = [("upload-offset", "0"), ("content-type", BYTES)];
    assert_eq!(send(Method::PATCH, path, &bytes, b"12345").await.status, 400);
    // Not through the other door.
    let unsigned = path.replace("/sign/", "/");
    let client = Client::owner(&backend);
    assert_eq!(client.patch(&unsigned, 0, b"12345").await.status, 403);
    let bytes = [&bytes[..], &[signature]].concat();
    let answer = send(Method::PATCH, path, &bytes, b"12345").await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    assert_eq!(owner.get("b/k", &[]).await.text, "12345");
    // Once.
    let answer = send(
        Method::POST,
        base,
        &[("upload-metadata", &right), length, signature],
        b"",
    )
    .await;
    assert_eq!(answer.status, 409, "{}", answer.text);
    backend.stop().await;
}
