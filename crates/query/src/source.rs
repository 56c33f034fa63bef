//! What the grammar is made of: winnow parsers with Parsec's rules for choice and for errors.
//!
//! Parsec's `<|>` gives up as soon as an alternative has read something, unless that was wrapped in `try`; winnow's `alt`
//! always goes on. Here a failed parser leaves the input where it stopped, so that "has it read something" is a question
//! about positions, and [`attempt`] puts it back. What was expected where is collected in [`Trace`], also by parsers that
//! succeed. Since that costs, [`run`] collects nothing at first and reads a text again only once it is known to be wrong.

use std::mem;

use winnow::Parser;
use winnow::error::EmptyError;
use winnow::stream::{LocatingSlice, Location, Stateful, Stream};
use winnow::token::{any, literal, take_while};

use crate::error::{END_OF_INPUT, Expected, Fault, ParseError};

/// How deep embeds and groups of conditions may be nested. Deeper queries are of no use, but would use up the stack.
pub const DEEPEST: usize = 64;

/// The text that is read.
pub(crate) type Source<'t> = Stateful<LocatingSlice<&'t str>, Trace>;

/// What a parser gives; what was wrong is in the [`Trace`].
pub(crate) type Outcome<O> = Result<O, EmptyError>;

/// What is remembered while a text is read.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    recording: bool,
    fault: Fault,
    depth: usize,
    too_deep: bool,
}

impl Trace {
    /// Text was read.
    fn advanced(&mut self) {
        self.fault.clear();
    }

    /// Keeps what is known for later; while nothing is recorded there is nothing to keep.
    fn saved(&self) -> Fault {
        if self.recording {
            self.fault.clone()
        } else {
            Fault::default()
        }
    }

    fn note(&mut self, fault: impl FnOnce() -> Fault) {
        if self.recording {
            self.fault.merge(fault());
        }
    }
}

/// Reads `text` by `parser`. An error names `what` was read and shows `shown`.
pub(crate) fn run<'t, O>(
    what: &str,
    shown: &str,
    text: &'t str,
    mut parser: impl Parser<Source<'t>, O, EmptyError>,
) -> Result<O, ParseError> {
    let mut read = |recording| {
        let mut source = Source {
            input: LocatingSlice::new(text),
            state: Trace {
                recording,
                ..Trace::default()
            },
        };
        parser
            .parse_next(&mut source)
            .map_err(|_| (source.current_token_start(), source.state))
    };
    let (at, trace) = match read(false).or_else(|_| read(true)) {
        Ok(value) => return Ok(value),
        Err(failed) => failed,
    };
    let (at, details) = if trace.too_deep {
        (at, format!("nested deeper than {DEEPEST} levels"))
    } else {
        (trace.fault.at(), trace.fault.details())
    };
    Err(ParseError::new(what, shown, text, at, details))
}

/// Runs `parser` one level deeper. To be called when the opening parenthesis has been read, so that no alternative is
/// tried after it fails.
pub(crate) fn deeper<'t, O>(
    mut parser: impl Parser<Source<'t>, O, EmptyError>,
) -> impl Parser<Source<'t>, O, EmptyError> {
    move |source: &mut Source<'t>| {
        if source.state.depth == DEEPEST {
            source.state.too_deep = true;
            return Err(EmptyError);
        }
        source.state.depth += 1;
        let value = parser.parse_next(source)?;
        source.state.depth -= 1;
        Ok(value)
    }
}

fn missed(source: &mut Source<'_>, expected: &[Expected]) {
    let (at, found) = (source.current_token_start(), source.peek_token());
    source.state.note(|| Fault::found(at, found, expected));
}

/// One character that `accepts` takes; `expected` is what errors call it.
pub(crate) fn one<'t>(
    accepts: impl Fn(char) -> bool,
    expected: &'static [Expected],
) -> impl Parser<Source<'t>, char, EmptyError> {
    move |source: &mut Source<'t>| match source.peek_token() {
        Some(character) if accepts(character) => {
            source.next_token();
            source.state.advanced();
            Ok(character)
        }
        _ => {
            missed(source, expected);
            Err(EmptyError)
        }
    }
}

