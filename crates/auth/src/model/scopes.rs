//! Scopes of our OAuth server: what a third party may learn of a user (auth.md section 16).

use std::fmt;

/// The scopes that there are, as the discovery document lists them.
pub const SUPPORTED: [&str; 5] = ["openid", "profile", "email", "phone", "offline_access"];

/// A set of supported scopes, in the order in which they were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scopes(Vec<&'static str>);

/// A scope that there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unsupported scope: {0}")]
pub struct UnknownScope(pub String);

impl Scopes {
    /// Reads scopes separated by blanks; each counts once.
    pub fn parse(text: &str) -> Result<Self, UnknownScope> {
        let mut scopes = Self::default();
        for name in text.split_ascii_whitespace() {
            let Some(known) = SUPPORTED.into_iter().find(|known| *known == name) else {
                return Err(UnknownScope(name.chars().take(100).collect()));
            };
            scopes.add(known);
        }
        Ok(scopes)
    }

    /// Reads what is stored or stands in a token of ours; a scope that there is no longer means nothing.
    pub fn known_in(text: &str) -> Self {
        let mut scopes = Self::default();
        for name in text.split_ascii_whitespace() {
            if let Some(known) = SUPPORTED.into_iter().find(|known| *known == name) {
                scopes.add(known);
            }
        }
        scopes
    }

    fn add(&mut self, scope: &'static str) {
        if !self.has(scope) {
            self.0.push(scope);
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `scope` is among them.
    pub fn has(&self, scope: &str) -> bool {
        self.0.contains(&scope)
    }

    /// Whether all of `others` are among them.
    pub fn cover(&self, others: &Self) -> bool {
        others.0.iter().all(|scope| self.has(scope))
    }

    /// These and `others`.
    pub fn with(&self, others: &Self) -> Self {
        let mut all = self.clone();
        for scope in &others.0 {
            all.add(scope);
        }
        all
    }

    /// One after the other.
    pub fn names(&self) -> &[&'static str] {
        &self.0
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn sets() {
        let some = Scopes::parse(" email  openid email ").unwrap();
        assert_eq!(some.to_string(), "email openid");
        assert!(some.cover(&Scopes::parse("openid").unwrap()));
        assert!(!some.cover(&Scopes::parse("openid phone").unwrap()));
        assert!(some.cover(&Scopes::default()));
        assert_eq!(
            some.with(&Scopes::parse("phone email").unwrap()).to_string(),
            "email openid phone"
        );
        assert_eq!(
            Scopes::parse("email admin"),
            Err(UnknownScope("admin".to_owned()))
        );
        assert_eq!(Scopes::known_in("email admin").to_string(), "email");
        // Names are case-sensitive (RFC 6749 §3.3).
        assert!(Scopes::parse("OpenID").is_err());
    }
}
