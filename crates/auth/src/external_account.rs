//! Whose account an external identity opens (auth.md 12.4): found, linked by a proved e-mail, or made. Redirects and ID
//! tokens end here alike. Everything happens in the caller's transaction.

use ferrobase_db::{DbError, Transaction};
use serde_json::json;
use uuid::Uuid;

use crate::addresses;
use crate::caller::{banned, missing_user};
use crate::codes::Issuer;
use crate::error::{AuthError, ErrorCode, Result};
use crate::model::linking::{self, Decision};
use crate::model::profile::Profile;
use crate::model::user::User;
use crate::new_user::{self, NewIdentity};
use crate::request::RequestInfo;
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::{identities, one_time_tokens, sessions, users};

mod invitation;
mod link;

pub use invitation::accept;
pub use link::link;

/// A person who came from a provider, and for what.
#[derive(Clone, Copy)]
pub struct Arrival<'a> {
    /// The service.
    pub state: &'a State,
    /// The caller's transaction.
    pub tx: &'a Transaction<'a>,
    /// The request.
    pub info: &'a RequestInfo,
    /// Name of the provider.
    pub provider: &'a str,
    /// What the provider says.
    pub profile: &'a Profile,
    /// A person without e-mail is welcome.
    pub email_optional: bool,
}

/// How an arrival ends. In both cases the caller commits: a refusal leaves the user, and the mail that was sent.
pub enum Outcome {
    /// The user, as stored, and whether they are new.
    SignedIn {
        /// The user.
        user: Box<User>,
        /// Made just now.
        is_new: bool,
    },
    /// No session: an address has to be proved first.
    Refused(AuthError),
}

impl Arrival<'_> {
    /// Addresses that count as proved.
    fn proved(&self) -> Vec<String> {
        self.profile.proved_emails(self.state.config.email.autoconfirm)
    }

    fn domain(&self) -> &str {
        linking::domain(self.provider, &self.state.config.linking_domains)
    }

    fn traits(&self) -> serde_json::Value {
        json!({ "provider": self.provider })
    }
}

/// Whether two requests made or linked the same person at the same moment; the second then finds what the first made.
pub fn is_race(error: &AuthError) -> bool {
    let AuthError::Database { source, .. } = error else {
        return false;
    };
    [
        "users_email_partial_key",
        "identities_provider_id_provider_unique",
    ]
    .into_iter()
    .any(|name| DbError::is_unique_violation(source, name))
}

/// Signs the person in.
pub async fn sign_in(arrival: &Arrival<'_>) -> Result<Outcome> {
    let (state, tx) = (arrival.state, arrival.tx);
    if arrival.profile.emails.is_empty() && !arrival.email_optional {
        return Err(AuthError::failed(
            "Error getting user email from external provider",
        ));
    }
    let found = crate::store::linking::candidates(
        tx,
        arrival.provider,
        &arrival.profile.subject,
        &arrival.proved(),
        &arrival.info.audience,
    )
    .await?;
    let decision = linking::decide(arrival.provider, &state.config.linking_domains, &found);
    let mut user = match decision {
        Decision::Exists(id) => refresh(arrival, id).await?,
        Decision::Link(id) => add(arrival, id).await?,
        Decision::Create => create(arrival).await?,
        Decision::Several => {
            return Err(AuthError::failed(format!(
                "Multiple accounts with the same email address in the same linking domain detected: {}",
                arrival.domain()
            )));
        }
    };
    if user.is_banned(state.now()) {
        return Err(banned());
    }
    let needs_email = !(arrival.email_optional && arrival.profile.emails.is_empty());
    if needs_email
        && !user.is_email_confirmed()
        && let Some(refusal) = confirm(arrival, &mut user, decision).await?
    {
        return Ok(Outcome::Refused(refusal));
    }
    let is_new = decision == Decision::Create;
    if is_new {
        let payload = audit::payload(Action::UserSignedUp, &user, Some(arrival.traits()));
        state.audit(tx, &payload, None).await?;
    }
    Ok(Outcome::SignedIn {
        user: Box::new(user),
        is_new,
    })
}

/// A known identity: what the provider says may have changed.
async fn refresh(arrival: &Arrival<'_>, id: Uuid) -> Result<User> {
    let (state, tx) = (arrival.state, arrival.tx);
    let mut user = users::lock(tx, id).await?.ok_or_else(missing_user)?;
    let data = arrival.profile.identity_data();
    if let Some(identity) =
        identities::find_by_subject(tx, arrival.provider, &arrival.profile.subject).await?
    {
        identities::touch(tx, identity.id, &data, state.now()).await?;
    }
    user.merge_user_metadata(&data);
    addresses::refresh_providers(tx, &mut user).await?;
    addresses::save_and_reload(state, tx, &mut user).await?;
    Ok(user)
}

/// A further identity of a user who is known by a proved address.
async fn add(arrival: &Arrival<'_>, id: Uuid) -> Result<User> {
    let (state, tx) = (arrival.state, arrival.tx);
    let mut user = users::lock(tx, id).await?.ok_or_else(missing_user)?;
    let data = arrival.profile.identity_data();
    insert(arrival, id).await?;
    user.merge_user_metadata(&data);
    addresses::refresh_providers(tx, &mut user).await?;
    addresses::save_and_reload(state, tx, &mut user).await?;
    let payload = audit::payload(Action::IdentityLinked, &user, Some(arrival.traits()));
    state.audit(tx, &payload, Some(arrival.info.ip)).await?;
    Ok(user)
}

