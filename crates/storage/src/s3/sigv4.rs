//! Signature version 4: what is signed, and the signature of it. No input or output.

use data_encoding::HEXLOWER;
use ferrobase_jwt::{constant_time_eq, hmac_sha256, sha256};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The one algorithm.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What RFC 3986 leaves as it is.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
const PATH: &AsciiSet = &VALUE.remove(b'/');

/// For whom, when, where: `Credential` of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The access key.
    pub access_key: String,
    /// Day, `YYYYMMDD`.
    pub date: String,
    /// As sent.
    pub region: String,
    /// `s3`.
    pub service: String,
}

impl Credential {
    /// `key/date/region/service/aws4_request`; a key may have slashes.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.rsplitn(5, '/');
        let (end, service, region) = (parts.next()?, parts.next()?, parts.next()?);
        let (date, access_key) = (parts.next()?, parts.next()?);
        let is_right = end == "aws4_request" && !access_key.is_empty() && date.len() == 8;
        is_right.then(|| Self {
            access_key: access_key.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }

    /// The scope that is signed, with the region that the server sees in it.
    pub fn scope(&self, region: &str) -> String {
        format!("{}/{region}/{}/aws4_request", self.date, self.service)
    }
}

/// What a signature is made with: derived from the secret, good for a day, a region and a service.
#[derive(Clone)]
pub struct Signer {
    key: [u8; 32],
    /// `YYYYMMDDTHHMMSSZ`.
    time: String,
    scope: String,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

impl Signer {
    /// For requests of `credential` at `time`.
    pub fn new(secret: &str, credential: &Credential, region: &str, time: &str) -> Self {
        let key = hmac_sha256(format!("AWS4{secret}").as_bytes(), &[credential.date.as_bytes()]);
        let key = hmac_sha256(&key, &[region.as_bytes()]);
        let key = hmac_sha256(&key, &[credential.service.as_bytes()]);
        Self {
            key: hmac_sha256(&key, &[b"aws4_request"]),
            time: time.to_owned(),
            scope: credential.scope(region),
        }
    }

    /// The signature of a text.
    pub fn sign(&self, text: &str) -> String {
        HEXLOWER.encode(&hmac_sha256(&self.key, &[text.as_bytes()]))
    }

    /// The signature of a canonical request.
    pub fn of_request(&self, canonical: &str) -> String {
        let hash = HEXLOWER.encode(&sha256(canonical.as_bytes()));
        self.sign(&format!("{ALGORITHM}\n{}\n{}\n{hash}", self.time, self.scope))
    }

    /// The signature of a chunk of a body, behind the one before it.
    pub fn of_chunk(&self, before: &str, hash: &[u8]) -> String {
        let nothing = HEXLOWER.encode(&sha256(b""));
        let hash = HEXLOWER.encode(hash);
        self.sign(&format!(
            "{ALGORITHM}-PAYLOAD\n{}\n{}\n{before}\n{nothing}\n{hash}",
            self.time, self.scope
        ))
    }

    /// The signature of the lines behind the last chunk.
    pub fn of_trailer(&self, before: &str, trailer: &str) -> String {
        let hash = HEXLOWER.encode(&sha256(trailer.as_bytes()));
        self.sign(&format!(
            "AWS4-HMAC-SHA256-TRAILER\n{}\n{}\n{before}\n{hash}",
            self.time, self.scope
        ))
    }
}

/// Compares without telling by its duration where the difference is.
pub fn is_same(ours: &str, sent: &str) -> bool {
    constant_time_eq(ours.as_bytes(), sent.as_bytes())
}

/// A request as it is signed.
#[derive(Debug)]
pub struct Canonical<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its path, decoded.
    pub path: &'a str,
    /// Its parameters, decoded, without the signature.
    pub query: &'a [(String, String)],
    /// The signed headers in the order in which they are listed: lower-case name and value.
    pub headers: &'a [(String, String)],
    /// What `x-amz-content-sha256` says.
    pub payload: &'a str,
}

impl Canonical<'_> {
    /// The text.
    pub fn text(&self) -> String {
        let mut query: Vec<(String, String)> = self
            .query
            .iter()
            .map(|(name, value)| (encoded(name), encoded(value)))
            .collect();
        query.sort();
        let query: Vec<String> = query
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut text = format!(
            "{}\n{}\n{}\n",
            self.method,
            utf8_percent_encode(self.path, PATH),
            query.join("&")
        );
        for (name, value) in self.headers {
            text.push_str(name);
            text.push(':');
            text.push_str(&value.split_whitespace().collect::<Vec<_>>().join(" "));
            text.push('\n');
        }
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        format!("{text}\n{}\n{}", names.join(";"), self.payload)
    }
}

