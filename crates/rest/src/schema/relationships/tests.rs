use super::*;

fn name(text: &str) -> QualifiedName {
    match text.split_once('.') {
        Some((schema, name)) => QualifiedName::new(schema, name),
        None => QualifiedName::new("api", text),
    }
}

fn side(relation: Oid, of: &str, columns: &[(i16, &str)]) -> KeySide {
    KeySide {
        relation,
        name: name(of),
        columns: columns
            .iter()
            .map(|(number, name)| (*number, (*name).into()))
            .collect(),
    }
}

fn key(constraint: &str, origin: KeySide, target: KeySide) -> ForeignKey {
    ForeignKey {
        constraint: constraint.into(),
        origin,
        target,
        is_unique: false,
    }
}

fn view(of: &str, columns: &[(ColumnNumber, &[&str])]) -> View {
    View {
        name: name(of),
        columns: columns
            .iter()
            .map(|(origin, names)| (*origin, names.iter().map(|name| (*name).into()).collect()))
            .collect(),
    }
}

fn derived(keys: &[ForeignKey], views: &[View]) -> HashMap<QualifiedName, Vec<Relationship>> {
    derive(Parts {
        keys,
        views,
        computed: Vec::new(),
        relations: &HashMap::new(),
        exposed: &["api".to_owned()],
    })
}

#[test]
fn both_ends_are_exposed() {
    let keys = [key(
        "k",
        side(1, "private.a", &[(1, "x")]),
        side(2, "b", &[(1, "y")]),
    )];
    assert!(derived(&keys, &[]).is_empty());
    let views = [
        view("v", &[((1, 1), &["z"])]),
        view("private.w", &[((1, 1), &["z"])]),
    ];
    let found = derived(&keys, &views);
    assert_eq!(found.len(), 2);
    assert_eq!(found[&name("v")].len(), 1);
    assert_eq!(found[&name("b")].len(), 1);
}

#[test]
fn part_of_a_key_is_no_key() {
    let columns = [(1, "x"), (2, "y")];
    let keys = [key("k", side(1, "a", &columns), side(2, "b", &columns))];
    let found = derived(&keys, &[view("v", &[((1, 1), &["x"]), ((1, 3), &["z"])])]);
    assert!(!found.contains_key(&name("v")));
}

#[test]
fn ways_through_a_view_are_bounded() {
    let columns: Vec<(i16, &str)> = (1..=6).map(|number| (number, "x")).collect();
    let keys = [key("k", side(1, "a", &columns), side(2, "b", &columns))];
    let names: &[&str] = &["1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let shown: Vec<(ColumnNumber, &[&str])> = (1..=6).map(|number| ((1, number), names)).collect();
    let found = derived(&keys, &[view("v", &shown)]);
    assert_eq!(found[&name("v")].len(), MOST_WAYS);
}

#[test]
fn the_order_is_that_of_the_constraints() {
    let to_b = |constraint, column| {
        key(
            constraint,
            side(1, "a", &[(1, column)]),
            side(2, "b", &[(1, "id")]),
        )
    };
    let sorted = |keys: &[ForeignKey]| {
        let mut found = derived(keys, &[]);
        let list = found.remove(&name("a")).unwrap_or_default();
        list.iter()
            .map(|relationship| format!("{relationship:?}"))
            .collect::<Vec<_>>()
    };
    let mut unique = to_b("k0", "w");
    unique.is_unique = true;
    let mut keys = [to_b("k3", "x"), unique, to_b("k1", "y"), to_b("k2", "z")];
    let first = sorted(&keys);
    for (line, constraint) in first.iter().zip(["k1", "k2", "k3", "k0"]) {
        assert!(line.contains(&format!("constraint: \"{constraint}\"")), "{line}");
    }
    keys.reverse();
    assert_eq!(sorted(&keys), first);
}
