//! Whether a password is good enough: the project's rules and the corpus of leaked passwords (auth.md 19.3).

use crate::error::{AuthError, Result};
use crate::model::password::{self, Weakness};
use crate::state::State;

/// Refuses new passwords that are too long (400 `validation_failed`), weak or leaked (422 `weak_password`).
pub async fn check(state: &State, password: &str) -> Result<()> {
    password::check_length(password)?;
    let weakness = password::weakness(&state.config.password, password);
    let is_leaked = match state.leaked_passwords.contain(password).await {
        Ok(is_leaked) => is_leaked,
        Err(error) if state.leaked_passwords.fails_closed() => {
            tracing::error!(%error, "a new password was refused unchecked");
            return Err(AuthError::failed(
                "Unable to perform password strength check with HaveIBeenPwned.org.",
            ));
        }
        Err(error) => {
            tracing::warn!(%error, "a new password was accepted unchecked");
            false
        }
    };
    match with_leak(weakness, is_leaked) {
        None => Ok(()),
        Some(Weakness { message, reasons }) => Err(AuthError::WeakPassword { message, reasons }),
    }
}

/// What is wrong with a password that somebody just signed in with. A check that cannot be made never stops a sign-in.
pub async fn weakness(state: &State, password: &str) -> Option<Weakness> {
    let weakness = password::weakness(&state.config.password, password);
    let is_leaked = state
        .leaked_passwords
        .contain(password)
        .await
        .unwrap_or_else(|error| {
            tracing::warn!(%error, "the password of a sign-in was not checked");
            false
        });
    with_leak(weakness, is_leaked)
}

fn with_leak(weakness: Option<Weakness>, is_leaked: bool) -> Option<Weakness> {
    if is_leaked {
        Some(Weakness::leaked(weakness))
    } else {
        weakness
    }
}
