//! What tokens are verified with, where no gateway does it: `jwt-secret`, `jwt-secret-is-base64` and `jwt-aud`.

use std::io::ErrorKind;

use ferrobase_jwt::{Clock, KeyError, Verifier};

use super::SettingError;

/// What tokens are verified with.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TokenSettings {
    pub(super) secret: Option<Secret>,
    pub(super) is_base64: bool,
    pub(super) audience: Option<String>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret {
    /// Full name of the setting, for errors.
    pub(super) setting: String,
    /// The secret, or a file's name after `@`.
    pub(super) value: String,
}

/// Without the secret.
impl std::fmt::Debug for TokenSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenSettings")
            .field("has_secret", &self.secret.is_some())
            .field("is_base64", &self.is_base64)
            .field("audience", &self.audience)
            .finish()
    }
}

impl TokenSettings {
    /// With what the file contains, if the secret names one.
    pub async fn with_file(mut self) -> Result<Self, SettingError> {
        if let Some(secret) = &mut self.secret
            && let Some(mut content) = content_of_file(&secret.setting, &secret.value).await?
        {
            // One line feed is the editor's, further ones are the secret's.
            if content.ends_with('\n') {
                content.pop();
            }
            secret.value = content;
        }
        Ok(self)
    }

    /// `None` = there is no secret.
    pub fn verifier(&self, clock: Clock) -> Result<Option<Verifier>, KeyError> {
        let secret = self.secret.as_ref();
        secret
            .map(|secret| Verifier::new(&secret.value, self.is_base64, self.audience.clone(), clock))
            .transpose()
    }
}

/// What the file contains that `value` names after `@`; `None` = it names none.
pub(super) async fn content_of_file(setting: &str, value: &str) -> Result<Option<String>, SettingError> {
    let Some(file) = value.strip_prefix('@') else {
        return Ok(None);
    };
    let unusable = |error: std::io::Error| SettingError {
        name: setting.to_owned(),
        value: value.to_owned(),
        expected: match error.kind() {
            ErrorKind::NotFound => "the name of an existing file after the @",
            ErrorKind::PermissionDenied => "a file that may be read after the @",
            ErrorKind::InvalidData => "a file of UTF-8 text after the @",
            _ => "a file that can be read after the @",
        },
    };
    tokio::fs::read_to_string(file).await.map(Some).map_err(unusable)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::Environment;
    use super::*;

    const SECRET: &str = "a secret of at least thirty-two bytes";

    fn settings(variables: &[(&str, &str)]) -> TokenSettings {
        let owned = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Environment::new(owned).tokens().unwrap()
    }

    fn has_verifier(settings: &TokenSettings) -> Result<bool, KeyError> {
        let verifier = settings.verifier(Clock::System)?;
        Ok(verifier.is_some())
    }

    #[test]
    fn a_secret_is_needed_and_must_be_good() {
        assert!(!has_verifier(&settings(&[("PGRST_JWT_AUD", "me")])).unwrap());
        assert!(has_verifier(&settings(&[("PGRST_JWT_SECRET", SECRET)])).unwrap());
        assert!(has_verifier(&settings(&[("PGRST_JWT_SECRET", "short")])).is_err());
        let base64 = [
            ("PGRST_JWT_SECRET", SECRET),
            ("PGRST_JWT_SECRET_IS_BASE64", "true"),
        ];
        assert!(has_verifier(&settings(&base64)).is_err());
        let old = [("PGRST_JWT_SECRET", SECRET), ("PGRST_SECRET_IS_BASE64", "true")];
        assert!(has_verifier(&settings(&old)).is_err());
    }

    #[test]
    fn the_secret_is_not_shown() {
        let shown = format!("{:?}", settings(&[("PGRST_JWT_SECRET", SECRET)]));
        assert!(!shown.contains("thirty"), "{shown}");
    }

    #[tokio::test]
    async fn a_file_loses_one_line_feed() {
        let name = format!("ferrobase-secret-{}", std::process::id());
        let file = std::env::temp_dir().join(name);
        std::fs::write(&file, format!("{SECRET}\n\n")).unwrap();
        let value = format!("@{}", file.display());
        let read = settings(&[("PGRST_JWT_SECRET", &value)]).with_file().await;
        std::fs::remove_file(&file).unwrap();
        let wanted = settings(&[("PGRST_JWT_SECRET", &format!("{SECRET}\n"))]);
        assert_eq!(read.unwrap(), wanted);
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_read_is_named_with_its_variable() {
        let given = settings(&[("PGRST_JWT_SECRET", "@/does/not/exist")]);
        let error = given.with_file().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "PGRST_JWT_SECRET is \"@/does/not/exist\": the name of an existing file after the @ was expected"
        );
    }
}
