//! Taking a query string apart into decoded pairs, and putting them together in canonical form.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

/// Everything but letters, digits and `-_.~`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A key and its value, decoded.
pub(crate) struct Pair<'q> {
    pub(crate) key: Cow<'q, str>,
    /// `None` without an equals sign.
    pub(crate) value: Option<Cow<'q, str>>,
}

impl Pair<'_> {
    /// What stands after the last dot of the key: it says what the pair is.
    pub(crate) fn last_word(&self) -> &str {
        self.key.rsplit('.').next().unwrap_or_default()
    }
}

/// The pairs of a query string, in its order.
pub(crate) fn split(query: &str) -> Vec<Pair<'_>> {
    query
        .split(['&', ';'])
        .filter(|piece| !piece.is_empty())
        .map(|piece| match piece.split_once('=') {
            Some((key, value)) => Pair {
                key: decoded(key),
                value: Some(decoded(value)),
            },
            None => Pair {
                key: decoded(piece),
                value: None,
            },
        })
        .collect()
}

/// Percent signs that stand for no byte stay; bytes that are no UTF-8 become U+FFFD.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text);
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(percent_decode(spaced.as_bytes()).decode_utf8_lossy().into_owned())
}

/// Writes one pair, encoded.
pub(crate) fn write(to: &mut impl fmt::Write, key: &str, value: &str) -> fmt::Result {
    let (key, value) = (
        utf8_percent_encode(key, RESERVED),
        utf8_percent_encode(value, RESERVED),
    );
    write!(to, "{key}={value}")
}

/// The pairs sorted by key. A key occurs once, with its values in their order and a bare comma between them: it says which
/// answer this is, and is not meant to be read again.
pub(crate) fn canonical(pairs: &[Pair<'_>]) -> String {
    let mut sorted: Vec<&Pair<'_>> = pairs.iter().collect();
    sorted.sort_by(|left, right| left.key.cmp(&right.key));
    let mut text = String::new();
    for same in sorted.chunk_by(|left, right| left.key == right.key) {
        for (index, pair) in same.iter().enumerate() {
            if index > 0 {
                text.push(',');
            } else {
                text.push_str(if text.is_empty() { "" } else { "&" });
                text.extend(utf8_percent_encode(&pair.key, RESERVED));
                text.push('=');
            }
            let value = pair.value.as_deref().unwrap_or_default();
            text.extend(utf8_percent_encode(value, RESERVED));
        }
    }
    text
}
