//! Operators and their values.

use winnow::Parser;
use winnow::error::EmptyError;

use crate::name::{delimiter, identifier, quoted};
use crate::source::{
    Outcome, Source, attempt, character, either, labelled, lexeme, maybe, not_followed_by, one, run_of,
    separated, text, word,
};
use crate::tree::{Comparison, Is, Operation, Quantifier, SimpleOperator, TextSearch};

/// Where a value stands, which decides where it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a parameter of its own: it goes on to the end.
    Root,
    /// In a logic tree: it ends at a comma or parenthesis, unless it is quoted.
    Tree,
}

pub(crate) const IN: &str = "in";
pub(crate) const IS: &str = "is";
pub(crate) const IS_DISTINCT: &str = "isdistinct";

/// In the order in which they are tried: a word before those that it begins with.
pub(crate) const COMPARISONS: &[(&str, Comparison)] = &[
    ("eq", Comparison::Equal),
    ("gte", Comparison::GreaterOrEqual),
    ("gt", Comparison::Greater),
    ("lte", Comparison::LessOrEqual),
    ("lt", Comparison::Less),
    ("like", Comparison::Like),
    ("ilike", Comparison::ILike),
    ("match", Comparison::Match),
    ("imatch", Comparison::IMatch),
];

pub(crate) const SIMPLE_OPERATORS: &[(&str, SimpleOperator)] = &[
    ("neq", SimpleOperator::NotEqual),
    ("cs", SimpleOperator::Contains),
    ("cd", SimpleOperator::ContainedBy),
    ("ov", SimpleOperator::Overlaps),
    ("sl", SimpleOperator::StrictlyLeft),
    ("sr", SimpleOperator::StrictlyRight),
    ("nxr", SimpleOperator::NotRight),
    ("nxl", SimpleOperator::NotLeft),
    ("adj", SimpleOperator::Adjacent),
];

pub(crate) const TEXT_SEARCHES: &[(&str, TextSearch)] = &[
    ("fts", TextSearch::Plain),
    ("plfts", TextSearch::Words),
    ("phfts", TextSearch::Phrase),
    ("wfts", TextSearch::Web),
];

pub(crate) const IS_VALUES: &[(&str, Is)] = &[
    ("null", Is::Null),
    ("not_null", Is::NotNull),
    ("true", Is::True),
    ("false", Is::False),
    ("unknown", Is::Unknown),
];

/// `[not.]operator.value`: whether it is negated, and the rest.
pub(crate) fn condition(source: &mut Source<'_>, place: Place) -> Outcome<(bool, Operation)> {
    let negated = maybe(attempt((text("not"), delimiter)))
        .parse_next(source)?
        .is_some();
    let operation = |source: &mut Source<'_>| {
        let special = either(
            is_in,
            either(is, |source: &mut Source<'_>| is_distinct(source, place)),
        );
        let search = attempt(|source: &mut Source<'_>| text_search(source, place));
        let simple = attempt(|source: &mut Source<'_>| simple(source, place));
        let compare = attempt(|source: &mut Source<'_>| compare(source, place));
        either(special, either(search, either(simple, compare))).parse_next(source)
    };
    let operation = labelled("operator (eq, gt, ...)", operation).parse_next(source)?;
    Ok((negated, operation))
}

fn is_in(source: &mut Source<'_>) -> Outcome<Operation> {
    attempt((text(IN), delimiter)).parse_next(source)?;
    lexeme(character('(')).parse_next(source)?;
    let elements = separated(element, character(',')).parse_next(source)?;
    lexeme(character(')')).parse_next(source)?;
    Ok(Operation::In(elements))
}

fn is(source: &mut Source<'_>) -> Outcome<Operation> {
    attempt((text(IS), delimiter)).parse_next(source)?;
    let value = |source: &mut Source<'_>| {
        for (wanted, value) in IS_VALUES {
            if attempt(in_any_case(wanted)).parse_next(source).is_ok() {
                return Ok(*value);
            }
        }
        Err(EmptyError)
    };
    labelled("isVal: (null, not_null, true, false, unknown)", value)
        .map(Operation::Is)
        .parse_next(source)
}

/// A word in letters of any case.
fn in_any_case<'t>(word: &'static str) -> impl Parser<Source<'t>, (), EmptyError> {
    move |source: &mut Source<'t>| {
        for wanted in word.chars() {
            one(|found| found.eq_ignore_ascii_case(&wanted), &[]).parse_next(source)?;
        }
        Ok(())
    }
}

fn is_distinct(source: &mut Source<'_>, place: Place) -> Outcome<Operation> {
    attempt((text(IS_DISTINCT), delimiter)).parse_next(source)?;
    value(source, place).map(Operation::IsDistinct)
}

fn text_search(source: &mut Source<'_>, place: Place) -> Outcome<Operation> {
    let kind = word(TEXT_SEARCHES).parse_next(source)?;
    let language = maybe(attempt((character('('), identifier, character(')')))).parse_next(source)?;
    delimiter(source)?;
    Ok(Operation::TextSearch {
        kind,
        language: language.map(|(_, language, _)| language.to_owned()),
        value: value(source, place)?,
    })
}

fn simple(source: &mut Source<'_>, place: Place) -> Outcome<Operation> {
    let operator = word(SIMPLE_OPERATORS).parse_next(source)?;
    delimiter(source)?;
    let value = value(source, place)?;
    Ok(Operation::Simple { operator, value })
}

fn compare(source: &mut Source<'_>, place: Place) -> Outcome<Operation> {
    let operator = word(COMPARISONS).parse_next(source)?;
    let any_or_all = either(
        attempt(text("any")).value(Quantifier::Any),
        text("all").value(Quantifier::All),
    );
    let quantifier = maybe(attempt((character('('), any_or_all, character(')')))).parse_next(source)?;
    delimiter(source)?;
    Ok(Operation::Compare {
        operator,
        quantifier: quantifier.map(|(_, quantifier, _)| quantifier),
        value: value(source, place)?,
    })
}

fn value(source: &mut Source<'_>, place: Place) -> Outcome<String> {
    match place {
        Place::Root => run_of(|_| true, &[]).map(str::to_owned).parse_next(source),
        Place::Tree => either(attempt(closed), either(attempt(array), raw)).parse_next(source),
    }
}

/// One element of `in`.
fn element(source: &mut Source<'_>) -> Outcome<String> {
    either(attempt(closed), raw).parse_next(source)
}

/// Everything up to a comma or parenthesis.
fn raw(source: &mut Source<'_>) -> Outcome<String> {
    run_of(is_inside, &[]).map(str::to_owned).parse_next(source)
}

/// A quoted value after which the value really ends; otherwise the quotes belong to it.
fn closed(source: &mut Source<'_>) -> Outcome<String> {
    let value = quoted(source)?;
    not_followed_by(is_inside, &[]).parse_next(source)?;
    Ok(value)
}

/// `{…}` without braces inside.
fn array(source: &mut Source<'_>) -> Outcome<String> {
    let ((), inside, ()) = (
        text("{"),
        run_of(|found| !matches!(found, '{' | '}'), &[]),
        text("}"),
    )
        .parse_next(source)?;
    Ok(format!("{{{inside}}}"))
}

fn is_inside(character: char) -> bool {
    !matches!(character, ',' | ')')
}
