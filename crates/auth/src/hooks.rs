//! Hooks: code of the project's owner that hears of events and may refuse them (auth.md section 18).
//!
//! A hook is an HTTP endpoint ([`http`]) or a database function ([`postgres`]). One that is not configured costs nothing
//! and changes nothing.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::StatusCode;
use ferrobase_db::Executor;
use ferrobase_http::Outgoing;
use ferrobase_jwt::{Clock, Random};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;
use uuid::Uuid;

use crate::config::{HookConfig, HookTarget, HooksConfig, LOCAL_HOSTS};
use crate::error::{AuthError, ErrorCode, Result};

mod claims;
mod http;
mod postgres;

/// All hooks; cheap to clone.
#[derive(Clone)]
pub struct Hooks(Arc<Inner>);

struct Inner {
    config: HooksConfig,
    /// For endpoints on this machine, which only the operator's settings can name.
    outgoing: Outgoing,
    /// For all others: a name out there must not turn into an address in here.
    guarded: Outgoing,
    clock: Clock,
    random: Random,
}

impl Inner {
    /// Who may call an endpoint. A settings file names hosts, and who controls a host's name decides about its address.
    fn client(&self, url: &Url) -> &Outgoing {
        let is_local = url.host_str().is_some_and(|host| LOCAL_HOSTS.contains(&host));
        if is_local { &self.outgoing } else { &self.guarded }
    }
}

/// What a verification hook decided.
#[derive(Debug, Default)]
pub struct Verdict {
    /// The message of a refusal.
    pub rejected: Option<String>,
    /// The user's sessions end with the refusal.
    pub logout: bool,
}

#[derive(Deserialize)]
struct Decision {
    #[serde(default, rename = "decision")]
    outcome: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    should_logout_user: bool,
}

impl Hooks {
    /// Hooks as configured. Endpoints of [`LOCAL_HOSTS`] are called by `outgoing`, all others by `guarded`.
    pub fn new(
        config: &HooksConfig,
        outgoing: Outgoing,
        guarded: Outgoing,
        clock: Clock,
        random: Random,
    ) -> Self {
        Self(Arc::new(Inner {
            config: config.clone(),
            outgoing,
            guarded,
            clock,
            random,
        }))
    }

    /// Whether access tokens pass a hook.
    pub fn has_custom_access_token(&self) -> bool {
        self.0.config.custom_access_token.is_some()
    }

    /// Whether a hook hears of factor verifications.
    pub fn has_mfa_verification(&self) -> bool {
        self.0.config.mfa_verification_attempt.is_some()
    }

    /// Whether a hook hears of password verifications.
    pub fn has_password_verification(&self) -> bool {
        self.0.config.password_verification_attempt.is_some()
    }

    /// Whether a hook sends the mails.
    pub fn has_send_email(&self) -> bool {
        self.0.config.send_email.is_some()
    }

    /// Whether a hook sends the SMS.
    pub fn has_send_sms(&self) -> bool {
        self.0.config.send_sms.is_some()
    }

    /// Lets the hook change the claims of an access token; what comes back must still be usable claims.
    pub async fn custom_access_token(
        &self,
        db: &impl Executor,
        user_id: Uuid,
        claims: Map<String, Value>,
        method: &str,
        ip: IpAddr,
    ) -> Result<Map<String, Value>> {
        let Some(hook) = &self.0.config.custom_access_token else {
            return Ok(claims);
        };
        let payload = json!({ "user_id": user_id, "claims": claims, "authentication_method": method });
        let mut answer = self
            .run(db, hook, "custom-access-token", payload, Some(ip))
            .await?;
        match answer.get_mut("claims").map(Value::take) {
            Some(Value::Object(claims)) => claims::check(claims),
            _ => Err(AuthError::failed("output claims field is missing")),
        }
    }

    /// Tells the hook about a second factor.
    pub async fn mfa_verification_attempt(
        &self,
        db: &impl Executor,
        user_id: Uuid,
        factor_id: Uuid,
        factor_type: &str,
        valid: bool,
        ip: IpAddr,
    ) -> Result<Verdict> {
        let Some(hook) = &self.0.config.mfa_verification_attempt else {
            return Ok(Verdict::default());
        };
        let payload =
            json!({ "user_id": user_id, "factor_id": factor_id, "factor_type": factor_type, "valid": valid });
        let answer = self
            .run(db, hook, "mfa-verification-attempt", payload, Some(ip))
            .await?;
        verdict(&answer, "Further MFA verification attempts will be rejected.")
    }

    /// Tells the hook about a password.
    pub async fn password_verification_attempt(
        &self,
        db: &impl Executor,
        user_id: Uuid,
        valid: bool,
        ip: IpAddr,
    ) -> Result<Verdict> {
        let Some(hook) = &self.0.config.password_verification_attempt else {
            return Ok(Verdict::default());
        };
        let payload = json!({ "user_id": user_id, "valid": valid });
        let answer = self
            .run(db, hook, "password-verification-attempt", payload, Some(ip))
            .await?;
        verdict(
            &answer,
            "Further password verification attempts will be rejected.",
        )
    }

    /// Asks the hook whether a user may be created.
    pub async fn before_user_created(&self, db: &impl Executor, user: &Value, ip: IpAddr) -> Result<()> {
        match &self.0.config.before_user_created {
            Some(hook) => self
                .run(db, hook, "before-user-created", json!({ "user": user }), Some(ip))
                .await
                .map(drop),
            None => Ok(()),
        }
    }

