//! What every handler of the service can reach.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use ferrobase_db::{Executor, Pool};
use ferrobase_http::Outgoing;
use ferrobase_jwt::{Clock, Random, TokenKeys};
use ferrobase_messages::Messenger;
use serde_json::Value;

use crate::captcha::Captcha;
use crate::config::AuthConfig;
use crate::encryption::Vault;
use crate::error::{AuthError, Result};
use crate::hooks::Hooks;
use crate::leaked::LeakedPasswords;
use crate::limits::Limits;
use crate::mail::Mailer;
use crate::model::one_time::CodeHasher;
use crate::pace::Paces;
use crate::passwords::Passwords;
use crate::providers::oidc::Issuers;
use crate::saml::SamlError;
use crate::saml::provider::ServiceProvider;
use crate::saml::refresh::Refreshes;
use crate::store::audit;
use crate::texts::Texts;

/// What the composition hands to the service.
pub struct Parts {
    /// Settings.
    pub config: AuthConfig,
    /// Connections as the role that owns the `auth` schema.
    pub pool: Pool,
    /// Keys of user tokens.
    pub keys: TokenKeys,
    /// Mail and SMS.
    pub messenger: Messenger,
    /// Outgoing HTTP to what the operator configures: hooks, CAPTCHA, leaked passwords.
    pub outgoing: Outgoing,
    /// Outgoing HTTP to addresses that come through the API, of which there are none yet: public ones only, unless
    /// configured otherwise.
    pub guarded: Outgoing,
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub random: Random,
}

/// The service could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Threads for password hashing could not be started.
    #[error("could not start the password threads")]
    Passwords(#[source] std::io::Error),
    /// A mail template of the project does not parse.
    #[error(transparent)]
    Mail(#[from] crate::mail::MailerError),
    /// The encryption keys do not fit together.
    #[error("encryption at rest: {0}")]
    Encryption(#[source] AuthError),
    /// A key of SAML's cannot be used.
    #[error("auth.saml: {0}")]
    Saml(#[from] SamlError),
}

/// Shared state; cheap to clone.
#[derive(Clone)]
pub struct State(Arc<Inner>);

/// The parts of [`State`].
pub struct Inner {
    /// Settings.
    pub config: Arc<AuthConfig>,
    /// Connections.
    pub pool: Pool,
    /// Keys of user tokens.
    pub keys: TokenKeys,
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub random: Random,
    /// Password hashing, off the runtime.
    pub passwords: Passwords,
    /// Encryption at rest.
    pub vault: Vault,
    /// Hooks.
    pub hooks: Hooks,
    /// Mails.
    pub mailer: Mailer,
    /// SMS.
    pub texts: Texts,
    /// Request limits per client.
    pub limits: Limits,
    /// Outgoing HTTP.
    pub outgoing: Outgoing,
    /// Outgoing HTTP to addresses that came through the API.
    pub guarded: Outgoing,
    /// Keys of those who issue ID tokens.
    pub issuers: Issuers,
    /// The same for issuers that came through the API.
    pub guarded_issuers: Issuers,
    /// Hashes one-time codes.
    pub code_hasher: CodeHasher,
    /// How long answers take.
    pub paces: Paces,
    /// The CAPTCHA.
    pub captcha: Captcha,
    /// The corpus of leaked passwords.
    pub leaked_passwords: LeakedPasswords,
    /// We for SAML's identity providers; `None` = off.
    pub saml: Option<ServiceProvider>,
    /// When metadata was last asked for.
    pub saml_refreshes: Refreshes,
}

impl State {
    /// Puts the service together. Fails on settings that only show when used: templates, encryption keys.
    pub fn new(parts: Parts) -> std::result::Result<Self, StartError> {
        let config = Arc::new(parts.config);
        let captcha = Captcha::new(config.captcha.clone(), parts.outgoing.clone());
        let leaked_passwords = LeakedPasswords::new(config.leaked_passwords.clone(), parts.outgoing.clone());
        let hooks = Hooks::new(
            &config.hooks,
            parts.outgoing.clone(),
            parts.guarded.clone(),
            parts.clock.clone(),
            parts.random,
        );
        let mailer = Mailer::new(
            config.clone(),
            parts.messenger.clone(),
            hooks.clone(),
            parts.pool.clone(),
        )?;
        let texts = Texts::new(
            config.clone(),
            parts.messenger,
            hooks.clone(),
            parts.clock.clone(),
        );
        let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Ok(Self(Arc::new(Inner {
            vault: Vault::new(config.encryption.as_ref(), parts.random).map_err(StartError::Encryption)?,
            passwords: Passwords::new(threads).map_err(StartError::Passwords)?,
            limits: Limits::new(&config),
            issuers: Issuers::new(parts.outgoing.clone(), parts.clock.clone()),
            guarded_issuers: Issuers::new(parts.guarded.clone(), parts.clock.clone()),
            outgoing: parts.outgoing,
            guarded: parts.guarded,
            code_hasher: CodeHasher::new(parts.keys.derive("one-time codes")),
            paces: Paces::new(parts.random),
            captcha,
            leaked_passwords,
            saml: config.saml.as_ref().map(ServiceProvider::new).transpose()?,
            saml_refreshes: Refreshes::default(),
            config,
            pool: parts.pool,
            keys: parts.keys,
            clock: parts.clock,
            random: parts.random,
            hooks,
            mailer,
            texts,
        })))
    }

    /// Writes an audit row, unless the project does without. `ip` is only given for the events of auth.md section 6.
    pub async fn audit(&self, db: &impl Executor, payload: &Value, ip: Option<IpAddr>) -> Result<()> {
        if self.config.audit_log_in_database {
            audit::insert(db, self.random.uuid(), payload, self.now(), ip).await?;
        }
        Ok(())
    }

    /// The time, in microseconds as the database keeps it.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }
}

impl Deref for State {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}
