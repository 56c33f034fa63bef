//! A code by SMS to sign in with (auth.md 9.1).

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
        let hash = match users::find_by_phone(&state.pool, &self.phone, &info.audience).await? {
            Some(_) => None,
            None if !state.config.signup_enabled => return Err(signup::disabled()),
            None => Some(state.passwords.hash(new_user::random_password(state)).await?),
        };
        let mut connection = state.pool.get().await?;
        let tx = connection.begin().await?;
        let found = users::find_by_phone(&tx, &self.phone, &info.audience).await?;
        let is_known = found.is_some();
        let mut user = match (found, hash) {
            (Some(user), _) => users::lock(&tx, user.id).await?.unwrap_or(user),
            (None, hash) => {
                let mut user = new_user::with_address(
                    state,
                    info,
                    &Address::Phone(self.phone.clone()),
                    self.data.clone(),
                );
                user.encrypted_password = hash.map(|hash| state.vault.seal(user.id, &hash)).transpose()?;
                let mut data = self.data.clone();
                data.extend(new_user::identity_data(&user, "phone", false));
                new_user::store(
                    state,
                    &tx,
                    &mut user,
                    &[NewIdentity {
                        provider: "phone",
                        data,
                    }],
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
        let traits = Some(json!({ "provider": "phone", "channel": "sms" }));
        let action = if is_known {
            Action::UserRecoveryRequested
        } else {
            Action::UserConfirmationRequested
        };
        state
            .audit(&tx, &audit::payload(action, &user, traits), None)
            .await?;
        tx.commit().await?;
        Ok(match message_id.filter(|_| is_known) {
            Some(id) => Json(json!({ "message_id": id })),
            None => empty(),
        })
    }
}
