//! Settings from a project's `config.toml`: its `[api]` section rules, PostgREST's variables supply what it has no key for.

use ferrobase_config::{Config, ConfigError};

use super::{Environment, RestConfig, SettingError};

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// In the file.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// In a variable.
    #[error(transparent)]
    Setting(#[from] SettingError),
}

impl RestConfig {
    /// The settings of a project. `None` = the data API is off (`api.enabled`).
    pub fn load(
        config: &Config,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Option<Self>, ProjectError> {
        let mut settings = Self {
            anon_role: Some("anon".to_owned()),
            // As the Supabase CLI starts its data API.
            schemas: list(&["public", "graphql_public"]),
            extra_search_path: list(&["public", "extensions"]),
            max_rows: Some(1000),
            safe_update: true,
            ..Self::default()
        };
        let variables = Environment::new(variables);
        variables.apply(&mut settings)?;
        variables.warn_of_what_has_no_effect();
        let api = config.section("api");
        let is_on = api.get("enabled").bool_or(true)?;
        if let Some(schemas) = api.get("schemas").string_list()? {
            settings.schemas = schemas;
        }
        if let Some(path) = api.get("extra_search_path").string_list()? {
            settings.extra_search_path = path;
        }
        if let Some(most) = api.get("max_rows").u32()? {
            // Zero means no bound.
            settings.max_rows = (most > 0).then_some(i64::from(most));
        }
        Ok(is_on.then_some(settings))
    }
}

fn list(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_file_rules_and_variables_fill_in() {
        let config = Config::from_toml_str("[api]\nschemas = [\"shop\"]\nmax_rows = 5\n").unwrap();
        let variables = [
            ("PGRST_DB_SCHEMAS", "other"),
            ("PGRST_DB_AGGREGATES_ENABLED", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings = RestConfig::load(&config, variables).unwrap().unwrap();
        assert_eq!(settings.schemas, ["shop"]);
        assert_eq!(settings.max_rows, Some(5));
        assert!(settings.aggregates && settings.safe_update);
        let off = Config::from_toml_str("[api]\nenabled = false\n").unwrap();
        assert!(RestConfig::load(&off, []).unwrap().is_none());
    }
}
