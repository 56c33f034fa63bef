//! `conformance/floor.json`: how many cases passed at least once; it only rises.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// The entry of one service.
#[derive(Debug)]
pub(crate) struct Floor {
    /// Groups of cases that count; none where all do.
    pub(crate) groups: Vec<String>,
    /// Fewest cases that have to pass.
    pub(crate) least: u64,
    /// Cases that are wrong themselves, with the reason.
    pub(crate) exceptions: BTreeMap<String, String>,
}

impl Floor {
    /// Reads the entry of `service`.
    pub(crate) fn read(file: &Path, service: &str) -> Result<Self> {
        let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
        let all: Value = serde_json::from_slice(&bytes).with_context(|| file.display().to_string())?;
        let entry = all
            .get(service)
            .with_context(|| format!("{}: no entry {service}", file.display()))?;
        let groups = entry.get("groups").and_then(Value::as_array);
        let exceptions = entry.get("exceptions").and_then(Value::as_object);
        Ok(Self {
            groups: groups
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            least: entry.get("floor").and_then(Value::as_u64).context("floor")?,
            exceptions: exceptions
                .into_iter()
                .flatten()
                .map(|(id, reason)| (id.clone(), reason.as_str().unwrap_or_default().to_owned()))
                .collect(),
        })
    }

    /// Raises the floor; a lower number changes nothing.
    pub(crate) fn raise(&mut self, passed: u64) {
        if passed > self.least {
            println!("floor: {} -> {passed}", self.least);
            self.least = passed;
        }
    }

    /// Writes the entry of `service` back.
    pub(crate) fn write(&self, file: &Path, service: &str) -> Result<()> {
        let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
        let mut all: Value = serde_json::from_slice(&bytes)?;
        if let Some(entry) = all.get_mut(service).and_then(Value::as_object_mut) {
            entry.insert("floor".to_owned(), json!(self.least));
        }
        let text = format!("{}\n", serde_json::to_string_pretty(&all)?);
        std::fs::write(file, text).with_context(|| file.display().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_only_rises() {
        let mut floor = Floor {
            groups: Vec::new(),
            least: 10,
            exceptions: BTreeMap::new(),
        };
        floor.raise(9);
        assert_eq!(floor.least, 10);
        floor.raise(12);
        assert_eq!(floor.least, 12);
    }
}
