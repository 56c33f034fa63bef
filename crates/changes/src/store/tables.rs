//! Tables as database changes need them: what is published, what columns are, who may see what.

use ferrobase_db::{DbError, Executor, Pool};

use crate::table::{Column, RoleView, Table};
use crate::value::Kind;

/// The published tables that have this schema and name, if given.
pub(crate) async fn published(
    pool: &Pool,
    publication: &str,
    schema: Option<&str>,
    table: Option<&str>,
) -> Result<Vec<u32>, DbError> {
    let sql = "
        select c.oid
        from pg_publication_tables p
        join pg_namespace n on n.nspname = p.schemaname
        join pg_class c on c.relnamespace = n.oid and c.relname = p.tablename
        where p.pubname = $1 and ($2::text is null or p.schemaname = $2) and ($3::text is null or p.tablename = $3)";
    let rows = pool.query(sql, &[&publication, &schema, &table]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// A table; `None` when it is gone.
pub(crate) async fn table(pool: &Pool, oid: u32) -> Result<Option<Table>, DbError> {
    let sql = "
        select n.nspname::text, c.relname::text, c.relrowsecurity
        from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = $1";
    let rows = pool.query(sql, &[&oid]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (schema, name, has_rls) = (row.get(0), row.get(1), row.get(2));
    let sql = "
        select a.attname::text, t.typname::text, b.oid, b.typtype = 'e', e.oid, coalesce(e.typtype = 'e', false),
            e.typdelim::text, format_type(b.oid, case when b.oid = 'bpchar'::regtype then a.atttypmod end),
            array_position(i.indkey::int2[], a.attnum), case when a.attcollation <> t.typcollation then (
                select quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
                from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace where co.oid = a.attcollation) end
        from pg_attribute a
        join pg_type t on t.oid = a.atttypid
        cross join lateral (
            with recursive chain as (
                select t.oid, t.typbasetype, t.typtype
                union all
                select next.oid, next.typbasetype, next.typtype
                from chain join pg_type next on next.oid = chain.typbasetype where chain.typtype = 'd'
            )
            select chain.oid from chain where chain.typtype <> 'd'
        ) base
        join pg_type b on b.oid = base.oid
        left join pg_type e on e.oid = b.typelem and b.typcategory = 'A'
        left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
        where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
        order by a.attnum";
    let rows = pool.query(sql, &[&oid]).await?;
    let mut key = Vec::new();
    let mut columns = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let kind = match row.get::<_, Option<u32>>(4) {
            Some(member) => {
                let separator: Option<String> = row.get(6);
                let separator = separator.and_then(|text| text.chars().next()).unwrap_or(',');
                Kind::Array(Box::new(Kind::of(member, row.get(5))), separator)
            }
            None => Kind::of(row.get(2), row.get(3)),
        };
        if let Some(position) = row.get::<_, Option<i32>>(8) {
            key.push((position, index));
        }
        columns.push(Column {
            name: row.get(0),
            type_name: row.get(1),
            kind,
            base: row.get(7),
            collation: row.get(9),
        });
    }
    key.sort_unstable();
    Ok(Some(Table {
        oid,
        schema,
        name,
        columns,
        key: key.into_iter().map(|(_, index)| index).collect(),
        has_rls,
    }))
}

/// What a role may see of a table; `None` when one of them does not exist.
pub(crate) async fn role_view(pool: &Pool, role: &str, table: u32) -> Result<Option<RoleView>, DbError> {
    let sql = "
        select r.rolbypassrls or r.rolsuper or (not c.relforcerowsecurity and pg_has_role(r.oid, c.relowner, 'usage')),
            array(
                select has_column_privilege(r.oid, c.oid, a.attnum, 'select')
                from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                order by a.attnum)
        from pg_roles r, pg_class c where r.rolname = $1 and c.oid = $2";
    let rows = pool.query(sql, &[&role, &table]).await?;
    Ok(rows.first().map(|row| RoleView {
        bypasses_rls: row.get(0),
        readable: row.get(1),
    }))
}

/// Whether a role exists.
pub(crate) async fn has_role(pool: &Pool, role: &str) -> Result<bool, DbError> {
    let sql = "select from pg_roles where rolname = $1";
    Ok(!pool.query(sql, &[&role]).await?.is_empty())
}

/// Values of a column as the stream prints them. `base` is the column's type as the catalog writes it.
pub(crate) async fn canonical(pool: &Pool, base: &str, values: &[String]) -> Result<Vec<String>, DbError> {
    let connection = pool.get().await?;
    connection
        .batch("set datestyle = 'ISO'; set bytea_output = 'hex'; set extra_float_digits = 1")
        .await?;
    let sql = format!(
        "select given::{base}::text from unnest($1::text[]) with ordinality g(given, place) order by place"
    );
    let rows = connection.query(&sql, &[&values]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
