//! Views: which columns of which tables they show, and the primary keys that they inherit.

use std::collections::{HashMap, HashSet};

use ferrobase_db::{DbError, Executor};
use ferrobase_sql::{ViewColumns, output_columns};

use super::relations::{Found, Relations};
use crate::schema::model::{Name, Oid};
use crate::schema::relationships::View;

/// Of relations that are no views there is no such rule.
const DEFINITIONS: &str = "
    select ev_class, ev_action::text
    from pg_rewrite
    where ev_class = any($1) and ev_type = '1' and is_instead and rulename = '_RETURN'";

/// In the order in which a view over several tables lists their columns.
const PRIMARY_KEYS: &str = "
    select k.conrelid, k.conkey
    from pg_constraint k
    join pg_class c on c.oid = k.conrelid
    join pg_namespace n on n.oid = c.relnamespace
    where k.contype = 'p' and k.conrelid = any($1)
    order by n.nspname, c.relname";

/// Views whose definitions are asked for together: one can be a megabyte.
const AT_ONCE: usize = 100;

/// The views among `relations`, which get their primary keys here.
pub(super) async fn load(executor: &impl Executor, relations: &mut Relations) -> Result<Vec<View>, DbError> {
    let oids: Vec<Oid> = relations
        .iter()
        .filter(|(_, found)| found.relation.is_view)
        .map(|(oid, _)| *oid)
        .collect();
    let definitions = definitions(executor, oids.clone()).await?;
    let views: Vec<(Oid, View)> = oids
        .into_iter()
        .filter_map(|oid| Some((oid, view(relations.get(&oid)?, oid, &definitions))))
        .collect();
    let tables: HashSet<Oid> = views
        .iter()
        .flat_map(|(_, view)| view.columns.keys().map(|(table, _)| *table))
        .collect();
    let keys = primary_keys(executor, tables.into_iter().collect()).await?;
    for (oid, view) in &views {
        if let Some(found) = relations.get_mut(oid) {
            found.relation.primary_key = inherited_key(view, &keys);
        }
    }
    Ok(views.into_iter().map(|(_, view)| view).collect())
}

/// The definitions of `views`, and of the views that they select from, of whatever schema.
async fn definitions(executor: &impl Executor, views: Vec<Oid>) -> Result<ViewColumns, DbError> {
    let mut found = ViewColumns::default();
    let mut asked: HashSet<Oid> = views.iter().copied().collect();
    let mut wanted = views;
    while !wanted.is_empty() {
        let mut origins = Vec::new();
        for some in wanted.chunks(AT_ONCE) {
            for row in executor.query(DEFINITIONS, &[&some]).await? {
                let columns = output_columns(row.try_get(1)?);
                origins.extend(columns.iter().filter_map(|column| Some(column.origin?.0)));
                found.insert(row.try_get(0)?, columns);
            }
        }
        origins.retain(|origin| asked.insert(*origin));
        wanted = origins;
    }
    Ok(found)
}

fn view(found: &Found, oid: Oid, definitions: &ViewColumns) -> View {
    let names: HashMap<i16, &Name> = found
        .numbers
        .iter()
        .copied()
        .zip(found.relation.columns.keys())
        .collect();
    let mut view = View {
        name: found.relation.name.clone(),
        columns: HashMap::new(),
    };
    for (number, origin) in definitions.of(oid) {
        if let Some(name) = names.get(&number) {
            view.columns.entry(origin).or_default().push((*name).clone());
        }
    }
    view
}

async fn primary_keys(executor: &impl Executor, tables: Vec<Oid>) -> Result<Vec<(Oid, Vec<i16>)>, DbError> {
    let mut keys = Vec::new();
    for row in executor.query(PRIMARY_KEYS, &[&tables]).await? {
        keys.push((row.try_get(0)?, row.try_get(1)?));
    }
    Ok(keys)
}

/// The keys of all tables of which the view shows the whole key; of a column that it shows several times the first.
fn inherited_key(view: &View, keys: &[(Oid, Vec<i16>)]) -> Vec<Name> {
    let shown = |(table, columns): &(Oid, Vec<i16>)| -> Option<Vec<Name>> {
        columns
            .iter()
            .map(|column| view.columns.get(&(*table, *column))?.first().cloned())
            .collect()
    };
    keys.iter().filter_map(shown).flatten().collect()
}
