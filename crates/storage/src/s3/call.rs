//! A request whose signature is right, on its way to its operation.

use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::ask::{Ask, Target};
use crate::error::{Result, StorageError};
use crate::model::names;
use crate::s3::fault::Fault;
use crate::s3::identity::{Signed, verify};
use crate::s3::payload::Payload;
use crate::s3::query::Query;
use crate::scope::Scope;
use crate::state::State;

/// A request, its body not read yet.
#[derive(Debug)]
pub struct Call {
    /// What every operation has at hand.
    pub state: State,
    /// Method, path, headers.
    pub parts: Parts,
    /// Its parameters.
    pub query: Query,
    signed: Signed,
    /// Never locked: it makes a body that one thread at a time may have one that several may look at.
    body: Mutex<Body>,
}

impl Call {
    /// Checks who asks.
    pub fn of(ask: Ask) -> Result<Self> {
        let Ask { state, parts, body } = ask;
        let query = Query::parse(parts.uri.query());
        let signed = verify(&state, &parts, &query)?;
        Ok(Self {
            state,
            parts,
            query,
            signed,
            body: Mutex::new(body),
        })
    }

    /// The caller's scope; policies see `operation`.
    pub fn scope(&self, operation: &'static str) -> Scope {
        Scope::new(self.signed.caller.clone(), &self.parts, operation)
    }

    /// A header that is a text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// Its body, which nobody has read yet.
    pub fn take_payload(&mut self) -> Result<Payload> {
        let body = self.body.get_mut().unwrap_or_else(PoisonError::into_inner);
        let body = std::mem::take(body);
        Payload::of(&self.signed, &self.parts.headers, body)
    }

    /// All of a document in its body.
    pub async fn document(&mut self) -> Result<String> {
        self.take_payload()?.document().await
    }

    /// The object that `x-amz-copy-source` names.
    pub fn source(&self) -> Result<Option<Target>> {
        let Some(source) = self.header("x-amz-copy-source") else {
            return Ok(None);
        };
        let (path, query) = source.split_once('?').unwrap_or((source, ""));
        if query.starts_with("versionId=") && query != "versionId=null" {
            return Err(Fault::NotImplemented("versionId".to_owned()).into());
        }
        let path = percent_decode_str(path)
            .decode_utf8()
            .map_err(|_| Fault::InvalidArgument("x-amz-copy-source"))?;
        let (bucket, key) = path
            .trim_start_matches('/')
            .split_once('/')
            .ok_or(Fault::InvalidArgument("x-amz-copy-source"))?;
        Ok(Some(Target {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        }))
    }
}

/// What a path names: nothing, a bucket, or an object.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    /// All buckets.
    Root,
    /// A bucket.
    Bucket(String),
    /// An object.
    Object(Target),
}

impl Place {
    /// Of the path behind `/s3`.
    pub fn of(path: &str) -> Result<Self> {
        let path = percent_decode_str(path.trim_start_matches('/'))
            .decode_utf8()
            .map_err(|_| StorageError::InvalidKey(path.to_owned()))?;
        let place = match path.split_once('/') {
            None if path.is_empty() => return Ok(Self::Root),
            None => Self::Bucket(path.into_owned()),
            Some((bucket, "")) => Self::Bucket(bucket.to_owned()),
            Some((bucket, key)) => Self::Object(Target {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
            }),
        };
        match &place {
            Self::Bucket(bucket) => names::check_bucket(bucket)?,
            Self::Object(target) => target.check()?,
            Self::Root => {}
        }
        Ok(place)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        assert_eq!(Place::of("").unwrap(), Place::Root);
        assert_eq!(Place::of("/").unwrap(), Place::Root);
        assert_eq!(Place::of("/b/").unwrap(), Place::Bucket("b".to_owned()));
        let object = Place::Object(Target {
            bucket: "b".to_owned(),
            key: "a b/c/".to_owned(),
        });
        assert_eq!(Place::of("/b/a%20b/c/").unwrap(), object);
        assert!(Place::of("/b/%ff").is_err() && Place::of("/b/../c").is_err());
    }
}
