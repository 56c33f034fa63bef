//! Buckets of the configuration, and the files that are put into them, at the start of the service.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::BytesMut;
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt, stream};
use serde_json::json;
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio::task::spawn_blocking;

use crate::ask::Target;
use crate::config::BucketConfig;
use crate::error::{Result, StorageError};
use crate::model::{media, rules};
use crate::scope::Scope;
use crate::state::State;
use crate::store::objects::NewObject;
use crate::store::{buckets, objects};
use crate::uploading::{Facts, finish};

/// Bytes of one read.
const CHUNK: usize = 256 * 1024;

/// Most files of a folder.
const FILES: usize = 100_000;

/// Makes the configuration's buckets, or brings them to what it says, and uploads the files that are new or newer. What is
/// in a bucket beside them stays. A file that cannot be used is told in the log and passed over.
pub async fn seed(state: &State) -> Result<()> {
    for bucket in &state.config.buckets {
        buckets::define(&state.pool, bucket).await?;
        let Some(folder) = bucket.objects_path.clone() else {
            continue;
        };
        let shown = folder.display().to_string();
        let listed = spawn_blocking(move || files(&folder)).await;
        match listed.map_err(io::Error::other).and_then(|files| files) {
            Ok(files) => {
                for file in files {
                    if let Err(error) = upload(state, bucket, &file).await {
                        tracing::warn!(%error, file = %file.path.display(), bucket = %bucket.name, "not uploaded");
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, folder = %shown, bucket = %bucket.name, "no files to upload");
            }
        }
    }
    Ok(())
}

struct Found {
    path: PathBuf,
    key: String,
    size: u64,
    modified: SystemTime,
}

/// All files below a folder, or the file itself. Links are followed by nobody: they could lead anywhere.
fn files(root: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    let mut open = VecDeque::from([root.to_owned()]);
    while let Some(path) = open.pop_front() {
        let data = fs::symlink_metadata(&path)?;
        if data.is_dir() {
            for entry in fs::read_dir(&path)? {
                open.push_back(entry?.path());
            }
        } else if data.is_file() {
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let name = if relative.as_os_str().is_empty() {
                path.file_name().map_or(relative, Path::new)
            } else {
                relative
            };
            found.push(Found {
                key: name.to_string_lossy().into_owned(),
                size: data.len(),
                modified: data.modified()?,
                path,
            });
            if found.len() == FILES {
                return Err(io::Error::other(format!("more than {FILES} files")));
            }
        }
    }
    Ok(found)
}

async fn upload(state: &State, bucket: &BucketConfig, file: &Found) -> Result<()> {
    let target = Target {
        bucket: bucket.name.clone(),
        key: file.key.clone(),
    };
    target.check()?;
    let (_, old) = objects::find_with_bucket(&state.pool, &target.bucket, &target.key).await?;
    let modified = DateTime::<Utc>::from(file.modified);
    if old.is_some_and(|old| old.size() == Some(file.size) && old.updated_at >= modified) {
        return Ok(());
    }
    let mime = media::of_name(&file.key);
    rules::check_mime(bucket.allowed_mime_types.as_deref().unwrap_or_default(), mime)?;
    let limit = bucket
        .file_size_limit
        .unwrap_or(u64::MAX)
        .min(state.config.file_size_limit);
    let content = File::open(&file.path)
        .await
        .map_err(|error| StorageError::Internal(error.to_string()))?;
    let stored = state.blobs.put(limit, chunks(content).boxed()).await?;
    let facts = Facts {
        mime,
        cache_control: "max-age=3600",
        robots: None,
    };
    let new = NewObject {
        bucket: target.bucket,
        name: target.key,
        owner_id: None,
        version: stored.flight.version().to_string(),
        metadata: facts.metadata(state, &stored),
        user_metadata: Some(json!({})),
    };
    let change = Box::pin(finish(
        state.clone(),
        Scope::of_service("storage.object.upload"),
        new,
        true,
    ));
    stored.flight.settle(change).await?;
    Ok(())
}

fn chunks(file: File) -> impl Stream<Item = Result<bytes::Bytes>> + Send {
    stream::try_unfold(file, |mut file| async move {
        let mut buffer = BytesMut::with_capacity(CHUNK);
        let read = file.read_buf(&mut buffer).await;
        match read.map_err(|error| StorageError::Internal(error.to_string()))? {
            0 => Ok(None),
            _ => Ok(Some((buffer.freeze(), file))),
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_folder_by_their_way_in_it() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a/b")).unwrap();
        fs::write(root.path().join("a/b/c.txt"), "x").unwrap();
        fs::write(root.path().join("d.txt"), "yy").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", root.path().join("link")).unwrap();
        let mut keys: Vec<_> = files(root.path())
            .unwrap()
            .into_iter()
            .map(|file| (file.key, file.size))
            .collect();
        keys.sort();
        assert_eq!(keys, [("a/b/c.txt".to_owned(), 1), ("d.txt".to_owned(), 2)]);
        let alone = files(&root.path().join("d.txt")).unwrap();
        assert_eq!(alone.first().unwrap().key, "d.txt");
        assert!(files(&root.path().join("missing")).is_err());
    }
}
