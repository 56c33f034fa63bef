//! Redeeming a one-time code or link: what `POST` and `GET /verify` share (auth.md 9.7, 9.8).
//!
//! A code is looked up by the hash over the address and the code, a link by the hash it carries. The user is locked before
//! the hash is compared with the user's own column, so that a token works once however many requests bring it.

use ferrobase_db::Transaction;
use ferrobase_jwt::constant_time_eq;
use serde_json::Value;

use crate::addresses;
use crate::caller::banned;
use crate::codes::PKCE_PREFIX;
use crate::error::{AuthError, ErrorCode, Result};
use crate::mail::Notification;
use crate::model::one_time::TokenType;
use crate::model::session::delta;
use crate::model::user::User;
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::{one_time_tokens, users};

mod by_provider;

pub use by_provider::ask_provider;

/// What was brought.
#[derive(Debug)]
pub enum Proof<'a> {
    /// The hash of a link.
    Hash(&'a str),
    /// A code that was mailed to this address (lower case).
    EmailCode(&'a str, &'a str),
    /// A code that was sent to this number (digits).
    PhoneCode(&'a str, &'a str),
    /// This number (digits): the provider that made the code approved what was typed.
    ApprovedPhone(&'a str),
}

/// What came of it.
#[derive(Debug)]
pub enum Redeemed {
    /// The user may sign in.
    User(Box<Accepted>),
    /// One of two addresses confirmed a change; the other has to as well.
    HalfChanged,
}

/// A token that did its work.
#[derive(Debug)]
pub struct Accepted {
    /// The user as stored now.
    pub user: User,
    /// What the token was pending as.
    pub token_type: TokenType,
    /// The address that gave way to a new one.
    pub replaced: Option<Replaced>,
}

/// An address that the user no longer has.
#[derive(Debug)]
pub enum Replaced {
    /// An e-mail.
    Email(String),
    /// A phone.
    Phone(String),
}

impl Proof<'_> {
    /// The number that was proved.
    fn phone(&self) -> Option<&str> {
        match self {
            Self::PhoneCode(phone, _) | Self::ApprovedPhone(phone) => Some(phone),
            Self::Hash(_) | Self::EmailCode(..) => None,
        }
    }
}

impl Replaced {
    /// Tells the user, once the change is committed.
    pub async fn announce(&self, state: &State, user: &Value) {
        let notification = match self {
            Self::Email(old_email) => Notification::EmailChanged { old_email },
            Self::Phone(old_phone) => Notification::PhoneChanged { old_phone },
        };
        state.mailer.notify(user, notification).await;
    }
}

/// Text for the first of two confirmations.
pub const HALF_CHANGED: &str =
    "Confirmation link accepted. Please proceed to confirm link sent to the other email";

