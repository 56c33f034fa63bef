//! What a new password must look like (auth.md 19.3).

use serde::Serialize;

use crate::config::PasswordRules;
use crate::error::{AuthError, Result};

/// Bytes that bcrypt takes into account.
pub(crate) const LONGEST: usize = 72;

/// How a password breaks the rules. A sign-in with an old, weak password succeeds and reports this as `weak_password` (auth.md 4.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Weakness {
    /// The broken rules as sentences, joined by a space.
    pub message: String,
    /// `length`, `characters`, `pwned`.
    pub reasons: Vec<&'static str>,
}

/// What is wrong with `password`, if anything. Lengths count bytes, as in the original.
pub fn weakness(rules: &PasswordRules, password: &str) -> Option<Weakness> {
    let mut sentences = Vec::new();
    let mut reasons = Vec::new();
    if password.len() < rules.min_length {
        sentences.push(format!(
            "Password should be at least {} characters.",
            rules.min_length
        ));
        reasons.push("length");
    }
    let sets = &rules.required_characters;
    if !sets.iter().all(|set| password.contains(|c| set.contains(c))) {
        sentences.push(format!(
            "Password should contain at least one character of each: {}.",
            sets.join(", ")
        ));
        reasons.push("characters");
    }
    (!reasons.is_empty()).then(|| Weakness {
        message: sentences.join(" "),
        reasons,
    })
}

impl Weakness {
    /// A leaked password, whatever else is wrong with it.
    pub(crate) fn leaked(other: Option<Self>) -> Self {
        let sentence = "Password is known to be weak and easy to guess, please choose a different one.";
        let mut weakness = other.unwrap_or(Self {
            message: String::new(),
            reasons: Vec::new(),
        });
        if !weakness.message.is_empty() {
            weakness.message.push(' ');
        }
        weakness.message.push_str(sentence);
        weakness.reasons.push("pwned");
        weakness
    }
}

/// Refuses passwords that are too long (400 `validation_failed`).
pub(crate) fn check_length(password: &str) -> Result<()> {
    if password.len() > LONGEST {
        return Err(AuthError::validation(
            "Password cannot be longer than 72 characters",
        ));
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn rules(min_length: usize, sets: &[&str]) -> PasswordRules {
        PasswordRules {
            min_length,
            required_characters: sets.iter().map(|&set| set.to_owned()).collect(),
            require_reauthentication: false,
            require_current_password: false,
        }
    }

    #[test]
    fn the_broken_rules_are_named() {
        let rules = rules(8, &["abc", "0123"]);
        assert_eq!(weakness(&rules, "abcdef12"), None);
        let weak = weakness(&rules, "xyz").unwrap();
        assert_eq!(weak.reasons, ["length", "characters"]);
        assert_eq!(
            weak.message,
            "Password should be at least 8 characters. Password should contain at least one character of each: abc, 0123."
        );
        assert_eq!(weakness(&rules, "abcdefgh").unwrap().reasons, ["characters"]);
    }

    #[test]
    fn lengths_count_bytes() {
        assert_eq!(weakness(&rules(6, &[]), "äöü"), None);
        assert!(check_length(&"a".repeat(72)).is_ok());
        let refusal = check_length(&"ä".repeat(37)).unwrap_err();
        assert_eq!(refusal.status().as_u16(), 400);
        assert_eq!(
            refusal.public_message(),
            "Password cannot be longer than 72 characters"
        );
        assert_eq!(weakness(&rules(6, &[]), "").unwrap().reasons, ["length"]);
    }

    #[test]
    fn a_leak_comes_last() {
        let weak = Weakness::leaked(weakness(&rules(6, &[]), "abc"));
        assert_eq!(weak.reasons, ["length", "pwned"]);
        assert!(
            weak.message
                .starts_with("Password should be at least 6 characters. Password is known")
        );
        assert_eq!(Weakness::leaked(None).reasons, ["pwned"]);
    }
}
