//! Types: what domains are made of, how PostgreSQL writes them, labels of enumerations.

use std::collections::HashMap;

use ferrobase_db::{DbError, Executor};

use super::names::Names;
use crate::schema::model::{Name, Oid, QualifiedName};

/// `character`
const BPCHAR: Oid = 1042;
/// `character varying`
const VARCHAR: Oid = 1043;
/// `bit`
const BIT: Oid = 1560;
/// `bit varying`
const VARBIT: Oid = 1562;
/// `character[]`
const BPCHAR_ARRAY: Oid = 1014;
/// `bit[]`
const BIT_ARRAY: Oid = 1561;
/// `void`
pub(super) const VOID: Oid = 2278;
/// bytea, json, jsonb, text, xml: a function may take a whole body as one of these.
pub(super) const BODIES: [Oid; 5] = [17, 114, 3802, 25, 142];

/// Longest chain of domains over domains that is followed.
const LONGEST_CHAIN: usize = 64;

const TYPES: &str = "
    select t.oid, n.nspname, t.typname, t.typtype, t.typcategory = 'A', t.typbasetype, t.typtypmod, t.typnotnull,
        format_type(t.oid, null), pg_get_expr(t.typdefaultbin, 0)
    from pg_type t
    join pg_namespace n on n.oid = t.typnamespace";

const LABELS: &str = "
    select enumtypid, array_agg(enumlabel order by enumsortorder)
    from pg_enum
    group by enumtypid";

/// All types.
#[derive(Debug)]
pub(super) struct Types {
    types: HashMap<Oid, Type>,
    labels: HashMap<Oid, Vec<String>>,
}

/// A type.
#[derive(Debug)]
pub(super) struct Type {
    pub(super) name: QualifiedName,
    kind: Kind,
    is_array: bool,
    /// A domain's type; 0 = no domain.
    base: Oid,
    /// A domain's modifiers of its type.
    base_modifiers: i32,
    /// A domain that does not take null.
    pub(super) not_null: bool,
    /// As PostgreSQL writes it, without modifiers.
    pub(super) written: Name,
    /// A domain's default.
    pub(super) default: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Composite,
    Domain,
    Other,
}

impl Types {
    /// All types.
    pub(super) async fn load(executor: &impl Executor, names: &mut Names) -> Result<Self, DbError> {
        let mut types = HashMap::new();
        for row in executor.query(TYPES, &[]).await? {
            let kind = match u8::try_from(row.try_get::<_, i8>(3)?) {
                Ok(b'c') => Kind::Composite,
                Ok(b'd') => Kind::Domain,
                _ => Kind::Other,
            };
            let found = Type {
                name: names.qualified(row.try_get(1)?, row.try_get(2)?),
                kind,
                is_array: row.try_get(4)?,
                base: row.try_get(5)?,
                base_modifiers: row.try_get(6)?,
                not_null: row.try_get(7)?,
                written: names.get(row.try_get(8)?),
                default: row.try_get(9)?,
            };
            types.insert(row.try_get(0)?, found);
        }
        let mut labels = HashMap::new();
        for row in executor.query(LABELS, &[]).await? {
            labels.insert(row.try_get(0)?, row.try_get(1)?);
        }
        Ok(Self { types, labels })
    }

    /// A type, if there still is one.
    pub(super) fn get(&self, oid: Oid) -> Result<&Type, DbError> {
        self.types
            .get(&oid)
            .ok_or_else(|| DbError::Unreadable(format!("the type {oid} is not in pg_type")))
    }

    /// The type that a domain is made of in the end; other types as they are.
    pub(super) fn base_of(&self, oid: Oid) -> Oid {
        let mut base = oid;
        for _ in 0..LONGEST_CHAIN {
            match self.types.get(&base) {
                Some(found) if found.is_domain() => base = found.base,
                _ => break,
            }
        }
        base
    }

    /// Labels of an enumeration.
    pub(super) fn labels(&self, oid: Oid) -> Vec<String> {
        self.labels.get(&oid).cloned().unwrap_or_default()
    }

    /// Longest text that a column of this type and these modifiers takes.
    pub(super) fn max_length(&self, oid: Oid, modifiers: i32) -> Option<i32> {
        let (oid, modifiers) = match self.types.get(&oid) {
            Some(found) if found.is_domain() => (found.base, found.base_modifiers),
            _ => (oid, modifiers),
        };
        match oid {
            _ if modifiers < 0 => None,
            // The modifiers count a header of four bytes.
            BPCHAR | VARCHAR => Some(modifiers - 4),
            BIT | VARBIT => Some(modifiers),
            _ => None,
        }
    }

    /// The type that a parameter's value is cast to: without length, which would cut it.
    pub(super) fn cast(&self, oid: Oid, names: &mut Names) -> Result<Name, DbError> {
        Ok(match oid {
            BPCHAR => names.get("character varying"),
            BPCHAR_ARRAY => names.get("character varying[]"),
            BIT => names.get("bit varying"),
            BIT_ARRAY => names.get("bit varying[]"),
            _ => self.get(oid)?.written.clone(),
        })
    }
}

impl Type {
    pub(super) fn is_domain(&self) -> bool {
        self.kind == Kind::Domain
    }

    /// A row type.
    pub(super) fn is_composite(&self) -> bool {
        self.kind == Kind::Composite
    }

    /// Has parts.
    pub(super) fn is_structured(&self) -> bool {
        self.is_composite() || self.is_array
    }

    /// One of PostgreSQL's own.
    pub(super) fn is_built_in(&self) -> bool {
        &*self.name.schema == "pg_catalog"
    }
}