    /// Tells the hook that a user was created.
    pub async fn after_user_created(&self, db: &impl Executor, user: &Value, ip: IpAddr) -> Result<()> {
        match &self.0.config.after_user_created {
            Some(hook) => self
                .run(db, hook, "after-user-created", json!({ "user": user }), Some(ip))
                .await
                .map(drop),
            None => Ok(()),
        }
    }

    /// Asks the hook whether a user may enrol a second factor. The original has no such hook: projects want it to admit
    /// kinds of factors by plan, or none from an address that they do not trust.
    pub async fn before_mfa_enrollment(
        &self,
        db: &impl Executor,
        user: &Value,
        factor_type: &str,
        friendly_name: Option<&str>,
        ip: IpAddr,
    ) -> Result<()> {
        let Some(hook) = &self.0.config.before_mfa_enrollment else {
            return Ok(());
        };
        let payload = json!({ "user": user, "factor_type": factor_type, "friendly_name": friendly_name });
        self.run(db, hook, "before-mfa-enrollment", payload, Some(ip))
            .await
            .map(drop)
    }

    /// Whether a hook hears of enrolments.
    pub fn has_before_mfa_enrollment(&self) -> bool {
        self.0.config.before_mfa_enrollment.is_some()
    }

    /// Hands a mail to the hook.
    pub async fn send_email(&self, db: &impl Executor, user: &Value, email_data: &Value) -> Result<()> {
        match &self.0.config.send_email {
            Some(hook) => {
                let payload = json!({ "user": user, "email_data": email_data });
                self.run(db, hook, "send-email", payload, None).await.map(drop)
            }
            None => Ok(()),
        }
    }

    /// Hands an SMS to the hook.
    pub async fn send_sms(&self, db: &impl Executor, user: &Value, sms: &Value) -> Result<()> {
        match &self.0.config.send_sms {
            Some(hook) => self
                .run(db, hook, "send-sms", json!({ "user": user, "sms": sms }), None)
                .await
                .map(drop),
            None => Ok(()),
        }
    }

    /// Runs a hook: payload with its metadata in, answer out, unless the answer says "error".
    async fn run(
        &self,
        db: &impl Executor,
        hook: &HookConfig,
        name: &str,
        mut payload: Value,
        ip: Option<IpAddr>,
    ) -> Result<Value> {
        let inner = &*self.0;
        let mut metadata = json!({ "uuid": inner.random.uuid(), "time": inner.clock.now(), "name": name });
        if let Some(ip) = ip {
            metadata["ip_address"] = json!(ip);
        }
        payload["metadata"] = metadata;
        let answer = match &hook.target {
            HookTarget::Http(url) => {
                http::call(
                    inner.client(url),
                    url,
                    &hook.secrets,
                    inner.random.uuid(),
                    inner.clock.unix(),
                    &payload,
                )
                .await?
            }
            HookTarget::Postgres { schema, function } => {
                postgres::call(db, schema, function, &payload).await?
            }
        };
        match refusal(&answer) {
            Some(error) => Err(error),
            None => Ok(answer),
        }
    }
}

/// `{"error": {"http_code", "message"}}` with a message.
fn refusal(answer: &Value) -> Option<AuthError> {
    let error = answer.get("error")?;
    let message = error
        .get("message")
        .and_then(Value::as_str)
        .filter(|message| !message.is_empty())?;
    let status = error
        .get("http_code")
        .and_then(Value::as_u64)
        .and_then(|code| StatusCode::from_u16(u16::try_from(code).ok()?).ok())
        .filter(|status| status.is_client_error() || status.is_server_error())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let code = if status.is_server_error() {
        ErrorCode::UnexpectedFailure
    } else {
        ErrorCode::Unknown
    };
    Some(AuthError::refused(status, code, message.to_owned()))
}

fn verdict(answer: &Value, default_message: &str) -> Result<Verdict> {
    let decision =
        Decision::deserialize(answer).map_err(|_| AuthError::failed("Error unmarshaling hook output"))?;
    if decision.outcome != "reject" {
        return Ok(Verdict::default());
    }
    let message = if decision.message.is_empty() {
        default_message.to_owned()
    } else {
        decision.message
    };
    Ok(Verdict {
        rejected: Some(message),
        logout: decision.should_logout_user,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_with_an_error_refuses() {
        let error = refusal(&json!({ "error": { "http_code": 403, "message": "no" } })).unwrap();
        assert_eq!(
            (error.status().as_u16(), error.public_message().as_ref()),
            (403, "no")
        );
        let error = refusal(&json!({ "error": { "http_code": 200, "message": "no" } })).unwrap();
        assert_eq!(error.status().as_u16(), 500);
        assert!(refusal(&json!({ "error": { "message": "" } })).is_none());
        assert!(refusal(&json!({})).is_none());
    }

    #[test]
    fn decisions() {
        assert!(
            verdict(&json!({ "decision": "continue" }), "x")
                .unwrap()
                .rejected
                .is_none()
        );
        let rejected = verdict(&json!({ "decision": "reject", "should_logout_user": true }), "x").unwrap();
        assert_eq!((rejected.rejected.as_deref(), rejected.logout), (Some("x"), true));
        assert!(verdict(&json!({ "decision": 1 }), "x").is_err());
    }
}
