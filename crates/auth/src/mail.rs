//! Mails: codes and links (auth.md 9, 19.1), and notifications of changes.

use std::collections::HashMap;
use std::sync::Arc;

use ferrobase_config::Rate;
use ferrobase_db::{Executor, Pool};
use ferrobase_http::{Outgoing, RateLimiter};
use ferrobase_messages::template::{Escape, Template};
use ferrobase_messages::{Email, Messenger};
use serde_json::{Value, json};
use url::Url;

use self::remote::Remote;
use crate::config::{AuthConfig, MailTemplate};
use crate::error::{AuthError, ErrorCode, Result};
use crate::hooks::Hooks;

mod defaults;
mod hook_data;
pub mod links;
mod notification;
mod remote;

pub use notification::Notification;

/// A template of the project cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("auth.email.template.{name}: {reason}")]
pub struct MailerError {
    name: String,
    reason: String,
}

/// What a mail with a code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailKind {
    /// Confirm a sign-up.
    Signup,
    /// Accept an invitation.
    Invite,
    /// Set a new password.
    Recovery,
    /// Sign in.
    MagicLink,
    /// Confirm a change, sent to the current address.
    EmailChangeCurrent,
    /// Confirm a change, sent to the new address.
    EmailChangeNew,
    /// A nonce.
    Reauthentication,
}

impl MailKind {
    /// Name of the template.
    const fn template(self) -> &'static str {
        match self {
            Self::Signup => "confirmation",
            Self::Invite => "invite",
            Self::Recovery => "recovery",
            Self::MagicLink => "magic_link",
            Self::EmailChangeCurrent | Self::EmailChangeNew => "email_change",
            Self::Reauthentication => "reauthentication",
        }
    }

    /// `type` of the link, and `email_action_type` of the hook.
    pub const fn link_type(self) -> &'static str {
        match self {
            Self::Signup => "signup",
            Self::Invite => "invite",
            Self::Recovery => "recovery",
            Self::MagicLink => "magiclink",
            Self::EmailChangeCurrent | Self::EmailChangeNew => "email_change",
            Self::Reauthentication => "reauthentication",
        }
    }

    /// As error messages name it.
    const fn noun(self) -> &'static str {
        match self {
            Self::Signup => "confirmation",
            Self::Invite => "invite",
            Self::Recovery => "recovery",
            Self::MagicLink => "magic link",
            Self::EmailChangeCurrent | Self::EmailChangeNew => "email change",
            Self::Reauthentication => "reauthentication",
        }
    }
}

/// A code and the hash that stands for it in links.
#[derive(Debug, Clone, Copy)]
pub struct Codes<'a> {
    /// The digits.
    pub code: &'a str,
    /// The hash, with its `pkce_` if it has one.
    pub hash: &'a str,
}

/// One mail with a code.
#[derive(Debug)]
pub struct OneTimeMail<'a> {
    /// What for.
    pub kind: MailKind,
    /// Receiver.
    pub to: &'a str,
    /// The user as shown to hooks and templates.
    pub user: &'a Value,
    /// Code and hash.
    pub codes: Codes<'a>,
    /// Where the link leads in the end.
    pub redirect_to: &'a str,
    /// Where the client reached the API, if not at its address.
    pub api_url: Option<&'a Url>,
    /// The address that waits for confirmation.
    pub new_email: Option<&'a str>,
}

/// Sends mails; cheap to clone.
#[derive(Clone)]
pub struct Mailer(Arc<Inner>);

struct Inner {
    config: Arc<AuthConfig>,
    messenger: Messenger,
    hooks: Hooks,
    pool: Pool,
    templates: HashMap<&'static str, Parsed>,
    /// Mails of the whole instance; `None` = unlimited.
    limit: Option<RateLimiter>,
}

struct Parsed {
    subject: Template,
    body: Template,
    /// Where the body comes from instead, once it is there.
    remote: Option<Remote>,
}

impl Mailer {
    /// Parses all templates, so that a mistake shows at start.
    pub fn new(
        config: Arc<AuthConfig>,
        messenger: Messenger,
        hooks: Hooks,
        pool: Pool,
    ) -> Result<Self, MailerError> {
        let mut templates = HashMap::new();
        for built_in in defaults::ALL {
            templates.insert(
                built_in.name,
                parse(built_in, config.email.templates.get(built_in.name))?,
            );
        }
        let limit = config.rate_limits.email_sent.map(sending_limit);
        Ok(Self(Arc::new(Inner {
            config,
            messenger,
            hooks,
            pool,
            templates,
            limit,
        })))
    }

