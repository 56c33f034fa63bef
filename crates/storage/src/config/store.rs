//! Where the bytes are when they are not files: `storage.backend` and `[storage.s3_store]`.

use std::fmt;

use ferrobase_config::{ConfigError, Section};
use rusty_s3::UrlStyle;
use url::Url;

/// A bucket of an S3-compatible store. The variables are the original's; older names of them count too.
#[derive(Clone)]
pub struct StoreConfig {
    /// Its name (`STORAGE_S3_BUCKET`).
    pub bucket: String,
    /// Address of the store (`STORAGE_S3_ENDPOINT`); Amazon's for the region when not given.
    pub endpoint: Url,
    /// Its region (`STORAGE_S3_REGION`).
    pub region: String,
    /// The bucket is part of the path and not of the host (`STORAGE_S3_FORCE_PATH_STYLE`).
    pub force_path_style: bool,
    /// Before the names of all objects, so that several projects can share a bucket.
    pub prefix: String,
    /// Who asks (`AWS_ACCESS_KEY_ID`).
    pub access_key_id: String,
    /// The secret to it (`AWS_SECRET_ACCESS_KEY`).
    pub secret_access_key: String,
    /// A token that belongs to them (`AWS_SESSION_TOKEN`).
    pub session_token: Option<String>,
    /// Connections that are kept (`STORAGE_S3_MAX_SOCKETS`).
    pub max_sockets: usize,
    /// Bytes of a part of a large upload (`STORAGE_S3_UPLOAD_PART_SIZE`). Twice as many are in memory for each upload.
    pub part_size: u64,
    /// Seconds after which what a dead process left behind is removed.
    pub abandoned_seconds: u64,
}

impl fmt::Debug for StoreConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the keys.
        formatter
            .debug_struct("StoreConfig")
            .field("bucket", &self.bucket)
            .field("endpoint", &self.endpoint.as_str())
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl StoreConfig {
    /// Reads the settings; `None` where bytes are files.
    pub(super) fn load(storage: &Section<'_>) -> Result<Option<Self>, ConfigError> {
        let backend = storage
            .get("backend")
            .or_env("STORAGE_BACKEND")
            .one_of_or(&["file", "s3"], "file")?;
        if backend != "s3" {
            return Ok(None);
        }
        let section = storage.section("s3_store");
        let text = |name: &str, variables: &[&str]| -> Result<Option<String>, ConfigError> {
            let key = variables
                .iter()
                .fold(section.get(name), |key, variable| key.or_env(variable));
            Ok(key.string()?.filter(|text| !text.is_empty()))
        };
        let needed = |name: &str, variables: &[&str]| -> Result<String, ConfigError> {
            let variable = variables.first().copied().unwrap_or_default();
            text(name, variables)?.ok_or_else(|| {
                section.invalid(
                    name,
                    format!("a value, or the variable {variable}: the backend is s3"),
                )
            })
        };
        let region = text("region", &["STORAGE_S3_REGION", "REGION", "AWS_REGION"])?;
        let region = region.unwrap_or_else(|| "us-east-1".to_owned());
        let endpoint = text("endpoint", &["STORAGE_S3_ENDPOINT", "GLOBAL_S3_ENDPOINT"])?
            .unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        // The last segment of a path counts only before a slash.
        let endpoint = Url::parse(&format!("{}/", endpoint.trim_end_matches('/')))
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let part_size = section
            .get("part_size")
            .or_env("STORAGE_S3_UPLOAD_PART_SIZE")
            .byte_size_or(8 << 20)?;
        if !((5 << 20)..=(512 << 20)).contains(&part_size) {
            return Err(section.invalid("part_size", "5 MB to 512 MB"));
        }
        let abandoned_seconds = section.get("abandoned_seconds").u64_or(3600)?;
        if !(10..=86_400 * 7).contains(&abandoned_seconds) {
            return Err(section.invalid("abandoned_seconds", "10 seconds to a week"));
        }
        let max_sockets = section
            .get("max_sockets")
            .or_env("STORAGE_S3_MAX_SOCKETS")
            .u64_or(200)?;
        Ok(Some(Self {
            bucket: needed("bucket", &["STORAGE_S3_BUCKET", "GLOBAL_S3_BUCKET"])?,
            endpoint: endpoint.ok_or_else(|| section.invalid("endpoint", "an http or https URL"))?,
            region,
            force_path_style: section
                .get("force_path_style")
                .or_env("STORAGE_S3_FORCE_PATH_STYLE")
                .or_env("GLOBAL_S3_FORCE_PATH_STYLE")
                .bool_or(false)?,
            prefix: text("prefix", &[])?.unwrap_or_default(),
            access_key_id: needed("access_key_id", &["AWS_ACCESS_KEY_ID"])?,
            secret_access_key: needed("secret_access_key", &["AWS_SECRET_ACCESS_KEY"])?,
            session_token: text("session_token", &["AWS_SESSION_TOKEN"])?,
            max_sockets: usize::try_from(max_sockets).unwrap_or(usize::MAX),
            part_size,
            abandoned_seconds,
        }))
    }

    /// How the bucket is named in URLs.
    pub fn style(&self) -> UrlStyle {
        if self.force_path_style {
            UrlStyle::Path
        } else {
            UrlStyle::VirtualHost
        }
    }
}
