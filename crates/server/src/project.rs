//! The folder of a project's state and what is in it (design.md §3.3).

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ferrobase_jwt::{Clock, GivenKeys, ProjectKeys, Random};

use crate::error::StartError;
use crate::options::StartOptions;
use crate::state_file::state_dir;

/// The file of keys in a state folder.
pub fn keys_file(state: &Path) -> PathBuf {
    state.join("keys.json")
}

/// The state folder of one start.
#[derive(Debug)]
pub(crate) struct Project {
    /// `supabase/.ferrobase`.
    pub(crate) state: PathBuf,
    /// Folders that were made for an ephemeral run and go with it, innermost first.
    made: Vec<PathBuf>,
    /// Objects of an ephemeral run.
    ephemeral_blobs: Option<PathBuf>,
}

impl Project {
    /// Makes the folders, private to their owner.
    pub(crate) fn open(options: &StartOptions) -> Result<Self, StartError> {
        let state = state_dir(&options.workdir);
        let mut made = Vec::new();
        for folder in [options.workdir.join("supabase"), state.clone(), state.join("run")] {
            if make(&folder, &state)? && options.ephemeral {
                made.insert(0, folder);
            }
        }
        if !options.ephemeral {
            ignore(&state)?;
        }
        Ok(Self {
            state,
            made,
            ephemeral_blobs: None,
        })
    }

    /// Where the managed cluster's data goes.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.state.join("pgdata")
    }

    /// Where sockets go.
    pub(crate) fn run_dir(&self) -> PathBuf {
        self.state.join("run")
    }

    /// Where objects go: where the configuration says, in the state folder, or in one of its own that an ephemeral run leaves
    /// nothing of.
    pub(crate) fn blobs_dir(&mut self, options: &StartOptions, given: Option<&Path>) -> PathBuf {
        if let Some(given) = given {
            return given.to_owned();
        }
        if !options.ephemeral {
            return self.state.join("storage");
        }
        let folder = self
            .run_dir()
            .join(format!("storage-{}", ferrobase_jwt::Random.uuid()));
        self.ephemeral_blobs = Some(folder.clone());
        folder
    }

    /// Where keys are kept.
    pub(crate) fn keys_file(&self) -> PathBuf {
        keys_file(&self.state)
    }

    /// The project's keys: kept in `keys.json`, or random for an ephemeral run.
    pub(crate) fn keys(
        &self,
        given: &GivenKeys,
        ephemeral: bool,
        random: &Random,
        clock: &Clock,
    ) -> Result<ProjectKeys, StartError> {
        Ok(if ephemeral {
            ProjectKeys::random(given, random, clock)?
        } else {
            ProjectKeys::load_or_create(&self.keys_file(), given, random, clock)?
        })
    }
}

impl Drop for Project {
    /// Removes what an ephemeral run made, as far as nothing else was put there.
    fn drop(&mut self) {
        if let Some(folder) = &self.ephemeral_blobs {
            let _ = fs::remove_dir_all(folder);
        }
        for folder in &self.made {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Whether the folder was made by this call. Nobody but the owner may look into the state folder. For root, whose database
/// runs as another user, that user may pass through it.
fn make(folder: &Path, state: &Path) -> Result<bool, StartError> {
    let failed = |source| StartError::State {
        path: folder.to_owned(),
        source,
    };
    let is_private = folder.starts_with(state);
    let is_root = rustix::process::geteuid().is_root();
    let mut builder = fs::DirBuilder::new();
    if is_private {
        builder.mode(if is_root { 0o711 } else { 0o700 });
    }
    match builder.create(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && folder.is_dir() => {
            let mode = fs::metadata(folder).map_err(failed)?.permissions().mode() & 0o7777;
            let wanted = if is_root {
                (mode & !0o066) | 0o011
            } else {
                mode & !0o066
            };
            if is_private && mode != wanted {
                fs::set_permissions(folder, fs::Permissions::from_mode(wanted)).map_err(failed)?;
            }
            Ok(false)
        }
        Err(error) => Err(failed(error)),
    }
}

/// Keeps git out of the state folder.
fn ignore(state: &Path) -> Result<(), StartError> {
    let path = state.join(".gitignore");
    if path.exists() {
        return Ok(());
    }
    fs::write(&path, "*\n").map_err(|source| StartError::State { path, source })
}
