//! `/admin/custom-providers`: providers that the project adds itself (auth.md 17.4).

use crate::error::{AuthError, ErrorCode, Result};
use crate::state::State;

pub(in crate::routes) mod create;
pub(in crate::routes) mod delete;
pub(in crate::routes) mod list;
pub(in crate::routes) mod show;
pub(in crate::routes) mod update;

fn check_enabled(state: &State) -> Result<()> {
    if state.config.custom_providers.enabled {
        return Ok(());
    }
    Err(AuthError::not_found(
        ErrorCode::FeatureDisabled,
        "Custom OAuth providers are disabled",
    ))
}
