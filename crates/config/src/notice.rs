//! What a start reports about the configuration, once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::KeyPath;
use crate::config::Record;
use crate::document::{Document, Value, dotted};
use crate::known::{self, Effect};
use crate::section::variable_names;

/// How alike two names must be for "did you mean" (Jaro–Winkler, 0 to 1).
const ALIKE: f64 = 0.88;

/// The kind of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// Nobody knows this key, section or variable: most likely a slip.
    Unknown,
    /// A key of the Supabase CLI's file that has no effect here, or not yet.
    NotActedOn,
    /// A renamed key is given under both names.
    Renamed,
    /// A line of a `.env` file that is no `NAME=value`.
    Skipped,
}

/// One thing to report, one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What it is about.
    pub kind: NoticeKind,
    text: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Everything that is worth a line.
pub(crate) fn collect(
    file: &str,
    document: &Document,
    record: &Record,
    env: &BTreeMap<String, String>,
    skipped: &[String],
) -> Vec<Notice> {
    let read = &record.read;
    let names = Names::new(read);
    let mut unknown: BTreeMap<KeyPath, (usize, String)> = BTreeMap::new();
    let mut idle: BTreeMap<(&str, Effect), Vec<&KeyPath>> = BTreeMap::new();
    for (path, leaf) in &document.leaves {
        if read.contains(path)
            || read
                .iter()
                .any(|parent| parent.len() < path.len() && path.starts_with(parent))
            || path[0] == "remotes"
        {
            continue;
        }
        match known::find(path) {
            Some(_) if switched_off(document, path) => {}
            Some(group) => idle.entry((group.what, group.effect)).or_default().push(path),
            None => {
                let (bad, text) = names.complain(path);
                // A section is reported once, at its first key.
                let entry = unknown.entry(bad).or_insert((leaf.line, text));
                entry.0 = entry.0.min(leaf.line);
            }
        }
    }
    let mut lines: Vec<(usize, String)> = unknown.into_values().collect();
    lines.sort();
    let mut notices: Vec<Notice> = lines
        .into_iter()
        .map(|(line, text)| Notice {
            kind: NoticeKind::Unknown,
            text: format!("{file}:{line}: {text}"),
        })
        .collect();
    notices.extend(names.variables(env).into_iter().map(|text| Notice {
        kind: NoticeKind::Unknown,
        text,
    }));
    notices.extend(
        document
            .shadowed
            .iter()
            .chain(&record.shadowed)
            .map(|(line, old, new)| Notice {
                kind: NoticeKind::Renamed,
                text: format!(
                    "{file}:{line}: `{old}` is the old name of `{new}`; both are given, the new one counts"
                ),
            }),
    );
    notices.extend(idle.into_iter().map(|((what, effect), paths)| {
        let says = match effect {
            Effect::NotYet => "not acted on yet",
            Effect::Never => "has no effect",
        };
        Notice {
            kind: NoticeKind::NotActedOn,
            text: format!("{file}: {says} ({what}): {}", by_section(&paths)),
        }
    }));
    notices.extend(skipped.iter().map(|text| Notice {
        kind: NoticeKind::Skipped,
        text: text.clone(),
    }));
    notices
}

/// Whether a table around the key says `enabled = false`: then its other keys do nothing by wish.
fn switched_off(document: &Document, path: &[String]) -> bool {
    (1..path.len()).any(|depth| {
        let mut switch = path[..depth].to_vec();
        switch.push("enabled".to_owned());
        document
            .leaves
            .get(&switch)
            .is_some_and(|leaf| leaf.value == Value::Boolean(false))
    })
}

/// `[storage] enabled, file_size_limit; [storage.s3_protocol] enabled`
fn by_section(paths: &[&KeyPath]) -> String {
    let mut sections: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for path in paths {
        if let Some((last, section)) = path.split_last() {
            sections.entry(dotted(section)).or_default().push(last);
        }
    }
    let parts: Vec<String> = sections
        .into_iter()
        .map(|(section, keys)| {
            if section.is_empty() {
                keys.join(", ")
            } else {
                format!("[{section}] {}", keys.join(", "))
            }
        })
        .collect();
    parts.join("; ")
}

