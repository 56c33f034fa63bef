//! Opening sessions and issuing tokens: the tail of every sign-in (auth.md 4.3, 5).

use std::net::IpAddr;

use axum::Json;
use axum::response::{IntoResponse, Response};
use ferrobase_db::Executor;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::error::{AuthError, Result};
use crate::model::aal::{Aal, Method};
use crate::model::claims::{AccessClaims, SessionFacts};
use crate::model::password::Weakness;
use crate::model::refresh_token;
use crate::model::session::Grant;
use crate::model::user::{Time, User};
use crate::request::RequestInfo;
use crate::state::State;
use crate::store;

/// The answer to every successful sign-in and refresh.
#[derive(Debug, Serialize)]
pub struct TokenResponse {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    expires_at: i64,
    refresh_token: String,
    user: User,
    /// Password grant only: the rules the accepted password breaks today, or `null` (auth.md 4.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    weak_password: Option<Option<Weakness>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_refresh_token: Option<String>,
}

impl TokenResponse {
    /// Puts the answer together.
    pub fn new(access: AccessToken, refresh_token: String, user: User) -> Self {
        Self {
            access_token: access.token,
            token_type: "bearer",
            expires_in: access.expires_in,
            expires_at: access.expires_at,
            refresh_token,
            user,
            weak_password: None,
            provider_token: None,
            provider_refresh_token: None,
        }
    }

    /// Adds what the password grant says about the password.
    pub fn with_weak_password(mut self, weakness: Option<Weakness>) -> Self {
        self.weak_password = Some(weakness);
        self
    }

    /// Adds the tokens that an external provider gave (auth.md 12.2).
    pub fn with_provider_tokens(mut self, access: Option<String>, refresh: Option<String>) -> Self {
        let given = |token: Option<String>| token.filter(|token| !token.is_empty());
        self.provider_token = given(access);
        self.provider_refresh_token = given(refresh);
        self
    }

    /// What a client of our OAuth server gets of it: no user (auth.md section 16).
    pub fn into_client_tokens(self) -> ClientTokens {
        ClientTokens {
            access_token: self.access_token,
            token_type: self.token_type,
            expires_in: self.expires_in,
            refresh_token: Some(self.refresh_token),
            scope: None,
            id_token: None,
        }
    }

    /// The user, for notifications.
    pub fn user_value(&self) -> Value {
        self.user.to_value()
    }

    /// The form that a redirect carries in its fragment (auth.md 9.8, 12.2): keys in alphabetical order, `sb` empty.
    /// `link_type` is what the link of a mail was for; a sign-in with a provider has none.
    pub fn fragment(&self, link_type: Option<&str>) -> String {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("access_token", &self.access_token)
            .append_pair("expires_at", &self.expires_at.to_string())
            .append_pair("expires_in", &self.expires_in.to_string());
        let provided = [
            ("provider_refresh_token", &self.provider_refresh_token),
            ("provider_token", &self.provider_token),
        ];
        for (name, token) in provided {
            if let Some(token) = token {
                form.append_pair(name, token);
            }
        }
        form.append_pair("refresh_token", &self.refresh_token)
            .append_pair("sb", "")
            .append_pair("token_type", self.token_type);
        if let Some(link_type) = link_type {
            form.append_pair("type", link_type);
        }
        form.finish()
    }
}

impl IntoResponse for TokenResponse {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// The answer of `/oauth/token` (auth.md section 16; RFC 6749 §5.1).
#[derive(Debug, Serialize)]
pub struct ClientTokens {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    /// Left out for clients that may not exchange one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// What the access token is good for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// OpenID Connect's account of the sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
}

/// A signed access token and its life.
#[derive(Debug)]
pub struct AccessToken {
    /// The token.
    pub token: String,
    /// Unix seconds.
    pub expires_at: i64,
    /// Seconds from now.
    pub expires_in: i64,
}

/// An entry of the `amr` claim.
#[derive(Debug, Deserialize)]
struct AmrEntry<'a> {
    #[serde(borrow)]
    method: std::borrow::Cow<'a, str>,
}

