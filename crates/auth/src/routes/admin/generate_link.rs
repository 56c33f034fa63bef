//! `POST /admin/generate_link`: the link and code of a mail, without the mail (auth.md 15.5).

use axum::Json;
use axum::extract::State as Shared;
use ferrobase_db::Transaction;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::caller::{Admin, missing_user};
use crate::error::{AuthError, ErrorCode, Result};
use crate::mail::links;
use crate::model::one_time::{self, TokenType};
use crate::model::user::User;
use crate::model::{address, redirect};
use crate::new_user::{self, Address, NewIdentity};
use crate::password_rules;
use crate::request::{Body, RequestInfo};
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::{one_time_tokens, users};

#[derive(Deserialize)]
pub(in crate::routes) struct LinkRequest {
    r#type: Option<String>,
    email: Option<String>,
    new_email: Option<String>,
    password: Option<String>,
    data: Option<Map<String, Value>>,
    redirect_to: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Signup,
    Invite,
    MagicLink,
    Recovery,
    EmailChangeCurrent,
    EmailChangeNew,
}

impl Kind {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "signup" => Self::Signup,
            "invite" => Self::Invite,
            "magiclink" => Self::MagicLink,
            "recovery" => Self::Recovery,
            "email_change_current" => Self::EmailChangeCurrent,
            "email_change_new" => Self::EmailChangeNew,
            _ => return None,
        })
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Signup => "signup",
            Self::Invite => "invite",
            Self::MagicLink => "magiclink",
            Self::Recovery => "recovery",
            Self::EmailChangeCurrent => "email_change_current",
            Self::EmailChangeNew => "email_change_new",
        }
    }

    /// `type` of the link.
    const fn link_type(self) -> &'static str {
        match self {
            Self::EmailChangeCurrent | Self::EmailChangeNew => "email_change",
            other => other.as_str(),
        }
    }
}

pub(in crate::routes) async fn create(
    Shared(state): Shared<State>,
    admin: Admin,
    info: RequestInfo,
    Body(body): Body<LinkRequest>,
) -> Result<Json<Value>> {
    let name = body.r#type.clone().unwrap_or_default();
    let email = address::email(body.email.as_deref().unwrap_or_default())?;
    let redirect_to = match body.redirect_to.as_deref().filter(|target| !target.is_empty()) {
        Some(target) => redirect::choose(&state.config, Some(target), None),
        None => info.redirect_to.clone(),
    };
    let mut kind = Kind::parse(&name)
        .ok_or_else(|| AuthError::validation(format!("Invalid email action link type requested: {name}")))?;
    let known = users::find_by_email(&state.pool, &email, &info.audience).await?;
    if kind == Kind::MagicLink && known.is_none() {
        kind = Kind::Signup;
    }
    let hash = password_hash(&state, kind, &name, &body, known.is_some()).await?;

    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let mut user = match known {
        Some(user) => users::lock(&tx, user.id).await?.ok_or_else(missing_user)?,
        None => register(&state, &tx, &info, kind, &email, &body, hash).await?,
    };
    let issued = issue(&state, &tx, &mut user, kind, &body).await?;
    users::save(&tx, &mut user, state.now()).await?;
    let role = admin.claims.role().unwrap_or_default();
    let action = if kind == Kind::Invite {
        Action::UserInvited
    } else {
        Action::UserRecoveryRequested
    };
    state
        .audit(
            &tx,
            &audit::admin_payload(action, role, Some(json!({ "user_id": user.id, "type": name }))),
            None,
        )
        .await?;
    tx.commit().await?;

    let api = info.api_url.as_ref().unwrap_or(&state.config.external_url);
    let mut answer = user.to_value();
    answer["action_link"] = json!(links::link(
        &state.config.email.links,
        api,
        kind.link_type(),
        &issued.hash,
        &redirect_to
    ));
    answer["email_otp"] = json!(issued.code);
    answer["hashed_token"] = json!(issued.hash);
    answer["verification_type"] = json!(kind.as_str());
    answer["redirect_to"] = json!(redirect_to);
    Ok(Json(answer))
}

