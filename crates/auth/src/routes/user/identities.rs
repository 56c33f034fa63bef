//! Linking and unlinking identities by the user (auth.md section 13). Listing them is `GET /user`.

use crate::error::{AuthError, ErrorCode, Result};
use crate::state::State;

pub(super) mod authorize;
pub(super) mod unlink;

/// Both ways need the same switch.
pub(in crate::routes) fn check_enabled(state: &State) -> Result<()> {
    if state.config.manual_linking_enabled {
        return Ok(());
    }
    Err(AuthError::not_found(
        ErrorCode::ManualLinkingDisabled,
        "Manual linking is disabled",
    ))
}