    /// Fetches the bodies that are somewhere else. Those that cannot be had stay as they are.
    pub async fn refresh_templates(&self, outgoing: &Outgoing) {
        let remotes = self
            .0
            .templates
            .iter()
            .filter_map(|(name, parsed)| Some((name, parsed.remote.as_ref()?)));
        let refreshed = remotes.map(|(name, remote)| async move {
            if let Err(error) = remote.refresh(outgoing).await {
                tracing::warn!(name, error, "the template of a mail was not fetched");
            }
        });
        futures_util::future::join_all(refreshed).await;
    }

    /// Whether the send-email hook takes all mails.
    pub fn has_hook(&self) -> bool {
        self.0.hooks.has_send_email()
    }

    /// Sends a mail with a code, through the hook where there is one.
    pub async fn send(&self, db: &impl Executor, mail: &OneTimeMail<'_>) -> Result<()> {
        self.permit(mail.to)?;
        if self.has_hook() {
            let data = hook_data::codes(&self.0.config, mail.kind, mail.codes, None, mail.redirect_to);
            return self.0.hooks.send_email(db, mail.user, &data).await;
        }
        self.deliver(mail).await
    }

    /// Sends both mails of a double confirmation. A hook gets one call with both codes, whose names are crossed as in the
    /// original (auth.md section 18).
    pub async fn send_pair(
        &self,
        db: &impl Executor,
        current: &OneTimeMail<'_>,
        new: &OneTimeMail<'_>,
    ) -> Result<()> {
        self.permit(new.to)?;
        if self.has_hook() {
            let data = hook_data::codes(
                &self.0.config,
                new.kind,
                current.codes,
                Some(new.codes),
                new.redirect_to,
            );
            return self.0.hooks.send_email(db, new.user, &data).await;
        }
        self.deliver(current).await?;
        self.deliver(new).await
    }

    /// Tells the user about a change, where that is switched on. A mail that cannot be sent is only logged.
    pub async fn notify(&self, user: &Value, notification: Notification<'_>) {
        let inner = &*self.0;
        let name = notification.name();
        let Some(to) = notification.receiver(user).filter(|to| !to.is_empty()) else {
            return;
        };
        if !inner.config.email.notifications.iter().any(|on| on == name) {
            return;
        }
        let sent = if self.has_hook() {
            self.notify_hook(user, notification).await
        } else {
            let mut variables = self.variables(user, &to);
            notification.add_to(&mut variables, user);
            self.render_and_send(name, &to, &variables).await
        };
        if let Err(error) = sent {
            tracing::warn!(%error, name, "a notification was not sent");
        }
    }

    /// The change that it tells of is committed, so the hook has a transaction of its own.
    async fn notify_hook(&self, user: &Value, notification: Notification<'_>) -> Result<(), String> {
        let told = |error: &dyn std::fmt::Display| error.to_string();
        let inner = &*self.0;
        let mut connection = inner.pool.get().await.map_err(|error| told(&error))?;
        let tx = connection.begin().await.map_err(|error| told(&error))?;
        let data = hook_data::notification(&inner.config, notification);
        inner
            .hooks
            .send_email(&tx, user, &data)
            .await
            .map_err(|error| told(&error))?;
        tx.commit().await.map_err(|error| told(&error))
    }

    /// The limits on who may get mail and how often.
    fn permit(&self, to: &str) -> Result<()> {
        let email = &self.0.config.email;
        if !email.authorized_addresses.is_empty() && !email.authorized_addresses.contains(&without_label(to))
        {
            let message = format!("Email address \"{to}\" cannot be used as it is not authorized");
            return Err(AuthError::bad_request(
                ErrorCode::EmailAddressNotAuthorized,
                message,
            ));
        }
        if !email.autoconfirm
            && let Some(limit) = &self.0.limit
            && limit.check("").is_err()
        {
            return Err(AuthError::too_many(
                ErrorCode::OverEmailSendRateLimit,
                "email rate limit exceeded",
            ));
        }
        Ok(())
    }

    async fn deliver(&self, mail: &OneTimeMail<'_>) -> Result<()> {
        let mut variables = self.variables(mail.user, mail.to);
        variables["Token"] = json!(mail.codes.code);
        variables["TokenHash"] = json!(mail.codes.hash);
        variables["RedirectTo"] = json!(mail.redirect_to);
        if mail.kind != MailKind::Reauthentication {
            let config = &self.0.config;
            let link = links::link(
                &config.email.links,
                mail.api_url.unwrap_or(&config.external_url),
                mail.kind.link_type(),
                mail.codes.hash,
                mail.redirect_to,
            );
            variables["ConfirmationURL"] = json!(link);
        }
        if let Some(new_email) = mail.new_email {
            variables["NewEmail"] = json!(new_email);
            variables["SendingTo"] = json!(mail.to);
        }
        self.render_and_send(mail.kind.template(), mail.to, &variables)
            .await
            .map_err(|error| {
                tracing::error!(error, kind = mail.kind.noun(), "a mail was not sent");
                AuthError::failed(format!("Error sending {} email", mail.kind.noun()))
            })
    }

