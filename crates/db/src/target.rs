//! Where the database is.

use std::path::PathBuf;

use tokio_postgres::Config;
use url::form_urlencoded;

use crate::error::DbError;
use crate::tls::Verification;

/// A PostgreSQL server.
#[derive(Debug, Clone)]
pub enum Target {
    /// The managed cluster, over its private socket: every role may log in without a password there.
    Socket {
        /// Directory of the socket.
        dir: PathBuf,
        /// Port in the socket's name.
        port: u16,
        /// Login of the administrator.
        user: String,
        /// Database.
        database: String,
    },
    /// Any server, as `postgres://user:password@host:port/database?sslmode=…`.
    Url(String),
}

/// A parsed target.
#[derive(Debug, Clone)]
pub(crate) struct Parsed {
    pub(crate) config: Config,
    pub(crate) verification: Verification,
    /// Every role may log in by itself.
    pub(crate) is_private: bool,
}

impl Target {
    pub(crate) fn parse(&self) -> Result<Parsed, DbError> {
        match self {
            Self::Socket {
                dir,
                port,
                user,
                database,
            } => {
                let mut config = Config::new();
                config
                    .host_path(dir)
                    .port(*port)
                    .user(user)
                    .dbname(database)
                    .application_name("ferrobase");
                Ok(Parsed {
                    config,
                    verification: Verification::None,
                    is_private: true,
                })
            }
            Self::Url(url) => parse_url(url),
        }
    }
}

/// libpq's `verify-ca` and `verify-full` are unknown to the driver: we take `sslmode` out and act on it ourselves. Besides
/// that the driver reads the text, since libpq's URLs may lack a host, which others may not.
fn parse_url(text: &str) -> Result<Parsed, DbError> {
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        return Err(DbError::Url("it must begin with postgres://".to_owned()));
    }
    let (base, query) = text.split_once('?').unwrap_or((text, ""));
    let mut verification = Verification::None;
    let mut kept = form_urlencoded::Serializer::new(String::new());
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        if key != "sslmode" {
            kept.append_pair(&key, &value);
            continue;
        }
        let mode = match &*value {
            "disable" | "prefer" | "require" => &*value,
            "allow" => "prefer",
            "verify-ca" | "verify-full" => {
                verification = Verification::Full;
                "require"
            }
            other => return Err(DbError::Url(format!("sslmode {other} is unknown"))),
        };
        kept.append_pair("sslmode", mode);
    }
    // The driver takes blanks as %20 only.
    let url = format!("{base}?{}", kept.finish().replace('+', "%20"));
    let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
        let reason = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        DbError::Url(reason)
    })?;
    if config.get_application_name().is_none() {
        config.application_name("ferrobase");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(std::time::Duration::from_secs(5));
    }
    Ok(Parsed {
        config,
        verification,
        is_private: false,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn sslmode_is_ours_where_the_driver_knows_it_not() {
        let parse = |url: &str| Target::Url(url.to_owned()).parse();
        assert_eq!(
            parse("postgres://a@h/d?sslmode=verify-full")
                .unwrap()
                .verification,
            Verification::Full
        );
        let lax = parse("postgres://a:p%40@h:6543/d?sslmode=require").unwrap();
        assert_eq!(lax.verification, Verification::None);
        assert_eq!(lax.config.get_password(), Some(&b"p@"[..]));
        assert!(matches!(
            parse("postgres://a@h/d?sslmode=sometimes"),
            Err(DbError::Url(_))
        ));
        assert!(matches!(parse("not a url"), Err(DbError::Url(_))));
    }
}
