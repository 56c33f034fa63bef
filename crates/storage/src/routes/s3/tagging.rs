//! `GET /:bucket/:key?tagging`: objects have no tags.

use axum::response::Response;
use serde::Serialize;

use crate::ask::Target;
use crate::error::Result;
use crate::reading::Reader;
use crate::s3::answer::{NAMESPACE, xml};
use crate::s3::call::Call;

#[derive(Serialize)]
#[serde(rename = "Tagging")]
struct Answer {
    #[serde(rename = "@xmlns")]
    namespace: &'static str,
    #[serde(rename = "TagSet")]
    tags: (),
}

pub(super) async fn get(call: Call, target: &Target) -> Result<Response> {
    let reader = Reader::S3(call.scope("storage.s3.object.get_tagging"));
    reader.find(&call.state, target).await?;
    xml(&Answer {
        namespace: NAMESPACE,
        tags: (),
    })
}
