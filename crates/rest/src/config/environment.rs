//! Settings by PostgREST's names.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use super::tokens::{Secret, TokenSettings, content_of_file};
use super::{ClaimPath, FunctionName, OpenApiMode, RestConfig, TransactionEnd};
use crate::openapi::Address;

/// Settings that PostgREST still reads by an older name too, which counts where the newer one is not given.
const OLDER_NAMES: [(&str, &str); 7] = [
    ("DB_SCHEMAS", "DB_SCHEMA"),
    ("DB_PRE_REQUEST", "PRE_REQUEST"),
    ("DB_MAX_ROWS", "MAX_ROWS"),
    ("DB_ROOT_SPEC", "ROOT_SPEC"),
    ("JWT_ROLE_CLAIM_KEY", "ROLE_CLAIM_KEY"),
    ("JWT_SECRET_IS_BASE64", "SECRET_IS_BASE64"),
    ("OPENAPI_SERVER_PROXY_URI", "SERVER_PROXY_URI"),
];

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{name} is {value:?}: {expected} was expected")]
pub struct SettingError {
    /// The variable, or the setting in the database.
    pub name: String,
    /// Its value.
    pub value: String,
    /// What it should be.
    pub expected: &'static str,
}

/// Where settings were found.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// Variables `PGRST_DB_SCHEMAS`.
    Variables,
    /// Settings `pgrst.db_schemas` of the login.
    Database,
}

/// Settings with their names as in variables, without `PGRST_`. It keeps in mind which of them anybody asked for.
#[derive(Debug)]
pub struct Environment {
    place: Place,
    given: Vec<(String, String)>,
    asked: RefCell<BTreeSet<String>>,
}

impl Environment {
    /// Takes what is PostgREST's out of all variables.
    pub fn new(all: impl IntoIterator<Item = (String, String)>) -> Self {
        let given = all
            .into_iter()
            .filter_map(|(name, value)| Some((name.strip_prefix("PGRST_")?.to_owned(), value)));
        Self::of(Place::Variables, given.collect())
    }

    /// Settings of the database, by their names without `pgrst.`; of several of one name the first counts.
    pub(crate) fn of_database(stored: impl IntoIterator<Item = (String, String)>) -> Self {
        let given = stored
            .into_iter()
            .map(|(name, value)| (name.to_uppercase(), value));
        Self::of(Place::Database, given.collect())
    }

    fn of(place: Place, given: Vec<(String, String)>) -> Self {
        Self {
            place,
            given,
            asked: RefCell::default(),
        }
    }

    /// Names in full of what is given and nobody asked for: it has no effect.
    pub fn without_effect(&self) -> Vec<String> {
        let asked = self.asked.borrow();
        let unasked = self.given.iter().filter(|(name, _)| !asked.contains(name));
        unasked.map(|(name, _)| self.full_name(name)).collect()
    }

    /// Everything that anybody asked for.
    pub(super) fn asked(&self) -> BTreeSet<String> {
        self.asked.borrow().clone()
    }

    /// One warning about everything that has no effect.
    pub fn warn_of_what_has_no_effect(&self) {
        let names = self.without_effect();
        if !names.is_empty() {
            tracing::warn!(variables = names.join(", "), "these variables have no effect");
        }
    }

    fn full_name(&self, name: &str) -> String {
        match self.place {
            Place::Variables => format!("PGRST_{name}"),
            Place::Database => format!("pgrst.{}", name.to_lowercase()),
        }
    }

