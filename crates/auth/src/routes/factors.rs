//! Second factors of the caller (auth.md section 6).

use std::net::IpAddr;

use axum::Router;
use axum::routing::{delete, get, post};
use ferrobase_db::Executor;

use crate::error::{AuthError, ErrorCode, Result};
use crate::model::factor::{Factor, FactorType};
use crate::model::user::User;
use crate::state::State;

mod challenge;
mod enroll;
mod recovery_codes;
mod unenroll;
mod verify;

/// The area's part of the route table.
pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/factors", post(enroll::create))
        .route("/factors/", post(enroll::create))
        .route(
            "/factors/recovery-codes",
            get(recovery_codes::status::show)
                .post(recovery_codes::generate::create)
                .delete(recovery_codes::unenroll::delete),
        )
        .route(
            "/factors/recovery-codes/regenerate",
            post(recovery_codes::regenerate::create),
        )
        .route(
            "/factors/recovery-codes/verify",
            post(recovery_codes::verify::check),
        )
        .route("/factors/{factor_id}", delete(unenroll::delete))
        .route("/factors/{factor_id}/challenge", post(challenge::create))
        .route("/factors/{factor_id}/verify", post(verify::check))
}

/// The factor is not the caller's, or does not exist: the two look the same.
pub(in crate::routes) fn factor_not_found() -> AuthError {
    AuthError::not_found(ErrorCode::MfaFactorNotFound, "Factor not found")
}

/// Asks the hook before anything of a new factor is written; without one it costs nothing.
pub(in crate::routes) async fn ask_before_enrollment(
    state: &State,
    db: &impl Executor,
    user: &User,
    factor: &Factor,
    ip: IpAddr,
) -> Result<()> {
    if !state.hooks.has_before_mfa_enrollment() {
        return Ok(());
    }
    let name = factor.friendly_name.as_deref().filter(|name| !name.is_empty());
    let kind = factor.factor_type.as_str();
    state
        .hooks
        .before_mfa_enrollment(db, &user.to_value(), kind, name, ip)
        .await
}

/// Enrolment of this kind is switched off.
pub(in crate::routes) fn enroll_disabled(kind: FactorType) -> AuthError {
    let (code, message) = match kind {
        FactorType::Totp => (
            ErrorCode::MfaTotpEnrollNotEnabled,
            "MFA enroll is disabled for TOTP",
        ),
        FactorType::Phone => (
            ErrorCode::MfaPhoneEnrollNotEnabled,
            "MFA enroll is disabled for Phone",
        ),
        FactorType::Webauthn => (
            ErrorCode::MfaWebauthnEnrollNotEnabled,
            "MFA enroll is disabled for WebAuthn",
        ),
        FactorType::RecoveryCode => (
            ErrorCode::MfaRecoveryCodesEnrollNotEnabled,
            "MFA enroll is disabled for recovery codes",
        ),
    };
    AuthError::unprocessable(code, message)
}

/// Challenge and verification of this kind are switched off.
pub(in crate::routes) fn verify_disabled(kind: FactorType) -> AuthError {
    let (code, message) = match kind {
        FactorType::Totp => (
            ErrorCode::MfaTotpVerifyNotEnabled,
            "MFA verification is disabled for TOTP",
        ),
        FactorType::Phone => (
            ErrorCode::MfaPhoneVerifyNotEnabled,
            "MFA verification is disabled for Phone",
        ),
        FactorType::Webauthn => (
            ErrorCode::MfaWebauthnVerifyNotEnabled,
            "MFA verification is disabled for WebAuthn",
        ),
        FactorType::RecoveryCode => (
            ErrorCode::MfaRecoveryCodesVerifyNotEnabled,
            "MFA verification is disabled for recovery codes",
        ),
    };
    AuthError::unprocessable(code, message)
}
