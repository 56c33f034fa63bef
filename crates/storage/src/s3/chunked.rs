//! Bodies in chunks (`aws-chunked`): a size, a signature where there are such, the bytes; behind the last, empty chunk
//! perhaps headers. Read as they come: only the line that is being read is kept.

use bytes::Bytes;
use ferrobase_jwt::Sha256;
use futures_util::StreamExt;

use crate::error::Result;
use crate::incoming::Chunks;
use crate::s3::fault::Fault;
use crate::s3::sigv4::{Signer, is_same};

/// Longest line.
const LINE: usize = 4096;
/// Most lines behind the last chunk.
const LINES: usize = 16;

/// Signs chunk after chunk.
#[derive(Debug)]
pub struct Seal {
    signer: Signer,
    before: String,
}

impl Seal {
    /// Begins behind the signature of the request.
    pub fn new(signer: Signer, before: String) -> Self {
        Self { signer, before }
    }
}

/// Reads a body in chunks.
pub struct Decoder {
    source: Chunks,
    /// What was read and not used yet.
    rest: Bytes,
    at: Place,
    seal: Option<Seal>,
    hash: Sha256,
    /// The signature that the chunk should have.
    signature: String,
    has_trailer: bool,
    trailer: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Header,
    Data(u64),
    End,
}

impl Decoder {
    /// Of a body; `seal` where chunks are signed.
    pub fn new(source: Chunks, seal: Option<Seal>, has_trailer: bool) -> Self {
        Self {
            source,
            rest: Bytes::new(),
            at: Place::Header,
            seal,
            hash: Sha256::default(),
            signature: String::new(),
            has_trailer,
            trailer: Vec::new(),
        }
    }

