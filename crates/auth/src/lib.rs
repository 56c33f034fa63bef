//! The Auth service: users, sessions and second factors, in the GoTrue dialect.
//!
//! Start reading at [`routes`]: the route table, one line per endpoint. Each endpoint is one file under `routes/`
//! that reads top to bottom: request, checks in the original's order, statement, response. [`model`] holds the domain
//! types and rules (no I/O), [`store`] all SQL. [`error`] is the one place that turns refusals into HTTP.
//!
//! The wire behaviour follows `specs/auth.md`; section numbers in comments refer to it.

pub mod addresses;
pub mod caller;
pub mod captcha;
pub mod codes;
pub mod config;
pub mod custom_providers;
pub mod encryption;
pub mod error;
pub mod external_account;
pub mod guesses;
pub mod hooks;
pub mod leaked;
pub mod limits;
pub mod mail;
pub mod model;
pub mod new_user;
pub mod nobody;
pub mod pace;
pub mod passkeys;
pub mod password_rules;
pub mod passwords;
pub mod providers;
pub mod redemption;
pub mod redirects;
pub mod refreshing;
pub mod request;
pub mod routes;
pub mod saml;
pub mod sign_in;
pub mod sso_metadata;
pub mod state;
pub mod step_up;
pub mod store;
pub mod tasks;
pub mod texts;
pub mod webauthn;

pub use config::AuthConfig;
pub use error::AuthError;
pub use routes::router;
pub use state::{Parts, StartError, State};
pub use tasks::run_tasks;
