//! `select`.

use winnow::Parser;
use winnow::error::EmptyError;

use crate::error::Expected;
use crate::name::{field, identifier, name};
use crate::source::{
    Outcome, Source, ahead, attempt, character, deeper, either, end, lexeme, maybe, not_followed_by,
    separated, text,
};
use crate::tree::{Aggregate, Embed, Join, SelectField, SelectItem};

/// `item,item`, perhaps none.
pub(crate) fn items(source: &mut Source<'_>) -> Outcome<Vec<SelectItem>> {
    let some = separated(item, lexeme(character(',')));
    Ok(maybe(some).parse_next(source)?.unwrap_or_default())
}

fn item(source: &mut Source<'_>) -> Outcome<SelectItem> {
    let spread = |source: &mut Source<'_>| embedded(source, spread_head).map(SelectItem::Spread);
    let embed = |source: &mut Source<'_>| embedded(source, embed_head).map(SelectItem::Embed);
    either(spread, either(embed, plain)).parse_next(source)
}

/// What `head` reads, then items in parentheses.
fn embedded(source: &mut Source<'_>, head: fn(&mut Source<'_>) -> Outcome<Embed>) -> Outcome<Embed> {
    let mut embed = attempt(lexeme(head)).parse_next(source)?;
    character('(').parse_next(source)?;
    embed.items = deeper(items).parse_next(source)?;
    character(')').parse_next(source)?;
    Ok(embed)
}

/// `...target!hint!inner`
fn spread_head(source: &mut Source<'_>) -> Outcome<Embed> {
    text("...").parse_next(source)?;
    let target = name(source)?;
    after_target(source, None, target)
}

/// `alias:target!hint!inner`
fn embed_head(source: &mut Source<'_>) -> Outcome<Embed> {
    let alias = alias(source)?;
    let target = name(source)?;
    // count() is an aggregate, so that no relation of this name can be embedded.
    if target == "count" {
        return Err(EmptyError);
    }
    after_target(source, alias, target)
}

fn after_target(source: &mut Source<'_>, alias: Option<String>, target: String) -> Outcome<Embed> {
    let first = maybe(parameter).parse_next(source)?;
    let second = maybe(parameter).parse_next(source)?;
    attempt(ahead(text("("))).parse_next(source)?;
    let mut embed = Embed {
        alias,
        target,
        hint: None,
        join: None,
        items: Vec::new(),
    };
    for parameter in [first, second].into_iter().flatten() {
        match parameter {
            Parameter::Hint(hint) => embed.hint = embed.hint.or(Some(hint)),
            Parameter::Join(join) => embed.join = embed.join.or(Some(join)),
        }
    }
    Ok(embed)
}

enum Parameter {
    Hint(String),
    Join(Join),
}

fn parameter(source: &mut Source<'_>) -> Outcome<Parameter> {
    character('!').parse_next(source)?;
    let join = either(
        attempt(text("left")).value(Join::Left),
        attempt(text("inner")).value(Join::Inner),
    );
    either(join.map(Parameter::Join), attempt(name).map(Parameter::Hint)).parse_next(source)
}

/// `alias:`, but not the first half of a cast.
fn alias(source: &mut Source<'_>) -> Outcome<Option<String>> {
    let separator = not_followed_by(|found| found == ':', &[Expected::Character(':')]);
    let alias = attempt((name, character(':'), separator)).map(|(name, _, ())| name);
    maybe(alias).parse_next(source)
}

/// `*`, `count()` or a field.
fn plain(source: &mut Source<'_>) -> Outcome<SelectItem> {
    let star = attempt((text("*"), item_end)).value(SelectItem::Star);
    let count = attempt(count).map(SelectItem::Field);
    lexeme(either(star, either(count, column.map(SelectItem::Field)))).parse_next(source)
}

fn count(source: &mut Source<'_>) -> Outcome<SelectField> {
    let alias = alias(source)?;
    text("count()").parse_next(source)?;
    let aggregate_cast = cast(source)?;
    item_end(source)?;
    Ok(SelectField {
        alias,
        field: None,
        cast: None,
        aggregate: Some(Aggregate::Count),
        aggregate_cast,
    })
}

fn column(source: &mut Source<'_>) -> Outcome<SelectField> {
    let select = SelectField {
        alias: alias(source)?,
        field: Some(field(source)?),
        cast: cast(source)?,
        aggregate: maybe(attempt(aggregate)).parse_next(source)?,
        aggregate_cast: cast(source)?,
    };
    item_end(source)?;
    Ok(select)
}

/// `::type`
fn cast(source: &mut Source<'_>) -> Outcome<Option<String>> {
    let cast = (text("::"), identifier).map(|((), name)| name.to_owned());
    maybe(cast).parse_next(source)
}

/// `.sum()`
fn aggregate(source: &mut Source<'_>) -> Outcome<Aggregate> {
    character('.').parse_next(source)?;
    let total = either(
        text("sum").value(Aggregate::Sum),
        either(
            text("avg").value(Aggregate::Avg),
            text("count").value(Aggregate::Count),
        ),
    );
    // Only these two begin alike, and the original tries again only here, which errors show.
    let extreme = either(
        attempt(text("max")).value(Aggregate::Max),
        attempt(text("min")).value(Aggregate::Min),
    );
    let aggregate = either(total, extreme).parse_next(source)?;
    text("()").parse_next(source)?;
    Ok(aggregate)
}

fn item_end(source: &mut Source<'_>) -> Outcome<()> {
    let closing = attempt(ahead(text(")")));
    let comma = attempt(ahead(text(",")));
    either(closing, either(comma, end)).parse_next(source)
}
