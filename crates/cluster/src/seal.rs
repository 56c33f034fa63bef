//! When a new cluster counts as created.
//!
//! A first start is: `initdb --no-sync`, the baseline, then [`seal`]. Killed in between, the next start throws the
//! directory away and begins again. This is as safe as making the cluster under another name, syncing it and renaming it
//! into place (managed-postgres.md 2), and needs no restart of PostgreSQL in the middle:
//! * The rename's promise is "under this name there is nothing, or everything, and it is on disk". Here the same promise
//!   hangs on one file: `ferrobase.sealed` is only made after everything else in the directory was synced, and one new
//!   name in one directory is as atomic as a rename.
//! * Nobody was told of any data before that: the caller serves nothing until `seal` returned.
//! * PostgreSQL runs while we sync. What it has changed since initdb is covered by its own write-ahead log, whose
//!   commits it syncs itself, and by its checkpoints, which sync each file written since; what it never touched is what
//!   initdb left unsynced, and that is what `syncfs` writes.
//!
//! `<data_dir>.unsealed` beside the directory is made (and synced) before initdb and says that what lies in the directory
//! is ours to throw away: a directory that has neither of the two files is somebody else's and is left alone.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use crate::{
    account::Account,
    files::{beside, put, sync_dir},
};

const SEAL: &str = "ferrobase.sealed";

/// What there is at the place of a data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    Sealed,
    /// The remains of a first start that did not finish.
    Unsealed,
    /// Something that we did not make.
    Foreign,
}

pub(crate) fn inspect(data_dir: &Path) -> io::Result<Found> {
    let mut entries = match fs::read_dir(data_dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(error),
    };
    Ok(if entries.next().is_none() {
        Found::Nothing
    } else if data_dir.join(SEAL).exists() {
        Found::Sealed
    } else if unsealed_mark(data_dir).exists() {
        Found::Unsealed
    } else {
        Found::Foreign
    })
}

/// Says, durably, that the data directory is about to be made.
pub(crate) fn begin(data_dir: &Path) -> io::Result<()> {
    let mark = unsealed_mark(data_dir);
    File::create(&mark)?;
    sync_dir(mark.parent().unwrap_or(Path::new("/")))
}

/// Writes everything in the data directory to disk and then marks it as complete.
pub(crate) fn seal(data_dir: &Path, account: &Account) -> io::Result<()> {
    sync_contents(data_dir)?;
    let text = "This cluster was created completely; without this file ferrobase would create it anew.\n";
    put(&data_dir.join(SEAL), text.as_bytes(), account)?;
    sync_dir(data_dir)?;
    // The seal wins over this file, so it does not matter when its end reaches the disk.
    let _ = fs::remove_file(unsealed_mark(data_dir));
    Ok(())
}

fn unsealed_mark(data_dir: &Path) -> PathBuf {
    beside(data_dir, ".unsealed")
}

/// One call for the whole file system: measured faster than a thousand `fsync` calls.
#[cfg(target_os = "linux")]
fn sync_contents(data_dir: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(data_dir)?)?)
}

#[cfg(not(target_os = "linux"))]
fn sync_contents(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let synced = if kind.is_dir() {
            sync_contents(&entry.path())
        } else if kind.is_file() {
            File::open(entry.path()).and_then(|file| file.sync_all())
        } else {
            Ok(())
        };
        // PostgreSQL runs: a file may be gone between the listing and here.
        match synced {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    sync_dir(dir)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_unsealed_until_sealed() {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("pgdata");
        let me = Account {
            switch: false,
            ..Account::choose(None, None).unwrap()
        };
        assert_eq!(inspect(&data).unwrap(), Found::Nothing);
        begin(&data).unwrap();
        fs::create_dir(&data).unwrap();
        assert_eq!(inspect(&data).unwrap(), Found::Nothing);
        fs::write(data.join("PG_VERSION"), "15").unwrap();
        assert_eq!(inspect(&data).unwrap(), Found::Unsealed);
        seal(&data, &me).unwrap();
        assert_eq!(inspect(&data).unwrap(), Found::Sealed);
        fs::remove_file(data.join(SEAL)).unwrap();
        assert_eq!(inspect(&data).unwrap(), Found::Foreign);
    }
}
