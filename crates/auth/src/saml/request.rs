//! Authentication requests by the HTTP-Redirect binding (SAML bindings 3.4), signed.

use std::io::Write;

use data_encoding::BASE64;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use url::Url;

use super::provider::ServiceProvider;
use super::xml::escape;
use super::{Result, SamlError, dates, name_id, ns};
use crate::model::user::Time;
use crate::redirects::form;

const SIGNATURE_ALGORITHM: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

/// A request for a sign-in.
pub struct AuthnRequest<'a> {
    /// Its id, which the response has to name.
    pub id: &'a str,
    /// Where the browser takes it.
    pub destination: &'a Url,
    /// The format of the name that we would like; persistent when not given.
    pub name_id_format: Option<&'a str>,
    /// What comes back with the response.
    pub relay_state: &'a str,
    /// Now.
    pub issued_at: Time,
}

impl AuthnRequest<'_> {
    fn xml(&self, provider: &ServiceProvider) -> String {
        format!(
            "<samlp:AuthnRequest xmlns:samlp=\"{}\" xmlns:saml=\"{}\" ID=\"{}\" Version=\"2.0\" IssueInstant=\"{}\" \
             Destination=\"{}\" AssertionConsumerServiceURL=\"{}\" ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\">\
             <saml:Issuer Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\">{}</saml:Issuer>\
             <samlp:NameIDPolicy Format=\"{}\" AllowCreate=\"true\"/></samlp:AuthnRequest>",
            ns::PROTOCOL,
            ns::ASSERTION,
            escape(self.id),
            dates::format(self.issued_at),
            escape(self.destination.as_str()),
            escape(provider.acs_url()),
            escape(provider.entity_id()),
            escape(self.name_id_format.unwrap_or(name_id::PERSISTENT)),
        )
    }

    /// Where the browser goes. The signature is over the query as it is written here.
    pub fn url(&self, provider: &ServiceProvider) -> Result<String> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        let broken = |_| SamlError::Malformed("the request cannot be compressed");
        encoder.write_all(self.xml(provider).as_bytes()).map_err(broken)?;
        let request = BASE64.encode(&encoder.finish().map_err(broken)?);
        let query = form(&[
            ("SAMLRequest", &request),
            ("RelayState", self.relay_state),
            ("SigAlg", SIGNATURE_ALGORITHM),
        ]);
        let signature = BASE64.encode(&provider.key().sign(query.as_bytes())?);
        let query = format!("{query}&{}", form(&[("Signature", &signature)]));
        Ok(crate::redirects::with_query(self.destination.as_str(), &query))
    }
}