/// The hash for a user that will be made. A sign-up that was asked for by name needs a password.
async fn password_hash(
    state: &State,
    kind: Kind,
    asked: &str,
    body: &LinkRequest,
    is_known: bool,
) -> Result<Option<String>> {
    let given = body.password.as_deref().filter(|password| !password.is_empty());
    if asked == "signup" {
        let Some(password) = given else {
            return Err(AuthError::validation("Signup requires a valid password"));
        };
        password_rules::check(state, password).await?;
    }
    let makes_user = matches!(kind, Kind::Signup | Kind::Invite) && !is_known;
    match (makes_user && kind == Kind::Signup, given) {
        (false, _) => Ok(None),
        (true, Some(password)) => state.passwords.hash(password.to_owned()).await.map(Some),
        (true, None) => Ok(Some(state.passwords.unusable())),
    }
}

async fn register(
    state: &State,
    tx: &Transaction<'_>,
    info: &RequestInfo,
    kind: Kind,
    email: &str,
    body: &LinkRequest,
    hash: Option<String>,
) -> Result<User> {
    if !matches!(kind, Kind::Signup | Kind::Invite) {
        return Err(AuthError::not_found(
            ErrorCode::UserNotFound,
            "User with this email not found",
        ));
    }
    let data = body.data.clone().unwrap_or_default();
    let mut user = new_user::with_address(state, info, &Address::Email(email.to_owned()), data.clone());
    user.encrypted_password = hash.map(|hash| state.vault.seal(user.id, &hash)).transpose()?;
    let mut identity = data;
    identity.extend(new_user::identity_data(&user, "email", false));
    let identities = [NewIdentity::of_address("email", identity)];
    new_user::store(state, tx, &mut user, &identities, info.ip).await?;
    Ok(user)
}

struct Issued {
    code: String,
    hash: String,
}

/// Makes and remembers the code; the user changes in memory.
async fn issue(
    state: &State,
    tx: &Transaction<'_>,
    user: &mut User,
    kind: Kind,
    body: &LinkRequest,
) -> Result<Issued> {
    if matches!(kind, Kind::Signup | Kind::Invite) && user.is_email_confirmed() {
        return Err(AuthError::unprocessable(
            ErrorCode::EmailExists,
            "A user with this email address has already been registered",
        ));
    }
    let (address, token_type) = match kind {
        Kind::Signup | Kind::Invite => (user.email().to_owned(), TokenType::Confirmation),
        Kind::MagicLink | Kind::Recovery => (user.email().to_owned(), TokenType::Recovery),
        Kind::EmailChangeCurrent => (user.email().to_owned(), TokenType::EmailChangeCurrent),
        Kind::EmailChangeNew => (new_email(tx, user, body).await?, TokenType::EmailChangeNew),
    };
    if kind == Kind::EmailChangeCurrent {
        if !state.config.email.double_confirm_changes {
            return Err(AuthError::validation(
                "Enable secure email change to generate link for current email",
            ));
        }
        user.email_change = new_email(tx, user, body).await?;
    }
    let code = one_time::code(&state.random, state.config.email.otp_length);
    let hash = state.code_hasher.hash(&address, &code);
    let now = state.now();
    one_time_tokens::put(tx, state.random.uuid(), user.id, token_type, &address, &hash, now).await?;
    match kind {
        Kind::Signup | Kind::Invite => {
            user.confirmation_token.clone_from(&hash);
            user.confirmation_sent_at = Some(now);
            if kind == Kind::Invite {
                user.invited_at = Some(now);
            }
        }
        Kind::MagicLink | Kind::Recovery => {
            user.recovery_token.clone_from(&hash);
            user.recovery_sent_at = Some(now);
        }
        Kind::EmailChangeCurrent => user.email_change_token_current.clone_from(&hash),
        Kind::EmailChangeNew => {
            user.email_change = address;
            user.email_change_token_new.clone_from(&hash);
        }
    }
    if matches!(kind, Kind::EmailChangeCurrent | Kind::EmailChangeNew) {
        user.email_change_confirm_status = 0;
        user.email_change_sent_at = Some(now);
    }
    Ok(Issued { code, hash })
}

async fn new_email(tx: &Transaction<'_>, user: &User, body: &LinkRequest) -> Result<String> {
    let email = address::email(body.new_email.as_deref().unwrap_or_default())?;
    if users::is_email_taken(tx, &email, &user.aud, user.id).await? {
        return Err(AuthError::unprocessable(
            ErrorCode::EmailExists,
            "A user with this email address has already been registered",
        ));
    }
    Ok(email)
}
