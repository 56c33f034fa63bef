//! `X-Robots-Tag` as it may be stored (§5).

use crate::error::{Result, StorageError};

const PLAIN: [&str; 8] = [
    "all",
    "noindex",
    "nofollow",
    "none",
    "nosnippet",
    "indexifembedded",
    "notranslate",
    "noimageindex",
];

const WITH_VALUE: [&str; 4] = [
    "max-snippet",
    "max-image-preview",
    "max-video-preview",
    "unavailable_after",
];

/// Checks a list of rules, each of them perhaps behind the name of a robot.
pub fn check(text: &str) -> Result<()> {
    let rules = split(text.trim());
    if rules.is_empty() {
        return wrong("must be a non-empty string");
    }
    rules.into_iter().try_for_each(check_rule)
}

fn check_rule(mut rule: &str) -> Result<()> {
    loop {
        if rule.is_empty() {
            return wrong("contains an empty rule");
        }
        if PLAIN.contains(&rule) {
            return Ok(());
        }
        let Some((name, rest)) = rule.split_once(':') else {
            return wrong(&format!("has an unknown rule \"{rule}\""));
        };
        let rest = rest.trim();
        if WITH_VALUE.contains(&name) {
            return check_value(name, rest);
        }
        if rest.is_empty() {
            return wrong(&format!("has no rules for the user agent \"{}\"", name.trim()));
        }
        rule = rest;
    }
}

fn check_value(name: &str, value: &str) -> Result<()> {
    let is_right = match name {
        "max-image-preview" => matches!(value, "none" | "standard" | "large"),
        // Dates come in many forms, and a robot reads them: one has at least a digit.
        "unavailable_after" => value.bytes().any(|byte| byte.is_ascii_digit()),
        _ => value.parse::<i64>().is_ok_and(|number| number >= -1),
    };
    if is_right {
        return Ok(());
    }
    wrong(&format!("has a wrong value for \"{name}\": \"{value}\""))
}

/// Rules are separated by commas, but for those in a date. Nothing has to follow the last one.
fn split(text: &str) -> Vec<&str> {
    let (mut rules, mut left) = (Vec::new(), text);
    while !left.is_empty() {
        let (rule, rest) = left.split_at_checked(end_of_rule(left)).unwrap_or((left, ""));
        rules.push(rule.trim());
        left = rest.strip_prefix(',').unwrap_or(rest).trim();
    }
    rules
}

fn end_of_rule(text: &str) -> usize {
    let first = text.split(',').next().unwrap_or_default();
    let is_date = first.contains("unavailable_after:");
    text.match_indices(',')
        .find(|(at, _)| !is_date || text.get(at + 1..).is_some_and(begins_rule))
        .map_or(text.len(), |(at, _)| at)
}

/// Whether what comes behind a comma is a rule and not the rest of a date.
fn begins_rule(text: &str) -> bool {
    let text = text.trim_start();
    let is_end = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let word = text.split(is_end).next().unwrap_or_default();
    let is_name = word.starts_with(|c: char| c.is_ascii_alphabetic());
    PLAIN.contains(&word) || (is_name && text.get(word.len()..).is_some_and(|rest| rest.starts_with(':')))
}

fn wrong(what: &str) -> Result<()> {
    Err(StorageError::InvalidRobots(format!(
        "Invalid X-Robots-Tag header: it {what}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        for text in [
            "none",
            "noindex, nofollow",
            "noindex,",
            "googlebot: noindex",
            "googlebot: noindex, otherbot: nofollow",
            "a: b: noindex",
            "max-snippet:-1",
            "max-snippet: 5, max-video-preview:0, max-image-preview: large",
            "unavailable_after: 25 Jun 2030 15:00:00 PST",
            "unavailable_after: Tue, 25 Jun 2030 15:00:00 GMT, noindex",
            "googlebot: unavailable_after: Tue, 25 Jun 2030 15:00:00 GMT",
        ] {
            assert!(check(text).is_ok(), "{text}");
        }
        for text in [
            "",
            " ",
            "bogus",
            "NOINDEX",
            ",",
            "noindex,,nofollow",
            "noindex, bogus",
            "googlebot:",
            "googlebot: bogus",
            "max-snippet:-2",
            "max-snippet:",
            "max-video-preview:x",
            "max-image-preview:huge",
            "unavailable_after: some day",
            "unavailable_after: 25 Jun 2030 15:00:00 GMT, max-snippet:x",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
