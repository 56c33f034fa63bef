//! Second factors of the caller (auth.md section 6).

use axum::Router;
use axum::routing::{delete, get, post};

use crate::error::{AuthError, ErrorCode};
use crate::model::factor::FactorType;
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
