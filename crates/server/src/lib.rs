//! Puts the services behind one listener and owns the order of start and stop.
//!
//! Start reading at [`serve`] in `start.rs`: the whole composition, top to bottom. `gateway.rs` is what every request
//! passes before a service sees it (API key, caller, CORS, limits, request id; design.md §3.7). This is the only room
//! that knows all services.

mod data_api;
mod database;
mod endpoints;
mod error;
mod gateway;
mod key_source;
mod listener;
mod options;
mod project;
mod realtime;
mod running;
mod settings;
mod start;
mod state_file;
mod storage;
mod third_party;

pub use data_api::{DataApi, DataApiOptions, serve_data_api};
pub use endpoints::Endpoints;
pub use error::{Failed, StartError};
pub use options::StartOptions;
pub use project::keys_file;
pub use running::Running;
pub use start::serve;
pub use state_file::{ServerState, read_state, state_dir};
