//! Names, paths into JSON values, and fields.

use winnow::Parser;
use winnow::error::EmptyError;

use crate::error::Expected;
use crate::source::{
    Outcome, Source, ahead, attempt, character, either, end, labelled, lexeme, maybe, not_followed_by, one,
    repeated, run_of, separated, some_of, text,
};
use crate::tree::{Field, JsonOperand, JsonStep};

const LETTER_OR_DIGIT: &[Expected] = &[Expected::Label("letter"), Expected::Label("digit")];

/// Characters of a bare name, except the dash. Haskell's `letter` leaves out some marks that Unicode counts as
/// alphabetic; taking them does no harm.
pub(crate) fn is_name_character(character: char) -> bool {
    character.is_alphabetic() || character.is_ascii_digit() || matches!(character, '_' | ' ' | '$')
}

/// A bare word, without the blanks around it.
pub(crate) fn identifier<'t>(source: &mut Source<'t>) -> Outcome<&'t str> {
    some_of(is_name_character, LETTER_OR_DIGIT)
        .parse_next(source)
        .map(str::trim)
}

/// `"…"`, in which a backslash keeps the next character as it is.
pub(crate) fn quoted(source: &mut Source<'_>) -> Outcome<String> {
    character('"').parse_next(source)?;
    let mut value = String::new();
    loop {
        value.push_str(run_of(|found| !matches!(found, '"' | '\\'), &[]).parse_next(source)?);
        if maybe(character('\\')).parse_next(source)?.is_none() {
            break;
        }
        value.push(one(|_| true, &[]).parse_next(source)?);
    }
    character('"').parse_next(source)?;
    Ok(value)
}

/// `parser` once, or several times with dashes between that do not begin an arrow.
fn dashed<'t>(
    mut parser: impl Parser<Source<'t>, &'t str, EmptyError>,
) -> impl Parser<Source<'t>, String, EmptyError> {
    move |source: &mut Source<'t>| {
        let mut name = parser.parse_next(source)?.to_owned();
        let next = |source: &mut Source<'t>| {
            attempt(dash).parse_next(source)?;
            parser.parse_next(source)
        };
        let each = |part| {
            name.push('-');
            name.push_str(part);
        };
        repeated(next, each).parse_next(source)?;
        Ok(name)
    }
}

fn dash(source: &mut Source<'_>) -> Outcome<()> {
    character('-').parse_next(source)?;
    not_followed_by(|found| found == '>', &[Expected::Character('>')]).parse_next(source)
}

/// The name of a column, a relation or an alias.
pub(crate) fn name(source: &mut Source<'_>) -> Outcome<String> {
    labelled(
        "field name (* or [a..z0..9_$])",
        either(quoted, dashed(identifier)),
    )
    .parse_next(source)
}

/// The dot between names, operators and values.
pub(crate) fn delimiter(source: &mut Source<'_>) -> Outcome<()> {
    one(|found| found == '.', &[Expected::Label("delimiter (.)")])
        .parse_next(source)
        .map(|_| ())
}

/// `->key`, `->>0`, …
fn json_path(source: &mut Source<'_>) -> Outcome<Vec<JsonStep>> {
    let mut path = Vec::new();
    repeated(json_step, |step| path.push(step)).parse_next(source)?;
    Ok(path)
}

fn json_step(source: &mut Source<'_>) -> Outcome<JsonStep> {
    let as_text =
        either(attempt(text("->>")).value(true), attempt(text("->")).value(false)).parse_next(source)?;
    let operand = either(attempt(json_index), attempt(json_key)).parse_next(source)?;
    Ok(JsonStep { as_text, operand })
}

/// Digits are an index only where nothing that could belong to a key follows. A closing parenthesis is not in the
/// original's list, so that `rel(data->0)` reads the key "0".
fn json_index(source: &mut Source<'_>) -> Outcome<JsonOperand> {
    const DIGIT: &[Expected] = &[Expected::Label("digit")];
    let negative = maybe(character('-')).parse_next(source)?.is_some();
    let digits = some_of(|found| found.is_ascii_digit(), DIGIT).parse_next(source)?;
    for follower in ["->", "::", ".", ","] {
        if attempt(ahead(text(follower))).parse_next(source).is_ok() {
            return Ok(index(negative, digits));
        }
    }
    end(source)?;
    Ok(index(negative, digits))
}

fn index(negative: bool, digits: &str) -> JsonOperand {
    let sign = if negative { "-" } else { "" };
    JsonOperand::Index(format!("{sign}{digits}"))
}

fn json_key(source: &mut Source<'_>) -> Outcome<JsonOperand> {
    let part = some_of(is_key_character, &[]).map(str::trim);
    labelled(
        "any non reserved character different from: .,>()",
        either(quoted, dashed(part)),
    )
    .map(JsonOperand::Key)
    .parse_next(source)
}

fn is_key_character(character: char) -> bool {
    !matches!(character, '(' | '-' | ':' | '.' | ',' | '>' | ')')
}

/// A column and the path into it, with blanks around.
pub(crate) fn field(source: &mut Source<'_>) -> Outcome<Field> {
    let bare = |source: &mut Source<'_>| {
        Ok(Field {
            name: name(source)?,
            path: json_path(source)?,
        })
    };
    lexeme(bare).parse_next(source)
}

/// The key of a filter, an order or a range: embeds, then the field.
pub(crate) fn tree_path(source: &mut Source<'_>) -> Outcome<(Vec<String>, Field)> {
    let mut names = separated(name, delimiter).parse_next(source)?;
    let path = json_path(source)?;
    let name = names.pop().unwrap_or_default();
    Ok((names, Field { name, path }))
}

/// `columns` and `on_conflict`.
pub(crate) fn names(source: &mut Source<'_>) -> Outcome<Vec<String>> {
    separated(name, lexeme(character(','))).parse_next(source)
}
