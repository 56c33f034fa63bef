//! Checksums that clients send along, as a header or behind the last chunk. boto3 sends CRC-32 by default, `aws` CRC-64/NVME.

use crc_fast::{CrcAlgorithm, Digest};
use data_encoding::BASE64;
use ferrobase_jwt::Sha256;
use http::HeaderMap;

use crate::error::Result;
use crate::s3::fault::Fault;

/// A checksum that is being computed, and what it should be.
pub struct Checksum {
    kind: Kind,
    state: State,
    wanted: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha256,
}

enum State {
    Crc(Box<Digest>),
    Sha256(Sha256),
}

const PREFIX: &str = "x-amz-checksum-";

impl Kind {
    const ALL: [Self; 4] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha256];

    fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    fn state(self) -> State {
        let crc = |algorithm| State::Crc(Box::new(Digest::new(algorithm)));
        match self {
            Self::Crc32 => crc(CrcAlgorithm::Crc32IsoHdlc),
            Self::Crc32c => crc(CrcAlgorithm::Crc32Iscsi),
            Self::Crc64Nvme => crc(CrcAlgorithm::Crc64Nvme),
            Self::Sha256 => State::Sha256(Sha256::default()),
        }
    }
}

impl Checksum {
    /// What the headers announce. One that is not known is refused, for nobody would check it.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let announced = text("x-amz-trailer")
            .map(str::trim)
            .filter(|name| name.starts_with(PREFIX));
        let sent = headers.keys().map(http::HeaderName::as_str).find(|name| {
            name.starts_with(PREFIX)
                && !matches!(
                    *name,
                    "x-amz-checksum-mode" | "x-amz-checksum-algorithm" | "x-amz-checksum-type"
                )
        });
        let Some(name) = sent.or(announced) else {
            return Ok(None);
        };
        let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.header() == name) else {
            return Err(Fault::NotImplemented(name.to_owned()).into());
        };
        Ok(Some(Self {
            kind,
            state: kind.state(),
            wanted: text(name).map(str::to_owned),
        }))
    }

    /// Name of the header.
    pub fn header(&self) -> &'static str {
        self.kind.header()
    }

    /// Adds bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Crc(digest) => digest.update(bytes),
            State::Sha256(digest) => digest.update(bytes),
        }
    }

    /// Compares, with what the trailer says where no header did.
    pub fn check(self, trailer: Option<&str>) -> Result<()> {
        let header = self.kind.header();
        let Some(wanted) = self.wanted.as_deref().or(trailer) else {
            return Err(Fault::InvalidDigest(header).into());
        };
        let ours = match (self.kind, self.state) {
            (Kind::Crc64Nvme, State::Crc(digest)) => BASE64.encode(&digest.finalize().to_be_bytes()),
            (_, State::Crc(digest)) => BASE64.encode(&digest.finalize().to_be_bytes()[4..]),
            (_, State::Sha256(digest)) => BASE64.encode(&digest.finish()),
        };
        if ours == wanted.trim() {
            return Ok(());
        }
        Err(Fault::BadDigest(header).into())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(name: &str, value: &str) -> Result<Option<Checksum>> {
        let name: http::HeaderName = name.parse().unwrap();
        Checksum::of(&HeaderMap::from_iter([(name, value.parse().unwrap())]))
    }

    /// The check values of the catalogue of CRC algorithms, of the digits 1 to 9.
    #[test]
    fn known_values() {
        for (name, value) in [
            ("x-amz-checksum-crc32", "y/Q5Jg=="),
            ("x-amz-checksum-crc32c", "4waSgw=="),
            ("x-amz-checksum-crc64nvme", "rosUhgp5mIg="),
            (
                "x-amz-checksum-sha256",
                "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
            ),
        ] {
            let mut checksum = of(name, value).unwrap().unwrap();
            checksum.add(b"1234");
            checksum.add(b"56789");
            let checked = checksum.check(None);
            assert!(checked.is_ok(), "{name}");
            let mut checksum = of("x-amz-trailer", name).unwrap().unwrap();
            checksum.add(b"12345678");
            assert!(checksum.check(Some(value)).is_err(), "{name}");
        }
        assert!(of("x-amz-checksum-sha1", "").is_err());
        assert!(of("x-amz-checksum-algorithm", "CRC32").unwrap().is_none());
        let announced = of("x-amz-trailer", "x-amz-checksum-crc32").unwrap().unwrap();
        assert!(announced.check(None).is_err());
    }
}
