//! What was expected where, collected and worded as Parsec does it: clients show these texts, and the original's tests
//! compare them.

/// A query string that does not follow the grammar (code PGRST100).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}: {details}")]
pub struct ParseError {
    /// Which text, and where in it: `"failed to parse filter (0)" (line 1, column 1)`.
    pub message: String,
    /// What stands there and what could: `unexpected X expecting A, B or C`.
    pub details: String,
}

impl ParseError {
    /// An error at byte `at` of `text`, of which `shown` is what the client sent.
    pub(crate) fn new(what: &str, shown: &str, text: &str, at: usize, details: String) -> Self {
        let (line, column) = line_and_column(text, at);
        Self {
            message: format!("\"failed to parse {what} ({shown})\" (line {line}, column {column})"),
            details,
        }
    }
}

/// Counted from one; a tab leads to the next stop of eight.
fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let (mut line, mut column) = (1, 1);
    for character in text.get(..at).unwrap_or(text).chars() {
        match character {
            '\n' => (line, column) = (line + 1, 1),
            '\t' => column += 8 - (column - 1) % 8,
            _ => column += 1,
        }
    }
    (line, column)
}

/// Something that could have stood there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expected {
    /// This character.
    Character(char),
    /// This text.
    Text(&'static str),
    /// Something with a name.
    Label(&'static str),
}

impl Expected {
    fn shown(self) -> String {
        match self {
            Self::Character(character) => quoted_in_text(character),
            Self::Text(text) => format!("\"{text}\""),
            Self::Label(label) => label.to_owned(),
        }
    }
}

/// One thing that is known about a place.
#[derive(Debug, Clone, Copy)]
enum Note {
    /// This character, or the end, is what did not fit.
    Found(Option<char>),
    /// This character fits, and must not.
    Unwanted(char),
    /// This would have fitted.
    Expected(Expected),
}

/// All that is known about the furthest place that was looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fault {
    at: usize,
    notes: Vec<Note>,
}

impl Fault {
    /// `found` stands at `at`, where one of `expected` would have fitted.
    pub(crate) fn found(at: usize, found: Option<char>, expected: &[Expected]) -> Self {
        let mut notes = vec![Note::Found(found)];
        notes.extend(expected.iter().copied().map(Note::Expected));
        Self { at, notes }
    }

    /// `unwanted` stands there and must not.
    pub(crate) fn unwanted(at: usize, unwanted: char) -> Self {
        Self {
            at,
            notes: vec![Note::Unwanted(unwanted)],
        }
    }

    /// Where it is.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Nothing is known.
    pub(crate) fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    /// Forgets everything: text was read, so that what was expected before it no longer counts.
    pub(crate) fn clear(&mut self) {
        self.notes.clear();
    }

    /// Adds what `other` knows: the further place wins, the same place has both.
    pub(crate) fn merge(&mut self, mut other: Self) {
        if other.notes.is_empty() {
            return;
        }
        if self.notes.is_empty() || self.at < other.at {
            *self = other;
        } else if self.at == other.at {
            self.notes.append(&mut other.notes);
        }
    }

    /// Whatever was expected is called `label` from now on.
    pub(crate) fn relabel(&mut self, label: &'static str) {
        self.notes.retain(|note| !matches!(note, Note::Expected(_)));
        self.notes.push(Note::Expected(Expected::Label(label)));
    }

    /// `unexpected X expecting A, B or C`.
    pub(crate) fn details(&self) -> String {
        let mut found = None;
        let mut unwanted = Vec::new();
        let mut expected = Vec::new();
        for note in &self.notes {
            match *note {
                Note::Found(character) => found = found.or(Some(character)),
                Note::Unwanted(character) => add(&mut unwanted, quoted_alone(character)),
                Note::Expected(what) => add(&mut expected, what.shown()),
            }
        }
        if unwanted.is_empty() && found == Some(None) {
            expected.retain(|what| what != END_OF_INPUT);
        }
        let unexpected = match found {
            _ if !unwanted.is_empty() => Some(alternatives(&unwanted)),
            Some(Some(character)) => Some(quoted_in_text(character)),
            Some(None) => Some(END_OF_INPUT.to_owned()),
            None => None,
        };
        let parts: Vec<String> = [
            unexpected.map(|what| format!("unexpected {what}")),
            (!expected.is_empty()).then(|| format!("expecting {}", alternatives(&expected))),
        ]
        .into_iter()
        .flatten()
        .collect();
        if parts.is_empty() {
            return "unknown parse error".to_owned();
        }
        parts.join(" ")
    }
}

/// How the end is called.
pub(crate) const END_OF_INPUT: &str = "end of input";

/// Each thing is named once, where it came first.
fn add(list: &mut Vec<String>, what: String) {
    if !list.contains(&what) {
        list.push(what);
    }
}

/// `A, B or C`
fn alternatives(list: &[String]) -> String {
    match list {
        [] => String::new(),
        [only] => only.clone(),
        [others @ .., final_one] => format!("{} or {final_one}", others.join(", ")),
    }
}

/// `"x"`: how Haskell shows a text of one character.
fn quoted_in_text(character: char) -> String {
    match character {
        '"' => "\"\\\"\"".to_owned(),
        _ => format!("\"{}\"", escaped(character)),
    }
}

/// `'x'`: how Haskell shows a character.
fn quoted_alone(character: char) -> String {
    match character {
        '\'' => "'\\''".to_owned(),
        _ => format!("'{}'", escaped(character)),
    }
}

/// Haskell's escapes: names for control characters, decimal numbers beyond ASCII.
fn escaped(character: char) -> String {
    const CONTROLS: [&str; 32] = [
        "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "a", "b", "t", "n", "v", "f", "r", "SO", "SI",
        "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS",
        "US",
    ];
    let code = u32::from(character);
    let control = usize::try_from(code).ok().and_then(|code| CONTROLS.get(code));
    match (control, character) {
        (Some(name), _) => format!("\\{name}"),
        (None, '\\') => "\\\\".to_owned(),
        (None, '\u{7f}') => "\\DEL".to_owned(),
        (None, ' '..='~') => character.to_string(),
        (None, _) => format!("\\{code}"),
    }
}
