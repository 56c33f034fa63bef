//! The library: shelves, books on them, and functions; and a board in the attic.

use crate::schema::*;

fn column(name: &str, base_type: &str) -> Column {
    Column {
        name: name.into(),
        description: None,
        nullable: true,
        base_type: base_type.into(),
        declared_type: base_type.into(),
        type_oid: 0,
        base_oid: 0,
        is_structured: false,
        max_length: None,
        default: None,
        is_generated: false,
        enum_values: Vec::new(),
    }
}

fn relation(name: &str, columns: Vec<Column>) -> Relation {
    Relation {
        name: QualifiedName::new("library", name),
        description: None,
        is_view: false,
        insertable: true,
        updatable: true,
        deletable: true,
        primary_key: Vec::new(),
        columns: columns
            .into_iter()
            .map(|column| (column.name.clone(), column))
            .collect(),
    }
}

fn parameter(name: &str, type_name: &str, required: bool) -> Parameter {
    Parameter {
        name: name.into(),
        type_name: type_name.into(),
        cast_type: type_name.into(),
        required,
        variadic: false,
    }
}

fn routine(name: &str, volatility: Volatility, parameters: Vec<Parameter>) -> Routine {
    Routine {
        name: QualifiedName::new("library", name),
        description: None,
        is_variadic: parameters.iter().any(|parameter| parameter.variadic),
        parameters,
        returns: Returns {
            is_set: false,
            value: ReturnValue::Void,
        },
        volatility,
        isolation: None,
        settings: Vec::new(),
    }
}

fn foreign_key(target: QualifiedName, target_is_view: bool, cardinality: Cardinality) -> Relationship {
    Relationship::ForeignKey(ForeignKeyRelationship {
        origin: QualifiedName::new("library", "books"),
        target,
        cardinality,
        is_self: false,
        origin_is_view: false,
        target_is_view,
    })
}

fn books() -> Relation {
    let id = Column {
        nullable: false,
        default: Some("nextval('library.books_id_seq'::regclass)".to_owned()),
        ..column("id", "bigint")
    };
    let title = Column {
        description: Some("As on the cover".to_owned()),
        nullable: false,
        max_length: Some(80),
        default: Some("'untitled'::character varying".to_owned()),
        ..column("title", "character varying")
    };
    let state = Column {
        enum_values: vec!["lent".to_owned(), "lost".to_owned()],
        ..column("state", "library.state")
    };
    let shelf = Column {
        description: Some("Where it stands".to_owned()),
        ..column("shelf", "smallint")
    };
    let columns = vec![
        id,
        title,
        state,
        shelf,
        column("tags", "text[]"),
        column("notes", "jsonb"),
        column("floor", "integer"),
        column("room", "integer"),
        column("twin", "integer"),
    ];
    Relation {
        description: Some("Books\n\n\nof all\nkinds".to_owned()),
        primary_key: vec!["id".into()],
        ..relation("books", columns)
    }
}

/// One foreign key that counts, and all kinds that do not.
fn relationships() -> Vec<Relationship> {
    let many_to_one = |columns: &[(&str, &str)]| Cardinality::ManyToOne {
        constraint: "fk".into(),
        columns: pairs(columns),
    };
    let one_to_one = |columns: &[(&str, &str)], target_has_key| Cardinality::OneToOne {
        constraint: "fk".into(),
        columns: pairs(columns),
        target_has_key,
    };
    let here = |name| QualifiedName::new("library", name);
    vec![
        foreign_key(here("a_view"), true, many_to_one(&[("shelf", "number")])),
        foreign_key(
            QualifiedName::new("attic", "boards"),
            false,
            many_to_one(&[("floor", "number")]),
        ),
        foreign_key(here("shelves"), false, many_to_one(&[("shelf", "number")])),
        foreign_key(
            here("rooms"),
            false,
            many_to_one(&[("floor", "floor"), ("room", "number")]),
        ),
        foreign_key(here("covers"), false, one_to_one(&[("id", "book")], true)),
        foreign_key(here("books"), false, one_to_one(&[("twin", "id")], false)),
    ]
}

fn pairs(columns: &[(&str, &str)]) -> Vec<(Name, Name)> {
    columns
        .iter()
        .map(|(origin, target)| ((*origin).into(), (*target).into()))
        .collect()
}

/// What is known of the library.
pub(super) fn cache() -> SchemaCache {
    let mut cache = SchemaCache::default();
    let shelves = Relation {
        is_view: true,
        insertable: false,
        updatable: false,
        deletable: false,
        ..relation("shelves", vec![column("number", "integer")])
    };
    let elsewhere = Relation {
        name: QualifiedName::new("attic", "boards"),
        ..relation("boards", vec![])
    };
    for relation in [books(), shelves, elsewhere] {
        cache.relations.insert(relation.name.clone(), relation);
    }
    let origin = QualifiedName::new("library", "books");
    cache.relationships.insert(origin, relationships());
    let find = Routine {
        description: Some("Finds books".to_owned()),
        ..routine(
            "find",
            Volatility::Stable,
            vec![
                parameter("state", "library.state", true),
                parameter("shelf", "bigint", false),
                parameter("tags", "text[]", true),
                parameter("filter", "json", false),
            ],
        )
    };
    let any = Parameter {
        variadic: true,
        ..parameter("ids", "integer[]", false)
    };
    let overloads = vec![
        routine(
            "lend",
            Volatility::Volatile,
            vec![parameter("id", "bigint", true), any],
        ),
        routine("lend", Volatility::Stable, vec![parameter("id", "bigint", true)]),
    ];
    let variadic = Parameter {
        variadic: true,
        ..parameter("ids", "bigint[]", false)
    };
    let count = routine("count", Volatility::Immutable, vec![variadic]);
    let now = routine("now", Volatility::Stable, vec![]);
    for routines in [vec![find], overloads, vec![count], vec![now]] {
        cache.routines.insert(routines[0].name.clone(), routines);
    }
    cache
}
