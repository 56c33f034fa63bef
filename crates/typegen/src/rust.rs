//! Rust: structs and enums for serde, as rows travel through the data API.
//!
//! A module for each schema. A table has up to three structs: a row as it is read, what an insert takes, and what an update takes. What may
//! be left out is an `Option`; what may be null as well, an `Option` in it: `Some(None)` writes null. Functions have their arguments and
//! what they return. `names.rs` makes identifiers of names, `types.rs` types of types.

mod functions;
mod names;
mod relations;
mod types;

use std::fmt::Write;

use names::Names;

use crate::model::{Catalog, Oid, Type};

const HEAD: &str = "\
// Types of the database, written by `ferrobase gen types --lang rust`: changes are lost.
// The crates `serde` (with its feature `derive`) and `serde_json` are needed.
";

const ALLOWED: &str = "\
#[allow(
    dead_code,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    unreachable_pub,
    unused_imports,
    clippy::all,
    clippy::pedantic
)]";

/// The source text.
pub(crate) fn write(catalog: &Catalog) -> String {
    let modules = Modules::new(catalog);
    let mut text = HEAD.to_owned();
    for schema in &catalog.schemas {
        let _ = write!(
            text,
            "\n/// Schema {}.\n{ALLOWED}\npub mod {} {{\n    use serde::{{Deserialize, Serialize}};\n",
            names::shown(schema),
            modules.module(schema)
        );
        let mut items = Vec::new();
        for found in catalog.types.iter().filter(|found| found.schema == *schema) {
            items.extend(one_type(&modules, found));
        }
        for found in catalog.relations.iter().filter(|found| found.schema == *schema) {
            items.extend(relations::items(&modules, found));
        }
        items.extend(functions::items(&modules, schema));
        for item in items {
            text.push('\n');
            item.write(&mut text);
        }
        text.push_str("}\n");
    }
    text
}

fn one_type(modules: &Modules<'_>, found: &Type) -> Option<Item> {
    let name = modules.name_of_type(found.oid)?.to_owned();
    if !found.labels.is_empty() {
        let mut names = Names::default();
        let variants = found.labels.iter().map(|label| Part {
            name: names.variant(label),
            original: label.clone(),
            ty: None,
            may_be_left_out: false,
        });
        return Some(Item {
            comment: format!("Enum {}.", names::shown(&found.name)),
            derives: "Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize",
            head: format!("enum {name}"),
            parts: variants.collect(),
        });
    }
    if found.attributes.is_empty() {
        return None;
    }
    let mut names = Names::default();
    let fields = found.attributes.iter().map(|(attribute, ty)| Part {
        name: names.field(attribute),
        original: attribute.clone(),
        ty: Some(types::optional(&types::by_oid(modules, &found.schema, *ty))),
        may_be_left_out: false,
    });
    Some(Item {
        comment: format!("Composite type {}.", names::shown(&found.name)),
        derives: READ_AND_WRITTEN,
        head: format!("struct {name}"),
        parts: fields.collect(),
    })
}

/// Which module and which type stands for what.
struct Modules<'c> {
    catalog: &'c Catalog,
    /// Names of modules, by the place of the schema.
    by_schema: Vec<String>,
    /// Enums, composite types and the rows of relations, by the identity of the type.
    types: Vec<(Oid, String)>,
    /// Other structs must not have these, by the place of the schema.
    taken: Vec<Names>,
}

impl<'c> Modules<'c> {
    fn new(catalog: &'c Catalog) -> Self {
        let mut modules = Names::default();
        let mut all = Self {
            catalog,
            by_schema: catalog
                .schemas
                .iter()
                .map(|schema| modules.module(schema))
                .collect(),
            types: Vec::new(),
            taken: Vec::new(),
        };
        for schema in &catalog.schemas {
            let mut names = Names::for_types();
            for found in catalog.types.iter().filter(|found| found.schema == *schema) {
                let is_row = catalog
                    .relations
                    .iter()
                    .any(|relation| Some(relation.oid) == found.relation);
                if is_row {
                    all.types.push((found.oid, names.named(&[&found.name, "row"])));
                } else if !found.labels.is_empty() || !found.attributes.is_empty() {
                    all.types.push((found.oid, names.named(&[&found.name])));
                }
            }
            all.taken.push(names);
        }
        all
    }

    fn place(&self, schema: &str) -> Option<usize> {
        self.catalog.schemas.iter().position(|found| found == schema)
    }

    fn module(&self, schema: &str) -> &str {
        self.place(schema)
            .and_then(|place| self.by_schema.get(place))
            .map_or("", String::as_str)
    }

    /// The name of the enum or struct for a type, if it has one.
    fn name_of_type(&self, oid: Oid) -> Option<&str> {
        let found = self.types.iter().find(|(found, _)| *found == oid);
        found.map(|(_, name)| name.as_str())
    }

    /// The name of a relation's row.
    fn row_of(&self, relation: Oid) -> Option<&str> {
        let mut types = self.catalog.types.iter();
        let found = types.find(|found| found.relation == Some(relation))?;
        self.name_of_type(found.oid)
    }

    /// The names that are taken in a schema.
    fn names(&self, schema: &str) -> Names {
        self.place(schema)
            .and_then(|place| self.taken.get(place).cloned())
            .unwrap_or_default()
    }
}

const READ_AND_WRITTEN: &str = "Debug, Clone, PartialEq, Serialize, Deserialize";
const WRITTEN: &str = "Debug, Clone, PartialEq, Serialize";

/// A struct, an enum, or another name of a type.
struct Item {
    comment: String,
    /// Empty for another name of a type.
    derives: &'static str,
    head: String,
    parts: Vec<Part>,
}

/// A field or a variant.
struct Part {
    name: String,
    original: String,
    /// `None` for a variant.
    ty: Option<String>,
    may_be_left_out: bool,
}

impl Item {
    fn write(&self, text: &mut String) {
        let _ = writeln!(text, "    /// {}", self.comment);
        if self.derives.is_empty() {
            let _ = writeln!(text, "    pub {};", self.head);
            return;
        }
        let _ = writeln!(text, "    #[derive({})]", self.derives);
        if self.parts.is_empty() {
            let _ = writeln!(text, "    pub {} {{}}", self.head);
            return;
        }
        let _ = writeln!(text, "    pub {} {{", self.head);
        for part in &self.parts {
            part.write(text);
        }
        text.push_str("    }\n");
    }
}

impl Part {
    fn write(&self, text: &mut String) {
        let mut attributes = Vec::new();
        if names::as_serde_sees_it(&self.name) != self.original {
            attributes.push(format!("rename = {:?}", self.original));
        }
        if self.may_be_left_out {
            attributes.push("skip_serializing_if = \"Option::is_none\"".to_owned());
        }
        if !attributes.is_empty() {
            let _ = writeln!(text, "        #[serde({})]", attributes.join(", "));
        }
        let _ = match &self.ty {
            Some(ty) => writeln!(text, "        pub {}: {ty},", self.name),
            None => writeln!(text, "        {},", self.name),
        };
    }
}
