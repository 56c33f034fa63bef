//! The ceremonies of passkeys (auth.md 17.1; W3C Web Authentication Level 2, sections 7.1 and 7.2).
//!
//! As in [`crate::webauthn`], the checks are `webauthn-rs-core`'s. The table keeps the COSE key and a few columns, as the
//! original does, and not the crate's own form: what the crate calls a credential is put together again for each sign-in.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use webauthn_rs_core::proto::{
    AttestationConveyancePreference, AttestationFormat, AuthenticationState, AuthenticatorTransport, COSEKey,
    Credential, ParsedAttestation, PublicKeyCredential, RegisterPublicKeyCredential, RegisteredExtensions,
    RegistrationState, UserVerificationPolicy,
};

use crate::error::{AuthError, ErrorCode, Result};
use crate::model::attested::Attested;
use crate::model::authenticators;
use crate::model::passkey::{LONGEST_CREDENTIAL_ID, NewPasskey, Passkey, Use};
use crate::model::user::User;
use crate::state::State;
use crate::webauthn::{account_name, relying_party};

/// Most transports that are kept of one passkey.
const MOST_TRANSPORTS: usize = 8;

/// What the browser is asked, and what the server has to remember of it.
#[derive(Debug)]
pub struct Ceremony {
    /// Options for `navigator.credentials`, without the `publicKey` around them.
    pub options: Value,
    /// To be handed back with the answer.
    pub session_data: Value,
}

/// Asks for a new passkey. `existing` are the user's own: an authenticator that has one of them declines.
pub fn start_registration(state: &State, user: &User, existing: &[Vec<u8>]) -> Result<Ceremony> {
    let core = relying_party(state);
    let name = account_name(user);
    let builder = core
        .new_challenge_register_builder(user.id.to_string().as_bytes(), name, name)
        .map_err(AuthError::internal)?
        .user_verification_policy(policy(state))
        .attestation(AttestationConveyancePreference::None)
        .require_resident_key(true);
    let (asked, session) = core
        .generate_challenge_register(builder)
        .map_err(AuthError::internal)?;
    let mut options = written(&asked.public_key)?;
    // Not through the crate, which would refuse a known credential without saying why.
    let known = existing
        .iter()
        .map(|id| json!({ "type": "public-key", "id": data_encoding::BASE64URL_NOPAD.encode(id) }));
    options["excludeCredentials"] = known.collect();
    Ok(Ceremony {
        options,
        session_data: written(&session)?,
    })
}

/// Judges the browser's answer.
pub fn finish_registration(state: &State, session_data: &Value, answer: &Value) -> Result<NewPasskey> {
    let session: RegistrationState = remembered(session_data)?;
    let answer: RegisterPublicKeyCredential = offered(answer)?;
    let credential = relying_party(state)
        .register_credential(&answer, &session, None)
        .map_err(refused)?;
    let attested = Attested::read(&answer.response.attestation_object)
        .ok_or_else(|| refused("no attested credential data"))?;
    // Two readers of the same bytes must have read the same.
    let is_same = cose_key(&attested.public_key).is_some_and(|key| key == credential.cred);
    let id = attested.credential_id.as_slice();
    if !is_same || id != credential.cred_id.as_slice() || id != answer.raw_id.as_slice() {
        return Err(refused("ambiguous attestation object"));
    }
    if id.len() > LONGEST_CREDENTIAL_ID {
        return Err(refused("the credential's id is too long"));
    }
    Ok(NewPasskey {
        credential_id: attested.credential_id,
        public_key: attested.public_key,
        attestation_type: format_name(&credential.attestation_format),
        aaguid: Some(attested.aaguid).filter(|aaguid| !aaguid.is_nil()),
        sign_count: credential.counter,
        transports: transports(answer.response.transports.as_deref().unwrap_or_default()),
        backup_eligible: credential.backup_eligible,
        backed_up: credential.backup_state,
        friendly_name: authenticators::name(attested.aaguid),
    })
}