/// The level that an `amr` claim amounts to.
pub fn aal_of(amr: &RawValue) -> Aal {
    let entries: Vec<AmrEntry<'_>> = serde_json::from_str(amr.get()).unwrap_or_default();
    Aal::of_methods(entries.iter().map(|entry| entry.method.as_ref()))
}

/// The best level the user can reach: aal2 with any verified factor.
pub fn highest_aal(user: &User) -> Aal {
    #[derive(Deserialize)]
    struct Status<'a> {
        #[serde(borrow)]
        status: std::borrow::Cow<'a, str>,
    }
    let Some(factors) = &user.factors else {
        return Aal::Aal1;
    };
    let factors: Vec<Status<'_>> = serde_json::from_str(factors.get()).unwrap_or_default();
    if factors.iter().any(|factor| factor.status == "verified") {
        Aal::Aal2
    } else {
        Aal::Aal1
    }
}

/// What [`access_token`] needs to know of the session.
#[derive(Debug)]
pub struct Issue<'a> {
    /// Session id.
    pub session_id: Uuid,
    /// Beginning of the session.
    pub created_at: Time,
    /// Its `amr` claim.
    pub amr: &'a RawValue,
    /// What the custom-access-token hook is told (`token_refresh` on refresh).
    pub method: &'a str,
    /// Client address.
    pub ip: IpAddr,
    /// The third party the session is for.
    pub grant: Option<&'a Grant>,
}

/// Signs an access token for `user`, after the custom-access-token hook if there is one.
pub async fn access_token(
    state: &State,
    db: &impl Executor,
    user: &User,
    issue: &Issue<'_>,
    now: Time,
) -> Result<AccessToken> {
    let named = name_sso_provider(issue.amr, user)?;
    let facts = SessionFacts {
        id: issue.session_id,
        created_at: issue.created_at,
        amr: named.as_deref().unwrap_or(issue.amr),
        aal: aal_of(issue.amr),
        highest: if state.config.sessions.allow_low_aal.is_some() {
            highest_aal(user)
        } else {
            Aal::Aal1
        },
        grant: issue.grant,
    };
    let claims = AccessClaims::new(&state.config, user, &facts, now);
    let expires_at = claims.exp;
    let token = if state.hooks.has_custom_access_token() {
        let Value::Object(claims) = serde_json::to_value(&claims).map_err(AuthError::internal)? else {
            return Err(AuthError::failed("claims are not an object"));
        };
        let mut claims = state
            .hooks
            .custom_access_token(db, user.id, claims, issue.method, issue.ip)
            .await?;
        keep_grant(&mut claims, issue.grant);
        state.keys.sign(&claims)
    } else {
        state.keys.sign(&claims)
    };
    Ok(AccessToken {
        token: token.map_err(AuthError::internal)?,
        expires_at,
        expires_in: expires_at - now.timestamp(),
    })
}

/// The `amr` claim with the connection that a single sign-on came by (auth.md 5.1). The session's rows do not have it, but the
/// user's identity does. `None` = there is nothing to add.
fn name_sso_provider(amr: &RawValue, user: &User) -> Result<Option<Box<RawValue>>> {
    let method = Method::SsoSaml.as_str();
    if !amr.get().contains(method) {
        return Ok(None);
    }
    let Some(provider) = sso_provider(user) else {
        return Ok(None);
    };
    let mut entries: Vec<serde_json::Map<String, Value>> =
        serde_json::from_str(amr.get()).map_err(AuthError::internal)?;
    for entry in &mut entries {
        if entry.get("method").and_then(Value::as_str) == Some(method) {
            entry.insert("provider".to_owned(), provider.clone().into());
        }
    }
    serde_json::value::to_raw_value(&entries)
        .map(Some)
        .map_err(AuthError::internal)
}

/// Id of the connection that a user of single sign-on belongs to.
fn sso_provider(user: &User) -> Option<String> {
    #[derive(Deserialize)]
    struct Identity<'a> {
        #[serde(borrow)]
        provider: std::borrow::Cow<'a, str>,
    }
    let identities: Vec<Identity<'_>> = serde_json::from_str(user.identities.as_ref()?.get()).ok()?;
    let id = |identity: &Identity<'_>| identity.provider.strip_prefix("sso:").map(str::to_owned);
    identities.iter().find_map(id)
}

