//! TypeScript: the `Database` type that the official client is given, byte for byte as the official generator writes it.
//!
//! `tree.rs` is the language as far as it is needed, `layout.rs` and `words.rs` its formatting; `types.rs`, `relations.rs` and
//! `functions.rs` make trees of the catalog. What does not depend on the catalog is in `frame/`.

mod functions;
mod layout;
mod relations;
mod tree;
mod types;
mod words;

use functions::Callable;
use layout::Doc;
use tree::{Member, Ts, member, named, spread, value};

use crate::model::Catalog;

const JSON: &str = include_str!("typescript/frame/json.ts");
const HELPERS: &str = include_str!("typescript/frame/helpers.ts");
const VERSION: &str = include_str!("typescript/frame/version.ts");

/// What to write besides the catalog.
#[derive(Debug, Clone)]
pub struct TypescriptOptions {
    /// Whether relationships say that they are one to one; PostgREST before version 10 did not know.
    pub has_one_to_one: bool,
    /// The version of PostgREST that the client is to expect; `None` leaves it to the client.
    pub postgrest_version: Option<String>,
}

struct Writer<'c> {
    catalog: &'c Catalog,
    options: &'c TypescriptOptions,
}

/// The source text.
pub(crate) fn write(catalog: &Catalog, options: &TypescriptOptions) -> String {
    let writer = Writer { catalog, options };
    let schemas: Vec<Member> = catalog
        .schemas
        .iter()
        .map(|schema| member(schema, writer.schema(schema)))
        .collect();
    let mut database = spread(schemas).doc().print();
    if let Some(version) = &options.postgrest_version {
        let block = VERSION.replace("{version}", &words::literal(version));
        database = database.replacen('{', &format!("{{\n{}", block.trim_end()), 1);
    }
    let constants = writer.constants().print();
    format!(
        "{JSON}\nexport type Database = {database}\n\n{HELPERS}\nexport const Constants = {constants} as const\n"
    )
}

impl Writer<'_> {
    fn schema(&self, schema: &str) -> Ts {
        let functions = self.catalog.functions.iter();
        let callables: Vec<Callable<'_>> = functions
            .filter(|function| function.schema == schema)
            .filter_map(|function| Callable::new(self.catalog, function))
            .collect();
        spread(vec![
            member("Tables", relations::section(self, schema, &callables, true)),
            member("Views", relations::section(self, schema, &callables, false)),
            member("Functions", functions::section(self, schema, &callables)),
            member("Enums", self.enums(schema)),
            member("CompositeTypes", self.composite_types(schema)),
        ])
    }

    fn enums(&self, schema: &str) -> Ts {
        let enums = self.catalog.enums(schema);
        named(
            enums
                .map(|found| member(&found.name, types::one_of(&found.labels)))
                .collect(),
        )
    }

    fn composite_types(&self, schema: &str) -> Ts {
        let types = self.catalog.types.iter();
        let composites = types.filter(|found| found.schema == schema && !found.attributes.is_empty());
        let attributes = |attributes: &[(String, u32)]| {
            let members = attributes
                .iter()
                .map(|(name, ty)| member(name, types::by_oid(self.catalog, *ty).or_null()));
            spread(members.collect())
        };
        named(
            composites
                .map(|found| member(&found.name, attributes(&found.attributes)))
                .collect(),
        )
    }

    /// Labels of enums as values.
    fn constants(&self) -> Doc {
        let labels = |schema: &str| {
            let enums = self.catalog.enums(schema);
            value(
                enums
                    .map(|found| (found.name.as_str(), Ts::literals(&found.labels).doc()))
                    .collect(),
            )
        };
        let schemas = self.catalog.schemas.iter();
        value(
            schemas
                .map(|schema| (schema.as_str(), value(vec![("Enums", labels(schema))])))
                .collect(),
        )
    }
}
