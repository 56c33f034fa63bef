//! Which user PostgreSQL runs as: it refuses to be root.

use std::{
    fs,
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::Command,
};

use crate::error::ClusterError;

/// A user of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) name: String,
    /// True when this process is root and its children have to become this user.
    pub(crate) switch: bool,
}

impl Account {
    /// The user that owns (or shall own) the data: ourselves, or for root the owner of existing data, the configured
    /// user, `postgres`, or at last `nobody` (managed-postgres.md 3).
    pub(crate) fn choose(
        existing: Option<&fs::Metadata>,
        run_as: Option<&str>,
    ) -> Result<Self, ClusterError> {
        let uid = rustix::process::geteuid().as_raw();
        if uid != 0 {
            return Ok(Self {
                uid,
                gid: rustix::process::getegid().as_raw(),
                name: name_of(uid),
                switch: false,
            });
        }
        if let Some(owner) = existing.filter(|owner| owner.uid() != 0) {
            let known = passwd().into_iter().find(|entry| entry.uid == owner.uid());
            return Ok(known.unwrap_or_else(|| Self {
                uid: owner.uid(),
                gid: owner.gid(),
                name: owner.uid().to_string(),
                switch: true,
            }));
        }
        if let Some(name) = run_as {
            return by_name(name).ok_or_else(|| ClusterError::NoAccount {
                name: name.to_owned(),
            });
        }
        if let Some(account) = by_name("postgres") {
            return Ok(account);
        }
        let account = by_name("nobody").ok_or_else(|| ClusterError::NoAccount {
            name: "postgres".to_owned(),
        })?;
        tracing::warn!(
            "running PostgreSQL as `nobody`, which other services may share: better create a user `postgres`"
        );
        Ok(account)
    }

    /// Makes the command run as this user. The standard library also drops root's supplementary groups then.
    pub(crate) fn apply(&self, command: &mut Command) {
        if self.switch {
            command.uid(self.uid).gid(self.gid);
        }
    }

    /// The first directory on the way to `path` (and `path` itself) that this user may not search.
    pub(crate) fn barred_from(&self, path: &Path) -> Option<PathBuf> {
        let Ok(real) = path.canonicalize() else {
            return Some(path.to_path_buf());
        };
        let closed = real
            .ancestors()
            .find(|dir| !fs::metadata(dir).is_ok_and(|metadata| self.may_search(&metadata)));
        closed.map(Path::to_path_buf)
    }

    fn may_search(&self, dir: &fs::Metadata) -> bool {
        let shift = if dir.uid() == self.uid {
            6
        } else if dir.gid() == self.gid {
            3
        } else {
            0
        };
        dir.mode() >> shift & 1 == 1
    }
}

/// The name of a user, for messages; the number when it has none.
pub(crate) fn name_of(uid: u32) -> String {
    passwd()
        .into_iter()
        .find(|entry| entry.uid == uid)
        .map_or_else(|| uid.to_string(), |entry| entry.name)
}

fn by_name(name: &str) -> Option<Account> {
    passwd()
        .into_iter()
        .find(|entry| entry.name == name && entry.uid != 0)
}

/// Users from directory services are not in this file; for those, run as that user instead of as root.
fn passwd() -> Vec<Account> {
    let text = fs::read_to_string("/etc/passwd").unwrap_or_default();
    text.lines().filter_map(entry).collect()
}

fn entry(line: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let name = fields.next()?.to_owned();
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some(Account {
        uid,
        gid,
        name,
        switch: true,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn reads_a_passwd_line() {
        let account = entry("postgres:x:101:104:PostgreSQL,,,:/var/lib/postgresql:/bin/bash").unwrap();
        assert_eq!(
            (account.name.as_str(), account.uid, account.gid),
            ("postgres", 101, 104)
        );
        assert_eq!(entry("# comment"), None);
    }

    #[test]
    fn names_the_closed_directory() {
        let home = tempfile::tempdir().unwrap();
        let inner = home.path().join("inner");
        fs::create_dir(&inner).unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let stranger = Account {
            uid: 54_321,
            gid: 54_321,
            name: "x".into(),
            switch: true,
        };
        let real = home.path().canonicalize().unwrap();
        assert_eq!(stranger.barred_from(&inner), Some(real.clone()));
        fs::set_permissions(&real, fs::Permissions::from_mode(0o711)).unwrap();
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(stranger.barred_from(&inner), None);
    }
}
