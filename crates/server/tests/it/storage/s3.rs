//! The S3 protocol: boto3 as it is, and what no client of good will sends.

use chrono::TimeDelta;
use ferrobase_db::Executor;
use ferrobase_jwt::{Clock, KeySet, TokenKeys, sha256};
use ferrobase_storage::s3::sigv4::{ALGORITHM, Canonical, Credential, Signer};

use super::*;

const USER: &str = "11111111-1111-4111-8111-111111111111";

fn token(backend: &Backend) -> String {
    let keys = KeySet {
        secret: backend.endpoints().jwt_secret.clone().into(),
        jwks: Vec::new(),
        sign_with_secret: true,
    };
    let claims =
        json!({ "role": "authenticated", "sub": USER, "aud": "authenticated", "exp": 4_102_444_800_i64 });
    let keys = TokenKeys::new(&keys, Clock::System).unwrap();
    keys.sign_hs256(&claims).unwrap()
}

/// The unmodified client for Python, against buckets with policies.
#[tokio::test(flavor = "multi_thread")]
async fn boto3() {
    let backend = Backend::start("[storage]\nfile_size_limit = \"500MB\"\n").await;
    Owner(&backend).bucket(json!({ "name": "users" })).await;
    let sql = "create policy own on storage.objects for all to authenticated \
        using (bucket_id = 'users' and (storage.foldername(name))[1] = auth.uid()::text)";
    backend.sql().execute(sql, &[]).await.unwrap();
    let endpoints = backend.endpoints();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/s3.py");
    let output = tokio::process::Command::new("python3")
        .arg(script)
        .env("S3_URL", format!("{}/storage/v1/s3", endpoints.api_url))
        .env("S3_KEY", &endpoints.s3_access_key_id)
        .env("S3_SECRET", &endpoints.s3_secret_access_key)
        .env("S3_REGION", &endpoints.s3_region)
        .env("ANON_KEY", &endpoints.anon_key)
        .env("USER_TOKEN", token(&backend))
        .env("USER_ID", USER)
        .output()
        .await
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("all of boto3"), "{out}");
    // Of uploads in parts nothing is left but what they made: of objects as many blobs as rows.
    let rows = backend
        .sql()
        .query_one("select count(*) from storage.objects", &[])
        .await
        .unwrap();
    let rows = usize::try_from(rows.get::<_, i64>(0)).unwrap();
    files_become(&backend, (rows, 0)).await;
    backend.stop().await;
}

/// A request that is signed by hand.
struct Request<'a> {
    method: Method,
    path: &'a str,
    query: Vec<(&'a str, &'a str)>,
    /// Signed headers beside the usual ones.
    headers: Vec<(&'a str, &'a str)>,
    unsigned: Vec<(&'a str, &'a str)>,
    /// What `x-amz-content-sha256` says; the body's hash if `None`.
    payload: Option<&'a str>,
    body: Vec<u8>,
    skew: TimeDelta,
}

impl Default for Request<'_> {
    fn default() -> Self {
        Self {
            method: Method::PUT,
            path: "/b/k",
            query: Vec::new(),
            headers: Vec::new(),
            unsigned: Vec::new(),
            payload: None,
            body: b"hello".to_vec(),
            skew: TimeDelta::zero(),
        }
    }
}

