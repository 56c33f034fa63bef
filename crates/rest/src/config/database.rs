//! Settings in the database (`db-config`): `ALTER ROLE authenticator SET pgrst.db_max_rows = 100`, and what the function
//! `db-pre-config` sets. They win over everything else.

use ferrobase_db::{DbError, Executor};
use ferrobase_sql::{ident, qualified};

use super::{Environment, FunctionName, RestConfig, SettingError};

/// Name and value. Those for this database only come first.
const OF_LOGIN: &str = "
    select lower(substr(split_part(setting, '=', 1), 7)), substr(setting, strpos(setting, '=') + 1)
    from pg_db_role_setting stored
    join pg_roles login on login.oid = stored.setrole
    cross join unnest(stored.setconfig) setting
    where login.rolname = current_user
        and stored.setdatabase in (0, (select oid from pg_database where datname = current_database()))
        and setting ilike 'pgrst.%'
    order by stored.setdatabase desc, 1";

/// The connection knows its login's settings of some time ago; only what the function sets shall be found.
const CLEAR: &str = "select set_config('pgrst.' || name, '', true) from unnest($1::text[]) name";

const OF_FUNCTION: &str = "
    select name, current_setting('pgrst.' || name, true)
    from unnest($1::text[]) name
    where current_setting('pgrst.' || name, true) <> ''";

/// What the database holds, by names without `pgrst.`; of several of one name the first counts.
#[derive(Debug, Default)]
pub(crate) struct Stored(Vec<(String, String)>);

/// Reads them, in one transaction of the login that serves requests.
pub(crate) async fn read(executor: &impl Executor, base: &RestConfig) -> Result<Stored, DbError> {
    let mut stored = Vec::new();
    if !base.reads_database {
        return Ok(Stored(stored));
    }
    for row in executor.query(OF_LOGIN, &[]).await? {
        stored.push((row.try_get(0)?, row.try_get(1)?));
    }
    let stored = Stored(stored);
    let function = stored.text("db_pre_config").map(FunctionName::read);
    match function.or_else(|| base.pre_config.clone()) {
        Some(function) => stored.and_of_function(executor, &function, base).await,
        None => Ok(stored),
    }
}

impl Stored {
    fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    async fn and_of_function(
        mut self,
        executor: &impl Executor,
        function: &FunctionName,
        base: &RestConfig,
    ) -> Result<Self, DbError> {
        let names = names(base);
        executor.query(CLEAR, &[&names]).await?;
        let name = match &function.schema {
            Some(schema) => qualified(schema, &function.name).to_string(),
            None => ident(&function.name).to_string(),
        };
        executor.query(&format!("select {name}()"), &[]).await?;
        for row in executor.query(OF_FUNCTION, &[&names]).await? {
            self.0.push((row.try_get(0)?, row.try_get(1)?));
        }
        Ok(self)
    }

    fn settings(self) -> Environment {
        Environment::of_database(self.0)
    }

    /// The settings with these, and the names of those that have no effect: unknown ones, and those of the start.
    pub(crate) fn over(self, base: &RestConfig) -> Result<(RestConfig, Vec<String>), SettingError> {
        let settings = self.settings();
        let mut config = base.clone();
        apply(&settings, &mut config)?;
        Ok((config, settings.without_effect()))
    }
}

fn apply(settings: &Environment, config: &mut RestConfig) -> Result<(), SettingError> {
    settings.apply_to_requests(config)?;
    match &mut config.tokens {
        Some(tokens) => settings.apply_to_tokens(tokens),
        None => Ok(()),
    }
}

/// Names of all settings that may change while requests are served.
fn names(base: &RestConfig) -> Vec<String> {
    let nothing = Environment::of_database([]);
    // Nothing is given, so nothing can be wrong.
    let _ = apply(&nothing, &mut base.clone());
    nothing
        .asked()
        .into_iter()
        .map(|name| name.to_lowercase())
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn stored(settings: &[(&str, &str)]) -> Stored {
        let owned = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Stored(owned.collect())
    }

    #[test]
    fn they_win_and_the_first_of_a_name_counts() {
        let base = RestConfig {
            max_rows: Some(7),
            aggregates: true,
            pool_size: 3,
            ..RestConfig::default()
        };
        let given = stored(&[
            ("db_max_rows", "5"),
            ("db_schemas", "a, b"),
            ("db_schemas", "c"),
            ("openapi_mode", "disabled"),
            ("db_pool", "50"),
            ("typo", "x"),
        ]);
        let (config, ignored) = given.over(&base).unwrap();
        assert_eq!(
            (config.max_rows, config.aggregates, config.pool_size),
            (Some(5), true, 3)
        );
        assert_eq!(config.schemas, ["a", "b"]);
        assert!(config.root_is_disabled());
        assert_eq!(ignored, ["pgrst.db_pool", "pgrst.typo"]);
    }

    #[test]
    fn tokens_are_verified_with_what_is_stored_only_where_no_gateway_verifies_them() {
        let given = || {
            stored(&[
                ("jwt_secret", "x"),
                ("jwt_aud", "me"),
                ("jwt_secret_is_base64", "true"),
            ])
        };
        let variables = [("PGRST_JWT_SECRET", "y"), ("PGRST_JWT_AUD", "you")];
        let owned = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let alone = RestConfig {
            tokens: Some(Environment::new(owned).tokens().unwrap()),
            ..RestConfig::default()
        };
        let (config, ignored) = given().over(&alone).unwrap();
        assert_eq!(config.tokens, Some(given().settings().tokens().unwrap()));
        assert!(ignored.is_empty(), "{ignored:?}");
        let (config, ignored) = given().over(&RestConfig::default()).unwrap();
        assert_eq!(config.tokens, None);
        assert_eq!(ignored.len(), 3);
    }

    #[test]
    fn a_wrong_value_is_named_as_it_was_set() {
        let error = stored(&[("db_max_rows", "many")])
            .over(&RestConfig::default())
            .unwrap_err();
        assert!(
            error.to_string().starts_with("pgrst.db_max_rows is \"many\""),
            "{error}"
        );
    }

    #[test]
    fn every_name_that_a_function_may_set() {
        let alone = RestConfig {
            tokens: Some(Environment::new([]).tokens().unwrap()),
            ..RestConfig::default()
        };
        let names = names(&alone);
        for name in [
            "db_schemas",
            "db_max_rows",
            "openapi_mode",
            "db_tx_end",
            "jwt_role_claim_key",
            "jwt_secret",
        ] {
            assert!(names.iter().any(|known| known == name), "{name}");
        }
        assert!(!names.iter().any(|name| name == "db_pool"));
        let behind_gateway = super::names(&RestConfig::default());
        assert!(!behind_gateway.iter().any(|name| name == "jwt_secret"));
    }
}
