//! The user, as stored and as shown (auth.md 4.1).

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

/// A time as the database keeps it.
pub type Time = DateTime<Utc>;

/// A row of `auth.users`. Empty texts are `None`; the token columns are empty strings when nothing is pending.
#[derive(Debug, Clone)]
pub struct User {
    /// Primary key.
    pub id: Uuid,
    /// Audience.
    pub aud: String,
    /// Database role of the user's tokens.
    pub role: String,
    /// Current e-mail, lower case.
    pub email: Option<String>,
    /// Current phone, digits only.
    pub phone: Option<String>,
    /// Password hash, possibly sealed (auth.md 5.6).
    pub encrypted_password: Option<String>,
    /// When the e-mail was confirmed.
    pub email_confirmed_at: Option<Time>,
    /// When the phone was confirmed.
    pub phone_confirmed_at: Option<Time>,
    /// The earlier of both confirmations (a generated column).
    pub confirmed_at: Option<Time>,
    /// When an administrator invited the user.
    pub invited_at: Option<Time>,
    /// Hash that confirms a sign-up, an invitation or an SMS sign-in.
    pub confirmation_token: String,
    /// When it was sent.
    pub confirmation_sent_at: Option<Time>,
    /// Hash of a recovery or magic link.
    pub recovery_token: String,
    /// When it was sent.
    pub recovery_sent_at: Option<Time>,
    /// The e-mail that waits for confirmation.
    pub email_change: String,
    /// Hash sent to the new address.
    pub email_change_token_new: String,
    /// Hash sent to the current address.
    pub email_change_token_current: String,
    /// How many of the two confirmations arrived.
    pub email_change_confirm_status: i16,
    /// When the change was asked for.
    pub email_change_sent_at: Option<Time>,
    /// The phone that waits for confirmation.
    pub phone_change: String,
    /// Hash sent to the new phone.
    pub phone_change_token: String,
    /// When it was sent.
    pub phone_change_sent_at: Option<Time>,
    /// Hash of a reauthentication nonce.
    pub reauthentication_token: String,
    /// When it was sent.
    pub reauthentication_sent_at: Option<Time>,
    /// Last sign-in.
    pub last_sign_in_at: Option<Time>,
    /// `app_metadata`.
    pub app_metadata: Map<String, Value>,
    /// `user_metadata`.
    pub user_metadata: Map<String, Value>,
    /// Creation.
    pub created_at: Option<Time>,
    /// Last change.
    pub updated_at: Option<Time>,
    /// Banned until then.
    pub banned_until: Option<Time>,
    /// Soft deletion.
    pub deleted_at: Option<Time>,
    /// Managed by single sign-on.
    pub is_sso_user: bool,
    /// Anonymous.
    pub is_anonymous: bool,
    /// Identities in wire shape, as the database rendered them; `None` = not loaded (JSON `null`).
    pub identities: Option<Box<RawValue>>,
    /// Factors in wire shape; `None` = none, or not loaded.
    pub factors: Option<Box<RawValue>>,
}

impl User {
    /// A user that is not stored yet.
    pub fn new(id: Uuid, aud: &str, role: &str, now: Time) -> Self {
        Self {
            id,
            aud: aud.to_owned(),
            role: role.to_owned(),
            email: None,
            phone: None,
            encrypted_password: None,
            email_confirmed_at: None,
            phone_confirmed_at: None,
            confirmed_at: None,
            invited_at: None,
            confirmation_token: String::new(),
            confirmation_sent_at: None,
            recovery_token: String::new(),
            recovery_sent_at: None,
            email_change: String::new(),
            email_change_token_new: String::new(),
            email_change_token_current: String::new(),
            email_change_confirm_status: 0,
            email_change_sent_at: None,
            phone_change: String::new(),
            phone_change_token: String::new(),
            phone_change_sent_at: None,
            reauthentication_token: String::new(),
            reauthentication_sent_at: None,
            last_sign_in_at: None,
            app_metadata: Map::new(),
            user_metadata: Map::new(),
            created_at: Some(now),
            updated_at: Some(now),
            banned_until: None,
            deleted_at: None,
            is_sso_user: false,
            is_anonymous: false,
            identities: None,
            factors: None,
        }
    }

