//! The samples are `ev_action` texts of PostgreSQL 15. The table is 1001, with the columns `id`, `a b` and `x{(y`.

use super::*;

fn column(number: i16, origin: Option<(u32, i16)>) -> OutputColumn {
    OutputColumn { number, origin }
}

#[test]
fn names_may_look_like_syntax() {
    // select id as ":resno", "a b" as "c (d) {e}", "x{(y" as "q\z", id+1 as plus, id as "true" from base
    //   order by "a b" || '}) {TARGETENTRY :resno 9'
    let columns = output_columns(include_str!("samples/odd.txt"));
    assert_eq!(
        columns,
        [
            column(1, Some((1001, 1))),
            column(2, Some((1001, 2))),
            column(3, Some((1001, 3))),
            column(4, None),
            column(5, Some((1001, 1))),
        ]
    );
}

#[test]
fn joins_subqueries_and_with_queries_are_seen_through() {
    // with c as (select id from base) select b.id, s."a b", c.id as cid
    //   from base b join (select * from base) s using (id) join c on c.id = b.id group by …
    let columns = output_columns(include_str!("samples/joined.txt"));
    assert_eq!(
        columns,
        [
            column(1, Some((1001, 1))),
            column(2, Some((1001, 2))),
            column(3, Some((1001, 1))),
        ]
    );
}

#[test]
fn a_union_comes_from_nowhere() {
    // select id from base union all select id from base
    let columns = output_columns(include_str!("samples/unioned.txt"));
    assert_eq!(columns, [column(1, None)]);
}

#[test]
fn anything_else_has_no_columns() {
    for text in [
        "",
        "<>",
        "(",
        "({QUERY",
        "({QUERY :targetList <> :x 1})",
        "({QUERY :targetList ({TARGETENTRY :resno x})})",
        "({NOTHING :targetList ({TARGETENTRY :resno 1})})",
        "({QUERY :a ((( :targetList ({TARGETENTRY :resno 1})})",
        "({QUERY }})))",
        "\\",
    ] {
        assert_eq!(output_columns(text), [], "{text}");
    }
}

#[test]
fn unknown_fields_are_passed_over() {
    let text = "({QUERY :new {A :b (c {D})} :old <> :targetList ({TARGETENTRY :expr <> :resno 1 :more (1 2) \
        :resname <> :resorigtbl 7 :resorigcol 3 :resjunk false} {TARGETENTRY :resno 2 :resorigtbl 7 :resorigcol 0}) :rest 1})";
    assert_eq!(output_columns(text), [column(1, Some((7, 3))), column(2, None)]);
}

proptest::proptest! {
    #[test]
    fn any_text_ends(text in "[{}() :\\\\a-z0-9<>]{0,200}") {
        output_columns(&text);
        output_columns(&format!("({{QUERY :targetList ({{TARGETENTRY {text}"));
    }
}
