//! An identity provider of our own.
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use aws_lc_rs::digest;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use data_encoding::BASE64;
use url::Url;

use crate::config::SamlConfig;
use crate::model::user::Time;
use crate::saml::assertion::Assertion;
use crate::saml::metadata::IdentityProvider;
use crate::saml::provider::{ServiceProvider, SigningKey};
use crate::saml::response::Expected;
use crate::saml::{Result, certificate};

pub(super) const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
pub(super) const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
pub(super) const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
pub(super) const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
pub(super) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
pub(super) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
pub(super) const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
pub(super) const IDP: &str = "https://idp.example.com/metadata";
pub(super) const US: &str = "https://api.example.com/auth/v1/sso/saml/metadata";
pub(super) const ACS: &str = "https://api.example.com/auth/v1/sso/saml/acs";
pub(super) const REQUEST: &str = "id-request";

/// A key with its certificate.
pub(super) struct Key {
    pub(super) signing: SigningKey,
    pub(super) certificate: Vec<u8>,
    pub(super) pkcs1: String,
}

impl Key {
    fn new() -> Self {
        let pkcs8 = KeyPair::generate(KeySize::Rsa2048).unwrap().as_der().unwrap();
        // PKCS#8 is PKCS#1 behind a header that is always as long for keys of this size.
        let pkcs1 = BASE64.encode(&pkcs8.as_ref()[26..]);
        let signing = SigningKey::parse(&pkcs1).unwrap();
        let certificate = certificate::of_own(&signing, "idp.example.com").unwrap();
        Self {
            signing,
            certificate,
            pkcs1,
        }
    }
}

/// The provider's, somebody else's, and ours.
pub(super) static KEY: LazyLock<Key> = LazyLock::new(Key::new);
pub(super) static STRANGE_KEY: LazyLock<Key> = LazyLock::new(Key::new);
pub(super) static OUR_KEY: LazyLock<Key> = LazyLock::new(Key::new);

pub(super) fn now() -> Time {
    at("2026-01-02T12:00:00Z")
}

pub(super) fn at(text: &str) -> Time {
    crate::saml::dates::time(text).unwrap()
}

pub(super) fn config(allow_encrypted_assertions: bool) -> SamlConfig {
    SamlConfig {
        private_key: OUR_KEY.pkcs1.clone().into(),
        private_key_next: None,
        external_url: Url::parse("https://api.example.com/auth/v1").unwrap(),
        relay_state_validity_period: std::time::Duration::from_secs(120),
        allow_encrypted_assertions,
        rate_limit_assertion: 15,
    }
}

pub(super) fn us() -> ServiceProvider {
    ServiceProvider::new(&config(true)).unwrap()
}

pub(super) fn metadata(entity_id: &str, key: &Key) -> String {
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{entity_id}\"><md:IDPSSODescriptor \
         protocolSupportEnumeration=\"{SAMLP}\"><md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"{DSIG}\"><ds:X509Data>\
         <ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"https://idp.example.com/sso?x=1\"/>\
         </md:IDPSSODescriptor></md:EntityDescriptor>",
        BASE64.encode(&key.certificate)
    )
}

/// Reads a response to [`REQUEST`].
pub(super) fn read(xml: &str) -> Result<Assertion> {
    read_as(xml, Some(REQUEST), now())
}

pub(super) fn read_as(xml: &str, request_id: Option<&str>, now: Time) -> Result<Assertion> {
    let provider = IdentityProvider::parse(&metadata(IDP, &KEY)).unwrap();
    let expected = Expected {
        us: &us(),
        provider: &provider,
        request_id,
        now,
    };
    expected.read(xml)
}

/// What a message says. The default is one that has to be believed.
#[derive(Clone)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) response_id: String,
    pub(super) issuer: String,
    pub(super) response_issuer: String,
    pub(super) name: String,
    pub(super) name_format: String,
    pub(super) issued: String,
    pub(super) conditions: String,
    pub(super) audience: String,
    pub(super) method: String,
    pub(super) confirmation: String,
    pub(super) statement: String,
    pub(super) attributes: String,
    pub(super) destination: String,
    pub(super) in_response_to: String,
    pub(super) status: String,
    pub(super) version: String,
}

impl Default for Message {
    fn default() -> Self {
        Self {
            id: "_assertion".into(),
            response_id: "_response".into(),
            issuer: IDP.into(),
            response_issuer: IDP.into(),
            name: "ada".into(),
            name_format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".into(),
            issued: "2026-01-02T12:00:00Z".into(),
            conditions: " NotBefore=\"2026-01-02T11:59:00Z\" NotOnOrAfter=\"2026-01-02T12:05:00Z\"".into(),
            audience: format!(
                "<saml:AudienceRestriction><saml:Audience>{US}</saml:Audience></saml:AudienceRestriction>"
            ),
            method: "urn:oasis:names:tc:SAML:2.0:cm:bearer".into(),
            confirmation: format!(
                " InResponseTo=\"{REQUEST}\" NotOnOrAfter=\"2026-01-02T12:05:00Z\" Recipient=\"{ACS}\""
            ),
            statement: "<saml:AuthnStatement AuthnInstant=\"2026-01-02T12:00:00Z\" SessionNotOnOrAfter=\"2026-01-02T20:00:00Z\">\
                        </saml:AuthnStatement>"
                .into(),
            attributes: attribute("mail", "ada@example.com"),
            destination: format!(" Destination=\"{ACS}\""),
            in_response_to: format!(" InResponseTo=\"{REQUEST}\""),
            status: "urn:oasis:names:tc:SAML:2.0:status:Success".into(),
            version: "2.0".into(),
        }
    }
}

