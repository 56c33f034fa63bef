//! Errors that functions raise on purpose: `PTxyz` and `PGRST` (rest.md section 16).

use ferrobase_db::ServerError;
use http::StatusCode;
use serde_json::{Value, json};

use super::RestError;

const MESSAGE_HINT: &str = "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'.";
const DETAIL_HINT: &str =
    "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'.";

/// What a function wants to be answered.
#[derive(Debug)]
pub struct Raised {
    /// Status.
    pub status: StatusCode,
    /// Its text, where it is not the usual one.
    pub reason: Option<String>,
    /// Code.
    pub code: String,
    /// Message.
    pub message: String,
    /// Details.
    pub details: Value,
    /// Hint.
    pub hint: Value,
    /// Headers.
    pub headers: Vec<(String, String)>,
}

impl Raised {
    /// `None` for an ordinary error.
    pub(super) fn read(error: &ServerError) -> Option<Result<Self, RestError>> {
        if error.code == "PGRST" {
            return Some(full(error));
        }
        let digits = error.code.strip_prefix("PT")?;
        let status = digits
            .parse()
            .ok()
            .and_then(|code: u16| StatusCode::from_u16(code).ok());
        Some(Ok(Self {
            status: status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            reason: status.map(|_| error.message.clone()),
            code: error.code.clone(),
            message: error.message.clone(),
            details: json!(error.detail),
            hint: json!(error.hint),
            headers: match status {
                Some(StatusCode::UNAUTHORIZED) => vec![("WWW-Authenticate".to_owned(), "Bearer".to_owned())],
                Some(StatusCode::SERVICE_UNAVAILABLE) => vec![("Retry-After".to_owned(), "1".to_owned())],
                _ => Vec::new(),
            },
        }))
    }
}

fn full(error: &ServerError) -> Result<Raised, RestError> {
    let unparsable = |details: String, hint| RestError::RaiseUnparsable { details, hint };
    let bad_message = || {
        unparsable(
            format!("Invalid JSON value for MESSAGE: '{}'", error.message),
            MESSAGE_HINT,
        )
    };
    let message: Value = serde_json::from_str(&error.message).map_err(|_| bad_message())?;
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let optional = |key: &str| match message.get(key) {
        None | Some(Value::Null | Value::String(_)) => Ok(message.get(key).cloned().unwrap_or_default()),
        Some(_) => Err(bad_message()),
    };
    let (Some(code), Some(text_of_message)) = (text(&message, "code"), text(&message, "message")) else {
        return Err(bad_message());
    };
    let (details, hint) = (optional("details")?, optional("hint")?);
    let Some(detail) = &error.detail else {
        return Err(unparsable(
            "DETAIL is missing in the RAISE statement".to_owned(),
            DETAIL_HINT,
        ));
    };
    let bad_detail = || unparsable(format!("Invalid JSON value for DETAIL: '{detail}'"), DETAIL_HINT);
    let detail: Value = serde_json::from_str(detail).map_err(|_| bad_detail())?;
    let status = detail
        .get("status")
        .and_then(Value::as_u64)
        .and_then(|status| u16::try_from(status).ok())
        .and_then(|status| StatusCode::from_u16(status).ok())
        .ok_or_else(bad_detail)?;
    let headers = detail
        .get("headers")
        .and_then(Value::as_object)
        .ok_or_else(bad_detail)?
        .iter()
        .map(|(name, value)| value.as_str().map(|value| (name.clone(), value.to_owned())))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(bad_detail)?;
    Ok(Raised {
        status,
        reason: text(&detail, "status_text"),
        code,
        message: text_of_message,
        details,
        hint,
        headers,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(code: &str) -> Raised {
        let error = ServerError {
            code: code.to_owned(),
            message: "Told so".to_owned(),
            ..ServerError::default()
        };
        Raised::read(&error).unwrap().unwrap()
    }

    #[test]
    fn statuses_bring_their_headers() {
        for (code, status, reason, header) in [
            ("PT401", 401, Some("Told so"), Some("WWW-Authenticate")),
            ("PT503", 503, Some("Told so"), Some("Retry-After")),
            ("PT418", 418, Some("Told so"), None),
            ("PT40A", 500, None, None),
        ] {
            let raised = of(code);
            assert_eq!(raised.status.as_u16(), status, "{code}");
            assert_eq!(raised.reason.as_deref(), reason, "{code}");
            let names = raised.headers.first().map(|(name, _)| name.as_str());
            assert_eq!(names, header, "{code}");
        }
    }
}
