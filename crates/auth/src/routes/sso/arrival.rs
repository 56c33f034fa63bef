//! What happens between an identity provider's response and the redirect: the response becomes an assertion, the assertion a
//! user, the user a session or a code. No connection is held while metadata is fetched or signatures are checked.

use ferrobase_db::Transaction;
use ferrobase_jwt::sha256;
use serde_json::json;
use uuid::Uuid;

use crate::error::{AuthError, ErrorCode, Result};
use crate::external_account::{self, Arrival, Outcome};
use crate::model::aal::Method;
use crate::model::profile::Profile;
use crate::model::sso::SsoProvider;
use crate::model::user::User;
use crate::redirects::{form, with_fragment, with_query};
use crate::request::RequestInfo;
use crate::saml::SamlError;
use crate::saml::assertion::Assertion;
use crate::saml::metadata::IdentityProvider;
use crate::saml::provider::ServiceProvider;
use crate::saml::response::Expected;
use crate::sign_in::{SignIn, open_session};
use crate::sso_metadata;
use crate::state::State;
use crate::store::audit::{self, Action};
use crate::store::flow_states::{self, ProviderTokens};
use crate::store::{flow_ends, single_use};

/// Kind of the used assertions among the things that are used once.
const KIND: &str = "saml_assertion";

/// A response that came in.
pub(super) struct Incoming<'a> {
    /// The service.
    pub(super) state: &'a State,
    /// We.
    pub(super) us: &'a ServiceProvider,
    /// The request that brought it.
    pub(super) info: &'a RequestInfo,
    /// The flow that it belongs to, when that ends with a code.
    pub(super) flow_id: Option<Uuid>,
}

/// What a believed response says.
struct Believed {
    provider: SsoProvider,
    assertion: Assertion,
    profile: Profile,
}

/// Why it is not valid stays here: the refusal is no oracle.
#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
pub(super) fn not_valid(error: SamlError) -> AuthError {
    tracing::warn!(%error, "a SAML response was refused");
    AuthError::validation("SAML Assertion is not valid")
}

impl Incoming<'_> {
    /// Where the browser goes.
    pub(super) async fn receive(
        &self,
        mut provider: SsoProvider,
        request_id: Option<String>,
        xml: String,
    ) -> Result<String> {
        let known = sso_metadata::current(self.state, &mut provider).await?;
        let assertion = self.read(known, request_id, xml).await?;
        let profile = profile(&provider, &assertion)?;
        let believed = Believed {
            provider,
            assertion,
            profile,
        };
        match self.finish(&believed).await {
            Err(error) if external_account::is_race(&error) => self.finish(&believed).await,
            other => other,
        }
    }

    /// Parsing, decryption and signatures are work for a processor, not for the runtime's threads.
    async fn read(
        &self,
        provider: IdentityProvider,
        request_id: Option<String>,
        xml: String,
    ) -> Result<Assertion> {
        let (us, now) = (self.us.clone(), self.state.now());
        let reading = tokio::task::spawn_blocking(move || {
            let expected = Expected {
                us: &us,
                provider: &provider,
                request_id: request_id.as_deref(),
                now,
            };
            expected.read(&xml)
        });
        reading.await.map_err(AuthError::internal)?.map_err(not_valid)
    }

    async fn finish(&self, believed: &Believed) -> Result<String> {
        let state = self.state;
        let mut connection = state.pool.get().await?;
        let tx = connection.begin().await?;
        self.use_up(&tx, believed).await?;
        let provider = believed.provider.identity_provider();
        let arrival = Arrival {
            state,
            tx: &tx,
            info: self.info,
            provider: &provider,
            profile: &believed.profile,
            email_optional: false,
        };
        let (user, is_new) = match external_account::sign_in(&arrival).await? {
            Outcome::SignedIn { user, is_new } => (*user, is_new),
            Outcome::Refused(refusal) => {
                tx.commit().await?;
                return Err(refusal);
            }
        };
        let location = match self.flow_id {
            Some(id) => self.issue_code(&tx, id, &user, &believed.assertion).await?,
            None => {
                self.open(&tx, user, is_new, &provider, &believed.assertion)
                    .await?
            }
        };
        tx.commit().await?;
        Ok(location)
    }

    /// An assertion opens one session, however often it comes and whoever brings it.
    async fn use_up(&self, tx: &Transaction<'_>, believed: &Believed) -> Result<()> {
        let Believed {
            provider, assertion, ..
        } = believed;
        let name = format!("{}\0{}", provider.saml.entity_id, assertion.id);
        let digest = sha256(name.as_bytes());
        if single_use::consume(tx, KIND, &digest, assertion.usable_until).await? {
            return Ok(());
        }
        tracing::warn!(provider = %provider.id, "a SAML assertion came a second time");
        Err(AuthError::validation("SAML Assertion has been used already"))
    }

    async fn open(
        &self,
        tx: &Transaction<'_>,
        user: User,
        is_new: bool,
        provider: &str,
        assertion: &Assertion,
    ) -> Result<String> {
        let traits = json!({ "provider": provider });
        let login = (!is_new).then(|| audit::payload(Action::Login, &user, Some(traits)));
        let sign_in = SignIn {
            not_after: assertion.session_ends,
            ..SignIn::from(Method::SsoSaml)
        };
        let response = open_session(self.state, tx, user, sign_in, self.info, login).await?;
        Ok(with_fragment(&self.info.redirect_to, &response.fragment(None)))
    }

    /// The flow waits for its code to be exchanged, and remembers when the session has to end.
    async fn issue_code(
        &self,
        tx: &Transaction<'_>,
        id: Uuid,
        user: &User,
        assertion: &Assertion,
    ) -> Result<String> {
        let (state, now) = (self.state, self.state.now());
        let flow = flow_states::lock_by_id(tx, id)
            .await?
            .filter(|flow| flow.user_id.is_none() && !flow.is_expired(state.config.flow_state_expiry, now));
        let code = flow.and_then(|flow| flow.auth_code).ok_or_else(|| {
            AuthError::unprocessable(
                ErrorCode::FlowStateExpired,
                "invalid flow state, flow state has expired",
            )
        })?;
        flow_states::complete(tx, id, user.id, ProviderTokens::default(), now).await?;
        if let Some(end) = assertion.session_ends {
            flow_ends::insert(tx, id, end).await?;
        }
        Ok(with_query(&self.info.redirect_to, &form(&[("code", &code)])))
    }
}

/// The person. Without a lasting name or an address there is no account to open.
fn profile(provider: &SsoProvider, assertion: &Assertion) -> Result<Profile> {
    let subject = assertion.subject().ok_or_else(|| {
        AuthError::bad_request(
            ErrorCode::SamlAssertionNoUserId,
            "SAML Assertion did not contain a persistent Subject Identifier attribute or Subject NameID uniquely identifying this user",
        )
    })?;
    let mapping = provider.saml.attribute_mapping.clone().unwrap_or_default();
    let profile = assertion.profile(&provider.saml.entity_id, &subject, &mapping);
    if profile.emails.is_empty() {
        return Err(AuthError::bad_request(
            ErrorCode::SamlAssertionNoEmail,
            "SAML Assertion does not contain an email address",
        ));
    }
    Ok(profile)
}
