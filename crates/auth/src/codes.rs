//! Issuing one-time codes: the one place that makes, remembers and sends them (auth.md section 9).
//!
//! Every function runs within the caller's transaction on a user that is locked or new, refuses when the last message is
//! too recent, sends, and changes the user in memory; the caller saves it. A message that cannot be sent leaves nothing
//! behind.

use std::time::Duration;

use ferrobase_db::Transaction;
use ferrobase_messages::SmsChannel;
use uuid::Uuid;

use crate::error::{AuthError, ErrorCode, Result};
use crate::mail::{Codes, MailKind, OneTimeMail};
use crate::model::one_time::{self, TokenType};
use crate::model::session::delta;
use crate::model::user::{Time, User};
use crate::request::RequestInfo;
use crate::state::State;
use crate::store::flow_states::{self, NewFlow};
use crate::store::one_time_tokens;
use crate::texts::SmsPurpose;

/// Begins the hash of a code whose link ends with an authorization code instead of a session.
pub const PKCE_PREFIX: &str = "pkce_";

/// A PKCE challenge (RFC 7636).
#[derive(Debug)]
pub struct Flow {
    challenge: String,
    method: &'static str,
}

impl Flow {
    /// Checks the two parameters, which come together or not at all (auth.md 8.4).
    pub fn parse(challenge: Option<&str>, method: Option<&str>) -> Result<Option<Self>> {
        let given = |value: Option<&str>| value.filter(|value| !value.is_empty()).map(str::to_owned);
        let (challenge, method) = match (given(challenge), given(method)) {
            (None, None) => return Ok(None),
            (Some(challenge), Some(method)) => (challenge, method),
            _ => {
                return Err(AuthError::validation(
                    "PKCE flow requires code_challenge_method and code_challenge",
                ));
            }
        };
        if !(43..=128).contains(&challenge.len()) {
            return Err(AuthError::validation(
                "code challenge has to be between 43 and 128 characters",
            ));
        }
        if !challenge
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        {
            return Err(AuthError::validation(
                "code challenge can only contain alphanumeric characters, hyphens, periods, underscores and tildes",
            ));
        }
        let method = match method.to_ascii_lowercase().as_str() {
            "s256" => "s256",
            "plain" => "plain",
            _ => return Err(AuthError::validation("unsupported code_challenge_method")),
        };
        Ok(Some(Self { challenge, method }))
    }

    /// The challenge and its method, as a flow remembers them.
    pub fn parts(&self) -> (&str, &'static str) {
        (&self.challenge, self.method)
    }
}

/// Where and for whom codes are issued.
pub struct Issuer<'a> {
    /// The service.
    pub state: &'a State,
    /// The caller's transaction.
    pub tx: &'a Transaction<'a>,
    /// The request.
    pub info: &'a RequestInfo,
    /// The PKCE challenge, if the client sent one.
    pub flow: Option<&'a Flow>,
}

/// A fresh code and its hash as stored.
struct Fresh {
    code: String,
    hash: String,
}

impl Fresh {
    fn codes(&self) -> Codes<'_> {
        Codes {
            code: &self.code,
            hash: &self.hash,
        }
    }
}