/// The pending tokens that a verification type may redeem; `None` = no such type for this kind of proof.
fn token_types(verification_type: &str, proof: &Proof<'_>) -> Option<&'static [TokenType]> {
    use TokenType::{Confirmation, EmailChangeCurrent, EmailChangeNew, PhoneChange, Recovery};
    match (proof, verification_type) {
        (Proof::PhoneCode(..) | Proof::ApprovedPhone(_), "sms") => Some(&[Confirmation]),
        (Proof::PhoneCode(..) | Proof::ApprovedPhone(_), "phone_change") => Some(&[PhoneChange]),
        (Proof::PhoneCode(..) | Proof::ApprovedPhone(_), _) => None,
        (_, "signup" | "invite") => Some(&[Confirmation]),
        (_, "recovery" | "magiclink") => Some(&[Recovery]),
        (_, "email") => Some(&[Confirmation, Recovery]),
        (_, "email_change") => Some(&[EmailChangeCurrent, EmailChangeNew]),
        _ => None,
    }
}

/// Redeems within the caller's transaction. The answer is the same for an unknown, a used, an old and a wrong token.
pub async fn redeem(
    state: &State,
    tx: &Transaction<'_>,
    verification_type: &str,
    proof: &Proof<'_>,
) -> Result<Redeemed> {
    let Some(types) = token_types(verification_type, proof) else {
        return Err(match proof {
            Proof::Hash(_) => AuthError::validation("Invalid email verification type"),
            _ => expired(proof),
        });
    };
    let (mut user, token_type) = find(state, tx, proof, types)
        .await?
        .ok_or_else(|| expired(proof))?;
    if user.is_banned(state.now()) {
        return Err(banned());
    }
    if !is_alive(state, &user, token_type, proof) {
        return Err(expired(proof));
    }
    let replaced = match token_type {
        TokenType::Confirmation => {
            confirm(state, tx, &mut user, proof).await?;
            None
        }
        TokenType::Recovery => {
            recover(state, tx, &mut user).await?;
            None
        }
        TokenType::PhoneChange => change_phone(state, tx, &mut user, proof).await?,
        TokenType::EmailChangeCurrent | TokenType::EmailChangeNew => {
            if needs_other(state, &user) {
                half_change(state, tx, &mut user, token_type).await?;
                return Ok(Redeemed::HalfChanged);
            }
            change_email(state, tx, &mut user, proof).await?
        }
        TokenType::Reauthentication => return Err(expired(proof)),
    };
    one_time_tokens::delete_all(tx, user.id).await?;
    addresses::save_and_reload(state, tx, &mut user).await?;
    Ok(Redeemed::User(Box::new(Accepted {
        user,
        token_type,
        replaced,
    })))
}

fn expired(proof: &Proof<'_>) -> AuthError {
    let message = match proof {
        Proof::Hash(_) => "Email link is invalid or has expired",
        _ => "Token has expired or is invalid",
    };
    AuthError::forbidden(ErrorCode::OtpExpired, message)
}

/// The locked user for whom the token is pending.
async fn find(
    state: &State,
    tx: &Transaction<'_>,
    proof: &Proof<'_>,
    types: &[TokenType],
) -> Result<Option<(User, TokenType)>> {
    let hashes = match proof {
        Proof::Hash(hash) => vec![(*hash).to_owned()],
        Proof::EmailCode(address, code) => {
            let hash = state.code_hasher.hash(address, code);
            // The code of a PKCE mail works too.
            let with_prefix = format!("{PKCE_PREFIX}{hash}");
            vec![hash, with_prefix]
        }
        // Nobody got our code: who knows it guessed.
        Proof::PhoneCode(phone, _) if state.texts.provider_makes_codes(phone) => Vec::new(),
        Proof::PhoneCode(address, code) => vec![state.code_hasher.hash(address, code)],
        Proof::ApprovedPhone(phone) => return by_provider::lock_pending(state, tx, phone, types).await,
    };
    let by_mail = proof.phone().is_none();
    for hash in hashes {
        if let Some((user, token_type)) = one_time_tokens::lock_user(tx, &hash, types, by_mail).await?
            && constant_time_eq(pending(&user, token_type).as_bytes(), hash.as_bytes())
        {
            return Ok(Some((user, token_type)));
        }
    }
    Ok(None)
}

/// The hash that is pending on the user.
fn pending(user: &User, token_type: TokenType) -> &str {
    match token_type {
        TokenType::Confirmation => &user.confirmation_token,
        TokenType::Recovery => &user.recovery_token,
        TokenType::EmailChangeCurrent => &user.email_change_token_current,
        TokenType::EmailChangeNew => &user.email_change_token_new,
        TokenType::PhoneChange => &user.phone_change_token,
        TokenType::Reauthentication => &user.reauthentication_token,
    }
}

/// Whether the token is young enough. The fixed codes of test numbers do not age.
fn is_alive(state: &State, user: &User, token_type: TokenType, proof: &Proof<'_>) -> bool {
    // The provider that approved knows how old its code was.
    if matches!(proof, Proof::ApprovedPhone(_)) {
        return true;
    }
    if let Proof::PhoneCode(phone, code) = proof
        && state
            .texts
            .test_code(phone)
            .is_some_and(|fixed| constant_time_eq(fixed.as_bytes(), code.as_bytes()))
    {
        return true;
    }
    let sent_at = match token_type {
        TokenType::Confirmation => user.confirmation_sent_at,
        TokenType::Recovery => user.recovery_sent_at,
        TokenType::EmailChangeCurrent | TokenType::EmailChangeNew => user.email_change_sent_at,
        TokenType::PhoneChange => user.phone_change_sent_at,
        TokenType::Reauthentication => user.reauthentication_sent_at,
    };
    let life = match proof {
        Proof::PhoneCode(..) => state.config.sms.otp_expiry,
        _ => state.config.email.otp_expiry,
    };
    sent_at.is_some_and(|sent_at| state.now() <= sent_at + delta(life))
}

/// Sign-up, invitation, or sign-in by SMS.
async fn confirm(state: &State, tx: &Transaction<'_>, user: &mut User, proof: &Proof<'_>) -> Result<()> {
    user.confirmation_token.clear();
    if proof.phone().is_some() {
        let action = if user.is_phone_confirmed() {
            Action::Login
        } else {
            Action::UserSignedUp
        };
        addresses::confirm_phone(state, tx, user).await?;
        return state.audit(tx, &audit::payload(action, user, None), None).await;
    }
    let action = if user.invited_at.is_some() {
        Action::InviteAccepted
    } else {
        Action::UserSignedUp
    };
    if user.invited_at.is_some() && !user.has_password() {
        let hash = state.passwords.unusable();
        user.encrypted_password = Some(state.vault.seal(user.id, &hash)?);
    }
    addresses::confirm_email(state, tx, user).await?;
    state.audit(tx, &audit::payload(action, user, None), None).await
}

/// Recovery or magic link: whoever reads the address's mail has the address.
async fn recover(state: &State, tx: &Transaction<'_>, user: &mut User) -> Result<()> {
    user.recovery_token.clear();
    let action = if user.is_email_confirmed() {
        Action::Login
    } else {
        Action::UserSignedUp
    };
    if !user.is_email_confirmed() {
        user.confirmation_token.clear();
        addresses::confirm_email(state, tx, user).await?;
    }
    state.audit(tx, &audit::payload(action, user, None), None).await
}

async fn change_phone(
    state: &State,
    tx: &Transaction<'_>,
    user: &mut User,
    proof: &Proof<'_>,
) -> Result<Option<Replaced>> {
    let phone = std::mem::take(&mut user.phone_change);
    // What was proved is the number that the code went to.
    if proof.phone() != Some(phone.as_str()) {
        return Err(expired(proof));
    }
    let old = user.phone.clone().filter(|old| *old != phone);
    user.phone_change_token.clear();
    if users::is_phone_taken(tx, &phone, &user.aud, user.id).await? {
        let message = "A user with this phone number has already been registered";
        return Err(AuthError::unprocessable(ErrorCode::PhoneExists, message));
    }
    addresses::replace_phone(state, tx, user, &phone, true).await?;
    state
        .audit(tx, &audit::payload(Action::UserModified, user, None), None)
        .await?;
    Ok(old.map(Replaced::Phone))
}

/// Whether this is the first of two confirmations.
fn needs_other(state: &State, user: &User) -> bool {
    let email = &state.config.email;
    email.double_confirm_changes
        && !email.autoconfirm
        && !user.email().is_empty()
        && user.email_change_confirm_status == 0
}

async fn half_change(
    state: &State,
    tx: &Transaction<'_>,
    user: &mut User,
    token_type: TokenType,
) -> Result<()> {
    match token_type {
        TokenType::EmailChangeCurrent => user.email_change_token_current.clear(),
        _ => user.email_change_token_new.clear(),
    }
    user.email_change_confirm_status = 1;
    one_time_tokens::delete(tx, user.id, token_type).await?;
    users::save(tx, user, state.now()).await?;
    Ok(())
}

async fn change_email(
    state: &State,
    tx: &Transaction<'_>,
    user: &mut User,
    proof: &Proof<'_>,
) -> Result<Option<Replaced>> {
    let email = std::mem::take(&mut user.email_change);
    if email.is_empty() {
        return Err(expired(proof));
    }
    let old = user.email.clone().filter(|old| *old != email);
    user.email_change_token_current.clear();
    user.email_change_token_new.clear();
    user.email_change_confirm_status = 0;
    if users::is_email_taken(tx, &email, &user.aud, user.id).await? {
        let message = "A user with this email address has already been registered";
        return Err(AuthError::unprocessable(ErrorCode::EmailExists, message));
    }
    addresses::replace_email(state, tx, user, &email, true).await?;
    state
        .audit(tx, &audit::payload(Action::UserModified, user, None), None)
        .await?;
    Ok(old.map(Replaced::Email))
}
