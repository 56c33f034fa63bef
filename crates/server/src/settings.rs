//! The sections that belong to the composition itself: `[api]`, `[db]`, `[local_smtp]` and the keys of `[auth]`.

use std::path::PathBuf;

use ferrobase_config::{Config, ConfigError};
use ferrobase_jwt::{GivenKeys, KeyRing};
use ferrobase_workflow::WorkflowConfig;
use serde_json::Value;
use url::Url;

mod third_party;

pub(crate) use third_party::ThirdParty;

/// Shortest JWT secret in characters, as the Supabase CLI demands.
const SHORTEST_SECRET: usize = 16;

/// Settings of the server.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Names the project where its data cannot live in its own folder.
    pub(crate) project_id: String,
    /// Port of the API.
    pub(crate) api_port: u16,
    /// Address of the API as browsers see it; from host and port when unset.
    pub(crate) external_url: Option<Url>,
    /// Port of the managed database.
    pub(crate) db_port: u16,
    /// The project's own SQL.
    pub(crate) workflow: WorkflowConfig,
    /// Most connections of a service.
    pub(crate) max_connections: usize,
    /// Port of the inbox; `None` = off.
    pub(crate) inbox_port: Option<u16>,
    /// The Auth service is on.
    pub(crate) auth_enabled: bool,
    /// Life of access tokens in seconds, for the database.
    pub(crate) jwt_expiry: u64,
    /// Keys that are given.
    pub(crate) given_keys: GivenKeys,
    /// Where signing keys come from; the project's own when `None`.
    pub(crate) signing_keys: Option<SigningKeys>,
    /// Whose tokens are accepted beside our own.
    pub(crate) third_parties: Vec<ThirdParty>,
    /// User tokens are signed with the secret.
    pub(crate) sign_with_secret: bool,
}

/// Signing keys that are given.
#[derive(Debug)]
pub(crate) enum SigningKeys {
    /// In a file, which may change while we run.
    File(PathBuf),
    /// In a setting.
    Given(Vec<Value>),
}

impl Settings {
    pub(crate) fn load(config: &Config) -> Result<Self, ConfigError> {
        let (top, api, db, auth) = (
            config.section(""),
            config.section("api"),
            config.section("db"),
            config.section("auth"),
        );
        let external_url = match api.get("external_url").or_env("API_EXTERNAL_URL").string()? {
            None => None,
            Some(text) => {
                Some(external_url(&text).ok_or_else(|| api.invalid("external_url", "an http or https URL"))?)
            }
        };
        Ok(Self {
            project_id: top.get("project_id").string_or(&folder_name(config))?,
            api_port: api.get("port").u16_or(54321)?,
            external_url,
            db_port: db.get("port").u16_or(54322)?,
            workflow: WorkflowConfig::load(config)?,
            max_connections: usize::from(db.get("max_connections_per_service").u16_or(10)?.max(1)),
            inbox_port: inbox_port(config)?,
            auth_enabled: auth.get("enabled").bool_or(true)?,
            jwt_expiry: auth.get("jwt_expiry").or_env("GOTRUE_JWT_EXP").u64_or(3600)?,
            given_keys: given_keys(config)?,
            signing_keys: signing_keys(config)?,
            third_parties: third_party::load(config)?,
            sign_with_secret: auth
                .get("jwt_signing_algorithm")
                .one_of_or(&["ES256", "HS256"], "ES256")?
                == "HS256",
        })
    }
}

fn external_url(text: &str) -> Option<Url> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn folder_name(config: &Config) -> String {
    let workdir = config.workdir();
    let folder = workdir.canonicalize().unwrap_or_else(|_| workdir.to_owned());
    folder.file_name().map_or_else(
        || "ferrobase".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

fn inbox_port(config: &Config) -> Result<Option<u16>, ConfigError> {
    let section = config.section("local_smtp");
    let port = section.get("port").u16_or(54324)?;
    Ok(section.get("enabled").bool_or(true)?.then_some(port))
}

fn given_keys(config: &Config) -> Result<GivenKeys, ConfigError> {
    let auth = config.section("auth");
    let given = |name: &str| Ok::<_, ConfigError>(auth.get(name).string()?.filter(|key| !key.is_empty()));
    let jwt_secret = auth
        .get("jwt_secret")
        .or_env("GOTRUE_JWT_SECRET")
        .string()?
        .filter(|secret| !secret.is_empty());
    if jwt_secret
        .as_ref()
        .is_some_and(|secret| secret.chars().count() < SHORTEST_SECRET)
    {
        return Err(auth.invalid("jwt_secret", format!("at least {SHORTEST_SECRET} characters")));
    }
    let s3 = config.section("storage").section("s3_protocol");
    let of_s3 = |name: &str, variable: &str| {
        let key = s3.get(name).or_env(variable).string()?;
        Ok::<_, ConfigError>(key.filter(|key| !key.is_empty()))
    };
    Ok(GivenKeys {
        jwt_secret,
        anon_key: given("anon_key")?,
        service_role_key: given("service_role_key")?,
        publishable_key: given("publishable_key")?,
        secret_key: given("secret_key")?,
        s3_access_key_id: of_s3("access_key_id", "S3_PROTOCOL_ACCESS_KEY_ID")?,
        s3_secret_access_key: of_s3("secret_access_key", "S3_PROTOCOL_ACCESS_KEY_SECRET")?,
    })
}

/// The file named by `auth.signing_keys_path` (resolved like every path of the file), or the variable `GOTRUE_JWT_KEYS`: an array of
/// JWKs.
fn signing_keys(config: &Config) -> Result<Option<SigningKeys>, ConfigError> {
    let auth = config.section("auth");
    let path = auth.get("signing_keys_path").string()?;
    if let Some(path) = path.filter(|path| !path.is_empty()) {
        let path = config.resolve_path(path);
        KeyRing::read_file(&path).map_err(|error| {
            auth.invalid(
                "signing_keys_path",
                format!("a file with a JSON array of JWKs ({error})"),
            )
        })?;
        return Ok(Some(SigningKeys::File(path)));
    }
    let keys = auth.get("jwt_keys").or_env("GOTRUE_JWT_KEYS").string()?;
    keys.filter(|keys| !keys.is_empty())
        .map(|text| {
            serde_json::from_str(&text)
                .map(SigningKeys::Given)
                .map_err(|_| auth.invalid("jwt_keys", "a JSON array of JWKs"))
        })
        .transpose()
}
