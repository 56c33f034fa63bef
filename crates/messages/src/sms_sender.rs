//! Who delivers SMS, as configured and as connected (auth.md 19.2).

use crate::messagebird::{self, Messagebird};
use crate::messenger::Sms;
use crate::provider::{Api, ProviderError};
use crate::textlocal::{self, Textlocal};
use crate::twilio::{self, Twilio};
use crate::twilio_verify::{self, TwilioVerify};
use crate::vonage::{self, Vonage};
use ferrobase_http::Outgoing;
use secrecy::SecretString;
use url::Url;

/// Who delivers SMS. `base_url` is where a provider's API is; `None` is the provider itself.
#[derive(Debug, Clone)]
pub enum SmsTransport {
    /// Nobody: into the development inbox.
    Inbox,
    /// Twilio's Messages API.
    Twilio {
        /// `AC…`, also the user name of the API.
        account_sid: String,
        /// The API's password.
        auth_token: SecretString,
        /// A messaging service (`MG…`) or a sender's number or name.
        message_service_sid: String,
        /// Where the API is.
        base_url: Option<Url>,
    },
    /// Twilio's Verify API, which makes and checks the codes itself.
    TwilioVerify {
        /// `AC…`, also the user name of the API.
        account_sid: String,
        /// The API's password.
        auth_token: SecretString,
        /// The verification service (`VA…`).
        message_service_sid: String,
        /// Where the API is.
        base_url: Option<Url>,
    },
    /// MessageBird.
    Messagebird {
        /// Sender: a number or a name.
        originator: String,
        /// The API's key.
        access_key: SecretString,
        /// Where the API is.
        base_url: Option<Url>,
    },
    /// Textlocal.
    Textlocal {
        /// Sender's name.
        sender: String,
        /// The API's key.
        api_key: SecretString,
        /// Where the API is.
        base_url: Option<Url>,
    },
    /// Vonage.
    Vonage {
        /// Sender: a number or a name.
        from: String,
        /// Names the account.
        api_key: String,
        /// The API's password.
        api_secret: SecretString,
        /// Where the API is.
        base_url: Option<Url>,
    },
}

/// A provider that is ready to send.
#[derive(Debug)]
pub(crate) enum SmsSender {
    Twilio(Twilio),
    TwilioVerify(TwilioVerify),
    Messagebird(Messagebird),
    Textlocal(Textlocal),
    Vonage(Vonage),
}

impl SmsSender {
    /// `None` for the inbox.
    pub(crate) fn new(transport: SmsTransport, outgoing: Outgoing) -> Option<Self> {
        let api = |home, base_url| Api {
            outgoing,
            base_url,
            home,
        };
        Some(match transport {
            SmsTransport::Inbox => return None,
            SmsTransport::Twilio {
                account_sid,
                auth_token,
                message_service_sid,
                base_url,
            } => Self::Twilio(Twilio {
                api: api(twilio::HOME, base_url),
                account_sid,
                auth_token,
                message_service_sid,
            }),
            SmsTransport::TwilioVerify {
                account_sid,
                auth_token,
                message_service_sid,
                base_url,
            } => Self::TwilioVerify(TwilioVerify {
                api: api(twilio_verify::HOME, base_url),
                account_sid,
                auth_token,
                service_sid: message_service_sid,
            }),
            SmsTransport::Messagebird {
                originator,
                access_key,
                base_url,
            } => Self::Messagebird(Messagebird {
                api: api(messagebird::HOME, base_url),
                originator,
                access_key,
            }),
            SmsTransport::Textlocal {
                sender,
                api_key,
                base_url,
            } => Self::Textlocal(Textlocal {
                api: api(textlocal::HOME, base_url),
                sender,
                api_key,
            }),
            SmsTransport::Vonage {
                from,
                api_key,
                api_secret,
                base_url,
            } => Self::Vonage(Vonage {
                api: api(vonage::HOME, base_url),
                from,
                api_key,
                api_secret,
            }),
        })
    }

    /// The provider's id of the message.
    pub(crate) async fn send(&self, sms: &Sms) -> Result<String, ProviderError> {
        match self {
            Self::Twilio(twilio) => twilio.send(sms).await,
            Self::TwilioVerify(twilio) => twilio.start(sms).await,
            Self::Messagebird(messagebird) => messagebird.send(sms).await,
            Self::Textlocal(textlocal) => textlocal.send(sms).await,
            Self::Vonage(vonage) => vonage.send(sms).await,
        }
    }
}