/// Asks for any passkey of this relying party: who answers is unknown.
pub fn start_authentication(state: &State) -> Result<Ceremony> {
    let core = relying_party(state);
    let builder = core
        .new_challenge_authenticate_builder(Vec::new(), Some(policy(state)))
        .map_err(AuthError::internal)?;
    let (asked, session) = core
        .generate_challenge_authenticate(builder)
        .map_err(AuthError::internal)?;
    Ok(Ceremony {
        options: written(&asked.public_key)?,
        session_data: written(&session)?,
    })
}

/// An assertion that nobody has judged yet.
pub struct Assertion(PublicKeyCredential);

impl Assertion {
    /// Reads the browser's answer.
    pub fn read(answer: &Value) -> Result<Self> {
        offered(answer).map(Self)
    }

    /// The credential that it claims to be by.
    pub fn credential_id(&self) -> &[u8] {
        &self.0.raw_id
    }

    /// Judges it. The passkey's user must be the one the authenticator names (WebAuthn section 7.2 step 6). A counter
    /// that does not grow gives a copied authenticator away.
    pub fn verify(&self, state: &State, session_data: &Value, passkey: &Passkey) -> Result<Use> {
        let owner = passkey.user_id.to_string();
        let named = self.0.response.user_handle.as_deref();
        if named.is_none_or(|named| named != owner.as_bytes()) {
            return Err(refused("the user handle is not the owner's"));
        }
        let session: AuthenticationState = remembered(session_data)?;
        let credential = stored(state, passkey)?;
        let result = relying_party(state)
            .authenticate_single_credential(&self.0, &session, &credential)
            .map_err(refused)?;
        Ok(Use {
            sign_count: result.counter(),
            backed_up: result.backup_state(),
        })
    }
}

/// The credential is not known, or does not prove what it should: nobody learns which.
pub fn refused(cause: impl std::fmt::Display) -> AuthError {
    tracing::debug!(%cause, "a passkey was refused");
    AuthError::bad_request(
        ErrorCode::WebauthnVerificationFailed,
        "Credential verification failed",
    )
}

/// A passkey is all that its owner shows, so it should be more than the possession of a key. The original prefers that
/// and insists on nothing.
fn policy(state: &State) -> UserVerificationPolicy {
    if state.config.passkey.accepts_presence_alone {
        UserVerificationPolicy::Preferred
    } else {
        UserVerificationPolicy::Required
    }
}

/// The crate's form of a stored passkey.
fn stored(state: &State, passkey: &Passkey) -> Result<Credential> {
    let cred = cose_key(&passkey.public_key)
        .ok_or_else(|| AuthError::failed("the stored public key of a passkey is unreadable"))?;
    Ok(Credential {
        cred_id: passkey.credential_id.clone(),
        cred,
        counter: passkey.sign_count,
        transports: None,
        user_verified: false,
        backup_eligible: passkey.backup_eligible,
        backup_state: passkey.backed_up,
        registration_policy: policy(state),
        extensions: RegisteredExtensions::none(),
        attestation: ParsedAttestation::default(),
        attestation_format: AttestationFormat::None,
    })
}

fn cose_key(bytes: &[u8]) -> Option<COSEKey> {
    let value: serde_cbor_2::Value = serde_cbor_2::from_slice(bytes).ok()?;
    COSEKey::try_from(&value).ok()
}

fn format_name(format: &AttestationFormat) -> String {
    let name = serde_json::to_value(format).ok();
    let name = name.as_ref().and_then(Value::as_str).unwrap_or("none");
    name.to_owned()
}

fn transports(named: &[AuthenticatorTransport]) -> Vec<String> {
    named
        .iter()
        .filter(|transport| !matches!(transport, AuthenticatorTransport::Unknown))
        .filter_map(|transport| Some(serde_json::to_value(transport).ok()?.as_str()?.to_owned()))
        .take(MOST_TRANSPORTS)
        .collect()
}

fn written(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(AuthError::internal)
}

/// JSON from the client.
fn offered<T: DeserializeOwned>(answer: &Value) -> Result<T> {
    T::deserialize(answer).map_err(|error| {
        tracing::debug!(%error, "no credential");
        AuthError::bad_request(
            ErrorCode::WebauthnVerificationFailed,
            "Invalid credential response",
        )
    })
}

/// JSON that we wrote ourselves.
fn remembered<T: DeserializeOwned>(value: &Value) -> Result<T> {
    T::deserialize(value).map_err(AuthError::internal)
}