impl Issuer<'_> {
    /// Confirms a sign-up by mail.
    pub async fn signup_confirmation(&self, user: &mut User) -> Result<()> {
        let fresh = self
            .by_mail(user, MailKind::Signup, user.confirmation_sent_at, "email/signup")
            .await?;
        user.confirmation_token = self
            .remember(user, TokenType::Confirmation, user.email(), fresh)
            .await?;
        user.confirmation_sent_at = Some(self.now());
        Ok(())
    }

    /// Invites a user. Administrators need not wait between two invitations.
    pub async fn invitation(&self, user: &mut User) -> Result<()> {
        let fresh = self.by_mail(user, MailKind::Invite, None, "invite").await?;
        user.confirmation_token = self
            .remember(user, TokenType::Confirmation, user.email(), fresh)
            .await?;
        user.confirmation_sent_at = Some(self.now());
        user.invited_at = user.confirmation_sent_at;
        Ok(())
    }

    /// Lets the user set a new password.
    pub async fn recovery(&self, user: &mut User) -> Result<()> {
        self.recovery_token(user, MailKind::Recovery, "recovery").await
    }

    /// Lets the user sign in.
    pub async fn magic_link(&self, user: &mut User) -> Result<()> {
        self.recovery_token(user, MailKind::MagicLink, "magiclink").await
    }

    async fn recovery_token(&self, user: &mut User, kind: MailKind, method: &str) -> Result<()> {
        let fresh = self.by_mail(user, kind, user.recovery_sent_at, method).await?;
        user.recovery_token = self
            .remember(user, TokenType::Recovery, user.email(), fresh)
            .await?;
        user.recovery_sent_at = Some(self.now());
        Ok(())
    }

    /// Begins a change of e-mail: a code to the new address, and one to the current when both have to confirm.
    pub async fn email_change(&self, user: &mut User, new_email: &str) -> Result<()> {
        let email = &self.state.config.email;
        check_mail_frequency(self.state, user.email_change_sent_at)?;
        let for_new = self.fresh(new_email, email.otp_length);
        let for_current = (email.double_confirm_changes && !user.email().is_empty())
            .then(|| self.fresh(user.email(), email.otp_length));
        new_email.clone_into(&mut user.email_change);
        let value = user.to_value();
        let mail = |kind, to, fresh| self.mail(kind, to, &value, fresh, Some(new_email));
        let to_new = mail(MailKind::EmailChangeNew, new_email, &for_new);
        let mailer = &self.state.mailer;
        match &for_current {
            Some(fresh) => {
                let to_current = mail(MailKind::EmailChangeCurrent, user.email(), fresh);
                mailer.send_pair(self.tx, &to_current, &to_new).await?;
            }
            None => mailer.send(self.tx, &to_new).await?,
        }
        self.remember_flow(user.id, "email_change").await?;
        user.email_change_token_new = self
            .remember(user, TokenType::EmailChangeNew, new_email, for_new)
            .await?;
        user.email_change_token_current = match for_current {
            Some(fresh) => {
                self.remember(user, TokenType::EmailChangeCurrent, user.email(), fresh)
                    .await?
            }
            None => String::new(),
        };
        user.email_change_confirm_status = 0;
        user.email_change_sent_at = Some(self.now());
        Ok(())
    }

    /// Sends a nonce by mail, or by SMS to a user without e-mail. The provider's id of the SMS.
    pub async fn reauthentication(&self, user: &mut User) -> Result<Option<String>> {
        if user.email().is_empty() {
            let phone = user.phone().to_owned();
            return self
                .phone(user, &phone, SmsPurpose::Reauthentication, SmsChannel::Sms)
                .await;
        }
        check_mail_frequency(self.state, user.reauthentication_sent_at)?;
        // A nonce is typed, never followed: it has no PKCE.
        let fresh = fresh(
            self.state,
            user.email(),
            self.state.config.email.otp_length,
            false,
        );
        let value = user.to_value();
        self.state
            .mailer
            .send(
                self.tx,
                &self.mail(MailKind::Reauthentication, user.email(), &value, &fresh, None),
            )
            .await?;
        user.reauthentication_token = self
            .remember(user, TokenType::Reauthentication, user.email(), fresh)
            .await?;
        user.reauthentication_sent_at = Some(self.now());
        Ok(None)
    }

    /// Sends a code to a number (digits). The provider's id of the SMS.
    pub async fn phone(
        &self,
        user: &mut User,
        phone: &str,
        purpose: SmsPurpose,
        channel: SmsChannel,
    ) -> Result<Option<String>> {
        let sent_at = match purpose {
            SmsPurpose::PhoneChange => user.phone_change_sent_at,
            SmsPurpose::Reauthentication => user.reauthentication_sent_at,
            SmsPurpose::SignIn | SmsPurpose::Mfa => user.confirmation_sent_at,
        };
        let sms = &self.state.config.sms;
        check_frequency(
            self.now(),
            sent_at,
            sms.max_frequency,
            ErrorCode::OverSmsSendRateLimit,
        )?;
        let code = match self.state.texts.test_code(phone) {
            Some(code) => code.to_owned(),
            None => one_time::code(&self.state.random, sms.otp_length),
        };
        let fresh = Fresh {
            hash: self.state.code_hasher.hash(phone, &code),
            code,
        };
        let value = user.to_value();
        let message = self
            .state
            .texts
            .send_code(self.tx, &value, phone, &fresh.code, purpose, channel)
            .await?;
        let now = Some(self.now());
        match purpose {
            SmsPurpose::PhoneChange => {
                phone.clone_into(&mut user.phone_change);
                user.phone_change_token = self.remember(user, TokenType::PhoneChange, phone, fresh).await?;
                user.phone_change_sent_at = now;
            }
            SmsPurpose::Reauthentication => {
                user.reauthentication_token = self
                    .remember(user, TokenType::Reauthentication, phone, fresh)
                    .await?;
                user.reauthentication_sent_at = now;
            }
            SmsPurpose::SignIn | SmsPurpose::Mfa => {
                user.confirmation_token = self.remember(user, TokenType::Confirmation, phone, fresh).await?;
                user.confirmation_sent_at = now;
            }
        }
        Ok(message)
    }

    fn now(&self) -> Time {
        self.state.now()
    }

    /// Frequency, code, flow and mail of the kinds that go to the user's own address.
    async fn by_mail(
        &self,
        user: &User,
        kind: MailKind,
        sent_at: Option<Time>,
        method: &str,
    ) -> Result<Fresh> {
        check_mail_frequency(self.state, sent_at)?;
        let fresh = self.fresh(user.email(), self.state.config.email.otp_length);
        let value = user.to_value();
        self.state
            .mailer
            .send(self.tx, &self.mail(kind, user.email(), &value, &fresh, None))
            .await?;
        self.remember_flow(user.id, method).await?;
        Ok(fresh)
    }

    fn mail<'m>(
        &'m self,
        kind: MailKind,
        to: &'m str,
        user: &'m serde_json::Value,
        fresh: &'m Fresh,
        new_email: Option<&'m str>,
    ) -> OneTimeMail<'m> {
        OneTimeMail {
            kind,
            to,
            user,
            codes: fresh.codes(),
            redirect_to: &self.info.redirect_to,
            api_url: self.info.api_url.as_ref(),
            new_email,
        }
    }

    fn fresh(&self, address: &str, length: usize) -> Fresh {
        fresh(self.state, address, length, self.flow.is_some())
    }

    /// Writes the searchable copy; the hash goes on to the user's own column.
    async fn remember(
        &self,
        user: &User,
        token_type: TokenType,
        relates_to: &str,
        fresh: Fresh,
    ) -> Result<String> {
        let id = self.state.random.uuid();
        one_time_tokens::put(
            self.tx,
            id,
            user.id,
            token_type,
            relates_to,
            &fresh.hash,
            self.now(),
        )
        .await?;
        Ok(fresh.hash)
    }

    async fn remember_flow(&self, user_id: Uuid, method: &str) -> Result<()> {
        let Some(flow) = self.flow else { return Ok(()) };
        let auth_code = self.state.random.uuid().to_string();
        let new = NewFlow {
            user_id: Some(user_id),
            auth_code: Some(&auth_code),
            challenge: Some(flow.parts()),
            ..NewFlow::new(self.state.random.uuid(), "email", method, self.now())
        };
        Ok(flow_states::insert(self.tx, &new).await?)
    }
}

