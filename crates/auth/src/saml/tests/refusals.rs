//! Everything that makes a well-formed response worthless.
#![allow(clippy::unwrap_used)]

use aws_lc_rs::digest;
use data_encoding::BASE64;

use super::signer::{
    ACS, ENVELOPED, EXCLUSIVE, IDP, KEY, Message, REQUEST, STRANGE_KEY, Signer, US, at, attribute, now, read,
    read_as, transform,
};
use crate::saml::assertion::{Mapping, Source};
use crate::saml::response::{claimed_issuer, decode};
use crate::saml::{SamlError, name_id};

fn refused_with(change: fn(&mut Message)) -> SamlError {
    let mut message = Message::default();
    change(&mut message);
    let inside = read(&message.signed_inside()).unwrap_err();
    let outside = read(&message.signed_outside()).unwrap_err();
    assert_eq!(inside, outside);
    inside
}

fn signed_by(signer: &Signer<'_>) -> Result<crate::saml::assertion::Assertion, SamlError> {
    let message = Message::default();
    read(&message.response(&signer.sign(&message.assertion(), &message.id)))
}

#[test]
fn what_nobody_signed_is_refused() {
    let message = Message::default();
    let bare = message.response(&message.assertion());
    assert_eq!(read(&bare).unwrap_err(), SamlError::Unsigned);
    let signature = Signer::default().signature(&message.assertion(), &message.id);
    // Between the response and its status, nothing is signed by it.
    assert_eq!(
        read(&super::signer::with_signature(&bare, &signature)).unwrap_err(),
        SamlError::Signature("refers to another element")
    );
}

#[test]
fn only_the_keys_of_the_metadata_count() {
    let by_another = SamlError::Signature("by none of the provider's keys");
    let stranger = Signer {
        key: &STRANGE_KEY,
        ..Signer::default()
    };
    assert_eq!(signed_by(&stranger).unwrap_err(), by_another);
    // The message may bring its own key along; nobody looks.
    let certificate = BASE64.encode(&STRANGE_KEY.certificate);
    let with_key = Signer {
        key: &STRANGE_KEY,
        key_info: format!(
            "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        ),
        ..Signer::default()
    };
    assert_eq!(signed_by(&with_key).unwrap_err(), by_another);
    let foreign_info = Signer {
        key_info: with_key.key_info,
        ..Signer::default()
    };
    assert!(signed_by(&foreign_info).is_ok());
}

#[test]
fn weak_algorithms_are_refused() {
    let by_another = SamlError::Signature("by none of the provider's keys");
    for method in [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        "none",
    ] {
        let signer = Signer {
            method,
            ..Signer::default()
        };
        assert_eq!(signed_by(&signer).unwrap_err(), by_another, "{method}");
    }
    // The public key as the secret of a MAC.
    let mac = Signer {
        method: "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        value: Some(|info| ferrobase_jwt::hmac_sha256(&KEY.signing.public_key(), &[info]).to_vec()),
        ..Signer::default()
    };
    assert_eq!(signed_by(&mac).unwrap_err(), by_another);
    let old_digest = Signer {
        digest_method: "http://www.w3.org/2000/09/xmldsig#sha1",
        digest: |bytes| {
            digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes)
                .as_ref()
                .to_vec()
        },
        ..Signer::default()
    };
    assert_eq!(
        signed_by(&old_digest).unwrap_err(),
        SamlError::Signature("a digest that is not SHA-2")
    );
    let strong_digest = Signer {
        digest_method: "http://www.w3.org/2001/04/xmlenc#sha512",
        digest: |bytes| digest::digest(&digest::SHA512, bytes).as_ref().to_vec(),
        ..Signer::default()
    };
    assert!(signed_by(&strong_digest).is_ok());
    let empty = Signer {
        value: Some(|_| Vec::new()),
        ..Signer::default()
    };
    assert_eq!(signed_by(&empty).unwrap_err(), by_another);
}

