//! The texts of errors: clients and the original's own tests compare them letter by letter.
#![allow(clippy::unwrap_used)]

use ferrobase_query::{DEEPEST, Reading, parse};

/// Message and details of the error that `query` has.
fn error(query: &str) -> (String, String) {
    let error = parse(query, Reading::Filters).unwrap_err();
    (error.message, error.details)
}

/// Checks many errors: the query, then what was parsed, the column, and the details.
fn check(what: &str, cases: &[(&str, usize, &str)]) {
    for (query, column, details) in cases {
        let (_, value) = query.split_once('=').unwrap();
        let message = format!("\"failed to parse {what} ({value})\" (line 1, column {column})");
        assert_eq!(error(query), (message, (*details).to_owned()), "{query}");
    }
}

#[test]
fn a_value_without_operator() {
    let start = "expecting \"not\" or operator (eq, gt, ...)";
    check(
        "filter",
        &[
            ("age=7", 1, &format!("unexpected \"7\" {start}")),
            ("age=", 1, &format!("unexpected end of input {start}")),
            ("age=more.7", 1, &format!("unexpected \"m\" {start}")),
            ("rel.age=more.7", 1, &format!("unexpected \"m\" {start}")),
            ("age=nothing", 4, "unexpected \"h\" expecting delimiter (.)"),
        ],
    );
}

#[test]
fn an_operator_that_goes_wrong() {
    let operator = "expecting operator (eq, gt, ...)";
    check(
        "filter",
        &[
            ("a=not.more.1", 5, &format!("unexpected \"m\" {operator}")),
            ("a=eq", 3, &format!("unexpected end of input {operator}")),
            ("a=gt().1", 4, &format!("unexpected \")\" {operator}")),
            ("a=wfts().1", 6, &format!("unexpected \")\" {operator}")),
            ("a=neq(any).1", 4, &format!("unexpected \"(\" {operator}")),
            ("a=in(1)", 3, &format!("unexpected \"(\" {operator}")),
            ("a=in.1", 4, "unexpected \"1\" expecting \"(\""),
            ("a=in.(1", 6, "unexpected end of input expecting \",\" or \")\""),
        ],
    );
}

#[test]
fn a_word_that_is_does_not_take() {
    let words = "expecting isVal: (null, not_null, true, false, unknown)";
    check(
        "filter",
        &[
            ("a=is.maybe", 4, &format!("unexpected \"m\" {words}")),
            ("a=is.nope", 6, &format!("unexpected \"p\" {words}")),
            ("a=is.", 4, &format!("unexpected end of input {words}")),
        ],
    );
}

#[test]
fn orders() {
    check(
        "order",
        &[
            (
                "order=day.desc.nullsfirsttt",
                20,
                "unexpected 't' expecting \",\" or end of input",
            ),
            (
                "order=day.up",
                5,
                "unexpected \"u\" expecting \"asc\", \"desc\", \"nullsfirst\" or \"nullslast\"",
            ),
            (
                "order=day.desc.late",
                10,
                "unexpected \"l\" expecting \"nullsfirst\" or \"nullslast\"",
            ),
            (
                "order=day.ascending",
                8,
                "unexpected 'e' expecting delimiter (.), \",\" or end of input",
            ),
            (
                "order=rel(a,b)",
                4,
                "unexpected '(' expecting letter, digit, \"-\", \"->>\", \"->\", delimiter (.), \",\" or end of input",
            ),
            (
                "order=",
                1,
                "unexpected end of input expecting field name (* or [a..z0..9_$])",
            ),
        ],
    );
}

#[test]
fn select_items() {
    check(
        "select parameter",
        &[
            (
                "select=doc->(a)->>b::text",
                6,
                "unexpected \"(\" expecting \"-\", digit or any non reserved character different from: .,>()",
            ),
            (
                "select=a,rel(b[])",
                8,
                "unexpected '[' expecting letter, digit, \"-\", \"->>\", \"->\", \"::\", \".\", \")\", \",\" or end of input",
            ),
            (
                "select=a->>-12z",
                8,
                "unexpected 'z' expecting digit, \"->\", \"::\", \".\", \",\" or end of input",
            ),
            ("select=a->--1", 5, "unexpected \"-\" expecting digit"),
            (
                "select=price::",
                8,
                "unexpected end of input expecting letter or digit",
            ),
            (
                "select=a.mode()",
                3,
                "unexpected \"m\" expecting \"sum\", \"avg\", \"count\", \"max\" or \"min\"",
            ),
        ],
    );
}

