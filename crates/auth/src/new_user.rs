//! Creating users: what sign-up, one-time sign-in and administrators share (auth.md sections 7, 13, 15.2).

use std::net::IpAddr;

use ferrobase_db::{DbError, Transaction};
use serde_json::{Map, Value, json};

use crate::caller;
use crate::error::{AuthError, Result};
use crate::model::user::User;
use crate::request::RequestInfo;
use crate::state::State;
use crate::store::{identities, users};

/// How a new user will be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// Lower-case e-mail.
    Email(String),
    /// Digits of a phone.
    Phone(String),
}

impl Address {
    /// Name of the identity provider.
    pub const fn provider(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Phone(_) => "phone",
        }
    }
}

/// A user that signs up with an address, not stored yet. `data` becomes the metadata; what identifies the user wins over it.
pub fn with_address(state: &State, info: &RequestInfo, address: &Address, data: Map<String, Value>) -> User {
    let mut user = User::new(
        state.random.uuid(),
        &info.audience,
        &state.config.default_role,
        state.now(),
    );
    match address {
        Address::Email(email) => user.email = Some(email.clone()),
        Address::Phone(phone) => user.phone = Some(phone.clone()),
    }
    let provider = address.provider();
    user.app_metadata = providers(&[provider]);
    user.user_metadata = data;
    user.user_metadata.extend(identity_data(&user, provider, false));
    user
}

/// `app_metadata` as it follows from the providers, oldest first.
pub fn providers<S: AsRef<str>>(all: &[S]) -> Map<String, Value> {
    let names: Vec<&str> = all.iter().map(AsRef::as_ref).collect();
    let mut metadata = Map::new();
    if let Some(first) = names.first() {
        metadata.insert("provider".to_owned(), json!(first));
        metadata.insert("providers".to_owned(), json!(names));
    }
    metadata
}

/// What the identity of an e-mail or phone user says.
pub fn identity_data(user: &User, provider: &str, verified: bool) -> Map<String, Value> {
    let mut data = Map::new();
    data.insert("sub".to_owned(), json!(user.id));
    if provider == "email" {
        data.insert("email".to_owned(), json!(user.email()));
    } else {
        data.insert("phone".to_owned(), json!(user.phone()));
    }
    data.insert(
        "email_verified".to_owned(),
        json!(verified && provider == "email"),
    );
    data.insert(
        "phone_verified".to_owned(),
        json!(verified && provider == "phone"),
    );
    data
}

/// An identity to store with the user.
#[derive(Debug)]
pub struct NewIdentity {
    /// `email`, `phone`, or the name of an external provider.
    pub provider: String,
    /// The provider's subject; `None` stands for the user's own id, as e-mail and phone have it.
    pub provider_id: Option<String>,
    /// Its data.
    pub data: Map<String, Value>,
}

impl NewIdentity {
    /// The identity of an address, whose subject is the user itself.
    pub fn of_address(provider: &str, data: Map<String, Value>) -> Self {
        Self {
            provider: provider.to_owned(),
            provider_id: None,
            data,
        }
    }
}

/// Stores the user and its identities, between the two hooks. The user is then as the database has it.
pub async fn store(
    state: &State,
    tx: &Transaction<'_>,
    user: &mut User,
    identities: &[NewIdentity],
    ip: IpAddr,
) -> Result<()> {
    state.hooks.before_user_created(tx, &user.to_value(), ip).await?;
    insert(tx, user, identities)
        .await
        .map_err(AuthError::database("Database error saving new user"))?;
    *user = users::find(tx, user.id).await?.ok_or_else(caller::missing_user)?;
    state.hooks.after_user_created(tx, &user.to_value(), ip).await
}

async fn insert(tx: &Transaction<'_>, user: &User, identities: &[NewIdentity]) -> Result<(), DbError> {
    users::insert(tx, user).await?;
    let now = user.created_at.unwrap_or_default();
    let own_id = user.id.to_string();
    for identity in identities {
        let subject = identity.provider_id.as_deref().unwrap_or(&own_id);
        identities::insert(tx, user.id, &identity.provider, subject, &identity.data, now).await?;
    }
    Ok(())
}

/// Marks the e-mail as confirmed.
pub fn confirm_email(state: &State, user: &mut User) {
    user.confirmation_token.clear();
    user.email_confirmed_at = Some(state.now());
    user.user_metadata
        .insert("email_verified".to_owned(), json!(true));
}

/// Marks the phone as confirmed.
pub fn confirm_phone(state: &State, user: &mut User) {
    user.confirmation_token.clear();
    user.phone_confirmed_at = Some(state.now());
}
