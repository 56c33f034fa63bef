//! How likely it is that guessing one-time codes succeeds.
//!
//! Bounds, not estimates: every guess is assumed to be a different code, every code that the service would accept counts,
//! and the hour is the attacker's best. A new code in between changes nothing, since each guess meets the codes of its
//! moment. With the defaults:
//!
//! | what is guessed at | limit | guesses an hour | chance an hour |
//! |---|---|---|---|
//! | TOTP of one factor, with the password known | 15 wrong codes in 5 minutes, then a pause of 5 | 210 | 0.063 % |
//! | all second factors of one user | twice that | 420 | 0.126 % |
//! | the code of one SMS factor | as TOTP, one code at a time | 210 | 0.021 % |
//! | an e-mailed code, from one client address | 30 requests in 5 minutes, 30 at once | 390 | 0.078 % |
//! | a code by SMS, from one client address | the same | 390 | 0.039 % |
//!
//! The limits of second factors are kept in the database and hold for all clients and processes together. A right code
//! forgives the wrong ones before it, so each sign-in of the owner allows one more window. The limit of `/verify` is the
//! original's: it counts per client address, in each process, and only where `auth.rate_limit.header` names the header
//! that has the address. Without it nothing bounds guesses at mailed codes but the codes' length and life.

use std::time::Duration;

use crate::config::AuthConfig;

const HOUR: Duration = Duration::from_secs(3600);
/// Steps of an authenticator whose codes are accepted at one time: the current one and its neighbours.
const TOTP_STEPS: u64 = 3;
const TOTP_DIGITS: usize = 6;
/// Codes by mail that one guess can meet: as `email` it is compared with a confirmation and with a sign-in link.
const MAILED_CODES: u64 = 2;
/// Requests that a client address may make at once at `/verify`.
const VERIFY_BURST: u64 = 30;
/// The period of `auth.rate_limit.token_verifications`.
const VERIFY_PERIOD: Duration = Duration::from_secs(300);

/// Chances of one successful guess within an hour, 0 to 1; 1 where nothing bounds the guesses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GuessingBounds {
    /// TOTP of one factor.
    pub totp_factor: f64,
    /// All TOTP factors of one user.
    pub totp_user: f64,
    /// The code of one SMS factor.
    pub phone_factor: f64,
    /// A code by mail, from one client address.
    pub email_code: f64,
    /// A code by SMS, from one client address.
    pub sms_code: f64,
}

/// The bounds that follow from the configured limits.
pub fn bounds(config: &AuthConfig) -> GuessingBounds {
    let mfa = &config.mfa;
    let per_factor = u64::try_from(mfa.max_attempts_per_factor).unwrap_or(0);
    let factor_guesses = (per_factor > 0).then(|| in_windows(per_factor, mfa.attempt_window));
    let user_guesses = factor_guesses.map(|guesses| guesses * 2);
    let limits = &config.rate_limits;
    let requests = limits.header.as_ref().map(|_| {
        let count = u64::from(limits.token_verifications);
        if count == 0 {
            0
        } else {
            paced(count, VERIFY_PERIOD, VERIFY_BURST)
        }
    });
    GuessingBounds {
        totp_factor: chance(factor_guesses, TOTP_STEPS, TOTP_DIGITS),
        totp_user: chance(user_guesses, TOTP_STEPS, TOTP_DIGITS),
        phone_factor: chance(factor_guesses, 1, mfa.phone_otp_length),
        email_code: chance(requests, MAILED_CODES, config.email.otp_length),
        sms_code: chance(requests, 1, config.sms.otp_length),
    }
}

/// Most guesses within an hour where each window, as long as its pause, allows `count`. Windows begin at least one window
/// apart; besides those that begin within the hour there is one that it cuts.
fn in_windows(count: u64, window: Duration) -> u64 {
    let begin_within = HOUR.as_millis() / window.as_millis().max(1) + 1;
    count.saturating_mul(u64::try_from(begin_within + 1).unwrap_or(u64::MAX))
}

/// Most requests within an hour through a bucket that holds `burst` and gets `count` in each `period`.
fn paced(count: u64, period: Duration, burst: u64) -> u64 {
    let refilled = (HOUR.as_millis() * u128::from(count)).div_ceil(period.as_millis().max(1));
    burst.saturating_add(u64::try_from(refilled).unwrap_or(u64::MAX))
}

/// The chance that one of `guesses` is among `accepted` codes of so many digits (the sum over the guesses).
fn chance(guesses: Option<u64>, accepted: u64, digits: usize) -> f64 {
    let Some(guesses) = guesses else { return 1.0 };
    let codes = 10_f64.powi(i32::try_from(digits).unwrap_or(i32::MAX));
    #[allow(clippy::cast_precision_loss, reason = "a bound needs no 53 bits")]
    let hits = guesses.saturating_mul(accepted) as f64;
    (hits / codes).min(1.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ferrobase_config::Config;
    use url::Url;

    use super::*;

    fn of(toml: &str) -> GuessingBounds {
        let external = Url::parse("http://127.0.0.1:54321/auth/v1").unwrap();
        bounds(&AuthConfig::load(&Config::from_toml_str(toml).unwrap(), external).unwrap())
    }

    fn near(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-9
    }

    #[test]
    fn the_defaults_are_as_the_table_says() {
        let bounds = of("[auth.rate_limit]\nheader = \"x-real-ip\"\n");
        assert!(near(bounds.totp_factor, 0.000_63), "{bounds:?}");
        assert!(near(bounds.totp_user, 0.001_26), "{bounds:?}");
        assert!(near(bounds.phone_factor, 0.000_21), "{bounds:?}");
        assert!(near(bounds.email_code, 0.000_78), "{bounds:?}");
        assert!(near(bounds.sms_code, 0.000_39), "{bounds:?}");
    }

    #[test]
    fn longer_codes_and_tighter_limits_help() {
        let bounds = of(
            "[auth.rate_limit]\nheader = \"x-real-ip\"\ntoken_verifications = 6\n[auth.email]\notp_length = 8\n\
             [auth.mfa]\nmax_attempts_per_factor = 5\nattempt_window = \"30m\"\n",
        );
        assert!(near(bounds.email_code, 102.0 * 2.0 / 1e8), "{bounds:?}");
        assert!(near(bounds.totp_factor, 5.0 * 4.0 * 3.0 / 1e6), "{bounds:?}");
    }

    #[test]
    fn without_limits_there_is_no_bound() {
        let bounds = of("[auth.mfa]\nmax_attempts_per_factor = 0\n");
        assert!(near(bounds.totp_factor, 1.0) && near(bounds.email_code, 1.0));
        let closed = of("[auth.rate_limit]\nheader = \"x-real-ip\"\ntoken_verifications = 0\n");
        assert!(near(closed.email_code, 0.0), "{closed:?}");
    }
}
