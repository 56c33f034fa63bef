//! Mailpit's search language, as far as end-to-end tests use it.

use super::message::Message;

/// A parsed search: every term must hold.
#[derive(Debug, Default)]
pub(super) struct Query {
    terms: Vec<Term>,
}

#[derive(Debug)]
struct Term {
    negated: bool,
    field: Field,
    /// Lower case.
    needle: String,
}

#[derive(Debug, Clone, Copy)]
enum Field {
    To,
    From,
    /// Sender or recipient.
    Addressed,
    Subject,
    MessageId,
    Tag,
    Is,
    /// `cc:`, `bcc:`, `reply-to:`, `has:`: nothing here ever has one.
    Absent,
    Any,
}

impl Query {
    /// Terms are separated by spaces; quotes keep spaces; `-` or `!` in front negates.
    pub(super) fn parse(query: &str) -> Self {
        Self {
            terms: words(query).into_iter().map(|word| Term::parse(&word)).collect(),
        }
    }

    pub(super) fn matches(&self, message: &Message) -> bool {
        self.terms.iter().all(|term| term.holds(message) != term.negated)
    }
}

impl Term {
    fn parse(word: &str) -> Self {
        let (negated, word) = match word.strip_prefix(['-', '!']) {
            Some(rest) if !rest.is_empty() => (true, rest),
            _ => (false, word),
        };
        let lower = word.to_lowercase();
        let (field, needle) = match lower.split_once(':') {
            Some(("to", rest)) => (Field::To, rest),
            Some(("from", rest)) => (Field::From, rest),
            Some(("addressed", rest)) => (Field::Addressed, rest),
            Some(("subject", rest)) => (Field::Subject, rest),
            Some(("message-id", rest)) => (Field::MessageId, rest),
            Some(("tag", rest)) => (Field::Tag, rest),
            Some(("is", rest)) => (Field::Is, rest),
            Some(("cc" | "bcc" | "reply-to" | "has", rest)) => (Field::Absent, rest),
            _ => (Field::Any, lower.as_str()),
        };
        Self {
            negated,
            field,
            needle: needle.trim().to_owned(),
        }
    }

    fn holds(&self, message: &Message) -> bool {
        let has = |text: &str| text.to_lowercase().contains(&self.needle);
        let to = || has(&message.to.address) || has(&message.to.name);
        let from = || has(&message.from.address) || has(&message.from.name);
        match self.field {
            Field::To => to(),
            Field::From => from(),
            Field::Addressed => to() || from(),
            Field::Subject => has(&message.subject),
            Field::MessageId => has(&message.message_id),
            Field::Tag => message.tags.iter().any(|tag| tag.to_lowercase() == self.needle),
            Field::Is => match self.needle.as_str() {
                "read" => message.is_read(),
                "unread" => !message.is_read(),
                "tagged" => !message.tags.is_empty(),
                _ => false,
            },
            Field::Absent => false,
            Field::Any => to() || from() || has(&message.subject) || has(&message.text),
        }
    }
}

/// Splits at spaces outside quotes and drops the quotes: `to:"a b"` and `"to:a b"` are both one word.
fn words(query: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in query.chars() {
        match (quote, c) {
            (None, '"') => quote = Some(c),
            // An apostrophe inside a word, as in O'Neil, is no quote.
            (None, '\'') if word.is_empty() || word.ends_with(':') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, c) if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            (_, c) => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::super::message::{Mailbox, NewMessage};
    use super::*;

    fn message() -> Message {
        let mailbox = |name: &str, address: &str| Mailbox {
            name: name.to_owned(),
            address: address.to_owned(),
        };
        Message::new(
            "id".to_owned(),
            chrono::DateTime::UNIX_EPOCH,
            NewMessage {
                from: mailbox("Acme Inc", "admin@acme.test"),
                to: mailbox("", "Ann+1@Example.com"),
                subject: "Confirm your email".to_owned(),
                html: "<p>Code <b>123456</b></p>".to_owned(),
                text: None,
                tags: vec!["sms".to_owned()],
            },
        )
    }

    #[test]
    fn searches() {
        let message = message();
        for (query, expected) in [
            ("", true),
            ("to:ann+1@example.com", true),
            ("to:\"ann+1@example.com\"", true),
            ("\"to:ann+1@example.com\"", true),
            ("to:'ann+1@example.com' subject:confirm", true),
            ("to:bob@example.com", false),
            ("-to:bob@example.com", true),
            ("!to:ann", false),
            ("from:\"acme inc\"", true),
            ("subject:\"confirm your\"", true),
            ("subject:\"your confirm\"", false),
            ("123456", true),
            ("\"code 123456\"", true),
            ("tag:sms is:unread", true),
            ("is:read", false),
            ("cc:ann", false),
            ("addressed:acme.test", true),
            ("http://x", false),
        ] {
            assert_eq!(Query::parse(query).matches(&message), expected, "{query}");
        }
    }
}
