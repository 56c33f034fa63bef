//! SAML 2.0, the service provider's half of the Web Browser SSO Profile (auth.md section 14): metadata, authentication
//! requests, and the judgement of responses. No I/O; routes and store do that.
//!
//! The rule that everything here serves is *see what is signed*. A signature is checked over the canonical bytes of one
//! element, and what is believed afterwards is read from those very bytes, parsed anew ([`signature::verify`]). Where
//! that element stood, what else the message holds, which comments cut its texts in two: none of it reaches the reader,
//! so there is nothing for signature wrapping to work with. Keys come from the identity provider's metadata alone.

use crate::model::user::Time;

pub mod assertion;
mod c14n;
pub mod certificate;
pub mod dates;
mod der;
mod encryption;
pub mod metadata;
pub mod provider;
pub mod refresh;
pub mod request;
pub mod response;
mod signature;
mod xml;

#[cfg(test)]
mod tests;

/// Namespaces.
mod ns {
    pub(super) const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
    pub(super) const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
    pub(super) const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
    pub(super) const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
}

/// Name ID formats that an identity provider may be asked for (auth.md 14).
pub mod name_id {
    /// A name that stays, and means nothing elsewhere.
    pub const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    /// An e-mail address.
    pub const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    /// A name for one session.
    pub const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
    /// Whatever the identity provider likes.
    pub const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
    /// All of them, in the order in which a refusal names them.
    pub const ALL: [&str; 4] = [PERSISTENT, EMAIL, TRANSIENT, UNSPECIFIED];
}

/// Why a message, a document or a key is not acceptable. For the log: clients are told that it is not valid, no more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SamlError {
    /// Longer, deeper or more crowded than anything honest.
    #[error("too large: {0}")]
    TooLarge(&'static str),
    /// Not XML as we accept it; document types are not.
    #[error("not XML: {0}")]
    Xml(String),
    /// XML, but not SAML.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// Nobody vouches for the assertion.
    #[error("neither response nor assertion is signed")]
    Unsigned,
    /// A signature that is not a good one of this provider.
    #[error("signature: {0}")]
    Signature(&'static str),
    /// From somebody else.
    #[error("the issuer is another one: {0}")]
    Issuer(String),
    /// The provider says that nobody signed in.
    #[error("the identity provider's status: {0}")]
    Status(String),
    /// For somebody else, elsewhere or another request.
    #[error("not meant for us: {0}")]
    Addressee(&'static str),
    /// Not any more, or not yet.
    #[error("not valid at this time: {0}")]
    Time(&'static str),
    /// Asks for something that we do not do.
    #[error("not supported: {0}")]
    Unsupported(&'static str),
    /// A key or certificate that cannot be used.
    #[error("key: {0}")]
    Key(&'static str),
}

type Result<T, E = SamlError> = std::result::Result<T, E>;

/// How far the clocks of two machines may be apart, in seconds.
const CLOCK_SKEW: i64 = 180;

fn skew() -> chrono::TimeDelta {
    chrono::TimeDelta::seconds(CLOCK_SKEW)
}

/// Whether `until` is over, clocks being what they are.
fn is_over(until: Time, now: Time) -> bool {
    now >= until + skew()
}

/// Whether `from` is still to come.
fn is_early(from: Time, now: Time) -> bool {
    now < from - skew()
}