    fn variables(&self, user: &Value, to: &str) -> Value {
        let current = user["email"]
            .as_str()
            .filter(|email| !email.is_empty())
            .unwrap_or(to);
        json!({ "SiteURL": self.0.config.site_url.as_str(), "Email": current, "Data": user["user_metadata"] })
    }

    async fn render_and_send(&self, name: &str, to: &str, variables: &Value) -> Result<(), String> {
        let parsed = self
            .0
            .templates
            .get(name)
            .ok_or_else(|| "no such template".to_owned())?;
        let email = Email {
            to: to.to_owned(),
            subject: parsed
                .subject
                .render(variables)
                .map_err(|error| error.to_string())?
                .trim()
                .to_owned(),
            html: match parsed.remote.as_ref().and_then(Remote::template) {
                Some(body) => body.render(variables),
                None => parsed.body.render(variables),
            }
            .map_err(|error| error.to_string())?,
            text: None,
        };
        self.0
            .messenger
            .send_email(email)
            .await
            .map_err(|error| error.to_string())
    }
}

fn parse(built_in: &defaults::BuiltIn, own: Option<&MailTemplate>) -> Result<Parsed, MailerError> {
    let subject = own
        .and_then(|own| own.subject.as_deref())
        .unwrap_or(built_in.subject);
    let body = match own.and_then(|own| own.content.clone()) {
        Some(content) => content,
        None => built_in.page(),
    };
    let wrong = |what: &str, reason: String| MailerError {
        name: built_in.name.to_owned(),
        reason: format!("{what}: {reason}"),
    };
    Ok(Parsed {
        subject: Template::parse(subject, Escape::Text)
            .map_err(|error| wrong("subject", error.to_string()))?,
        body: Template::parse(&body, Escape::Html).map_err(|error| wrong("content", error.to_string()))?,
        remote: own.and_then(|own| own.url.clone()).map(Remote::new),
    })
}

/// The limit on what the whole instance sends.
pub(crate) fn sending_limit(rate: Rate) -> RateLimiter {
    RateLimiter::per(rate.count, rate.refill.saturating_mul(rate.count), rate.count)
}

/// `ann+news@example.com` counts as `ann@example.com`.
fn without_label(address: &str) -> String {
    let Some((local, domain)) = address.split_once('@') else {
        return address.to_lowercase();
    };
    let name = local.split('+').next().unwrap_or(local);
    format!("{name}@{domain}").to_lowercase()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_renders_with_its_variables() {
        let variables = json!({
            "SiteURL": "http://s", "Email": "a@b.c", "Token": "123456", "TokenHash": "h", "RedirectTo": "http://r", "Data": {},
            "ConfirmationURL": "http://c?a=1&b=2", "NewEmail": "n@b.c", "SendingTo": "n@b.c", "OldEmail": "o@b.c", "OldPhone": "1",
            "Phone": "2", "Provider": "github", "FactorType": "totp",
        });
        for built_in in defaults::ALL {
            let parsed = parse(built_in, None).unwrap();
            assert!(
                !parsed.subject.render(&variables).unwrap().is_empty(),
                "{}",
                built_in.name
            );
            let body = parsed.body.render(&variables).unwrap();
            assert!(!body.contains("{{"), "{}", built_in.name);
            if built_in.body.contains("ConfirmationURL") {
                assert!(
                    body.contains("href=\"http://c?a=1&amp;b=2\"") && body.contains("123456"),
                    "{body}"
                );
            }
        }
    }

    #[test]
    fn labels_do_not_count() {
        assert_eq!(without_label("Ann+x@Example.com"), "ann@example.com");
    }

    #[test]
    fn a_broken_template_is_named() {
        let own = MailTemplate {
            subject: Some("{{ .A".to_owned()),
            ..MailTemplate::default()
        };
        let error = parse(&defaults::ALL[0], Some(&own)).err().unwrap().to_string();
        assert!(
            error.starts_with(&format!("auth.email.template.{}: subject", defaults::ALL[0].name)),
            "{error}"
        );
    }
}
