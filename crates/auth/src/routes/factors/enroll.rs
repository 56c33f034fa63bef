//! `POST /factors`: enrol a factor (auth.md 6.1).

use std::net::IpAddr;

use axum::Json;
use axum::extract::State as Shared;
use ferrobase_db::Executor;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{ask_before_enrollment, enroll_disabled};
use crate::caller::Authenticated;
use crate::config::FactorSwitches;
use crate::error::{AuthError, ErrorCode, Result};
use crate::model::aal::Aal;
use crate::model::factor::{Factor, FactorType};
use crate::model::session::{Session, delta};
use crate::model::user::User;
use crate::model::{address, qr, totp};
use crate::request::{Body, RequestInfo};
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::factors;

#[derive(Deserialize)]
pub(in crate::routes) struct EnrollRequest {
    factor_type: Option<String>,
    friendly_name: Option<String>,
    issuer: Option<String>,
    phone: Option<String>,
}

#[derive(Serialize)]
pub(in crate::routes) struct EnrollResponse {
    id: Uuid,
    #[serde(rename = "type")]
    factor_type: &'static str,
    friendly_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    totp: Option<TotpSetup>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
}

#[derive(Serialize)]
struct TotpSetup {
    qr_code: String,
    secret: String,
    uri: String,
}

pub(in crate::routes) async fn create(
    Shared(state): Shared<State>,
    info: RequestInfo,
    caller: Authenticated,
    Body(request): Body<EnrollRequest>,
) -> Result<Json<EnrollResponse>> {
    caller.bearer.refuse_anonymous()?;
    let kind = enrollable_type(&state, request.factor_type.as_deref())?;
    let Some(session) = &caller.session else {
        return Err(AuthError::forbidden(
            ErrorCode::SessionNotFound,
            "A session is required to enroll a factor",
        ));
    };
    let phone = match kind {
        FactorType::Phone => Some(checked_phone(&state, &caller.user, request.phone.as_deref()).await?),
        _ => None,
    };
    let setup = match kind {
        FactorType::Totp => Some(totp_setup(&state, &caller.user, request.issuer.as_deref())?),
        _ => None,
    };
    let id = state.random.uuid();
    let factor = Factor {
        id,
        user_id: caller.user.id,
        friendly_name: request.friendly_name,
        factor_type: kind,
        verified: false,
        secret: setup
            .as_ref()
            .map(|setup| state.vault.seal(id, &setup.secret))
            .transpose()?,
        phone,
        last_challenged_at: None,
        web_authn_credential: None,
        created_at: state.now(),
    };
    store_factor(&state, &caller.user, session, &factor, info.ip).await?;
    Ok(Json(EnrollResponse {
        id,
        factor_type: kind.as_str(),
        friendly_name: factor.friendly_name.unwrap_or_default(),
        totp: setup,
        phone: if kind == FactorType::Phone {
            request.phone
        } else {
            None
        },
    }))
}

/// Steps 1 and 2: a known kind that is switched on.
fn enrollable_type(state: &State, name: Option<&str>) -> Result<FactorType> {
    let mfa = &state.config.mfa;
    let (kind, FactorSwitches { enroll, .. }) = match name {
        Some("totp") => (FactorType::Totp, mfa.totp),
        Some("phone") => (FactorType::Phone, mfa.phone),
        Some("webauthn") => (FactorType::Webauthn, mfa.web_authn),
        _ => {
            return Err(AuthError::validation(
                "factor_type needs to be totp, phone, or webauthn",
            ));
        }
    };
    if enroll {
        Ok(kind)
    } else {
        Err(enroll_disabled(kind))
    }
}

/// Step 3: a phone that is not on a verified factor yet. Unverified factors with it go at once, whatever follows.
async fn checked_phone(state: &State, user: &User, phone: Option<&str>) -> Result<String> {
    let phone = phone
        .filter(|phone| !phone.is_empty())
        .ok_or_else(|| AuthError::validation("Phone number required to enroll Phone factor"))?;
    let phone = address::phone(phone)?;
    let existing = factors::of_user(&state.pool, user.id).await?;
    let same = |factor: &&Factor| factor.phone.as_deref() == Some(phone.as_str());
    if existing.iter().filter(same).any(|factor| factor.verified) {
        return Err(AuthError::unprocessable(
            ErrorCode::MfaVerifiedFactorExists,
            "A verified phone factor already exists, unenroll the existing factor to continue",
        ));
    }
    if existing.iter().any(|factor| same(&factor)) {
        factors::delete_unverified_phone(&state.pool, user.id, &phone).await?;
    }
    Ok(phone)
}

