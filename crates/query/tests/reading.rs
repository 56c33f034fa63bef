//! What valid query strings mean.
#![allow(clippy::unwrap_used)]

use ferrobase_query::{
    Aggregate, Comparison, Connective, Direction, Embed, Field, Filter, Is, Join, JsonOperand, JsonStep,
    Located, LogicTree, Nulls, Operation, OrderTerm, Quantifier, QueryString, Range, Reading, SelectField,
    SelectItem, TextSearch, parse,
};

fn read(query: &str) -> QueryString {
    parse(query, Reading::Filters).unwrap()
}

fn column(name: &str) -> Field {
    Field {
        name: name.to_owned(),
        path: Vec::new(),
    }
}

fn key(as_text: bool, key: &str) -> JsonStep {
    let operand = JsonOperand::Key(key.to_owned());
    JsonStep { as_text, operand }
}

fn index(as_text: bool, index: &str) -> JsonStep {
    let operand = JsonOperand::Index(index.to_owned());
    JsonStep { as_text, operand }
}

fn selected(name: &str) -> SelectField {
    SelectField {
        alias: None,
        field: Some(column(name)),
        cast: None,
        aggregate: None,
        aggregate_cast: None,
    }
}

fn equal(value: &str) -> Operation {
    Operation::Compare {
        operator: Comparison::Equal,
        quantifier: None,
        value: value.to_owned(),
    }
}

/// The only filter of a query.
fn filter(query: &str) -> (Vec<String>, Filter) {
    let [Located { path, what }] = <[_; 1]>::try_from(read(query).filters).unwrap();
    (path, what)
}

fn operation(value: &str) -> Operation {
    filter(&format!("a={value}")).1.operation
}

#[test]
fn pairs_are_split_and_decoded() {
    let parsed = read("a=eq.x+y%2Bz;b=eq.%FF&c&&d=eq.50%&select=");
    let values: Vec<_> = parsed
        .filters
        .into_iter()
        .map(|filter| filter.what.operation)
        .collect();
    assert_eq!(values, [equal("x y+z"), equal("\u{fffd}"), equal("50%")]);
    assert_eq!(parsed.select, None);
    assert_eq!(read("select=a&select=b").select, read("select=a").select);
    assert_eq!(read("select&select=b").select, None);
}

#[test]
fn the_canonical_form_is_sorted_and_encoded() {
    assert_eq!(read("").canonical, "");
    let canonical = read("select=id,n&n=like.*x y*&a=gt.1&d&a=lt.5").canonical;
    assert_eq!(canonical, "a=gt.1,lt.5&d=&n=like.%2Ax%20y%2A&select=id%2Cn");
    assert_eq!(read("é=eq.~-_.").canonical, "%C3%A9=eq.~-_.");
}

#[test]
fn fields_and_their_paths() {
    let (path, what) = filter("one.\"two.x\". three four .col->a->>-1=eq.1");
    assert_eq!(path, ["one", "two.x", "three four"]);
    assert_eq!(what.field.path, [key(false, "a"), index(true, "-1")]);
    let (_, what) = filter("first-name->some-key->\"1\"->0=eq.1");
    assert_eq!(what.field.name, "first-name");
    assert_eq!(
        what.field.path,
        [key(false, "some-key"), key(false, "1"), index(false, "0")]
    );
    let (_, what) = filter("\" a\\\"b\"=eq.1");
    assert_eq!(what.field.name, " a\"b");
    let (_, what) = filter("Größe_$1=eq.1");
    assert_eq!(what.field.name, "Größe_$1");
    let (_, what) = filter("a->#!@ =eq.1");
    assert_eq!(what.field.path, [key(false, "#!@")]);
}

#[test]
fn operators() {
    assert_eq!(operation("eq.a,\"b).c"), equal("a,\"b).c"));
    assert_eq!(operation("eq."), equal(""));
    let compare = |operator, quantifier, value: &str| Operation::Compare {
        operator,
        quantifier,
        value: value.to_owned(),
    };
    assert_eq!(
        operation("like(any).{a*,b*}"),
        compare(Comparison::Like, Some(Quantifier::Any), "{a*,b*}")
    );
    assert_eq!(
        operation("lte(all).{1}"),
        compare(Comparison::LessOrEqual, Some(Quantifier::All), "{1}")
    );
    assert_eq!(operation("gt.1"), compare(Comparison::Greater, None, "1"));
    assert_eq!(operation("isdistinct.x"), Operation::IsDistinct("x".to_owned()));
    assert!(filter("a=not.cs.{1}").1.negated);
    let search = |kind, language: Option<&str>| Operation::TextSearch {
        kind,
        language: language.map(str::to_owned),
        value: "cat".to_owned(),
    };
    assert_eq!(operation("fts.cat"), search(TextSearch::Plain, None));
    assert_eq!(
        operation("plfts( french ).cat"),
        search(TextSearch::Words, Some("french"))
    );
}

