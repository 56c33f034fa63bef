//! XML signature wrapping: a good signature, and somebody else's assertion near it.
#![allow(clippy::unwrap_used)]

use super::signer::{Message, Signer, read, with_signature};

/// Whatever happens, the forged person does not come in.
fn assert_not_forged(xml: &str, what: &str) -> bool {
    match read(xml) {
        Ok(assertion) => {
            assert_eq!(assertion.name_id.unwrap().value, "ada", "{what}\n{xml}");
            assert_eq!(assertion.id, "_assertion", "{what}\n{xml}");
            true
        }
        Err(_) => false,
    }
}

fn assert_refused(xml: &str, what: &str) {
    assert!(!assert_not_forged(xml, what), "{what} was read\n{xml}");
}

/// Before the end tag of the outermost element.
fn append(xml: &str, content: &str) -> String {
    let end = xml.rfind("</").unwrap();
    format!("{}{content}{}", &xml[..end], &xml[end..])
}

/// Inside a signature.
fn in_signature(signature: &str, content: &str) -> String {
    signature.replace("</ds:Signature>", &format!("{content}</ds:Signature>"))
}

#[test]
fn honest_messages_are_read() {
    let message = Message::default();
    for xml in [
        message.signed_inside(),
        message.signed_outside(),
        message.signed_twice(),
    ] {
        let assertion = read(&xml).unwrap();
        assert_eq!(assertion.id, "_assertion");
        assert_eq!(assertion.subject().unwrap(), "ada");
        assert_eq!(
            assertion.session_ends.unwrap().to_rfc3339(),
            "2026-01-02T20:00:00+00:00"
        );
        assert_eq!(assertion.usable_until.to_rfc3339(), "2026-01-02T12:08:00+00:00");
    }
}

#[test]
fn the_eight_wrappings_are_refused() {
    let (honest, forged) = (Message::default(), Message::forged());
    let response = honest.response(&honest.assertion());
    let response_signature = Signer::default().signature(&response, &honest.response_id);
    let evil_response = forged.response(&forged.assertion());
    // 1: the signed response within the signature of the forged one.
    let wrapped = in_signature(&response_signature, &response);
    assert_refused(&with_signature(&evil_response, &wrapped), "XSW1");
    // 2: the signed response beside the signature.
    let beside = format!("{response}{response_signature}");
    assert_refused(&with_signature(&evil_response, &beside), "XSW2");

    let assertion = honest.assertion();
    let signature = Signer::default().signature(&assertion, &honest.id);
    let signed = with_signature(&assertion, &signature);
    let evil = forged.assertion();
    // 3: the forged one first.
    assert_refused(&honest.response(&format!("{evil}{signed}")), "XSW3");
    assert_refused(
        &honest.response(&format!("{signed}{evil}")),
        "XSW3, the forged one last",
    );
    // 4: the signed one within the forged one.
    assert_refused(&honest.response(&append(&evil, &signed)), "XSW4");
    // 5: the forged one has the signature, the signed one has none.
    let stolen = with_signature(&evil, &signature);
    assert_refused(&honest.response(&format!("{stolen}{assertion}")), "XSW5");
    // 6: the signed one within the signature of the forged one.
    let stuffed = with_signature(&evil, &in_signature(&signature, &assertion));
    assert_refused(&honest.response(&stuffed), "XSW6");
    // 7: the forged one among extensions, with the id of the signed one.
    let twin = evil.replace("_forged", "_assertion");
    let extensions = |content: &str| format!("<samlp:Extensions>{content}</samlp:Extensions>");
    assert_refused(
        &honest.response(&format!("{}{signed}", extensions(&twin))),
        "XSW7",
    );
    // 8: the signed one in an object of the signature of the forged one.
    let object = in_signature(&signature, &format!("<ds:Object>{assertion}</ds:Object>"));
    assert_refused(&honest.response(&with_signature(&evil, &object)), "XSW8");
    assert_refused(
        &honest.response(&with_signature(&twin, &object.replace("_assertion", "_other"))),
        "XSW8 with the ids exchanged",
    );
}

/// All places where an element may be put.
fn places(xml: &str) -> Vec<usize> {
    let all = xml.match_indices('<').map(|(at, _)| at).skip(1);
    all.chain([xml.len()]).collect()
}

fn insert(xml: &str, at: usize, content: &str) -> String {
    format!("{}{content}{}", &xml[..at], &xml[at..])
}

