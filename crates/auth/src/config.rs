//! The `[auth]` section of `config.toml` (config-and-cli.md §3) and the original's environment variables (auth.md §21).
//!
//! Every key has one place here; [`load`] reads them and refuses combinations that cannot work.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use ferrobase_config::Rate;
use secrecy::SecretString;
use url::Url;

mod custom_providers;
mod external;
mod load;
mod mail_links;
mod oauth_server;
mod passkey;
mod saml;
mod web3;

pub use custom_providers::CustomProvidersConfig;
pub use external::{ExternalConfig, ProviderConfig};
pub use mail_links::MailLinks;
pub use oauth_server::OAuthServerConfig;
pub use passkey::PasskeyConfig;
pub use saml::SamlConfig;
pub use web3::Web3Config;

/// Everything the Auth service can be told. Durations are exact; lengths count characters unless stated otherwise.
#[derive(Debug, Clone)]
pub struct AuthConfig {
    /// Public base URL of this service, with the gateway prefix: `http://127.0.0.1:54321/auth/v1`.
    pub external_url: Url,
    /// Where links lead when no valid `redirect_to` was given (`auth.site_url`).
    pub site_url: Url,
    /// Globs of further allowed redirect targets (`auth.additional_redirect_urls`; auth.md 12.3).
    pub redirect_allow_list: Vec<String>,
    /// `iss` of access tokens; `None` leaves the claim out.
    pub jwt_issuer: Option<String>,
    /// `aud` of users and tokens when the request names none.
    pub jwt_audience: String,
    /// Life of an access token.
    pub jwt_expiry: Duration,
    /// `role` given to new users.
    pub default_role: String,
    /// Roles whose tokens may call the admin endpoints.
    pub admin_roles: Vec<String>,
    /// Whether new users may sign up at all (`auth.enable_signup`).
    pub signup_enabled: bool,
    /// Anonymous sign-ins (`auth.enable_anonymous_sign_ins`).
    pub anonymous_enabled: bool,
    /// Linking and unlinking identities by the user (`auth.enable_manual_linking`).
    pub manual_linking_enabled: bool,
    /// Password rules.
    pub password: PasswordRules,
    /// The check of passwords against known leaks; off when `None`.
    pub leaked_passwords: Option<LeakedPasswordsConfig>,
    /// Limit on guesses at mailed and texted codes.
    pub code_guesses: CodeGuessRules,
    /// The CAPTCHA of sign-up and sign-in; off when `None`.
    pub captcha: Option<CaptchaConfig>,
    /// Refresh token behaviour.
    pub refresh_tokens: RefreshTokenRules,
    /// Session limits (`auth.sessions`).
    pub sessions: SessionRules,
    /// E-mail sign-in and mails.
    pub email: EmailConfig,
    /// Phone sign-in and SMS.
    pub sms: SmsConfig,
    /// Second factors.
    pub mfa: MfaConfig,
    /// WebAuthn relying party (`auth.webauthn`).
    pub webauthn: WebauthnConfig,
    /// Passkeys (`auth.passkey`).
    pub passkey: PasskeyConfig,
    /// Sign-in with a wallet (`auth.web3`).
    pub web3: Web3Config,
    /// Request limits (`auth.rate_limit`).
    pub rate_limits: RateLimits,
    /// Hooks (`auth.hook.*`).
    pub hooks: HooksConfig,
    /// Encryption of secrets at rest (auth.md 5.6); off when `None`.
    pub encryption: Option<EncryptionConfig>,
    /// Whether audit rows are written to `auth.audit_log_entries`.
    pub audit_log_in_database: bool,
    /// Upper bound for one request.
    pub request_timeout: Duration,
    /// How long a sign-in with an authorization code may take; at least five minutes.
    pub flow_state_expiry: Duration,
    /// Addresses that others have a say in may be private ones (ours: `auth.allow_private_addresses`): what comes through
    /// the API, and the hooks that are not on this machine by name.
    pub allow_private_addresses: bool,
    /// External providers (`auth.external`).
    pub external: ExternalConfig,
    /// The OAuth 2.1 server (`auth.oauth_server`).
    pub oauth_server: OAuthServerConfig,
    /// Providers that the project adds itself (`auth.custom_oauth`, `auth.custom_providers`).
    pub custom_providers: CustomProvidersConfig,
    /// Providers whose identities only meet others of the same linking domain (ours in the file:
    /// `auth.provider_linking_domains`). Who is not here is in the domain of e-mail sign-in.
    pub linking_domains: BTreeMap<String, String>,
    /// Single sign-on by SAML; off when `None`.
    pub saml: Option<SamlConfig>,
}

