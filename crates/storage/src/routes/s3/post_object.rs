//! `POST /:bucket` as a form, which a page may send that has a signed policy.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::response::Response;
use futures_util::{StreamExt, stream};
use http::StatusCode;
use http::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, LOCATION};
use multer::Multipart;
use serde::Serialize;

use super::put_object;
use crate::ask::{Ask, Target};
use crate::caller::Caller;
use crate::error::{Result, StorageError};
use crate::incoming::{self, Chunks, Incoming};
use crate::model::rules::is_media_type;
use crate::s3::answer::{self, empty, value};
use crate::s3::fault::Fault;
use crate::s3::identity;
use crate::s3::metadata;
use crate::s3::policy::Policy;
use crate::s3::sigv4::{ALGORITHM, Credential, encoded_key, is_same};
use crate::scope::Scope;
use crate::state::State;
use crate::uploading::Upload;

/// Most fields, and most bytes before the file.
const FIELDS: usize = 100;
const BEFORE_FILE: u64 = 256 * 1024;

#[derive(Serialize)]
#[serde(rename = "PostResponse")]
struct Answer {
    #[serde(rename = "Location")]
    location: String,
    #[serde(rename = "Bucket")]
    bucket: String,
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "ETag")]
    etag: String,
}

/// Whether it is such a form.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(incoming::is_form)
}

pub(super) async fn answer(ask: Ask, bucket: String) -> Result<Response> {
    let Ask { state, parts, body } = ask;
    let kind = parts
        .headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let boundary = multer::parse_boundary(kind.unwrap_or_default()).map_err(|_| StorageError::ContentType)?;
    let budget = Arc::new(AtomicU64::new(BEFORE_FILE));
    let form = Multipart::new(incoming::bounded(body, Arc::clone(&budget)), boundary);
    let mut form = Form::read(form, bucket).await?;
    budget.store(u64::MAX, Ordering::Relaxed);
    let (caller, policy) = form.signer(&state)?;
    policy.check(state.clock.now(), &form.fields)?;
    if form.field("success_action_redirect").is_some() {
        return Err(Fault::NotImplemented("success_action_redirect".to_owned()).into());
    }
    let target = form.target()?;
    let mut found = put_object::bucket(&state, &target.bucket).await?;
    let (least, most) = policy.lengths();
    let own = found.file_size_limit.and_then(|limit| u64::try_from(limit).ok());
    found.file_size_limit = i64::try_from(own.unwrap_or(u64::MAX).min(most)).ok();
    let incoming = form.incoming(least)?;
    let scope = Scope::new(caller, &parts, "storage.s3.upload");
    let upload = Upload {
        target: target.clone(),
        owner_id: scope.caller.sub.clone(),
        scope,
        is_upsert: true,
    };
    let saved = Box::pin(upload.save(&state, &found, incoming, None)).await?;
    done(&state, &form, target, format!("\"{}\"", saved.md5))
}

