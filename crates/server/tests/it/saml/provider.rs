//! An identity provider: reads requests, and writes responses that are in canonical form as they are written.

use std::collections::HashMap;
use std::io::Read;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use data_encoding::BASE64;
use ferrobase_jwt::{Clock, sha256};
use url::Url;

use super::certificate::certify;

const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// An RSA key and its private half in PKCS#1, base64.
pub(crate) fn new_key() -> (RsaKeyPair, String) {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8 = key.as_der().unwrap();
    // PKCS#8 is PKCS#1 behind a header that is always as long for keys of this size.
    let pkcs1 = BASE64.encode(&pkcs8.as_ref()[26..]);
    (key, pkcs1)
}

/// A provider.
pub(super) struct IdentityProvider {
    pub(super) entity_id: String,
    key: RsaKeyPair,
}

/// What a request says.
pub(super) struct Request {
    pub(super) id: String,
    pub(super) relay_state: String,
    pub(super) xml: String,
}

/// What a response says.
#[derive(Clone)]
pub(super) struct Claim {
    /// Id of the assertion.
    pub(super) id: String,
    pub(super) issuer: String,
    pub(super) name: String,
    pub(super) email: String,
    /// The request that it answers.
    pub(super) answers: Option<String>,
    /// Base URL of the service that it is for.
    pub(super) audience: String,
    /// Seconds from now to the end of the session.
    pub(super) session: i64,
}

fn time(seconds: i64) -> String {
    let mut time = Clock::System.now();
    time += std::time::Duration::from_secs(seconds.unsigned_abs());
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl IdentityProvider {
    pub(super) fn new(entity_id: &str) -> Self {
        Self {
            entity_id: entity_id.to_owned(),
            key: new_key().0,
        }
    }

    pub(super) fn metadata(&self) -> String {
        format!(
            "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{}\"><IDPSSODescriptor \
             protocolSupportEnumeration=\"{SAMLP}\"><KeyDescriptor use=\"signing\"><KeyInfo xmlns=\"{DSIG}\"><X509Data>\
             <X509Certificate>{}</X509Certificate></X509Data></KeyInfo></KeyDescriptor><SingleSignOnService \
             Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"{}/sso\"/></IDPSSODescriptor></EntityDescriptor>",
            self.entity_id,
            BASE64.encode(&certify(&self.key)),
            self.entity_id,
        )
    }

    /// Reads the request of a redirect.
    pub(super) fn request(&self, url: &str) -> Request {
        assert!(
            url.starts_with(&format!("{}/sso?SAMLRequest=", self.entity_id)),
            "{url}"
        );
        let url = Url::parse(url).unwrap();
        let query: HashMap<_, _> = url.query_pairs().into_owned().collect();
        let deflated = BASE64.decode(query["SAMLRequest"].as_bytes()).unwrap();
        let mut xml = String::new();
        flate2::read::DeflateDecoder::new(deflated.as_slice())
            .read_to_string(&mut xml)
            .unwrap();
        let (_, id) = xml.split_once(" ID=\"").unwrap();
        Request {
            id: id.split('"').next().unwrap().to_owned(),
            relay_state: query["RelayState"].clone(),
            xml,
        }
    }

    pub(super) fn assertion(claim: &Claim) -> String {
        let answers = claim
            .answers
            .as_ref()
            .map_or_else(String::new, |id| format!(" InResponseTo=\"{id}\""));
        format!(
            "<saml:Assertion xmlns:saml=\"{SAML}\" ID=\"{id}\" IssueInstant=\"{now}\" Version=\"2.0\"><saml:Issuer>{issuer}</saml:Issuer>\
             <saml:Subject><saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">{name}</saml:NameID>\
             <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData{answers} \
             NotOnOrAfter=\"{soon}\" Recipient=\"{us}/sso/saml/acs\"></saml:SubjectConfirmationData></saml:SubjectConfirmation>\
             </saml:Subject><saml:Conditions NotBefore=\"{now}\" NotOnOrAfter=\"{soon}\"><saml:AudienceRestriction><saml:Audience>\
             {us}/sso/saml/metadata</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement \
             AuthnInstant=\"{now}\" SessionNotOnOrAfter=\"{end}\"></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute \
             Name=\"mail\"><saml:AttributeValue>{email}</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>",
            id = claim.id,
            now = time(0),
            soon = time(300),
            end = time(claim.session),
            issuer = claim.issuer,
            name = claim.name,
            email = claim.email,
            us = claim.audience,
        )
    }

    /// The assertion with its signature.
    #[allow(
        clippy::disallowed_methods,
        reason = "the crate's own source: with this padding a signature has no randomness that a test would want to fix"
    )]
    pub(super) fn sign(&self, claim: &Claim) -> String {
        let xml = Self::assertion(claim);
        let info = format!(
            "<ds:SignedInfo xmlns:ds=\"{DSIG}\"><ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">\
             </ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\">\
             </ds:SignatureMethod><ds:Reference URI=\"#{}\"><ds:Transforms><ds:Transform \
             Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform><ds:Transform \
             Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform></ds:Transforms><ds:DigestMethod \
             Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue>{}</ds:DigestValue></ds:Reference>\
             </ds:SignedInfo>",
            claim.id,
            BASE64.encode(&sha256(xml.as_bytes())),
        );
        let mut value = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                info.as_bytes(),
                &mut value,
            )
            .unwrap();
        let signature = format!(
            "<ds:Signature xmlns:ds=\"{DSIG}\">{info}<ds:SignatureValue>{}</ds:SignatureValue></ds:Signature>",
            BASE64.encode(&value)
        );
        xml.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1)
    }

    /// A response around assertions.
    pub(super) fn response(claim: &Claim, assertions: &str) -> String {
        let answers = claim
            .answers
            .as_ref()
            .map_or_else(String::new, |id| format!(" InResponseTo=\"{id}\""));
        format!(
            "<samlp:Response xmlns:samlp=\"{SAMLP}\" Destination=\"{}/sso/saml/acs\" ID=\"_r{}\"{answers} IssueInstant=\"{}\" \
             Version=\"2.0\"><saml:Issuer xmlns:saml=\"{SAML}\">{}</saml:Issuer><samlp:Status><samlp:StatusCode \
             Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"></samlp:StatusCode></samlp:Status>{assertions}</samlp:Response>",
            claim.audience,
            claim.id,
            time(0),
            claim.issuer,
        )
    }
}
