//! Tables and views.

use super::names::{Names, shown};
use super::{Item, Modules, Part, READ_AND_WRITTEN, WRITTEN, types};
use crate::model::{Column, Relation};

/// The structs of a relation.
pub(super) fn items(modules: &Modules<'_>, relation: &Relation) -> Vec<Item> {
    let Some(row) = modules.row_of(relation.oid) else {
        return Vec::new();
    };
    let kind = if relation.kind.is_table() { "table" } else { "view" };
    let name = shown(&relation.name);
    let mut items = vec![Item {
        comment: format!("A row of {kind} {name}."),
        derives: READ_AND_WRITTEN,
        head: format!("struct {row}"),
        parts: fields(modules, relation, |_| true, |_| false),
    }];
    let is_table = relation.kind.is_table();
    let is_given = |column: &Column| {
        if is_table {
            !column.is_computed
        } else {
            column.is_updatable
        }
    };
    let mut names = modules.names(&relation.schema);
    if is_table || relation.accepts_insert {
        items.push(Item {
            comment: format!("What an insert into {name} takes."),
            derives: WRITTEN,
            head: format!("struct {}", names.named(&[&relation.name, "insert"])),
            parts: fields(modules, relation, is_given, |column| {
                !is_table || column.is_nullable || column.is_identity || column.has_default
            }),
        });
    }
    if is_table || relation.accepts_update {
        items.push(Item {
            comment: format!("What an update of {name} takes."),
            derives: "Debug, Clone, PartialEq, Default, Serialize",
            head: format!("struct {}", names.named(&[&relation.name, "update"])),
            parts: fields(modules, relation, is_given, |_| true),
        });
    }
    items
}

fn fields(
    modules: &Modules<'_>,
    relation: &Relation,
    is_there: impl Fn(&Column) -> bool,
    may_be_left_out: impl Fn(&Column) -> bool,
) -> Vec<Part> {
    let mut names = Names::default();
    let mut fields = Vec::new();
    for column in relation.columns.iter().filter(|column| is_there(column)) {
        let may_be_left_out = may_be_left_out(column);
        let mut ty = types::column(modules, &relation.schema, column);
        if column.is_nullable {
            ty = types::optional(&ty);
        }
        if may_be_left_out {
            ty = types::optional(&ty);
        }
        fields.push(Part {
            name: names.field(&column.name),
            original: column.name.clone(),
            ty: Some(ty),
            may_be_left_out,
        });
    }
    fields
}
