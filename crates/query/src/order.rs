//! `order`.

use winnow::Parser;

use crate::name::{delimiter, field, name};
use crate::source::{
    Outcome, Source, ahead, attempt, character, either, end, lexeme, maybe, separated, text,
};
use crate::tree::{Direction, Nulls, OrderTerm};

/// `term,term`
pub(crate) fn order(source: &mut Source<'_>) -> Outcome<Vec<OrderTerm>> {
    let term = either(attempt(related), own);
    separated(lexeme(term), character(',')).parse_next(source)
}

fn own(source: &mut Source<'_>) -> Outcome<OrderTerm> {
    let field = field(source)?;
    let (direction, nulls) = ending(source)?;
    Ok(OrderTerm {
        relation: None,
        field,
        direction,
        nulls,
    })
}

fn related(source: &mut Source<'_>) -> Outcome<OrderTerm> {
    let relation = name(source)?;
    let (_, field, _) = (character('('), field, character(')')).parse_next(source)?;
    let (direction, nulls) = ending(source)?;
    Ok(OrderTerm {
        relation: Some(relation),
        field,
        direction,
        nulls,
    })
}

fn ending(source: &mut Source<'_>) -> Outcome<(Option<Direction>, Option<Nulls>)> {
    let direction = either(
        attempt((delimiter, text("asc"))).value(Direction::Ascending),
        attempt((delimiter, text("desc"))).value(Direction::Descending),
    );
    let direction = maybe(direction).parse_next(source)?;
    let nulls = either(
        attempt((delimiter, text("nullsfirst"))).value(Nulls::First),
        attempt((delimiter, text("nullslast"))).value(Nulls::Last),
    );
    let nulls = (maybe(nulls), term_end).map(|(nulls, ())| nulls);
    let nulls = either(nulls, term_end.value(None)).parse_next(source)?;
    Ok((direction, nulls))
}

fn term_end(source: &mut Source<'_>) -> Outcome<()> {
    either(attempt(ahead(character(','))), end).parse_next(source)
}