/// This character.
pub(crate) fn character<'t>(wanted: char) -> impl Parser<Source<'t>, char, EmptyError> {
    move |source: &mut Source<'t>| {
        let result: Outcome<char> = literal(wanted).value(wanted).parse_next(source);
        match result {
            Ok(_) => source.state.advanced(),
            Err(_) => missed(source, &[Expected::Character(wanted)]),
        }
        result
    }
}

/// The longest run of characters that `accepts` takes, perhaps none.
pub(crate) fn run_of<'t>(
    accepts: impl Fn(char) -> bool,
    expected: &'static [Expected],
) -> impl Parser<Source<'t>, &'t str, EmptyError> {
    move |source: &mut Source<'t>| {
        let found: &'t str = take_while(0.., &accepts).parse_next(source)?;
        if !found.is_empty() {
            source.state.advanced();
        }
        missed(source, expected);
        Ok(found)
    }
}

/// The longest run of characters that `accepts` takes, at least one.
pub(crate) fn some_of<'t>(
    accepts: impl Fn(char) -> bool,
    expected: &'static [Expected],
) -> impl Parser<Source<'t>, &'t str, EmptyError> {
    let mut parser = run_of(accepts, expected);
    move |source: &mut Source<'t>| match parser.parse_next(source)? {
        "" => Err(EmptyError),
        found => Ok(found),
    }
}

/// This text. As in Parsec, a text that begins rightly and goes on wrongly counts as read, but the error stands at its
/// beginning.
pub(crate) fn text<'t>(wanted: &'static str) -> impl Parser<Source<'t>, (), EmptyError> {
    move |source: &mut Source<'t>| {
        let result: Outcome<&'t str> = literal(wanted).parse_next(source);
        if result.is_ok() {
            source.state.advanced();
            return Ok(());
        }
        let at = source.current_token_start();
        let rest: &'t str = source.input.peek_finish();
        let same = rest
            .chars()
            .zip(wanted.chars())
            .take_while(|(left, right)| left == right)
            .count();
        if same > 0 {
            let _: Outcome<char> = any.parse_next(source);
            source.state.advanced();
        }
        source
            .state
            .note(|| Fault::found(at, rest.chars().nth(same), &[Expected::Text(wanted)]));
        Err(EmptyError)
    }
}

/// One of these words, tried in this order; gives what it stands for.
pub(crate) fn word<'t, V: Copy>(
    words: &'static [(&'static str, V)],
) -> impl Parser<Source<'t>, V, EmptyError> {
    move |source: &mut Source<'t>| {
        for (wanted, value) in words {
            if attempt(text(wanted)).parse_next(source).is_ok() {
                return Ok(*value);
            }
        }
        Err(EmptyError)
    }
}

/// The next character must be none that `accepts` takes; nothing is read.
pub(crate) fn not_followed_by<'t>(
    accepts: impl Fn(char) -> bool,
    expected: &'static [Expected],
) -> impl Parser<Source<'t>, (), EmptyError> {
    move |source: &mut Source<'t>| match source.peek_token() {
        Some(character) if accepts(character) => {
            // Behind the character, since the original has read it by then.
            let at = source.current_token_start() + character.len_utf8();
            source.state.note(|| Fault::unwanted(at, character));
            Err(EmptyError)
        }
        _ => {
            missed(source, expected);
            Ok(())
        }
    }
}

/// The end of the text.
pub(crate) fn end(source: &mut Source<'_>) -> Outcome<()> {
    let at = source.current_token_start();
    match source.peek_token() {
        Some(character) => {
            source.state.note(|| {
                let mut fault = Fault::unwanted(at, character);
                fault.relabel(END_OF_INPUT);
                fault
            });
            Err(EmptyError)
        }
        None => {
            missed(source, &[Expected::Label(END_OF_INPUT)]);
            Ok(())
        }
    }
}

