//! The way back: trees as text that is read as the same tree.
//!
//! A few trees have no text, because the grammar has none: an embed whose target is called `count`, the path element
//! `not` above a logic tree, empty lists, and an index at the end of the last field inside parentheses.

use std::fmt::{self, Display, Formatter, Write as _};
use std::mem;

use crate::filter::{COMPARISONS, IN, IS, IS_DISTINCT, IS_VALUES, Place, SIMPLE_OPERATORS, TEXT_SEARCHES};
use crate::logic::{AND, NOT, OR};
use crate::name::is_name_character;
use crate::pairs;
use crate::query::{COLUMNS, LIMIT, OFFSET, ON_CONFLICT, ORDER, SELECT, is_reserved};
use crate::tree::{
    Aggregate, Connective, Direction, Embed, Field, Filter, Join, JsonOperand, JsonStep, Located, LogicTree,
    Nulls, Operation, OrderTerm, Quantifier, QueryString, SelectField, SelectItem,
};

/// The word that stands for a value; every value has one.
fn word_of<V: PartialEq>(words: &'static [(&'static str, V)], value: &V) -> &'static str {
    words
        .iter()
        .find(|(_, other)| other == value)
        .map_or("", |(word, _)| word)
}

/// Writes things with commas between.
fn list<T: Display>(f: &mut Formatter<'_>, items: &[T]) -> fmt::Result {
    for (number, item) in items.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        write!(f, "{comma}{item}")?;
    }
    Ok(())
}

/// Text in quotes.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            if matches!(character, '"' | '\\') {
                f.write_char('\\')?;
            }
            f.write_char(character)?;
        }
        f.write_char('"')
    }
}

/// A name, in quotes where it needs them.
struct Name<'a>(&'a str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let is_bare = |part: &str| !part.is_empty() && part.chars().all(|c| c != ' ' && is_name_character(c));
        if !is_reserved(self.0) && self.0.split('-').all(is_bare) {
            f.write_str(self.0)
        } else {
            Quoted(self.0).fmt(f)
        }
    }
}

impl Display for JsonStep {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(if self.as_text { "->>" } else { "->" })?;
        match &self.operand {
            JsonOperand::Index(index) => f.write_str(index),
            // Digits would be an index.
            JsonOperand::Key(key) if key.starts_with(|c: char| c.is_ascii_digit()) => Quoted(key).fmt(f),
            JsonOperand::Key(key) => Name(key).fmt(f),
        }
    }
}

impl Display for Field {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Name(&self.name).fmt(f)?;
        self.path.iter().try_for_each(|step| step.fmt(f))
    }
}

impl Display for SelectItem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Star => f.write_char('*'),
            Self::Field(field) => field.fmt(f),
            Self::Embed(embed) => embed.fmt(f),
            Self::Spread(embed) => write!(f, "...{embed}"),
        }
    }
}

impl Display for SelectField {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(alias) = &self.alias {
            write!(f, "{}:", Name(alias))?;
        }
        if let Some(field) = &self.field {
            field.fmt(f)?;
        }
        if let Some(cast) = &self.cast {
            write!(f, "::{cast}")?;
        }
        if let Some(aggregate) = &self.aggregate {
            let dot = if self.field.is_some() { "." } else { "" };
            write!(f, "{dot}{aggregate}()")?;
        }
        if let Some(cast) = &self.aggregate_cast {
            write!(f, "::{cast}")?;
        }
        Ok(())
    }
}

impl Display for Aggregate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Count => "count",
            Self::Max => "max",
            Self::Min => "min",
        })
    }
}

impl Display for Embed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(alias) = &self.alias {
            write!(f, "{}:", Name(alias))?;
        }
        Name(&self.target).fmt(f)?;
        match &self.hint {
            // The beginning would be read as the kind of join.
            Some(hint) if hint.starts_with("left") || hint.starts_with("inner") => {
                write!(f, "!{}", Quoted(hint))?;
            }
            Some(hint) => write!(f, "!{}", Name(hint))?,
            None => {}
        }
        f.write_str(match self.join {
            Some(Join::Inner) => "!inner(",
            Some(Join::Left) => "!left(",
            None => "(",
        })?;
        list(f, &self.items)?;
        f.write_char(')')
    }
}

/// A value as it stands in a place.
struct Value<'a>(&'a str, Place);

impl Display for Value<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(text, place) = *self;
        let would_end = || text.contains([',', ')']) || text.starts_with(['"', '{']);
        if place == Place::Tree && would_end() {
            Quoted(text).fmt(f)
        } else {
            f.write_str(text)
        }
    }
}

/// One element of `in`.
struct Element<'a>(&'a str);

impl Display for Element<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // Blanks after the opening parenthesis would be dropped.
        if self.0.contains([',', ')']) || self.0.starts_with(['"', ' ', '\t']) {
            Quoted(self.0).fmt(f)
        } else {
            f.write_str(self.0)
        }
    }
}

/// `[not.]operator.value` as it stands in a place.
struct Condition<'a>(&'a Filter, Place);

