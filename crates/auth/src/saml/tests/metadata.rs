//! Metadata of identity providers, and ours.
#![allow(clippy::unwrap_used)]

use chrono::TimeDelta;
use data_encoding::BASE64;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::signer::{ACS, IDP, KEY, OUR_KEY, STRANGE_KEY, US, at, config, metadata, now, us};
use crate::saml::metadata::{IdentityProvider, MetadataError, of};
use crate::saml::provider::{ServiceProvider, SigningKey};
use crate::saml::xml;

#[test]
fn an_identity_provider_is_read() {
    let xml = metadata(IDP, &KEY);
    let provider = IdentityProvider::parse(&xml).unwrap();
    assert_eq!(provider.entity_id, IDP);
    assert_eq!(
        provider.sso_url.unwrap().as_str(),
        "https://idp.example.com/sso?x=1"
    );
    assert_eq!(provider.keys.len(), 1);
    let listed = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{xml}</md:EntitiesDescriptor>"
    );
    assert_eq!(IdentityProvider::parse(&listed).unwrap().entity_id, IDP);
}

#[test]
fn what_is_no_identity_provider_is_refused() {
    let xml = metadata(IDP, &KEY);
    let two = xml.replace(
        "</md:EntityDescriptor>",
        "<md:IDPSSODescriptor/></md:EntityDescriptor>",
    );
    assert_eq!(IdentityProvider::parse(&two).unwrap_err(), MetadataError::Several);
    let ours = of(&us(), None);
    assert_eq!(
        IdentityProvider::parse(&ours).unwrap_err(),
        MetadataError::NoIdentityProvider
    );
    let nameless = xml.replace(IDP, "");
    assert_eq!(
        IdentityProvider::parse(&nameless).unwrap_err(),
        MetadataError::NoEntityId
    );
    let keyless = xml.replace("use=\"signing\"", "use=\"encryption\"");
    assert_eq!(
        IdentityProvider::parse(&keyless).unwrap_err(),
        MetadataError::NoKey
    );
    let script = xml.replace("https://idp.example.com/sso?x=1", "javascript:alert(1)");
    assert_eq!(
        IdentityProvider::parse(&script).unwrap_err(),
        MetadataError::BadLocation
    );
    let broken = xml.replace("<ds:X509Certificate>", "<ds:X509Certificate>AAAA");
    assert!(matches!(
        IdentityProvider::parse(&broken),
        Err(MetadataError::NoKey | MetadataError::Invalid(_))
    ));
    let entity = format!("<!DOCTYPE m [<!ENTITY a 'b'>]>{xml}");
    assert!(matches!(
        IdentityProvider::parse(&entity),
        Err(MetadataError::Invalid(_))
    ));
    assert!(IdentityProvider::parse("").is_err());
}

#[test]
fn copies_grow_old() {
    let xml = metadata(IDP, &KEY);
    let with = |attributes: &str| {
        let xml = xml.replace("entityID=", &format!("{attributes} entityID="));
        IdentityProvider::parse(&xml).unwrap()
    };
    let plain = with("");
    assert!(!plain.is_stale(now(), now() + TimeDelta::hours(24)));
    assert!(plain.is_stale(now(), now() + TimeDelta::hours(25)));
    let cached = with("cacheDuration=\"PT1H\"");
    assert!(cached.is_stale(now(), now() + TimeDelta::minutes(61)));
    let until = with("validUntil=\"2026-01-09T00:00:00Z\"");
    assert!(!until.is_stale(now(), at("2026-01-08T00:00:00Z")));
    assert!(until.is_stale(now(), at("2026-01-09T00:00:01Z")));
}

#[test]
fn ours_says_who_we_are() {
    let mut rotating = config(false);
    rotating.private_key_next = Some(STRANGE_KEY.pkcs1.clone().into());
    let rotating = ServiceProvider::new(&rotating).unwrap();
    assert!(rotating.is_rotating() && !us().is_rotating());
    for (provider, uses) in [(us(), "signing encryption"), (rotating, "signing signing")] {
        let text = of(&provider, Some(now()));
        let document = xml::parse(&text, 1 << 20).unwrap();
        let root = document.root_element();
        assert_eq!(root.attribute("entityID"), Some(US));
        assert_eq!(root.attribute("validUntil"), Some("2026-01-02T12:00:00.000Z"));
        let found: Vec<_> = root
            .descendants()
            .filter_map(|node| node.attribute("use"))
            .collect();
        assert_eq!(found.join(" "), uses);
        assert!(text.contains(&format!("Location=\"{ACS}\"")));
    }
    assert!(!of(&us(), None).contains("validUntil"));
}

#[test]
fn our_certificate_is_one() {
    let certificate = super::super::certificate::of_own(&OUR_KEY.signing, "api.example.com").unwrap();
    let again = super::super::certificate::of_own(&OUR_KEY.signing, "api.example.com").unwrap();
    assert_eq!(certificate, again);
    let (rest, parsed) = X509Certificate::from_der(&certificate).unwrap();
    assert!(rest.is_empty());
    assert_eq!(
        parsed.subject().to_string(),
        "CN=SAML 2.0 Certificate for api.example.com"
    );
    assert_eq!(
        parsed
            .tbs_certificate
            .subject_pki
            .subject_public_key
            .data
            .as_ref(),
        OUR_KEY.signing.public_key()
    );
    assert!(parsed.key_usage().unwrap().unwrap().value.digital_signature());
    // The signature is over the body, by the key that it names.
    let key = crate::saml::certificate::VerifyingKey::of_certificate(&certificate).unwrap();
    let body = parsed.tbs_certificate.as_ref();
    assert!(key.verifies(
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        body,
        &parsed.signature_value.data
    ));
}

#[test]
fn keys_that_do_not_do_are_refused() {
    for text in [
        "",
        "%",
        "AAAA",
        &BASE64.encode(b"-----BEGIN RSA PRIVATE KEY-----"),
    ] {
        assert!(SigningKey::parse(text).is_err(), "{text}");
    }
}
