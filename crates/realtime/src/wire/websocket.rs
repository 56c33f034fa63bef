//! WebSocket frames (RFC 6455).
//!
//! The headers are tungstenite's. Its messages are not used: they keep two buffers for each socket, copy every message into
//! one of them, and end a connection whose text is not UTF-8, which must not happen here (§2.4). Here an idle socket has no
//! buffer, and a frame is made once for all who receive it.

use std::io::Cursor;

use bytes::{BufMut as _, Bytes, BytesMut};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// Longest header.
const HEADER: usize = 14;

/// Longest payload of a control frame.
const CONTROL: usize = 125;

/// A message of the client.
#[derive(Debug, PartialEq)]
pub(crate) enum Incoming {
    Text(Bytes),
    Binary(Bytes),
    Ping(Bytes),
    Pong,
    Close,
}

/// Why a connection cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Violation {
    TooLarge,
    Protocol,
}

impl Violation {
    /// The code to close with.
    pub(crate) fn code(self) -> u16 {
        match self {
            Self::TooLarge => 1009,
            Self::Protocol => 1002,
        }
    }
}

/// Makes messages of bytes.
#[derive(Debug)]
pub(crate) struct Decoder {
    buffer: BytesMut,
    /// The beginning of a message in several frames, and whether it is text.
    begun: Option<Box<(bool, BytesMut)>>,
    limit: usize,
}

impl Decoder {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            begun: None,
            limit,
        }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message, if it is here.
    pub(crate) fn next(&mut self) -> Result<Option<Incoming>, Violation> {
        loop {
            let mut cursor = Cursor::new(&self.buffer[..]);
            let parsed = FrameHeader::parse(&mut cursor).map_err(|_| Violation::Protocol)?;
            let Some((header, length)) = parsed else {
                self.rest();
                return Ok(None);
            };
            let start = usize::try_from(cursor.position()).map_err(|_| Violation::Protocol)?;
            let length = usize::try_from(length).map_err(|_| Violation::TooLarge)?;
            self.check(&header, length)?;
            if self.buffer.len() < start + length {
                self.buffer.reserve(start + length - self.buffer.len());
                return Ok(None);
            }
            let mut frame = self.buffer.split_to(start + length);
            let mut payload = frame.split_off(start);
            if let Some(mask) = header.mask {
                unmask(&mut payload, mask);
            }
            if let Some(message) = self.take(&header, payload)? {
                return Ok(Some(message));
            }
        }
    }

    /// Nothing is kept that is not needed.
    fn rest(&mut self) {
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
    }

    fn check(&self, header: &FrameHeader, length: usize) -> Result<(), Violation> {
        if header.rsv1 || header.rsv2 || header.rsv3 || header.mask.is_none() {
            return Err(Violation::Protocol);
        }
        match header.opcode {
            OpCode::Control(_) if length > CONTROL || !header.is_final => Err(Violation::Protocol),
            OpCode::Data(_) => {
                let before = self.begun.as_ref().map_or(0, |begun| begun.1.len());
                if before.saturating_add(length) > self.limit {
                    return Err(Violation::TooLarge);
                }
                Ok(())
            }
            OpCode::Control(_) => Ok(()),
        }
    }

    fn take(&mut self, header: &FrameHeader, payload: BytesMut) -> Result<Option<Incoming>, Violation> {
        let message = |is_text: bool, payload: BytesMut| {
            let payload = payload.freeze();
            if is_text {
                Incoming::Text(payload)
            } else {
                Incoming::Binary(payload)
            }
        };
        match header.opcode {
            OpCode::Control(Control::Ping) => Ok(Some(Incoming::Ping(payload.freeze()))),
            OpCode::Control(Control::Pong) => Ok(Some(Incoming::Pong)),
            OpCode::Control(_) => Ok(Some(Incoming::Close)),
            OpCode::Data(Data::Continue) => {
                let Some(mut begun) = self.begun.take() else {
                    return Err(Violation::Protocol);
                };
                begun.1.extend_from_slice(&payload);
                if header.is_final {
                    return Ok(Some(message(begun.0, begun.1)));
                }
                self.begun = Some(begun);
                Ok(None)
            }
            OpCode::Data(kind) => {
                if self.begun.is_some() {
                    return Err(Violation::Protocol);
                }
                let is_text = kind == Data::Text;
                if header.is_final {
                    return Ok(Some(message(is_text, payload)));
                }
                self.begun = Some(Box::new((is_text, payload)));
                Ok(None)
            }
        }
    }
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let wide = u64::from_ne_bytes([
        mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3],
    ]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

