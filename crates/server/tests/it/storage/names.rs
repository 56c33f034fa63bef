//! Hostile names: 2,000 of them through every door. Each is refused with a status of the client's fault, or it is stored and
//! read back to the byte; none becomes a path of the file system.

use std::collections::BTreeSet;
use std::path::Path;

use data_encoding::{BASE64, HEXLOWER};
use ferrobase_jwt::{Clock, sha256};
use ferrobase_storage::s3::sigv4::{ALGORITHM, Canonical, Credential, Signer};
use percent_encoding::percent_decode_str;

use super::wire::{Reply, Wire};
use super::*;

/// A part of each name, by which a file of that name would be found wherever it is.
const MARK: &str = "zq7hostile";

/// Names that are tried at least.
const LEAST: usize = 2000;

/// Connections at once.
const WORKERS: usize = 6;

/// What a name is made of, as it stands in a URL: `{}` is the mark.
const SEGMENTS: [&str; 62] = [
    "{}",
    ".",
    "..",
    "...",
    "....",
    ".{}",
    "{}.",
    "{}..",
    "{}%20",
    "%20{}",
    "..{}",
    "%2e",
    "%2e%2e",
    "%2E.",
    ".%2e",
    "%252e%252e",
    "%25252e",
    "..%2f",
    "%2f..",
    "..%2f..%2f{}",
    "%2f",
    "%2F%2F",
    "%5c",
    "..%5c..%5c{}",
    "%5c%5ch%5c{}",
    "%00",
    "{}%00",
    "{}%00.png",
    "%2500",
    "%01{}",
    "%1f",
    "{}%7f",
    "%0d%0a",
    "{}%0aSet-Cookie:a",
    "%09",
    "%c2%80{}",
    "caf%C3%A9{}",
    "cafe%CC%81{}",
    "%E2%84%AB{}",
    "%EF%BC%8E%EF%BC%8E",
    "%EF%BC%8F{}",
    "%e2%80%ae{}",
    "%F0%9F%98%80",
    "%c0%ae%c0%ae",
    "%c0%af{}",
    "%ff%fe",
    "%ed%a0%80",
    "%",
    "%{}",
    "%g0{}",
    "%u002e",
    "CON",
    "nul.txt",
    "COM1:{}",
    "aux.{}",
    "{}::$DATA",
    "~root{}",
    "$(id){}",
    "';drop{}--",
    "C:%5c{}",
    "*{}",
    "-rf{}",
];

/// How segments are put together.
const FRAMES: [&str; 11] = [
    "A",
    "A/B",
    "B/A",
    "A/A/B",
    "A/../B",
    "A//B",
    "/A",
    "A/",
    "b%2fA%2fB",
    "A%2fB",
    "%2e%2e%2fA/B",
];

/// Each name once.
fn names() -> Vec<String> {
    let mut all = BTreeSet::new();
    for (number, frame) in FRAMES.iter().enumerate() {
        for (index, first) in SEGMENTS.iter().enumerate() {
            for step in [1, 5, 7, 12, 31] {
                let second = SEGMENTS[(index * step + number + step) % SEGMENTS.len()];
                all.insert(frame.replace('A', first).replace('B', second).replace("{}", MARK));
            }
        }
    }
    for times in [1, 10, 100] {
        all.insert("../".repeat(times) + MARK);
        all.insert("..%2f".repeat(times) + MARK);
        all.insert("%2e%2e/".repeat(times) + MARK);
        all.insert("..%252f".repeat(times) + MARK);
        all.insert("..%5c".repeat(times) + MARK);
        all.insert("/".repeat(times) + MARK);
        all.insert("a/".repeat(times) + MARK);
    }
    for length in [255, 256, 1024, 1025, 4096, 8000] {
        all.insert(incompressible(length));
        all.insert("%C3%A9".repeat(length / 6));
    }
    assert!(all.len() >= LEAST, "{} names", all.len());
    all.into_iter().collect()
}

/// So that no index makes it short.
fn incompressible(length: usize) -> String {
    let digests = (0_usize..).map(|number| HEXLOWER.encode(&sha256(&number.to_le_bytes())));
    let mut text = String::from(MARK);
    for digest in digests {
        text.push_str(&digest);
        if text.len() >= length {
            break;
        }
    }
    text.truncate(length);
    text
}

/// What the specification says of a key, written down anew.
fn is_legal(key: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/_!.*'() &$=@;:+,?-".contains(c);
    !key.is_empty()
        && key.chars().all(is_plain)
        && key.split('/').all(|segment| segment != "." && segment != "..")
}

