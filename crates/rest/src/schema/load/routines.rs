//! Functions that can be called.

use std::collections::HashMap;

use ferrobase_db::{DbError, Executor, Row};

use super::names::Names;
use super::settings;
use super::types::{BODIES, Types, VOID};
use crate::schema::model::{Oid, Parameter, QualifiedName, ReturnValue, Returns, Routine, Volatility};

const ROUTINES: &str = "
    select n.nspname, p.proname, d.description,
        coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes, p.proargnames,
        p.pronargs, p.pronargdefaults, p.prorettype, p.proretset, p.provolatile, p.provariadic <> 0, p.proconfig
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    left join pg_description d on d.objoid = p.oid and d.classoid = 'pg_proc'::regclass
    where n.nspname = any($1) and p.prokind = 'f' and p.prorettype <> 'trigger'::regtype";

/// The callable functions of `schemas`; overloads with few parameters first.
pub(super) async fn load(
    executor: &impl Executor,
    schemas: &[String],
    types: &Types,
    names: &mut Names,
) -> Result<HashMap<QualifiedName, Vec<Routine>>, DbError> {
    let mut routines: HashMap<QualifiedName, Vec<Routine>> = HashMap::new();
    for row in executor.query(ROUTINES, &[&schemas]).await? {
        if let Some(routine) = read(&row, types, names)? {
            routines.entry(routine.name.clone()).or_default().push(routine);
        }
    }
    for overloads in routines.values_mut() {
        overloads.sort_by(|one, other| rank(one).cmp(&rank(other)));
    }
    Ok(routines)
}

/// PostgREST's order, in which an ambiguity's candidates are listed.
fn rank(routine: &Routine) -> (usize, Option<&str>, Vec<(&str, &str)>) {
    let parameters = &routine.parameters;
    (
        parameters.len(),
        routine.description.as_deref(),
        parameters
            .iter()
            .map(|parameter| (&*parameter.name, &*parameter.type_name))
            .collect(),
    )
}

/// `None` if it cannot be called over HTTP.
fn read(row: &Row, types: &Types, names: &mut Names) -> Result<Option<Routine>, DbError> {
    let type_oids: Vec<Oid> = row.try_get(3)?;
    let modes: Vec<i8> = row.try_get::<_, Option<_>>(4)?.unwrap_or_default();
    let arguments = Arguments {
        types: type_oids,
        modes: modes
            .into_iter()
            .map(|mode| u8::try_from(mode).unwrap_or_default())
            .collect(),
        names: row.try_get::<_, Option<_>>(5)?.unwrap_or_default(),
        inputs: usize::try_from(row.try_get::<_, i16>(6)?).unwrap_or_default(),
        defaults: usize::try_from(row.try_get::<_, i16>(7)?).unwrap_or_default(),
    };
    if !arguments.is_callable() {
        return Ok(None);
    }
    let stored: Vec<&str> = row.try_get::<_, Option<_>>(12)?.unwrap_or_default();
    let (settings, isolation) = settings::split(&stored, names, |_| true);
    Ok(Some(Routine {
        name: names.qualified(row.try_get(0)?, row.try_get(1)?),
        description: row.try_get(2)?,
        parameters: arguments.parameters(types, names)?,
        returns: Returns {
            is_set: row.try_get(9)?,
            value: value(row.try_get(8)?, arguments.has_output(), types, names)?,
        },
        volatility: match u8::try_from(row.try_get::<_, i8>(10)?) {
            Ok(b'i') => Volatility::Immutable,
            Ok(b's') => Volatility::Stable,
            _ => Volatility::Volatile,
        },
        is_variadic: row.try_get(11)?,
        isolation,
        settings,
    }))
}

/// A function's arguments as the catalog has them: those that come back in between.
struct Arguments<'r> {
    types: Vec<Oid>,
    /// Empty: all of them go in.
    modes: Vec<u8>,
    /// Empty: none has a name.
    names: Vec<&'r str>,
    /// How many go in.
    inputs: usize,
    /// How many of the last ones that go in have a default.
    defaults: usize,
}

impl Arguments<'_> {
    fn mode(&self, at: usize) -> u8 {
        self.modes.get(at).copied().unwrap_or(b'i')
    }

    fn name(&self, at: usize) -> &str {
        self.names.get(at).copied().unwrap_or_default()
    }

    /// Places of those that go in.
    fn inputs(&self) -> impl Iterator<Item = usize> {
        (0..self.types.len()).filter(|at| matches!(self.mode(*at), b'i' | b'b' | b'v'))
    }

    /// Some come back: `TABLE`, `INOUT`, `OUT`.
    fn has_output(&self) -> bool {
        self.modes.iter().any(|mode| matches!(mode, b't' | b'b' | b'o'))
    }

    /// Arguments are given by name, or the whole body as the only one.
    fn is_callable(&self) -> bool {
        let mut unnamed = self.inputs().filter(|at| self.name(*at).is_empty());
        let Some(first) = unnamed.next() else { return true };
        if self.inputs == 1 {
            return BODIES.contains(&self.types[first]);
        }
        // Others can be left out if they have a default; where none has a name nothing could be given.
        let required = self.inputs.saturating_sub(self.defaults);
        let mut required = self.inputs().take(required);
        !self.names.is_empty() && required.all(|at| !self.name(at).is_empty())
    }

    fn parameters(&self, types: &Types, names: &mut Names) -> Result<Vec<Parameter>, DbError> {
        let required = self.inputs.saturating_sub(self.defaults);
        let mut parameters = Vec::with_capacity(self.inputs);
        for (index, at) in self.inputs().enumerate() {
            let oid = self.types[at];
            parameters.push(Parameter {
                name: names.get(self.name(at)),
                type_name: types.get(oid)?.written.clone(),
                cast_type: types.cast(oid, names)?,
                required: index < required,
                variadic: self.mode(at) == b'v',
            });
        }
        Ok(parameters)
    }
}

/// A plain `record` counts as one value: PostgreSQL does not know its columns before it is made.
fn value(returned: Oid, has_output: bool, types: &Types, names: &mut Names) -> Result<ReturnValue, DbError> {
    let declared = types.get(returned)?;
    let base_oid = types.base_of(returned);
    let base = types.get(base_oid)?;
    Ok(match returned {
        VOID => ReturnValue::Void,
        _ if base.is_composite() => ReturnValue::Composite {
            type_name: base.name.clone(),
            is_alias: base_oid != returned,
        },
        _ if has_output => ReturnValue::Composite {
            type_name: names.qualified("pg_catalog", "record"),
            is_alias: false,
        },
        _ => ReturnValue::Scalar {
            type_name: declared.name.clone(),
        },
    })
}
