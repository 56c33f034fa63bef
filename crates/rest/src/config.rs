//! Settings of the data API: those of PostgREST (rest.md section 23), under its own environment names.

use std::time::Duration;

mod claim_path;
mod database;
mod environment;
mod project;
mod tokens;

pub(crate) use claim_path::ClaimPath;
pub(crate) use database::read as read_database;
pub use environment::{Environment, SettingError};
pub use project::ProjectError;
pub(crate) use tokens::TokenSettings;

/// How transactions end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionEnd {
    /// They last.
    Commit,
    /// They last, unless the request wants otherwise.
    CommitAllowOverride,
    /// They are undone.
    Rollback,
    /// They are undone, unless the request wants otherwise.
    RollbackAllowOverride,
}

impl TransactionEnd {
    /// Whether `Prefer: tx` counts.
    pub fn allows_override(self) -> bool {
        matches!(self, Self::CommitAllowOverride | Self::RollbackAllowOverride)
    }

    /// Whether transactions are undone by default.
    pub fn is_rollback(self) -> bool {
        matches!(self, Self::Rollback | Self::RollbackAllowOverride)
    }
}

/// What the root document shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenApiMode {
    /// What the caller's role may touch.
    FollowPrivileges,
    /// Everything.
    IgnorePrivileges,
    /// There is none.
    Disabled,
}

/// The settings.
#[derive(Debug, Clone)]
pub struct RestConfig {
    /// `db-schemas`: exposed schemas, the first is the default.
    pub schemas: Vec<String>,
    /// `db-extra-search-path`
    pub extra_search_path: Vec<String>,
    /// `db-anon-role`; `None` = requests without a token are refused.
    pub anon_role: Option<String>,
    /// `db-max-rows`
    pub max_rows: Option<i64>,
    /// `db-pre-request`: schema and name of a function that runs before each request.
    pub pre_request: Option<FunctionName>,
    /// `db-root-spec`: function that answers the root.
    pub root_spec: Option<FunctionName>,
    /// `db-config`: settings of the login in the database (`pgrst.*`) win over these.
    pub reads_database: bool,
    /// `db-pre-config`: function that makes further such settings.
    pub pre_config: Option<FunctionName>,
    /// `db-tx-end`
    pub transaction_end: TransactionEnd,
    /// `db-aggregates-enabled`
    pub aggregates: bool,
    /// `db-plan-enabled`
    pub plans: bool,
    /// `db-hoisted-tx-settings`
    pub hoisted_settings: Vec<String>,
    /// `jwt-role-claim-key`
    pub role_claim: ClaimPath,
    /// `jwt-secret` and what belongs to it; `None` = a gateway verifies tokens, and no setting in the database changes how.
    pub tokens: Option<TokenSettings>,
    /// `openapi-mode`
    pub openapi_mode: OpenApiMode,
    /// `openapi-security-active`
    pub openapi_security: bool,
    /// `openapi-server-proxy-uri`
    pub openapi_proxy: Option<String>,
    /// Address in the root document without a proxy: host and port.
    pub address: (String, u16),
    /// `server-cors-allowed-origins`; empty = any.
    pub cors_origins: Vec<String>,
    /// `server-timing-enabled`
    pub server_timing: bool,
    /// `server-trace-header`
    pub trace_header: Option<String>,
    /// `client-error-verbosity` is not `minimal`.
    pub verbose_errors: bool,
    /// `url-use-legacy-target-names`
    pub legacy_target_names: bool,
    /// `app.settings.*`
    pub app_settings: Vec<(String, String)>,
    /// Refuse UPDATE and DELETE without filters (`safeupdate` in hosted databases).
    pub safe_update: bool,
    /// `db-channel`; `None` = not listened to.
    pub channel: Option<String>,
    /// Most connections for requests.
    pub pool_size: usize,
    /// Longest wait for a connection.
    pub pool_wait: Duration,
    /// Statements stay prepared.
    pub prepared_statements: bool,
    /// Everything of a request goes to the database together.
    pub pipeline: bool,
    /// Largest request body, in bytes.
    pub max_body: usize,
}

/// A function's name, perhaps with its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionName {
    /// Schema; `None` = wherever the search path finds it.
    pub schema: Option<String>,
    /// Name.
    pub name: String,
}

impl FunctionName {
    /// `name` or `schema.name`.
    pub fn read(text: &str) -> Self {
        match text.split_once('.') {
            Some((schema, name)) => Self {
                schema: Some(schema.to_owned()),
                name: name.to_owned(),
            },
            None => Self {
                schema: None,
                name: text.to_owned(),
            },
        }
    }
}

impl Default for RestConfig {
    /// PostgREST's defaults.
    fn default() -> Self {
        Self {
            schemas: vec!["public".to_owned()],
            extra_search_path: vec!["public".to_owned()],
            anon_role: None,
            max_rows: None,
            pre_request: None,
            root_spec: None,
            reads_database: true,
            pre_config: None,
            transaction_end: TransactionEnd::Commit,
            aggregates: false,
            plans: false,
            hoisted_settings: [
                "statement_timeout",
                "plan_filter.statement_cost_limit",
                "default_transaction_isolation",
            ]
            .map(str::to_owned)
            .to_vec(),
            role_claim: ClaimPath::default(),
            tokens: None,
            openapi_mode: OpenApiMode::FollowPrivileges,
            openapi_security: false,
            openapi_proxy: None,
            address: ("127.0.0.1".to_owned(), 3000),
            cors_origins: Vec::new(),
            server_timing: false,
            trace_header: None,
            verbose_errors: true,
            legacy_target_names: true,
            app_settings: Vec::new(),
            safe_update: false,
            channel: Some("pgrst".to_owned()),
            pool_size: 10,
            pool_wait: Duration::from_secs(10),
            prepared_statements: true,
            pipeline: true,
            max_body: 64 * 1024 * 1024,
        }
    }
}

impl RestConfig {
    /// Nothing is at the root, not even the function that would otherwise answer there.
    pub(crate) fn root_is_disabled(&self) -> bool {
        self.openapi_mode == OpenApiMode::Disabled
    }
}
