//! The grammar of sign-in messages: a header with the domain, the account, a statement, and `Key: value` lines.
//!
//! As tolerant as the original where wallets differ (order of lines, blanks, keys that nobody knows), and stricter where
//! two readers could see two messages: a key stands once, and there are no control characters.

use chrono::DateTime;
use url::{Host, Url};

use super::{Chain, siwe, siws};
use crate::model::user::Time;

/// A message that was read. What the signature says about it is another matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Whose grammar.
    pub chain: Chain,
    /// Who asked for the signature: host, and port if it has one.
    pub domain: String,
    /// The account in the one spelling that we keep.
    pub address: String,
    /// What the person was told.
    pub statement: Option<String>,
    /// What it is for, as it was written.
    pub uri: String,
    /// The network.
    pub network: Option<String>,
    /// When it was written.
    pub issued_at: Time,
    /// When it ends.
    pub expiration_time: Option<Time>,
    /// When it begins.
    pub not_before: Option<Time>,
}

/// What is wrong with a message, in the original's words. Shown to the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{prefix}: {what}")]
pub struct ParseError {
    prefix: &'static str,
    what: String,
}

/// The lines of `Key: value` as they are read.
#[derive(Default)]
struct Fields<'a> {
    uri: Option<&'a str>,
    version: Option<&'a str>,
    network: Option<&'a str>,
    nonce: Option<&'a str>,
    issued_at: Option<Time>,
    expiration_time: Option<Time>,
    not_before: Option<Time>,
    request_id: Option<&'a str>,
    resources: Option<usize>,
}

type Result<T> = std::result::Result<T, String>;

impl Message {
    /// Host and port of the URI, as they were written.
    pub fn uri_authority(&self) -> &str {
        let rest = self.uri.split_once("://").map_or("", |(_, rest)| rest);
        rest.split(['/', '?', '#']).next().unwrap_or_default()
    }

    /// The URI's host is the machine itself, by name.
    pub fn is_on_localhost(&self) -> bool {
        Url::parse(&self.uri).is_ok_and(|uri| uri.host() == Some(Host::Domain("localhost")))
    }

    /// The URI is encrypted on its way.
    pub fn is_https(&self) -> bool {
        Url::parse(&self.uri).is_ok_and(|uri| uri.scheme() == "https")
    }
}

/// Reads a message.
pub(super) fn parse(chain: Chain, raw: &str) -> std::result::Result<Message, ParseError> {
    read(chain, raw).map_err(|what| ParseError {
        prefix: match chain {
            Chain::Solana => "siws",
            Chain::Ethereum => "siwe",
        },
        what,
    })
}

fn read(chain: Chain, raw: &str) -> Result<Message> {
    let is_text = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    if !raw.chars().all(is_text) {
        return Err("message contains control characters".to_owned());
    }
    let lines: Vec<&str> = raw.split('\n').collect();
    let [header, account, third, fourth, fifth, _, ..] = *lines.as_slice() else {
        return Err("message needs at least 6 lines".to_owned());
    };
    let suffix = format!(" wants you to sign in with your {} account:", chain.name());
    let domain = header
        .strip_suffix(&suffix)
        .ok_or_else(|| format!("message first line does not end in \"{suffix}\""))?
        .trim();
    if !is_domain(domain) {
        return Err("domain in first line of message is not valid".to_owned());
    }
    let account = account.trim();
    let address = match chain {
        Chain::Solana => siws::address(account).ok_or("wallet address is not in base58 format"),
        Chain::Ethereum => siwe::address(account).ok_or("wallet address is not a valid Ethereum address"),
    }?;
    if !third.is_empty() {
        return Err("third line must be empty".to_owned());
    }
    let has_statement = !fourth.is_empty() && fifth.is_empty();
    let begin = if has_statement { 5 } else { 3 };
    let fields = Fields::read(chain, &lines, begin)?;
    fields.message(chain, domain, address, has_statement.then_some(fourth))
}

