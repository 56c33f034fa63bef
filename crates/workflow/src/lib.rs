//! The SQL of a project's folder: `supabase/roles.sql`, `migrations/` and seeds, applied and recorded as the Supabase CLI does, so
//! that both tools can be used on one project in turn (config-and-cli.md §2).
//!
//! [`Files`] says what there is, [`Applier`] runs it: as `postgres`, who is no superuser, with the few statements elevated that
//! hosted projects elevate too ([`elevated`]). [`statements`] cuts a file into its statements, `store` is the bookkeeping.

mod apply;
pub mod elevated;
mod error;
mod files;
mod reset;
pub mod statements;
mod store;

pub use apply::{Applier, Step};
pub use error::{StatementError, WorkflowError};
pub use ferrobase_db::Target;
pub use files::{Files, Migration, Seed, WorkflowConfig};
pub use reset::reset;
