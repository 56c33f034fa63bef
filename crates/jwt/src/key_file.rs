//! Files with keys: read whole, written whole or not at all, for their owner's eyes only.

use std::io::Write;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::token_keys::KeyError;

pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, KeyError> {
    let bytes = std::fs::read(path).map_err(|source| KeyError::File {
        path: path.display().to_string(),
        source,
    })?;
    serde_json::from_slice(&bytes).map_err(|error| KeyError::Content {
        path: path.display().to_string(),
        reason: error.to_string(),
    })
}

pub(crate) fn write(path: &Path, content: &impl Serialize) -> Result<(), KeyError> {
    replace(path, content).map_err(|source| KeyError::File {
        path: path.display().to_string(),
        source,
    })
}

fn replace(path: &Path, content: &impl Serialize) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // The temporary file has mode 0600 from its beginning.
    let mut file = tempfile::Builder::new().prefix(".keys-").tempfile_in(folder)?;
    serde_json::to_writer_pretty(&mut file, content)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    std::fs::File::open(folder)?.sync_all()
}
