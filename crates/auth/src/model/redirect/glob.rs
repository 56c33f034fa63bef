//! The patterns of the redirect allow-list (auth.md 12.3): separators are `.` and `/`.
//!
//! A pattern becomes a small program for a machine that is in several states at once, so the time to match is bounded by the
//! length of the pattern times the length of the text, whatever the pattern.

use std::iter::Peekable;
use std::ops::RangeInclusive;
use std::str::Chars;

/// Longest pattern, in characters.
const LONGEST: usize = 1024;
/// Deepest nesting of braces.
const DEEPEST: usize = 8;

/// A parsed pattern.
#[derive(Debug, Clone)]
pub(crate) struct Glob {
    program: Vec<Step>,
}

#[derive(Debug, Clone)]
enum Step {
    /// This character.
    Char(char),
    /// Any character but a separator.
    NoSeparator,
    /// Any character.
    Any,
    /// One of these characters, or none of them.
    Class {
        negated: bool,
        ranges: Vec<RangeInclusive<char>>,
    },
    /// Go on at all of these places.
    Fork(Vec<usize>),
    /// Go on there.
    Jump(usize),
    /// The text matches if it ends here.
    Accept,
}

impl Step {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Char(own) => *own == c,
            Self::NoSeparator => c != '.' && c != '/',
            Self::Any => true,
            Self::Class { negated, ranges } => ranges.iter().any(|range| range.contains(&c)) != *negated,
            Self::Fork(_) | Self::Jump(_) | Self::Accept => false,
        }
    }
}

impl Glob {
    /// Reads a pattern: `*` any run without separators, `**` any run, `?` one character that is no separator, `[a-z]`, `[!a]`,
    /// `{one,other}`, `\` before a character that means itself. The error says what is wrong.
    pub(crate) fn parse(pattern: &str) -> Result<Self, &'static str> {
        if pattern.chars().count() > LONGEST {
            return Err("a pattern of at most 1024 characters");
        }
        let mut parser = Parser {
            rest: pattern.chars().peekable(),
            program: Vec::new(),
        };
        parser.sequence(0)?;
        parser.program.push(Step::Accept);
        Ok(Self {
            program: parser.program,
        })
    }

    /// Whether the whole of `text` matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let mut states = States::new(self.program.len());
        let mut next = States::new(self.program.len());
        self.enter(0, &mut states);
        for c in text.chars() {
            next.clear();
            for &at in &states.list {
                if self.program[at].takes(c) {
                    self.enter(at + 1, &mut next);
                }
            }
            std::mem::swap(&mut states, &mut next);
            if states.list.is_empty() {
                return false;
            }
        }
        states
            .list
            .iter()
            .any(|&at| matches!(self.program[at], Step::Accept))
    }

    /// Adds the state `at` and what it leads to without taking a character.
    fn enter(&self, at: usize, states: &mut States) {
        let mut pending = vec![at];
        while let Some(at) = pending.pop() {
            if std::mem::replace(&mut states.seen[at], true) {
                continue;
            }
            match &self.program[at] {
                Step::Fork(targets) => pending.extend(targets),
                Step::Jump(target) => pending.push(*target),
                _ => states.list.push(at),
            }
        }
    }
}

/// The places where the machine is at once.
struct States {
    list: Vec<usize>,
    seen: Vec<bool>,
}

impl States {
    fn new(len: usize) -> Self {
        Self {
            list: Vec::new(),
            seen: vec![false; len],
        }
    }

    fn clear(&mut self) {
        self.list.clear();
        self.seen.fill(false);
    }
}

struct Parser<'p> {
    rest: Peekable<Chars<'p>>,
    program: Vec<Step>,
}

