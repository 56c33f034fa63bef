//! The inbox over HTTP, and sending over SMTP and the SMS providers.
#![allow(clippy::unwrap_used, missing_docs)]

mod inbox;
mod sms_providers;
mod smtp;
mod twilio;

use ferrobase_http::{Outgoing, Policy};
use ferrobase_jwt::{Clock, Random};
use ferrobase_messages::{Email, Inbox, Messenger, MessengerOptions, SmsTransport, SmtpOptions};

fn messenger(smtp: Option<SmtpOptions>, sms: SmsTransport, inbox: Option<Inbox>) -> Messenger {
    let outgoing = Outgoing::new(&Policy {
        allow_private: true,
        idle_per_host: 4,
        user_agent: "test".to_owned(),
    })
    .unwrap();
    let options = MessengerOptions {
        smtp,
        sms,
        from_email: "admin@email.com".to_owned(),
        from_name: "Admin".to_owned(),
    };
    Messenger::new(options, inbox, outgoing, Clock::System, Random)
}

fn email(to: &str, subject: &str, html: &str) -> Email {
    Email {
        to: to.to_owned(),
        subject: subject.to_owned(),
        html: html.to_owned(),
        text: None,
    }
}
