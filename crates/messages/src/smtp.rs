//! Mail over SMTP.

use crate::messenger::{Email, SendError};
use ferrobase_jwt::{Clock, Random};
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::{self, PoolConfig};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use std::net::IpAddr;
use std::time::Duration;
use tokio::sync::{OnceCell, Semaphore};

/// For one mail, from waiting for a connection to the server's last answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Mails under way at once, each with a connection.
const CONNECTIONS: u32 = 4;
/// The port whose connections begin with TLS (RFC 8314); on others TLS begins with STARTTLS.
const IMPLICIT_TLS_PORT: u16 = 465;

/// A mail server, as in `[auth.email.smtp]`.
#[derive(Debug, Clone)]
pub struct SmtpOptions {
    /// Name or address.
    pub host: String,
    /// 465 speaks TLS from the start, every other port STARTTLS when the server offers it.
    pub port: u16,
    /// User name, when the server wants one.
    pub user: Option<String>,
    /// Password. It never travels unencrypted, except to this machine.
    pub pass: Option<SecretString>,
    /// Sender address.
    pub admin_email: String,
    /// Sender name.
    pub sender_name: Option<String>,
}

/// A mail server with its connections.
#[derive(Debug)]
pub(crate) struct Smtp {
    options: SmtpOptions,
    clock: Clock,
    random: Random,
    /// Made with the first mail: it reads the system's certificates, which a project without mail need not wait for.
    transport: OnceCell<AsyncSmtpTransport<Tokio1Executor>>,
    slots: Semaphore,
}

impl Smtp {
    pub(crate) fn new(options: SmtpOptions, clock: Clock, random: Random) -> Self {
        let slots = Semaphore::new(CONNECTIONS as usize);
        Self {
            options,
            clock,
            random,
            transport: OnceCell::new(),
            slots,
        }
    }

    pub(crate) async fn send(&self, email: &Email) -> Result<(), SendError> {
        let message = self.message(email)?;
        tokio::time::timeout(TIMEOUT, self.deliver(message))
            .await
            .map_err(|_| SendError::Timeout)?
    }

    async fn deliver(&self, message: Message) -> Result<(), SendError> {
        let _slot = self.slots.acquire().await.map_err(|_| SendError::Unavailable)?;
        let transport = self
            .transport
            .get_or_try_init(|| connect(self.options.clone()))
            .await?;
        transport.send(message).await.map(drop).map_err(|error| {
            tracing::debug!(error = &error as &dyn std::error::Error, "SMTP");
            refusal(&error)
        })
    }

    fn message(&self, email: &Email) -> Result<Message, SendError> {
        let address = |text: &str| text.trim().parse::<Address>().map_err(|_| SendError::Address);
        let sender = address(&self.options.admin_email)?;
        let id = format!("<{}@{}>", self.random.uuid(), sender.domain());
        let name = self
            .options
            .sender_name
            .as_deref()
            .map(one_line)
            .filter(|name| !name.is_empty());
        let builder = Message::builder()
            .from(Mailbox::new(name, sender))
            .to(Mailbox::new(None, address(&email.to)?))
            .subject(one_line(&email.subject))
            .date(self.clock.now().into())
            .message_id(Some(id));
        let html = SinglePart::builder()
            .header(ContentType::TEXT_HTML)
            .body(email.html.clone());
        let built = match &email.text {
            Some(text) => {
                let plain = SinglePart::builder()
                    .header(ContentType::TEXT_PLAIN)
                    .body(text.clone());
                builder.multipart(MultiPart::alternative().singlepart(plain).singlepart(html))
            }
            None => builder.singlepart(html),
        };
        built.map_err(|_| SendError::Address)
    }
}

/// Header text without what could end the header.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>()
        .trim()
        .to_owned()
}

/// The transport. Reading the system's certificates blocks, hence the thread; the pool's task wants the runtime that
/// the thread is attached to.
async fn connect(options: SmtpOptions) -> Result<AsyncSmtpTransport<Tokio1Executor>, SendError> {
    let built = tokio::task::spawn_blocking(move || build(options)).await;
    built.map_err(|_| SendError::Unavailable)?.map_err(|error| {
        tracing::warn!(error = &error as &dyn std::error::Error, "SMTP cannot be set up");
        SendError::Unavailable
    })
}

fn build(options: SmtpOptions) -> Result<AsyncSmtpTransport<Tokio1Executor>, smtp::Error> {
    let parameters = TlsParameters::new(options.host.clone())?;
    let credentials = options.user.filter(|user| !user.is_empty()).map(|user| {
        let pass = options.pass.as_ref().map_or("", |pass| pass.expose_secret());
        Credentials::new(user, pass.to_owned())
    });
    let tls = if options.port == IMPLICIT_TLS_PORT {
        Tls::Wrapper(parameters)
    } else if credentials.is_some() && !is_loopback(&options.host) {
        Tls::Required(parameters)
    } else {
        Tls::Opportunistic(parameters)
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(options.host)
        .port(options.port)
        .tls(tls)
        .timeout(Some(TIMEOUT))
        .pool_config(
            PoolConfig::new()
                .max_size(CONNECTIONS)
                .idle_timeout(Duration::from_secs(30)),
        );
    if let Some(credentials) = credentials {
        builder = builder.credentials(credentials);
    }
    Ok(builder.build())
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn refusal(error: &smtp::Error) -> SendError {
    if error.is_timeout() {
        return SendError::Timeout;
    }
    match error.status() {
        Some(code) => SendError::Refused {
            code: i64::from(u16::from(code)).into(),
            message: String::new(),
        },
        None => SendError::Unavailable,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn smtp(sender_name: &str) -> Smtp {
        let options = SmtpOptions {
            host: "127.0.0.1".to_owned(),
            port: 25,
            user: None,
            pass: None,
            admin_email: "admin@example.com".to_owned(),
            sender_name: Some(sender_name.to_owned()),
        };
        Smtp::new(options, Clock::fixed(chrono::DateTime::UNIX_EPOCH), Random)
    }

    fn email(to: &str, subject: &str) -> Email {
        Email {
            to: to.to_owned(),
            subject: subject.to_owned(),
            html: "<p>hé</p>".to_owned(),
            text: None,
        }
    }

    #[test]
    fn headers_cannot_be_injected() {
        let message = smtp("App\r\nBcc: a@b.c")
            .message(&email("x@example.com", "Hi\r\nBcc: evil@example.com\n"))
            .unwrap();
        let text = String::from_utf8(message.formatted()).unwrap();
        let (headers, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!headers.contains("\nBcc"), "{headers}");
        assert!(
            headers.contains("Subject: Hi  Bcc: evil@example.com"),
            "{headers}"
        );
        assert!(
            headers.contains("Date: Thu, 01 Jan 1970 00:00:00 +0000"),
            "{headers}"
        );
        assert!(headers.contains("@example.com>"), "{headers}");
        assert_eq!(message.envelope().to().len(), 1);
    }

    #[test]
    fn bad_addresses_are_refused() {
        for to in [
            "",
            "x",
            "x@example.com\r\nRCPT TO:<y@example.com>",
            "a@b.c, d@e.f",
            "A <a@b.c>",
        ] {
            assert_eq!(
                smtp("A").message(&email(to, "s")).unwrap_err(),
                SendError::Address,
                "{to:?}"
            );
        }
    }

    #[test]
    fn loopback_names() {
        assert!(is_loopback("localhost") && is_loopback("127.0.0.2") && is_loopback("[::1]"));
        assert!(!is_loopback("example.com") && !is_loopback("10.0.0.1"));
    }
}
