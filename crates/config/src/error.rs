//! What can be wrong with a configuration, told to the person who wrote it.

use std::fmt;
use std::path::PathBuf;

/// A configuration that cannot be used. The text is one line, names the place and says what was expected.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file is there but cannot be read.
    #[error("cannot read {}: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{file}:{line}:{column}: {message}")]
    Syntax {
        /// The file, as shown to a person.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// A value of the wrong type or out of range.
    #[error(transparent)]
    Value(Box<BadValue>),
    /// `env(NAME)` names a variable that is not set.
    #[error("{file}:{line}: `{key}` is env({variable}), but the environment variable {variable} is not set")]
    MissingVariable {
        /// The file, as shown to a person.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The dotted key.
        key: String,
        /// The variable.
        variable: String,
    },
    /// Values that are fine on their own but not together, or a file they name that cannot be used.
    #[error("{0}")]
    Conflict(String),
}

impl ConfigError {
    /// An error about several values together (`message` is one line and names the keys).
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::Conflict(message.into())
    }
}

/// One wrong value: where it stands, what it should be, what it is.
#[derive(Debug, thiserror::Error)]
#[error("{origin} must be {expected}, found {found}")]
pub struct BadValue {
    /// Where the value came from.
    pub origin: Origin,
    /// What would have been right.
    pub expected: String,
    /// What is there.
    pub found: String,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A line of the file.
    File {
        /// The file, as shown to a person.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The dotted key as it is written there.
        key: String,
        /// The variable that `env(NAME)` took the value from.
        variable: Option<String>,
    },
    /// An environment variable.
    Variable {
        /// Its name.
        name: String,
        /// The dotted key that it sets.
        key: String,
    },
    /// The command line.
    Flag {
        /// The dotted key that the flag sets.
        key: String,
    },
    /// Nothing sets it: the built-in default.
    Default {
        /// The dotted key.
        key: String,
    },
}

impl Origin {
    /// The dotted key.
    pub fn key(&self) -> &str {
        match self {
            Self::File { key, .. }
            | Self::Variable { key, .. }
            | Self::Flag { key }
            | Self::Default { key } => key,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File {
                file,
                line,
                key,
                variable: None,
            } => write!(f, "{file}:{line}: `{key}`"),
            Self::File {
                file,
                line,
                key,
                variable: Some(variable),
            } => write!(f, "{file}:{line}: `{key}` (from env({variable}))"),
            Self::Variable { name, key } => write!(f, "environment variable {name} (`{key}`)"),
            Self::Flag { key } => write!(f, "command line: `{key}`"),
            Self::Default { key } => write!(f, "`{key}` (default)"),
        }
    }
}
