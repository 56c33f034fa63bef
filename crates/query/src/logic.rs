//! Trees of conditions.

use winnow::Parser;

use crate::filter::{Place, condition};
use crate::name::{delimiter, field, name};
use crate::source::{
    Outcome, Source, attempt, character, deeper, either, labelled, lexeme, maybe, separated, text,
};
use crate::tree::{Connective, Filter, LogicTree};

pub(crate) const AND: &str = "and";
pub(crate) const OR: &str = "or";
pub(crate) const NOT: &str = "not";

/// A group or a condition.
pub(crate) fn tree(source: &mut Source<'_>) -> Outcome<LogicTree> {
    either(attempt(filter), group).parse_next(source)
}

fn filter(source: &mut Source<'_>) -> Outcome<LogicTree> {
    let field = field(source)?;
    delimiter(source)?;
    let (negated, operation) = condition(source, Place::Tree)?;
    Ok(LogicTree::Filter(Filter {
        field,
        negated,
        operation,
    }))
}

fn group(source: &mut Source<'_>) -> Outcome<LogicTree> {
    let negation = maybe(attempt((text(NOT), delimiter)));
    let negated = labelled("negation operator (not)", negation)
        .parse_next(source)?
        .is_some();
    let and_or_or = either(
        attempt(text(AND)).value(Connective::And),
        text(OR).value(Connective::Or),
    );
    let connective = labelled("logic operator (and, or)", and_or_or).parse_next(source)?;
    lexeme(character('(')).parse_next(source)?;
    let conditions = deeper(separated(tree, lexeme(character(',')))).parse_next(source)?;
    lexeme(character(')')).parse_next(source)?;
    Ok(LogicTree::Group {
        negated,
        connective,
        conditions,
    })
}

/// The key of a tree: embeds, and what stands before the parenthesis (`or`, `not.and`, …). `not` counts wherever it
/// stands.
pub(crate) fn logic_path(source: &mut Source<'_>) -> Outcome<(Vec<String>, String)> {
    let mut path = separated(name, delimiter).parse_next(source)?;
    let negated = path.iter().any(|name| name == NOT);
    let operator = path.pop().unwrap_or_default();
    path.retain(|name| name != NOT);
    let operator = if negated {
        format!("{NOT}.{operator}")
    } else {
        operator
    };
    Ok((path, operator))
}
