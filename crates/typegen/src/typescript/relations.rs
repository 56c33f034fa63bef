//! Tables and views.

use super::Writer;
use super::functions::{self, Callable};
use super::tree::{Member, NEVER, Ts, member, named, optional, spread};
use super::types;
use crate::model::{Column, Relation, Relationship};

/// Relations of a schema, those of `Tables` or those of `Views`.
pub(super) fn section(writer: &Writer<'_>, schema: &str, callables: &[Callable<'_>], tables: bool) -> Ts {
    let relations = writer.catalog.relations.iter();
    let chosen = relations.filter(|found| found.schema == schema && found.kind.is_table() == tables);
    named(
        chosen
            .map(|found| member(&found.name, relation(writer, found, callables)))
            .collect(),
    )
}

fn relation(writer: &Writer<'_>, relation: &Relation, callables: &[Callable<'_>]) -> Ts {
    let mut members = vec![member("Row", row(writer, relation, callables))];
    if relation.kind.is_table() {
        let insert = |column: &Column| {
            let may_be_left_out = column.is_nullable || column.is_identity || column.has_default;
            written(writer, column, column.is_computed, may_be_left_out)
        };
        let update = |column: &Column| written(writer, column, column.is_computed, true);
        members.push(member("Insert", columns(relation, insert)));
        members.push(member("Update", columns(relation, update)));
    } else {
        let shown = |column: &Column| {
            if column.is_updatable {
                let ty = types::value(writer.catalog, &column.type_schema, &column.type_name);
                optional(&column.name, ty.or_null())
            } else {
                optional(&column.name, NEVER)
            }
        };
        if relation.accepts_insert {
            members.push(member("Insert", columns(relation, shown)));
        }
        if relation.accepts_update {
            members.push(member("Update", columns(relation, shown)));
        }
    }
    members.push(member("Relationships", relationships(writer, relation)));
    spread(members)
}

fn columns(relation: &Relation, one: impl Fn(&Column) -> Member) -> Ts {
    spread(relation.columns.iter().map(one).collect())
}

/// What is read: the columns, then computed fields.
fn row(writer: &Writer<'_>, relation: &Relation, callables: &[Callable<'_>]) -> Ts {
    let columns = relation
        .columns
        .iter()
        .map(|column| member(&column.name, types::column(writer.catalog, column)));
    let computed = callables
        .iter()
        .filter(|callable| callable.is_computed_field_of(writer.catalog, relation))
        .map(|callable| {
            let ty = functions::result(writer.catalog, callable.function);
            member(&callable.function.name, ty.or_null())
        });
    spread(columns.chain(computed).collect())
}

fn written(writer: &Writer<'_>, column: &Column, is_computed: bool, may_be_left_out: bool) -> Member {
    if is_computed {
        return optional(&column.name, NEVER);
    }
    Member {
        is_optional: may_be_left_out,
        ..member(&column.name, types::column(writer.catalog, column))
    }
}

/// Only those within the schema.
fn relationships(writer: &Writer<'_>, relation: &Relation) -> Ts {
    let own = writer.catalog.relationships.iter().filter(|found| {
        found.schema == relation.schema
            && found.relation == relation.name
            && found.referenced_schema == relation.schema
    });
    Ts::Tuple(own.map(|found| relationship(writer, found)).collect())
}

fn relationship(writer: &Writer<'_>, found: &Relationship) -> Ts {
    let mut members = vec![
        member("foreignKeyName", Ts::literal(&found.name)),
        member("columns", Ts::literals(&found.columns)),
    ];
    if writer.options.has_one_to_one {
        members.push(member("isOneToOne", Ts::bool(found.is_one_to_one)));
    }
    members.push(member(
        "referencedRelation",
        Ts::literal(&found.referenced_relation),
    ));
    members.push(member(
        "referencedColumns",
        Ts::literals(&found.referenced_columns),
    ));
    spread(members)
}
