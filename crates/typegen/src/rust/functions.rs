//! Functions: what a call takes, and what comes back.

use super::names::{Names, shown};
use super::{Item, Modules, Part, READ_AND_WRITTEN, WRITTEN, types};
use crate::model::{Argument, ArgumentMode, Function};

/// The structs of all functions of a schema that can be called by names of arguments.
pub(super) fn items(modules: &Modules<'_>, schema: &str) -> Vec<Item> {
    let mut names = modules.names(schema);
    for relation in modules
        .catalog
        .relations
        .iter()
        .filter(|found| found.schema == schema)
    {
        names.named(&[&relation.name, "insert"]);
        names.named(&[&relation.name, "update"]);
    }
    let functions = modules.catalog.functions.iter();
    functions
        .filter(|function| function.schema == schema)
        .filter(|function| {
            function
                .arguments
                .iter()
                .all(|argument| !argument.is_input() || !argument.name.is_empty())
        })
        .flat_map(|function| one(modules, &mut names, function))
        .collect()
}

fn one(modules: &Modules<'_>, names: &mut Names, function: &Function) -> Vec<Item> {
    let schema = &function.schema;
    let shown = shown(&function.name);
    let columns = parts(modules, function, |argument| argument.mode == ArgumentMode::Table);
    let arguments = parts(modules, function, Argument::is_input);
    let mut items = vec![Item {
        comment: format!("What function {shown} takes."),
        derives: WRITTEN,
        head: format!("struct {}", names.named(&[&function.name, "args"])),
        parts: arguments,
    }];
    let result = if columns.is_empty() {
        types::by_oid(modules, schema, function.return_type)
    } else {
        let row = names.named(&[&function.name, "row"]);
        items.push(Item {
            comment: format!("A row of what function {shown} returns."),
            derives: READ_AND_WRITTEN,
            head: format!("struct {row}"),
            parts: columns,
        });
        row
    };
    let result = if function.returns_set {
        format!("Vec<{result}>")
    } else {
        result
    };
    items.push(Item {
        comment: format!("What function {shown} returns."),
        derives: "",
        head: format!("type {} = {result}", names.named(&[&function.name, "returns"])),
        parts: Vec::new(),
    });
    items
}

fn parts(modules: &Modules<'_>, function: &Function, is_there: impl Fn(&Argument) -> bool) -> Vec<Part> {
    let mut names = Names::default();
    let mut parts = Vec::new();
    for argument in function.arguments.iter().filter(|argument| is_there(argument)) {
        let may_be_left_out = argument.is_input() && argument.has_default;
        let mut ty = types::by_oid(modules, &function.schema, argument.type_oid);
        // Columns that a function returns may be null; arguments do not say whether they may.
        if may_be_left_out || !argument.is_input() {
            ty = types::optional(&ty);
        }
        parts.push(Part {
            name: names.field(&argument.name),
            original: argument.name.clone(),
            ty: Some(ty),
            may_be_left_out,
        });
    }
    parts
}
