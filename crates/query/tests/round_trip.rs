//! Properties: a tree that is printed and read is the same tree, and no text makes the parser panic.
#![allow(clippy::unwrap_used)]

use ferrobase_query::{
    Aggregate, Comparison, Connective, Direction, Embed, Field, Filter, Is, Join, JsonOperand, JsonStep,
    Located, LogicTree, Nulls, Operation, OrderTerm, Quantifier, QueryString, Range, Reading, SelectField,
    SelectItem, SimpleOperator, TextSearch, parse,
};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

/// Names, the awkward ones among them.
fn name() -> impl Strategy<Value = String> {
    const AWKWARD: &[&str] = &[
        "", " ", " a ", "a.b", "a-b", "-", "a-", "->", "select", "order", "x.limit", "and", "or", "left",
        "inner", "leftover", "count", "1", "-1", "\"", "\\", "é", "(", "*",
    ];
    prop_oneof![
        4 => "[a-z_][a-z0-9_]{0,6}",
        1 => "\\PC{0,5}",
        1 => select(AWKWARD).prop_map(str::to_owned),
    ]
}

fn identifier() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z][a-z0-9_$]{0,6}", Just("double precision".to_owned())]
}

/// Values of any kind.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9*. ]{0,8}",
        "[a{},()\"\\\\ \t&;%+=.]{0,8}",
        any::<String>(),
    ]
}

fn path() -> impl Strategy<Value = Vec<String>> {
    vec(name(), 0..3)
}

fn located<T: std::fmt::Debug>(what: impl Strategy<Value = T>) -> impl Strategy<Value = Located<T>> {
    (path(), what).prop_map(|(path, what)| Located { path, what })
}

/// In front of a closing parenthesis an index is read as a key, so that `ends_in_index` is not always possible.
fn field(ends_in_index: bool) -> impl Strategy<Value = Field> {
    let operand = prop_oneof![
        name().prop_map(JsonOperand::Key),
        "-?[0-9]{1,3}".prop_map(JsonOperand::Index)
    ];
    let step = (any::<bool>(), operand).prop_map(|(as_text, operand)| JsonStep { as_text, operand });
    (name(), vec(step, 0..3)).prop_map(move |(name, mut path)| {
        while !ends_in_index
            && matches!(
                path.last(),
                Some(JsonStep {
                    operand: JsonOperand::Index(_),
                    ..
                })
            )
        {
            path.pop();
        }
        Field { name, path }
    })
}