/// Password rules (auth.md 19.3, section 10).
#[derive(Debug, Clone)]
pub struct PasswordRules {
    /// Shortest accepted password in bytes (at least 6).
    pub min_length: usize,
    /// Sets of characters, one of each of which must occur (`auth.password_requirements`).
    pub required_characters: Vec<String>,
    /// A password change needs a nonce once the session is older than 24 hours.
    pub require_reauthentication: bool,
    /// A password change needs the current password.
    pub require_current_password: bool,
}

/// How often a one-time code may be tried for one address, in all processes together (ours: `auth.code_guesses`).
#[derive(Debug, Clone, Copy)]
pub struct CodeGuessRules {
    /// Attempts in a window; 0 = unlimited.
    pub max_attempts: i32,
    /// The window; at most a day.
    pub window: Duration,
}

/// The check of passwords against known leaks (auth.md 19.3; ours in the file: `auth.leaked_passwords`).
#[derive(Debug, Clone)]
pub struct LeakedPasswordsConfig {
    /// A check that cannot be made refuses the password; otherwise it accepts it.
    pub fail_closed: bool,
    /// `User-Agent` of the question.
    pub user_agent: Option<String>,
    /// Where the corpus is; `range/<prefix>` follows.
    pub base_url: Url,
    /// Time for one question.
    pub timeout: Duration,
}

/// The CAPTCHA (auth.md 19.4).
#[derive(Debug, Clone)]
pub struct CaptchaConfig {
    /// The site's secret at the provider.
    pub secret: SecretString,
    /// Where the provider judges (ours: `auth.captcha.verify_url`).
    pub verify_url: Url,
    /// Time for one judgement.
    pub timeout: Duration,
}

/// How refresh tokens rotate (auth.md 5.4, 5.5).
#[derive(Debug, Clone)]
pub struct RefreshTokenRules {
    /// Reuse of an old token revokes its family.
    pub rotation: bool,
    /// How long an already used token may be used again.
    pub reuse_interval: Duration,
    /// 2 selects counter tokens kept on the session row, anything else the table.
    pub algorithm_version: u16,
    /// Counter tokens only: any older token of the session yields the current one.
    pub allow_reuse: bool,
}

/// Limits on sessions, checked at refresh (auth.md 5.3).
#[derive(Debug, Clone, Default)]
pub struct SessionRules {
    /// Longest life of a session.
    pub timebox: Option<Duration>,
    /// Longest time between two refreshes.
    pub inactivity_timeout: Option<Duration>,
    /// How long a session may stay below the user's highest assurance level.
    pub allow_low_aal: Option<Duration>,
    /// Only the newest session of a user (and tag) may refresh.
    pub single_per_user: bool,
    /// Tags that separate sessions for `single_per_user`.
    pub tags: Vec<String>,
}

