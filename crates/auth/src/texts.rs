//! SMS with codes (auth.md 9, 19.2).

use std::sync::Arc;

use ferrobase_db::Executor;
use ferrobase_http::RateLimiter;
use ferrobase_jwt::Clock;
use ferrobase_messages::template::{Escape, Template};
use ferrobase_messages::{CodeCheck, Messenger, SendError, Sms, SmsChannel};
use serde_json::{Value, json};

use crate::config::AuthConfig;
use crate::error::{AuthError, ErrorCode, Result};
use crate::hooks::Hooks;
use crate::mail::sending_limit;

/// What a code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmsPurpose {
    /// Sign-up and sign-in.
    SignIn,
    /// A new number.
    PhoneChange,
    /// A nonce for a change of password.
    Reauthentication,
    /// A second factor.
    Mfa,
}

impl SmsPurpose {
    /// As error messages name it.
    const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "confirmation",
            Self::PhoneChange => "phone_change",
            Self::Reauthentication => "reauthentication",
            Self::Mfa => "mfa",
        }
    }
}

/// Sends SMS; cheap to clone.
#[derive(Clone)]
pub struct Texts(Arc<Inner>);

struct Inner {
    config: Arc<AuthConfig>,
    messenger: Messenger,
    hooks: Hooks,
    /// SMS of the whole instance.
    limit: RateLimiter,
    clock: Clock,
}

impl Texts {
    /// As configured.
    pub fn new(config: Arc<AuthConfig>, messenger: Messenger, hooks: Hooks, clock: Clock) -> Self {
        let limit = sending_limit(config.rate_limits.sms_sent);
        Self(Arc::new(Inner {
            config,
            messenger,
            hooks,
            limit,
            clock,
        }))
    }

    /// The fixed code of a number that is configured for tests.
    pub fn test_code(&self, phone: &str) -> Option<&str> {
        let sms = &self.0.config.sms;
        let is_over = sms
            .test_otp_valid_until
            .is_some_and(|until| self.0.clock.now() >= until);
        sms.test_otp.get(phone).filter(|_| !is_over).map(String::as_str)
    }

    /// Whether the provider makes and checks the codes for `phone` (digits) itself. Ours then goes nowhere and counts for
    /// nothing. Test numbers keep their fixed codes, and the hook sends ours.
    pub fn provider_makes_codes(&self, phone: &str) -> bool {
        self.may_make_codes() && self.test_code(phone).is_none()
    }

    /// Whether there are numbers of which [`Self::provider_makes_codes`] is true.
    pub fn may_make_codes(&self) -> bool {
        self.0.messenger.makes_codes() && !self.0.hooks.has_send_sms()
    }

    /// Asks the provider about a code that it made. No connection to the database should be held meanwhile. A provider
    /// that cannot answer has not approved.
    pub async fn provider_approves(&self, phone: &str, code: &str) -> bool {
        let answer = self.0.messenger.check_code(phone, code).await;
        matches!(answer, Ok(CodeCheck::Approved))
    }

    /// Sends `code` to `phone` (digits). Test numbers get nothing. The provider's id of the message, if it gave one.
    pub async fn send_code(
        &self,
        db: &impl Executor,
        user: &Value,
        phone: &str,
        code: &str,
        purpose: SmsPurpose,
        channel: SmsChannel,
    ) -> Result<Option<String>> {
        if self.test_code(phone).is_some() {
            return Ok(Some("test-otp".to_owned()));
        }
        let inner = &*self.0;
        // Second factors have limits of their own (auth.md 6.2).
        if purpose != SmsPurpose::Mfa && !inner.config.sms.autoconfirm && inner.limit.check("").is_err() {
            return Err(AuthError::too_many(
                ErrorCode::OverSmsSendRateLimit,
                "SMS rate limit exceeded",
            ));
        }
        if inner.hooks.has_send_sms() {
            let mut sms = json!({ "otp": code, "phone": phone });
            if purpose == SmsPurpose::Mfa {
                sms["sms_type"] = json!("mfa");
            }
            inner.hooks.send_sms(db, user, &sms).await?;
            return Ok(None);
        }
        let template = if purpose == SmsPurpose::Mfa {
            &inner.config.mfa.phone_template
        } else {
            &inner.config.sms.template
        };
        let body = render(template, code).map_err(|reason| not_sent(purpose, &reason))?;
        let sms = Sms {
            to: phone.to_owned(),
            body,
            channel,
        };
        inner.messenger.send_sms(sms).await.map_err(|error| {
            let reason = match &error {
                SendError::Refused { message, .. } => message.clone(),
                other => other.to_string(),
            };
            not_sent(purpose, &reason)
        })
    }
}

fn render(template: &str, code: &str) -> Result<String, String> {
    let template = Template::parse(template, Escape::Text).map_err(|error| error.to_string())?;
    template
        .render(&json!({ "Code": code }))
        .map_err(|error| error.to_string())
}

/// For a second factor the original answers 500.
fn not_sent(purpose: SmsPurpose, reason: &str) -> AuthError {
    if purpose == SmsPurpose::Mfa {
        tracing::error!(reason, "an SMS was not sent");
        return AuthError::failed("error sending message");
    }
    let message = format!("Error sending {} OTP to provider: {reason}", purpose.as_str());
    AuthError::unprocessable(ErrorCode::SmsSendFailed, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_in_the_text() {
        assert_eq!(
            render("Your code is {{ .Code }}", "123456").as_deref(),
            Ok("Your code is 123456")
        );
        assert!(render("{{ if }}", "1").is_err());
    }
}
