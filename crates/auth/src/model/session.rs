//! Sessions (auth.md 5.3).

use std::time::Duration;

use chrono::TimeDelta;
use uuid::Uuid;

use super::aal::Aal;
use super::user::Time;
use crate::config::SessionRules;

/// A row of `auth.sessions`.
#[derive(Debug, Clone)]
pub struct Session {
    /// Primary key; `session_id` in tokens.
    pub id: Uuid,
    /// Owner.
    pub user_id: Uuid,
    /// Level, as enrolment and user changes check it.
    pub aal: Aal,
    /// The factor that lifted it.
    pub factor_id: Option<Uuid>,
    /// Sign-in.
    pub created_at: Time,
    /// Last refresh.
    pub refreshed_at: Option<Time>,
    /// Hard end, set by SAML.
    pub not_after: Option<Time>,
    /// Tag that `single_per_user` keeps apart.
    pub tag: Option<String>,
}

/// What a user allowed to a client of our OAuth server (auth.md 16).
#[derive(Debug, Clone)]
pub struct Grant {
    /// The client.
    pub client_id: Uuid,
    /// Scopes, separated by spaces.
    pub scopes: String,
}

/// Why a session may not be refreshed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// `not_after` or the timebox passed.
    Expired,
    /// Not refreshed for too long.
    Inactivity,
    /// Stayed below the user's highest level for too long.
    LowAal,
}

impl Expiry {
    /// What the client is told.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Expired => "Invalid Refresh Token: Session Expired",
            Self::Inactivity => "Invalid Refresh Token: Session Expired (Inactivity)",
            Self::LowAal => "Invalid Refresh Token: Session Expired (Low AAL: User Needs MFA Verification)",
        }
    }
}

impl Session {
    /// Checks the limits in the original's order. `last_refresh` is the later of creation and last token use when the
    /// session was never refreshed; `highest` is the best level the user could reach.
    pub fn expiry(
        &self,
        rules: &SessionRules,
        now: Time,
        last_refresh: Time,
        highest: Aal,
    ) -> Option<Expiry> {
        let over =
            |start: Time, limit: Option<Duration>| limit.is_some_and(|limit| now > start + delta(limit));
        if self.not_after.is_some_and(|end| now > end) || over(self.created_at, rules.timebox) {
            return Some(Expiry::Expired);
        }
        if over(
            self.refreshed_at.unwrap_or(last_refresh),
            rules.inactivity_timeout,
        ) {
            return Some(Expiry::Inactivity);
        }
        if self.aal < highest && over(self.created_at, rules.allow_low_aal) {
            return Some(Expiry::LowAal);
        }
        None
    }

    /// The tag that counts for `single_per_user`: the session's own if it is a configured one, else the first.
    pub fn effective_tag<'a>(&'a self, rules: &'a SessionRules) -> Option<&'a str> {
        match self.tag.as_deref() {
            Some(tag) if rules.tags.iter().any(|known| known == tag) => Some(tag),
            _ => rules.tags.first().map(String::as_str),
        }
    }
}

/// A configured duration in the clock's terms; absurdly long ones are cut to a thousand years.
pub fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::days(365_000))
}
