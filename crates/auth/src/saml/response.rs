//! Responses by the HTTP-POST binding: whether one is to be believed, and what it then says (SAML profiles 4.1.4).

use chrono::TimeDelta;
use roxmltree::{Document, Node};

use super::assertion::{Assertion, Attribute, NameId};
use super::certificate::VerifyingKey;
use super::metadata::IdentityProvider;
use super::provider::ServiceProvider;
use super::xml::{at_most_one, attribute, children, is, one, parse, text};
use super::{Result, SamlError, dates, encryption, is_early, is_over, name_id, ns, signature};
use crate::model::user::Time;

/// Longest response, decoded, in bytes.
pub(super) const LONGEST: usize = 512 * 1024;
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";

/// Oldest assertion, from its issue to its arrival: the browser carries it over at once.
fn oldest() -> TimeDelta {
    TimeDelta::minutes(5)
}

/// Whose response we wait for.
pub struct Expected<'a> {
    /// We.
    pub us: &'a ServiceProvider,
    /// The identity provider that we asked, or that the response claims to be from.
    pub provider: &'a IdentityProvider,
    /// The request; `None` when the provider began by itself, in which case it must not claim to answer one.
    pub request_id: Option<&'a str>,
    /// Now.
    pub now: Time,
}

/// The XML of a form's `SAMLResponse`. By this binding it is not compressed, and nothing is inflated here.
pub fn decode(value: &str) -> Result<String> {
    if value.len() > LONGEST / 3 * 4 + LONGEST / 16 {
        return Err(SamlError::TooLarge("bytes"));
    }
    String::from_utf8(signature::base64(value)?).map_err(|_| SamlError::Malformed("not UTF-8"))
}

/// Who a response says it is from. Nothing is verified: it tells with whose keys to do that.
pub fn claimed_issuer(xml: &str) -> Result<String> {
    let document = parse(xml, LONGEST)?;
    let response = root(&document)?;
    let issuer = match at_most_one(response, ns::ASSERTION, "Issuer")? {
        Some(issuer) => issuer,
        // Optional there when an assertion has one; which a signed one always has.
        None => one(
            one(response, ns::ASSERTION, "Assertion")?,
            ns::ASSERTION,
            "Issuer",
        )?,
    };
    Ok(text(issuer)?.to_owned())
}