async fn insert(arrival: &Arrival<'_>, user_id: Uuid) -> Result<()> {
    let data = arrival.profile.identity_data();
    let (provider, subject) = (arrival.provider, arrival.profile.subject.as_str());
    Ok(identities::insert(arrival.tx, user_id, provider, subject, &data, arrival.state.now()).await?)
}

/// A new user. An unproved address that somebody has already is not taken from them: the new user goes without.
async fn create(arrival: &Arrival<'_>) -> Result<User> {
    let (state, tx) = (arrival.state, arrival.tx);
    if !state.config.signup_enabled {
        return Err(AuthError::unprocessable(
            ErrorCode::SignupDisabled,
            "Signups not allowed for this instance",
        ));
    }
    let now = state.now();
    let mut user = User::new(
        state.random.uuid(),
        &arrival.info.audience,
        &state.config.default_role,
        now,
    );
    // Only users of the default domain have an address for themselves: the flag lets the same address exist elsewhere.
    user.is_sso_user = arrival.domain() != linking::DEFAULT_DOMAIN;
    user.app_metadata = new_user::providers(&[arrival.provider]);
    user.user_metadata = arrival.profile.identity_data();
    let proved = arrival.proved();
    // Nobody has a proved address, or it would have been found; an unverified identity elsewhere does not reserve it.
    user.email = match preferred(arrival, &proved).or(proved.first()) {
        Some(address) => Some(address.clone()),
        None => unproved(arrival, &user).await?,
    };
    if proved.iter().any(|address| address == user.email()) {
        new_user::confirm_email(state, &mut user);
    }
    let identity = NewIdentity {
        provider: arrival.provider.to_owned(),
        provider_id: Some(arrival.profile.subject.clone()),
        data: arrival.profile.identity_data(),
    };
    new_user::store(state, tx, &mut user, &[identity], arrival.info.ip).await?;
    Ok(user)
}

/// The person's preferred address, if it is proved.
fn preferred<'p>(arrival: &Arrival<'p>, proved: &[String]) -> Option<&'p String> {
    let email = &arrival.profile.email()?.address;
    proved.contains(email).then_some(email)
}

/// The person's address, if it is nobody's yet.
async fn unproved(arrival: &Arrival<'_>, user: &User) -> Result<Option<String>> {
    let Some(email) = arrival.profile.email() else {
        return Ok(None);
    };
    let is_free =
        user.is_sso_user || !users::is_email_taken(arrival.tx, &email.address, &user.aud, user.id).await?;
    Ok(is_free.then(|| email.address.clone()))
}

/// A user nobody has proved an address of. What others may have prepared for such a user goes first; then either the
/// provider's word is enough, or a mail has to be answered.
async fn confirm(arrival: &Arrival<'_>, user: &mut User, decision: Decision) -> Result<Option<AuthError>> {
    let (state, tx) = (arrival.state, arrival.tx);
    if matches!(decision, Decision::Link(_)) {
        // Further than the original: whoever signed up with a stranger's address must not stay in the stranger's account.
        // Not for a known identity, whose owner these belong to: signing in must not take their second factor away.
        sessions::delete_all(tx, user.id).await?;
        users::delete_factors(tx, user.id).await?;
    }
    // Who proved a phone owns what is there.
    let is_owned = matches!(decision, Decision::Exists(_)) && user.is_phone_confirmed();
    if decision != Decision::Create && !is_owned {
        disown(arrival, user).await?;
    }
    let proved = arrival.proved();
    if !proved.iter().any(|address| address == user.email()) {
        // The provider vouches for another address than the one that was never confirmed.
        for address in &proved {
            if users::find_by_email(tx, address, &user.aud).await?.is_none() {
                user.email = Some(address.clone());
                break;
            }
        }
    }
    if proved.iter().any(|address| address == user.email()) {
        new_user::confirm_email(state, user);
        one_time_tokens::delete_all(tx, user.id).await?;
        addresses::save_and_reload(state, tx, user).await?;
        return Ok(None);
    }
    let has_address = !user.email().is_empty();
    if has_address {
        send_confirmation(arrival, user).await?;
    }
    if state.config.email.allow_unverified_sign_ins {
        return Ok(None);
    }
    let provider = arrival.provider;
    let message = if has_address {
        format!(
            "Unverified email with {provider}. A confirmation email has been sent to your {provider} email"
        )
    } else {
        format!("Unverified email with {provider}. Verify the email with {provider} in order to sign in")
    };
    Ok(Some(AuthError::unprocessable(
        ErrorCode::ProviderEmailNeedsVerification,
        message,
    )))
}

async fn send_confirmation(arrival: &Arrival<'_>, user: &mut User) -> Result<()> {
    let issuer = Issuer {
        state: arrival.state,
        tx: arrival.tx,
        info: arrival.info,
        flow: None,
    };
    issuer.signup_confirmation(user).await?;
    addresses::save_and_reload(arrival.state, arrival.tx, user).await
}

/// Takes away what an unconfirmed user may have from somebody else: other identities, the password, metadata.
async fn disown(arrival: &Arrival<'_>, user: &mut User) -> Result<()> {
    let (state, tx) = (arrival.state, arrival.tx);
    let subject = arrival.profile.subject.as_str();
    crate::store::linking::keep_only(tx, user.id, arrival.provider, subject).await?;
    user.encrypted_password = None;
    user.user_metadata = arrival.profile.identity_data();
    addresses::refresh_providers(tx, user).await?;
    addresses::save_and_reload(state, tx, user).await
}
