//! Functions: as calls, as computed fields, and those that PostgREST cannot tell apart.

use super::tree::{Member, Ts, compact, member, named, spread};
use super::{Writer, types};
use crate::collation::Collation;
use crate::model::{Argument, ArgumentMode, Catalog, Function, Oid, Relation};

/// `json`, `jsonb` and `text`: what a request's body can be passed as, to an argument without a name.
const BODIES: [Oid; 3] = [114, 3802, 25];

/// A function that can be called over HTTP.
#[derive(Debug, Clone, Copy)]
pub(super) struct Callable<'c> {
    pub(super) function: &'c Function,
}

impl<'c> Callable<'c> {
    /// Functions with arguments that have no name can be called in few cases: the whole body, or a row, is passed.
    pub(super) fn new(catalog: &Catalog, function: &'c Function) -> Option<Self> {
        let callable = Self { function };
        let inputs: Vec<_> = callable.inputs().collect();
        let is_callable = match inputs.as_slice() {
            [only] if only.name.is_empty() => {
                BODIES.contains(&only.type_oid) || catalog.row_type(only.type_oid).is_some()
            }
            several => several.iter().all(|input| {
                !input.name.is_empty() || (input.has_default && BODIES.contains(&input.type_oid))
            }),
        };
        is_callable.then_some(callable)
    }

    fn inputs(&self) -> impl Iterator<Item = &'c Argument> + use<'c> {
        self.function
            .arguments
            .iter()
            .filter(|argument| argument.is_input())
    }

    fn only_input(&self) -> Option<&'c Argument> {
        let mut inputs = self.inputs();
        inputs.next().filter(|_| inputs.next().is_none())
    }

    /// Whether it can be selected like a column: its only argument is a row of `relation`.
    pub(super) fn is_computed_field_of(&self, catalog: &Catalog, relation: &Relation) -> bool {
        let row = self
            .only_input()
            .and_then(|input| catalog.row_type(input.type_oid));
        match row {
            Some(row) => row.relation == Some(relation.oid),
            None => self.function.signature == relation.name,
        }
    }
}

/// All functions of a schema.
pub(super) fn section(writer: &Writer<'_>, schema: &str, callables: &[Callable<'_>]) -> Ts {
    let collation = Collation::english();
    let mut members: Vec<Member> = Vec::new();
    for group in callables.chunk_by(|a, b| a.function.name == b.function.name) {
        let mut overloads = group.to_vec();
        overloads.sort_by(|a, b| {
            let (a, b) = (a.function, b.function);
            collation
                .compare(&a.signature, &b.signature)
                .then_with(|| collation.compare(&a.result, &b.result))
        });
        let mut calls: Vec<Ts> = overloads
            .iter()
            .map(|callable| call(writer.catalog, schema, &overloads, *callable))
            .collect();
        let ty = if calls.len() > 1 {
            Ts::Union(calls)
        } else {
            calls.pop().unwrap_or(Ts::Nothing)
        };
        members.extend(group.first().map(|first| member(&first.function.name, ty)));
    }
    named(members)
}