impl Request<'_> {
    fn signer(&self, backend: &Backend) -> (Signer, String, String) {
        let time = (Clock::System.now() + self.skew)
            .format("%Y%m%dT%H%M%SZ")
            .to_string();
        let endpoints = backend.endpoints();
        let scope = format!("{}/us-east-1/s3/aws4_request", &time[..8]);
        let credential = format!("{}/{scope}", endpoints.s3_access_key_id);
        let parsed = Credential::parse(&credential).unwrap();
        let signer = Signer::new(&endpoints.s3_secret_access_key, &parsed, "us-east-1", &time);
        (signer, time, credential)
    }

    async fn send(self, backend: &Backend) -> Answer {
        self.send_with(backend, |_, _, body| body).await
    }

    /// The body may depend on the signature.
    async fn send_with(
        mut self,
        backend: &Backend,
        body: impl Fn(&Signer, &str, Vec<u8>) -> Vec<u8>,
    ) -> Answer {
        let (signer, time, credential) = self.signer(backend);
        let hash = data_encoding::HEXLOWER.encode(&sha256(&self.body));
        let payload = self.payload.unwrap_or(&hash).to_owned();
        let url: url::Url = backend.endpoints().api_url.parse().unwrap();
        let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
        let own = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect()
        };
        let mut headers = own(&self.headers);
        headers.extend(own(&[
            ("host", &host),
            ("x-amz-content-sha256", &payload),
            ("x-amz-date", &time),
        ]));
        headers.sort();
        let path = format!("/storage/v1/s3{}", self.path);
        let query = own(&self.query);
        let canonical = Canonical {
            method: self.method.as_str(),
            path: &path,
            query: &query,
            headers: &headers,
            payload: &payload,
        };
        let signature = signer.of_request(&canonical.text());
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let authorization = format!(
            "{ALGORITHM} Credential={credential}, SignedHeaders={}, Signature={signature}",
            names.join(";")
        );
        let query: Vec<String> = query.iter().map(|(a, b)| format!("{a}={b}")).collect();
        headers.retain(|(name, _)| name != "host");
        headers.push(("authorization".to_owned(), authorization));
        headers.extend(own(&self.unsigned));
        let sent = body(&signer, &signature, std::mem::take(&mut self.body));
        let address = format!("{path}?{}", query.join("&"));
        backend.raw(self.method, &address, headers, sent).await
    }
}

