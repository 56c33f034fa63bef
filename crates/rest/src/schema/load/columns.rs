//! Columns of relations.

use ferrobase_db::{DbError, Executor, Row};

use super::names::Names;
use super::relations::{Found, Relations};
use super::types::Types;
use crate::schema::model::{Column, Name, Oid};

/// One row for each relation, its columns in arrays: many rows cost more than many columns.
///
/// A type is written only where it has modifiers (`character` and `bit` without a length are written differently from
/// the same with an unknown one); else it is known from the types.
const COLUMNS: &str = "
    select attrelid, array_agg(attnum), array_agg(attname), array_agg(atttypid), array_agg(atttypmod),
        array_agg(attnotnull), array_agg(is_generated), array_agg(written), array_agg(expression),
        array_agg(description)
    from (
        select a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull,
            a.attgenerated <> '' or a.attidentity = 'a' as is_generated,
            case
                when a.atttypmod <> -1 or a.atttypid in ('bpchar'::regtype, 'bit'::regtype)
                then format_type(a.atttypid, a.atttypmod)
            end as written,
            case
                when a.attgenerated <> '' then null
                when a.attidentity = 'd' then (
                    select format('nextval(%L)', s.objid::regclass)
                    from pg_depend s
                    where s.refclassid = 'pg_class'::regclass
                        and s.refobjid = a.attrelid
                        and s.refobjsubid = a.attnum
                        and s.classid = 'pg_class'::regclass
                        and s.deptype = 'i'
                    limit 1
                )
                else pg_get_expr(e.adbin, e.adrelid)
            end as expression,
            d.description
        from pg_attribute a
        left join pg_attrdef e on e.adrelid = a.attrelid and e.adnum = a.attnum
        left join pg_description d
            on d.objoid = a.attrelid and d.objsubid = a.attnum and d.classoid = 'pg_class'::regclass
        where a.attrelid = any($1) and a.attnum > 0 and not a.attisdropped
        order by a.attrelid, a.attnum
    ) a
    group by attrelid";

/// Relations whose columns are asked for together: bounds what is in memory at once.
const AT_ONCE: usize = 500;

/// Fills in the columns and primary keys.
pub(super) async fn load(
    executor: &impl Executor,
    relations: &mut Relations,
    types: &Types,
    names: &mut Names,
) -> Result<(), DbError> {
    let oids: Vec<Oid> = relations.keys().copied().collect();
    for some in oids.chunks(AT_ONCE) {
        for row in executor.query(COLUMNS, &[&some]).await? {
            if let Some(found) = relations.get_mut(&row.try_get(0)?) {
                read_relation(&row, found, types, names)?;
            }
        }
    }
    Ok(())
}

fn read_relation(row: &Row, found: &mut Found, types: &Types, names: &mut Names) -> Result<(), DbError> {
    let column_names: Vec<&str> = row.try_get(2)?;
    let type_oids: Vec<Oid> = row.try_get(3)?;
    let modifiers: Vec<i32> = row.try_get(4)?;
    let not_null: Vec<bool> = row.try_get(5)?;
    let generated: Vec<bool> = row.try_get(6)?;
    let mut written: Vec<Option<&str>> = row.try_get(7)?;
    let mut expressions: Vec<Option<String>> = row.try_get(8)?;
    let mut descriptions: Vec<Option<String>> = row.try_get(9)?;
    found.numbers = row.try_get(1)?;
    found.relation.columns.reserve_exact(column_names.len());
    for (at, name) in column_names.into_iter().enumerate() {
        let facts = Facts {
            type_oid: type_oids[at],
            modifiers: modifiers[at],
            not_null: not_null[at],
            is_generated: generated[at],
            written: written[at].take().map(|written| names.get(written)),
            expression: expressions[at].take(),
            description: descriptions[at].take(),
        };
        let name = names.get(name);
        let column = facts.column(name.clone(), types)?;
        found.relation.columns.insert(name, column);
    }
    let columns = &found.relation.columns;
    let key = found
        .numbers
        .iter()
        .zip(columns.keys())
        .filter(|(number, _)| found.key.contains(number));
    found.relation.primary_key = key.map(|(_, name)| name.clone()).collect();
    found.relation.primary_key.sort_unstable();
    Ok(())
}

/// What the catalogs say of one column.
struct Facts {
    type_oid: Oid,
    modifiers: i32,
    not_null: bool,
    is_generated: bool,
    written: Option<Name>,
    expression: Option<String>,
    description: Option<String>,
}

impl Facts {
    fn column(self, name: Name, types: &Types) -> Result<Column, DbError> {
        let declared = types.get(self.type_oid)?;
        let base_oid = types.base_of(self.type_oid);
        let base = types.get(base_oid)?;
        let declared_type = self.written.unwrap_or_else(|| declared.written.clone());
        // Of types that are not PostgreSQL's own the declared one is more telling (PostgREST's choice).
        let base_type = if base.is_built_in() {
            base.written.clone()
        } else {
            declared_type.clone()
        };
        let default = match self.expression {
            None if declared.is_domain() => declared.default.clone(),
            expression => expression,
        };
        Ok(Column {
            name,
            description: self.description,
            nullable: !(self.not_null || declared.is_domain() && declared.not_null),
            base_type,
            declared_type,
            type_oid: self.type_oid,
            base_oid,
            is_structured: base.is_structured(),
            max_length: types.max_length(self.type_oid, self.modifiers),
            default,
            is_generated: self.is_generated,
            enum_values: types.labels(base_oid),
        })
    }
}
