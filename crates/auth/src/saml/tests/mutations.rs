//! Messages that were changed at random: no panic, and nothing believed but what was signed.

use proptest::prelude::*;

use super::signer::{KEY, Message, metadata, read};
use crate::saml::metadata::IdentityProvider;
use crate::saml::response::claimed_issuer;

/// A change at a place, which is a fraction of the length.
#[derive(Debug, Clone)]
enum Change {
    Cut(f64, usize),
    Put(f64, String),
    /// Something from one place, again at another.
    Copy(f64, usize, f64),
}

fn change() -> impl Strategy<Value = Change> {
    let place = 0.0..1.0_f64;
    let piece = prop_oneof![
        "[ -~]{1,8}",
        Just("<!-- -->".to_owned()),
        Just("<![CDATA[x]]>".to_owned()),
        Just("</saml:Assertion>".to_owned()),
        Just("<saml:Assertion>".to_owned()),
        Just("<saml:NameID>root</saml:NameID>".to_owned()),
        Just(" xmlns=\"x\"".to_owned()),
        Just("&#60;".to_owned()),
        Just("\u{202e}ä".to_owned()),
    ];
    prop_oneof![
        (place.clone(), 1..200_usize).prop_map(|(at, length)| Change::Cut(at, length)),
        (place.clone(), piece).prop_map(|(at, text)| Change::Put(at, text)),
        (place.clone(), 1..600_usize, place).prop_map(|(from, length, to)| Change::Copy(from, length, to)),
    ]
}

fn apply(text: &str, changes: &[Change]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a text of a few thousand characters"
    )]
    let place = |characters: &[char], at: f64| (characters.len() as f64 * at) as usize;
    for change in changes {
        match change {
            Change::Cut(at, length) => {
                let at = place(&characters, *at);
                let end = characters.len().min(at + length);
                characters.drain(at..end);
            }
            Change::Put(at, piece) => {
                let at = place(&characters, *at);
                characters.splice(at..at, piece.chars());
            }
            Change::Copy(from, length, to) => {
                let from = place(&characters, *from);
                let copied = characters[from..characters.len().min(from + length)].to_vec();
                let to = place(&characters, *to);
                characters.splice(to..to, copied);
            }
        }
    }
    characters.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_changed_response_says_what_was_signed_or_nothing(
        changes in proptest::collection::vec(change(), 1..4),
        kind in 0..3_u8,
    ) {
        let message = Message::default();
        let honest = match kind {
            0 => message.signed_inside(),
            1 => message.signed_outside(),
            _ => message.signed_twice(),
        };
        let changed = apply(&honest, &changes);
        let _ = claimed_issuer(&changed);
        if let Ok(assertion) = read(&changed) {
            prop_assert_eq!(Ok(assertion), read(&honest));
        }
    }

    #[test]
    fn changed_metadata_does_not_panic(changes in proptest::collection::vec(change(), 1..4)) {
        let _ = IdentityProvider::parse(&apply(&metadata("https://idp.example.com", &KEY), &changes));
    }
}
