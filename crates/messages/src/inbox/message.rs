//! A message in the inbox and how Mailpit's API shows it.

use super::plain::{from_html, snippet};
use crate::smtp::one_line;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

/// An address and the name that stands before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Mailbox {
    /// Name, may be empty.
    pub name: String,
    /// Address.
    pub address: String,
}

/// What [`super::Inbox::push`] takes.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Sender.
    pub from: Mailbox,
    /// Recipient.
    pub to: Mailbox,
    /// Subject.
    pub subject: String,
    /// HTML body, may be empty.
    pub html: String,
    /// Plain text; `None` is made from the HTML.
    pub text: Option<String>,
    /// Tags, as the API lists them.
    pub tags: Vec<String>,
}

/// A message in the inbox.
#[derive(Debug)]
pub struct Message {
    /// Id of 22 letters and digits.
    pub id: String,
    /// `Message-ID` without its angle brackets.
    pub message_id: String,
    /// Sender.
    pub from: Mailbox,
    /// Recipient.
    pub to: Mailbox,
    /// Subject.
    pub subject: String,
    /// HTML body, may be empty.
    pub html: String,
    /// Plain text.
    pub text: String,
    /// Tags.
    pub tags: Vec<String>,
    /// When it came.
    pub created: DateTime<Utc>,
    read: AtomicBool,
    /// The text was given and not made from the HTML.
    has_text: bool,
    size: usize,
}

impl Message {
    pub(super) fn new(id: String, created: DateTime<Utc>, new: NewMessage) -> Self {
        let has_text = new.text.is_some();
        let text = new.text.unwrap_or_else(|| from_html(&new.html));
        let line = |mailbox: Mailbox| Mailbox {
            name: one_line(&mailbox.name),
            address: one_line(&mailbox.address),
        };
        let mut message = Self {
            message_id: format!("{id}@ferrobase.local"),
            id,
            from: line(new.from),
            to: line(new.to),
            subject: one_line(&new.subject),
            html: new.html,
            text,
            tags: new.tags,
            created,
            read: AtomicBool::new(false),
            has_text,
            size: 0,
        };
        message.size = message.raw().len();
        message
    }

    /// Whether somebody has opened it.
    pub fn is_read(&self) -> bool {
        self.read.load(Ordering::Acquire)
    }

    /// Sets the read flag: whether that changed it.
    pub(super) fn set_read(&self, read: bool) -> bool {
        self.read.swap(read, Ordering::AcqRel) != read
    }

    /// Bytes it keeps in memory, roughly.
    pub(super) fn weight(&self) -> usize {
        self.html.len() + self.text.len() + self.subject.len() + 512
    }

    /// The headers, by name.
    pub(super) fn headers(&self) -> BTreeMap<&'static str, Vec<String>> {
        let mailbox = |m: &Mailbox| {
            if m.name.is_empty() {
                m.address.clone()
            } else {
                format!("\"{}\" <{}>", m.name.replace(['"', '\\'], ""), m.address)
            }
        };
        let content = match (self.html.is_empty(), self.has_text) {
            (true, _) => "text/plain; charset=utf-8".to_owned(),
            (false, false) => "text/html; charset=utf-8".to_owned(),
            (false, true) => format!("multipart/alternative; boundary=\"{}\"", self.id),
        };
        BTreeMap::from([
            ("Content-Type", vec![content]),
            ("Date", vec![self.created.to_rfc2822()]),
            ("From", vec![mailbox(&self.from)]),
            ("Message-Id", vec![format!("<{}>", self.message_id)]),
            ("Mime-Version", vec!["1.0".to_owned()]),
            ("Subject", vec![self.subject.clone()]),
            ("To", vec![mailbox(&self.to)]),
        ])
    }

    /// The source of the message as it would travel, 8-bit.
    pub(super) fn raw(&self) -> String {
        let mut out = String::with_capacity(self.html.len() + self.text.len() + 512);
        for (name, values) in self.headers() {
            for value in values {
                // Writing to a string cannot fail.
                let _ = write!(out, "{name}: {value}\r\n");
            }
        }
        out.push_str("Content-Transfer-Encoding: 8bit\r\n\r\n");
        if self.html.is_empty() || !self.has_text {
            out.push_str(if self.html.is_empty() {
                &self.text
            } else {
                &self.html
            });
            return out;
        }
        for (kind, body) in [("plain", &self.text), ("html", &self.html)] {
            let _ = write!(
                out,
                "--{}\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n",
                self.id
            );
        }
        let _ = write!(out, "--{}--\r\n", self.id);
        out
    }

    /// Mailpit's `MessageSummary`.
    pub(super) fn summary(&self) -> Summary<'_> {
        Summary {
            id: &self.id,
            message_id: &self.message_id,
            read: self.is_read(),
            from: &self.from,
            to: [&self.to],
            cc: [],
            bcc: [],
            reply_to: [],
            subject: &self.subject,
            created: self.created,
            username: "",
            tags: &self.tags,
            size: self.size,
            attachments: 0,
            snippet: snippet(&self.text),
        }
    }

    /// Mailpit's `Message`.
    pub(super) fn detail(&self) -> Detail<'_> {
        Detail {
            id: &self.id,
            message_id: &self.message_id,
            from: &self.from,
            to: [&self.to],
            cc: [],
            bcc: [],
            reply_to: [],
            return_path: &self.from.address,
            subject: &self.subject,
            list_unsubscribe: ListUnsubscribe {
                header: "",
                links: [],
                errors: "",
                header_post: "",
            },
            date: self.created,
            tags: &self.tags,
            username: "",
            text: &self.text,
            html: &self.html,
            size: self.size,
            inline: [],
            attachments: [],
        }
    }
}

/// A list that is always empty here but that clients expect.
type Nothing = [u8; 0];

/// Mailpit's `MessageSummary`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Summary<'a> {
    #[serde(rename = "ID")]
    id: &'a str,
    #[serde(rename = "MessageID")]
    message_id: &'a str,
    read: bool,
    from: &'a Mailbox,
    to: [&'a Mailbox; 1],
    cc: Nothing,
    bcc: Nothing,
    reply_to: Nothing,
    subject: &'a str,
    #[serde(serialize_with = "millis")]
    created: DateTime<Utc>,
    username: &'static str,
    tags: &'a [String],
    size: usize,
    attachments: usize,
    snippet: String,
}

/// Mailpit's `Message`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Detail<'a> {
    #[serde(rename = "ID")]
    id: &'a str,
    #[serde(rename = "MessageID")]
    message_id: &'a str,
    from: &'a Mailbox,
    to: [&'a Mailbox; 1],
    cc: Nothing,
    bcc: Nothing,
    reply_to: Nothing,
    return_path: &'a str,
    subject: &'a str,
    list_unsubscribe: ListUnsubscribe,
    #[serde(serialize_with = "millis")]
    date: DateTime<Utc>,
    tags: &'a [String],
    username: &'static str,
    text: &'a str,
    #[serde(rename = "HTML")]
    html: &'a str,
    size: usize,
    inline: Nothing,
    attachments: Nothing,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListUnsubscribe {
    header: &'static str,
    links: Nothing,
    errors: &'static str,
    header_post: &'static str,
}

fn millis<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true))
}
