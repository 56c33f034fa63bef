//! The body of a request: plain or in chunks, and what it has to agree with.

use axum::body::Body;
use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use ferrobase_jwt::Sha256;
use futures_util::{StreamExt, stream};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use md5::{Digest, Md5};

use crate::error::{Result, StorageError};
use crate::incoming::{Chunks, timed};
use crate::s3::checksum::Checksum;
use crate::s3::chunked::{Decoder, Seal};
use crate::s3::fault::Fault;
use crate::s3::identity::Signed;
use crate::s3::sigv4::is_same;

/// Most bytes of a document that a client sends.
const DOCUMENT: usize = 2 << 20;

/// What `x-amz-content-sha256` says of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Its SHA-256 in hexadecimal digits.
    Hash(String),
    /// Nothing.
    Unsigned,
    /// Chunks.
    Chunks {
        /// Each has a signature.
        is_signed: bool,
        /// Headers follow the last one.
        has_trailer: bool,
    },
}

impl Mode {
    /// From the header's value.
    pub fn parse(text: &str) -> Result<Self> {
        let chunks = |is_signed, has_trailer| Self::Chunks {
            is_signed,
            has_trailer,
        };
        match text {
            "UNSIGNED-PAYLOAD" => Ok(Self::Unsigned),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Ok(chunks(true, false)),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => Ok(chunks(true, true)),
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Ok(chunks(false, true)),
            hash if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                Ok(Self::Hash(hash.to_ascii_lowercase()))
            }
            _ => Err(Fault::InvalidArgument("x-amz-content-sha256").into()),
        }
    }
}

/// A body that can be read. What it does not agree with ends it with an error.
pub struct Payload {
    /// Bytes that are announced.
    pub length: Option<u64>,
    /// Its bytes.
    pub chunks: Chunks,
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Payload")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl Payload {
    /// The body of a signed request.
    pub fn of(signed: &Signed, headers: &HeaderMap, body: Body) -> Result<Self> {
        let number = |name: &str| {
            headers
                .get(name)
                .map(|value| value.to_str().ok().and_then(|text| text.parse::<u64>().ok()))
        };
        let plain = timed(body).boxed();
        let mut checks = Checks::of(headers)?;
        let (length, source) = match &signed.mode {
            Mode::Hash(hash) => {
                checks.sha256 = Some((Sha256::default(), hash.clone()));
                (number(CONTENT_LENGTH.as_str()), Source::Plain(plain))
            }
            Mode::Unsigned => (number(CONTENT_LENGTH.as_str()), Source::Plain(plain)),
            Mode::Chunks {
                is_signed,
                has_trailer,
            } => {
                let seal = is_signed.then(|| Seal::new(signed.signer.clone(), signed.signature.clone()));
                let length = number("x-amz-decoded-content-length");
                (
                    length,
                    Source::Chunked(Box::new(Decoder::new(plain, seal, *has_trailer))),
                )
            }
        };
        let length = match length {
            Some(None) => return Err(Fault::InvalidArgument("length").into()),
            Some(length) => length,
            None if matches!(source, Source::Chunked(_)) => return Err(Fault::MissingContentLength.into()),
            None => None,
        };
        checks.left = length;
        Ok(Self {
            length,
            chunks: checked(source, checks).boxed(),
        })
    }

    /// All of a document.
    pub async fn document(mut self) -> Result<String> {
        let mut all = Vec::new();
        while let Some(chunk) = self.chunks.next().await {
            let chunk = chunk?;
            if all.len() + chunk.len() > DOCUMENT {
                return Err(StorageError::TooLarge);
            }
            all.extend_from_slice(&chunk);
        }
        String::from_utf8(all).map_err(|_| Fault::MalformedXml.into())
    }
}

enum Source {
    Plain(Chunks),
    Chunked(Box<Decoder>),
}

impl Source {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        match self {
            Self::Plain(chunks) => chunks.next().await.transpose(),
            Self::Chunked(decoder) => decoder.next().await,
        }
    }

    fn trailer(&self, name: &str) -> Option<&str> {
        match self {
            Self::Plain(_) => None,
            Self::Chunked(decoder) => decoder.trailer(name),
        }
    }
}

/// What the bytes have to agree with.
struct Checks {
    left: Option<u64>,
    sha256: Option<(Sha256, String)>,
    md5: Option<(Md5, Vec<u8>)>,
    checksum: Option<Checksum>,
}

impl Checks {
    fn of(headers: &HeaderMap) -> Result<Self> {
        let md5 = match headers.get("content-md5") {
            Some(value) => {
                let digest = BASE64.decode(value.as_bytes()).unwrap_or_default();
                if digest.len() != 16 {
                    return Err(Fault::InvalidDigest("Content-MD5").into());
                }
                Some((Md5::new(), digest))
            }
            None => None,
        };
        Ok(Self {
            left: None,
            sha256: None,
            md5,
            checksum: Checksum::of(headers)?,
        })
    }

    fn add(&mut self, chunk: &[u8]) -> Result<()> {
        if let Some(left) = &mut self.left {
            *left = left
                .checked_sub(chunk.len() as u64)
                .ok_or(Fault::IncompleteBody)?;
        }
        if let Some((sha256, _)) = &mut self.sha256 {
            sha256.update(chunk);
        }
        if let Some((md5, _)) = &mut self.md5 {
            md5.update(chunk);
        }
        if let Some(checksum) = &mut self.checksum {
            checksum.add(chunk);
        }
        Ok(())
    }

    fn finish(self, source: &Source) -> Result<()> {
        if self.left.is_some_and(|left| left > 0) {
            return Err(Fault::IncompleteBody.into());
        }
        if let Some((sha256, wanted)) = self.sha256
            && !is_same(&HEXLOWER.encode(&sha256.finish()), &wanted)
        {
            return Err(Fault::ContentHash.into());
        }
        if let Some((md5, wanted)) = self.md5
            && md5.finalize().as_slice() != wanted.as_slice()
        {
            return Err(Fault::BadDigest("Content-MD5").into());
        }
        match self.checksum {
            Some(checksum) => {
                let name = checksum.header();
                checksum.check(source.trailer(name))
            }
            None => Ok(()),
        }
    }
}

fn checked(source: Source, checks: Checks) -> impl futures_util::Stream<Item = Result<Bytes>> + Send {
    stream::try_unfold(Some((source, checks)), |state| async move {
        let Some((mut source, mut checks)) = state else {
            return Ok(None);
        };
        match source.next().await? {
            Some(chunk) => {
                checks.add(&chunk)?;
                Ok(Some((chunk, Some((source, checks)))))
            }
            None => {
                checks.finish(&source)?;
                Ok(None)
            }
        }
    })
}