    /// A setting by one of its names. One that is empty counts as given for lists only.
    fn raw(&self, name: &str) -> Option<&str> {
        self.asked.borrow_mut().insert(name.to_owned());
        self.given
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A setting that is not empty, and the name it was given by.
    fn found<'n>(&self, name: &'n str) -> Option<(&'n str, &str)> {
        let older = OLDER_NAMES.iter().filter(|(newer, _)| *newer == name);
        let names = std::iter::once(name).chain(older.map(|(_, older)| *older));
        // All are asked for: an older name beside the newer one is no mistake.
        let values: Vec<_> = names.map(|name| (name, self.raw(name))).collect();
        values
            .into_iter()
            .find_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)))
    }

    /// A setting that is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.found(name).map(|(_, value)| value)
    }

    /// A setting that is not empty, or what the file contains that it names after `@`, without space around it.
    pub async fn text_or_file(&self, name: &str) -> Result<Option<String>, SettingError> {
        let Some((name, value)) = self.found(name) else {
            return Ok(None);
        };
        let content = content_of_file(&self.full_name(name), value).await?;
        Ok(Some(content.map_or_else(
            || value.to_owned(),
            |content| content.trim().to_owned(),
        )))
    }

    /// What to say of a setting that cannot be used.
    pub fn wrong(&self, name: &str, expected: &'static str) -> SettingError {
        let (name, value) = self
            .found(name)
            .unwrap_or_else(|| (name, self.raw(name).unwrap_or_default()));
        SettingError {
            name: self.full_name(name),
            value: value.to_owned(),
            expected,
        }
    }

    /// `true` or `false`.
    pub fn flag(&self, name: &str, slot: &mut bool) -> Result<(), SettingError> {
        match self.text(name).map(str::to_ascii_lowercase).as_deref() {
            None => {}
            Some("true" | "t" | "yes" | "on" | "1") => *slot = true,
            Some("false" | "f" | "no" | "off" | "0") => *slot = false,
            Some(_) => return Err(self.wrong(name, "true or false")),
        }
        Ok(())
    }

    /// A number.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, SettingError> {
        self.text(name)
            .map(|value| value.parse().map_err(|_| self.wrong(name, "a number")))
            .transpose()
    }

    /// Whether it is given.
    fn list(&self, name: &str, slot: &mut Vec<String>) -> bool {
        let Some(value) = self.text(name).or_else(|| self.raw(name)) else {
            return false;
        };
        *slot = value
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect();
        true
    }

    fn choice<T: Copy>(
        &self,
        name: &str,
        choices: &[(&str, T)],
        expected: &'static str,
        slot: &mut T,
    ) -> Result<(), SettingError> {
        if let Some(value) = self.text(name) {
            *slot = choices
                .iter()
                .find(|(word, _)| *word == value)
                .map(|(_, choice)| *choice)
                .ok_or_else(|| self.wrong(name, expected))?;
        }
        Ok(())
    }

    /// Puts what is given into `config`. What only a data API on its own decides (its address, its pool, its tokens) is not
    /// among it.
    pub fn apply(&self, config: &mut RestConfig) -> Result<(), SettingError> {
        self.apply_to_start(config)?;
        self.apply_to_requests(config)
    }

    /// What is decided when the process starts.
    fn apply_to_start(&self, config: &mut RestConfig) -> Result<(), SettingError> {
        if let Some(seconds) = self.number("DB_POOL_ACQUISITION_TIMEOUT")? {
            config.pool_wait = Duration::from_secs(seconds);
        }
        self.flag("DB_PREPARED_STATEMENTS", &mut config.prepared_statements)?;
        self.flag("DB_CONFIG", &mut config.reads_database)?;
        // Ours, not PostgREST's.
        self.flag("DB_PIPELINE", &mut config.pipeline)?;
        let mut listens = true;
        self.flag("DB_CHANNEL_ENABLED", &mut listens)?;
        if let Some(channel) = self.text("DB_CHANNEL") {
            config.channel = Some(channel.to_owned());
        }
        if !listens {
            config.channel = None;
        }
        // Verified tokens are remembered in a way of our own.
        self.number::<u64>("JWT_CACHE_MAX_ENTRIES")?;
        for (full, value) in &self.given {
            if let Some(name) = full.strip_prefix("APP_SETTINGS_") {
                config.app_settings.push((name.to_owned(), value.clone()));
                self.asked.borrow_mut().insert(full.clone());
            }
        }
        Ok(())
    }

    /// What may change from one request to the next.
    pub(super) fn apply_to_requests(&self, config: &mut RestConfig) -> Result<(), SettingError> {
        if self.list("DB_SCHEMAS", &mut config.schemas) && config.schemas.is_empty() {
            return Err(self.wrong("DB_SCHEMAS", "the name of a schema"));
        }
        self.list("DB_EXTRA_SEARCH_PATH", &mut config.extra_search_path);
        self.list("DB_HOISTED_TX_SETTINGS", &mut config.hoisted_settings);
        self.list("SERVER_CORS_ALLOWED_ORIGINS", &mut config.cors_origins);
        config.anon_role = self.text_or("DB_ANON_ROLE", &mut config.anon_role);
        config.trace_header = self.text_or("SERVER_TRACE_HEADER", &mut config.trace_header);
        if let Some(uri) = self.text("OPENAPI_SERVER_PROXY_URI") {
            if Address::from_proxy_uri(uri).is_none() {
                let expected = "an address such as https://example.com:8443/path";
                return Err(self.wrong("OPENAPI_SERVER_PROXY_URI", expected));
            }
            config.openapi_proxy = Some(uri.to_owned());
        }
        let function = |name: &str| self.text(name).map(FunctionName::read);
        config.pre_request = function("DB_PRE_REQUEST").or(config.pre_request.take());
        config.root_spec = function("DB_ROOT_SPEC").or(config.root_spec.take());
        config.pre_config = function("DB_PRE_CONFIG").or(config.pre_config.take());
        if let Some(path) = self.text("JWT_ROLE_CLAIM_KEY") {
            let expected = "a JSONPath such as $.role, or a path such as .role,";
            config.role_claim =
                ClaimPath::read(path).ok_or_else(|| self.wrong("JWT_ROLE_CLAIM_KEY", expected))?;
        }
        config.max_rows = self.number("DB_MAX_ROWS")?.or(config.max_rows);
        self.apply_flags(config)?;
        self.apply_choices(config)
    }

    /// What tokens are verified with, where no gateway does it.
    pub fn tokens(&self) -> Result<TokenSettings, SettingError> {
        let mut tokens = TokenSettings::default();
        self.apply_to_tokens(&mut tokens)?;
        Ok(tokens)
    }

    pub(super) fn apply_to_tokens(&self, tokens: &mut TokenSettings) -> Result<(), SettingError> {
        if let Some((name, value)) = self.found("JWT_SECRET") {
            tokens.secret = Some(Secret {
                setting: self.full_name(name),
                value: value.to_owned(),
            });
        }
        self.flag("JWT_SECRET_IS_BASE64", &mut tokens.is_base64)?;
        tokens.audience = self.text_or("JWT_AUD", &mut tokens.audience);
        Ok(())
    }

    fn text_or(&self, name: &str, current: &mut Option<String>) -> Option<String> {
        self.text(name).map(str::to_owned).or(current.take())
    }

    fn apply_flags(&self, config: &mut RestConfig) -> Result<(), SettingError> {
        self.flag("DB_AGGREGATES_ENABLED", &mut config.aggregates)?;
        self.flag("DB_PLAN_ENABLED", &mut config.plans)?;
        self.flag("OPENAPI_SECURITY_ACTIVE", &mut config.openapi_security)?;
        self.flag("SERVER_TIMING_ENABLED", &mut config.server_timing)?;
        self.flag("URL_USE_LEGACY_TARGET_NAMES", &mut config.legacy_target_names)?;
        // Ours, not PostgREST's.
        self.flag("DB_SAFE_UPDATE", &mut config.safe_update)
    }

    fn apply_choices(&self, config: &mut RestConfig) -> Result<(), SettingError> {
        self.choice(
            "CLIENT_ERROR_VERBOSITY",
            &[("verbose", true), ("minimal", false)],
            "verbose or minimal",
            &mut config.verbose_errors,
        )?;
        self.choice(
            "OPENAPI_MODE",
            &[
                ("follow-privileges", OpenApiMode::FollowPrivileges),
                ("ignore-privileges", OpenApiMode::IgnorePrivileges),
                ("disabled", OpenApiMode::Disabled),
            ],
            "follow-privileges, ignore-privileges or disabled",
            &mut config.openapi_mode,
        )?;
        self.choice(
            "DB_TX_END",
            &[
                ("commit", TransactionEnd::Commit),
                ("commit-allow-override", TransactionEnd::CommitAllowOverride),
                ("rollback", TransactionEnd::Rollback),
                ("rollback-allow-override", TransactionEnd::RollbackAllowOverride),
            ],
            "commit, commit-allow-override, rollback or rollback-allow-override",
            &mut config.transaction_end,
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn apply(variables: &[(&str, &str)]) -> Result<RestConfig, SettingError> {
        let mut config = RestConfig::default();
        let owned = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Environment::new(owned).apply(&mut config).map(|()| config)
    }

    #[test]
    fn variables_become_settings() {
        let config = apply(&[
            ("PGRST_DB_SCHEMAS", "a, b"),
            ("PGRST_DB_EXTRA_SEARCH_PATH", ""),
            ("PGRST_DB_PRE_REQUEST", "auth.check"),
            ("PGRST_DB_TX_END", "rollback-allow-override"),
            ("PGRST_DB_MAX_ROWS", "7"),
            ("PGRST_APP_SETTINGS_host", "h"),
            ("OTHER", "x"),
        ])
        .unwrap();
        assert_eq!(config.schemas, ["a", "b"]);
        assert!(config.extra_search_path.is_empty());
        assert_eq!(config.pre_request, Some(FunctionName::read("auth.check")));
        assert_eq!(config.transaction_end, TransactionEnd::RollbackAllowOverride);
        assert_eq!(config.max_rows, Some(7));
        assert_eq!(config.app_settings, [("host".to_owned(), "h".to_owned())]);
    }

    #[test]
    fn a_wrong_value_is_named() {
        let error = apply(&[("PGRST_DB_TX_END", "maybe")]).unwrap_err();
        assert!(
            error.to_string().starts_with("PGRST_DB_TX_END is \"maybe\""),
            "{error}"
        );
        assert!(apply(&[("PGRST_DB_MAX_ROWS", "many")]).is_err());
    }

    #[test]
    fn what_nobody_asks_for_is_named() {
        let given = [
            "PGRST_DB_MAX_ROWS",
            "PGRST_DB_MAXROWS",
            "PGRST_LOG_LEVEL",
            "PGRST_APP_SETTINGS_a",
            "OTHER",
        ];
        let variables = Environment::new(given.map(|name| (name.to_owned(), "1".to_owned())));
        variables.apply(&mut RestConfig::default()).unwrap();
        assert_eq!(
            variables.without_effect(),
            ["PGRST_DB_MAXROWS", "PGRST_LOG_LEVEL"]
        );
    }

    #[test]
    fn values_that_would_stop_every_request() {
        assert!(apply(&[("PGRST_DB_SCHEMAS", " , ")]).is_err());
        assert!(apply(&[("PGRST_OPENAPI_SERVER_PROXY_URI", "example.com")]).is_err());
    }

    #[test]
    fn a_claim_path_that_finds_nothing_is_refused() {
        let config = apply(&[("PGRST_JWT_ROLE_CLAIM_KEY", "$.roles[?(@ == 'x')]")]).unwrap();
        assert_ne!(config.role_claim, ClaimPath::default());
        let error = apply(&[("PGRST_JWT_ROLE_CLAIM_KEY", "role")]).unwrap_err();
        assert_eq!(error.name, "PGRST_JWT_ROLE_CLAIM_KEY");
    }

    #[test]
    fn older_names() {
        let older = [
            ("PGRST_DB_SCHEMA", "old"),
            ("PGRST_PRE_REQUEST", "old.f"),
            ("PGRST_MAX_ROWS", "1"),
            ("PGRST_ROOT_SPEC", "old.g"),
            ("PGRST_ROLE_CLAIM_KEY", ".old"),
            ("PGRST_SERVER_PROXY_URI", "https://old"),
        ];
        let config = apply(&older).unwrap();
        assert_eq!(config.schemas, ["old"]);
        assert_eq!(config.pre_request, Some(FunctionName::read("old.f")));
        assert_eq!(config.max_rows, Some(1));
        assert_eq!(config.root_spec, Some(FunctionName::read("old.g")));
        assert_eq!(config.role_claim, ClaimPath::read(".old").unwrap());
        assert_eq!(config.openapi_proxy.as_deref(), Some("https://old"));
        let newer = [
            ("PGRST_DB_SCHEMAS", "new"),
            ("PGRST_DB_MAX_ROWS", "2"),
            ("PGRST_JWT_ROLE_CLAIM_KEY", ""),
        ];
        let config = apply(&[&older[..], &newer].concat()).unwrap();
        assert_eq!(
            (config.schemas, config.max_rows),
            (vec!["new".to_owned()], Some(2))
        );
        assert_eq!(config.role_claim, ClaimPath::read(".old").unwrap());
        let error = apply(&[("PGRST_MAX_ROWS", "many")]).unwrap_err();
        assert_eq!(error.name, "PGRST_MAX_ROWS");
    }

    #[tokio::test]
    async fn a_value_may_be_in_a_file() {
        let name = format!("ferrobase-uri-{}", std::process::id());
        let file = std::env::temp_dir().join(name);
        std::fs::write(&file, " postgresql://there\n").unwrap();
        let given = [
            ("PGRST_DB_URI".to_owned(), format!("@{}", file.display())),
            ("PGRST_OTHER".to_owned(), "@/does/not/exist".to_owned()),
        ];
        let variables = Environment::new(given);
        let read = variables.text_or_file("DB_URI").await;
        std::fs::remove_file(&file).unwrap();
        assert_eq!(read.unwrap().as_deref(), Some("postgresql://there"));
        let error = variables.text_or_file("OTHER").await.unwrap_err();
        assert_eq!(error.name, "PGRST_OTHER");
        assert_eq!(variables.text_or_file("NONE").await, Ok(None));
    }
}