/// A name in a URL so that it means nothing else.
fn encoded(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' | b'/' => {
                text.push(char::from(byte));
            }
            _ => text.extend(format!("%{byte:02X}").chars()),
        }
    }
    text
}

/// One name on its way through the doors.
struct Case<'a> {
    wire: Wire<'a>,
    number: usize,
    /// As it stands in a URL.
    raw: &'a str,
}

impl Case<'_> {
    /// The name that the URL means; `None` where it means no text.
    fn name(&self) -> Option<String> {
        let decoded = percent_decode_str(self.raw).decode_utf8().ok()?;
        Some(decoded.into_owned())
    }

    /// What a door did with a name: it says yes exactly to what is legal (and not too long for an index), and then the bytes are
    /// there.
    async fn judged(&mut self, door: &str, reply: &Reply, name: Option<&str>, body: &str) {
        let is_yes = (200..300).contains(&reply.status);
        let is_legal = name.is_some_and(is_legal);
        let text = String::from_utf8_lossy(&reply.body);
        assert!(is_legal || !is_yes, "{door} took {name:?} ({}): {text}", self.raw);
        if !is_legal {
            return;
        }
        let name = name.unwrap();
        assert!(
            is_yes || name.len() > 1000,
            "{door} refused {name:?} ({}): {text}",
            self.raw
        );
        let path = format!("/object/b/{}", encoded(name));
        let there = self.wire.owner("GET", &path, &[], b"").await;
        if is_yes {
            assert_eq!(there.status, 200, "{door} lost {name:?}");
            assert_eq!(String::from_utf8_lossy(&there.body), body, "{door}: {name:?}");
            // The next door makes it anew.
            let gone = self.wire.owner("DELETE", &path, &[], b"").await;
            assert_eq!(gone.status, 200, "{name:?}");
        } else {
            assert_eq!(there.json()["code"], "NoSuchKey", "{door}: {name:?}");
        }
    }

    async fn rest(&mut self) {
        let (name, body, raw) = (self.name(), format!("rest {}", self.number), self.raw);
        let headers = [("content-type", "text/plain")];
        let made = self
            .wire
            .owner("POST", &format!("/object/b/{raw}"), &headers, body.as_bytes())
            .await;
        self.judged("upload", &made, name.as_deref(), &body).await;
        if !self.number.is_multiple_of(4) {
            return;
        }
        for (method, path) in [
            ("GET", format!("/object/b/{raw}")),
            ("HEAD", format!("/object/authenticated/b/{raw}")),
            ("GET", format!("/object/public/b/{raw}")),
            ("GET", format!("/object/info/b/{raw}")),
            ("GET", format!("/render/image/authenticated/b/{raw}?width=10")),
            ("DELETE", format!("/object/b/{raw}")),
        ] {
            let reply = self.wire.owner(method, &path, &[], b"").await;
            assert!(reply.status >= 400, "{method} {path}: {}", reply.head);
        }
    }

    async fn signed(&mut self) {
        let (name, body, raw) = (self.name(), format!("signed {}", self.number), self.raw);
        let sign = format!("/object/upload/sign/b/{raw}");
        let signed = self.wire.order("POST", &sign, json!({})).await;
        let Some(token) = signed.json()["token"].as_str().map(str::to_owned) else {
            return self
                .judged("signing of an upload", &signed, name.as_deref(), "")
                .await;
        };
        let path = format!("{sign}?token={token}");
        let made = self.wire.send("PUT", &path, &[], body.as_bytes()).await;
        if made.status == 200 {
            let sign = format!("/object/sign/b/{raw}");
            let url = self.wire.order("POST", &sign, json!({ "expiresIn": 60 })).await;
            let json = url.json();
            let token = json["signedURL"]
                .as_str()
                .and_then(|url| url.split_once("token="))
                .unwrap()
                .1;
            let read = self
                .wire
                .send("GET", &format!("{sign}?token={token}"), &[], b"")
                .await;
            assert_eq!(String::from_utf8_lossy(&read.body), body, "{raw}");
        }
        self.judged("signed upload", &made, name.as_deref(), &body).await;
    }

    async fn s3(&mut self) {
        let Some(name) = self.name() else { return };
        let body = format!("s3 {}", self.number);
        let endpoints = self.wire.backend.endpoints();
        let time = Clock::System.now().format("%Y%m%dT%H%M%SZ").to_string();
        let credential = format!(
            "{}/{}/us-east-1/s3/aws4_request",
            endpoints.s3_access_key_id,
            &time[..8]
        );
        let parsed = Credential::parse(&credential).unwrap();
        let signer = Signer::new(&endpoints.s3_secret_access_key, &parsed, "us-east-1", &time);
        let payload = HEXLOWER.encode(&sha256(body.as_bytes()));
        let pairs = [
            ("host", "h"),
            ("x-amz-content-sha256", payload.as_str()),
            ("x-amz-date", &time),
        ];
        let headers: Vec<_> = pairs
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect();
        let canonical = Canonical {
            method: "PUT",
            path: &format!("/storage/v1/s3/b/{name}"),
            query: &[],
            headers: &headers,
            payload: &payload,
        };
        let signature = signer.of_request(&canonical.text());
        let authorization = format!(
            "{ALGORITHM} Credential={credential}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={signature}"
        );
        let headers = [pairs[1], pairs[2], ("authorization", authorization.as_str())];
        let path = format!("/s3/b/{}", encoded(&name));
        let made = self.wire.send("PUT", &path, &headers, body.as_bytes()).await;
        // The bucket alone is another operation.
        if !name.is_empty() {
            self.judged("S3", &made, Some(&name), &body).await;
        }
    }

    async fn tus(&mut self) {
        let bytes: Vec<u8> = percent_decode_str(self.raw).collect();
        let (name, body) = (self.name(), format!("tus {}", self.number));
        let (length, metadata) = (
            body.len().to_string(),
            format!("bucketName Yg==,objectName {}", BASE64.encode(&bytes)),
        );
        let headers = [
            ("tus-resumable", "1.0.0"),
            ("upload-length", length.as_str()),
            ("upload-metadata", metadata.as_str()),
            ("content-type", "application/offset+octet-stream"),
        ];
        let made = self
            .wire
            .owner("POST", "/upload/resumable", &headers, body.as_bytes())
            .await;
        self.judged("TUS", &made, name.as_deref(), &body).await;
    }

    /// Where names come in JSON they are decoded already; as they stand they are names as well.
    async fn relocated(&mut self) {
        let seed = format!("seed{}", self.number);
        let path = format!("/object/b/{seed}");
        self.wire
            .owner("POST", &path, &[("content-type", "text/plain")], seed.as_bytes())
            .await;
        for name in [Some(self.raw.to_owned()), self.name()].into_iter().flatten() {
            for verb in ["copy", "move"] {
                let order = json!({ "bucketId": "b", "sourceKey": seed, "destinationKey": name });
                let made = self.wire.order("POST", &format!("/object/{verb}"), order).await;
                self.judged(verb, &made, Some(&name), &seed).await;
                if made.status == 200 && verb == "move" {
                    self.wire
                        .owner("POST", &path, &[("content-type", "text/plain")], seed.as_bytes())
                        .await;
                }
                // From such a name there is nothing to be had, and nothing to be broken.
                let order = json!({ "bucketId": "b", "sourceKey": name, "destinationKey": "never" });
                let made = self.wire.order("POST", &format!("/object/{verb}"), order).await;
                assert!(made.status >= 400, "{verb} from {name:?}");
            }
        }
        let there = self.wire.owner("GET", &path, &[], b"").await;
        assert_eq!(String::from_utf8_lossy(&there.body), seed, "{}", self.raw);
    }

    /// Whatever takes names of things that may not be there.
    async fn asked_about(&mut self) {
        let Some(name) = self.name() else { return };
        let one = json!([name]);
        for (method, path, body) in [
            ("POST", "/object/sign/b", json!({ "expiresIn": 60, "paths": one })),
            ("DELETE", "/object/b", json!({ "prefixes": one })),
            (
                "POST",
                "/object/list/b",
                json!({ "prefix": name, "search": name }),
            ),
            ("POST", "/object/list-v2/b", json!({ "prefix": name })),
            ("POST", "/object/list-v2/b", json!({ "cursor": name })),
            (
                "PUT",
                "/bucket/b",
                json!({ "public": false, "allowed_mime_types": null, "id": name, "name": name }),
            ),
        ] {
            self.wire.order(method, path, body).await;
        }
        let query = format!("/bucket?search={}", encoded(&name));
        self.wire.owner("GET", &query, &[], b"").await;
        let metadata = BASE64.encode(json!({ "a": name }).to_string().as_bytes());
        let headers = [("x-metadata", metadata.as_str()), ("x-upsert", "true")];
        self.wire
            .owner("POST", "/object/b/with-metadata", &headers, b"x")
            .await;
    }

    async fn buckets(&mut self) {
        let raw = self.raw;
        for path in [
            format!("/object/{raw}/k"),
            format!("/bucket/{raw}"),
            format!("/object/list/{raw}"),
            format!("/s3/{raw}"),
        ] {
            self.wire.owner("GET", &path, &[], b"").await;
            if !path.starts_with("/bucket") {
                self.wire
                    .owner("POST", &path, &[("content-type", "application/json")], b"{}")
                    .await;
            }
        }
        let Some(name) = self.name() else { return };
        let made = self.wire.order("POST", "/bucket", json!({ "name": name })).await;
        let is_legal = is_legal(&format!("a{name}"))
            && !name.is_empty()
            && !name.contains('/')
            && name.len() <= 100
            && name.trim() == name;
        // Dots alone are no danger in a name of a bucket, and legal.
        let is_legal = is_legal || name.chars().all(|c| c == '.') && !name.is_empty();
        assert_eq!(
            made.status == 200,
            is_legal,
            "{name:?}: {}",
            String::from_utf8_lossy(&made.body)
        );
        if is_legal {
            let path = format!("/object/{}/k", encoded(&name));
            let stored = self.wire.owner("POST", &path, &[], b"in it").await;
            assert_eq!(stored.status, 200, "{name:?}");
            assert_eq!(
                self.wire.owner("GET", &path, &[], b"").await.body,
                b"in it",
                "{name:?}"
            );
            self.wire.owner("DELETE", &path, &[], b"").await;
            let gone = self
                .wire
                .owner("DELETE", &format!("/bucket/{}", encoded(&name)), &[], b"")
                .await;
            assert_eq!(gone.status, 200, "{name:?}");
        }
    }
}

