//! Directories of throw-away clusters: each has a locked file, so that a later run can tell which of them are dead.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

use rustix::process::Signal;

use crate::{pid_file::PidFile, processes, takeover};

const PREFIX: &str = "ferrobase-ephemeral-";
const LOCK: &str = "lock";
/// A directory without a lock file is only an old one after this time: its maker may be about to make the file.
const GRACE: Duration = Duration::from_mins(1);

/// Tells the clusters of one process apart.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A temporary directory that is removed when this value goes, or by a later run if this one is killed.
#[derive(Debug)]
pub(crate) struct EphemeralDir {
    path: PathBuf,
    _lock: File,
}

impl EphemeralDir {
    /// Makes a directory under `root` and, on a thread of its own, removes those of dead runs.
    pub(crate) fn create(root: &Path) -> io::Result<Self> {
        let swept = root.to_path_buf();
        // Only a courtesy, so it does not matter if the process ends before it is done.
        let _ = thread::Builder::new()
            .name("ephemeral-sweep".to_owned())
            .spawn(move || sweep(&swept));
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = root.join(format!("{PREFIX}{}-{number}", std::process::id()));
            match fs::create_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                other => other?,
            }
            // Whatever our umask is, the database's user has to get through.
            fs::set_permissions(&path, fs::Permissions::from_mode(0o711))?;
            let lock = File::create_new(path.join(LOCK))?;
            // A sweep that saw the file before it was locked has won: take another name.
            if lock.try_lock().is_ok() && same_file(&lock, &path.join(LOCK)) {
                return Ok(Self { path, _lock: lock });
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for EphemeralDir {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

fn same_file(open: &File, path: &Path) -> bool {
    match (open.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(named)) => (open.dev(), open.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

/// Removes the directories of this user's runs that have ended without removing them.
fn sweep(root: &Path) {
    let me = rustix::process::geteuid().as_raw();
    let Ok(entries) = fs::read_dir(root) else { return };
    for entry in entries.flatten() {
        let ours = entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.starts_with(PREFIX));
        // This metadata is that of a link itself, so a link is no directory here.
        let mine = entry
            .metadata()
            .is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == me);
        if ours && mine {
            remove_if_dead(&entry.path());
        }
    }
}

fn remove_if_dead(dir: &Path) {
    let Ok(lock) = File::open(dir.join(LOCK)) else {
        let made = fs::metadata(dir).and_then(|metadata| metadata.modified());
        if made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age > GRACE)) {
            remove(dir);
        }
        return;
    };
    // Held until everything is gone.
    if lock.try_lock().is_ok() {
        quit_server(&dir.join("pgdata"));
        remove(dir);
    }
}

/// A server that is still shutting down after its parent's death need not finish that.
fn quit_server(data_dir: &Path) {
    let (Some(file), Ok(real)) = (PidFile::read(data_dir), data_dir.canonicalize()) else {
        return;
    };
    if processes::serves(file.pid, &real) {
        processes::signal(file.pid, Signal::QUIT);
        processes::wait_until(takeover::SHORT_PATIENCE, || !processes::serves(file.pid, &real));
    }
    takeover::quit_orphans(&real);
}

/// Removes a directory; a dying server may still make files in it, so a second try follows the first.
fn remove(dir: &Path) {
    for _ in 0..3 {
        match fs::remove_dir_all(dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                processes::pause(Duration::from_millis(50));
            }
            _ => return,
        }
    }
    tracing::warn!(dir = %dir.display(), "could not remove a temporary database directory");
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_dead_directories_are_swept() {
        let root = tempfile::tempdir().unwrap();
        let alive = EphemeralDir::create(root.path()).unwrap();
        let dead = root.path().join("ferrobase-ephemeral-1-0");
        fs::create_dir_all(dead.join("pgdata/base")).unwrap();
        File::create(dead.join(LOCK)).unwrap();
        let young = root.path().join("ferrobase-ephemeral-2-0");
        fs::create_dir(&young).unwrap();
        let other = root.path().join("something-else");
        fs::create_dir(&other).unwrap();
        sweep(root.path());
        assert!(alive.path().exists() && young.exists() && other.exists());
        // The sweep that comes with making a directory may be at it.
        assert!(processes::wait_until(GRACE, || !dead.exists()));
        let path = alive.path().to_path_buf();
        drop(alive);
        assert!(!path.exists());
    }
}