/// As S3 encodes names and values.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, VALUE).to_string()
}

/// As S3 encodes keys in listings (`encoding-type=url`).
pub fn encoded_key(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The key of Amazon's published examples.
    pub(crate) fn example() -> Signer {
        let credential = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
        Signer::new(
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            &Credential::parse(credential).unwrap(),
            "us-east-1",
            "20130524T000000Z",
        )
    }

    fn signature(
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        payload: &str,
    ) -> String {
        let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect()
        };
        let canonical = Canonical {
            method,
            path,
            query: &owned(query),
            headers: &owned(headers),
            payload,
        };
        example().of_request(&canonical.text())
    }

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const HOST: (&str, &str) = ("host", "examplebucket.s3.amazonaws.com");
    const DATE: (&str, &str) = ("x-amz-date", "20130524T000000Z");

    /// "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk", Amazon S3 API reference.
    #[test]
    fn amazons_examples() {
        let hash = ("x-amz-content-sha256", EMPTY);
        assert_eq!(
            signature(
                "GET",
                "/test.txt",
                &[],
                &[HOST, ("range", "bytes=0-9"), hash, DATE],
                EMPTY
            ),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
        let welcome = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
        let headers = [
            ("date", "Fri, 24 May 2013 00:00:00 GMT"),
            HOST,
            ("x-amz-content-sha256", welcome),
            DATE,
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ];
        assert_eq!(
            signature("PUT", "/test$file.text", &[], &headers, welcome),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        );
        assert_eq!(
            signature("GET", "/", &[("lifecycle", "")], &[HOST, hash, DATE], EMPTY),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        );
        let query = [("prefix", "J"), ("max-keys", "2")];
        assert_eq!(
            signature("GET", "/", &query, &[HOST, hash, DATE], EMPTY),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        );
    }

    /// "Authenticating Requests: Using Query Parameters", Amazon S3 API reference.
    #[test]
    fn amazons_presigned_example() {
        let query = [
            ("X-Amz-Algorithm", ALGORITHM),
            (
                "X-Amz-Credential",
                "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request",
            ),
            ("X-Amz-Date", "20130524T000000Z"),
            ("X-Amz-Expires", "86400"),
            ("X-Amz-SignedHeaders", "host"),
        ];
        assert_eq!(
            signature("GET", "/test.txt", &query, &[HOST], "UNSIGNED-PAYLOAD"),
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
    }

    /// "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks".
    #[test]
    fn amazons_chunks() {
        let mode = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
        let headers = [
            ("content-encoding", "aws-chunked"),
            ("content-length", "66824"),
            ("host", "s3.amazonaws.com"),
            ("x-amz-content-sha256", mode),
            DATE,
            ("x-amz-decoded-content-length", "66560"),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ];
        let mut before = signature("PUT", "/examplebucket/chunkObject.txt", &[], &headers, mode);
        assert_eq!(
            before,
            "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
        );
        for (length, wanted) in [
            (
                65536,
                "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
            ),
            (
                1024,
                "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
            ),
            (
                0,
                "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
            ),
        ] {
            before = example().of_chunk(&before, &sha256(&vec![b'a'; length]));
            assert_eq!(before, wanted);
        }
    }

    #[test]
    fn credentials() {
        let credential = Credential::parse("a/b/20130524/auto/s3/aws4_request").unwrap();
        assert_eq!(credential.access_key, "a/b");
        assert_eq!(credential.scope("auto"), "20130524/auto/s3/aws4_request");
        for bad in [
            "",
            "a/20130524/auto/s3",
            "/20130524/auto/s3/aws4_request",
            "a/2013/auto/s3/aws4_request",
            "a/20130524/auto/s3/aws5_request",
        ] {
            assert_eq!(Credential::parse(bad), None, "{bad}");
        }
    }
}
