//! Writing into directories that belong to another user.
//!
//! As root we write into directories of an unprivileged user, who could put a symbolic link where our file shall go. So a
//! file is always made new under another name (which never follows a link), given away, and renamed over the old one.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use rustix::fs::{AtFlags, CWD, Gid, Uid, chownat, fchown};

use crate::account::Account;

/// Puts a file (0600, owned by `account`) in place. Costs one read when it is there already with the same content.
pub(crate) fn put(path: &Path, contents: &[u8], account: &Account) -> io::Result<()> {
    if fs::read(path).is_ok_and(|old| old == contents) {
        return Ok(());
    }
    let draft = beside(path, ".new");
    write_new(&draft, contents, account)?.sync_data()?;
    fs::rename(&draft, path)
}

/// Like [`put`] for data that need not survive a power failure yet: nothing is synced.
pub(crate) fn put_unsynced(path: &Path, contents: &[u8], account: &Account) -> io::Result<()> {
    if fs::read(path).is_ok_and(|old| old == contents) {
        return Ok(());
    }
    let draft = beside(path, ".new");
    write_new(&draft, contents, account)?;
    fs::rename(&draft, path)
}

fn write_new(path: &Path, contents: &[u8], account: &Account) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    if account.switch {
        fchown(
            &file,
            Some(Uid::from_raw(account.uid)),
            Some(Gid::from_raw(account.gid)),
        )?;
    }
    file.write_all(contents)?;
    Ok(file)
}

/// Makes a directory that only `account` may enter, or makes sure that an existing one is such a directory.
pub(crate) fn private_dir(path: &Path, account: &Account) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_dir() {
        return Err(io::Error::other("is there and no directory"));
    }
    // Root's own directory is one that we made just now, or were killed over; anybody else's stays theirs.
    if metadata.uid() == 0 && account.switch {
        let (uid, gid) = (Uid::from_raw(account.uid), Gid::from_raw(account.gid));
        chownat(CWD, path, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
    } else if metadata.uid() != account.uid {
        return Err(io::Error::other("belongs to another user"));
    }
    if metadata.mode() & 0o777 != 0o700 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Makes a directory, and those above it, that everybody may enter whatever our umask is.
pub(crate) fn open_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        open_dir(parent)?;
    }
    fs::create_dir(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

/// Removes everything in a directory but not the directory, which may be a mount point.
pub(crate) fn empty_dir(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Makes new names in a directory survive a power failure.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// The path with something added to its last name: `pgdata` → `pgdata.lock`.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(ending);
    path.with_file_name(name)
}

/// A short stable name for a path (FNV-1a: the standard library's hash may change between versions).
pub(crate) fn short_hash(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    let hash = path
        .as_os_str()
        .as_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("{:010x}", hash & 0xff_ffff_ffff)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_beside() {
        assert_eq!(
            beside(Path::new("/a/pgdata"), ".lock"),
            Path::new("/a/pgdata.lock")
        );
        assert_eq!(short_hash(Path::new("/a")), short_hash(Path::new("/a")));
        assert_ne!(short_hash(Path::new("/a")), short_hash(Path::new("/b")));
    }

    #[test]
    fn does_not_follow_links() {
        let dir = tempfile::tempdir().unwrap();
        let me = Account::choose(None, None).unwrap();
        let me = Account { switch: false, ..me };
        fs::write(dir.path().join("victim"), "mine").unwrap();
        std::os::unix::fs::symlink("victim", dir.path().join("file")).unwrap();
        put(&dir.path().join("file"), b"ours", &me).unwrap();
        assert_eq!(fs::read(dir.path().join("victim")).unwrap(), b"mine");
        assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"ours");
    }
}
