//! Who signed a request: the project's key pair, which is `service_role`, or a user whose token came along (§14).

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use ferrobase_jwt::constant_time_eq;
use http::HeaderMap;
use http::header::{AUTHORIZATION, DATE, HOST};
use http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::caller::Caller;
use crate::error::Result;
use crate::s3::fault::Fault;
use crate::s3::payload::Mode;
use crate::s3::query::Query;
use crate::s3::sigv4::{ALGORITHM, Canonical, Credential, Signer, is_same};
use crate::state::State;

/// Longest life of a presigned URL in seconds: seven days.
const LONGEST: u32 = 604_800;

/// Regions that count as they are sent, beside the server's own.
const REGIONS: [&str; 3] = ["auto", "us-east-1", ""];

/// Headers that need not be signed although their names begin with `x-amz-`.
const FREE: [&str; 3] = ["x-amz-content-sha256", "x-amz-user-agent", "x-amz-date"];

/// Keys with which requests are signed.
#[derive(Clone, Default)]
pub struct S3Keys {
    /// The access key of the project.
    pub access_key_id: String,
    /// Its secret; with an empty one nobody gets in.
    pub secret_access_key: String,
    /// The secrets of who sends a user's token: the project's public keys.
    pub public_keys: Vec<String>,
}

impl std::fmt::Debug for S3Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Keys")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// A request whose signature is right.
#[derive(Debug)]
pub struct Signed {
    /// As whom it is done.
    pub caller: Caller,
    /// What its body is.
    pub mode: Mode,
    /// Signs what follows.
    pub signer: Signer,
    /// The signature that chunks follow.
    pub signature: String,
}

/// What a request says about its signature.
struct Claim {
    credential: Credential,
    /// `YYYYMMDDTHHMMSSZ`
    time: String,
    signed_headers: String,
    signature: String,
    payload: String,
    /// The token of a user.
    token: Option<String>,
}

/// Checks the signature of a request.
pub fn verify(state: &State, parts: &Parts, query: &Query) -> Result<Signed> {
    let header = text(&parts.headers, AUTHORIZATION.as_str());
    let claim = match header.and_then(|header| header.strip_prefix(ALGORITHM)) {
        Some(header) => {
            let claim = of_header(&parts.headers, header)?;
            let skew = state.clock.now() - time(&claim.time)?;
            if skew.abs() > TimeDelta::seconds(i64::from(state.config.s3.clock_skew_seconds)) {
                return Err(Fault::TimeTooSkewed.into());
            }
            claim
        }
        None if query.has("X-Amz-Signature") => {
            let claim = of_query(&parts.headers, query)?;
            check_life(state, &claim, query)?;
            claim
        }
        None => return Err(Fault::NotSigned.into()),
    };
    if claim.credential.date != claim.time.get(..8).unwrap_or_default() || claim.credential.service != "s3" {
        return Err(Fault::MalformedAuthorization.into());
    }
    let mode = Mode::parse(&claim.payload)?;
    let signer = signer(state, parts, query, &claim)?;
    let caller = match &claim.token {
        Some(token) => Caller::of_token(state, token)?,
        None => Caller::service(),
    };
    Ok(Signed {
        caller,
        mode,
        signer,
        signature: claim.signature,
    })
}

/// The secret of a credential, and what it signs with, once `is_right` says that it is this one.
pub fn choose(
    state: &State,
    credential: &Credential,
    time: &str,
    has_token: bool,
    is_right: impl Fn(&Signer) -> bool,
) -> Result<Signer> {
    let keys = &state.s3_keys;
    let own = [keys.secret_access_key.clone()];
    let secrets: &[String] = if has_token {
        &keys.public_keys
    } else if constant_time_eq(keys.access_key_id.as_bytes(), credential.access_key.as_bytes()) {
        &own
    } else {
        return Err(Fault::InvalidAccessKeyId.into());
    };
    let server = state.config.s3.region.as_str();
    let region = if REGIONS.contains(&credential.region.as_str()) {
        credential.region.as_str()
    } else {
        server
    };
    secrets
        .iter()
        .filter(|secret| !secret.is_empty())
        .map(|secret| Signer::new(secret, credential, region, time))
        .find(is_right)
        .ok_or_else(|| Fault::SignatureDoesNotMatch.into())
}

fn signer(state: &State, parts: &Parts, query: &Query, claim: &Claim) -> Result<Signer> {
    let path = format!("{}{}", state.config.s3.prefix, parts.uri.path());
    let path = percent_decode_str(&path).decode_utf8_lossy().into_owned();
    let query = query.without("X-Amz-Signature");
    let names: Vec<&str> = claim.signed_headers.split(';').collect();
    check_names(&parts.headers, &names)?;
    let canonical = |host: &str| {
        let headers: Vec<(String, String)> = names
            .iter()
            .map(|name| ((*name).to_owned(), signed_value(&parts.headers, name, host)))
            .collect();
        Canonical {
            method: parts.method.as_str(),
            path: &path,
            query: &query,
            headers: &headers,
            payload: &claim.payload,
        }
        .text()
    };
    let texts: Vec<String> = hosts(parts).iter().map(|host| canonical(host)).collect();
    choose(
        state,
        &claim.credential,
        &claim.time,
        claim.token.is_some(),
        |signer| {
            texts
                .iter()
                .any(|text| is_same(&signer.of_request(text), &claim.signature))
        },
    )
}

