//! `[auth.custom_oauth]` and `[auth.custom_providers]`: providers that the project adds itself (auth.md 17.4).

use std::collections::BTreeMap;

use crate::model::custom_provider::CustomProvider;

/// Custom providers.
#[derive(Debug, Clone, Default)]
pub struct CustomProvidersConfig {
    /// Administrators may add them, and people sign in with them.
    pub enabled: bool,
    /// Most providers that administrators may add; 0 = any number.
    pub max_providers: u32,
    /// Where they send the browser back to.
    pub redirect_uri: String,
    /// Those of the settings, by identifier (`custom:<name>`).
    pub providers: BTreeMap<String, CustomProvider>,
}
