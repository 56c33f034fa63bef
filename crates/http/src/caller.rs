//! Who asks, as far as the gateway can tell.

use std::sync::Arc;

use ferrobase_jwt::{Claims, JwtError};

/// The bearer token of a request.
#[derive(Debug, Clone, Default)]
pub enum TokenState {
    /// None was sent, or not as a bearer token.
    #[default]
    None,
    /// It does not verify.
    Invalid(JwtError),
    /// It verifies. What it allows is the service's decision.
    Valid {
        /// What it says.
        claims: Arc<Claims>,
    },
    /// A third party signed it whom the project trusts. It says who somebody is, and that is all: it is no user of ours
    /// and no administrator, whatever its claims are.
    Foreign {
        /// What it says.
        claims: Arc<Claims>,
    },
}

/// Whether a third party's token may ask for this database role. Not the roles that stand above row-level security or that
/// services work as.
pub fn is_open_to_third_parties(role: &str) -> bool {
    const CLOSED: [&str; 5] = [
        "service_role",
        "postgres",
        "authenticator",
        "dashboard_user",
        "pgbouncer",
    ];
    !CLOSED.contains(&role) && !role.starts_with("supabase_") && !role.starts_with("pg_")
}

/// The caller; opaque project keys were already replaced by the token that they stand for.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The bearer token.
    pub token: TokenState,
}