    /// A header behind the last chunk.
    pub fn trailer(&self, name: &str) -> Option<&str> {
        self.trailer
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The next bytes; `None` when all is read and right.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            match self.at {
                Place::Header => self.header().await?,
                Place::Data(0) => {
                    self.check_chunk()?;
                    if self.line().await?.as_deref() != Some("") {
                        return Err(Fault::MalformedChunks.into());
                    }
                    self.at = Place::Header;
                }
                Place::Data(left) => {
                    if !self.fill().await? {
                        return Err(Fault::IncompleteBody.into());
                    }
                    let length = usize::try_from(left).unwrap_or(usize::MAX).min(self.rest.len());
                    let bytes = self.rest.split_to(length);
                    if self.seal.is_some() {
                        self.hash.update(&bytes);
                    }
                    self.at = Place::Data(left - length as u64);
                    return Ok(Some(bytes));
                }
                Place::End => return Ok(None),
            }
        }
    }

    async fn header(&mut self) -> Result<()> {
        let line = self.line().await?.ok_or(Fault::IncompleteBody)?;
        let (size, extension) = line.split_once(';').unwrap_or((&line, ""));
        let is_size = matches!(size.len(), 1..=16) && size.bytes().all(|byte| byte.is_ascii_hexdigit());
        let size = u64::from_str_radix(size, 16).ok().filter(|_| is_size);
        let size = size.ok_or(Fault::MalformedChunks)?;
        let signature = extension.strip_prefix("chunk-signature=");
        signature.unwrap_or_default().clone_into(&mut self.signature);
        if size > 0 {
            self.at = Place::Data(size);
            return Ok(());
        }
        self.check_chunk()?;
        self.read_trailer().await?;
        self.at = Place::End;
        Ok(())
    }

    fn check_chunk(&mut self) -> Result<()> {
        let Some(seal) = &mut self.seal else {
            return Ok(());
        };
        let hash = std::mem::take(&mut self.hash).finish();
        let ours = seal.signer.of_chunk(&seal.before, &hash);
        if !is_same(&ours, &self.signature) {
            return Err(Fault::SignatureDoesNotMatch.into());
        }
        seal.before = ours;
        Ok(())
    }

    async fn read_trailer(&mut self) -> Result<()> {
        let (mut text, mut signature) = (String::new(), None);
        let mut is_first = true;
        while let Some(line) = self.line().await? {
            // Some clients end the last chunk like every other one.
            let is_end = line.is_empty() && !(is_first && self.has_trailer);
            if is_end {
                break;
            }
            is_first = false;
            if line.is_empty() {
                continue;
            }
            let (name, value) = line.split_once(':').ok_or(Fault::MalformedChunks)?;
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
            if !self.has_trailer || self.trailer.len() == LINES {
                return Err(Fault::MalformedChunks.into());
            }
            if name == "x-amz-trailer-signature" {
                signature = Some(value.to_owned());
                continue;
            }
            text = format!("{text}{name}:{value}\n");
            self.trailer.push((name, value.to_owned()));
        }
        if self.fill().await? {
            return Err(Fault::MalformedChunks.into());
        }
        let Some(seal) = self.seal.as_ref().filter(|_| self.has_trailer) else {
            return Ok(());
        };
        let ours = seal.signer.of_trailer(&seal.before, &text);
        if is_same(&ours, &signature.unwrap_or_default()) {
            return Ok(());
        }
        Err(Fault::SignatureDoesNotMatch.into())
    }

    /// A line without its end; `None` at the end of the body.
    async fn line(&mut self) -> Result<Option<String>> {
        let mut line = Vec::new();
        loop {
            if !self.fill().await? {
                if line.is_empty() {
                    return Ok(None);
                }
                return Err(Fault::IncompleteBody.into());
            }
            let end = self.rest.iter().position(|byte| *byte == b'\n');
            let part = self.rest.split_to(end.map_or(self.rest.len(), |end| end + 1));
            line.extend_from_slice(&part);
            if line.len() > LINE {
                return Err(Fault::MalformedChunks.into());
            }
            if end.is_some() {
                let line = line.strip_suffix(b"\r\n").ok_or(Fault::MalformedChunks)?;
                let line = std::str::from_utf8(line).map_err(|_| Fault::MalformedChunks)?;
                return Ok(Some(line.to_owned()));
            }
        }
    }

    /// Whether there is something to read.
    async fn fill(&mut self) -> Result<bool> {
        while self.rest.is_empty() {
            match self.source.next().await {
                Some(chunk) => self.rest = chunk?,
                None => return Ok(false),
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::stream;

    use super::*;
    use crate::error::StorageError;
    use crate::s3::sigv4::Credential;

    fn signer() -> Signer {
        let credential = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
        Signer::new(
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            &Credential::parse(credential).unwrap(),
            "us-east-1",
            "20130524T000000Z",
        )
    }

    /// Reads a body that comes in pieces of `step` bytes.
    async fn read(body: &[u8], step: usize, seal: Option<Seal>, has_trailer: bool) -> Result<Vec<u8>> {
        let pieces: Vec<Result<Bytes>> = body
            .chunks(step)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        let mut decoder = Decoder::new(stream::iter(pieces).boxed(), seal, has_trailer);
        let mut all = Vec::new();
        while let Some(bytes) = decoder.next().await? {
            all.extend_from_slice(&bytes);
        }
        Ok(all)
    }

    fn chunk(length: usize, signature: &str) -> Vec<u8> {
        let mut chunk = format!("{length:x};chunk-signature={signature}\r\n").into_bytes();
        if length > 0 {
            chunk.extend(vec![b'a'; length]);
            chunk.extend(b"\r\n");
        }
        chunk
    }

    /// "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks", Amazon S3 API reference.
    fn amazons() -> Vec<u8> {
        let mut body = chunk(
            65536,
            "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        );
        body.extend(chunk(
            1024,
            "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        ));
        body.extend(chunk(
            0,
            "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
        ));
        body.extend(b"\r\n");
        body
    }

    fn seal() -> Seal {
        let request = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
        Seal::new(signer(), request.to_owned())
    }

    /// The same with "Transferring Payload in Multiple Chunks with trailing headers".
    fn amazons_with_trailer() -> (Vec<u8>, Seal) {
        let request = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";
        let mut body = chunk(
            65536,
            "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
        );
        body.extend(chunk(
            1024,
            "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
        ));
        body.extend(chunk(
            0,
            "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
        ));
        body.extend(b"x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:");
        body.extend(b"d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n");
        (body, Seal::new(signer(), request.to_owned()))
    }

    #[tokio::test]
    async fn amazons_signed_chunks() {
        for step in [1, 7, 65536, 100_000] {
            let read = read(&amazons(), step, Some(seal()), false).await.unwrap();
            assert_eq!(read, vec![b'a'; 66560], "{step}");
        }
    }

    #[tokio::test]
    async fn amazons_signed_trailer() {
        let (body, seal) = amazons_with_trailer();
        let all = read(&body, 1000, Some(seal), true).await.unwrap();
        assert_eq!(all.len(), 66560);
        let (body, seal) = amazons_with_trailer();
        let at = body.windows(5).position(|window| window == b"x-amz").unwrap();
        let body = [&body[..at], b"\r\n", &body[at..]].concat();
        assert_eq!(read(&body, 1000, Some(seal), true).await.unwrap().len(), 66560);
        let (mut body, seal) = amazons_with_trailer();
        let at = body.windows(4).position(|window| window == b"sOO8").unwrap();
        body[at] = b't';
        let refused = read(&body, 1000, Some(seal), true).await;
        assert!(matches!(
            refused,
            Err(StorageError::S3(Fault::SignatureDoesNotMatch))
        ));
    }

    #[tokio::test]
    async fn a_changed_byte_is_noticed() {
        for at in [100, 65_700, 66_000] {
            let mut body = amazons();
            body[at] ^= 1;
            assert!(read(&body, 4096, Some(seal()), false).await.is_err(), "{at}");
        }
    }

    #[tokio::test]
    async fn nothing_may_be_cut_off() {
        let body = amazons();
        for length in [0, 10, 85, 40_000, 65_622, 66_700, body.len() - 100] {
            let read = read(&body[..length], 4096, Some(seal()), false).await;
            assert!(read.is_err(), "{length}");
        }
    }

    #[tokio::test]
    async fn unsigned_chunks() {
        let body = b"3\r\nabc\r\n2\r\nde\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n";
        assert_eq!(read(body, 1, None, true).await.unwrap(), b"abcde");
        for bad in [
            &b"3\r\nabcd\r\n0\r\n\r\n"[..],
            b"x\r\nabc\r\n0\r\n\r\n",
            b"-1\r\nabc\r\n0\r\n\r\n",
            b"3\nabc\r\n0\r\n\r\n",
            b"11111111111111111\r\nabc",
            b"0\r\n\r\nmore",
            b"0\r\nno colon\r\n\r\n",
        ] {
            assert!(read(bad, 2, None, true).await.is_err(), "{bad:?}");
        }
        let endless = [b'1'; 5000];
        assert!(read(&endless, 100, None, true).await.is_err());
    }
}
