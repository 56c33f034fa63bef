//! A finished cluster that new ones are copied from: initdb and the baseline take a second, a copy takes a tenth of that.
//!
//! A template is made under another name, synced, and renamed, so what has its name is complete. It says how many files and bytes
//! it has: a copy that comes to something else is thrown away, and the template with it. Passwords in it are nobody's: the
//! caller sets those of the copy when it applies its baseline, which changes nothing else.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{OpenOptionsExt as _, chown},
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use rustix::fs::{OFlags, Timespec, Timestamps, UTIME_NOW, futimens};

use crate::{
    account::Account,
    binaries,
    cluster::{Cluster, blocking},
    error::{ClusterError, io},
    files::{beside, open_dir, private_dir, put_unsynced, sync_dir},
    installation::Installation,
    options::ClusterOptions,
};

/// In a template: its files and bytes. Its time is that of the last use.
const MANIFEST: &str = "ferrobase.template";

/// What belongs to a server that ran, and not to its data.
const LEFT_OUT: [&str; 3] = ["postmaster.pid", "postmaster.opts", MANIFEST];

/// Threads that copy.
const THREADS: usize = 4;

/// A template that was not used for so long is removed.
const LIFE: Duration = Duration::from_hours(24 * 30);

/// The time of the file system's clock.
const NOW: Timestamps = {
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: UTIME_NOW,
    };
    Timestamps {
        last_access: now,
        last_modification: now,
    }
};

/// Which template.
#[derive(Debug, Clone)]
pub struct Template {
    /// The folder of all templates. It is made when missing, and only what ferrobase puts there is removed from it.
    pub dir: PathBuf,
    /// Tells one baseline from another: letters and digits.
    pub key: String,
}

/// Files and bytes of a template.
#[derive(Debug, Default, PartialEq, Eq)]
struct Size {
    files: u64,
    bytes: u64,
}

impl Size {
    fn text(&self) -> String {
        format!("{} files, {} bytes\n", self.files, self.bytes)
    }
}

impl Template {
    /// Where it is for an installation: data of one version may be unreadable for another.
    fn path(&self, installation: &Installation) -> PathBuf {
        let version = installation
            .version
            .text
            .replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        self.dir.join(format!("{version}-{}", self.key))
    }

    /// Copies the template into `data_dir`, which is missing or empty; false if there is none, or none that is whole.
    pub(crate) fn copy(&self, installation: &Installation, data_dir: &Path, account: &Account) -> bool {
        let path = self.path(installation);
        let Ok(manifest) = fs::read_to_string(path.join(MANIFEST)) else {
            return false;
        };
        let copied = copy_dir(&path, data_dir, account);
        if copied.as_ref().is_ok_and(|size| size.text() == manifest) {
            // So that it is not taken for an old one.
            let _ = File::options()
                .write(true)
                .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
                .open(path.join(MANIFEST))
                .and_then(|file| Ok(futimens(file, &NOW)?));
            return true;
        }
        tracing::warn!(template = %path.display(), ?copied, "a template is not whole and is removed");
        let _ = fs::remove_file(path.join(MANIFEST));
        let _ = fs::remove_dir_all(&path);
        let _ = crate::files::empty_dir(data_dir);
        false
    }
}

impl Cluster {
    /// Whether a start with these options would make a new cluster, as far as can be seen from outside.
    pub fn is_needed(options: &ClusterOptions) -> bool {
        let has_data = || fs::read_dir(&options.data_dir).is_ok_and(|mut entries| entries.next().is_some());
        options.ephemeral || !(has_data() || beside(&options.data_dir, ".location").exists())
    }