fn call(catalog: &Catalog, schema: &str, overloads: &[Callable<'_>], callable: Callable<'_>) -> Ts {
    let function = callable.function;
    let refusal = conflict(catalog, schema, overloads, callable)
        .or_else(|| takes_row_for_nothing(catalog, callable, schema));
    let returns = match refusal {
        Some(reason) => Ts::Both(
            Box::new(compact(vec![member("error", Ts::bool(true))])),
            Box::new(Ts::literal(&reason)),
        ),
        None => result(catalog, function),
    };
    let target = returned_relation(catalog, function);
    let is_single = function.rows.is_none_or(|rows| rows <= 1.0);
    let returns = if function.returns_set && !(is_single && target.is_some()) {
        returns.followed_by_brackets()
    } else {
        returns
    };
    let mut members = vec![
        member("Args", arguments(catalog, callable)),
        member("Returns", returns),
    ];
    members.extend(
        target.map(|target| member("SetofOptions", set_options(catalog, function, target, is_single))),
    );
    compact(members)
}

fn arguments(catalog: &Catalog, callable: Callable<'_>) -> Ts {
    let inputs: Vec<Member> = callable
        .inputs()
        .map(|input| Member {
            is_optional: input.has_default,
            ..member(&input.name, types::by_oid(catalog, input.type_oid))
        })
        .collect();
    if inputs.is_empty() {
        return Ts::Named(
            "Record",
            vec![Ts::Named("PropertyKey", Vec::new()), Ts::Keyword("never")],
        );
    }
    compact(inputs)
}

/// What a call returns, one of it.
pub(super) fn result(catalog: &Catalog, function: &Function) -> Ts {
    let columns: Vec<Member> = function
        .arguments
        .iter()
        .filter(|argument| argument.mode == ArgumentMode::Table)
        .map(|column| member(&column.name, types::by_oid(catalog, column.type_oid)))
        .collect();
    if !columns.is_empty() {
        return spread(columns);
    }
    let relation = catalog
        .relations
        .iter()
        .find(|found| Some(found.oid) == function.return_relation && found.schema == function.schema);
    match relation {
        Some(relation) => spread(
            relation
                .columns
                .iter()
                .map(|column| member(&column.name, types::column(catalog, column)))
                .collect(),
        ),
        None => types::by_oid(catalog, function.return_type),
    }
}

/// The name of the relation, or composite type, whose rows the function returns.
fn returned_relation<'c>(catalog: &'c Catalog, function: &Function) -> Option<&'c str> {
    let oid = function.return_relation?;
    let relation = catalog.relations.iter().find(|found| found.oid == oid);
    match relation {
        Some(relation) => Some(&relation.name),
        None => Some(&catalog.row_type(function.return_type)?.name),
    }
}

/// By which a client embeds: from where to where, and how many.
fn set_options(catalog: &Catalog, function: &Function, target: &str, is_single: bool) -> Ts {
    let source = match function.arguments.as_slice() {
        [only] => catalog.row_type(only.type_oid),
        _ => None,
    };
    let from = source.map_or("*", |source| source.written.as_str());
    spread(vec![
        member("from", Ts::literal(from)),
        member("to", Ts::literal(target)),
        member("isOneToOne", Ts::bool(is_single)),
        member("isSetofReturn", Ts::bool(function.returns_set)),
    ])
}

/// A function of a row that returns no row: it is a computed field, and no call fits it.
fn takes_row_for_nothing(catalog: &Catalog, callable: Callable<'_>, schema: &str) -> Option<String> {
    let input = callable.only_input().filter(|input| input.name.is_empty())?;
    catalog.row_type(input.type_oid)?;
    if returned_relation(catalog, callable.function).is_some() {
        return None;
    }
    Some(format!(
        "the function {schema}.{} with parameter or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache",
        callable.function.name
    ))
}

/// Overloads among which PostgREST cannot choose, as it says so.
fn conflict(
    catalog: &Catalog,
    schema: &str,
    overloads: &[Callable<'_>],
    callable: Callable<'_>,
) -> Option<String> {
    let function = callable.function;
    let name = format!("{schema}.{}", function.name);
    let type_name = |oid| {
        catalog
            .type_of(oid)
            .map_or("unknown", |found| found.name.as_str())
    };
    let others = || {
        overloads
            .iter()
            .filter(|other| other.function.oid != function.oid)
    };
    let candidates = if callable.inputs().next().is_none() {
        let other = others().find(|other| {
            other
                .only_input()
                .is_some_and(|input| input.name.is_empty() && input.has_default)
        })?;
        format!("{name}(), {name}( => {})", type_name(other.function.return_type))
    } else {
        let input = callable.only_input().filter(|input| !input.name.is_empty())?;
        let mut inputs: Vec<&Argument> = others()
            .filter_map(Callable::only_input)
            .filter(|other| other.name == input.name && other.type_oid != input.type_oid)
            .collect();
        if inputs.is_empty() {
            return None;
        }
        inputs.insert(0, input);
        inputs.sort_by_key(|input| input.type_oid);
        let written: Vec<String> = inputs
            .iter()
            .map(|input| format!("{name}({} => {})", input.name, type_name(input.type_oid)))
            .collect();
        written.join(", ")
    };
    Some(format!(
        "Could not choose the best candidate function between: {candidates}. Try renaming the parameters or the function itself in the database so function overloading can be resolved"
    ))
}