fn fresh(state: &State, address: &str, length: usize, is_pkce: bool) -> Fresh {
    let code = one_time::code(&state.random, length);
    let prefix = if is_pkce { PKCE_PREFIX } else { "" };
    Fresh {
        hash: format!("{prefix}{}", state.code_hasher.hash(address, &code)),
        code,
    }
}

/// What the client asked for as `channel`; SMS when it said nothing. WhatsApp needs Twilio or a hook.
pub fn sms_channel(state: &State, channel: Option<&str>) -> Result<SmsChannel> {
    match channel.filter(|channel| !channel.is_empty()) {
        None | Some("sms") => Ok(SmsChannel::Sms),
        Some("whatsapp")
            if state.hooks.has_send_sms() || state.config.sms.provider_name.starts_with("twilio") =>
        {
            Ok(SmsChannel::Whatsapp)
        }
        Some(_) => Err(AuthError::validation(
            "Invalid channel, supported values are 'sms' or 'whatsapp'. 'whatsapp' is only supported if Twilio or Twilio \
             Verify is used as the provider.",
        )),
    }
}

fn check_mail_frequency(state: &State, sent_at: Option<Time>) -> Result<()> {
    check_frequency(
        state.now(),
        sent_at,
        state.config.email.max_frequency,
        ErrorCode::OverEmailSendRateLimit,
    )
}

/// Refuses a message too soon after the last one of its kind to this user (auth.md 9.6).
pub(crate) fn check_frequency(
    now: Time,
    sent_at: Option<Time>,
    pause: Duration,
    code: ErrorCode,
) -> Result<()> {
    let Some(left) = sent_at
        .map(|sent_at| (sent_at + delta(pause) - now).num_milliseconds())
        .filter(|left| *left > 0)
    else {
        return Ok(());
    };
    let seconds = (left + 999) / 1000;
    let message = format!("For security purposes, you can only request this after {seconds} seconds.");
    Err(AuthError::too_many(code, message))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    #[test]
    fn flows() {
        let challenge = "a".repeat(43);
        assert!(Flow::parse(None, Some("")).unwrap().is_none());
        assert_eq!(
            Flow::parse(Some(&challenge), Some("S256"))
                .unwrap()
                .unwrap()
                .method,
            "s256"
        );
        assert!(Flow::parse(Some(&challenge), None).is_err());
        assert!(Flow::parse(Some("short"), Some("s256")).is_err());
        assert!(Flow::parse(Some(&challenge), Some("md5")).is_err());
        assert!(Flow::parse(Some(&"ä".repeat(30)), Some("plain")).is_err());
    }

    #[test]
    fn the_wait_is_rounded_up() {
        let now = DateTime::from_timestamp(1000, 0).unwrap();
        let pause = Duration::from_secs(60);
        let check = |ago: i64| {
            check_frequency(
                now,
                Some(now - TimeDelta::milliseconds(ago)),
                pause,
                ErrorCode::OverEmailSendRateLimit,
            )
        };
        assert_eq!(
            check(500).unwrap_err().public_message(),
            "For security purposes, you can only request this after 60 seconds."
        );
        assert!(check(60_000).is_ok());
        assert!(check_frequency(now, None, pause, ErrorCode::OverEmailSendRateLimit).is_ok());
    }
}
