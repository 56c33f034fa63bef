//! Finding PostgreSQL's programs (managed-postgres.md 1).

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    error::ClusterError,
    installation::{Installation, OLDEST_MAJOR, Version, major_of},
};

/// Where distributions put versions side by side: folder, what precedes the major in its name, what follows the folder.
const PLACES: [(&str, &str, &str); 8] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/lib", "postgresql", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql@", "bin"),
    ("/Library/PostgreSQL", "", "bin"),
];

/// The installation for a data directory: the one its data needs, or for new data the first that is new enough.
pub(crate) fn find(explicit: Option<&Path>, data_dir: &Path) -> Result<Installation, ClusterError> {
    let made_by = major_of(data_dir);
    let fits =
        |version: &Version| made_by.map_or(version.major >= OLDEST_MAJOR, |major| version.major == major);
    let recorded = Installation::recorded(data_dir)
        .filter(|known| explicit.is_none_or(|dir| dir == known.bin_dir) && fits(&known.version));
    if let Some(known) = recorded {
        return Ok(known);
    }
    let mut others = Vec::new();
    let candidates = explicit.map_or_else(search, |dir| vec![dir.to_path_buf()]);
    for dir in candidates {
        match Installation::inspect(&dir) {
            Ok(found) if fits(&found.version) => return Ok(found),
            Ok(found) => others.push(found.version),
            Err(error) if explicit.is_some() => return Err(error),
            Err(error) => tracing::debug!(%error, "skipped a PostgreSQL directory"),
        }
    }
    Err(nothing_fits(made_by, explicit, others, data_dir))
}

fn nothing_fits(
    made_by: Option<u32>,
    explicit: Option<&Path>,
    found: Vec<Version>,
    data_dir: &Path,
) -> ClusterError {
    match (made_by, explicit, found.first()) {
        (Some(made_by), ..) => ClusterError::WrongMajor {
            data_dir: data_dir.to_path_buf(),
            made_by,
            found,
        },
        (None, Some(dir), Some(version)) => ClusterError::BadInstallation {
            dir: dir.to_path_buf(),
            reason: format!("it is PostgreSQL {version}, at least {OLDEST_MAJOR} is needed"),
        },
        _ => ClusterError::NotInstalled { hint: install_hint() },
    }
}

/// One of PostgreSQL's programs, from the installation that a new cluster would have or from the `PATH`.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = search().into_iter().chain(env::split_paths(&path));
    folders
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Every directory that may hold an installation, in order of preference.
fn search() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = env::split_paths(&path).collect();
    let mut found: Vec<PathBuf> = on_path.iter().filter_map(|dir| real_bin_dir(dir)).collect();
    if let Some(program) = on_path
        .iter()
        .map(|dir| dir.join("pg_config"))
        .find(|file| file.is_file())
    {
        found.extend(said_by_pg_config(&program));
    }
    found.extend(side_by_side());
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|dir| seen.insert(dir.clone()));
    found
}

/// A directory with `postgres` in it; where that is a link to the installation, the installation's directory.
fn real_bin_dir(dir: &Path) -> Option<PathBuf> {
    let program = dir.join("postgres");
    if !dir.is_absolute() || !program.is_file() {
        return None;
    }
    let real = program.canonicalize().ok()?.parent()?.to_path_buf();
    Some(if real.join("initdb").is_file() {
        real
    } else {
        dir.to_path_buf()
    })
}

fn said_by_pg_config(program: &Path) -> Option<PathBuf> {
    let output = Command::new(program).arg("--bindir").output().ok()?;
    let dir = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    dir.join("postgres").is_file().then_some(dir)
}

/// Versions installed side by side, the newest first.
fn side_by_side() -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = PLACES
        .iter()
        .flat_map(|(folder, prefix, suffix)| versions_in(Path::new(folder), prefix, suffix))
        .filter(|(major, _)| *major >= OLDEST_MAJOR)
        .collect();
    found.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    found.into_iter().map(|(_, dir)| dir).collect()
}

fn versions_in(folder: &Path, prefix: &str, suffix: &str) -> Vec<(u32, PathBuf)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let major = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            let dir = folder.join(&name).join(suffix);
            dir.join("postgres").is_file().then_some((major, dir))
        })
        .collect()
}

/// How PostgreSQL is installed on this system.
fn install_hint() -> &'static str {
    if cfg!(target_os = "macos") {
        return "brew install postgresql@17";
    }
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let ids: Vec<&str> = release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|ids| ids.trim_matches('"').split_whitespace())
        .collect();
    let is = |id: &str| ids.contains(&id);
    if is("debian") || is("ubuntu") {
        "sudo apt install postgresql"
    } else if is("fedora") || is("rhel") || is("centos") {
        "sudo dnf install postgresql-server postgresql-contrib"
    } else if is("alpine") {
        "apk add postgresql17 postgresql17-contrib"
    } else if is("arch") {
        "sudo pacman -S postgresql"
    } else if is("suse") || is("opensuse") {
        "sudo zypper install postgresql-server postgresql-contrib"
    } else {
        "the packages `postgresql` and, where it is separate, `postgresql-contrib`"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lists_versions_of_a_folder() {
        let root = tempfile::tempdir().unwrap();
        for name in ["postgresql@15", "postgresql@17", "postgresql@x", "redis"] {
            let bin = root.path().join(name).join("bin");
            fs::create_dir_all(&bin).unwrap();
            fs::write(bin.join("postgres"), "").unwrap();
        }
        let mut majors: Vec<u32> = versions_in(root.path(), "postgresql@", "bin")
            .into_iter()
            .map(|(major, _)| major)
            .collect();
        majors.sort_unstable();
        assert_eq!(majors, [15, 17]);
    }

    #[test]
    fn says_what_is_missing() {
        let data = Path::new("/data");
        let found = vec![Version {
            major: 15,
            text: "15.18".into(),
        }];
        let wrong = nothing_fits(Some(16), None, found.clone(), data).to_string();
        assert!(
            wrong.contains("made by PostgreSQL 16") && wrong.contains("15.18"),
            "{wrong}"
        );
        assert!(
            wrong.contains("install PostgreSQL 16") && wrong.contains("dump"),
            "{wrong}"
        );
        let none = nothing_fits(None, None, vec![], data).to_string();
        assert!(none.contains("FERROBASE_POSTGRES_BIN"), "{none}");
        let old = vec![Version {
            major: 13,
            text: "13.4".into(),
        }];
        let old = nothing_fits(None, Some(Path::new("/opt/pg")), old, data).to_string();
        assert!(old.contains("13.4") && old.contains("at least 15"), "{old}");
    }
}