#[test]
fn other_transforms_references_and_forms_are_refused() {
    let xpath = format!(
        "{}<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><ds:XPath>false()</ds:XPath></ds:Transform>{}",
        transform(ENVELOPED),
        transform(EXCLUSIVE)
    );
    let xslt = transform(ENVELOPED)
        + &transform("http://www.w3.org/TR/1999/REC-xslt-19991116")
        + &transform(EXCLUSIVE);
    let inclusive = transform(ENVELOPED) + &transform("http://www.w3.org/TR/2001/REC-xml-c14n-20010315");
    let with_comments =
        transform(ENVELOPED) + &transform("http://www.w3.org/2001/10/xml-exc-c14n#WithComments");
    let swapped = transform(EXCLUSIVE) + &transform(ENVELOPED);
    let twice = transform(ENVELOPED) + &transform(EXCLUSIVE) + &transform(EXCLUSIVE);
    let parameters = transform(ENVELOPED)
        + &format!("<ds:Transform Algorithm=\"{EXCLUSIVE}\"><ds:XPath>false()</ds:XPath></ds:Transform>");
    for transforms in [
        xpath,
        xslt,
        inclusive,
        with_comments,
        swapped,
        twice,
        parameters,
        transform(ENVELOPED),
        transform(EXCLUSIVE),
        String::new(),
    ] {
        let signer = Signer {
            transforms: transforms.clone(),
            ..Signer::default()
        };
        let error = signed_by(&signer).unwrap_err();
        assert!(matches!(error, SamlError::Signature(_)), "{transforms}: {error}");
    }
    let many = format!(
        "{}<ds:Transform Algorithm=\"{EXCLUSIVE}\"><ec:InclusiveNamespaces xmlns:ec=\"{EXCLUSIVE}\" PrefixList=\"{}\">\
         </ec:InclusiveNamespaces></ds:Transform>",
        transform(ENVELOPED),
        "a ".repeat(17)
    );
    let signer = Signer {
        transforms: many,
        ..Signer::default()
    };
    assert_eq!(signed_by(&signer).unwrap_err(), SamlError::TooLarge("prefixes"));
    for uri in [
        "",
        "#_other",
        "#xpointer(/)",
        "#xpointer(id('_assertion'))",
        "https://evil.test/",
        "_assertion",
    ] {
        let signer = Signer {
            uri: Some(uri),
            ..Signer::default()
        };
        assert_eq!(
            signed_by(&signer).unwrap_err(),
            SamlError::Signature("refers to another element"),
            "{uri}"
        );
    }
    let canonicalization = Signer {
        canonicalization: "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        ..Signer::default()
    };
    assert_eq!(
        signed_by(&canonicalization).unwrap_err(),
        SamlError::Signature("canonicalisation that is not exclusive")
    );
}

#[test]
fn two_references_are_refused() {
    let message = Message::default();
    let signed = message.signed_inside();
    let start = signed.find("<ds:Reference").unwrap();
    let end = signed.find("</ds:SignedInfo>").unwrap();
    let twice = format!("{}{}{}", &signed[..end], &signed[start..end], &signed[end..]);
    assert_eq!(read(&twice).unwrap_err(), SamlError::Malformed("Reference"));
}

