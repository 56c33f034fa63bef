//! Views, and which columns of which tables they show.

use std::collections::HashMap;

use ferrobase_db::{DbError, Executor};
use ferrobase_sql::{ViewColumns, output_columns};

use crate::relationships::View;

/// Columns of views are numbered without gaps.
const VIEWS: &str = "
    select c.oid, n.nspname::text, c.relname::text, r.ev_action::text,
        array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 order by a.attnum)
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_rewrite r on r.ev_class = c.oid and r.rulename = '_RETURN'
    where c.relkind in ('v', 'm') and n.nspname = any($1)
    order by n.nspname, c.relname";

/// Views of `schemas`. What they show of a view of another schema is not followed.
pub(super) async fn views(executor: &impl Executor, schemas: &[String]) -> Result<Vec<View>, DbError> {
    let mut definitions = ViewColumns::default();
    let mut found = Vec::new();
    for row in executor.query(VIEWS, &[&schemas]).await? {
        let oid: u32 = row.try_get(0)?;
        definitions.insert(oid, output_columns(row.try_get(3)?));
        let view = View {
            schema: row.try_get(1)?,
            name: row.try_get(2)?,
            columns: HashMap::new(),
        };
        let names: Vec<String> = row.try_get(4)?;
        found.push((oid, view, names));
    }
    let shown = |(oid, mut view, names): (u32, View, Vec<String>)| {
        for (number, origin) in definitions.of(oid) {
            let place = usize::try_from(number)
                .ok()
                .and_then(|number| number.checked_sub(1));
            if let Some(name) = place.and_then(|place| names.get(place)) {
                view.columns.entry(origin).or_default().push(name.clone());
            }
        }
        view
    };
    Ok(found.into_iter().map(shown).collect())
}