impl Expected<'_> {
    /// Reads a response, if it is one that we have to believe.
    pub fn read(&self, xml: &str) -> Result<Assertion> {
        let document = parse(xml, LONGEST)?;
        let response = root(&document)?;
        let keys: Vec<VerifyingKey> = self
            .provider
            .keys
            .iter()
            .filter(|key| key.is_current(self.now))
            .cloned()
            .collect();
        let Some(signature) = signature::of(response)? else {
            // Not signed as a whole: what it says beside the assertion is checked, but only to refuse.
            self.check_response(response, false)?;
            let assertion = single_assertion(response)?;
            if is(assertion, ns::ASSERTION, "EncryptedAssertion") {
                let decrypted = encryption::decrypt(assertion, self.us.decryption_keys(), false)?;
                let document = parse(&decrypted, LONGEST)?;
                return self.read_signed(document.root_element(), &keys);
            }
            return self.read_signed(assertion, &keys);
        };
        let signed = signature::verify(response, signature, &keys)?;
        let document = parse(&signed, LONGEST)?;
        let signed_response = root(&document)?;
        self.check_response(signed_response, true)?;
        // The assertion's own signature, if it has one, was made before the response's, where its namespaces still were.
        let original = single_assertion(response)?;
        if is(original, ns::ASSERTION, "Assertion") && signature::of(original)?.is_some() {
            return self.read_signed(original, &keys);
        }
        let assertion = single_assertion(signed_response)?;
        if is(assertion, ns::ASSERTION, "EncryptedAssertion") {
            let decrypted = encryption::decrypt(assertion, self.us.decryption_keys(), true)?;
            let document = parse(&decrypted, LONGEST)?;
            let assertion = document.root_element();
            if signature::of(assertion)?.is_some() {
                return self.read_signed(assertion, &keys);
            }
            return self.read_assertion(assertion);
        }
        self.read_assertion(assertion)
    }

    /// An assertion that has to be signed itself.
    fn read_signed(&self, assertion: Node<'_, '_>, keys: &[VerifyingKey]) -> Result<Assertion> {
        let signature = signature::of(assertion)?.ok_or(SamlError::Unsigned)?;
        let signed = signature::verify(assertion, signature, keys)?;
        let document = parse(&signed, LONGEST)?;
        self.read_assertion(document.root_element())
    }

    fn check_response(&self, response: Node<'_, '_>, is_signed: bool) -> Result<()> {
        if attribute(response, "Version")? != "2.0" {
            return Err(SamlError::Unsupported("another version of SAML"));
        }
        if let Some(issuer) = at_most_one(response, ns::ASSERTION, "Issuer")? {
            self.check_issuer(issuer)?;
        }
        match response.attribute("Destination").filter(|url| !url.is_empty()) {
            Some(url) if url != self.us.acs_url() => return Err(SamlError::Addressee("Destination")),
            // SAML bindings 3.5.5.2.
            None if is_signed => return Err(SamlError::Addressee("signed, but without Destination")),
            _ => {}
        }
        if response.attribute("InResponseTo") != self.request_id
            && (is_signed || response.attribute("InResponseTo").is_some())
        {
            return Err(SamlError::Addressee("InResponseTo of the response"));
        }
        let status = one(response, ns::PROTOCOL, "Status")?;
        let code = attribute(one(status, ns::PROTOCOL, "StatusCode")?, "Value")?;
        if code != SUCCESS {
            return Err(SamlError::Status(code.chars().take(200).collect()));
        }
        Ok(())
    }

    fn check_issuer(&self, issuer: Node<'_, '_>) -> Result<()> {
        let name = text(issuer)?;
        let is_entity = issuer.attribute("Format").is_none_or(|format| format == ENTITY);
        if !is_entity || name != self.provider.entity_id {
            return Err(SamlError::Issuer(name.chars().take(200).collect()));
        }
        Ok(())
    }

    /// Only for what a good signature is over.
    fn read_assertion(&self, assertion: Node<'_, '_>) -> Result<Assertion> {
        if !is(assertion, ns::ASSERTION, "Assertion") {
            return Err(SamlError::Malformed("not an assertion"));
        }
        if attribute(assertion, "Version")? != "2.0" {
            return Err(SamlError::Unsupported("another version of SAML"));
        }
        self.check_issuer(one(assertion, ns::ASSERTION, "Issuer")?)?;
        let issued = dates::time(attribute(assertion, "IssueInstant")?)?;
        if is_early(issued, self.now) {
            return Err(SamlError::Time("issued in the future"));
        }
        if is_over(issued + oldest(), self.now) {
            return Err(SamlError::Time("issued long ago"));
        }
        self.check_conditions(one(assertion, ns::ASSERTION, "Conditions")?)?;
        let subject = one(assertion, ns::ASSERTION, "Subject")?;
        self.check_confirmations(subject)?;
        Ok(Assertion {
            id: attribute(assertion, "ID")?.to_owned(),
            usable_until: issued + oldest() + super::skew(),
            name_id: at_most_one(subject, ns::ASSERTION, "NameID")?
                .map(name_of)
                .transpose()?,
            attributes: attributes(assertion)?,
            session_ends: self.session_end(assertion)?,
        })
    }

    /// The assertion must be for us, now, and must not want what we do not know.
    fn check_conditions(&self, conditions: Node<'_, '_>) -> Result<()> {
        if let Some(from) = conditions.attribute("NotBefore")
            && is_early(dates::time(from)?, self.now)
        {
            return Err(SamlError::Time("Conditions: NotBefore"));
        }
        if let Some(until) = conditions.attribute("NotOnOrAfter")
            && is_over(dates::time(until)?, self.now)
        {
            return Err(SamlError::Time("Conditions: NotOnOrAfter"));
        }
        let mut is_for_us = false;
        for condition in conditions.children().filter(Node::is_element) {
            if is(condition, ns::ASSERTION, "AudienceRestriction") {
                is_for_us = true;
                if !self.is_audience(condition)? {
                    return Err(SamlError::Addressee("Audience"));
                }
            } else if !is(condition, ns::ASSERTION, "OneTimeUse")
                && !is(condition, ns::ASSERTION, "ProxyRestriction")
            {
                // SAML core 2.5.1.1: a condition that is not understood makes the assertion worthless.
                return Err(SamlError::Unsupported("a condition"));
            }
        }
        if is_for_us {
            Ok(())
        } else {
            Err(SamlError::Addressee("without Audience"))
        }
    }

    fn is_audience(&self, restriction: Node<'_, '_>) -> Result<bool> {
        let mut found = false;
        for audience in children(restriction, ns::ASSERTION, "Audience") {
            found |= text(audience)? == self.us.entity_id();
        }
        Ok(found)
    }

    /// One confirmation by possession has to be good.
    fn check_confirmations(&self, subject: Node<'_, '_>) -> Result<()> {
        let mut worst = SamlError::Addressee("without confirmation by possession");
        for confirmation in children(subject, ns::ASSERTION, "SubjectConfirmation") {
            if confirmation.attribute("Method") != Some(BEARER) {
                continue;
            }
            match self.check_confirmation(confirmation) {
                Ok(()) => return Ok(()),
                Err(error) => worst = error,
            }
        }
        Err(worst)
    }

    fn check_confirmation(&self, confirmation: Node<'_, '_>) -> Result<()> {
        let data = one(confirmation, ns::ASSERTION, "SubjectConfirmationData")?;
        if attribute(data, "Recipient")? != self.us.acs_url() {
            return Err(SamlError::Addressee("Recipient"));
        }
        if is_over(dates::time(attribute(data, "NotOnOrAfter")?)?, self.now) {
            return Err(SamlError::Time("SubjectConfirmationData: NotOnOrAfter"));
        }
        if let Some(from) = data.attribute("NotBefore")
            && is_early(dates::time(from)?, self.now)
        {
            return Err(SamlError::Time("SubjectConfirmationData: NotBefore"));
        }
        if data.attribute("InResponseTo") != self.request_id {
            return Err(SamlError::Addressee("InResponseTo of the assertion"));
        }
        Ok(())
    }

    /// The earliest end that any of the statements about the sign-in gives.
    fn session_end(&self, assertion: Node<'_, '_>) -> Result<Option<Time>> {
        let mut statements = children(assertion, ns::ASSERTION, "AuthnStatement").peekable();
        if statements.peek().is_none() {
            return Err(SamlError::Malformed("AuthnStatement"));
        }
        let mut end: Option<Time> = None;
        for statement in statements {
            if let Some(text) = statement.attribute("SessionNotOnOrAfter") {
                let this = dates::time(text)?;
                end = Some(end.map_or(this, |end| end.min(this)));
            }
        }
        if end.is_some_and(|end| end <= self.now) {
            return Err(SamlError::Time("SessionNotOnOrAfter"));
        }
        Ok(end)
    }
}

