//! The S3 protocol (§14): path style, XML, real statuses. What is done depends on method, place and parameters.

use axum::response::Response;
use http::Method;

use crate::ask::{Ask, Target};
use crate::error::Result;
use crate::multipart::Order;
use crate::s3::call::{Call, Place};
use crate::s3::fault::{self, Fault};

mod abort_upload;
mod complete_upload;
mod copy_object;
mod create_bucket;
mod create_upload;
mod delete_bucket;
mod delete_object;
mod delete_objects;
mod describe_bucket;
mod get_object;
mod head_bucket;
mod list_buckets;
mod list_objects;
mod list_parts;
mod list_uploads;
mod post_object;
mod put_object;
mod tagging;
mod upload_part;

/// Parameters that ask for a part of a bucket or an object that we do not have. Nothing may be read or written instead.
const UNKNOWN: [&str; 23] = [
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "retention",
    "versions",
    "website",
];

pub(super) async fn dispatch(ask: Ask, path: &str) -> Response {
    let is_head = ask.parts.method == Method::HEAD;
    let has_body = matches!(ask.parts.method, Method::PUT | Method::POST);
    let resource = percent_encoding::percent_decode_str(path.trim_start_matches('/'))
        .decode_utf8_lossy()
        .into_owned();
    match run(ask, path).await {
        Ok(response) => response,
        Err(error) => fault::refusal(&error, &resource, is_head, has_body),
    }
}

async fn run(ask: Ask, path: &str) -> Result<Response> {
    if !ask.state.config.s3.enabled {
        return Err(Fault::NotImplemented("the S3 protocol is switched off".to_owned()).into());
    }
    if ask.parts.method == Method::POST
        && post_object::is_form(&ask.parts.headers)
        && let Place::Bucket(bucket) = Place::of(path)?
    {
        return Box::pin(post_object::answer(ask, bucket)).await;
    }
    let call = Call::of(ask)?;
    let place = Place::of(path)?;
    let unknown = call.query.first_of(&UNKNOWN);
    match place {
        Place::Root if call.parts.method == Method::GET => list_buckets::answer(call).await,
        Place::Root => Err(Fault::Method.into()),
        Place::Bucket(bucket) => Box::pin(on_bucket(call, &bucket, unknown)).await,
        Place::Object(target) => Box::pin(on_object(call, target, unknown)).await,
    }
}

async fn on_bucket(call: Call, bucket: &str, unknown: Option<&'static str>) -> Result<Response> {
    if let Some(unknown) = unknown.or_else(|| call.query.first_of(&["tagging"])) {
        return Err(Fault::NotImplemented(unknown.to_owned()).into());
    }
    match call.parts.method {
        Method::GET if call.query.has("location") => describe_bucket::location(call, bucket).await,
        Method::GET if call.query.has("versioning") => describe_bucket::versioning(call, bucket).await,
        Method::GET if call.query.has("uploads") => list_uploads::answer(call, bucket).await,
        Method::GET => list_objects::answer(call, bucket).await,
        Method::HEAD => head_bucket::answer(call, bucket).await,
        Method::PUT if call.query.has("versioning") => {
            Err(Fault::NotImplemented("versioning".to_owned()).into())
        }
        Method::PUT => create_bucket::answer(call, bucket).await,
        Method::DELETE => delete_bucket::answer(call, bucket).await,
        Method::POST if call.query.has("delete") => delete_objects::answer(call, bucket).await,
        _ => Err(Fault::Method.into()),
    }
}

async fn on_object(call: Call, target: Target, unknown: Option<&'static str>) -> Result<Response> {
    let unknown = unknown.or_else(|| {
        call.query
            .first_of(&["versionId"])
            .filter(|_| call.query.get("versionId") != Some("null"))
    });
    if let Some(unknown) = unknown {
        return Err(Fault::NotImplemented(unknown.to_owned()).into());
    }
    if call.query.has("tagging") {
        return match call.parts.method {
            Method::GET => tagging::get(call, &target).await,
            _ => Err(Fault::NotImplemented("tagging".to_owned()).into()),
        };
    }
    if call.query.has("uploadId") {
        return match call.parts.method {
            Method::GET => list_parts::answer(call, target).await,
            Method::PUT => upload_part::answer(call, target).await,
            Method::POST => complete_upload::answer(call, target).await,
            Method::DELETE => abort_upload::answer(call, target).await,
            _ => Err(Fault::Method.into()),
        };
    }
    if call.query.has("partNumber") {
        return Err(Fault::NotImplemented("partNumber".to_owned()).into());
    }
    match call.parts.method {
        Method::POST if call.query.has("uploads") => create_upload::answer(call, target).await,
        Method::GET | Method::HEAD => get_object::answer(call, target).await,
        Method::PUT => match call.source()? {
            Some(source) => copy_object::answer(call, source, target).await,
            None => put_object::answer(call, target).await,
        },
        Method::DELETE => delete_object::answer(call, target).await,
        _ => Err(Fault::Method.into()),
    }
}

/// The upload in parts that a request names.
fn upload_of(call: &Call, target: Target, operation: &'static str) -> Result<Order> {
    Ok(Order {
        scope: call.scope(operation),
        id: call.query.text("uploadId").ok_or(Fault::NoSuchUpload)?.to_owned(),
        target,
    })
}
