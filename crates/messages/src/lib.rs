//! Mail, SMS and the development inbox.
//!
//! [`Messenger`] sends what the services hand it: e-mail over SMTP, SMS over a provider, and everything for which nothing
//! is configured into the [`Inbox`], which the developer reads in a browser and tests read over Mailpit's HTTP API
//! (design 3.6). [`template`] renders the Go templates that Supabase projects have for their mails (auth.md 19.1).

pub mod inbox;
mod messagebird;
mod messenger;
mod provider;
mod sms_sender;
mod smtp;
pub mod template;
mod textlocal;
mod twilio;
mod twilio_verify;
mod vonage;

pub use inbox::Inbox;
pub use messenger::{CodeCheck, Email, Messenger, MessengerOptions, SendError, Sms, SmsChannel};
pub use sms_sender::SmsTransport;
pub use smtp::SmtpOptions;