    /// The e-mail, or "".
    pub fn email(&self) -> &str {
        self.email.as_deref().unwrap_or_default()
    }

    /// The phone, or "".
    pub fn phone(&self) -> &str {
        self.phone.as_deref().unwrap_or_default()
    }

    /// Whether a ban is in force.
    pub fn is_banned(&self, now: Time) -> bool {
        self.banned_until.is_some_and(|until| now < until)
    }

    /// Whether the e-mail is confirmed.
    pub fn is_email_confirmed(&self) -> bool {
        self.email_confirmed_at.is_some()
    }

    /// Whether the phone is confirmed.
    pub fn is_phone_confirmed(&self) -> bool {
        self.phone_confirmed_at.is_some()
    }

    /// Whether the user has a password.
    pub fn has_password(&self) -> bool {
        self.encrypted_password
            .as_deref()
            .is_some_and(|hash| !hash.is_empty())
    }

    /// Merges `changes` into `user_metadata`; `null` deletes a key (auth.md section 10).
    pub fn merge_user_metadata(&mut self, changes: &Map<String, Value>) {
        merge(&mut self.user_metadata, changes);
    }

    /// Merges `changes` into `app_metadata`; `null` deletes a key.
    pub fn merge_app_metadata(&mut self, changes: &Map<String, Value>) {
        merge(&mut self.app_metadata, changes);
    }

    /// Forgets everything that was sent and not used (auth.md section 10, effects of a password change).
    pub fn clear_pending_tokens(&mut self) {
        self.confirmation_token.clear();
        self.recovery_token.clear();
        self.email_change_token_new.clear();
        self.email_change_token_current.clear();
        self.phone_change_token.clear();
        self.reauthentication_token.clear();
    }

    /// The wire shape as a JSON value, for hooks and templates.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

fn merge(target: &mut Map<String, Value>, changes: &Map<String, Value>) {
    for (key, value) in changes {
        if value.is_null() {
            target.remove(key);
        } else {
            target.insert(key.clone(), value.clone());
        }
    }
}

/// The wire shape: what is always there, and what is left out when empty (auth.md 4.1).
#[derive(Serialize)]
struct Body<'a> {
    id: Uuid,
    aud: &'a str,
    role: &'a str,
    email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_confirmed_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invited_at: Option<Time>,
    phone: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_confirmed_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmation_sent_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmed_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_sent_at: Option<Time>,
    #[serde(skip_serializing_if = "str::is_empty")]
    new_email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_change_sent_at: Option<Time>,
    #[serde(skip_serializing_if = "str::is_empty")]
    new_phone: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_change_sent_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reauthentication_sent_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_sign_in_at: Option<Time>,
    app_metadata: &'a Map<String, Value>,
    user_metadata: &'a Map<String, Value>,
    identities: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    factors: Option<&'a RawValue>,
    created_at: Option<Time>,
    updated_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    banned_until: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Time>,
    is_anonymous: bool,
}

impl Serialize for User {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Body {
            id: self.id,
            aud: &self.aud,
            role: &self.role,
            email: self.email(),
            email_confirmed_at: self.email_confirmed_at,
            invited_at: self.invited_at,
            phone: self.phone(),
            phone_confirmed_at: self.phone_confirmed_at,
            confirmation_sent_at: self.confirmation_sent_at,
            confirmed_at: self.confirmed_at,
            recovery_sent_at: self.recovery_sent_at,
            new_email: &self.email_change,
            email_change_sent_at: self.email_change_sent_at,
            new_phone: &self.phone_change,
            phone_change_sent_at: self.phone_change_sent_at,
            reauthentication_sent_at: self.reauthentication_sent_at,
            last_sign_in_at: self.last_sign_in_at,
            app_metadata: &self.app_metadata,
            user_metadata: &self.user_metadata,
            identities: self.identities.as_deref(),
            factors: self.factors.as_deref(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            banned_until: self.banned_until,
            deleted_at: self.deleted_at,
            is_anonymous: self.is_anonymous,
        }
        .serialize(serializer)
    }
}
