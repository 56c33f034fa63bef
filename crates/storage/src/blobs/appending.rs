//! A blob that is built over several requests, whatever kind of store it is in.

use bytes::Bytes;

use super::{fs, s3};
use crate::error::Result;

/// A blob to go on with.
#[derive(Debug)]
pub enum Appending {
    /// A file.
    Fs(fs::Appending),
    /// Segments in a bucket.
    S3(s3::Appending),
}

/// Bytes on their way.
#[derive(Debug)]
pub enum Writing {
    /// To a file.
    Fs(fs::Writing),
    /// To a segment.
    S3(s3::Writing),
}

impl Appending {
    /// Bytes so far.
    pub fn size(&self) -> u64 {
        match self {
            Self::Fs(file) => file.size(),
            Self::S3(segments) => segments.size(),
        }
    }

    /// All that is needed to go on behind these bytes.
    pub fn state(&self) -> Vec<u8> {
        match self {
            Self::Fs(file) => file.hash(),
            Self::S3(segments) => segments.state(),
        }
    }

    /// MD5 of the whole in hexadecimal digits.
    pub fn md5(&self) -> String {
        match self {
            Self::Fs(file) => file.md5(),
            Self::S3(segments) => segments.md5(),
        }
    }

    /// Writes bytes at the end; with `is_safe` all so far last when it is done.
    pub fn write(self, piece: Vec<Bytes>, is_safe: bool) -> Writing {
        match self {
            Self::Fs(file) => Writing::Fs(file.write(piece, is_safe)),
            Self::S3(segments) => Writing::S3(segments.write(piece, is_safe)),
        }
    }

    /// Makes one blob of all that was written safely, so that a row may refer to it. May be repeated.
    pub async fn finish(&self) -> Result<()> {
        match self {
            Self::Fs(_) => Ok(()),
            Self::S3(segments) => segments.finish().await,
        }
    }
}

impl Writing {
    /// They are written.
    pub async fn done(self) -> Result<Appending> {
        match self {
            Self::Fs(writing) => writing.done().await.map(Appending::Fs),
            Self::S3(writing) => writing.done().await.map(Appending::S3),
        }
    }
}
