//! Addresses of existing users: what changes when one is confirmed or replaced. All functions change the user in memory and
//! its identities in the database; the caller saves the user.

use ferrobase_db::{Executor, Transaction};
use serde_json::{Map, Value, json};

use crate::caller;
use crate::error::Result;
use crate::model::user::User;
use crate::new_user::{identity_data, providers};
use crate::state::State;
use crate::store::{identities, users};

/// The user proved the e-mail they have.
pub async fn confirm_email(state: &State, tx: &Transaction<'_>, user: &mut User) -> Result<()> {
    let now = state.now();
    user.email_confirmed_at = Some(now);
    user.is_anonymous = false;
    user.user_metadata
        .insert("email_verified".to_owned(), json!(true));
    identities::merge_data(tx, user.id, "email", &verified("email_verified"), now).await?;
    refresh_providers(tx, user).await
}

/// The user proved the phone they have.
pub async fn confirm_phone(state: &State, tx: &Transaction<'_>, user: &mut User) -> Result<()> {
    let now = state.now();
    user.phone_confirmed_at = Some(now);
    user.is_anonymous = false;
    identities::merge_data(tx, user.id, "phone", &verified("phone_verified"), now).await?;
    refresh_providers(tx, user).await
}

/// The user has a new e-mail, proved or not; the identity follows.
pub async fn replace_email(
    state: &State,
    tx: &Transaction<'_>,
    user: &mut User,
    email: &str,
    is_proved: bool,
) -> Result<()> {
    user.email = Some(email.to_owned());
    follow(state, tx, user, "email", is_proved).await?;
    if is_proved {
        user.email_confirmed_at = Some(state.now());
        user.is_anonymous = false;
        user.user_metadata.insert("email".to_owned(), json!(email));
        user.user_metadata
            .insert("email_verified".to_owned(), json!(true));
    }
    refresh_providers(tx, user).await
}

/// The user has a new phone, proved or not; the identity follows.
pub async fn replace_phone(
    state: &State,
    tx: &Transaction<'_>,
    user: &mut User,
    phone: &str,
    is_proved: bool,
) -> Result<()> {
    user.phone = Some(phone.to_owned());
    follow(state, tx, user, "phone", is_proved).await?;
    if is_proved {
        user.phone_confirmed_at = Some(state.now());
        user.is_anonymous = false;
    }
    refresh_providers(tx, user).await
}

/// The user as stored, after identities changed: saved first, so that nothing is lost.
pub async fn save_and_reload(state: &State, tx: &Transaction<'_>, user: &mut User) -> Result<()> {
    users::save(tx, user, state.now()).await?;
    *user = users::find(tx, user.id).await?.ok_or_else(caller::missing_user)?;
    Ok(())
}

/// Updates the identity of a provider, or makes it.
async fn follow(
    state: &State,
    tx: &Transaction<'_>,
    user: &User,
    provider: &str,
    is_proved: bool,
) -> Result<()> {
    let data = identity_data(user, provider, is_proved);
    let now = state.now();
    let mut changes = data.clone();
    // What the identity knows about the other address stays.
    changes.remove(if provider == "email" {
        "phone_verified"
    } else {
        "email_verified"
    });
    if !identities::merge_data(tx, user.id, provider, &changes, now).await? {
        identities::insert(tx, user.id, provider, &user.id.to_string(), &data, now).await?;
    }
    Ok(())
}

/// Brings `app_metadata` in line with the identities.
pub async fn refresh_providers(tx: &impl Executor, user: &mut User) -> Result<()> {
    let all = identities::providers(tx, user.id).await?;
    user.app_metadata.extend(providers(&all));
    Ok(())
}

fn verified(key: &str) -> Map<String, Value> {
    Map::from_iter([(key.to_owned(), json!(true))])
}
