//! Several files become one. The kernel copies from file to file, so that no part of them is in memory, and shares their
//! blocks where the file system can.

use std::fs::File;
use std::io;
use std::sync::Arc;

use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::{FsBlobs, Inner, create, joined, missing, sync_folder};
use crate::blobs::InFlight;
use crate::error::Result;

pub(super) async fn join(files: &FsBlobs, parts: Vec<Uuid>) -> Result<InFlight> {
    let (inner, flight) = (Arc::clone(&files.0), files.begin());
    // The thread owns the flight, so that nothing is removed while it still writes.
    let written = spawn_blocking(move || {
        write(&inner, flight.version(), &parts)?;
        Ok(flight)
    });
    joined(written.await)?.map_err(missing)
}

fn write(inner: &Inner, to: Uuid, parts: &[Uuid]) -> io::Result<()> {
    inner.mark(to)?;
    let mut file = create(&inner.path(to))?;
    for part in parts {
        io::copy(&mut File::open(inner.path(*part))?, &mut file)?;
    }
    file.sync_all()?;
    sync_folder(&inner.folder(to))
}
