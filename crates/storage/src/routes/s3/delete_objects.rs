//! `POST /:bucket?delete`: many at once. The body counts whatever its type: boto3 sends none.

use std::collections::HashSet;

use axum::response::Response;
use serde::Serialize;

use crate::error::Result;
use crate::removing;
use crate::s3::answer::{NAMESPACE, xml};
use crate::s3::call::Call;
use crate::s3::fault::Fault;
use crate::store::{batches, buckets};

/// Most keys of a request.
const MOST: usize = 1000;

#[derive(Serialize)]
#[serde(rename = "DeleteResult")]
struct Answer {
    #[serde(rename = "@xmlns")]
    namespace: &'static str,
    #[serde(rename = "Deleted")]
    deleted: Vec<Deleted>,
    #[serde(rename = "Error")]
    errors: Vec<Failed>,
}

#[derive(Serialize)]
struct Deleted {
    #[serde(rename = "Key")]
    key: String,
}

#[derive(Serialize)]
struct Failed {
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "Code")]
    code: &'static str,
    #[serde(rename = "Message")]
    message: &'static str,
}

pub(super) async fn answer(mut call: Call, bucket: &str) -> Result<Response> {
    let scope = call.scope("storage.s3.object.delete_many");
    let (keys, is_quiet) = read(&call.document().await?)?;
    let reads = call.state.pool.reads();
    buckets::find(&reads, bucket).await?;
    let removed = removing::many(&call.state, &scope, bucket, &keys).await?;
    let removed: HashSet<String> = removed
        .iter()
        .filter_map(|row| row.shown.get("name")?.as_str().map(str::to_owned))
        .collect();
    let left: Vec<String> = keys
        .iter()
        .filter(|key| !removed.contains(*key))
        .cloned()
        .collect();
    let kept: HashSet<String> = if left.is_empty() {
        HashSet::new()
    } else {
        batches::visible(&call.state.pool, bucket, &left)
            .await?
            .into_iter()
            .collect()
    };
    let (kept, deleted): (Vec<String>, Vec<String>) = keys.into_iter().partition(|key| kept.contains(key));
    xml(&Answer {
        namespace: NAMESPACE,
        deleted: deleted
            .into_iter()
            .filter(|_| !is_quiet)
            .map(|key| Deleted { key })
            .collect(),
        errors: kept
            .into_iter()
            .map(|key| Failed {
                key,
                code: "AccessDenied",
                message: "Access denied",
            })
            .collect(),
    })
}

/// The keys, each once, and whether only failures are to be told.
fn read(text: &str) -> Result<(Vec<String>, bool)> {
    let document = roxmltree::Document::parse(text).map_err(|_| Fault::MalformedXml)?;
    let root = document.root_element();
    if root.tag_name().name() != "Delete" {
        return Err(Fault::MalformedXml.into());
    }
    let (mut keys, mut seen, mut is_quiet) = (Vec::new(), HashSet::new(), false);
    for node in root.children().filter(roxmltree::Node::is_element) {
        match node.tag_name().name() {
            "Quiet" => is_quiet = node.text().is_some_and(|text| text.trim() == "true"),
            "Object" => {
                let child = |name| node.children().find(|child| child.tag_name().name() == name);
                let key = child("Key")
                    .and_then(|key| key.text())
                    .ok_or(Fault::MalformedXml)?;
                if child("VersionId")
                    .and_then(|version| version.text())
                    .is_some_and(|version| version != "null")
                {
                    return Err(Fault::NotImplemented("VersionId".to_owned()).into());
                }
                if seen.insert(key.to_owned()) {
                    keys.push(key.to_owned());
                }
            }
            _ => return Err(Fault::MalformedXml.into()),
        }
    }
    if keys.is_empty() || keys.len() > MOST {
        return Err(Fault::MalformedXml.into());
    }
    Ok((keys, is_quiet))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn documents() {
        let (keys, is_quiet) = read(
            "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>a&amp;b</Key></Object>\
             <Object><Key>c</Key></Object><Object><Key>c</Key></Object><Quiet>true</Quiet></Delete>",
        )
        .unwrap();
        assert_eq!((keys, is_quiet), (vec!["a&b".to_owned(), "c".to_owned()], true));
        for bad in [
            "",
            "<Delete><Object>",
            "<Delete/>",
            "<Other><Object><Key>a</Key></Object></Other>",
            "<Delete><Object/></Delete>",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><Delete><Object><Key>&b;</Key></Object></Delete>",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