#[test]
fn a_forged_assertion_is_nowhere_believed() {
    let (honest, forged) = (Message::default(), Message::forged());
    let evils = [
        forged.assertion(),
        forged.assertion().replace("_forged", "_assertion"),
        with_signature(
            &forged.assertion(),
            &Signer::default().signature(&honest.assertion(), &honest.id),
        ),
        forged.response(&forged.assertion()),
    ];
    for message in [
        honest.signed_inside(),
        honest.signed_outside(),
        honest.signed_twice(),
    ] {
        let places = places(&message);
        assert!(places.len() > 50, "{}", places.len());
        for evil in &evils {
            for &at in &places {
                assert_not_forged(&insert(&message, at, evil), "inserted");
            }
        }
    }
}

#[test]
fn a_signed_assertion_carries_no_other_one() {
    let (honest, forged) = (Message::default(), Message::forged());
    let assertion = honest.assertion();
    let signature = Signer::default().signature(&assertion, &honest.id);
    let signed = with_signature(&assertion, &signature);
    let evil = forged.response(&with_signature(&forged.assertion(), &signature));
    for shell in [forged.response(&forged.assertion()), evil] {
        for at in places(&shell) {
            for content in [&assertion, &signed, &signature] {
                assert_not_forged(&insert(&shell, at, content), "carried");
                let renamed = insert(&shell, at, content).replace("_forged\"", "_assertion\"");
                assert_not_forged(&renamed, "carried under the same name");
            }
        }
    }
}

#[test]
fn every_changed_byte_of_what_is_signed_breaks_it() {
    let honest = Message::default();
    for message in [honest.signed_inside(), honest.signed_outside()] {
        for word in [
            "ada<",
            "ada@",
            US_AUDIENCE,
            "12:05:00",
            "20:00:00",
            "persistent",
            "_assertion\" Issue",
        ] {
            let changed = word.replace(['a', '0', 'e'], "b");
            let forged = message.replacen(word, &changed, 1);
            assert_ne!(message, forged, "{word}");
            assert!(read(&forged).is_err(), "{word}");
        }
    }
}

const US_AUDIENCE: &str = "api.example.com/auth/v1/sso/saml/metadata";

#[test]
fn comments_cut_nothing() {
    // Signed is `ada@example.com.evil.test`; a comment may be put in on the way, because the canonical form has none.
    let message = Message {
        name: "ada@example.com.evil.test".into(),
        attributes: super::signer::attribute("mail", "ada@example.com.evil.test"),
        ..Message::default()
    };
    for xml in [
        message.signed_inside(),
        message.signed_outside(),
        message.signed_twice(),
    ] {
        for cut in ["<!-- -->", "<![CDATA[]]>"] {
            let xml = xml.replace("ada@example.com.evil", &format!("ada@example.com{cut}.evil"));
            let assertion = read(&xml).unwrap();
            assert_eq!(
                assertion.name_id.as_ref().unwrap().value,
                "ada@example.com.evil.test"
            );
            let profile = assertion.profile("idp", "ada", &crate::saml::assertion::Mapping::default());
            assert_eq!(profile.email().unwrap().address, "ada@example.com.evil.test");
        }
        // An instruction stays in the canonical form, and so breaks the signature.
        assert!(read(&xml.replace("ada@example.com.evil", "ada@example.com<?p?>.evil")).is_err());
    }
}

#[test]
fn a_signed_instruction_in_a_name_is_refused() {
    let message = Message {
        name: "ada<?p?>evil".into(),
        ..Message::default()
    };
    assert!(read(&message.signed_inside()).is_err());
}

#[test]
fn two_signatures_or_two_assertions_are_none() {
    let honest = Message::default();
    let signature = Signer::default().signature(&honest.assertion(), &honest.id);
    let twice = with_signature(&with_signature(&honest.assertion(), &signature), &signature);
    assert_refused(&honest.response(&twice), "two signatures");
    let other = Message {
        id: "_second".into(),
        ..Message::default()
    };
    let both = Signer::default().sign(&honest.assertion(), &honest.id)
        + &Signer::default().sign(&other.assertion(), &other.id);
    assert_refused(&honest.response(&both), "two signed assertions");
    let both = honest.assertion() + &other.assertion();
    let outside = Signer::default().sign(&honest.response(&both), &honest.response_id);
    assert_refused(&outside, "two assertions in a signed response");
    let empty = Signer::default().sign(&honest.response(""), &honest.response_id);
    assert_refused(&empty, "no assertion");
    // Signed responses are read as signed, whatever the assertion's own signature is like.
    let stolen = with_signature(&Message::forged().assertion(), &signature);
    let outside = Signer::default().sign(&honest.response(&stolen), &honest.response_id);
    assert_refused(&outside, "a stolen signature in a signed response");
}
