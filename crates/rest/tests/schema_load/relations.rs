//! Relations and their columns.

use ferrobase_rest::schema::{Column, Relation};

use crate::{api, cache};

fn relation(name: &str) -> &'static Relation {
    &cache().relations[&api(name)]
}

fn column(name: &str) -> &'static Column {
    &relation("samples").columns[name]
}

#[track_caller]
fn assert_types(column: &Column, base: &str, declared: &str) {
    assert_eq!(
        (&*column.base_type, &*column.declared_type),
        (base, declared),
        "{}",
        column.name
    );
}

#[test]
fn partitions_and_hidden_schemas_are_left_out() {
    let cache = cache();
    assert!(cache.relation("api", "events").is_some());
    assert!(cache.relation("api", "events_2020").is_none());
    assert!(cache.relation("extra", "books").is_some());
    assert!(cache.relation("hidden", "books").is_none());
}

#[test]
fn columns_keep_their_order() {
    let names: Vec<&str> = relation("samples").columns.keys().map(|name| &**name).collect();
    assert_eq!(names[..3], ["id", "Strange \"name\"", "code"]);
    assert_eq!(names.last(), Some(&"numbers"));
}

#[test]
fn types_are_written_with_their_schema() {
    assert_types(column("id"), "bigint", "bigint");
    assert_types(column("Strange \"name\""), "character", "character(3)");
    assert_types(column("code"), "character varying", "character varying(10)");
    assert_types(column("plain"), "character", "character(1)");
    assert_types(column("flags"), "bit", "bit(1)");
    assert_types(column("amount"), "numeric", "numeric(10,2)");
    assert_types(column("mood"), "api.mood", "api.mood");
    assert_types(column("moods"), "api.mood[]", "api.mood[]");
    assert_types(column("numbers"), "integer[]", "integer[]");
}

#[test]
fn domains_are_resolved() {
    assert_types(column("short"), "character varying", "api.short_text");
    assert_types(column("shorter"), "character varying", "api.shorter_text");
    // Of what is not PostgreSQL's own the domain is shown, but its labels are known.
    assert_types(column("feeling"), "api.feeling", "api.feeling");
    assert_eq!(column("feeling").enum_values, ["sad", "happy"]);
    assert_eq!(column("feeling").base_oid, column("mood").type_oid);
    assert_eq!(column("mood").enum_values, ["sad", "happy"]);
    assert_eq!(
        column("short").default.as_deref(),
        Some("'none'::character varying")
    );
    assert_eq!(column("short").max_length, Some(8));
    assert!(column("short").nullable);
    assert!(!column("shorter").nullable);
}

#[test]
fn lengths_defaults_and_comments_are_known() {
    assert_eq!(column("code").max_length, Some(10));
    assert_eq!(column("Strange \"name\"").max_length, Some(3));
    assert_eq!(column("flags").max_length, Some(1));
    assert_eq!(column("amount").max_length, None);
    assert_eq!(column("code").default.as_deref(), Some("'x'::character varying"));
    assert!(!column("code").nullable);
    assert_eq!(column("code").description.as_deref(), Some("The code"));
    assert_eq!(relation("samples").description.as_deref(), Some("All kinds"));
    assert_eq!(column("document").default, None);
}

#[test]
fn generated_columns_are_told_from_identities() {
    assert_eq!(
        column("id").default.as_deref(),
        Some("nextval('api.samples_id_seq')")
    );
    assert!(!column("id").is_generated);
    assert!(column("doubled").is_generated);
    assert_eq!(column("doubled").default, None);
    assert!(column("fixed").is_generated);
}

#[test]
fn rows_and_arrays_have_parts() {
    for name in ["place", "moods", "numbers"] {
        assert!(column(name).is_structured, "{name}");
    }
    for name in ["document", "mood", "short", "id"] {
        assert!(!column(name).is_structured, "{name}");
    }
}

#[test]
fn commands_depend_on_the_relation() {
    let commands = |name| {
        let relation = relation(name);
        (relation.insertable, relation.updatable, relation.deletable)
    };
    assert_eq!(commands("people"), (true, true, true));
    assert_eq!(commands("events"), (true, true, true));
    assert_eq!(commands("books"), (true, true, true));
    assert_eq!(commands("snapshot"), (false, false, false));
    assert_eq!(commands("shouted"), (false, false, false));
    assert_eq!(commands("triggered"), (true, false, false));
    assert!(relation("snapshot").is_view && relation("books").is_view && !relation("events").is_view);
}

#[test]
fn primary_keys_are_inherited_by_views() {
    let key = |name| {
        let key = relation(name).primary_key.iter();
        key.map(|column| &**column).collect::<Vec<&str>>()
    };
    assert_eq!(key("people"), ["id"]);
    assert_eq!(key("rooms"), ["house", "number"]);
    assert_eq!(key("events"), ["day", "id"]);
    assert_eq!(key("books"), ["id"]);
    assert_eq!(key("snapshot"), ["id"]);
    // Of a column that is shown twice the first.
    assert_eq!(key("authors"), ["author_id"]);
    // Of both tables, through a WITH query and a subquery.
    assert_eq!(key("shouted"), ["id", "book_id"]);
    assert_eq!(key("either"), [""; 0]);
    assert_eq!(key("circle"), [""; 0]);
}