/// A frame of the server, of `length` bytes that `write` appends.
fn frame(opcode: OpCode, length: usize, write: impl FnOnce(&mut BytesMut)) -> Bytes {
    let header = FrameHeader {
        opcode,
        ..FrameHeader::default()
    };
    let mut writer = BytesMut::with_capacity(HEADER + length).writer();
    // Memory does not fail.
    let _ = header.format(length as u64, &mut writer);
    let mut bytes = writer.into_inner();
    write(&mut bytes);
    bytes.freeze()
}

/// A text frame of these parts.
pub(crate) fn text(parts: &[&[u8]]) -> Bytes {
    of_parts(OpCode::Data(Data::Text), parts)
}

/// A binary frame of these parts.
pub(crate) fn binary(parts: &[&[u8]]) -> Bytes {
    of_parts(OpCode::Data(Data::Binary), parts)
}

/// The answer to a ping.
pub(crate) fn pong(payload: &[u8]) -> Bytes {
    of_parts(OpCode::Control(Control::Pong), &[payload])
}

/// The end.
pub(crate) fn close(code: u16) -> Bytes {
    of_parts(OpCode::Control(Control::Close), &[&code.to_be_bytes()])
}

fn of_parts(opcode: OpCode, parts: &[&[u8]]) -> Bytes {
    let length = parts.iter().map(|part| part.len()).sum();
    frame(opcode, length, |bytes| {
        for part in parts {
            bytes.extend_from_slice(part);
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first];
        match u8::try_from(payload.len()) {
            Ok(length) if length < 126 => bytes.push(0x80 + length),
            _ => {
                bytes.push(0xfe);
                bytes.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
            }
        }
        let mask = [1, 2, 3, 4];
        bytes.extend(mask);
        bytes.extend(
            payload
                .iter()
                .zip(mask.iter().cycle())
                .map(|(byte, mask)| byte ^ mask),
        );
        bytes
    }

    #[test]
    fn messages_arrive_in_any_pieces() {
        let mut stream = masked(0x81, "a text that is longer than a word".as_bytes());
        stream.extend(masked(0x02, b"two "));
        stream.extend(masked(0x89, b"ping"));
        stream.extend(masked(0x80, b"pieces"));
        stream.extend(masked(0x81, &[0xff]));
        stream.extend(masked(0x82, &vec![7; 1000]));
        stream.extend(masked(0x88, &[]));
        for piece in [1, 2, 3, 7, stream.len()] {
            let mut decoder = Decoder::new(1000);
            let mut messages = Vec::new();
            for bytes in stream.chunks(piece) {
                decoder.feed(bytes);
                while let Some(message) = decoder.next().unwrap() {
                    messages.push(message);
                }
            }
            let expected = [
                Incoming::Text(Bytes::from_static(b"a text that is longer than a word")),
                Incoming::Ping(Bytes::from_static(b"ping")),
                Incoming::Binary(Bytes::from_static(b"two pieces")),
                Incoming::Text(Bytes::from_static(b"\xff")),
                Incoming::Binary(Bytes::from(vec![7; 1000])),
                Incoming::Close,
            ];
            assert_eq!(messages, expected);
            assert_eq!(decoder.buffer.capacity(), 0);
        }
    }

    #[test]
    fn violations() {
        let of = |bytes: &[u8]| {
            let mut decoder = Decoder::new(10);
            decoder.feed(bytes);
            decoder.next()
        };
        assert_eq!(of(&masked(0x81, &[0; 11])), Err(Violation::TooLarge));
        assert_eq!(
            of(&[0x82, 0xff, 0x7f, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]),
            Err(Violation::TooLarge)
        );
        for wrong in [
            masked(0xc1, b"reserved"),
            masked(0x83, b"opcode"),
            masked(0x80, b"nothing"),
            masked(0x09, b"part"),
            b"\x81\x01x".to_vec(),
        ] {
            assert_eq!(of(&wrong), Err(Violation::Protocol), "{wrong:?}");
        }
        let mut two = masked(0x01, b"123456");
        two.extend(masked(0x80, b"78901"));
        assert_eq!(of(&two), Err(Violation::TooLarge));
    }

    #[test]
    fn frames_of_the_server() {
        assert_eq!(&text(&[b"a", b"bc"])[..], b"\x81\x03abc");
        assert_eq!(&close(1012)[..], b"\x88\x02\x03\xf4");
        assert_eq!(&binary(&[&[0; 200]])[..4], b"\x82\x7e\x00\xc8");
        assert_eq!(&pong(b"x")[..], b"\x8a\x01x");
    }
}
