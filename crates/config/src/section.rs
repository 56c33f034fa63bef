//! How one key is looked up: flag, `FERROBASE_…` variable, file, the original's variable, default.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::KeyPath;
use crate::config::Config;
use crate::document::{RENAMED_SECTIONS, Value, dotted};
use crate::error::{BadValue, ConfigError, Origin};
use crate::units::Rate;
use crate::value::Found;

/// A table of the configuration, whether or not the file has it.
#[derive(Debug, Clone)]
pub struct Section<'c> {
    config: &'c Config,
    path: KeyPath,
}

impl<'c> Section<'c> {
    pub(crate) fn new(config: &'c Config, path: KeyPath) -> Self {
        Self { config, path }
    }

    /// The key `name` of this section (dots lead into sub-tables).
    pub fn get(&self, name: &str) -> Key<'c> {
        let path = self.below(name);
        Key {
            config: self.config,
            section: self.path.clone(),
            paths: vec![path],
            variables: Vec::new(),
        }
    }

    /// The sub-table `name`, taken as one name even when it has dots in it.
    #[must_use]
    pub fn section(&self, name: &str) -> Section<'c> {
        let mut path = self.path.clone();
        path.push(name.to_owned());
        Section {
            config: self.config,
            path,
        }
    }

    /// Names of the sub-tables that the file has, sorted: `template` has `invite`, `recovery` …
    pub fn children(&self) -> Vec<String> {
        let depth = self.path.len();
        let tables = self.config.document().tables.iter();
        tables
            .filter(|path| path.len() == depth + 1 && path.starts_with(&self.path))
            .filter_map(|path| path.last().cloned())
            .collect()
    }

    /// Whether the file has this table.
    pub fn exists(&self) -> bool {
        self.path.is_empty() || self.config.document().tables.contains(&self.path)
    }

    /// The error for a value that has the right type but cannot be used: `section.invalid("otp_length", "6 to 10")`
    /// names the place that `key` came from.
    pub fn invalid(&self, key: &str, expected: impl Into<String>) -> ConfigError {
        match self.get(key).lookup() {
            Ok(Some(found)) => found.wrong(expected),
            Err(error) => error,
            Ok(None) => ConfigError::Value(Box::new(BadValue {
                origin: Origin::Default {
                    key: dotted(&self.below(key)),
                },
                expected: expected.into(),
                found: "nothing".to_owned(),
            })),
        }
    }

    fn below(&self, name: &str) -> KeyPath {
        let mut path = self.path.clone();
        path.extend(name.split('.').map(str::to_owned));
        path
    }
}

/// One key about to be read. Add old names and the original's variables, then end with the wanted type.
#[derive(Debug, Clone)]
#[must_use]
pub struct Key<'c> {
    config: &'c Config,
    section: KeyPath,
    /// The key, then its old names.
    paths: Vec<KeyPath>,
    /// The original's variables; `true` for those that mean the opposite.
    variables: Vec<(String, bool)>,
}

