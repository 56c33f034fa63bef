//! Codes and links: asking for them and redeeming them (auth.md section 9).

use axum::Router;
use axum::routing::{get, post};

use crate::state::State;

mod existing;
mod magiclink;
mod otp;
mod reauthenticate;
mod recover;
mod resend;
mod sms;
mod verify;
mod verify_link;

/// The area's part of the route table.
pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/otp", post(otp::send))
        .route("/magiclink", post(magiclink::send))
        .route("/recover", post(recover::send))
        .route("/resend", post(resend::send))
        .route("/reauthenticate", get(reauthenticate::send))
        .route("/verify", get(verify_link::follow).post(verify::check))
}
