//! From a looked-up value to the type that a key wants. Text is accepted where a number or a boolean is wanted: values from the
//! environment are always text, and the Supabase CLI reads quoted numbers too.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::document::{Value, parse_value};
use crate::error::{BadValue, ConfigError, Origin};
use crate::units::{Rate, parse_byte_size, parse_duration, parse_rate};

/// Longest part of a wrong value that an error shows.
const SHOWN: usize = 60;

/// A value and where it came from; `env(NAME)` is already replaced.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

impl Found {
    /// The error "… must be `expected`, found …".
    pub(crate) fn wrong(self, expected: impl Into<String>) -> ConfigError {
        let found = describe(&self.value, self.origin.key());
        ConfigError::Value(Box::new(BadValue {
            origin: self.origin,
            expected: expected.into(),
            found,
        }))
    }

    pub(crate) fn boolean(self) -> Result<bool, ConfigError> {
        match &self.value {
            Value::Boolean(boolean) => return Ok(*boolean),
            Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "t" => return Ok(true),
                "false" | "0" | "f" => return Ok(false),
                _ => {}
            },
            _ => {}
        }
        Err(self.wrong("true or false"))
    }

    /// An integer within `min..=max`.
    pub(crate) fn integer<T: TryFrom<i128>>(self, min: i128, max: i128) -> Result<T, ConfigError> {
        let number = match &self.value {
            Value::Integer(number) => Some(*number),
            Value::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        match number
            .filter(|number| (min..=max).contains(number))
            .and_then(|number| T::try_from(number).ok())
        {
            Some(number) => Ok(number),
            None => Err(self.wrong(format!("an integer from {min} to {max}"))),
        }
    }

    pub(crate) fn text(self) -> Result<String, ConfigError> {
        match self.value {
            Value::Text(text) => Ok(text),
            _ => Err(self.wrong("a string")),
        }
    }

    pub(crate) fn one_of(self, allowed: &[&str]) -> Result<String, ConfigError> {
        match &self.value {
            Value::Text(text) if allowed.contains(&text.as_str()) => Ok(text.clone()),
            _ => {
                let list: Vec<String> = allowed.iter().map(|word| format!("\"{word}\"")).collect();
                Err(self.wrong(format!("one of {}", list.join(", "))))
            }
        }
    }

    pub(crate) fn duration(self) -> Result<Duration, ConfigError> {
        let duration = match &self.value {
            Value::Integer(seconds) => u64::try_from(*seconds).ok().map(Duration::from_secs),
            Value::Text(text) => parse_duration(text),
            _ => None,
        };
        duration
            .ok_or_else(|| self.wrong("a duration such as \"30s\" or \"1h30m\" (a bare number is seconds)"))
    }

    pub(crate) fn rate(self) -> Result<Rate, ConfigError> {
        let rate = match &self.value {
            Value::Integer(count) => u32::try_from(*count).ok().map(Rate::hourly),
            Value::Text(text) => parse_rate(text),
            _ => None,
        };
        rate.ok_or_else(|| {
            self.wrong("a number per hour, or one such as \"10/5m\": ten, and another every five minutes")
        })
    }

    pub(crate) fn byte_size(self) -> Result<u64, ConfigError> {
        let bytes = match &self.value {
            Value::Integer(bytes) => u64::try_from(*bytes).ok(),
            Value::Text(text) => parse_byte_size(text),
            _ => None,
        };
        bytes.ok_or_else(|| self.wrong("a size such as \"50MiB\" or a number of bytes"))
    }

    /// An array of strings; text is split at commas, or read as an array when it starts with `[`.
    pub(crate) fn text_list(self) -> Result<Vec<String>, ConfigError> {
        const EXPECTED: &str = "an array of strings";
        let items = match &self.value {
            Value::List(items) => Some(items.clone()),
            Value::Text(text) if text.trim_start().starts_with('[') => match parse_value(text.trim()) {
                Some(Value::List(items)) => Some(items),
                _ => None,
            },
            Value::Text(text) => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                return Ok(parts.map(str::to_owned).collect());
            }
            _ => None,
        };
        let texts = items.and_then(|items| {
            items
                .into_iter()
                .map(|item| {
                    if let Value::Text(text) = item {
                        Some(text)
                    } else {
                        None
                    }
                })
                .collect::<Option<Vec<_>>>()
        });
        texts.ok_or_else(|| self.wrong(EXPECTED))
    }

    /// `key:value` or `key=value` pairs separated by commas (tables of the file are read by the caller, entry by entry).
    pub(crate) fn text_map(self) -> Result<BTreeMap<String, String>, ConfigError> {
        if let Value::Text(text) = &self.value {
            let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
            let map: Option<BTreeMap<String, String>> = pairs
                .map(|pair| {
                    pair.split_once(['=', ':'])
                        .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
                })
                .collect();
            if let Some(map) = map {
                return Ok(map);
            }
        }
        Err(self.wrong("a table of strings (in a variable: key=value,key=value)"))
    }

    /// One entry of a table of strings; numbers count as text because an unquoted code is an easy slip with one meaning.
    pub(crate) fn map_entry(self) -> Result<String, ConfigError> {
        match self.value {
            Value::Text(text) => Ok(text),
            Value::Integer(number) => Ok(number.to_string()),
            _ => Err(self.wrong("a string")),
        }
    }
}

/// A value in an error message: what it is, shortened; the text of a secret is not shown.
fn describe(value: &Value, key: &str) -> String {
    match value {
        Value::Text(text) if is_secret(key) && !text.is_empty() => {
            "something else (not shown, it is a secret)".to_owned()
        }
        Value::Text(text) => {
            let short: String = text.chars().take(SHOWN).collect();
            let more = if short.len() < text.len() { "…" } else { "" };
            format!("{short:?}{more}")
        }
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(boolean) => boolean.to_string(),
        Value::List(_) => "an array".to_owned(),
        Value::Other(what) => (*what).to_owned(),
    }
}

fn is_secret(key: &str) -> bool {
    ["secret", "secrets", "pass", "password", "token", "_key", "_keys"]
        .iter()
        .any(|end| key.ends_with(end))
}