pub(super) fn attribute(name: &str, value: &str) -> String {
    format!(
        "<saml:Attribute Name=\"{name}\"><saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>"
    )
}

impl Message {
    /// What somebody who has no key would like to be believed.
    pub(super) fn forged() -> Self {
        Self {
            id: "_forged".into(),
            response_id: "_forged_response".into(),
            name: "root".into(),
            ..Self::default()
        }
    }

    pub(super) fn assertion(&self) -> String {
        format!(
            "<saml:Assertion xmlns:saml=\"{SAML}\" ID=\"{}\" IssueInstant=\"{}\" Version=\"{}\"><saml:Issuer>{}</saml:Issuer>\
             <saml:Subject><saml:NameID Format=\"{}\">{}</saml:NameID><saml:SubjectConfirmation Method=\"{}\">\
             <saml:SubjectConfirmationData{}></saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject>\
             <saml:Conditions{}>{}</saml:Conditions>{}<saml:AttributeStatement>{}</saml:AttributeStatement></saml:Assertion>",
            self.id,
            self.issued,
            self.version,
            self.issuer,
            self.name_format,
            self.name,
            self.method,
            self.confirmation,
            self.conditions,
            self.audience,
            self.statement,
            self.attributes,
        )
    }

    pub(super) fn response(&self, content: &str) -> String {
        format!(
            "<samlp:Response xmlns:samlp=\"{SAMLP}\"{} ID=\"{}\"{} IssueInstant=\"{}\" Version=\"2.0\">\
             <saml:Issuer xmlns:saml=\"{SAML}\">{}</saml:Issuer><samlp:Status><samlp:StatusCode Value=\"{}\"></samlp:StatusCode>\
             </samlp:Status>{content}</samlp:Response>",
            self.destination,
            self.response_id,
            self.in_response_to,
            self.issued,
            self.response_issuer,
            self.status,
        )
    }

    /// A response whose assertion is signed.
    pub(super) fn signed_inside(&self) -> String {
        self.response(&Signer::default().sign(&self.assertion(), &self.id))
    }

    /// A response that is signed as a whole.
    pub(super) fn signed_outside(&self) -> String {
        Signer::default().sign(&self.response(&self.assertion()), &self.response_id)
    }

    /// Both.
    pub(super) fn signed_twice(&self) -> String {
        Signer::default().sign(&self.signed_inside(), &self.response_id)
    }
}

/// What is made of bytes.
type Function = fn(&[u8]) -> Vec<u8>;

/// How something is signed. The default is as it should be.
pub(super) struct Signer<'a> {
    pub(super) key: &'a Key,
    pub(super) canonicalization: &'a str,
    pub(super) method: &'a str,
    pub(super) digest_method: &'a str,
    pub(super) digest: Function,
    pub(super) value: Option<Function>,
    pub(super) uri: Option<&'a str>,
    pub(super) transforms: String,
    pub(super) key_info: String,
}

impl Default for Signer<'_> {
    fn default() -> Self {
        Self {
            key: &KEY,
            canonicalization: EXCLUSIVE,
            method: RSA_SHA256,
            digest_method: SHA256,
            digest: |bytes| digest::digest(&digest::SHA256, bytes).as_ref().to_vec(),
            value: None,
            uri: None,
            transforms: transform(ENVELOPED) + &transform(EXCLUSIVE),
            key_info: String::new(),
        }
    }
}

pub(super) fn transform(algorithm: &str) -> String {
    format!("<ds:Transform Algorithm=\"{algorithm}\"></ds:Transform>")
}

impl Signer<'_> {
    /// The signature over `xml`, which has to be in canonical form.
    pub(super) fn signature(&self, xml: &str, id: &str) -> String {
        let uri = self.uri.map_or_else(|| format!("#{id}"), str::to_owned);
        let info = format!(
            "<ds:SignedInfo xmlns:ds=\"{DSIG}\"><ds:CanonicalizationMethod Algorithm=\"{}\"></ds:CanonicalizationMethod>\
             <ds:SignatureMethod Algorithm=\"{}\"></ds:SignatureMethod><ds:Reference URI=\"{uri}\"><ds:Transforms>{}</ds:Transforms>\
             <ds:DigestMethod Algorithm=\"{}\"></ds:DigestMethod><ds:DigestValue>{}</ds:DigestValue></ds:Reference></ds:SignedInfo>",
            self.canonicalization,
            self.method,
            self.transforms,
            self.digest_method,
            BASE64.encode(&(self.digest)(xml.as_bytes())),
        );
        let value = match self.value {
            Some(value) => value(info.as_bytes()),
            None => self.key.signing.sign(info.as_bytes()).unwrap(),
        };
        // Signed on its own, it declares its prefix; where it stands, the signature does.
        let info = info.replacen(&format!(" xmlns:ds=\"{DSIG}\""), "", 1);
        format!(
            "<ds:Signature xmlns:ds=\"{DSIG}\">{info}<ds:SignatureValue>{}</ds:SignatureValue>{}</ds:Signature>",
            BASE64.encode(&value),
            self.key_info,
        )
    }

    /// `xml` with its signature, where SAML wants it: behind the issuer.
    pub(super) fn sign(&self, xml: &str, id: &str) -> String {
        with_signature(xml, &self.signature(xml, id))
    }
}

/// Puts a signature behind the first issuer.
pub(super) fn with_signature(xml: &str, signature: &str) -> String {
    xml.replacen("</saml:Issuer>", &format!("</saml:Issuer>{signature}"), 1)
}
