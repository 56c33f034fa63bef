//! Signed URLs: a token for one object, to read it or to upload it (§11).

use http::request::Parts;
use serde_json::{Value, json};

use crate::ask::Target;
use crate::caller;
use crate::error::{Result, StorageError};
use crate::fields::Fields;
use crate::images::Transform;
use crate::state::State;

/// From this second on no time can be written in milliseconds.
const END_OF_TIME: i64 = 9_007_199_254_740;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To read the object.
    Download,
    /// To make it.
    Upload,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Download => "download",
            Self::Upload => "upload",
        }
    }
}

/// What a token says.
#[derive(Debug)]
pub struct Signed {
    /// Until when it counts, in Unix seconds.
    pub expires: Option<i64>,
    /// Whose the upload will be.
    pub owner: Option<String>,
    /// What an image is made of the object, if it is to be one, and its format.
    pub transformations: Option<String>,
    /// See there.
    pub format: Option<String>,
    /// The upload replaces what there is.
    pub is_upsert: bool,
}

/// The parameter `token`, without which a signed URL is none.
pub fn token(parts: &Parts) -> Result<String> {
    Fields::of_query(parts).required_text("token")
}

/// Seconds that a URL may count for, as requests say them.
pub fn check_life(state: &State, seconds: i64) -> Result<()> {
    match state.clock.unix().checked_add(seconds) {
        Some(end) if end < END_OF_TIME => Ok(()),
        _ => Err(StorageError::InvalidParameter("expiresIn".to_owned())),
    }
}

/// A token to read an object.
pub fn download(state: &State, target: &Target, seconds: i64) -> Result<String> {
    sign(state, target, Purpose::Download, seconds, json!({}))
}

/// A token to read an image made of an object.
pub fn render(state: &State, target: &Target, seconds: i64, transform: &Transform) -> Result<String> {
    sign(state, target, Purpose::Download, seconds, transform.claims())
}

/// A token to upload an object.
pub fn upload(state: &State, target: &Target, owner: Option<&str>, is_upsert: bool) -> Result<String> {
    let seconds = i64::try_from(state.config.signed_upload_seconds).unwrap_or(END_OF_TIME);
    let claims = json!({ "owner": owner, "upsert": is_upsert });
    sign(state, target, Purpose::Upload, seconds, claims)
}

/// With the project's secret, so that URLs outlive a change of the keys for user tokens.
fn sign(state: &State, target: &Target, purpose: Purpose, seconds: i64, mut claims: Value) -> Result<String> {
    let now = state.clock.unix();
    if let Some(all) = claims.as_object_mut() {
        all.insert("url".to_owned(), url(target).into());
        all.insert("scope".to_owned(), purpose.name().into());
        all.insert("iat".to_owned(), now.into());
        all.insert("exp".to_owned(), now.saturating_add(seconds).into());
    }
    state
        .keys
        .sign_hs256(&claims)
        .map_err(|error| StorageError::Internal(error.to_string()))
}

/// Checks signature and time, then purpose, then the object. Tokens of an older original have no purpose: one that says
/// whether it replaces is for an upload.
pub fn check(state: &State, token: &str, target: &Target, purpose: Purpose) -> Result<Signed> {
    let claims = state
        .keys
        .verify(token)
        .map_err(|error| StorageError::InvalidJwt(caller::text(error).to_owned()))?;
    let scope = match claims.get("scope") {
        Some(scope) => scope.as_str().unwrap_or_default(),
        None if claims.get("upsert").is_some() => Purpose::Upload.name(),
        None => Purpose::Download.name(),
    };
    if scope != purpose.name() {
        return Err(StorageError::InvalidSignature(format!(
            "Token is not scoped for {}",
            purpose.name()
        )));
    }
    if claims.str("url") != Some(&url(target)) {
        return Err(StorageError::InvalidSignature("Invalid signature".to_owned()));
    }
    Ok(Signed {
        expires: claims.time("exp"),
        transformations: claims.str("transformations").map(str::to_owned),
        format: claims.str("format").map(str::to_owned),
        owner: claims.str("owner").map(str::to_owned),
        is_upsert: claims.get("upsert").and_then(Value::as_bool).unwrap_or_default(),
    })
}

fn url(target: &Target) -> String {
    format!("{}/{}", target.bucket, target.key)
}