#[test]
fn who_it_is_for_and_from() {
    assert_eq!(
        refused_with(|m| m.audience = audience("https://other.example.com/")),
        SamlError::Addressee("Audience")
    );
    assert_eq!(
        refused_with(|m| m.audience = audience(US) + &audience("https://other.example.com/")),
        SamlError::Addressee("Audience")
    );
    assert_eq!(
        refused_with(|m| m.audience = String::new()),
        SamlError::Addressee("without Audience")
    );
    assert_eq!(
        refused_with(|m| m.audience += "<saml:Condition></saml:Condition>"),
        SamlError::Unsupported("a condition")
    );
    assert_eq!(
        refused_with(|m| m.confirmation = m.confirmation.replace(ACS, "https://other.example.com/acs")),
        SamlError::Addressee("Recipient")
    );
    assert_eq!(
        refused_with(|m| m.destination = m.destination.replace(ACS, "https://other.example.com/acs")),
        SamlError::Addressee("Destination")
    );
    assert_eq!(
        refused_with(|m| m.method = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches".into()),
        SamlError::Addressee("without confirmation by possession")
    );
    let other = SamlError::Issuer("https://other.example.com/".into());
    assert_eq!(
        refused_with(|m| m.issuer = "https://other.example.com/".into()),
        other
    );
    assert_eq!(
        refused_with(|m| m.response_issuer = "https://other.example.com/".into()),
        other
    );
    assert_eq!(
        refused_with(|m| m.version = "1.1".into()),
        SamlError::Unsupported("another version of SAML")
    );
    let denied = "urn:oasis:names:tc:SAML:2.0:status:Responder";
    let failed = Message {
        status: denied.into(),
        ..Message::default()
    };
    assert_eq!(
        read(&failed.signed_inside()).unwrap_err(),
        SamlError::Status(denied.into())
    );
    // A signed response says where it goes (SAML bindings 3.5.5.2).
    let message = Message {
        destination: String::new(),
        ..Message::default()
    };
    assert!(read(&message.signed_outside()).is_err() && read(&message.signed_inside()).is_ok());
}

fn audience(name: &str) -> String {
    format!("<saml:AudienceRestriction><saml:Audience>{name}</saml:Audience></saml:AudienceRestriction>")
}

#[test]
fn what_it_answers() {
    assert_eq!(
        refused_with(|m| m.confirmation = m.confirmation.replace(REQUEST, "id-other")),
        SamlError::Addressee("InResponseTo of the assertion")
    );
    assert_eq!(
        refused_with(|m| m.in_response_to = " InResponseTo=\"id-other\"".into()),
        SamlError::Addressee("InResponseTo of the response")
    );
    // A stolen answer to a request is no message of the provider's own accord, nor the other way round.
    let answer = Message::default();
    let unasked = Message {
        confirmation: answer
            .confirmation
            .replace(&format!(" InResponseTo=\"{REQUEST}\""), ""),
        in_response_to: String::new(),
        ..Message::default()
    };
    for (message, request, good) in [
        (&answer, Some(REQUEST), true),
        (&answer, None, false),
        (&unasked, None, true),
        (&unasked, Some(REQUEST), false),
    ] {
        for xml in [message.signed_inside(), message.signed_outside()] {
            assert_eq!(read_as(&xml, request, now()).is_ok(), good, "{request:?} {xml}");
        }
    }
}

#[test]
fn when_it_is_good() {
    let xml = Message::default().signed_inside();
    for (time, good) in [
        ("2026-01-02T11:56:59Z", false),
        ("2026-01-02T11:57:00Z", true),
        ("2026-01-02T12:07:59Z", true),
        ("2026-01-02T12:08:00Z", false),
    ] {
        assert_eq!(read_as(&xml, Some(REQUEST), at(time)).is_ok(), good, "{time}");
    }
    let time = SamlError::Time;
    assert_eq!(
        refused_with(|m| m.conditions = " NotOnOrAfter=\"2026-01-02T11:57:00Z\"".into()),
        time("Conditions: NotOnOrAfter")
    );
    assert_eq!(
        refused_with(|m| m.conditions = " NotBefore=\"2026-01-02T12:03:01Z\"".into()),
        time("Conditions: NotBefore")
    );
    assert_eq!(
        refused_with(|m| m.confirmation = m.confirmation.replace("12:05:00", "11:57:00")),
        time("SubjectConfirmationData: NotOnOrAfter")
    );
    assert_eq!(
        refused_with(|m| m.statement = m.statement.replace("20:00:00", "12:00:00")),
        time("SessionNotOnOrAfter")
    );
    assert_eq!(
        refused_with(|m| m.issued = "2026-01-02T11:52:00Z".into()),
        time("issued long ago")
    );
    assert_eq!(
        refused_with(|m| m.issued = "2026-01-02T12:03:01Z".into()),
        time("issued in the future")
    );
    assert_eq!(
        refused_with(|m| m.issued = "soon".into()),
        SamlError::Malformed("not a time")
    );
    assert_eq!(
        refused_with(|m| m.confirmation = format!(" InResponseTo=\"{REQUEST}\" Recipient=\"{ACS}\"")),
        SamlError::Malformed("NotOnOrAfter")
    );
}

#[test]
fn hostile_xml_is_refused_before_anything_else() {
    let good = Message::default().signed_inside();
    let with_type = format!("<!DOCTYPE r [<!ENTITY a 'ada'>]>{}", good.replace("ada<", "&a;<"));
    assert!(matches!(read(&with_type), Err(SamlError::Xml(_))));
    assert!(matches!(
        read(&good.replace("ada<", "&ada;<")),
        Err(SamlError::Xml(_))
    ));
    let long = good.replace("ada<", &format!("{}<", "a".repeat(600_000)));
    assert_eq!(read(&long).unwrap_err(), SamlError::TooLarge("bytes"));
    let deep = good.replace("ada<", &format!("{}{}<", "<a>".repeat(100), "</a>".repeat(100)));
    assert_eq!(read(&deep).unwrap_err(), SamlError::TooLarge("depth"));
    let crowded = good.replace(
        "<samlp:Status>",
        &format!("{}<samlp:Status>", "<a/>".repeat(20_000)),
    );
    assert_eq!(read(&crowded).unwrap_err(), SamlError::TooLarge("nodes"));
    for text in ["", "<", "no", "<a/>", "\u{0}", "<samlp:Response/>", "{}"] {
        assert!(read(text).is_err() && claimed_issuer(text).is_err(), "{text}");
    }
    assert_eq!(claimed_issuer(&good).unwrap(), IDP);
}

#[test]
fn forms_are_decoded_but_never_inflated() {
    let good = Message::default().signed_inside();
    let encoded = BASE64.encode(good.as_bytes());
    assert_eq!(decode(&encoded).unwrap(), good);
    let lines = format!("{}\r\n{}", &encoded[..76], &encoded[76..]);
    assert_eq!(decode(&lines).unwrap(), good);
    let bomb = {
        use std::io::Write;
        let mut deflater = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        deflater.write_all(&vec![b' '; 50_000_000]).unwrap();
        BASE64.encode(&deflater.finish().unwrap())
    };
    assert!(bomb.len() < 100_000);
    // Not text, or text that is no response.
    assert!(decode(&bomb).map_or(true, |text| read(&text).is_err()));
    assert_eq!(
        decode(&"A".repeat(2_000_000)).unwrap_err(),
        SamlError::TooLarge("bytes")
    );
    assert!(decode("%%%").is_err());
    assert!(decode(&BASE64.encode(&[0xff, 0xfe, 0x00])).is_err());
}

#[test]
fn names_that_stand_for_a_person() {
    let named = |format: &str, name: &str, attributes: String| {
        let message = Message {
            name: name.into(),
            name_format: format.into(),
            attributes,
            ..Message::default()
        };
        read(&message.signed_inside()).unwrap()
    };
    let none = String::new;
    assert_eq!(
        named(name_id::PERSISTENT, " Ada ", none()).subject().unwrap(),
        "Ada"
    );
    assert_eq!(
        named(name_id::EMAIL, "Ada@Example.com", none())
            .subject()
            .unwrap(),
        "ada@example.com"
    );
    assert_eq!(
        named(name_id::UNSPECIFIED, "Ada", none()).subject().unwrap(),
        "Ada"
    );
    assert_eq!(named(name_id::TRANSIENT, "_x", none()).subject(), None);
    assert_eq!(named(name_id::PERSISTENT, "", none()).subject(), None);
    let id = "urn:oasis:names:tc:SAML:attribute:subject-id";
    assert_eq!(
        named(name_id::TRANSIENT, "_x", attribute(id, "7@x"))
            .subject()
            .unwrap(),
        "7@x"
    );
    let two = attribute(id, "7@x") + &attribute(id, "8@x");
    assert_eq!(named(name_id::PERSISTENT, "ada", two).subject(), None);
    // A name for people names nobody.
    let friendly = format!(
        "<saml:Attribute FriendlyName=\"{id}\" Name=\"nick\"><saml:AttributeValue>root</saml:AttributeValue></saml:Attribute>"
    );
    assert_eq!(
        named(name_id::PERSISTENT, "ada", friendly).subject().unwrap(),
        "ada"
    );
}

#[test]
fn what_becomes_of_attributes() {
    let message = Message {
        attributes: attribute("mail", "Ada@Example.com")
            + &attribute("groups", "a")
            + &attribute("groups", "b")
            + &attribute("who", "Ada")
            + &attribute("sub", "root"),
        ..Message::default()
    };
    let assertion = read(&message.signed_inside()).unwrap();
    let source = |name: &str, array: bool| Source {
        name: Some(name.to_owned()),
        array,
        ..Source::default()
    };
    let keys = [
        ("name".to_owned(), source("who", false)),
        ("groups".to_owned(), source("groups", true)),
        ("sub".to_owned(), source("sub", false)),
        ("email_verified".to_owned(), source("who", false)),
        (
            "role".to_owned(),
            Source {
                names: Some(vec!["absent".to_owned()]),
                default: Some("member".into()),
                ..Source::default()
            },
        ),
    ];
    let mapping = Mapping {
        keys: Some(keys.into_iter().collect()),
    };
    let data = serde_json::Value::Object(assertion.profile(IDP, "ada", &mapping).identity_data());
    assert_eq!(
        data,
        serde_json::json!({
            "iss": IDP, "sub": "ada", "provider_id": "ada", "name": "Ada", "email": "ada@example.com", "email_verified": true,
            "phone_verified": false, "custom_claims": {"groups": ["a", "b"], "role": "member"},
        })
    );
}