/// A fresh secret with its URI and drawing. A user without e-mail is named by their phone (the original fails there).
fn totp_setup(state: &State, user: &User, issuer: Option<&str>) -> Result<TotpSetup> {
    let site = &state.config.site_url;
    let default_issuer = match (site.host_str(), site.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (host, _) => host.unwrap_or("ferrobase").to_owned(),
    };
    let issuer = issuer
        .filter(|issuer| !issuer.is_empty())
        .unwrap_or(&default_issuer);
    let account = if user.email().is_empty() {
        user.phone()
    } else {
        user.email()
    };
    let secret = totp::secret(&state.random);
    let uri = totp::uri(issuer, account, &secret);
    let qr_code = qr::svg(&uri).map_err(|_| AuthError::validation("issuer is too long for a QR code"))?;
    Ok(TotpSetup { qr_code, secret, uri })
}

/// Steps 4 to 8 and the insert, serialised per user so that the limits hold under concurrency.
async fn store_factor(
    state: &State,
    user: &User,
    session: &Session,
    factor: &Factor,
    ip: IpAddr,
) -> Result<()> {
    let mfa = &state.config.mfa;
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    factors::lock_enrolment(&tx, user.id).await?;
    let stale_before = factor.created_at - delta(mfa.factor_expiry);
    factors::delete_stale(&tx, stale_before).await?;
    factors::delete_abandoned(&tx, user.id, stale_before).await?;
    if let Err(refusal) = check_limits(state, &tx, session, factor).await {
        // The clean-up stays even though the enrolment is refused, as in the original.
        tx.commit().await?;
        return Err(refusal);
    }
    ask_before_enrollment(state, &tx, user, factor, ip).await?;
    factors::insert(&tx, factor).await.map_err(|error| {
        if error.is_unique_violation("mfa_factors_user_friendly_name_unique") {
            name_conflict(factor)
        } else {
            AuthError::from(error)
        }
    })?;
    if state.config.audit_log_in_database {
        let payload = audit::payload(
            Action::FactorInProgress,
            user,
            Some(json!({ "factor_id": factor.id })),
        );
        audit::insert(&tx, state.random.uuid(), &payload, factor.created_at, None).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Steps 5 to 8.
pub(in crate::routes) async fn check_limits(
    state: &State,
    db: &impl Executor,
    session: &Session,
    factor: &Factor,
) -> Result<()> {
    let mfa = &state.config.mfa;
    let existing = factors::of_user(db, factor.user_id).await?;
    let name = factor.friendly_name.as_deref().unwrap_or_default();
    if existing
        .iter()
        .any(|other| other.friendly_name.as_deref().unwrap_or_default() == name)
    {
        return Err(name_conflict(factor));
    }
    let count = |verified_only: bool| {
        existing
            .iter()
            .filter(|factor| factor.verified || !verified_only)
            .count()
    };
    let reached = |count: usize, limit: i64| i64::try_from(count).unwrap_or(i64::MAX) >= limit;
    if reached(count(false), mfa.max_enrolled_factors) || reached(count(true), mfa.max_verified_factors) {
        return Err(AuthError::unprocessable(
            ErrorCode::TooManyEnrolledMfaFactors,
            "Maximum number of verified factors reached, unenroll to continue",
        ));
    }
    if count(true) > 0 && session.aal < Aal::Aal2 {
        return Err(AuthError::forbidden(
            ErrorCode::InsufficientAal,
            "AAL2 required to enroll a new factor",
        ));
    }
    Ok(())
}

fn name_conflict(factor: &Factor) -> AuthError {
    let name = factor.friendly_name.as_deref().unwrap_or_default();
    AuthError::unprocessable(
        ErrorCode::MfaFactorNameConflict,
        format!("A factor with the friendly name \"{name}\" for this user already exists"),
    )
}