fn root<'a, 'i>(document: &'a Document<'i>) -> Result<Node<'a, 'i>> {
    let root = document.root_element();
    if is(root, ns::PROTOCOL, "Response") {
        Ok(root)
    } else {
        Err(SamlError::Malformed("not a response"))
    }
}

/// The one assertion of a response, plain or encrypted. Responses may have several; which of them is meant nobody says, so
/// none is believed.
fn single_assertion<'a, 'i: 'a>(response: Node<'a, 'i>) -> Result<Node<'a, 'i>> {
    let mut all = response.children().filter(|child| {
        is(*child, ns::ASSERTION, "Assertion") || is(*child, ns::ASSERTION, "EncryptedAssertion")
    });
    match (all.next(), all.next()) {
        (Some(assertion), None) => Ok(assertion),
        (None, _) => Err(SamlError::Malformed("no assertion")),
        (Some(_), Some(_)) => Err(SamlError::Malformed("several assertions")),
    }
}

fn name_of(node: Node<'_, '_>) -> Result<NameId> {
    Ok(NameId {
        value: text(node)?.to_owned(),
        format: node
            .attribute("Format")
            .unwrap_or(name_id::UNSPECIFIED)
            .to_owned(),
    })
}

fn attributes(assertion: Node<'_, '_>) -> Result<Vec<Attribute>> {
    let mut all = Vec::new();
    for statement in children(assertion, ns::ASSERTION, "AttributeStatement") {
        for node in children(statement, ns::ASSERTION, "Attribute") {
            let mut values = Vec::new();
            for value in children(node, ns::ASSERTION, "AttributeValue") {
                // A value may be a structure (`eduPersonTargetedID` holds a name ID); nothing is mapped from those.
                if !value.children().any(|child| child.is_element()) {
                    values.push(text(value)?.to_owned());
                }
            }
            all.push(Attribute {
                name: attribute(node, "Name")?.to_owned(),
                friendly_name: node.attribute("FriendlyName").map(str::to_owned),
                values,
            });
        }
    }
    Ok(all)
}
