//! A request on its way to its operation.

use axum::body::Body;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::caller::Caller;
use crate::error::{Result, StorageError};
use crate::fields::Fields;
use crate::model::names;
use crate::scope::Scope;
use crate::state::State;

/// A request, its body not read yet.
pub struct Ask {
    /// What every operation has at hand.
    pub state: State,
    /// Method, path, headers.
    pub parts: Parts,
    /// Its body.
    pub body: Body,
}

/// An object that a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The bucket, decoded.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
}

impl Ask {
    /// The caller's scope; a token is needed.
    pub fn scope(&self, operation: &'static str) -> Result<Scope> {
        let caller = Caller::required(&self.parts, &self.state)?;
        Ok(Scope::new(caller, &self.parts, operation))
    }

    /// A header that is a text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// What there is already is to be replaced.
    pub fn is_upsert(&self) -> bool {
        self.header("x-upsert") == Some("true")
    }

    /// The body's fields.
    pub async fn fields(self) -> Result<Fields> {
        Fields::of_body(&self.parts.headers, self.body).await
    }

    /// The error of a path that nothing answers.
    pub fn no_route(&self) -> StorageError {
        let path = self
            .parts
            .uri
            .path_and_query()
            .map_or("/", |whole| whole.as_str());
        StorageError::Route(format!("{}:{path}", self.parts.method))
    }
}

impl Target {
    /// From `bucket/key` as a path has it; `None` for a bucket alone.
    pub fn of(path: &str) -> Option<Result<Self>> {
        let (bucket, key) = path.split_once('/')?;
        Some(bucket_of(bucket).and_then(|bucket| {
            Ok(Self {
                bucket,
                key: decoded(key)?,
            })
        }))
    }

    /// Refuses names that objects and buckets cannot have.
    pub fn check(&self) -> Result<()> {
        names::check_bucket(&self.bucket)?;
        names::check_key(&self.key)
    }
}

/// A bucket's id as a path has it.
pub fn bucket_of(segment: &str) -> Result<String> {
    decoded(segment)
}

fn decoded(text: &str) -> Result<String> {
    match percent_decode_str(text).decode_utf8() {
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(_) => Err(StorageError::InvalidKey(text.to_owned())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_decoded_once() {
        let target = |path| Target::of(path).map(|target| target.unwrap());
        let of = |bucket: &str, key: &str| {
            Some(Target {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
            })
        };
        assert_eq!(target("b/a/c.txt"), of("b", "a/c.txt"));
        assert_eq!(target("b%20c/a%2Fb%2520"), of("b c", "a/b%20"));
        assert_eq!(target("b/"), of("b", ""));
        assert_eq!(target("b"), None);
        assert!(matches!(
            Target::of("b/%ff"),
            Some(Err(StorageError::InvalidKey(_)))
        ));
        assert!(target("b/..%2f..%2fetc").unwrap().check().is_err());
    }
}
