//! Requests that we send.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::io::Read;

use data_encoding::BASE64;
use url::Url;

use super::signer::{ACS, OUR_KEY, US, now, us};
use crate::saml::certificate::{self, VerifyingKey};
use crate::saml::request::AuthnRequest;
use crate::saml::{name_id, xml};

fn url(destination: &str, format: Option<&str>) -> String {
    let destination = Url::parse(destination).unwrap();
    let request = AuthnRequest {
        id: "id-1",
        destination: &destination,
        name_id_format: format,
        relay_state: "state & more",
        issued_at: now(),
    };
    request.url(&us()).unwrap()
}

#[test]
fn a_request_is_what_the_binding_wants() {
    let url = url("https://idp.example.com/sso?tenant=a&b", None);
    let parsed = Url::parse(&url).unwrap();
    let pairs: HashMap<_, _> = parsed.query_pairs().into_owned().collect();
    assert_eq!(pairs["tenant"], "a");
    assert_eq!(pairs["RelayState"], "state & more");
    let deflated = BASE64.decode(pairs["SAMLRequest"].as_bytes()).unwrap();
    let mut text = String::new();
    flate2::read::DeflateDecoder::new(deflated.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    let document = xml::parse(&text, 1 << 16).unwrap();
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "AuthnRequest");
    for (name, value) in [
        ("ID", "id-1"),
        ("Version", "2.0"),
        ("IssueInstant", "2026-01-02T12:00:00.000Z"),
        ("Destination", "https://idp.example.com/sso?tenant=a&b"),
        ("AssertionConsumerServiceURL", ACS),
    ] {
        assert_eq!(root.attribute(name), Some(value), "{name}");
    }
    assert!(text.contains(US) && text.contains(name_id::PERSISTENT));
    // The signature is over the query as it stands there, from the request to the algorithm.
    let (_, query) = url.split_once("SAMLRequest=").unwrap();
    let (signed, _) = query.split_once("&Signature=").unwrap();
    let certificate = certificate::of_own(&OUR_KEY.signing, "x").unwrap();
    let key = VerifyingKey::of_certificate(&certificate).unwrap();
    let signature = BASE64.decode(pairs["Signature"].as_bytes()).unwrap();
    assert!(key.verifies(
        &pairs["SigAlg"],
        format!("SAMLRequest={signed}").as_bytes(),
        &signature
    ));
}

#[test]
fn a_provider_may_be_asked_for_another_kind_of_name() {
    let url = url("https://idp.example.com/sso", Some(name_id::EMAIL));
    let pairs: HashMap<_, _> = Url::parse(&url).unwrap().query_pairs().into_owned().collect();
    let deflated = BASE64.decode(pairs["SAMLRequest"].as_bytes()).unwrap();
    let mut text = String::new();
    flate2::read::DeflateDecoder::new(deflated.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.contains(&format!("NameIDPolicy Format=\"{}\"", name_id::EMAIL)));
}