/// E-mail sign-in and the mails (auth.md 9, 19.1).
#[derive(Debug, Clone)]
pub struct EmailConfig {
    /// E-mail as a way to sign up and in (`auth.email.enabled`, formerly `enable_signup`).
    pub enabled: bool,
    /// Magic links.
    pub magic_link_enabled: bool,
    /// New addresses count as confirmed (the opposite of `enable_confirmations`).
    pub autoconfirm: bool,
    /// An unconfirmed user may sign in.
    pub allow_unverified_sign_ins: bool,
    /// Both addresses must confirm a change (`double_confirm_changes`).
    pub double_confirm_changes: bool,
    /// Shortest time between two mails of one kind to one user.
    pub max_frequency: Duration,
    /// Digits of a one-time code, 6 to 10.
    pub otp_length: usize,
    /// Life of a code or link.
    pub otp_expiry: Duration,
    /// Mail server; the inbox takes the mails when `None`.
    pub smtp: Option<ferrobase_messages::SmtpOptions>,
    /// Sender address.
    pub from_email: String,
    /// Sender name.
    pub from_name: String,
    /// Subjects and bodies by template name: `invite`, `confirmation`, `recovery`, `magic_link`, `email_change`,
    /// `reauthentication` and the notifications (`password_changed`, `email_changed`, `mfa_factor_enrolled` …).
    pub templates: BTreeMap<String, MailTemplate>,
    /// Notifications that are switched on (`auth.email.notification.<name>.enabled`).
    pub notifications: Vec<String>,
    /// Only these addresses may get mail; empty = all.
    pub authorized_addresses: Vec<String>,
    /// Where links lead.
    pub links: MailLinks,
}

/// A subject and body that replace the built-in ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailTemplate {
    /// Subject line, a template too.
    pub subject: Option<String>,
    /// HTML body (the content of the file at `content_path`).
    pub content: Option<String>,
    /// Where the HTML body is fetched from.
    pub url: Option<Url>,
}

/// Phone sign-in and SMS (auth.md 9, 19.2).
#[derive(Debug, Clone)]
pub struct SmsConfig {
    /// Phone as a way to sign up and in (`auth.sms.enabled`, formerly `enable_signup`).
    pub enabled: bool,
    /// New numbers count as confirmed (the opposite of `enable_confirmations`).
    pub autoconfirm: bool,
    /// Shortest time between two SMS of one kind to one user.
    pub max_frequency: Duration,
    /// Digits of a one-time code, 6 to 10.
    pub otp_length: usize,
    /// Life of a code.
    pub otp_expiry: Duration,
    /// Text with `{{ .Code }}`.
    pub template: String,
    /// Numbers (digits only) with a fixed code; no SMS is sent to them.
    pub test_otp: BTreeMap<String, String>,
    /// Until when those codes count; always when unset.
    pub test_otp_valid_until: Option<DateTime<Utc>>,
    /// The transport.
    pub transport: ferrobase_messages::SmsTransport,
    /// Name of the provider as `/settings` tells it (`twilio`, `vonage` …, or empty).
    pub provider_name: String,
}

/// Second factors (auth.md 6).
#[derive(Debug, Clone)]
pub struct MfaConfig {
    /// Authenticator apps.
    pub totp: FactorSwitches,
    /// SMS codes.
    pub phone: FactorSwitches,
    /// Security keys.
    pub web_authn: FactorSwitches,
    /// Recovery codes (auth.md 24).
    pub recovery_codes: FactorSwitches,
    /// How many codes a set has.
    pub recovery_code_count: usize,
    /// Most factors of any status.
    pub max_enrolled_factors: i64,
    /// Most verified factors.
    pub max_verified_factors: i64,
    /// Life of a challenge, at least 300 s.
    pub challenge_expiry: Duration,
    /// Age at which an unchallenged, unverified factor is removed, at least 300 s.
    pub factor_expiry: Duration,
    /// Digits of an SMS code.
    pub phone_otp_length: usize,
    /// Shortest time between two SMS to one factor.
    pub phone_max_frequency: Duration,
    /// Text with `{{ .Code }}`.
    pub phone_template: String,
    /// A TOTP code is accepted once per factor (RFC 6238 §5.2; ours: `auth.mfa.totp.reject_replayed_codes`).
    pub reject_replayed_codes: bool,
    /// Wrong codes after which a challenge is dead (ours: `auth.mfa.max_attempts_per_challenge`; 0 = unlimited).
    pub max_attempts_per_challenge: i32,
    /// Wrong codes within `attempt_window` after which a factor pauses (ours: `auth.mfa.max_attempts_per_factor`; 0 = unlimited).
    pub max_attempts_per_factor: i32,
    /// The window and the pause (ours: `auth.mfa.attempt_window`).
    pub attempt_window: Duration,
}

