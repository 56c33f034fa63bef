//! `GET /:bucket?location` and `?versioning`

use axum::response::Response;
use serde::Serialize;

use crate::error::Result;
use crate::s3::answer::{NAMESPACE, xml};
use crate::s3::call::Call;
use crate::store::buckets;

#[derive(Serialize)]
#[serde(rename = "LocationConstraint")]
struct Location<'a> {
    #[serde(rename = "@xmlns")]
    namespace: &'static str,
    #[serde(rename = "$text")]
    region: &'a str,
}

#[derive(Serialize)]
#[serde(rename = "VersioningConfiguration")]
struct Versioning {
    #[serde(rename = "@xmlns")]
    namespace: &'static str,
    #[serde(rename = "Status")]
    status: &'static str,
    #[serde(rename = "MfaDelete")]
    mfa_delete: &'static str,
}

pub(super) async fn location(call: Call, bucket: &str) -> Result<Response> {
    must_see(&call, bucket, "storage.s3.bucket.get_location").await?;
    xml(&Location {
        namespace: NAMESPACE,
        region: &call.state.config.s3.region,
    })
}

pub(super) async fn versioning(call: Call, bucket: &str) -> Result<Response> {
    must_see(&call, bucket, "storage.s3.bucket.get_versioning").await?;
    xml(&Versioning {
        namespace: NAMESPACE,
        status: "Suspended",
        mfa_delete: "Disabled",
    })
}

/// Refuses a bucket that the caller may not see.
pub(super) async fn must_see(call: &Call, bucket: &str, operation: &'static str) -> Result<()> {
    let scope = call.scope(operation);
    let mut connection = call.state.pool.get().await?;
    let tx = connection.begin().await?;
    let (entered, found) = futures_util::join!(scope.enter(&tx), buckets::show(&tx, bucket));
    entered?;
    found?;
    tx.rollback().await?;
    Ok(())
}
