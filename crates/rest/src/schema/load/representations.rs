//! Casts that domains bring along (rest.md section 20).

use std::collections::HashMap;

use ferrobase_db::{DbError, Executor};

use super::names::Names;
use crate::schema::model::{Oid, Representation};

/// Which way a cast goes: to json, from json, from text.
const CASTS: &str = "
    select s.oid, t.oid, s.typtype = 'd', c.castsource = 'json'::regtype, n.nspname, p.proname
    from pg_cast c
    join pg_type s on s.oid = c.castsource
    join pg_type t on t.oid = c.casttarget
    join pg_proc p on p.oid = c.castfunc
    join pg_namespace n on n.oid = p.pronamespace
    where c.castcontext = 'i'
        and c.castmethod = 'f'
        and has_function_privilege(c.castfunc, 'execute')
        and (
            (s.typtype = 'd' and c.casttarget = 'json'::regtype)
            or (t.typtype = 'd' and c.castsource in ('json'::regtype, 'text'::regtype))
        )";

/// Implicit casts by functions that the login may call, by the domain's type.
pub(super) async fn load(
    executor: &impl Executor,
    names: &mut Names,
) -> Result<HashMap<Oid, Representation>, DbError> {
    let mut representations: HashMap<Oid, Representation> = HashMap::new();
    for row in executor.query(CASTS, &[]).await? {
        let function = Some(names.qualified(row.try_get(4)?, row.try_get(5)?));
        let (source, target): (Oid, Oid) = (row.try_get(0)?, row.try_get(1)?);
        let (to_json, from_json): (bool, bool) = (row.try_get(2)?, row.try_get(3)?);
        if to_json {
            representations.entry(source).or_default().to_json = function;
        } else if from_json {
            representations.entry(target).or_default().from_json = function;
        } else {
            representations.entry(target).or_default().from_text = function;
        }
    }
    Ok(representations)
}
