//! Relationships.

use ferrobase_rest::schema::{Cardinality, Name, Relationship};

use crate::{api, cache};

/// One line for each relationship from `origin`, as people would write it.
fn from(origin: &str) -> Vec<String> {
    let relationships = cache().relationships_from(&api(origin)).iter();
    relationships.map(describe).collect()
}

fn to(origin: &str, target: &str) -> Vec<String> {
    let mut lines = from(origin);
    lines.retain(|line| line.split(' ').next() == Some(target));
    lines
}

fn describe(relationship: &Relationship) -> String {
    let key = match relationship {
        Relationship::Computed(computed) => {
            return format!(
                "{} computed by {}.{}{}{}",
                computed.target.name,
                computed.function.schema,
                computed.function.name,
                if computed.to_one { ", one" } else { "" },
                if computed.is_self { ", self" } else { "" },
            );
        }
        Relationship::ForeignKey(key) => key,
    };
    let how = match &key.cardinality {
        Cardinality::ManyToOne { constraint, columns } => format!("n:1 {constraint} {}", pairs(columns)),
        Cardinality::OneToMany { constraint, columns } => format!("1:n {constraint} {}", pairs(columns)),
        Cardinality::OneToOne {
            constraint,
            columns,
            target_has_key,
        } => {
            let side = if *target_has_key { "there" } else { "here" };
            format!("1:1 {constraint} {} {side}", pairs(columns))
        }
        Cardinality::ManyToMany(junction) => format!(
            "n:n {} {} {} {} {}",
            junction.table.name,
            junction.origin_constraint,
            pairs(&junction.origin_columns),
            junction.target_constraint,
            pairs(&junction.target_columns),
        ),
    };
    let is_self = if key.is_self { ", self" } else { "" };
    let views = match (key.origin_is_view, key.target_is_view) {
        (false, false) => "",
        (true, false) => ", view to table",
        (false, true) => ", table to view",
        (true, true) => ", view to view",
    };
    format!("{} {how}{is_self}{views}", key.target.name)
}

fn pairs(columns: &[(Name, Name)]) -> String {
    let pairs: Vec<String> = columns
        .iter()
        .map(|(one, other)| format!("{one}={other}"))
        .collect();
    pairs.join(",")
}

#[test]
fn unique_keys_are_one_to_one() {
    assert_eq!(
        to("profiles", "people"),
        ["people 1:1 profile_of person_id=id here"]
    );
    assert_eq!(
        to("people", "profiles"),
        ["profiles 1:1 profile_of id=person_id there"]
    );
}

#[test]
fn composite_keys_keep_their_order() {
    assert_eq!(from("beds"), ["rooms n:1 stands_in house=house,room=number"]);
    assert_eq!(from("rooms"), ["beds 1:n stands_in house=house,number=room"]);
}

#[test]
fn a_table_relates_to_itself() {
    assert_eq!(
        to("people", "people"),
        [
            "people 1:n boss id=boss_id, self",
            "people n:1 boss boss_id=id, self",
            "people n:n friendships friend id=one friend_of id=other, self",
            "people n:n friendships friend_of id=other friend id=one, self",
            "people computed by api.colleagues, self",
        ]
    );
}

#[test]
fn junctions_are_exposed_and_keyed_by_both() {
    assert_eq!(
        to("groups", "people"),
        ["people n:n memberships member_of id=group_id member id=person_id"]
    );
    assert_eq!(
        from("memberships"),
        [
            "authors n:1 member person_id=author_id, table to view",
            "authors n:1 member person_id=same_id, table to view",
            "groups n:1 member_of group_id=id",
            "people n:1 member person_id=id",
            "shouted n:1 member person_id=id, table to view",
            "triggered n:1 member person_id=id, table to view",
        ]
    );
}

#[test]
fn partitions_neither_have_nor_take_keys() {
    assert_eq!(to("events", "people"), ["people n:1 attendee person_id=id"]);
    assert_eq!(to("event_notes", "events").len(), 1);
    assert_eq!(from("events_2020"), [""; 0]);
    assert_eq!(to("people", "events_2020"), [""; 0]);
    assert_eq!(to("event_notes", "events_2020"), [""; 0]);
}

#[test]
fn views_inherit_keys_of_hidden_tables() {
    assert_eq!(
        to("books", "people"),
        [
            "people n:1 author writer_id=id, view to table",
            "people n:1 editor editor_id=id, view to table",
        ]
    );
    assert_eq!(
        to("people", "snapshot"),
        [
            "snapshot 1:n author id=writer_id, table to view",
            "snapshot 1:n editor id=editor_id, table to view",
        ]
    );
    let cache = cache();
    let leads_out = |relationship: &Relationship| match relationship {
        Relationship::ForeignKey(key) => &*key.target.schema != "api" || &*key.origin.schema != "api",
        Relationship::Computed(computed) => &*computed.target.schema != "api",
    };
    assert!(!cache.relationships.values().flatten().any(leads_out));
}

#[test]
fn columns_that_are_shown_twice_give_two() {
    assert_eq!(
        to("books", "authors"),
        [
            "authors n:1 author writer_id=author_id, view to view",
            "authors n:1 author writer_id=same_id, view to view",
            "authors n:1 editor editor_id=author_id, view to view",
            "authors n:1 editor editor_id=same_id, view to view",
        ]
    );
}

#[test]
fn computed_relationships_are_listed_with_their_origin() {
    assert_eq!(
        to("authors", "books").last().map(String::as_str),
        Some("books computed by hidden.first_book, one")
    );
}

#[test]
fn unions_and_circles_relate_to_nothing() {
    for name in ["either", "circle", "circle_back"] {
        assert_eq!(from(name), [""; 0]);
    }
}

#[test]
fn orders_are_total() {
    for list in cache().relationships.values() {
        let lines: Vec<String> = list.iter().map(describe).collect();
        let mut distinct = lines.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(lines.len(), distinct.len());
    }
}
