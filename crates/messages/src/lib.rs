//! Mail, SMS and the development inbox.
//!
//! [`Messenger`] sends what the services hand it: e-mail over SMTP, SMS over Twilio, and everything for which nothing
//! is configured into the [`Inbox`], which the developer reads in a browser and tests read over Mailpit's HTTP API
//! (design 3.6). [`template`] renders the Go templates that Supabase projects have for their mails (auth.md 19.1).

pub mod inbox;
mod messenger;
mod smtp;
pub mod template;
mod twilio;

pub use inbox::Inbox;
pub use messenger::{Email, Messenger, MessengerOptions, SendError, Sms, SmsChannel, SmsTransport};
pub use smtp::SmtpOptions;