/// Two chunks and the last one, each signed.
fn chunks(signer: &Signer, signature: &str, body: &[u8]) -> Vec<u8> {
    let (mut sent, mut before) = (Vec::new(), signature.to_owned());
    for chunk in [&body[..2], &body[2..], &[]] {
        before = signer.of_chunk(&before, &sha256(chunk));
        sent.extend(format!("{:x};chunk-signature={before}\r\n", chunk.len()).into_bytes());
        sent.extend(chunk);
        sent.extend(b"\r\n");
    }
    sent
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_in_all_forms() {
    let backend = Backend::start("").await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b" })).await;
    let is_stored = async |text: &str| assert_eq!(owner.get("b/k", &[]).await.text, text);
    assert_eq!(Request::default().send(&backend).await.status, 200);
    is_stored("hello").await;
    let unsigned = Request {
        payload: Some("UNSIGNED-PAYLOAD"),
        body: b"unsigned".to_vec(),
        ..Request::default()
    };
    assert_eq!(unsigned.send(&backend).await.status, 200);
    is_stored("unsigned").await;

    let streamed = |body: &'static [u8]| Request {
        payload: Some("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        headers: vec![("x-amz-decoded-content-length", "7")],
        body: body.to_vec(),
        ..Request::default()
    };
    let answer = streamed(b"chunked")
        .send_with(&backend, |signer, signature, body| {
            chunks(signer, signature, &body)
        })
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    is_stored("chunked").await;
    let trailed = |checksum: &'static str| {
        let request = Request {
            payload: Some("STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            headers: vec![
                ("x-amz-decoded-content-length", "9"),
                ("x-amz-trailer", "x-amz-checksum-crc32"),
            ],
            body: format!("9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n").into_bytes(),
            ..Request::default()
        };
        request.send(&backend)
    };
    assert_eq!(trailed("y/Q5Jg==").await.status, 200);
    is_stored("123456789").await;

    // What does not agree leaves the object as it was.
    let refused = |answer: Answer, status: u16, code: &str| {
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(
            answer.text.contains(&format!("<Code>{code}</Code>")),
            "{}",
            answer.text
        );
    };
    refused(trailed("AAAAAA==").await, 400, "BadDigest");
    let answer = streamed(b"chunked")
        .send_with(&backend, |signer, signature, body| {
            let mut sent = chunks(signer, signature, &body);
            let at = sent.windows(2).position(|pair| pair == b"un").unwrap();
            sent[at] = b'U';
            sent
        })
        .await;
    refused(answer, 403, "SignatureDoesNotMatch");
    let answer = streamed(b"longer than that")
        .send_with(&backend, |signer, signature, body| {
            chunks(signer, signature, &body)
        })
        .await;
    refused(answer, 400, "IncompleteBody");
    let other = data_encoding::HEXLOWER.encode(&sha256(b"something else"));
    let request = Request {
        payload: Some(&other),
        ..Request::default()
    };
    refused(request.send(&backend).await, 400, "XAmzContentSHA256Mismatch");
    let request = Request {
        headers: vec![("content-md5", "XUFAKrxLKna5cZ2REBfFkQ==")],
        ..Request::default()
    };
    refused(request.send(&backend).await, 400, "BadDigest");
    is_stored("123456789").await;
    // Only a new object.
    let new = |path: &'static str| Request {
        path,
        headers: vec![("if-none-match", "*")],
        ..Request::default()
    };
    refused(new("/b/k").send(&backend).await, 412, "PreconditionFailed");
    assert_eq!(new("/b/new").send(&backend).await.status, 200);
    assert_eq!(
        owner.send(Method::DELETE, "/object/b/new", &[], "").await.status,
        200
    );
    is_stored("123456789").await;
    files_become(&backend, (1, 0)).await;
    backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_did_not_sign_it() {
    let backend = Backend::start("").await;
    let owner = Owner(&backend);
    owner.bucket(json!({ "name": "b" })).await;
    let refused = |answer: Answer, status: u16, code: &str| {
        assert_eq!(answer.status, status, "{}", answer.text);
        assert!(
            answer.text.contains(&format!("<Code>{code}</Code>")),
            "{}",
            answer.text
        );
    };
    for minutes in [-16, 16] {
        let request = Request {
            skew: TimeDelta::minutes(minutes),
            ..Request::default()
        };
        refused(request.send(&backend).await, 403, "RequestTimeTooSkewed");
    }
    let request = Request {
        skew: TimeDelta::minutes(-14),
        ..Request::default()
    };
    assert_eq!(request.send(&backend).await.status, 200);
    for unsigned in [
        ("x-amz-copy-source", "b/k"),
        ("x-amz-meta-a", "1"),
        ("x-amz-acl", "public-read"),
    ] {
        let request = Request {
            unsigned: vec![unsigned],
            ..Request::default()
        };
        refused(request.send(&backend).await, 403, "AccessDenied");
    }
    // A signature for one address is none for another, nor one for a reader one for a writer.
    let (_, time, credential) = Request::default().signer(&backend);
    let headers = |signature: &str| {
        vec![
            ("x-amz-date".to_owned(), time.clone()),
            ("x-amz-content-sha256".to_owned(), "UNSIGNED-PAYLOAD".to_owned()),
            (
                "authorization".to_owned(),
                format!("{ALGORITHM} Credential={credential}, {signature}"),
            ),
        ]
    };
    for (signature, status, code) in [
        ("SignedHeaders=host, Signature=", 403, "AccessDenied"),
        (
            "SignedHeaders=host;x-amz-date, Signature=0",
            403,
            "SignatureDoesNotMatch",
        ),
        ("SignedHeaders=x-amz-date, Signature=0", 403, "AccessDenied"),
        ("Signature=0", 400, "AuthorizationHeaderMalformed"),
    ] {
        let answer = backend
            .raw(Method::GET, "/storage/v1/s3/b/k", headers(signature), Vec::new())
            .await;
        if signature.contains("host, Signature=") {
            assert_eq!(answer.status, status, "{}", answer.text);
        } else {
            refused(answer, status, code);
        }
    }
    let answer = backend
        .raw(Method::GET, "/storage/v1/s3/b/k", vec![], vec![])
        .await;
    refused(answer, 403, "AccessDenied");
    // What we do not have is not taken for something else.
    for parameter in ["acl", "retention", "tagging", "partNumber", "versionId"] {
        let request = Request {
            query: vec![(parameter, "1")],
            body: b"not the object".to_vec(),
            ..Request::default()
        };
        refused(request.send(&backend).await, 501, "NotImplemented");
    }
    assert_eq!(owner.get("b/k", &[]).await.text, "hello");
    backend.stop().await;
}

/// Switched off, it is for nobody; with keys of one's own those count.
#[tokio::test(flavor = "multi_thread")]
async fn settings() {
    let config = "[storage.s3_protocol]\naccess_key_id = \"mine\"\nsecret_access_key = \"my secret\"\nregion = \"here\"\n";
    let backend = Backend::start(config).await;
    Owner(&backend).bucket(json!({ "name": "b" })).await;
    assert_eq!(backend.endpoints().s3_access_key_id, "mine");
    assert_eq!(backend.endpoints().s3_region, "here");
    assert_eq!(Request::default().send(&backend).await.status, 200);
    backend.stop().await;
    let backend = Backend::start("[storage.s3_protocol]\nenabled = false\n").await;
    let answer = Request::default().send(&backend).await;
    assert_eq!(answer.status, 501, "{}", answer.text);
    backend.stop().await;
}