    /// Makes the template of these options if it is missing: `fill` applies the baseline. Of several processes one makes it,
    /// the others wait for that. Does nothing without a template in the options.
    pub async fn make_template<E: From<ClusterError>>(
        options: &mut ClusterOptions,
        fill: impl AsyncFnOnce(&Self) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(template) = options.template.clone() else {
            return Ok(());
        };
        let given = options.clone();
        let (installation, site) = blocking(move || {
            let installation = binaries::find(given.bin_dir.as_deref(), &given.data_dir)?;
            let site = Site::prepare(&template, &given, &installation)?;
            Ok((installation, site))
        })
        .await?;
        // So that the start need not look for the programs again.
        options.bin_dir = Some(installation.bin_dir);
        let Some(site) = site else { return Ok(()) };
        tracing::info!(template = %site.path.display(), "making a template for new databases; this happens once");
        let building = ClusterOptions {
            data_dir: site.building(),
            run_dir: None,
            tcp_port: None,
            ephemeral: false,
            template: None,
            // Synced as a whole at the end.
            settings: vec![
                ("fsync".to_owned(), "off".to_owned()),
                ("full_page_writes".to_owned(), "off".to_owned()),
            ],
            ..options.clone()
        };
        let cluster = Self::start(building).await?;
        let filled = fill(&cluster).await;
        cluster.stop().await;
        filled?;
        Ok(blocking(move || site.finish()).await?)
    }
}

/// The place of a template that is being made, and the lock that keeps others from it.
struct Site {
    path: PathBuf,
    account: Account,
    _lock: File,
}

impl Site {
    /// `None` if there is a template already.
    fn prepare(
        template: &Template,
        options: &ClusterOptions,
        installation: &Installation,
    ) -> Result<Option<Self>, ClusterError> {
        let dir = &template.dir;
        let path = template.path(installation);
        if path.join(MANIFEST).exists() {
            return Ok(None);
        }
        open_dir(dir).map_err(io("create", dir))?;
        let account = Account::choose(None, options.run_as.as_deref())?;
        if account.switch
            && let Some(path) = account.barred_from(dir)
        {
            return Err(ClusterError::Unreachable {
                path,
                user: account.name,
            });
        }
        let lock_path = beside(&path, ".template-lock");
        let lock = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(&lock_path)
            .map_err(io("open", &lock_path))?;
        lock.lock().map_err(io("lock", lock_path))?;
        if path.join(MANIFEST).exists() {
            return Ok(None);
        }
        sweep(dir);
        let site = Self {
            path,
            account,
            _lock: lock,
        };
        // The remains of a process that was killed over it, or of a template that was not whole.
        let _ = fs::remove_dir_all(&site.path);
        site.clear();
        Ok(Some(site))
    }

    fn building(&self) -> PathBuf {
        beside(&self.path, ".building")
    }

    /// Makes what was built the template.
    fn finish(&self) -> Result<(), ClusterError> {
        let building = self.building();
        for name in LEFT_OUT {
            let _ = fs::remove_file(building.join(name));
        }
        let failed = io("finish the template", &building);
        let finished = measure(&building)
            .and_then(|size| put_unsynced(&building.join(MANIFEST), size.text().as_bytes(), &self.account))
            .and_then(|()| Ok(rustix::fs::syncfs(File::open(&building)?)?))
            .and_then(|()| fs::rename(&building, &self.path))
            .and_then(|()| sync_dir(self.path.parent().unwrap_or(Path::new("/"))));
        self.clear();
        finished.map_err(failed)
    }

    /// Removes what was built and not finished, with the files beside it.
    fn clear(&self) {
        let building = self.building();
        let _ = fs::remove_dir_all(&building);
        for ending in [".lock", ".unsealed", ".installation"] {
            let _ = fs::remove_file(beside(&building, ending));
        }
    }
}

/// Removes templates that nobody used for long.
fn sweep(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let used = fs::symlink_metadata(entry.path().join(MANIFEST)).and_then(|manifest| manifest.modified());
        let is_old = used.is_ok_and(|used| used.elapsed().is_ok_and(|age| age > LIFE));
        if is_old {
            let _ = fs::remove_dir_all(entry.path());
            let _ = fs::remove_file(beside(&entry.path(), ".template-lock"));
        }
    }
}

fn measure(dir: &Path) -> io::Result<Size> {
    let mut size = Size::default();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            let inner = measure(&entry.path())?;
            size.files += inner.files;
            size.bytes += inner.bytes;
        } else {
            size.files += 1;
            size.bytes += entry.metadata()?.len();
        }
    }
    Ok(size)
}

