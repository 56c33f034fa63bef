//! Waiting for notifications.

use ferrobase_sql::ident;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;

use super::error::{ExchangeError, ServerError};
use super::session::Session;

/// A connection that listens on one channel.
pub struct Notifications {
    session: Session,
}

impl std::fmt::Debug for Notifications {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Notifications")
    }
}

impl Notifications {
    pub(super) async fn begin(mut session: Session, channel: &str) -> Result<Self, ExchangeError> {
        frontend::query(&format!("LISTEN {}", ident(channel)), &mut session.framed.out)?;
        session.framed.flush().await?;
        loop {
            match session.framed.message().await? {
                Message::ReadyForQuery(_) => return Ok(Self { session }),
                Message::ErrorResponse(body) => {
                    return Err(ExchangeError::Server(Box::new(ServerError::read(body.fields())?)));
                }
                _ => {}
            }
        }
    }

    /// The next notification's payload. Fails when the connection ends.
    pub async fn next(&mut self) -> Result<String, ExchangeError> {
        loop {
            match self.session.framed.message().await? {
                Message::NotificationResponse(body) => return Ok(body.message()?.to_owned()),
                Message::ErrorResponse(body) => {
                    return Err(ExchangeError::Server(Box::new(ServerError::read(body.fields())?)));
                }
                _ => {}
            }
        }
    }
}