impl<'a> Fields<'a> {
    fn read(chain: Chain, lines: &[&'a str], begin: usize) -> Result<Self> {
        let mut fields = Self::default();
        let mut in_resources = false;
        for (index, line) in lines.iter().enumerate().skip(begin) {
            let line = line.trim();
            if in_resources && let Some(resource) = line.strip_prefix("- ") {
                fields.add_resource(resource.trim())?;
                continue;
            }
            // The official client leaves the colon out where it writes the message for a Solana wallet.
            in_resources = matches!(line, "Resources:" | "Resources");
            if in_resources {
                once("Resources", &mut fields.resources, 0)?;
            } else if !line.is_empty() {
                let (key, value) = line
                    .split_once(':')
                    .ok_or_else(|| format!("encountered unparsable line at index {index}"))?;
                fields.set(chain, key, value.trim())?;
            }
        }
        Ok(fields)
    }

    fn add_resource(&mut self, resource: &str) -> Result<()> {
        let position = self.resources.unwrap_or_default();
        if !is_uri(resource) {
            return Err(format!("Resource at position {position} has invalid URI"));
        }
        self.resources = Some(position + 1);
        Ok(())
    }

    fn set(&mut self, chain: Chain, key: &'a str, value: &'a str) -> Result<()> {
        match key {
            "URI" => {
                if !is_uri(value) {
                    return Err("URI is not valid".to_owned());
                }
                once(key, &mut self.uri, value)
            }
            "Version" => once(key, &mut self.version, value),
            "Chain ID" => {
                let is_network = match chain {
                    Chain::Solana => value.is_empty() || siws::is_network(value),
                    Chain::Ethereum => siwe::is_network(value),
                };
                if !is_network {
                    return Err("Chain ID is not valid".to_owned());
                }
                once(key, &mut self.network, value)
            }
            "Nonce" => once(key, &mut self.nonce, value),
            "Issued At" => once(key, &mut self.issued_at, time(key, value)?),
            "Expiration Time" => once(key, &mut self.expiration_time, time(key, value)?),
            "Not Before" => once(key, &mut self.not_before, time(key, value)?),
            "Request ID" => once(key, &mut self.request_id, value),
            _ => Ok(()),
        }
    }

    fn message(
        self,
        chain: Chain,
        domain: &str,
        address: String,
        statement: Option<&str>,
    ) -> Result<Message> {
        let version = self.version.unwrap_or_default();
        if version != "1" {
            return Err(format!(
                "Version value is not supported, expected 1 got {version:?}"
            ));
        }
        let issued_at = self.issued_at.ok_or("Issued At is not specified")?;
        let uri = self.uri.ok_or("URI is not specified")?;
        if let Some(end) = self.expiration_time {
            if issued_at > end {
                return Err("Issued At is after Expiration Time".to_owned());
            }
            if self.not_before.is_some_and(|begin| begin > end) {
                return Err("Not Before is after Expiration Time".to_owned());
            }
        }
        let network = self.network.filter(|network| !network.is_empty());
        Ok(Message {
            chain,
            domain: domain.to_owned(),
            address,
            statement: statement.map(str::to_owned),
            uri: uri.to_owned(),
            network: network.map(str::to_owned),
            issued_at,
            expiration_time: self.expiration_time,
            not_before: self.not_before,
        })
    }
}

/// Which of two values counts, readers disagree about.
fn once<T>(key: &str, place: &mut Option<T>, value: T) -> Result<()> {
    if place.is_some() {
        return Err(format!("{key} is specified more than once"));
    }
    *place = Some(value);
    Ok(())
}

fn time(key: &str, value: &str) -> Result<Time> {
    DateTime::parse_from_rfc3339(value)
        .map(|time| time.to_utc())
        .map_err(|_| format!("{key} is not a valid ISO8601 timestamp"))
}

fn is_uri(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| !c.is_whitespace()) && Url::parse(text).is_ok()
}

/// A host, and a port if it has one; nothing that a browser would read differently.
fn is_domain(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') && !text.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_port =
        port.is_none_or(|port| port.parse::<u16>().is_ok() && port.bytes().all(|b| b.is_ascii_digit()));
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'[' | b']' | b':');
    let is_plain = !host.is_empty() && host.len() <= 255 && host.bytes().all(plain);
    is_port && is_plain && Url::parse(&format!("https://{text}/")).is_ok_and(|url| url.path() == "/")
}
