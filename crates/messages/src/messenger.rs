//! Where a message goes.

use crate::inbox::{Inbox, Mailbox, NewMessage};
use crate::provider::ProviderError;
use crate::sms_sender::{SmsSender, SmsTransport};
use crate::smtp::{Smtp, SmtpOptions};
use ferrobase_http::Outgoing;
use ferrobase_jwt::{Clock, Random};
use std::sync::Arc;

/// An e-mail to one address.
#[derive(Debug, Clone)]
pub struct Email {
    /// The address alone, without a name.
    pub to: String,
    /// Subject; line breaks become spaces.
    pub subject: String,
    /// HTML body.
    pub html: String,
    /// Plain text beside the HTML, when there is one.
    pub text: Option<String>,
}

/// How an SMS travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SmsChannel {
    /// The telephone network.
    Sms,
    /// WhatsApp.
    Whatsapp,
}

/// A short message to one telephone.
#[derive(Debug, Clone)]
pub struct Sms {
    /// International number: digits without `+`.
    pub to: String,
    /// What the message says.
    pub body: String,
    /// How it travels.
    pub channel: SmsChannel,
}

/// What a [`Messenger`] is made of.
#[derive(Debug, Clone)]
pub struct MessengerOptions {
    /// The mail server; without one mail goes to the inbox.
    pub smtp: Option<SmtpOptions>,
    /// Who delivers SMS.
    pub sms: SmsTransport,
    /// Sender address of mail in the inbox.
    pub from_email: String,
    /// Sender name of mail in the inbox.
    pub from_name: String,
}

/// Why a message was not sent. The texts may be shown to anyone; what a server answered is in the fields.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The recipient or the configured sender is no address.
    #[error("the message has an invalid address")]
    Address,
    /// No answer in time.
    #[error("sending the message timed out")]
    Timeout,
    /// The server cannot be reached, or the connection or its TLS broke.
    #[error("the message could not be handed to the server")]
    Unavailable,
    /// The mail server or SMS provider answered with a refusal.
    #[error("the message was refused")]
    Refused {
        /// SMTP status or the provider's error code.
        code: Option<i64>,
        /// What the provider says about it (auth.md shows it to the caller for SMS); empty for SMTP.
        message: String,
    },
    /// Nothing is configured that could take the message, not even an inbox.
    #[error("no transport is configured for the message")]
    NoTransport,
}

/// Sends mail and SMS; cheap to clone.
#[derive(Debug, Clone)]
pub struct Messenger {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    smtp: Option<Smtp>,
    sms: Option<SmsSender>,
    inbox: Option<Inbox>,
    from: Mailbox,
}

impl Messenger {
    /// Connects nothing yet: the mail server is first spoken to by the first mail.
    pub fn new(
        options: MessengerOptions,
        inbox: Option<Inbox>,
        outgoing: Outgoing,
        clock: Clock,
        random: Random,
    ) -> Self {
        let smtp = options.smtp.map(|smtp| Smtp::new(smtp, clock, random));
        let from = Mailbox {
            name: options.from_name,
            address: options.from_email,
        };
        Self {
            shared: Arc::new(Shared {
                smtp,
                sms: SmsSender::new(options.sms, outgoing),
                inbox,
                from,
            }),
        }
    }

    /// Sends over SMTP when that is configured, else into the inbox. Without either the mail is dropped, as in the
    /// original (auth.md 19.1).
    pub async fn send_email(&self, email: Email) -> Result<(), SendError> {
        if let Some(smtp) = &self.shared.smtp {
            return smtp
                .send(&email)
                .await
                .inspect_err(|error| tracing::warn!(%error, "mail was not sent"));
        }
        let Some(inbox) = &self.shared.inbox else {
            tracing::debug!("mail dropped: neither SMTP nor the inbox is on");
            return Ok(());
        };
        inbox.push(NewMessage {
            from: self.shared.from.clone(),
            to: Mailbox {
                name: String::new(),
                address: email.to,
            },
            subject: email.subject,
            html: email.html,
            text: email.text,
            tags: Vec::new(),
        });
        Ok(())
    }

    /// Whether the provider makes and checks the codes itself, so that [`Self::check_code`] is who knows them.
    pub fn makes_codes(&self) -> bool {
        matches!(self.shared.sms, Some(SmsSender::TwilioVerify(_)))
    }

    /// Asks the provider about a code that it made for `phone` (digits).
    pub async fn check_code(&self, phone: &str, code: &str) -> Result<CodeCheck, SendError> {
        let Some(SmsSender::TwilioVerify(twilio)) = &self.shared.sms else {
            return Err(SendError::NoTransport);
        };
        match twilio.check(phone, code).await {
            Ok(true) => Ok(CodeCheck::Approved),
            Ok(false) => Ok(CodeCheck::Denied),
            Err(error) => {
                tracing::warn!(%error, "a code was not checked");
                Err(error.into())
            }
        }
    }

    /// Sends over the provider when one is configured, else into the inbox: then it is a mail to
    /// `<digits>@sms.local`. The answer is the provider's (or the inbox's) id of the message.
    pub async fn send_sms(&self, sms: Sms) -> Result<Option<String>, SendError> {
        if sms.to.is_empty() || !sms.to.bytes().all(|b| b.is_ascii_digit()) {
            return Err(SendError::Address);
        }
        if let Some(sender) = &self.shared.sms {
            return sender.send(&sms).await.map(Some).map_err(|error| {
                tracing::warn!(%error, "SMS was not sent");
                SendError::from(error)
            });
        }
        let inbox = self.shared.inbox.as_ref().ok_or(SendError::NoTransport)?;
        let (name, tag) = match sms.channel {
            SmsChannel::Sms => ("SMS", "sms"),
            SmsChannel::Whatsapp => ("WhatsApp", "whatsapp"),
        };
        Ok(Some(inbox.push(NewMessage {
            from: Mailbox {
                name: name.to_owned(),
                address: "sms@sms.local".to_owned(),
            },
            to: Mailbox {
                name: String::new(),
                address: format!("{}@sms.local", sms.to),
            },
            subject: format!("{name} to +{}", sms.to),
            html: String::new(),
            text: Some(sms.body),
            tags: vec![tag.to_owned()],
        })))
    }
}

/// What the provider says about a code that it made itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeCheck {
    /// Right.
    Approved,
    /// Wrong, used or too old.
    Denied,
}

impl From<ProviderError> for SendError {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Timeout => Self::Timeout,
            ProviderError::Unavailable(_) | ProviderError::Answer(_) => Self::Unavailable,
            ProviderError::Refused { code, message } => Self::Refused { code, message },
        }
    }
}
