//! A code by SMS to sign in with (auth.md 9.1).

use std::time::Instant;

use axum::Json;
use ferrobase_messages::SmsChannel;
use serde_json::{Map, Value, json};

use super::existing::empty;
use crate::codes::Issuer;
use crate::error::{AuthError, ErrorCode, Result};
use crate::new_user::{self, Address, NewIdentity};
use crate::request::RequestInfo;
use crate::routes::sign_up::signup;
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::users;
use crate::texts::SmsPurpose;

/// A checked request.
pub(super) struct SmsCode {
    pub(super) phone: String,
    pub(super) data: Map<String, Value>,
    pub(super) channel: SmsChannel,
}

impl SmsCode {
    /// Sends the code; an unknown number becomes a new user first.
    pub(super) async fn send(&self, state: &State, info: &RequestInfo) -> Result<Json<Value>> {
        if !state.config.sms.enabled {
            return Err(AuthError::bad_request(
                ErrorCode::PhoneProviderDisabled,
                "Unsupported phone provider",
            ));
        }
        let started = Instant::now();
        let hash = match users::find_by_phone(&state.pool, &self.phone, &info.audience).await? {
            Some(_) => None,
            None if !state.config.signup_enabled => return Err(signup::disabled()),
            None => Some(state.passwords.unusable()),
        };
        let attempt = self.attempt(state, info, hash.as_deref()).await;
        let answer = match attempt {
            // Somebody else took the number meanwhile; now it is found.
            Err(AuthError::Database { source, .. }) if source.is_unique_violation("users_phone_key") => {
                self.attempt(state, info, hash.as_deref()).await
            }
            other => other,
        }?;
        match hash {
            Some(_) => state.paces.sms.record(started).await,
            // Storing a new user takes longer.
            None => state.paces.sms.imitate(started).await,
        }
        Ok(answer)
    }

    async fn attempt(&self, state: &State, info: &RequestInfo, hash: Option<&str>) -> Result<Json<Value>> {
        let mut connection = state.pool.get().await?;
        let tx = connection.begin().await?;
        let known = match users::find_by_phone(&tx, &self.phone, &info.audience).await? {
            Some(user) => users::lock(&tx, user.id).await?,
            None => None,
        };
        let is_known = known.is_some();
        let mut user = match known {
            Some(user) => user,
            None => {
                let mut user = new_user::with_address(
                    state,
                    info,
                    &Address::Phone(self.phone.clone()),
                    self.data.clone(),
                );
                user.encrypted_password = hash.map(|hash| state.vault.seal(user.id, hash)).transpose()?;
                let mut data = self.data.clone();
                data.extend(new_user::identity_data(&user, "phone", false));
                new_user::store(
                    state,
                    &tx,
                    &mut user,
                    &[NewIdentity::of_address("phone", data)],
                    info.ip,
                )
                .await?;
                user
            }
        };
        let issuer = Issuer {
            state,
            tx: &tx,
            info,
            flow: None,
        };
        let message_id = issuer
            .phone(&mut user, &self.phone, SmsPurpose::SignIn, self.channel)
            .await?;
        users::save(&tx, &mut user, state.now()).await?;
        let traits = Some(json!({ "provider": "phone", "channel": self.channel_name() }));
        let action = if is_known {
            Action::UserRecoveryRequested
        } else {
            Action::UserConfirmationRequested
        };
        state
            .audit(&tx, &audit::payload(action, &user, traits), None)
            .await?;
        tx.commit().await?;
        // The original shows the id to known numbers only, which tells them from the others.
        Ok(match message_id {
            Some(id) => Json(json!({ "message_id": id })),
            None => empty(),
        })
    }

    fn channel_name(&self) -> &'static str {
        match self.channel {
            SmsChannel::Sms => "sms",
            SmsChannel::Whatsapp => "whatsapp",
        }
    }
}
