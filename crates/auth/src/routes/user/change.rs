//! The single changes of `PUT /user`.

use chrono::TimeDelta;
use ferrobase_db::Transaction;
use ferrobase_jwt::constant_time_eq;

use super::update::Update;
use crate::addresses;
use crate::codes::Issuer;
use crate::error::{AuthError, ErrorCode, Result};
use crate::guesses;
use crate::mail::Notification;
use crate::model::one_time::TokenType;
use crate::model::session::{Session, delta};
use crate::model::user::User;
use crate::request::RequestInfo;
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::{one_time_tokens, sessions, users};
use crate::texts::SmsPurpose;

/// A session older than this may not change the password without a nonce, where nonces are asked for.
const FRESH: TimeDelta = TimeDelta::hours(24);

pub(super) struct Change<'a> {
    pub(super) state: &'a State,
    pub(super) info: &'a RequestInfo,
    pub(super) session: Option<&'a Session>,
    pub(super) update: &'a Update,
}

impl Change<'_> {
    /// Checks everything about a new password that needs no lock, and hashes it.
    pub(super) async fn new_password(&self, user: &User) -> Result<Option<String>> {
        let Some(password) = &self.update.password else {
            return Ok(None);
        };
        let rules = &self.state.config.password;
        let is_old = self
            .session
            .is_none_or(|session| self.state.now() > session.created_at + FRESH);
        if rules.require_reauthentication && is_old {
            self.check_nonce(user).await?;
        }
        if let Some(stored) = user.encrypted_password.as_deref().filter(|hash| !hash.is_empty()) {
            let stored = self.state.vault.open(user.id, stored)?;
            if rules.require_current_password {
                self.check_current(&stored).await?;
            }
            if self.state.passwords.verify(stored, password.clone()).await? {
                return Err(AuthError::unprocessable(
                    ErrorCode::SamePassword,
                    "New password should be different from the old password.",
                ));
            }
        }
        self.state.passwords.hash(password.clone()).await.map(Some)
    }

    async fn check_nonce(&self, user: &User) -> Result<()> {
        let Some(nonce) = &self.update.nonce else {
            return Err(AuthError::bad_request(
                ErrorCode::ReauthenticationNeeded,
                "Password update requires reauthentication",
            ));
        };
        guesses::allow(self.state, &guesses::Subject::Nonce(user.id)).await?;
        let (address, life) = if user.email().is_empty() {
            (user.phone(), self.state.config.sms.otp_expiry)
        } else {
            (user.email(), self.state.config.email.otp_expiry)
        };
        let hash = self.state.code_hasher.hash(address, nonce);
        let texts = &self.state.texts;
        let is_pending = !user.reauthentication_token.is_empty();
        let matches = if is_pending && user.email().is_empty() && texts.provider_makes_codes(user.phone()) {
            texts.provider_approves(user.phone(), nonce).await
        } else {
            is_pending && constant_time_eq(hash.as_bytes(), user.reauthentication_token.as_bytes())
        };
        let is_alive = user
            .reauthentication_sent_at
            .is_some_and(|sent| self.state.now() <= sent + delta(life));
        if matches && is_alive {
            return Ok(());
        }
        Err(AuthError::unprocessable(
            ErrorCode::ReauthenticationNotValid,
            "Nonce has expired or is invalid",
        ))
    }

    /// A session that was entered by a code proved enough; any other needs the current password.
    async fn check_current(&self, stored: &str) -> Result<()> {
        if let Some(session) = self.session
            && sessions::is_recovery(&self.state.pool, session.id).await?
        {
            return Ok(());
        }
        let message = "Current password required when setting new password.";
        let Some(current) = self
            .update
            .current_password
            .as_ref()
            .filter(|current| !current.is_empty())
        else {
            return Err(AuthError::bad_request(
                ErrorCode::CurrentPasswordRequired,
                message,
            ));
        };
        if self
            .state
            .passwords
            .verify(stored.to_owned(), current.clone())
            .await?
        {
            Ok(())
        } else {
            Err(AuthError::bad_request(ErrorCode::CurrentPasswordInvalid, message))
        }
    }

    /// Refuses addresses that somebody else has.
    pub(super) async fn check_taken(&self, tx: &Transaction<'_>, user: &User) -> Result<()> {
        if let Some(email) = &self.update.email
            && users::is_email_taken(tx, email, &user.aud, user.id).await?
        {
            let message = "A user with this email address has already been registered";
            return Err(AuthError::unprocessable(ErrorCode::EmailExists, message));
        }
        if let Some(phone) = &self.update.phone
            && users::is_phone_taken(tx, phone, &user.aud, user.id).await?
        {
            let message = "A user with this phone number has already been registered";
            return Err(AuthError::unprocessable(ErrorCode::PhoneExists, message));
        }
        Ok(())
    }

    /// Sets the password; everything that was sent loses its worth and all other sessions end.
    pub(super) async fn set_password(&self, tx: &Transaction<'_>, user: &mut User, hash: &str) -> Result<()> {
        user.encrypted_password = Some(self.state.vault.seal(user.id, hash)?);
        user.clear_pending_tokens();
        one_time_tokens::delete_all(tx, user.id).await?;
        match self.session {
            Some(session) => sessions::delete_others(tx, user.id, session.id).await?,
            None => sessions::delete_all(tx, user.id).await?,
        };
        self.state
            .audit(tx, &audit::payload(Action::UserUpdatedPassword, user, None), None)
            .await
    }

    /// Asks for confirmation of a new e-mail. An anonymous user gets it at once where addresses need no proof.
    pub(super) async fn begin_email(&self, tx: &Transaction<'_>, user: &mut User) -> Result<()> {
        let Some(email) = &self.update.email else {
            return Ok(());
        };
        if user.is_anonymous && self.state.config.email.autoconfirm {
            return addresses::replace_email(self.state, tx, user, email, true).await;
        }
        self.issuer(tx).email_change(user, email).await
    }

    /// Asks for confirmation of a new phone, or takes it over where numbers need no proof.
    pub(super) async fn begin_phone(&self, tx: &Transaction<'_>, user: &mut User) -> Result<()> {
        let Some(phone) = &self.update.phone else {
            return Ok(());
        };
        if self.state.config.sms.autoconfirm {
            user.phone_change.clear();
            user.phone_change_token.clear();
            one_time_tokens::delete(tx, user.id, TokenType::PhoneChange).await?;
            return addresses::replace_phone(self.state, tx, user, phone, true).await;
        }
        self.issuer(tx)
            .phone(user, phone, SmsPurpose::PhoneChange, self.update.channel)
            .await
            .map(drop)
    }

    fn issuer<'t>(&'t self, tx: &'t Transaction<'t>) -> Issuer<'t> {
        Issuer {
            state: self.state,
            tx,
            info: self.info,
            flow: self.update.flow.as_ref(),
        }
    }

    /// Tells the user what changed at once.
    pub(super) async fn notify(&self, before: &User, after: &User) {
        let value = after.to_value();
        let mailer = &self.state.mailer;
        if self.update.password.is_some() {
            mailer.notify(&value, Notification::PasswordChanged).await;
        }
        if before.phone() != after.phone() && !before.phone().is_empty() {
            mailer
                .notify(
                    &value,
                    Notification::PhoneChanged {
                        old_phone: before.phone(),
                    },
                )
                .await;
        }
    }
}
