//! Loads the configuration of a project and remembers where each value came from.
//!
//! Sources, strongest first: command line flags, `FERROBASE_<SECTION>_<KEY>`, `supabase/config.toml` (as the Supabase CLI
//! reads it, with `env(NAME)` values), the original service's own variable (`GOTRUE_…`, `PGRST_…`), the built-in default.
//! `.env` files beside the project add to the environment; the process environment wins over them.
//!
//! This room knows no setting by meaning: the sections live with the services that own them. A service asks
//! [`Config::section`] for its section and reads keys from it; whatever nobody asked for comes out of [`Config::notices`].
//!
//! ```
//! let config = ferrobase_config::Config::from_toml_str("[api]\nport = 8000\n")?;
//! let api = config.section("api");
//! assert_eq!(api.get("port").u16_or(54321)?, 8000);
//! assert_eq!(api.get("max_rows").or_env("PGRST_DB_MAX_ROWS").u32_or(1000)?, 1000);
//! # Ok::<(), ferrobase_config::ConfigError>(())
//! ```
//!
//! Start reading at [`Config::load`], then `section.rs` (how one key is looked up).

mod config;
mod document;
mod dotenv;
mod error;
mod known;
mod notice;
mod section;
mod units;
mod value;

pub use config::{Config, LoadOptions};
pub use error::{BadValue, ConfigError, Origin};
pub use notice::{Notice, NoticeKind};
pub use section::{Key, Section};
pub use units::Rate;

/// A key as a list of names: `auth.email.enabled` is three of them.
type KeyPath = Vec<String>;
