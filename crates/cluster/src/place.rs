//! Where the data lives: in the project, or for root in the system's state folder with a pointer in the project.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use crate::{
    account::{Account, name_of},
    error::{ClusterError, io},
    files::{beside, open_dir, short_hash},
    options::ClusterOptions,
};

/// A data directory and the user it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) data_dir: PathBuf,
    pub(crate) account: Account,
}

impl Place {
    /// Decides where the data of `wanted` is, or shall be. Creates the folders above it, not the directory itself.
    pub(crate) fn resolve(wanted: &Path, options: &ClusterOptions) -> Result<Self, ClusterError> {
        let wanted = std::path::absolute(wanted).map_err(io("resolve", wanted))?;
        let parent = wanted.parent().unwrap_or(Path::new("/")).to_path_buf();
        fs::create_dir_all(&parent).map_err(io("create", &parent))?;
        let run_as = options.run_as.as_deref();
        let here = fs::metadata(&wanted).ok().filter(|_| !is_empty(&wanted));
        if let Some(metadata) = here {
            let account = Account::choose(Some(&metadata), run_as)?;
            return Self {
                data_dir: wanted,
                account,
            }
            .checked(&metadata);
        }
        let pointer = beside(&wanted, ".location");
        if let Some(elsewhere) = read_pointer(&pointer)? {
            return Self::elsewhere(elsewhere, run_as);
        }
        let account = Account::choose(None, run_as)?;
        if !account.switch || account.barred_from(&parent).is_none() {
            return Ok(Self {
                data_dir: wanted,
                account,
            });
        }
        let folder = format!("{}-{}", file_name_of(&options.project_id), short_hash(&wanted));
        let place = Self::elsewhere(options.state_dir.join(folder).join("pgdata"), run_as)?;
        tracing::info!(
            data_dir = %place.data_dir.display(),
            user = place.account.name,
            "the project folder is out of reach for the database's user, so its data goes to the state folder"
        );
        let text = format!("{}\n", place.data_dir.display());
        fs::write(&pointer, text).map_err(io("write", &pointer))?;
        Ok(place)
    }

    fn elsewhere(data_dir: PathBuf, run_as: Option<&str>) -> Result<Self, ClusterError> {
        let parent = data_dir.parent().unwrap_or(Path::new("/"));
        open_dir(parent).map_err(io("create", parent))?;
        let there = fs::metadata(&data_dir).ok().filter(|_| !is_empty(&data_dir));
        let account = Account::choose(there.as_ref(), run_as)?;
        if let Some(metadata) = there {
            return Self { data_dir, account }.checked(&metadata);
        }
        if account.switch
            && let Some(path) = account.barred_from(parent)
        {
            return Err(ClusterError::Unreachable {
                path,
                user: account.name,
            });
        }
        Ok(Self { data_dir, account })
    }

    /// Existing data must belong to the user that will serve it and be in that user's reach: say so before PostgreSQL
    /// does, which cannot say what to do.
    fn checked(self, data: &fs::Metadata) -> Result<Self, ClusterError> {
        if data.uid() != self.account.uid {
            let advice = if self.account.switch {
                format!("chown -R {} {}", self.account.name, self.data_dir.display())
            } else {
                "start as that user or as root".to_owned()
            };
            return Err(ClusterError::WrongOwner {
                owner: name_of(data.uid()),
                user: self.account.name,
                data_dir: self.data_dir,
                advice,
            });
        }
        if self.account.switch
            && let Some(path) = self.account.barred_from(&self.data_dir)
        {
            return Err(ClusterError::Unreachable {
                path,
                user: self.account.name,
            });
        }
        Ok(self)
    }
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_none())
}

fn read_pointer(pointer: &Path) -> Result<Option<PathBuf>, ClusterError> {
    match fs::read_to_string(pointer) {
        Ok(text) if Path::new(text.trim()).is_absolute() => Ok(Some(PathBuf::from(text.trim()))),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io("read", pointer)(error)),
    }
}

/// A project's name as a folder's name.
fn file_name_of(project_id: &str) -> String {
    let name: String = project_id
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        })
        .take(60)
        .collect();
    if name.is_empty() {
        "project".to_owned()
    } else {
        name
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn options(data_dir: &Path, state_dir: &Path) -> ClusterOptions {
        let mut options = ClusterOptions::new(data_dir, "my app/..", "secret".to_owned().into());
        options.state_dir = state_dir.to_path_buf();
        options
    }

    #[test]
    fn an_unreachable_project_points_to_the_state_folder() {
        let project = tempfile::tempdir().unwrap();
        let state = tempfile::tempdir().unwrap();
        fs::set_permissions(project.path(), fs::Permissions::from_mode(0o700)).unwrap();
        fs::set_permissions(state.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let wanted = project.path().join("pgdata");
        let options = options(&wanted, &state.path().join("ferrobase"));
        let place = Place::resolve(&wanted, &options).unwrap();
        if !place.account.switch {
            assert_eq!(place.data_dir, wanted);
            return;
        }
        assert!(place.data_dir.starts_with(state.path()), "{place:?}");
        assert!(
            place
                .data_dir
                .parent()
                .unwrap()
                .file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("my-app----")
        );
        let pointer = fs::read_to_string(project.path().join("pgdata.location")).unwrap();
        assert_eq!(Path::new(pointer.trim()), place.data_dir);
        assert_eq!(
            Place::resolve(&wanted, &options).unwrap().data_dir,
            place.data_dir
        );
    }

    #[test]
    fn data_of_root_is_refused() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let project = tempfile::tempdir().unwrap();
        fs::create_dir_all(project.path().join("pgdata/base")).unwrap();
        let wanted = project.path().join("pgdata");
        let error = Place::resolve(&wanted, &options(&wanted, project.path())).unwrap_err();
        assert!(error.to_string().contains("chown -R"), "{error}");
    }
}
