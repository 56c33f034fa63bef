//! Second factors of the caller (auth.md section 6).

pub(in crate::routes) mod challenge;
pub(in crate::routes) mod enroll;
pub(in crate::routes) mod recovery_codes;
pub(in crate::routes) mod unenroll;
pub(in crate::routes) mod verify;

use crate::error::{AuthError, ErrorCode};
use crate::model::factor::FactorType;

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