fn done(state: &State, form: &Form, target: Target, etag: String) -> Result<Response> {
    let path = encoded_key(&format!("{}/{}", target.bucket, target.key));
    let location = format!("{}/s3/{path}", state.config.s3.prefix);
    let headers = [(ETAG, value(&etag)), (LOCATION, value(&location))];
    let mut response = match form.field("success_action_status") {
        Some("200") => empty(StatusCode::OK),
        Some("201") => {
            let mut response = answer::xml(&Answer {
                location,
                bucket: target.bucket,
                key: target.key,
                etag,
            })?;
            *response.status_mut() = StatusCode::CREATED;
            response
        }
        _ => empty(StatusCode::NO_CONTENT),
    };
    for (name, value) in headers {
        if let Some(value) = value {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// A form up to its file.
struct Form {
    /// Names in lower case, with the bucket of the path.
    fields: Vec<(String, String)>,
    file_name: String,
    chunks: Chunks,
}

impl Form {
    async fn read(mut form: Multipart<'static>, bucket: String) -> Result<Self> {
        let mut fields = vec![("bucket".to_owned(), bucket)];
        while let Some(mut field) = form
            .next_field()
            .await
            .map_err(|error| incoming::broken(&error))?
        {
            let name = field.name().unwrap_or_default().to_ascii_lowercase();
            if name == "file" {
                return Ok(Self {
                    fields,
                    file_name: field.file_name().unwrap_or_default().to_owned(),
                    chunks: incoming::file(form, field).boxed(),
                });
            }
            let value = incoming::small(&mut field).await?.ok_or(StorageError::TooLarge)?;
            let is_known = fields.iter().any(|(known, _)| *known == name);
            if is_known && !(name == "bucket" && value == fields[0].1) || fields.len() == FIELDS {
                return Err(Fault::Policy(format!("field {name}")).into());
            }
            if !is_known {
                fields.push((name, value));
            }
        }
        Err(StorageError::InvalidRequest("No file provided".to_owned()))
    }

    fn field(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(known, _)| known == name);
        field.map(|(_, value)| value.as_str())
    }

    /// Who signed the policy, and what it says.
    fn signer(&self, state: &State) -> Result<(Caller, Policy)> {
        let field = |name: &str| self.field(name).ok_or(Fault::NotSigned);
        let (policy, signature) = (field("policy")?, field("x-amz-signature")?);
        if field("x-amz-algorithm")? != ALGORITHM {
            return Err(Fault::MalformedAuthorization.into());
        }
        let credential =
            Credential::parse(field("x-amz-credential")?).ok_or(Fault::MalformedAuthorization)?;
        let token = self.field("x-amz-security-token");
        let is_right = |signer: &crate::s3::sigv4::Signer| is_same(&signer.sign(policy), signature);
        identity::choose(
            state,
            &credential,
            field("x-amz-date")?,
            token.is_some(),
            is_right,
        )?;
        let caller = match token {
            Some(token) => Caller::of_token(state, token)?,
            None => Caller::service(),
        };
        Ok((caller, Policy::read(policy)?))
    }

    fn target(&self) -> Result<Target> {
        let key = self.field("key").filter(|key| !key.is_empty());
        let key = key.ok_or(Fault::InvalidArgument("key"))?;
        Ok(Target {
            bucket: self.fields[0].1.clone(),
            key: key.replace("${filename}", &self.file_name),
        })
    }

    /// The upload; `least` bytes have to come.
    fn incoming(&mut self, least: u64) -> Result<Incoming> {
        let mime = self.field("content-type").unwrap_or("application/octet-stream");
        if !is_media_type(mime) {
            return Err(StorageError::ContentType);
        }
        let headers: HeaderMap = self
            .fields
            .iter()
            .filter(|(name, _)| name.starts_with("x-amz-meta-"))
            .filter_map(|(name, value)| {
                Some((
                    HeaderName::try_from(name.as_str()).ok()?,
                    HeaderValue::from_str(value).ok()?,
                ))
            })
            .collect();
        Ok(Incoming {
            mime: mime.to_owned(),
            cache_control: self.field("cache-control").unwrap_or("no-cache").to_owned(),
            robots: None,
            user_metadata: Some(metadata::sent(&headers)?),
            is_form: true,
            chunks: at_least(
                std::mem::replace(&mut self.chunks, stream::empty().boxed()),
                least,
            ),
        })
    }
}

/// A body that ends with an error when it is too short.
fn at_least(chunks: Chunks, least: u64) -> Chunks {
    let state = (chunks, least);
    stream::try_unfold(state, |(mut chunks, left)| async move {
        match chunks.next().await.transpose()? {
            Some(chunk) => {
                let left = left.saturating_sub(chunk.len() as u64);
                Ok(Some((chunk, (chunks, left))))
            }
            None if left > 0 => Err(Fault::Policy("the file is too small".to_owned()).into()),
            None => Ok(None),
        }
    })
    .boxed()
}
