//! XML signatures as SAML profiles them (SAML core 5.4): enveloped, over the element that holds them, one reference by the
//! element's own ID, exclusive canonicalisation. Anything else is refused, not interpreted.

use aws_lc_rs::digest;
use data_encoding::BASE64;
use ferrobase_jwt::constant_time_eq;
use roxmltree::Node;

use super::certificate::VerifyingKey;
use super::xml::{at_most_one, attribute, children, one, parse, text};
use super::{Result, SamlError, c14n, ns};

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// Longest `SignedInfo` in canonical form: one reference and a few names of algorithms.
const LONGEST_INFO: usize = 16 * 1024;
/// Longest element in canonical form; as long as a response may be that holds it.
const LONGEST_ELEMENT: usize = super::response::LONGEST;
/// Most prefixes whose declarations a signer wants to be kept.
const MOST_PREFIXES: usize = 16;

/// The signature of an element: a child of it, never one from elsewhere in the document.
pub(super) fn of<'a, 'i: 'a>(element: Node<'a, 'i>) -> Result<Option<Node<'a, 'i>>> {
    at_most_one(element, ns::SIGNATURE, "Signature")
}

/// Checks `signature`, which is a child of `element`, with the keys of the provider that is believed to have made it. Returns
/// the bytes that were signed: the one thing that may be read afterwards. The `KeyInfo` of the message is not looked at.
pub(super) fn verify(
    element: Node<'_, '_>,
    signature: Node<'_, '_>,
    keys: &[VerifyingKey],
) -> Result<String> {
    let info = one(signature, ns::SIGNATURE, "SignedInfo")?;
    let method = one(info, ns::SIGNATURE, "CanonicalizationMethod")?;
    if attribute(method, "Algorithm")? != EXCLUSIVE {
        return Err(SamlError::Signature("canonicalisation that is not exclusive"));
    }
    let info = c14n::canonical(info, None, &inclusive_prefixes(method)?, LONGEST_INFO)?;
    // What the signature is over is what is read: also of its own description.
    let document = parse(&info, LONGEST_INFO)?;
    let reference = Reference::read(document.root_element(), attribute(element, "ID")?)?;
    let value = base64(text(one(signature, ns::SIGNATURE, "SignatureValue")?)?)?;
    if !keys
        .iter()
        .any(|key| key.verifies(reference.algorithm, info.as_bytes(), &value))
    {
        return Err(SamlError::Signature("by none of the provider's keys"));
    }
    let signed = c14n::canonical(element, Some(signature), &reference.prefixes, LONGEST_ELEMENT)?;
    let digest = digest::digest(reference.digest, signed.as_bytes());
    if !constant_time_eq(digest.as_ref(), &reference.value) {
        return Err(SamlError::Signature("over something else"));
    }
    Ok(signed)
}

/// What a `SignedInfo` says.
struct Reference<'d> {
    algorithm: &'d str,
    digest: &'static digest::Algorithm,
    value: Vec<u8>,
    prefixes: Vec<&'d str>,
}

impl<'d> Reference<'d> {
    fn read<'i: 'd>(info: Node<'d, 'i>, id: &str) -> Result<Self> {
        let algorithm = attribute(one(info, ns::SIGNATURE, "SignatureMethod")?, "Algorithm")?;
        let reference = one(info, ns::SIGNATURE, "Reference")?;
        if reference.attribute("URI").and_then(|uri| uri.strip_prefix('#')) != Some(id) {
            return Err(SamlError::Signature("refers to another element"));
        }
        let transforms = one(reference, ns::SIGNATURE, "Transforms")?;
        let mut prefixes = Vec::new();
        let (mut is_enveloped, mut is_canonical) = (false, false);
        for transform in children(transforms, ns::SIGNATURE, "Transform") {
            match attribute(transform, "Algorithm")? {
                ENVELOPED if !is_enveloped && !is_canonical => is_enveloped = true,
                EXCLUSIVE if !is_canonical => {
                    is_canonical = true;
                    prefixes = inclusive_prefixes(transform)?;
                }
                _ => return Err(SamlError::Signature("a transform that SAML does not have")),
            }
        }
        if !is_enveloped || !is_canonical {
            return Err(SamlError::Signature("a transform is missing"));
        }
        let method = one(reference, ns::SIGNATURE, "DigestMethod")?;
        Ok(Self {
            algorithm,
            digest: digest_of(attribute(method, "Algorithm")?)?,
            value: base64(text(one(reference, ns::SIGNATURE, "DigestValue")?)?)?,
            prefixes,
        })
    }
}

fn digest_of(algorithm: &str) -> Result<&'static digest::Algorithm> {
    match algorithm {
        "http://www.w3.org/2001/04/xmlenc#sha256" => Ok(&digest::SHA256),
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => Ok(&digest::SHA384),
        "http://www.w3.org/2001/04/xmlenc#sha512" => Ok(&digest::SHA512),
        _ => Err(SamlError::Signature("a digest that is not SHA-2")),
    }
}

fn inclusive_prefixes<'d, 'i: 'd>(method: Node<'d, 'i>) -> Result<Vec<&'d str>> {
    let mut elements = method.children().filter(Node::is_element);
    let Some(first) = elements.next() else {
        return Ok(Vec::new());
    };
    if elements.next().is_some() || !super::xml::is(first, EXCLUSIVE, "InclusiveNamespaces") {
        return Err(SamlError::Signature("parameters that SAML does not have"));
    }
    let list = first.attribute("PrefixList").unwrap_or_default();
    let prefixes: Vec<&str> = list.split_ascii_whitespace().take(MOST_PREFIXES + 1).collect();
    if prefixes.len() > MOST_PREFIXES {
        return Err(SamlError::TooLarge("prefixes"));
    }
    Ok(prefixes)
}

/// Base64 as XML carries it, broken into lines.
pub(super) fn base64(text: &str) -> Result<Vec<u8>> {
    let packed: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64
        .decode(&packed)
        .map_err(|_| SamlError::Malformed("not base64"))
}
