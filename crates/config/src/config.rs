//! Loading: the file, the `.env` files, the environment, the flags.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::document::{Document, Value};
use crate::error::{ConfigError, Origin};
use crate::notice::{self, Notice};
use crate::section::Section;
use crate::value::Found;
use crate::{KeyPath, dotenv};

/// `.env` files, strongest first, relative to the project folder.
const DOTENV_FILES: [&str; 4] = ["supabase/.env.local", "supabase/.env", ".env.local", ".env"];

/// Where to load from.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// The project folder, the one that holds `supabase/`.
    pub workdir: PathBuf,
    /// The process environment.
    pub env: BTreeMap<String, String>,
    /// Values from the command line: dotted key and text. The last one wins.
    pub flags: Vec<(String, String)>,
}

impl LoadOptions {
    /// The environment of this process and no flags. Variables that are not UTF-8 are left out.
    pub fn from_process(workdir: impl Into<PathBuf>) -> Self {
        let env = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self {
            workdir: workdir.into(),
            env,
            flags: Vec::new(),
        }
    }
}

/// A loaded configuration. Cheap to clone; clones share the record of which keys were read.
#[derive(Clone)]
pub struct Config {
    inner: Arc<Inner>,
}

impl fmt::Debug for Config {
    // Neither the environment nor the file's values: both hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("path", &self.inner.path)
            .finish_non_exhaustive()
    }
}

struct Inner {
    workdir: PathBuf,
    path: Option<PathBuf>,
    /// The file as messages name it.
    shown: String,
    document: Document,
    env: BTreeMap<String, String>,
    flags: BTreeMap<String, String>,
    /// Lines of `.env` files that could not be used.
    skipped: Vec<String>,
    record: Mutex<Record>,
}

/// What services have asked for so far.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// Every key that was asked for, under all of its names.
    pub(crate) read: BTreeSet<KeyPath>,
    /// Keys given under an old name although the new one is there too: line, old, new.
    pub(crate) shadowed: BTreeSet<(usize, String, String)>,
}

impl Config {
    /// Reads `<workdir>/supabase/config.toml` if it is there, and the `.env` files.
    pub fn load(options: &LoadOptions) -> Result<Self, ConfigError> {
        let path = options.workdir.join("supabase").join("config.toml");
        let shown = show(&path);
        let text = read_if_there(&path)?;
        let document = match &text {
            Some(text) => Document::parse(text, &shown)?,
            None => Document::default(),
        };
        let mut env = options.env.clone();
        let mut skipped = Vec::new();
        for name in DOTENV_FILES {
            let file = options.workdir.join(name);
            let Some(text) = read_if_there(&file)? else {
                continue;
            };
            let parsed = dotenv::parse(&text, &env);
            // Within one file the last line of a name counts; across files the stronger file was read first.
            let pairs: BTreeMap<String, String> = parsed.pairs.into_iter().collect();
            for (name, value) in pairs {
                env.entry(name).or_insert(value);
            }
            skipped.extend(
                parsed
                    .skipped_lines
                    .iter()
                    .map(|line| format!("{}:{line}: not NAME=value, line skipped", show(&file))),
            );
        }
        Ok(Self::build(
            options.workdir.clone(),
            text.map(|_| path),
            shown,
            document,
            env,
            &options.flags,
            skipped,
        ))
    }

    /// The built-in defaults: no file, no environment.
    pub fn defaults() -> Self {
        Self::build(
            PathBuf::from("."),
            None,
            show(Path::new("supabase/config.toml")),
            Document::default(),
            BTreeMap::new(),
            &[],
            Vec::new(),
        )
    }

    /// The text of a `config.toml`, without any environment (for tests).
    pub fn from_toml_str(text: &str) -> Result<Self, ConfigError> {
        Self::from_toml_str_with_env(text, &[])
    }

    /// The text of a `config.toml` with an environment (for tests).
    pub fn from_toml_str_with_env(text: &str, env: &[(&str, &str)]) -> Result<Self, ConfigError> {
        let path = PathBuf::from("supabase/config.toml");
        let shown = show(&path);
        let document = Document::parse(text, &shown)?;
        let env = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Ok(Self::build(
            PathBuf::from("."),
            Some(path),
            shown,
            document,
            env,
            &[],
            Vec::new(),
        ))
    }

