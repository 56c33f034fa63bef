//! Functions and their arguments.

use ferrobase_db::{DbError, Executor, Row};

use crate::model::{Argument, ArgumentMode, Function};

/// Arguments come as parallel arrays, of all arguments (modes, names, types); those are null where all arguments are plain inputs, or
/// none has a name. The last two columns count the inputs, and those of them that have defaults.
const FUNCTIONS: &str = "
    select p.oid, n.nspname::text, p.proname::text,
        coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes::text[], p.proargnames,
        pg_get_function_arguments(p.oid), pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid),
        p.prorettype, nullif(r.typrelid, 0), p.proretset, case when p.proretset then nullif(p.prorows, 0) end,
        p.pronargs, p.pronargdefaults
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    join pg_type r on r.oid = p.prorettype
    where n.nspname = any($1) and p.prokind = 'f'
        and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)";

/// Functions that can be called, triggers left out.
pub(super) async fn functions(
    executor: &impl Executor,
    schemas: &[String],
) -> Result<Vec<Function>, DbError> {
    let rows = executor.query(FUNCTIONS, &[&schemas]).await?;
    rows.iter().map(function).collect()
}

fn function(row: &Row) -> Result<Function, DbError> {
    Ok(Function {
        oid: row.try_get(0)?,
        schema: row.try_get(1)?,
        name: row.try_get(2)?,
        arguments: arguments(row)?,
        signature: row.try_get(6)?,
        identity: row.try_get(7)?,
        result: row.try_get(8)?,
        return_type: row.try_get(9)?,
        return_relation: row.try_get(10)?,
        returns_set: row.try_get(11)?,
        rows: row.try_get(12)?,
    })
}

/// The last inputs have the defaults. Places are those among all arguments, as the official generator counts: an output before the
/// inputs moves the defaults by one.
fn arguments(row: &Row) -> Result<Vec<Argument>, DbError> {
    let types: Vec<u32> = row.try_get(3)?;
    let modes: Option<Vec<String>> = row.try_get(4)?;
    let names: Option<Vec<String>> = row.try_get(5)?;
    let inputs = usize::try_from(row.try_get::<_, i16>(13)?).unwrap_or_default();
    let defaults = usize::try_from(row.try_get::<_, i16>(14)?).unwrap_or_default();
    let argument = |(place, type_oid): (usize, u32)| Argument {
        mode: match modes
            .as_ref()
            .and_then(|modes| modes.get(place))
            .map(String::as_str)
        {
            None | Some("i") => ArgumentMode::In,
            Some("o") => ArgumentMode::Out,
            Some("b") => ArgumentMode::InOut,
            Some("v") => ArgumentMode::Variadic,
            Some(_) => ArgumentMode::Table,
        },
        name: names
            .as_ref()
            .and_then(|names| names.get(place).cloned())
            .unwrap_or_default(),
        type_oid,
        has_default: (inputs.saturating_sub(defaults)..inputs).contains(&place),
    };
    Ok(types.into_iter().enumerate().map(argument).collect())
}
