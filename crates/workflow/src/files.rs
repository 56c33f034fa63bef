//! What SQL a project's folder has.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use ferrobase_config::{Config, ConfigError};

use crate::error::WorkflowError;

/// The settings of a project's SQL (`db.migrations`, `db.seed`).
#[derive(Debug, Clone)]
pub struct WorkflowConfig {
    /// Migrations are applied (`db.migrations.enabled`).
    pub migrations: bool,
    /// Seeds are (`db.seed.enabled`).
    pub seeds: bool,
    /// Patterns of their files, below `supabase/` (`db.seed.sql_paths`).
    pub seed_paths: Vec<String>,
    /// The folder `supabase/`.
    folder: PathBuf,
}

impl WorkflowConfig {
    /// Reads the sections.
    pub fn load(config: &Config) -> Result<Self, ConfigError> {
        let section = config.section("db");
        let (migrations, seed) = (section.section("migrations"), section.section("seed"));
        Ok(Self {
            migrations: migrations.get("enabled").bool_or(true)?,
            seeds: seed.get("enabled").bool_or(true)?,
            seed_paths: seed
                .get("sql_paths")
                .string_list()?
                .unwrap_or_else(|| vec!["./seed.sql".to_owned()]),
            folder: config.workdir().join("supabase"),
        })
    }

    /// Where migrations are.
    pub fn migrations_folder(&self) -> PathBuf {
        self.folder.join("migrations")
    }
}

/// A file `<version>_<name>.sql`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Digits, as a rule fourteen of them: when it was made.
    pub version: String,
    /// What follows them.
    pub name: String,
    /// The file.
    pub path: PathBuf,
}

impl Migration {
    /// The file's name.
    pub fn file_name(&self) -> String {
        format!("{}_{}.sql", self.version, self.name)
    }
}

/// A file that fills a fresh database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// As the bookkeeping names it: `supabase/seed.sql`.
    pub name: String,
    /// The file.
    pub path: PathBuf,
}

/// Everything that a fresh database gets, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// `supabase/roles.sql`.
    pub roles: Option<PathBuf>,
    /// By version.
    pub migrations: Vec<Migration>,
    /// As the patterns come, and by name within each.
    pub seeds: Vec<Seed>,
    /// Files beside the migrations that are not named like one.
    pub ignored: Vec<String>,
}

impl Files {
    /// Looks at the folder. What the settings turn off is not there.
    pub fn read(config: &WorkflowConfig) -> Result<Self, WorkflowError> {
        let mut files = Self::default();
        let roles = config.folder.join("roles.sql");
        files.roles = roles.is_file().then_some(roles);
        if config.migrations {
            files.read_migrations(&config.migrations_folder())?;
        }
        if config.seeds {
            files.read_seeds(config)?;
        }
        Ok(files)
    }

    fn read_migrations(&mut self, folder: &Path) -> Result<(), WorkflowError> {
        let unreadable = |source| WorkflowError::File {
            path: folder.to_owned(),
            source,
        };
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(unreadable(error)),
        };
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let Some(name) = name.filter(|name| !name.starts_with('.') && !path.is_dir()) else {
                continue;
            };
            match parts(&name) {
                Some((version, name)) => self.migrations.push(Migration { version, name, path }),
                None => self.ignored.push(name),
            }
        }
        self.migrations
            .sort_by(|one, other| one.version.cmp(&other.version));
        self.ignored.sort();
        Ok(())
    }

    fn read_seeds(&mut self, config: &WorkflowConfig) -> Result<(), WorkflowError> {
        for pattern in &config.seed_paths {
            let below = pattern.trim_start_matches("./");
            let whole = config.folder.join(below);
            let failed = |reason: String| WorkflowError::Pattern {
                pattern: pattern.clone(),
                reason,
            };
            let found = glob::glob(&whole.to_string_lossy()).map_err(|error| failed(error.to_string()))?;
            for path in found {
                let path = path.map_err(|error| failed(error.to_string()))?;
                if path.is_file() && !self.seeds.iter().any(|seed| seed.path == path) {
                    let name = path.strip_prefix(&config.folder).unwrap_or(&path);
                    let name = format!("supabase/{}", name.display());
                    self.seeds.push(Seed { name, path });
                }
            }
        }
        Ok(())
    }
}

fn parts(name: &str) -> Option<(String, String)> {
    let (version, name) = name.strip_suffix(".sql")?.split_once('_')?;
    let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    is_version.then(|| (version.to_owned(), name.to_owned()))
}

/// The text of a file.
pub(crate) async fn text(path: &Path) -> Result<String, WorkflowError> {
    let failed = |source| WorkflowError::File {
        path: path.to_owned(),
        source,
    };
    let text = tokio::fs::read_to_string(path).await.map_err(failed)?;
    Ok(text
        .strip_prefix('\u{feff}')
        .map(ToOwned::to_owned)
        .unwrap_or(text))
}

/// What the bookkeeping remembers of a seed.
pub(crate) fn hash(text: &str) -> String {
    HEXLOWER.encode(digest(&SHA256, text.as_bytes()).as_ref())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_a_folder_has() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("supabase");
        fs::create_dir_all(folder.join("migrations")).unwrap();
        fs::create_dir_all(folder.join("seeds")).unwrap();
        for name in [
            "migrations/20240102000000_second.sql",
            "migrations/20240101000000_first_of_all.sql",
            "migrations/notes.sql",
            "migrations/.hidden",
            "seeds/b.sql",
            "seeds/a.sql",
            "seed.sql",
            "roles.sql",
        ] {
            fs::write(folder.join(name), "select 1").unwrap();
        }
        let config = WorkflowConfig {
            migrations: true,
            seeds: true,
            seed_paths: vec![
                "./seed.sql".to_owned(),
                "seeds/*.sql".to_owned(),
                "none.sql".to_owned(),
            ],
            folder,
        };
        let files = Files::read(&config).unwrap();
        let names: Vec<_> = files.migrations.iter().map(Migration::file_name).collect();
        assert_eq!(
            names,
            ["20240101000000_first_of_all.sql", "20240102000000_second.sql"]
        );
        assert_eq!(files.ignored, ["notes.sql"]);
        let seeds: Vec<_> = files.seeds.iter().map(|seed| seed.name.as_str()).collect();
        assert_eq!(
            seeds,
            [
                "supabase/seed.sql",
                "supabase/seeds/a.sql",
                "supabase/seeds/b.sql"
            ]
        );
        assert!(files.roles.is_some());
        let nothing = Files::read(&WorkflowConfig {
            migrations: false,
            seeds: false,
            ..config
        })
        .unwrap();
        assert_eq!((nothing.migrations.len(), nothing.seeds.len()), (0, 0));
    }
}