/// `parser`, which counts as not having read anything when it fails.
pub(crate) fn attempt<'t, O>(
    mut parser: impl Parser<Source<'t>, O, EmptyError>,
) -> impl Parser<Source<'t>, O, EmptyError> {
    move |source: &mut Source<'t>| {
        let (start, at) = (source.checkpoint(), source.current_token_start());
        let before = source.state.saved();
        let result = parser.parse_next(source);
        if result.is_err() && source.current_token_start() != at {
            source.reset(&start);
            let inner = mem::replace(&mut source.state.fault, before);
            source.state.fault.merge(inner);
        }
        result
    }
}

/// `first`, or `second` if `first` fails without having read anything.
pub(crate) fn either<'t, O>(
    mut first: impl Parser<Source<'t>, O, EmptyError>,
    mut second: impl Parser<Source<'t>, O, EmptyError>,
) -> impl Parser<Source<'t>, O, EmptyError> {
    move |source: &mut Source<'t>| {
        let start = source.current_token_start();
        match first.parse_next(source) {
            Err(_) if source.current_token_start() == start => second.parse_next(source),
            result => result,
        }
    }
}

/// `parser`, or nothing if it fails without having read anything.
pub(crate) fn maybe<'t, O>(
    parser: impl Parser<Source<'t>, O, EmptyError>,
) -> impl Parser<Source<'t>, Option<O>, EmptyError> {
    either(parser.map(Some), |_: &mut Source<'t>| Ok(None))
}

/// `parser` again and again, until it fails without having read anything.
pub(crate) fn repeated<'t, O>(
    mut parser: impl Parser<Source<'t>, O, EmptyError>,
    mut each: impl FnMut(O),
) -> impl Parser<Source<'t>, (), EmptyError> {
    move |source: &mut Source<'t>| {
        loop {
            let start = source.current_token_start();
            match parser.parse_next(source) {
                Ok(value) => {
                    each(value);
                    // The original forgets here what a round that succeeded would have taken besides.
                    source.state.advanced();
                }
                Err(_) if source.current_token_start() == start => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

/// One or more of `item`, with `separator` between them.
pub(crate) fn separated<'t, O, S>(
    mut item: impl Parser<Source<'t>, O, EmptyError>,
    mut separator: impl Parser<Source<'t>, S, EmptyError>,
) -> impl Parser<Source<'t>, Vec<O>, EmptyError> {
    move |source: &mut Source<'t>| {
        let mut items = vec![item.parse_next(source)?];
        let next = |source: &mut Source<'t>| {
            separator.parse_next(source)?;
            item.parse_next(source)
        };
        repeated(next, |value| items.push(value)).parse_next(source)?;
        Ok(items)
    }
}

/// Looks whether `parser` would succeed, without reading.
pub(crate) fn ahead<'t, O>(
    mut parser: impl Parser<Source<'t>, O, EmptyError>,
) -> impl Parser<Source<'t>, (), EmptyError> {
    move |source: &mut Source<'t>| {
        let start = source.checkpoint();
        let before = source.state.saved();
        parser.parse_next(source)?;
        source.reset(&start);
        source.state.fault = before;
        Ok(())
    }
}

/// `parser`; what it expects at its beginning is called `label`.
pub(crate) fn labelled<'t, O>(
    label: &'static str,
    mut parser: impl Parser<Source<'t>, O, EmptyError>,
) -> impl Parser<Source<'t>, O, EmptyError> {
    move |source: &mut Source<'t>| {
        let start = source.current_token_start();
        let before = mem::take(&mut source.state.fault);
        let result = parser.parse_next(source);
        if source.current_token_start() != start {
            return result;
        }
        let mut inner = mem::replace(&mut source.state.fault, before);
        if !inner.is_empty() {
            inner.relabel(label);
        }
        source.state.fault.merge(inner);
        result
    }
}

/// `parser` with blanks around it.
pub(crate) fn lexeme<'t, O>(
    mut parser: impl Parser<Source<'t>, O, EmptyError>,
) -> impl Parser<Source<'t>, O, EmptyError> {
    move |source: &mut Source<'t>| {
        let is_blank = |character| matches!(character, ' ' | '\t');
        run_of(is_blank, &[]).parse_next(source)?;
        let value = parser.parse_next(source)?;
        run_of(is_blank, &[]).parse_next(source)?;
        Ok(value)
    }
}
