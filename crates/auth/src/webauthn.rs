//! Security keys as second factors (auth.md 6.2, 6.3; W3C Web Authentication Level 2).
//!
//! The ceremonies are `webauthn-rs-core`'s: its higher layer keeps the state of a ceremony opaque and insists on
//! "required" or "discouraged" user verification, while the original asks for "preferred" and stores the state.

use ferrobase_db::Executor;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::proto::{
    AttestationConveyancePreference, AuthenticationState, Credential, PublicKeyCredential,
    RegisterPublicKeyCredential, RegistrationState, UserVerificationPolicy,
};

use crate::error::{AuthError, ErrorCode, Result};
use crate::model::attested::Attested;
use crate::model::factor::Factor;
use crate::model::user::{Time, User};
use crate::state::State;
use crate::store::factors;

/// What the client offers as a proof.
#[derive(Debug, Clone, Copy)]
pub enum WebauthnProof<'a> {
    /// A new credential.
    Create(&'a Value),
    /// An assertion by a registered credential.
    Request(&'a Value),
}

impl<'a> WebauthnProof<'a> {
    /// Reads the `webauthn` object; the checks come in the original's order.
    pub fn read(object: Option<&'a Value>) -> Result<Self> {
        let object = object
            .filter(|value| value.is_object())
            .ok_or_else(|| AuthError::validation("WebAuthn config required"))?;
        let kind = object.get("type").and_then(Value::as_str).unwrap_or_default();
        if !matches!(kind, "create" | "request") {
            return Err(AuthError::validation("WebAuthn type must be create or request"));
        }
        let response = object
            .get("credential_response")
            .filter(|response| !response.is_null())
            .ok_or_else(|| AuthError::validation("credential_response required"))?;
        Ok(if kind == "create" {
            Self::Create(response)
        } else {
            Self::Request(response)
        })
    }
}

/// Starts a ceremony: creation for an unverified factor, assertion for a verified one. Returns what the client gets and
/// what is stored with the challenge.
pub async fn challenge(state: &State, user: &User, factor: &Factor) -> Result<(Value, Value)> {
    let core = relying_party(state);
    if let Some(credential) = factor.web_authn_credential.as_ref().filter(|_| factor.verified) {
        let credential: Credential = stored(credential)?;
        let builder = core
            .new_challenge_authenticate_builder(vec![credential], Some(UserVerificationPolicy::Preferred))
            .map_err(AuthError::internal)?;
        let (options, ceremony) = core
            .generate_challenge_authenticate(builder)
            .map_err(AuthError::internal)?;
        return Ok((
            json!({ "type": "request", "credential_options": options }),
            json!({ "request": ceremony }),
        ));
    }
    let existing = factors::of_user(&state.pool, user.id).await?;
    let registered = existing
        .iter()
        .filter_map(|other| other.web_authn_credential.as_ref());
    let exclude = registered
        .filter_map(|value| stored::<Credential>(value).ok())
        .map(|credential| credential.cred_id)
        .collect();
    let name = account_name(user);
    let builder = core
        .new_challenge_register_builder(user.id.to_string().as_bytes(), name, name)
        .map_err(AuthError::internal)?
        .user_verification_policy(UserVerificationPolicy::Preferred)
        .attestation(AttestationConveyancePreference::None)
        .exclude_credentials(Some(exclude));
    let (options, ceremony) = core
        .generate_challenge_register(builder)
        .map_err(AuthError::internal)?;
    Ok((
        json!({ "type": "create", "credential_options": options }),
        json!({ "create": ceremony }),
    ))
}

/// Finishes a ceremony and stores the credential, or its new counter.
pub async fn verify(
    state: &State,
    db: &impl Executor,
    factor: &Factor,
    ceremony: Option<&Value>,
    proof: WebauthnProof<'_>,
    now: Time,
) -> Result<()> {
    let core = relying_party(state);
    let ceremony = |kind: &str| {
        ceremony
            .and_then(|ceremony| ceremony.get(kind))
            .ok_or_else(failed)
    };
    match proof {
        WebauthnProof::Create(response) => {
            let response: RegisterPublicKeyCredential = offered(response)?;
            let ceremony: RegistrationState = stored(ceremony("create")?)?;
            let credential = core
                .register_credential(&response, &ceremony, None)
                .map_err(|error| refused(&error))?;
            let aaguid =
                Attested::read(&response.response.attestation_object).map(|attested| attested.aaguid);
            factors::set_credential(
                db,
                factor.id,
                &serde_json::to_value(&credential).map_err(AuthError::internal)?,
                aaguid,
                now,
            )
            .await?;
        }
        WebauthnProof::Request(response) => {
            let response: PublicKeyCredential = offered(response)?;
            let ceremony: AuthenticationState = stored(ceremony("request")?)?;
            let mut credential: Credential =
                stored(factor.web_authn_credential.as_ref().ok_or_else(failed)?)?;
            // The stored credential is the current one; the ceremony's copy may have an older counter.
            let result = core
                .authenticate_single_credential(&response, &ceremony, &credential)
                .map_err(|error| refused(&error))?;
            credential.counter = result.counter();
            credential.backup_state = result.backup_state();
            factors::set_credential(
                db,
                factor.id,
                &serde_json::to_value(&credential).map_err(AuthError::internal)?,
                None,
                now,
            )
            .await?;
        }
    }
    Ok(())
}

fn refused(cause: &webauthn_rs_core::error::WebauthnError) -> AuthError {
    tracing::debug!(%cause, "webauthn response refused");
    failed()
}

fn failed() -> AuthError {
    AuthError::unprocessable(ErrorCode::MfaVerificationFailed, "Invalid WebAuthn response")
}

/// JSON from the client.
fn offered<T: DeserializeOwned>(response: &Value) -> Result<T> {
    T::deserialize(response).map_err(|_| AuthError::validation("Invalid credential_response"))
}

/// JSON that we wrote ourselves.
fn stored<T: DeserializeOwned>(value: &Value) -> Result<T> {
    T::deserialize(value).map_err(AuthError::internal)
}

/// What authenticators call the account.
pub(crate) fn account_name(user: &User) -> &str {
    [user.email(), user.phone()]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or("user")
}

/// This server towards authenticators. On `localhost` any port will do, unless origins are configured.
pub(crate) fn relying_party(state: &State) -> WebauthnCore {
    let config = &state.config;
    let site_host = config.site_url.host_str().unwrap_or("localhost");
    let rp_id = config.webauthn.rp_id.as_deref().unwrap_or(site_host);
    let name = config.webauthn.rp_display_name.as_deref().unwrap_or(rp_id);
    let is_local = rp_id == "localhost";
    let mut origins: Vec<Url> = config
        .webauthn
        .rp_origins
        .iter()
        .filter_map(|origin| Url::parse(origin).ok())
        .collect();
    if origins.is_empty() {
        origins.push(config.site_url.clone());
        let scheme = if is_local { "http" } else { "https" };
        origins.extend(Url::parse(&format!("{scheme}://{rp_id}")).ok());
    }
    let any_port = is_local && config.webauthn.rp_origins.is_empty();
    let timeout = config.webauthn.challenge_expiry;
    WebauthnCore::new_unsafe_experts_only(name, rp_id, origins, timeout, Some(false), Some(any_port))
}