/// A token of a third party says so whatever a hook makes of it: what it may not do depends on that (`caller.rs`).
fn keep_grant(claims: &mut serde_json::Map<String, Value>, grant: Option<&Grant>) {
    if let Some(grant) = grant {
        claims.insert("client_id".to_owned(), grant.client_id.to_string().into());
        claims.insert("scope".to_owned(), grant.scopes.clone().into());
    }
}

/// How a user came in, as the session keeps it.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The method.
    pub method: Method,
    /// When the session must end, whatever the settings say (SAML's `SessionNotOnOrAfter`; auth.md 14).
    pub not_after: Option<Time>,
    /// The third party the session is for: the OAuth server only (auth.md 16).
    pub grant: Option<Grant>,
}

impl From<Method> for SignIn {
    fn from(method: Method) -> Self {
        Self {
            method,
            not_after: None,
            grant: None,
        }
    }
}

/// Opens a session for `user` and answers with its tokens. The audit entry, if any, is written with it.
pub async fn open_session(
    state: &State,
    db: &impl Executor,
    user: User,
    sign_in: impl Into<SignIn>,
    info: &RequestInfo,
    audit: Option<Value>,
) -> Result<TokenResponse> {
    let id = state.random.uuid();
    open_session_named(state, db, id, user, sign_in, info, audit).await
}

/// Like [`open_session`], with an id that the caller can find again.
pub async fn open_session_named(
    state: &State,
    db: &impl Executor,
    id: Uuid,
    mut user: User,
    sign_in: impl Into<SignIn>,
    info: &RequestInfo,
    audit: Option<Value>,
) -> Result<TokenResponse> {
    let SignIn {
        method,
        not_after,
        grant,
    } = sign_in.into();
    let now = state.now();
    let first = FirstToken::new(state, id)?;
    let session = store::sessions::NewSession {
        id,
        user_id: user.id,
        method: method.as_str(),
        user_agent: info.user_agent.as_deref(),
        ip: info.ip,
        refresh_token: first.sealed_key.is_none().then_some(first.token.as_str()),
        counter_key: first.sealed_key.as_deref(),
        now,
        audit: audit
            .filter(|_| state.config.audit_log_in_database)
            .map(|payload| (state.random.uuid(), payload)),
        amr_id: state.random.uuid(),
        not_after,
        oauth_client_id: grant.as_ref().map(|grant| grant.client_id),
        scopes: grant.as_ref().map(|grant| grant.scopes.as_str()),
    };
    store::sessions::open(db, &session)
        .await
        .map_err(AuthError::database("Database error granting user"))?;
    user.last_sign_in_at = Some(now);
    user.updated_at = Some(now);
    let entry = serde_json::json!({ "method": method.as_str(), "timestamp": now.timestamp() });
    let amr = serde_json::value::to_raw_value(&[entry]).map_err(AuthError::internal)?;
    let issue = Issue {
        session_id: id,
        created_at: now,
        amr: &amr,
        method: method.as_str(),
        ip: info.ip,
        grant: grant.as_ref(),
    };
    let access = access_token(state, db, &user, &issue, now).await?;
    Ok(TokenResponse::new(access, first.token, user))
}

/// The first refresh token of a session, in the configured form.
struct FirstToken {
    token: String,
    /// Key of counter tokens as stored; `None` for table tokens.
    sealed_key: Option<String>,
}

impl FirstToken {
    fn new(state: &State, session_id: Uuid) -> Result<Self> {
        if state.config.refresh_tokens.algorithm_version != 2 {
            return Ok(Self {
                token: refresh_token::table_token(&state.random),
                sealed_key: None,
            });
        }
        let key = refresh_token::counter_key(&state.random);
        let token = refresh_token::counter_token(&key, session_id, 0)
            .ok_or_else(|| AuthError::failed("could not write a refresh token"))?;
        Ok(Self {
            token,
            sealed_key: Some(state.vault.seal(session_id, &key)?),
        })
    }
}
