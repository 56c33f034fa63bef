//! `POST /:bucket/:key?uploadId=…`: joins the parts.

use axum::response::Response;
use serde::Serialize;

use super::upload_of;
use crate::ask::Target;
use crate::error::Result;
use crate::multipart::MOST;
use crate::s3::answer::{NAMESPACE, xml};
use crate::s3::call::Call;
use crate::s3::fault::Fault;
use crate::s3::sigv4::encoded_key;

#[derive(Serialize)]
#[serde(rename = "CompleteMultipartUploadResult")]
struct Answer {
    #[serde(rename = "@xmlns")]
    namespace: &'static str,
    #[serde(rename = "Location")]
    location: String,
    #[serde(rename = "Bucket")]
    bucket: String,
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "ETag")]
    etag: String,
}

pub(super) async fn answer(mut call: Call, target: Target) -> Result<Response> {
    let order = upload_of(&call, target.clone(), "storage.s3.upload.complete_multipart")?;
    let parts = read(&call.document().await?)?;
    let etag = order.complete(&call.state, &parts).await?;
    let path = format!("{}/{}", target.bucket, target.key);
    xml(&Answer {
        namespace: NAMESPACE,
        location: format!("{}/s3/{}", call.state.config.s3.prefix, encoded_key(&path)),
        bucket: target.bucket,
        key: target.key,
        etag,
    })
}

/// Numbers and tags; none of an empty body, which asks for all parts.
fn read(text: &str) -> Result<Vec<(i32, String)>> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let document = roxmltree::Document::parse(text).map_err(|_| Fault::MalformedXml)?;
    let root = document.root_element();
    if root.tag_name().name() != "CompleteMultipartUpload" {
        return Err(Fault::MalformedXml.into());
    }
    let mut parts = Vec::new();
    for node in root.children().filter(roxmltree::Node::is_element) {
        let child = |name| {
            node.children()
                .find(|child| child.tag_name().name() == name)
                .and_then(|child| child.text())
                .map(str::trim)
        };
        let number = child("PartNumber").and_then(|number| number.parse().ok());
        match (node.tag_name().name(), number) {
            ("Part", Some(number)) if parts.len() < usize::try_from(MOST).unwrap_or(10_000) => {
                parts.push((number, child("ETag").unwrap_or_default().to_owned()));
            }
            _ => return Err(Fault::MalformedXml.into()),
        }
    }
    Ok(parts)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn documents() {
        let parts = read(
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><ETag>\"a\"</ETag>\
             <ChecksumCRC32>x</ChecksumCRC32><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>",
        );
        assert_eq!(parts.unwrap(), [(1, "\"a\"".to_owned())]);
        assert_eq!(read("").unwrap(), []);
        for bad in [
            "<CompleteMultipartUpload>",
            "<Other/>",
            "<CompleteMultipartUpload><Part/></CompleteMultipartUpload>",
            "<CompleteMultipartUpload><Part><PartNumber>x</PartNumber></Part></CompleteMultipartUpload>",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
