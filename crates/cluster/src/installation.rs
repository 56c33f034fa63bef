//! One PostgreSQL installation and its version.

use std::{
    fmt, fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{error::ClusterError, files::beside};

/// The oldest major version that ferrobase works with.
pub(crate) const OLDEST_MAJOR: u32 = 15;

/// Remembers beside the data directory which installation serves it, so that a start needs not run a program to learn it.
///
/// Not in the directory: whoever can write there could make root run programs of his choice.
const RECORD: &str = ".installation";

/// A version of PostgreSQL, such as 15.18.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The major version; data of one major is unreadable for another.
    pub major: u32,
    /// As the server names itself, such as `15.18` or `18beta1`.
    pub text: String,
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        Some(Self {
            major: text.get(..digits)?.parse().ok()?,
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The programs of one PostgreSQL version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installation {
    pub(crate) bin_dir: PathBuf,
    pub(crate) version: Version,
}

impl Installation {
    /// Looks at a directory: it must have the programs we run, and `postgres --version` must work.
    pub(crate) fn inspect(dir: &Path) -> Result<Self, ClusterError> {
        let bad = |reason: String| ClusterError::BadInstallation {
            dir: dir.to_path_buf(),
            reason,
        };
        for program in ["postgres", "initdb"] {
            if !dir.join(program).is_file() {
                return Err(bad(format!("there is no `{program}` in it")));
            }
        }
        let output = Command::new(dir.join("postgres"))
            .arg("--version")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| bad(format!("`postgres --version` does not run: {error}")))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let version = said.split_whitespace().nth(2).and_then(Version::parse);
        let version = version.ok_or_else(|| bad(format!("`postgres --version` says {:?}", said.trim())))?;
        Ok(Self {
            bin_dir: dir.to_path_buf(),
            version,
        })
    }

    /// The installation recorded in the data directory, if its `postgres` is still the same file.
    pub(crate) fn recorded(data_dir: &Path) -> Option<Self> {
        let path = beside(data_dir, RECORD);
        let owner = fs::symlink_metadata(&path).ok()?.uid();
        if owner != rustix::process::geteuid().as_raw() {
            return None;
        }
        let text = fs::read_to_string(path).ok()?;
        let mut lines = text.lines();
        let bin_dir = PathBuf::from(lines.next()?);
        let version = Version::parse(lines.next()?)?;
        (fingerprint(&bin_dir)? == lines.next()?).then_some(Self { bin_dir, version })
    }

    /// Records this installation for the data directory. Failing to is only slower next time.
    pub(crate) fn record(&self, data_dir: &Path) {
        let (Some(dir), Some(mark)) = (self.bin_dir.to_str(), fingerprint(&self.bin_dir)) else {
            return;
        };
        let text = format!("{dir}\n{}\n{mark}\n", self.version);
        if let Err(error) = note(&beside(data_dir, RECORD), &text) {
            tracing::debug!(%error, "could not record the PostgreSQL installation");
        }
    }

    /// True if the server could load this library (a missing preload library stops it).
    pub(crate) fn has_library(&self, name: &str) -> bool {
        let file = format!(
            "{name}{}",
            if cfg!(target_os = "macos") {
                ".dylib"
            } else {
                ".so"
            }
        );
        ["../lib", "../lib/postgresql", "../lib64", "../lib/pgsql"]
            .iter()
            .any(|lib| self.bin_dir.join(lib).join(&file).is_file())
    }
}

/// Writes a file of our own if its content is not there yet.
fn note(path: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    let draft = beside(path, ".new");
    fs::write(&draft, text)?;
    fs::rename(draft, path)
}

/// Changes when the program is replaced by another version.
fn fingerprint(bin_dir: &Path) -> Option<String> {
    let file = fs::metadata(bin_dir.join("postgres")).ok()?;
    Some(format!("{} {} {}", file.len(), file.mtime(), file.mtime_nsec()))
}

/// The major version that made the data in a directory, if there is any.
pub(crate) fn major_of(data_dir: &Path) -> Option<u32> {
    let text = fs::read_to_string(data_dir.join("PG_VERSION")).ok()?;
    Version::parse(text.trim()).map(|version| version.major)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn parses_versions() {
        assert_eq!(Version::parse("15.18").unwrap().major, 15);
        assert_eq!(Version::parse("18beta1").unwrap().major, 18);
        assert_eq!(Version::parse("16").unwrap().text, "16");
        assert_eq!(Version::parse("devel"), None);
    }

    #[test]
    fn a_directory_without_programs_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let error = Installation::inspect(dir.path()).unwrap_err().to_string();
        assert!(error.contains("no `postgres`"), "{error}");
    }
}