impl Key<'_> {
    /// Also read under this former name (in the same section); the new name wins.
    pub fn old_name(mut self, name: &str) -> Self {
        let mut path = self.section.clone();
        path.extend(name.split('.').map(str::to_owned));
        self.paths.push(path);
        self
    }

    /// Without a value so far, take the original service's environment variable (empty counts as unset).
    pub fn or_env(mut self, variable: &str) -> Self {
        self.variables.push((variable.to_owned(), false));
        self
    }

    /// Like [`Key::or_env`] for a boolean whose variable means the opposite (`GOTRUE_DISABLE_SIGNUP`). Only for [`Key::bool`].
    pub fn or_env_negated(mut self, variable: &str) -> Self {
        self.variables.push((variable.to_owned(), true));
        self
    }

    /// `true` or `false`.
    pub fn bool(self) -> Result<Option<bool>, ConfigError> {
        let Some(found) = self.filled()? else {
            return Ok(None);
        };
        let negated = match &found.origin {
            Origin::Variable { name, .. } => self
                .variables
                .iter()
                .any(|(variable, negated)| *negated && variable == name),
            _ => false,
        };
        found.boolean().map(|value| Some(value != negated))
    }

    /// Text.
    pub fn string(self) -> Result<Option<String>, ConfigError> {
        self.lookup()?.map(Found::text).transpose()
    }

    /// An integer from 0 to 65,535.
    pub fn u16(self) -> Result<Option<u16>, ConfigError> {
        self.filled()?
            .map(|found| found.integer(0, i128::from(u16::MAX)))
            .transpose()
    }

    /// An integer from 0 to 4,294,967,295.
    pub fn u32(self) -> Result<Option<u32>, ConfigError> {
        self.filled()?
            .map(|found| found.integer(0, i128::from(u32::MAX)))
            .transpose()
    }

    /// An integer from 0.
    pub fn u64(self) -> Result<Option<u64>, ConfigError> {
        self.filled()?
            .map(|found| found.integer(0, i128::from(u64::MAX)))
            .transpose()
    }

    /// An integer.
    pub fn i64(self) -> Result<Option<i64>, ConfigError> {
        self.filled()?
            .map(|found| found.integer(i128::from(i64::MIN), i128::from(i64::MAX)))
            .transpose()
    }

    /// How many of something may happen: a number per hour, or `count/duration`.
    pub fn rate(self) -> Result<Option<Rate>, ConfigError> {
        self.filled()?.map(Found::rate).transpose()
    }

    /// A duration in Go's syntax (`1h30m`, `5s`); bare integers are seconds.
    pub fn duration(self) -> Result<Option<Duration>, ConfigError> {
        self.filled()?.map(Found::duration).transpose()
    }

    /// A number of bytes: `50MiB`, `5MB` (both count in steps of 1024) or an integer.
    pub fn byte_size(self) -> Result<Option<u64>, ConfigError> {
        self.filled()?.map(Found::byte_size).transpose()
    }

    /// An array of strings; in a variable separated by commas, or a TOML array.
    pub fn string_list(self) -> Result<Option<Vec<String>>, ConfigError> {
        self.lookup()?.map(Found::text_list).transpose()
    }

    /// A table of strings; in a variable `key=value,key=value` (or with colons).
    pub fn string_map(self) -> Result<Option<BTreeMap<String, String>>, ConfigError> {
        if let Some(found) = self.strong_value() {
            return found.text_map().map(Some);
        }
        for path in &self.paths {
            if !self.config.document().tables.contains(path) {
                continue;
            }
            let mut map = BTreeMap::new();
            let leaves = self
                .config
                .document()
                .leaves
                .range(path.clone()..)
                .take_while(|(key, _)| key.starts_with(path));
            for key in leaves
                .map(|(key, _)| key)
                .filter(|key| key.len() == path.len() + 1)
            {
                if let (Some(found), Some(name)) = (self.config.file_value(key)?, key.last()) {
                    map.insert(name.clone(), found.map_entry()?);
                }
            }
            return Ok(Some(map));
        }
        self.lookup()?.map(Found::text_map).transpose()
    }

    /// Text that is one of `allowed`.
    pub fn one_of(self, allowed: &[&str]) -> Result<Option<String>, ConfigError> {
        self.lookup()?.map(|found| found.one_of(allowed)).transpose()
    }

    /// [`Key::bool`] with a default.
    pub fn bool_or(self, default: bool) -> Result<bool, ConfigError> {
        Ok(self.bool()?.unwrap_or(default))
    }

    /// [`Key::string`] with a default.
    pub fn string_or(self, default: &str) -> Result<String, ConfigError> {
        Ok(self.string()?.unwrap_or_else(|| default.to_owned()))
    }

    /// [`Key::u16`] with a default.
    pub fn u16_or(self, default: u16) -> Result<u16, ConfigError> {
        Ok(self.u16()?.unwrap_or(default))
    }

    /// [`Key::u32`] with a default.
    pub fn u32_or(self, default: u32) -> Result<u32, ConfigError> {
        Ok(self.u32()?.unwrap_or(default))
    }

    /// [`Key::u64`] with a default.
    pub fn u64_or(self, default: u64) -> Result<u64, ConfigError> {
        Ok(self.u64()?.unwrap_or(default))
    }

    /// [`Key::i64`] with a default.
    pub fn i64_or(self, default: i64) -> Result<i64, ConfigError> {
        Ok(self.i64()?.unwrap_or(default))
    }

    /// [`Key::duration`] with a default.
    pub fn duration_or(self, default: Duration) -> Result<Duration, ConfigError> {
        Ok(self.duration()?.unwrap_or(default))
    }

    /// [`Key::byte_size`] with a default, in bytes.
    pub fn byte_size_or(self, default: u64) -> Result<u64, ConfigError> {
        Ok(self.byte_size()?.unwrap_or(default))
    }

    /// [`Key::one_of`] with a default.
    pub fn one_of_or(self, allowed: &[&str], default: &str) -> Result<String, ConfigError> {
        Ok(self.one_of(allowed)?.unwrap_or_else(|| default.to_owned()))
    }

    /// Like `lookup`, but empty text counts as unset: for types that have no empty value.
    fn filled(&self) -> Result<Option<Found>, ConfigError> {
        let found = self.lookup()?;
        Ok(found.filter(|found| {
            let from_variable = matches!(
                found.origin,
                Origin::Variable { .. }
                    | Origin::File {
                        variable: Some(_),
                        ..
                    }
            );
            !(from_variable && matches!(&found.value, Value::Text(text) if text.trim().is_empty()))
        }))
    }

    /// The value by precedence. Every name of the key counts as read from now on, whichever wins.
    fn lookup(&self) -> Result<Option<Found>, ConfigError> {
        if let Some(found) = self.strong_value() {
            return Ok(Some(found));
        }
        for path in &self.paths {
            if let Some(found) = self.config.file_value(path)? {
                return Ok(Some(found));
            }
        }
        let key = dotted(&self.paths[0]);
        for (name, _) in &self.variables {
            if let Some(text) = self.config.env(name).filter(|text| !text.is_empty()) {
                let origin = Origin::Variable {
                    name: name.clone(),
                    key,
                };
                return Ok(Some(Found {
                    value: Value::Text(text.to_owned()),
                    origin,
                }));
            }
        }
        Ok(None)
    }

    /// What is stronger than the file.
    fn strong_value(&self) -> Option<Found> {
        self.config.mark_read(&self.paths);
        for path in &self.paths {
            let key = dotted(path);
            if let Some(text) = self.config.flag(&key) {
                return Some(Found {
                    value: Value::Text(text.to_owned()),
                    origin: Origin::Flag { key },
                });
            }
        }
        for name in self.paths.iter().flat_map(|path| variable_names(path)) {
            if let Some(text) = self.config.env(&name) {
                let origin = Origin::Variable {
                    name,
                    key: dotted(&self.paths[0]),
                };
                return Some(Found {
                    value: Value::Text(text.to_owned()),
                    origin,
                });
            }
        }
        None
    }
}

/// `FERROBASE_AUTH_SITE_URL` for `auth.site_url`, then the name under a renamed section's old name.
pub(crate) fn variable_names(path: &[String]) -> Vec<String> {
    let mut names = vec![variable_name(path)];
    for (old, new) in RENAMED_SECTIONS {
        if path.len() > 1 && path[0] == *new {
            let mut old_path = path.to_vec();
            (*old).clone_into(&mut old_path[0]);
            names.push(variable_name(&old_path));
        }
    }
    names
}

fn variable_name(path: &[String]) -> String {
    let mut name = String::from("FERROBASE");
    for part in path {
        name.push('_');
        name.extend(part.chars().map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        }));
    }
    name
}