/// Every key that is known by name: those of the table and those that were asked for.
struct Names {
    paths: Vec<KeyPath>,
}

impl Names {
    fn new(read: &BTreeSet<KeyPath>) -> Self {
        let table = known::GROUPS
            .iter()
            .flat_map(|group| group.keys)
            .map(|key| key.split('.').map(str::to_owned).collect());
        Self {
            paths: table.chain(read.iter().cloned()).collect(),
        }
    }

    /// The part of `path` that nobody knows, and the sentence about it.
    fn complain(&self, path: &KeyPath) -> (KeyPath, String) {
        let depth = (0..path.len())
            .rev()
            .find(|depth| self.has_section(&path[..*depth]))
            .unwrap_or(0);
        let bad = path[..=depth].to_vec();
        let is_section = bad.len() < path.len();
        let suggestion = self.suggest(&path[..depth], &path[depth], is_section);
        let name = |path: &[String]| {
            if is_section {
                format!("[{}]", dotted(path))
            } else {
                format!("`{}`", dotted(path))
            }
        };
        let what = if is_section { "section" } else { "key" };
        let text = match suggestion {
            Some(better) => format!("unknown {what} {}, did you mean {}?", name(&bad), name(&better)),
            None => format!("unknown {what} {}", name(&bad)),
        };
        (bad, text)
    }

    fn has_section(&self, section: &[String]) -> bool {
        self.paths
            .iter()
            .any(|path| path.len() > section.len() && begins(path, section))
    }

    /// The most alike name in the same section, else the one other section that has exactly this key.
    fn suggest(&self, section: &[String], name: &str, is_section: bool) -> Option<KeyPath> {
        let siblings = self
            .paths
            .iter()
            .filter(|path| path.len() > section.len() && begins(path, section));
        let fitting = siblings
            .filter(|path| (path.len() > section.len() + 1) == is_section)
            .map(|path| &path[section.len()]);
        let best = fitting
            .filter(|candidate| *candidate != "*" && *candidate != "**")
            .map(|candidate| (strsim::jaro_winkler(candidate, name), candidate))
            .filter(|(likeness, _)| *likeness >= ALIKE)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, best)) = best {
            let mut path = section.to_vec();
            path.push(best.clone());
            return Some(path);
        }
        if is_section {
            return None;
        }
        let mut elsewhere: Vec<&KeyPath> = self
            .paths
            .iter()
            .filter(|path| {
                path.last().is_some_and(|last| last == name) && !path.iter().any(|part| part == "*")
            })
            .collect();
        elsewhere.sort();
        elsewhere.dedup();
        if let [only] = elsewhere[..] {
            Some(only.clone())
        } else {
            None
        }
    }

    /// `FERROBASE_…` variables that are nobody's but nearly somebody's. Others are left alone: they may belong to a newer
    /// version or to a tool around us.
    fn variables(&self, env: &BTreeMap<String, String>) -> Vec<String> {
        let ours: BTreeSet<String> = self
            .paths
            .iter()
            .filter(|path| !path.iter().any(|part| part.starts_with('*')))
            .flat_map(|path| variable_names(path))
            .collect();
        let given = env
            .keys()
            .filter(|name| name.starts_with("FERROBASE_") && !ours.contains(*name));
        given
            .filter_map(|name| {
                let near = ours
                    .iter()
                    .map(|own| (strsim::damerau_levenshtein(own, name), own))
                    .min()?;
                (near.0 <= 2)
                    .then(|| format!("unknown environment variable {name}, did you mean {}?", near.1))
            })
            .collect()
    }
}

/// Whether the pattern starts with these names; `*` stands for any one.
fn begins(pattern: &[String], names: &[String]) -> bool {
    names
        .iter()
        .zip(pattern)
        .all(|(name, part)| part == name || part == "*" || part == "**")
}