    fn build(
        workdir: PathBuf,
        path: Option<PathBuf>,
        shown: String,
        document: Document,
        env: BTreeMap<String, String>,
        flags: &[(String, String)],
        skipped: Vec<String>,
    ) -> Self {
        let flags = flags.iter().cloned().collect();
        let inner = Inner {
            workdir,
            path,
            shown,
            document,
            env,
            flags,
            skipped,
            record: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The table `path` (`auth.email`); an empty path is the top of the file.
    pub fn section(&self, path: &str) -> Section<'_> {
        let path = if path.is_empty() {
            Vec::new()
        } else {
            path.split('.').map(str::to_owned).collect()
        };
        Section::new(self, path)
    }

    /// The file that was read, if there is one.
    pub fn path(&self) -> Option<&Path> {
        self.inner.path.as_deref()
    }

    /// The project folder.
    pub fn workdir(&self) -> &Path {
        &self.inner.workdir
    }

    /// A file that a key names: as is when absolute, else in `supabase/` or, when it is only there, in the project folder
    /// (the Supabase CLI has used both as the base over time).
    pub fn resolve_path(&self, path: impl AsRef<Path>) -> PathBuf {
        let in_supabase = self.inner.workdir.join("supabase").join(path.as_ref());
        let in_workdir = self.inner.workdir.join(path.as_ref());
        if !in_supabase.exists() && in_workdir.exists() {
            in_workdir
        } else {
            in_supabase
        }
    }

    /// An environment variable, from the process or a `.env` file.
    pub fn env(&self, name: &str) -> Option<&str> {
        self.inner.env.get(name).map(String::as_str)
    }

    /// All environment variables, from the process and `.env` files.
    pub fn variables(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.inner
            .env
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
    }

    /// What the person should know, after every section was read: unknown keys, keys without effect, skipped lines.
    pub fn notices(&self) -> Vec<Notice> {
        notice::collect(
            &self.inner.shown,
            &self.inner.document,
            &self.record(),
            &self.inner.env,
            &self.inner.skipped,
        )
    }

    pub(crate) fn document(&self) -> &Document {
        &self.inner.document
    }

    pub(crate) fn flag(&self, key: &str) -> Option<&str> {
        self.inner.flags.get(key).map(String::as_str)
    }

    /// Notes that a key was asked for; `paths` are its names, the current one first.
    pub(crate) fn mark_read(&self, paths: &[KeyPath]) {
        let mut record = self.record();
        for path in paths {
            if !record.read.contains(path) {
                record.read.insert(path.clone());
            }
        }
        let mut given = paths
            .iter()
            .filter_map(|path| self.inner.document.leaves.get(path));
        if let Some(winner) = given.next() {
            for loser in given {
                record
                    .shadowed
                    .insert((loser.line, loser.written.clone(), winner.written.clone()));
            }
        }
    }

    /// The value that the file gives `path`, with `env(NAME)` replaced.
    pub(crate) fn file_value(&self, path: &KeyPath) -> Result<Option<Found>, ConfigError> {
        let Some(leaf) = self.inner.document.leaves.get(path) else {
            return Ok(None);
        };
        self.mark_read(std::slice::from_ref(path));
        let mut variable = None;
        let value = self.interpolate(&leaf.value, leaf.line, &leaf.written, &mut variable)?;
        let origin = Origin::File {
            file: self.inner.shown.clone(),
            line: leaf.line,
            key: leaf.written.clone(),
            variable,
        };
        Ok(Some(Found { value, origin }))
    }

    fn interpolate(
        &self,
        value: &Value,
        line: usize,
        key: &str,
        used: &mut Option<String>,
    ) -> Result<Value, ConfigError> {
        match value {
            Value::Text(text) => {
                let Some(name) = text.strip_prefix("env(").and_then(|rest| rest.strip_suffix(')')) else {
                    return Ok(value.clone());
                };
                let name = name.trim();
                let Some(text) = self.env(name) else {
                    let (file, key, variable) = (self.inner.shown.clone(), key.to_owned(), name.to_owned());
                    return Err(ConfigError::MissingVariable {
                        file,
                        line,
                        key,
                        variable,
                    });
                };
                *used = Some(name.to_owned());
                Ok(Value::Text(text.to_owned()))
            }
            Value::List(items) => {
                let items = items
                    .iter()
                    .map(|item| self.interpolate(item, line, key, used))
                    .collect::<Result<_, _>>()?;
                Ok(Value::List(items))
            }
            _ => Ok(value.clone()),
        }
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        // The sets are only ever inserted into, so a panic elsewhere cannot have left them half changed.
        self.inner.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read_if_there(path: &Path) -> Result<Option<String>, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ConfigError::Read {
            file: path.to_owned(),
            source,
        }),
    }
}

/// A path as messages name it: without a leading `./`.
fn show(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}