#[test]
fn logic_trees_count_their_operator() {
    check(
        "logic tree",
        &[
            (
                "and=()",
                5,
                "unexpected \")\" expecting field name (* or [a..z0..9_$]), negation operator (not) or logic operator (and, or)",
            ),
            ("or=(a.in.1,b.eq.2)", 9, "unexpected \"1\" expecting \"(\""),
            ("or=]", 3, "unexpected \"]\" expecting \"(\""),
            ("and=(orb(a.eq.1),b.eq.2)", 7, "unexpected \"b\" expecting \"(\""),
            (
                "or=(a.eq.1,not.nor(a.eq.2))",
                15,
                "unexpected \"n\" expecting logic operator (and, or)",
            ),
        ],
    );
    let (message, _) = error("rel.not.or=()");
    assert_eq!(message, "\"failed to parse logic tree (())\" (line 1, column 8)");
}

#[test]
fn names_in_keys_and_lists() {
    let name = "expecting field name (* or [a..z0..9_$])";
    let (message, details) = error("!a=eq.1");
    assert_eq!(message, "\"failed to parse tree path (!a)\" (line 1, column 1)");
    assert_eq!(details, format!("unexpected \"!\" {name}"));
    let (message, _) = error("a..or=(b.eq.1)");
    assert_eq!(
        message,
        "\"failed to parse logic path (a..or)\" (line 1, column 3)"
    );
    check(
        "columns parameter",
        &[("columns=", 1, &format!("unexpected end of input {name}"))],
    );
    check(
        "columns parameter",
        &[("columns=a,", 3, &format!("unexpected end of input {name}"))],
    );
    check(
        "on_conflict parameter",
        &[("on_conflict=!", 1, &format!("unexpected \"!\" {name}"))],
    );
}

#[test]
fn characters_are_shown_as_haskell_shows_them() {
    for (value, shown) in [
        ("%01", "\\SOH"),
        ("%22", "\\\""),
        ("%5C", "\\\\"),
        ("%C3%A9", "\\233"),
        ("%7F", "\\DEL"),
    ] {
        let (_, details) = error(&format!("a={value}"));
        assert_eq!(
            details,
            format!("unexpected \"{shown}\" expecting \"not\" or operator (eq, gt, ...)")
        );
    }
    let (_, details) = error("order=a.asc'");
    assert_eq!(
        details,
        "unexpected '\\'' expecting delimiter (.), \",\" or end of input"
    );
}

#[test]
fn lines_and_tabs_move_the_position() {
    let (message, _) = error("or=(a.eq.1,%09%09b)");
    assert_eq!(
        message,
        "\"failed to parse logic tree ((a.eq.1,\t\tb))\" (line 1, column 26)"
    );
    let (message, _) = error("or=(a.eq.%22x%0Ay%22,!)");
    assert_eq!(
        message,
        "\"failed to parse logic tree ((a.eq.\"x\ny\",!))\" (line 2, column 4)"
    );
}

#[test]
fn the_first_mistake_in_the_originals_order_counts() {
    let (message, _) = error("a=1&limit=1&order=!&select=a,");
    assert!(message.contains("parse order"), "{message}");
    let (message, _) = error("a=1&select=a,");
    assert!(message.contains("parse select"), "{message}");
}

#[test]
fn nesting_is_bounded() {
    let embeds = |depth: usize| format!("select={}a{}", "r(".repeat(depth), ")".repeat(depth));
    let groups = |depth: usize| format!("and=({}a.eq.1{})", "or(".repeat(depth - 1), ")".repeat(depth - 1));
    for query in [embeds(DEEPEST), groups(DEEPEST)] {
        parse(&query, Reading::Filters).unwrap();
    }
    for query in [
        embeds(DEEPEST + 1),
        groups(DEEPEST + 1),
        embeds(20_000),
        groups(20_000),
        "r(".repeat(20_000),
    ] {
        let query = if query.contains('=') {
            query
        } else {
            format!("select={query}")
        };
        assert_eq!(error(&query).1, "nested deeper than 64 levels");
    }
}

#[test]
fn arguments_are_conditions_once_they_begin_like_one() {
    for value in ["not.x", "in.x", "in.1", "is.x"] {
        let query = format!("a={value}");
        let error = parse(&query, Reading::Arguments).unwrap_err();
        assert!(error.message.contains("parse filter"), "{value}");
    }
    for value in [
        "",
        "x",
        "eq",
        "eqq.x",
        "not",
        "nothing",
        "in",
        "in(1)",
        "is",
        "fts(x)",
        "like(some).x",
        "1.5",
    ] {
        let parsed = parse(&format!("a={value}"), Reading::Arguments).unwrap();
        assert_eq!(parsed.arguments, [("a".to_owned(), value.to_owned())]);
    }
}