/// Copies a directory; the system shares the blocks where the file system can. Only directories and plain files are taken. Nearly
/// all of the time goes into making a thousand files, so several threads do that.
fn copy_dir(from: &Path, to: &Path, account: &Account) -> io::Result<Size> {
    let mut files = Vec::new();
    make_dirs(from, to, account, &mut files)?;
    let next = AtomicUsize::new(0);
    let work = || {
        let mut size = Size::default();
        while let Some((from, to)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            size.bytes += fs::copy(from, to)?;
            size.files += 1;
            if account.switch {
                chown(to, Some(account.uid), Some(account.gid))?;
            }
        }
        Ok::<_, io::Error>(size)
    };
    let parts: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    let mut size = Size::default();
    for part in parts {
        let part = part.map_err(|_| io::Error::other("a thread of the copy failed"))??;
        size.files += part.files;
        size.bytes += part.bytes;
    }
    Ok(size)
}

/// Makes the directories and lists the files with where they go.
fn make_dirs(
    from: &Path,
    to: &Path,
    account: &Account,
    files: &mut Vec<(PathBuf, PathBuf)>,
) -> io::Result<()> {
    private_dir(to, account)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        let target = to.join(&name);
        if kind.is_dir() {
            make_dirs(&entry.path(), &target, account, files)?;
        } else if kind.is_file() && !LEFT_OUT.iter().any(|left_out| name == *left_out) {
            files.push((entry.path(), target));
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::installation::Version;

    fn installation() -> Installation {
        Installation {
            bin_dir: PathBuf::from("/nowhere"),
            version: Version {
                major: 15,
                text: "15.1".to_owned(),
            },
        }
    }

    #[test]
    fn only_a_whole_template_is_copied() {
        let home = tempfile::tempdir().unwrap();
        let me = Account {
            uid: rustix::process::geteuid().as_raw(),
            switch: false,
            ..Account::choose(None, None).unwrap()
        };
        let template = Template {
            dir: home.path().to_path_buf(),
            key: "k".to_owned(),
        };
        let (path, data) = (template.path(&installation()), home.path().join("pgdata"));
        assert_eq!(path.file_name().unwrap(), "15_1-k");
        assert!(!template.copy(&installation(), &data, &me), "there is none");
        fs::create_dir_all(path.join("base/1")).unwrap();
        fs::write(path.join("PG_VERSION"), "15").unwrap();
        fs::write(path.join("base/1/2"), "rows").unwrap();
        assert!(!template.copy(&installation(), &data, &me), "it is not finished");
        let size = measure(&path).unwrap();
        assert_eq!(size, Size { files: 2, bytes: 6 });
        fs::write(path.join(MANIFEST), size.text()).unwrap();
        fs::write(path.join("postmaster.pid"), "1").unwrap();
        assert!(template.copy(&installation(), &data, &me));
        assert_eq!(fs::read(data.join("base/1/2")).unwrap(), b"rows");
        assert!(!data.join(MANIFEST).exists() && !data.join("postmaster.pid").exists());
        fs::remove_dir_all(&data).unwrap();
        fs::write(path.join("base/1/2"), "ro").unwrap();
        assert!(
            !template.copy(&installation(), &data, &me),
            "something is missing"
        );
        assert!(!path.exists());
        assert!(fs::read_dir(&data).unwrap().next().is_none());
    }

    #[test]
    fn old_templates_go() {
        let home = tempfile::tempdir().unwrap();
        for (name, age) in [("old", LIFE * 2), ("young", LIFE / 2)] {
            fs::create_dir(home.path().join(name)).unwrap();
            let manifest = File::create(home.path().join(name).join(MANIFEST)).unwrap();
            let time = fs::metadata(home.path()).unwrap().modified().unwrap() - age;
            manifest.set_modified(time).unwrap();
        }
        fs::create_dir(home.path().join("other")).unwrap();
        sweep(home.path());
        let left = |name: &str| home.path().join(name).exists();
        assert!(!left("old") && left("young") && left("other"));
    }
}