/// Whether a kind of factor can be enrolled and verified.
#[derive(Debug, Clone, Copy, Default)]
pub struct FactorSwitches {
    /// Enrolment is open.
    pub enroll: bool,
    /// Challenge and verification are open.
    pub verify: bool,
}

/// The WebAuthn relying party.
#[derive(Debug, Clone, Default)]
pub struct WebauthnConfig {
    /// Domain; the host of `site_url` when unset.
    pub rp_id: Option<String>,
    /// Name shown by the browser.
    pub rp_display_name: Option<String>,
    /// Allowed origins; the origin of `site_url` when empty.
    pub rp_origins: Vec<String>,
    /// Life of a challenge.
    pub challenge_expiry: Duration,
}

/// Request limits (auth.md 19.5). Counts per five minutes unless stated otherwise.
#[derive(Debug, Clone)]
pub struct RateLimits {
    /// Mails of the instance; `None` = unlimited (the inbox needs no protection).
    pub email_sent: Option<Rate>,
    /// SMS of the instance.
    pub sms_sent: Rate,
    /// Anonymous sign-ups per hour and address.
    pub anonymous_users: u32,
    /// `/token` per address.
    pub token_refresh: u32,
    /// `/signup`, `/otp`, `/magiclink`, `/recover`, `/resend`, `PUT /user` per address.
    pub sign_in_sign_ups: u32,
    /// `/verify` per address.
    pub token_verifications: u32,
    /// Web3 sign-ins per address.
    pub web3: u32,
    /// MFA challenge and verify, each, per minute and address.
    pub mfa_challenge_and_verify: u32,
    /// Header that names the client for the limits (`GOTRUE_RATE_LIMIT_HEADER`); no per-address limits without it.
    pub header: Option<String>,
}

/// One hook (auth.md 18).
#[derive(Debug, Clone)]
pub struct HookConfig {
    /// Where it runs.
    pub target: HookTarget,
    /// Standard Webhooks secrets for HTTP targets: base64 of the key, without `v1,whsec_`; checked when loaded.
    pub secrets: Vec<SecretString>,
}

/// Where a hook runs.
#[derive(Debug, Clone)]
pub enum HookTarget {
    /// An HTTP endpoint.
    Http(Url),
    /// A database function, called with the payload as its only argument.
    Postgres {
        /// Schema of the function.
        schema: String,
        /// Its name.
        function: String,
    },
}

/// Hosts that mean this machine. Hooks on them may do without TLS, and may have a private address.
pub(crate) const LOCAL_HOSTS: [&str; 4] = ["localhost", "127.0.0.1", "[::1]", "host.docker.internal"];

/// All hooks; `None` = off.
#[derive(Debug, Clone, Default)]
pub struct HooksConfig {
    /// `mfa_verification_attempt`.
    pub mfa_verification_attempt: Option<HookConfig>,
    /// `password_verification_attempt`.
    pub password_verification_attempt: Option<HookConfig>,
    /// `custom_access_token`.
    pub custom_access_token: Option<HookConfig>,
    /// `send_email`.
    pub send_email: Option<HookConfig>,
    /// `send_sms`.
    pub send_sms: Option<HookConfig>,
    /// `before_user_created`.
    pub before_user_created: Option<HookConfig>,
    /// `after_user_created`.
    pub after_user_created: Option<HookConfig>,
    /// `before_mfa_enrollment`, ours.
    pub before_mfa_enrollment: Option<HookConfig>,
}

/// Keys for encryption at rest (auth.md 5.6): `SECURITY_DATABASE_ENCRYPTION_*`.
#[derive(Debug, Clone)]
pub struct EncryptionConfig {
    /// Encrypt what is written from now on.
    pub encrypt: bool,
    /// The key new values use.
    pub encryption_key_id: String,
    /// All keys that can decrypt, base64url, by id.
    pub keys: BTreeMap<String, SecretString>,
}
