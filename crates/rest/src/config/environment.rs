//! Settings by PostgREST's names.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use super::{FunctionName, OpenApiMode, RestConfig, TransactionEnd};
use crate::openapi::Address;

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

    /// A setting. One that is empty counts as given for lists only.
    fn raw(&self, name: &str) -> Option<&str> {
        self.asked.borrow_mut().insert(name.to_owned());
        self.given
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A setting that is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.raw(name).filter(|value| !value.is_empty())
    }

    fn wrong(&self, name: &str, expected: &'static str) -> SettingError {
        SettingError {
            name: self.full_name(name),
            value: self.raw(name).unwrap_or_default().to_owned(),
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

    fn list(&self, name: &str, slot: &mut Vec<String>) {
        if let Some(value) = self.raw(name) {
            *slot = value
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
                .collect();
        }
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
        for name in ["DB_SCHEMA", "DB_SCHEMAS"] {
            self.list(name, &mut config.schemas);
            if self.raw(name).is_some() && config.schemas.is_empty() {
                return Err(self.wrong(name, "the name of a schema"));
            }
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
            config.role_claim =
                claim_path(path).ok_or_else(|| self.wrong("JWT_ROLE_CLAIM_KEY", "a path such as .role"))?;
        }
        config.max_rows = self.number("DB_MAX_ROWS")?.or(config.max_rows);
        self.apply_flags(config)?;
        self.apply_choices(config)
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

/// `$.role`, `.role`, `.realm_access.role`, `."https://x.y/role"`: the names on the way.
fn claim_path(text: &str) -> Option<Vec<String>> {
    let mut rest = text.trim().trim_start_matches('$');
    let mut path = Vec::new();
    while !rest.is_empty() {
        if let Some(bracket) = rest.strip_prefix('[') {
            let (inside, after) = bracket.split_once(']')?;
            path.push(inside.trim_matches(['"', '\'']).to_owned());
            rest = after;
        } else if let Some(quoted) = rest.strip_prefix(".\"") {
            let (name, after) = quoted.split_once('"')?;
            path.push(name.to_owned());
            rest = after;
        } else {
            let name = rest.strip_prefix('.')?;
            let end = name.find(['.', '[']).unwrap_or(name.len());
            if end == 0 {
                return None;
            }
            path.push(name[..end].to_owned());
            rest = &name[end..];
        }
    }
    (!path.is_empty()).then_some(path)
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
    fn claim_paths() {
        assert_eq!(claim_path("$.role").unwrap(), ["role"]);
        assert_eq!(claim_path(".a.b").unwrap(), ["a", "b"]);
        assert_eq!(
            claim_path(".\"https://x.y/role\".z").unwrap(),
            ["https://x.y/role", "z"]
        );
        assert_eq!(claim_path("$['role'][0]").unwrap(), ["role", "0"]);
        assert_eq!(claim_path("role"), None);
    }
}