/// Every file below a folder but those of PostgreSQL and of blobs.
fn tree(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        found.insert(path.display().to_string());
        let is_folder = entry.file_type().unwrap().is_dir();
        if is_folder && !path.join("PG_VERSION").exists() && !name.starts_with("storage-") {
            tree(&path, found);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_of_them() {
    let backend = Backend::start("").await;
    Owner(&backend).bucket(json!({ "name": "b" })).await;
    let mut before = BTreeSet::new();
    tree(backend.workdir(), &mut before);

    let all = names();
    let work = (0..WORKERS).map(|worker| {
        let (all, backend) = (&all, &backend);
        async move {
            let mut wire = Wire::new(backend);
            for (number, raw) in all.iter().enumerate() {
                // One name may have several spellings, which are not for two at once.
                let bytes: Vec<u8> = percent_decode_str(raw).collect();
                if bytes.iter().map(|byte| usize::from(*byte)).sum::<usize>() % WORKERS != worker {
                    continue;
                }
                let mut case = Case { wire, number, raw };
                case.rest().await;
                case.signed().await;
                case.s3().await;
                case.tus().await;
                case.relocated().await;
                if number.is_multiple_of(4) || SEGMENTS.contains(&raw.replace(MARK, "{}").as_str()) {
                    case.asked_about().await;
                    case.buckets().await;
                }
                wire = case.wire;
            }
        }
    });
    futures_util::future::join_all(work).await;

    let mut after = BTreeSet::new();
    tree(backend.workdir(), &mut after);
    assert_eq!(before, after);
    let root = folder(&backend);
    for entry in std::fs::read_dir(&root).unwrap().map(Result::unwrap) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_ours =
            ["lock", "marker", "pending"].contains(&name.as_str()) || u8::from_str_radix(&name, 16).is_ok();
        assert!(is_ours, "{name}");
        if entry.file_type().unwrap().is_dir() {
            for blob in std::fs::read_dir(entry.path()).unwrap().map(Result::unwrap) {
                let name = blob.file_name().to_string_lossy().into_owned();
                assert!(uuid::Uuid::parse_str(&name).is_ok(), "{name}");
            }
        }
    }
    for place in [
        Path::new("/"),
        Path::new("/etc"),
        Path::new("."),
        root.parent().unwrap(),
        &std::env::temp_dir(),
    ] {
        for entry in std::fs::read_dir(place).unwrap().map(Result::unwrap) {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert!(!name.contains(MARK), "{}", entry.path().display());
        }
    }
    backend.stop().await;
}
