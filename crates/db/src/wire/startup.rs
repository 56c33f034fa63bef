//! Logging in (PostgreSQL documentation, 55.2.1): clear text, MD5 and SCRAM-SHA-256.

use std::io;

use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use tokio_postgres::Config;

use super::error::{ExchangeError, ServerError};
use super::session::Framed;

/// The setting that decides how dates are printed; the server tells its value and every change.
pub(crate) const DATE_STYLE: &str = "DateStyle";

/// What the server tells about a new connection.
pub(crate) struct Greeting {
    pub(crate) process_id: i32,
    pub(crate) secret_key: i32,
    pub(crate) has_iso_dates: bool,
}

/// Logs in and waits until the server is ready. `further` goes into the first message beside what `config` says.
pub(crate) async fn log_in(
    framed: &mut Framed,
    config: &Config,
    further: &[(&str, &str)],
) -> Result<Greeting, ExchangeError> {
    let user = config.get_user().unwrap_or("postgres");
    let mut parameters = vec![("user", user), ("client_encoding", "UTF8")];
    parameters.extend(config.get_dbname().map(|name| ("database", name)));
    parameters.extend(config.get_options().map(|options| ("options", options)));
    parameters.extend(
        config
            .get_application_name()
            .map(|name| ("application_name", name)),
    );
    parameters.extend(further);
    frontend::startup_message(parameters, &mut framed.out)?;
    framed.flush().await?;
    authenticate(framed, user, config.get_password()).await?;
    let mut greeting = Greeting {
        process_id: 0,
        secret_key: 0,
        has_iso_dates: false,
    };
    loop {
        match framed.message().await? {
            Message::BackendKeyData(body) => {
                greeting.process_id = body.process_id();
                greeting.secret_key = body.secret_key();
            }
            Message::ParameterStatus(body) if body.name()? == DATE_STYLE => {
                greeting.has_iso_dates = body.value()?.starts_with("ISO");
            }
            Message::ReadyForQuery(_) => return Ok(greeting),
            Message::ErrorResponse(body) => return Err(refused(&ServerError::read(body.fields())?)),
            _ => {}
        }
    }
}

async fn authenticate(framed: &mut Framed, user: &str, password: Option<&[u8]>) -> Result<(), ExchangeError> {
    let asked = || password.ok_or_else(|| unreachable_because("the server asks for a password"));
    loop {
        match framed.message().await? {
            Message::AuthenticationOk => return Ok(()),
            Message::AuthenticationCleartextPassword => {
                frontend::password_message(asked()?, &mut framed.out)?;
                framed.flush().await?;
            }
            Message::AuthenticationMd5Password(body) => {
                let hash = md5_hash(user.as_bytes(), asked()?, body.salt());
                frontend::password_message(hash.as_bytes(), &mut framed.out)?;
                framed.flush().await?;
            }
            Message::AuthenticationSasl(body) => {
                let mut mechanisms = body.mechanisms();
                let mut is_known = false;
                while let Some(mechanism) = mechanisms.next()? {
                    is_known |= mechanism == SCRAM_SHA_256;
                }
                if !is_known {
                    return Err(unreachable_because(
                        "the server asks for an unknown way to log in",
                    ));
                }
                scram(framed, asked()?).await?;
            }
            Message::ErrorResponse(body) => return Err(refused(&ServerError::read(body.fields())?)),
            Message::NoticeResponse(_) | Message::ParameterStatus(_) => {}
            _ => {
                return Err(unreachable_because(
                    "the server asks for an unknown way to log in",
                ));
            }
        }
    }
}

async fn scram(framed: &mut Framed, password: &[u8]) -> Result<(), ExchangeError> {
    let mut scram = ScramSha256::new(password, ChannelBinding::unsupported());
    frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), &mut framed.out)?;
    framed.flush().await?;
    let Message::AuthenticationSaslContinue(body) = answer(framed).await? else {
        return Err(unreachable_because("the server broke off the login"));
    };
    scram.update(body.data())?;
    frontend::sasl_response(scram.message(), &mut framed.out)?;
    framed.flush().await?;
    let Message::AuthenticationSaslFinal(body) = answer(framed).await? else {
        return Err(unreachable_because("the server broke off the login"));
    };
    scram.finish(body.data())?;
    Ok(())
}

async fn answer(framed: &mut Framed) -> Result<Message, ExchangeError> {
    match framed.message().await? {
        Message::ErrorResponse(body) => Err(refused(&ServerError::read(body.fields())?)),
        other => Ok(other),
    }
}

fn unreachable_because(reason: &str) -> ExchangeError {
    ExchangeError::Unreachable(reason.to_owned())
}

/// A login that is refused is a server that cannot be reached, whatever the reason.
fn refused(error: &ServerError) -> ExchangeError {
    ExchangeError::Unreachable(format!("{} (SQLSTATE {})", error.message, error.code))
}

/// As an error of the stream.
impl From<ServerError> for io::Error {
    fn from(error: ServerError) -> Self {
        Self::other(error.message)
    }
}
