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
//! | codes by mail to one address | 15 attempts in 5 minutes | 210 | 0.042 % |
//! | codes by SMS to one number | the same | 210 | 0.021 % |
//!
//! The limits are kept in the database and hold for all clients and processes together. A right code forgives the wrong
//! ones before it, so each sign-in of the owner allows one more window. The original's limits per client address come on
//! top where they act. Links have 224 bits under a key of the project, and are not guessed.

use std::time::Duration;

use crate::config::AuthConfig;

const HOUR: Duration = Duration::from_secs(3600);
/// Steps of an authenticator whose codes are accepted at one time: the current one and its neighbours.
const TOTP_STEPS: u64 = 3;
const TOTP_DIGITS: usize = 6;
/// Codes by mail that one guess can meet: as `email` it is compared with a confirmation and with a sign-in link.
const MAILED_CODES: u64 = 2;

/// Chances of one successful guess within an hour, 0 to 1; 1 where nothing bounds the guesses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GuessingBounds {
    /// TOTP of one factor.
    pub totp_factor: f64,
    /// All TOTP factors of one user.
    pub totp_user: f64,
    /// The code of one SMS factor.
    pub phone_factor: f64,
    /// Codes by mail to one address.
    pub email_code: f64,
    /// Codes by SMS to one number.
    pub sms_code: f64,
}

/// The bounds that follow from the configured limits.
pub fn bounds(config: &AuthConfig) -> GuessingBounds {
    let mfa = &config.mfa;
    let limited = |count: i32, window: Duration| {
        let count = u64::try_from(count).unwrap_or(0);
        (count > 0).then(|| in_windows(count, window))
    };
    let factor_guesses = limited(mfa.max_attempts_per_factor, mfa.attempt_window);
    let user_guesses = factor_guesses.map(|guesses| guesses * 2);
    let code_guesses = limited(config.code_guesses.max_attempts, config.code_guesses.window);
    GuessingBounds {
        totp_factor: chance(factor_guesses, TOTP_STEPS, TOTP_DIGITS),
        totp_user: chance(user_guesses, TOTP_STEPS, TOTP_DIGITS),
        phone_factor: chance(factor_guesses, 1, mfa.phone_otp_length),
        email_code: chance(code_guesses, MAILED_CODES, config.email.otp_length),
        sms_code: chance(code_guesses, 1, config.sms.otp_length),
    }
}

/// Most guesses within an hour where each window allows `count`. Windows begin at least one window
/// apart; besides those that begin within the hour there is one that it cuts.
fn in_windows(count: u64, window: Duration) -> u64 {
    let begin_within = HOUR.as_millis() / window.as_millis().max(1) + 1;
    count.saturating_mul(u64::try_from(begin_within + 1).unwrap_or(u64::MAX))
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
        let bounds = of("");
        assert!(near(bounds.totp_factor, 0.000_63), "{bounds:?}");
        assert!(near(bounds.totp_user, 0.001_26), "{bounds:?}");
        assert!(near(bounds.phone_factor, 0.000_21), "{bounds:?}");
        assert!(near(bounds.email_code, 0.000_42), "{bounds:?}");
        assert!(near(bounds.sms_code, 0.000_21), "{bounds:?}");
    }

    #[test]
    fn longer_codes_and_tighter_limits_help() {
        let bounds = of(
            "[auth.code_guesses]\nmax_attempts = 6\nwindow = \"1h\"\n[auth.email]\notp_length = 8\n\
             [auth.mfa]\nmax_attempts_per_factor = 5\nattempt_window = \"30m\"\n",
        );
        assert!(near(bounds.email_code, 6.0 * 3.0 * 2.0 / 1e8), "{bounds:?}");
        assert!(near(bounds.totp_factor, 5.0 * 4.0 * 3.0 / 1e6), "{bounds:?}");
    }

    #[test]
    fn without_limits_there_is_no_bound() {
        let bounds = of("[auth.mfa]\nmax_attempts_per_factor = 0\n[auth.code_guesses]\nmax_attempts = 0\n");
        assert!(near(bounds.totp_factor, 1.0) && near(bounds.email_code, 1.0));
    }
}