fn operation() -> impl Strategy<Value = Operation> {
    use Comparison as C;
    use SimpleOperator as S;
    let comparisons = [
        C::Equal,
        C::GreaterOrEqual,
        C::Greater,
        C::LessOrEqual,
        C::Less,
        C::Like,
        C::ILike,
        C::Match,
        C::IMatch,
    ];
    let simple = [
        S::NotEqual,
        S::Contains,
        S::ContainedBy,
        S::Overlaps,
        S::StrictlyLeft,
        S::StrictlyRight,
        S::NotRight,
        S::NotLeft,
        S::Adjacent,
    ];
    let searches = [
        TextSearch::Plain,
        TextSearch::Words,
        TextSearch::Phrase,
        TextSearch::Web,
    ];
    let is = [Is::Null, Is::NotNull, Is::True, Is::False, Is::Unknown];
    prop_oneof![
        (
            select(comparisons.to_vec()),
            of(select(vec![Quantifier::Any, Quantifier::All])),
            value()
        )
            .prop_map(|(operator, quantifier, value)| Operation::Compare {
                operator,
                quantifier,
                value
            }),
        (select(simple.to_vec()), value())
            .prop_map(|(operator, value)| Operation::Simple { operator, value }),
        vec(value(), 1..4).prop_map(Operation::In),
        select(is.to_vec()).prop_map(Operation::Is),
        value().prop_map(Operation::IsDistinct),
        (select(searches.to_vec()), of(identifier()), value()).prop_map(|(kind, language, value)| {
            Operation::TextSearch {
                kind,
                language,
                value,
            }
        }),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    (field(true), any::<bool>(), operation()).prop_map(|(field, negated, operation)| Filter {
        field,
        negated,
        operation,
    })
}

fn group<T: Strategy<Value = LogicTree> + Clone>(inner: T) -> impl Strategy<Value = LogicTree> {
    let connective = select(vec![Connective::And, Connective::Or]);
    (any::<bool>(), connective, vec(inner, 1..4)).prop_map(|(negated, connective, conditions)| {
        LogicTree::Group {
            negated,
            connective,
            conditions,
        }
    })
}

fn logic() -> impl Strategy<Value = LogicTree> {
    group(
        filter()
            .prop_map(LogicTree::Filter)
            .prop_recursive(4, 16, 4, group),
    )
}

fn select_item() -> impl Strategy<Value = SelectItem> {
    use Aggregate as A;
    let aggregates = [A::Sum, A::Avg, A::Count, A::Max, A::Min];
    let column = (
        of(name()),
        field(false),
        of(identifier()),
        of(select(aggregates.to_vec())),
        of(identifier()),
    )
        .prop_map(|(alias, field, cast, aggregate, aggregate_cast)| SelectField {
            alias,
            field: Some(field),
            aggregate_cast: aggregate_cast.filter(|_| cast.is_some() || aggregate.is_some()),
            cast,
            aggregate,
        });
    let count = (of(name()), of(identifier())).prop_map(|(alias, aggregate_cast)| SelectField {
        alias,
        field: None,
        cast: None,
        aggregate: Some(Aggregate::Count),
        aggregate_cast,
    });
    let leaf = prop_oneof![
        Just(SelectItem::Star),
        column.prop_map(SelectItem::Field),
        count.prop_map(SelectItem::Field)
    ];
    leaf.prop_recursive(4, 24, 4, |item| {
        let target = name().prop_filter("an aggregate", |name| name != "count");
        let join = of(select(vec![Join::Inner, Join::Left]));
        (
            any::<bool>(),
            of(name()),
            target,
            of(name()),
            join,
            vec(item, 0..4),
        )
            .prop_map(|(is_spread, alias, target, hint, join, items)| {
                let embed = Embed {
                    alias: alias.filter(|_| !is_spread),
                    target,
                    hint,
                    join,
                    items,
                };
                if is_spread {
                    SelectItem::Spread(embed)
                } else {
                    SelectItem::Embed(embed)
                }
            })
    })
}

fn order_term() -> impl Strategy<Value = OrderTerm> {
    let direction = of(select(vec![Direction::Ascending, Direction::Descending]));
    let nulls = of(select(vec![Nulls::First, Nulls::Last]));
    let term = prop_oneof![(Just(None), field(true)), (name().prop_map(Some), field(false)),];
    (term, direction, nulls).prop_map(|((relation, field), direction, nulls)| OrderTerm {
        relation,
        field,
        direction,
        nulls,
    })
}

/// One for each level, and never empty.
fn ranges() -> impl Strategy<Value = Vec<Located<Range>>> {
    let range = (of(any::<i64>()), of(any::<i64>())).prop_map(|(limit, offset)| Range { limit, offset });
    vec(located(range), 0..3).prop_map(|ranges| {
        let mut distinct: Vec<Located<Range>> = Vec::new();
        for range in ranges {
            if range.what != Range::default() && distinct.iter().all(|other| other.path != range.path) {
                distinct.push(range);
            }
        }
        distinct
    })
}

fn query() -> impl Strategy<Value = QueryString> {
    let logic = located(logic()).prop_map(|mut tree| {
        tree.path.retain(|name| name != "not");
        tree
    });
    // No operator begins with a capital.
    let argument = (name(), "([A-Z]\\PC{0,6})?");
    (
        of(vec(select_item(), 1..5)),
        vec(located(filter()), 0..4),
        vec(logic, 0..3),
        vec(located(vec(order_term(), 1..3)), 0..3),
        ranges(),
        of(vec(name(), 1..4)),
        of(vec(name(), 1..4)),
        vec(argument, 0..3),
    )
        .prop_map(
            |(select, filters, logic, orders, ranges, columns, on_conflict, arguments)| QueryString {
                select,
                filters,
                logic,
                orders,
                ranges,
                columns,
                on_conflict,
                arguments,
                canonical: String::new(),
            },
        )
}

/// A text and a place in it where something happens.
fn damaged() -> impl Strategy<Value = String> {
    (
        query(),
        any::<prop::sample::Index>(),
        0_usize..4,
        "[\\PC\t\n\"\\\\(),.:!*&=%{}-]{0,3}",
    )
        .prop_map(|(query, place, removed, inserted)| {
            let mut characters: Vec<char> = query.to_string().chars().collect();
            let start = place.index(characters.len() + 1);
            let end = (start + removed).min(characters.len());
            characters.splice(start..end, inserted.chars());
            characters.into_iter().collect()
        })
}

/// Reads `text` both ways. Errors say something.
fn survives(text: &str) -> Result<(), TestCaseError> {
    for reading in [Reading::Filters, Reading::Arguments] {
        if let Err(error) = parse(text, reading) {
            prop_assert!(error.message.starts_with("\"failed to parse "), "{error}");
            prop_assert!(error.details.starts_with("unexpected "), "{error}");
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_is_printed_is_read_again(query in query()) {
        let text = query.to_string();
        let read = parse(&text, Reading::Arguments);
        let read = read.map(|read| QueryString { canonical: String::new(), ..read });
        prop_assert_eq!(read, Ok(query), "{}", text);
    }

    #[test]
    fn the_canonical_form_has_every_key_once_and_in_order(query in query()) {
        let canonical = parse(&query.to_string(), Reading::Arguments).unwrap().canonical;
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
        let pairs = canonical.split('&').filter(|pair| !pair.is_empty());
        let keys: Vec<String> = pairs.map(|pair| decoded(pair.split_once('=').unwrap().0)).collect();
        prop_assert!(keys.is_sorted_by(|one, next| one < next), "{}", canonical);
        prop_assert!(canonical.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~%=&,".contains(&byte)));
    }

    #[test]
    fn no_text_panics(text in any::<String>(), value in any::<String>()) {
        survives(&text)?;
        let keys = ["select", "order", "or", "x.not.and", "columns", "on_conflict", "limit", "a", "a->b"];
        for key in keys {
            survives(&format!("{key}={value}"))?;
            survives(&format!("{key}=({value})"))?;
        }
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..40)) {
        let encoded = percent_encode(&bytes, NON_ALPHANUMERIC).to_string();
        survives(&format!("{encoded}=eq.1"))?;
        survives(&format!("select={encoded}"))?;
        survives(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn no_damage_panics(text in damaged()) {
        survives(&text)?;
        survives(&text.replace("%28", "(").replace("%2C", ",").replace("%22", "\""))?;
    }
}
