//! One process per data directory.

use std::{
    fs::{self, File, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use rustix::fs::OFlags;

use crate::{
    error::{ClusterError, io},
    files::beside,
};

/// The lock of a data directory, held while this value lives. The kernel releases it when the process ends, however it
/// ends; the file stays, because removing it would let two processes lock two different files of the same name.
#[derive(Debug)]
pub(crate) struct DataLock {
    _file: File,
}

impl DataLock {
    /// Locks `<data_dir>.lock`, without waiting.
    pub(crate) fn acquire(data_dir: &Path) -> Result<Self, ClusterError> {
        let path = beside(data_dir, ".lock");
        let mut file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path)
            .map_err(io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // The holder writes its pid after locking; a message without it is good enough.
                let _ = file.read_to_string(&mut holder);
                return Err(ClusterError::AlreadyRunning {
                    data_dir: data_dir.to_path_buf(),
                    pid: holder.trim().parse().ok(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(io("lock", path)(error)),
        }
        let pid = format!("{}\n", std::process::id());
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(pid.as_bytes()))
            .map_err(io("write", path))?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn is_exclusive_until_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("pgdata");
        let held = DataLock::acquire(&data).unwrap();
        match DataLock::acquire(&data) {
            Err(ClusterError::AlreadyRunning { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        drop(held);
        DataLock::acquire(&data).unwrap();
    }
}