/// Who has a presigned URL may not add to it what changes its meaning.
fn check_names(headers: &HeaderMap, names: &[&str]) -> Result<()> {
    if !names.contains(&"host") {
        return Err(Fault::UnsignedHeader("host".to_owned()).into());
    }
    let unsigned = headers
        .keys()
        .map(http::HeaderName::as_str)
        .find(|name| name.starts_with("x-amz-") && !FREE.contains(name) && !names.contains(name));
    match unsigned {
        Some(name) => Err(Fault::UnsignedHeader(name.to_owned()).into()),
        None => Ok(()),
    }
}

fn signed_value(headers: &HeaderMap, name: &str, host: &str) -> String {
    if name == HOST.as_str() {
        return host.to_owned();
    }
    headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
        .collect::<Vec<_>>()
        .join(",")
}

/// Names under which the client may know us. A signature is right for one of them or for none, whoever names it.
fn hosts(parts: &Parts) -> Vec<String> {
    let of = |name: &str| text(&parts.headers, name).map(str::to_owned);
    let mut hosts = Vec::new();
    if let Some(forwarded) = of("x-forwarded-host") {
        if let Some(port) = of("x-forwarded-port") {
            hosts.push(format!("{forwarded}:{port}"));
        }
        hosts.push(forwarded);
    }
    hosts.extend(of(HOST.as_str()));
    hosts.extend(parts.uri.authority().map(ToString::to_string));
    hosts
}

fn of_header(headers: &HeaderMap, header: &str) -> Result<Claim> {
    let field = |name: &str| {
        header
            .split(',')
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
            .map(str::to_owned)
            .ok_or(Fault::MalformedAuthorization)
    };
    let time = match text(headers, "x-amz-date") {
        Some(time) => time.to_owned(),
        None => text(headers, DATE.as_str())
            .and_then(|date| DateTime::parse_from_rfc2822(date).ok())
            .map(|date| date.to_utc().format("%Y%m%dT%H%M%SZ").to_string())
            .ok_or(Fault::MalformedAuthorization)?,
    };
    Ok(Claim {
        credential: Credential::parse(&field("Credential")?).ok_or(Fault::MalformedAuthorization)?,
        time,
        signed_headers: field("SignedHeaders")?,
        signature: field("Signature")?,
        payload: text(headers, "x-amz-content-sha256")
            .map(str::to_owned)
            .ok_or(Fault::InvalidArgument("x-amz-content-sha256"))?,
        token: text(headers, "x-amz-security-token").map(str::to_owned),
    })
}

fn of_query(headers: &HeaderMap, query: &Query) -> Result<Claim> {
    let field = |name: &str| {
        query
            .text(name)
            .map(str::to_owned)
            .ok_or(Fault::MalformedAuthorization)
    };
    if field("X-Amz-Algorithm")? != ALGORITHM {
        return Err(Fault::MalformedAuthorization.into());
    }
    let signed_headers = field("X-Amz-SignedHeaders")?;
    let is_signed = signed_headers
        .split(';')
        .any(|name| name == "x-amz-content-sha256");
    let payload = query
        .text("X-Amz-Content-Sha256")
        .or_else(|| text(headers, "x-amz-content-sha256").filter(|_| is_signed));
    Ok(Claim {
        credential: Credential::parse(&field("X-Amz-Credential")?).ok_or(Fault::MalformedAuthorization)?,
        time: field("X-Amz-Date")?,
        signed_headers,
        signature: field("X-Amz-Signature")?,
        payload: payload.unwrap_or("UNSIGNED-PAYLOAD").to_owned(),
        token: query.text("X-Amz-Security-Token").map(str::to_owned),
    })
}

fn check_life(state: &State, claim: &Claim, query: &Query) -> Result<()> {
    let seconds = query
        .number("X-Amz-Expires", 1, u32::MAX)?
        .filter(|seconds| *seconds <= LONGEST)
        .ok_or(Fault::InvalidArgument("X-Amz-Expires"))?;
    let (now, begin) = (state.clock.now(), time(&claim.time)?);
    if begin - now > TimeDelta::seconds(i64::from(state.config.s3.clock_skew_seconds)) {
        return Err(Fault::TimeTooSkewed.into());
    }
    if begin + TimeDelta::seconds(i64::from(seconds)) < now {
        return Err(Fault::Expired.into());
    }
    Ok(())
}

fn time(text: &str) -> Result<DateTime<Utc>> {
    match NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ") {
        Ok(time) => Ok(time.and_utc()),
        Err(_) => Err(Fault::MalformedAuthorization.into()),
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}