impl Parser<'_> {
    /// Up to the end of the pattern, or inside braces up to `,` or `}`, which stay unread.
    fn sequence(&mut self, depth: usize) -> Result<(), &'static str> {
        while let Some(&c) = self.rest.peek() {
            if depth > 0 && (c == ',' || c == '}') {
                return Ok(());
            }
            self.rest.next();
            match c {
                '*' => self.run(),
                '?' => self.program.push(Step::NoSeparator),
                '[' => self.class()?,
                '{' => self.alternatives(depth + 1)?,
                '\\' => {
                    let literal = self
                        .rest
                        .next()
                        .ok_or("a pattern that does not end in a single \\")?;
                    self.program.push(Step::Char(literal));
                }
                other => self.program.push(Step::Char(other)),
            }
        }
        if depth > 0 {
            Err("a pattern in which every { is closed")
        } else {
            Ok(())
        }
    }

    fn run(&mut self) {
        let step = if self.rest.next_if_eq(&'*').is_some() {
            Step::Any
        } else {
            Step::NoSeparator
        };
        let start = self.program.len();
        self.program
            .extend([Step::Fork(vec![start + 1, start + 3]), step, Step::Jump(start)]);
    }

    fn class(&mut self) -> Result<(), &'static str> {
        const UNCLOSED: &str = "a pattern in which every [ is closed and not empty";
        let negated = self.rest.next_if_eq(&'!').is_some();
        let mut ranges = Vec::new();
        loop {
            let first = match self.rest.next().ok_or(UNCLOSED)? {
                ']' if ranges.is_empty() => return Err(UNCLOSED),
                ']' => break,
                '\\' => self.rest.next().ok_or(UNCLOSED)?,
                other => other,
            };
            let mut last = first;
            let mut ahead = self.rest.clone();
            if ahead.next() == Some('-') && ahead.next().is_some_and(|c| c != ']') {
                self.rest.next();
                last = self.rest.next().ok_or(UNCLOSED)?;
            }
            ranges.push(first..=last);
        }
        self.program.push(Step::Class { negated, ranges });
        Ok(())
    }

    fn alternatives(&mut self, depth: usize) -> Result<(), &'static str> {
        if depth > DEEPEST {
            return Err("a pattern with at most 8 braces inside each other");
        }
        let fork = self.program.len();
        self.program.push(Step::Fork(Vec::new()));
        let mut starts = Vec::new();
        let mut ends = Vec::new();
        loop {
            starts.push(self.program.len());
            self.sequence(depth)?;
            ends.push(self.program.len());
            self.program.push(Step::Jump(0));
            if self.rest.next() == Some('}') {
                break;
            }
        }
        let after = self.program.len();
        for end in ends {
            self.program[end] = Step::Jump(after);
        }
        self.program[fork] = Step::Fork(starts);
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Glob::parse(pattern).unwrap().matches(text)
    }

    #[test]
    fn every_construct() {
        let rows = [
            ("http://*.example.com/*", "http://a.example.com/x", true),
            ("http://*.example.com/*", "http://a.b.example.com/x", false),
            ("http://*.example.com/*", "http://a.example.com/x/y", false),
            ("http://*.example.com/*", "http://a.example.com/", true),
            ("http://**", "http://a.b/c.d?e=f", true),
            ("http://a/**/z", "http://a/b/c/z", true),
            ("http://a/?", "http://a/b", true),
            ("http://a/?", "http://a/.", false),
            ("http://a/?", "http://a/", false),
            ("a[b-d]e", "ace", true),
            ("a[b-d]e", "aee", false),
            ("a[!b]e", "ace", true),
            ("a[!b]e", "abe", false),
            ("a[xyz-]e", "a-e", true),
            ("{http,https}://a.b", "https://a.b", true),
            ("{http,https}://a.b", "ftp://a.b", false),
            ("http://{a,b{c,d}*}.e", "http://bdx.e", true),
            ("http://{a,}b", "http://b", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "axb", false),
            ("a,b}", "a,b}", true),
            ("", "", true),
            ("", "a", false),
        ];
        for (pattern, text, expected) in rows {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn unfinished_patterns_are_refused() {
        for bad in [
            "a[b",
            "a[]",
            "{a,b",
            "{",
            "a\\",
            "[a-",
            &"{".repeat(9),
            &"a".repeat(1025),
        ] {
            assert!(Glob::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn hostile_patterns_stay_fast() {
        let pattern = "**a".repeat(300);
        assert!(!matches(&pattern, &"a".repeat(299)));
        assert!(matches(&pattern, &"a".repeat(400)));
    }
}