impl Display for Condition<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(filter, place) = *self;
        if filter.negated {
            write!(f, "{NOT}.")?;
        }
        match &filter.operation {
            Operation::Compare {
                operator,
                quantifier,
                value,
            } => {
                let quantifier = match quantifier {
                    Some(Quantifier::Any) => "(any)",
                    Some(Quantifier::All) => "(all)",
                    None => "",
                };
                let operator = word_of(COMPARISONS, operator);
                write!(f, "{operator}{quantifier}.{}", Value(value, place))
            }
            Operation::Simple { operator, value } => {
                write!(
                    f,
                    "{}.{}",
                    word_of(SIMPLE_OPERATORS, operator),
                    Value(value, place)
                )
            }
            Operation::In(elements) => {
                write!(f, "{IN}.(")?;
                let elements: Vec<_> = elements.iter().map(|element| Element(element)).collect();
                list(f, &elements)?;
                f.write_char(')')
            }
            Operation::Is(is) => write!(f, "{IS}.{}", word_of(IS_VALUES, is)),
            Operation::IsDistinct(value) => write!(f, "{IS_DISTINCT}.{}", Value(value, place)),
            Operation::TextSearch {
                kind,
                language,
                value,
            } => {
                f.write_str(word_of(TEXT_SEARCHES, kind))?;
                if let Some(language) = language {
                    write!(f, "({language})")?;
                }
                write!(f, ".{}", Value(value, place))
            }
        }
    }
}

/// As it stands in a logic tree.
impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.field, Condition(self, Place::Tree))
    }
}

impl Display for LogicTree {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group {
                negated,
                connective,
                conditions,
            } => {
                if *negated {
                    write!(f, "{NOT}.")?;
                }
                write!(f, "{connective}(")?;
                list(f, conditions)?;
                f.write_char(')')
            }
            Self::Filter(filter) => filter.fmt(f),
        }
    }
}

impl Display for Connective {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::And => AND,
            Self::Or => OR,
        })
    }
}

impl Display for OrderTerm {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.relation {
            Some(relation) => write!(f, "{}({})", Name(relation), self.field)?,
            None => self.field.fmt(f)?,
        }
        f.write_str(match self.direction {
            Some(Direction::Ascending) => ".asc",
            Some(Direction::Descending) => ".desc",
            None => "",
        })?;
        f.write_str(match self.nulls {
            Some(Nulls::First) => ".nullsfirst",
            Some(Nulls::Last) => ".nullslast",
            None => "",
        })
    }
}

/// Things with commas between.
struct Listed<'a, T>(&'a [T]);

impl<T: Display> Display for Listed<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        list(f, self.0)
    }
}

/// Embeds from the root down, each with a dot behind.
struct Path<'a>(&'a [String]);

impl Display for Path<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|name| write!(f, "{}.", Name(name)))
    }
}

/// The text after the question mark, percent-encoded. It is made of the tree alone; the canonical form of what was read
/// is [`QueryString::canonical`].
impl Display for QueryString {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut is_first = true;
        let mut pair = |key: &dyn Display, value: &dyn Display| {
            if !mem::take(&mut is_first) {
                f.write_char('&')?;
            }
            pairs::write(f, &key.to_string(), &value.to_string())
        };
        if let Some(items) = &self.select {
            pair(&SELECT, &Listed(items))?;
        }
        for Located { path, what } in &self.filters {
            pair(
                &format_args!("{}{}", Path(path), what.field),
                &Condition(what, Place::Root),
            )?;
        }
        for Located { path, what } in &self.logic {
            let tree = what.to_string();
            let (operator, value) = split_operator(&tree);
            pair(&format_args!("{}{operator}", Path(path)), &value)?;
        }
        for Located { path, what } in &self.orders {
            pair(&format_args!("{}{ORDER}", Path(path)), &Listed(what))?;
        }
        for Located { path, what } in &self.ranges {
            if let Some(limit) = what.limit {
                pair(&format_args!("{}{LIMIT}", Path(path)), &limit)?;
            }
            if let Some(offset) = what.offset {
                pair(&format_args!("{}{OFFSET}", Path(path)), &offset)?;
            }
        }
        for (key, names) in [(COLUMNS, &self.columns), (ON_CONFLICT, &self.on_conflict)] {
            if let Some(names) = names {
                let names: Vec<_> = names.iter().map(|name| Name(name)).collect();
                pair(&key, &Listed(&names))?;
            }
        }
        for (name, value) in &self.arguments {
            pair(&Name(name), value)?;
        }
        Ok(())
    }
}

/// The operator that the key takes, and what is left for the value. A tree that is no group begins like one too: it was
/// read from such a pair.
fn split_operator(tree: &str) -> (&str, &str) {
    let behind_not = tree
        .strip_prefix(NOT)
        .and_then(|rest| rest.strip_prefix('.'))
        .unwrap_or(tree);
    let rest = [AND, OR]
        .into_iter()
        .find_map(|operator| behind_not.strip_prefix(operator));
    let rest = rest.unwrap_or(behind_not);
    tree.split_at(tree.len() - rest.len())
}