#[test]
fn is_takes_words_in_any_case() {
    for (value, is) in [
        ("null", Is::Null),
        ("NULL", Is::Null),
        ("Not_Null", Is::NotNull),
        ("tRUE", Is::True),
        ("false", Is::False),
        ("UNKNOWN", Is::Unknown),
    ] {
        assert_eq!(operation(&format!("is.{value}")), Operation::Is(is));
    }
}

#[test]
fn elements_of_in() {
    for (value, elements) in [
        ("in.()", vec![""]),
        ("in.(1,2)", vec!["1", "2"]),
        ("in.( ,3)", vec!["", "3"]),
        ("in.(a, b )", vec!["a", " b "]),
        (r#"in.("a,b","c\"\\d)")"#, vec!["a,b", "c\"\\d)"]),
        (r#"in.(")"#, vec!["\""]),
        (
            r#"in.(Double"Quote"McGraw,"x"y)"#,
            vec!["Double\"Quote\"McGraw", "\"x\"y"],
        ),
    ] {
        let elements = elements.into_iter().map(str::to_owned).collect();
        assert_eq!(operation(value), Operation::In(elements), "{value}");
    }
}

#[test]
fn select_fields() {
    let parsed = read("select=*, a ,b:c->d->>0::double precision,\"x y\",e-f");
    let c = Field {
        name: "c".to_owned(),
        path: vec![key(false, "d"), index(true, "0")],
    };
    let b = SelectField {
        alias: Some("b".to_owned()),
        field: Some(c),
        cast: Some("double precision".to_owned()),
        ..selected("")
    };
    let fields = [selected("a"), b, selected("x y"), selected("e-f")];
    let mut items = vec![SelectItem::Star];
    items.extend(fields.map(SelectItem::Field));
    assert_eq!(parsed.select, Some(items));
}

#[test]
fn aggregates() {
    let parsed = read("select=count(),n:count()::text,a::int.sum()::text,b.max(),c.count(),count");
    let count = SelectField {
        field: None,
        aggregate: Some(Aggregate::Count),
        ..selected("")
    };
    let named = SelectField {
        alias: Some("n".to_owned()),
        aggregate_cast: Some("text".to_owned()),
        ..count.clone()
    };
    let sum = SelectField {
        cast: Some("int".to_owned()),
        aggregate: Some(Aggregate::Sum),
        aggregate_cast: Some("text".to_owned()),
        ..selected("a")
    };
    let of = |name, aggregate| SelectField {
        aggregate: Some(aggregate),
        ..selected(name)
    };
    let (max, counted) = (of("b", Aggregate::Max), of("c", Aggregate::Count));
    let fields = [count, named, sum, max, counted, selected("count")];
    assert_eq!(parsed.select, Some(fields.map(SelectItem::Field).to_vec()));
}

#[test]
fn embeds() {
    let embed = |target: &str| Embed {
        alias: None,
        target: target.to_owned(),
        hint: None,
        join: None,
        items: Vec::new(),
    };
    let hinted = Embed {
        hint: Some("fk".to_owned()),
        join: Some(Join::Inner),
        ..embed("b")
    };
    let aliased = Embed {
        alias: Some("x".to_owned()),
        items: vec![SelectItem::Star],
        ..hinted.clone()
    };
    let spread = Embed {
        join: Some(Join::Left),
        items: vec![SelectItem::Field(selected("id")), SelectItem::Embed(embed("d"))],
        ..embed("c")
    };
    assert_eq!(
        read("select=a(),b!fk!inner(),x:b!inner!fk(*),...c!left(id,d())").select,
        Some(vec![
            SelectItem::Embed(embed("a")),
            SelectItem::Embed(hinted),
            SelectItem::Embed(aliased),
            SelectItem::Spread(spread),
        ])
    );
}

#[test]
fn a_closing_parenthesis_makes_digits_a_key_as_in_the_original() {
    let path_of = |query: &str| match read(query).select.unwrap().remove(0) {
        SelectItem::Embed(embed) => match &embed.items[0] {
            SelectItem::Field(field) => field.field.clone().unwrap().path,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    assert_eq!(path_of("select=r(a->0)"), [key(false, "0")]);
    assert_eq!(path_of("select=r(a->0,b)"), [index(false, "0")]);
}

#[test]
fn logic_trees() {
    let group = |negated, connective, conditions| LogicTree::Group {
        negated,
        connective,
        conditions,
    };
    let is = |name: &str, negated, value: &str| {
        LogicTree::Filter(Filter {
            field: column(name),
            negated,
            operation: equal(value),
        })
    };
    let parsed = read(
        "r.not.or=( a.eq.1 , not.and(b.not.eq.\"x,y\",c.eq.{1,2}), d.eq.\"q\"u )&and=(e.eq.)&not.s.or=(f.eq.1)",
    );
    let inner = group(
        true,
        Connective::And,
        vec![is("b", true, "x,y"), is("c", false, "{1,2}")],
    );
    // Blanks before a parenthesis belong to the value.
    let outer = group(
        true,
        Connective::Or,
        vec![is("a", false, "1 "), inner, is("d", false, "\"q\"u ")],
    );
    let located = |path: &[&str], what| Located {
        path: path.iter().map(|&name| name.to_owned()).collect(),
        what,
    };
    let second = group(false, Connective::And, vec![is("e", false, "")]);
    let third = group(true, Connective::Or, vec![is("f", false, "1")]);
    assert_eq!(
        parsed.logic,
        [
            located(&["r"], outer),
            located(&[], second),
            located(&["s"], third)
        ]
    );
    assert!(parse("or=(d.eq.{a}b)", Reading::Filters).is_err());
}

#[test]
fn orders_and_ranges() {
    let parsed = read(
        "order=a, b.desc.nullslast,r(c->d).nullsfirst&x.y.order=e.asc&limit=5&x.limit=1&offset=-2&z.limit=no",
    );
    let term = |name: &str| OrderTerm {
        relation: None,
        field: column(name),
        direction: None,
        nulls: None,
    };
    let b = OrderTerm {
        direction: Some(Direction::Descending),
        nulls: Some(Nulls::Last),
        ..term("b")
    };
    let mut c = OrderTerm {
        relation: Some("r".to_owned()),
        nulls: Some(Nulls::First),
        ..term("c")
    };
    c.field.path.push(key(false, "d"));
    assert_eq!(parsed.orders[0].what, [term("a"), b, c]);
    assert_eq!(parsed.orders[1].path, ["x", "y"]);
    let range = |path: &[&str], limit, offset| Located {
        path: path.iter().map(|&name| name.to_owned()).collect(),
        what: Range { limit, offset },
    };
    assert_eq!(
        parsed.ranges,
        [range(&[], Some(5), Some(-2)), range(&["x"], Some(1), None)]
    );
    let last = read("limit=1&limit=99999999999999999999&offset=%202%20");
    assert_eq!(last.ranges, [range(&[], Some(i64::MAX), Some(2))]);
    assert_eq!(read("limit=1&limit=x").ranges, []);
}

#[test]
fn lists_of_names() {
    let parsed = read("columns=b, \"a,c\" ,b&on_conflict=x,y");
    assert_eq!(parsed.columns.unwrap(), ["b", "a,c", "b"]);
    assert_eq!(parsed.on_conflict.unwrap(), ["x", "y"]);
}

#[test]
fn arguments_keep_repeated_names() {
    let parsed = parse("v=1&v=2&id=eq.3&x.y=z", Reading::Arguments).unwrap();
    let arguments = [("v", "1"), ("v", "2"), ("y", "z")];
    assert_eq!(
        parsed.arguments,
        arguments.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    assert_eq!(parsed.filters.len(), 1);
}

#[test]
fn quotes_keep_a_reserved_name_a_column() {
    let parsed = read("\"select\"=eq.1&r.\"order\"=eq.2&\"or\"=eq.3");
    let names: Vec<_> = parsed
        .filters
        .iter()
        .map(|filter| filter.what.field.name.as_str())
        .collect();
    assert_eq!(names, ["select", "order", "or"]);
}
