//! The section `[storage]` of the configuration.

use std::path::PathBuf;

use ferrobase_config::{Config, ConfigError, Section};

use crate::model::{names, rules};

/// Settings of the service.
#[derive(Debug, Clone)]
pub struct StorageConfig {
    /// The service is on.
    pub enabled: bool,
    /// Largest object in bytes (`storage.file_size_limit`, `UPLOAD_FILE_SIZE_LIMIT`).
    pub file_size_limit: u64,
    /// Where the bytes of objects are; in the project's state folder when `None` (`STORAGE_FILE_BACKEND_PATH`).
    pub path: Option<PathBuf>,
    /// Life of a signed upload URL in seconds (`UPLOAD_SIGNED_URL_EXPIRATION_TIME`).
    pub signed_upload_seconds: u64,
    /// The S3 protocol.
    pub s3: S3Config,
    /// Buckets that a start creates.
    pub buckets: Vec<BucketConfig>,
}

/// The S3 protocol (`storage.s3_protocol`). Its keys are the project's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Config {
    /// It is spoken (`S3_PROTOCOL_ENABLED`).
    pub enabled: bool,
    /// The region of all buckets (`SERVER_REGION`).
    pub region: String,
    /// Where clients see the service, which is part of what they sign (`S3_PROTOCOL_PREFIX`).
    pub prefix: String,
    /// How much the clocks of client and server may differ, in seconds.
    pub clock_skew_seconds: u32,
}

impl Default for S3Config {
    fn default() -> Self {
        Self {
            enabled: true,
            region: "local".to_owned(),
            prefix: "/storage/v1".to_owned(),
            clock_skew_seconds: 900,
        }
    }
}

impl S3Config {
    fn load(section: &Section<'_>) -> Result<Self, ConfigError> {
        let usual = Self::default();
        let skew = section
            .get("max_clock_skew")
            .u64_or(usual.clock_skew_seconds.into())?;
        Ok(Self {
            enabled: section
                .get("enabled")
                .or_env("S3_PROTOCOL_ENABLED")
                .bool_or(usual.enabled)?,
            region: section
                .get("region")
                .or_env("SERVER_REGION")
                .string()?
                .unwrap_or(usual.region),
            prefix: section
                .get("prefix")
                .or_env("S3_PROTOCOL_PREFIX")
                .string()?
                .map_or(usual.prefix, |prefix| prefix.trim_end_matches('/').to_owned()),
            clock_skew_seconds: u32::try_from(skew)
                .map_err(|_| section.invalid("max_clock_skew", "seconds"))?,
        })
    }
}

/// A bucket of the configuration (`storage.buckets.<name>`).
#[derive(Debug, Clone)]
pub struct BucketConfig {
    /// Name and id.
    pub name: String,
    /// Everybody may read.
    pub public: bool,
    /// Largest object in bytes.
    pub file_size_limit: Option<u64>,
    /// Types that it takes; `None` = all.
    pub allowed_mime_types: Option<Vec<String>>,
    /// A folder whose files are put into it.
    pub objects_path: Option<PathBuf>,
}

impl StorageConfig {
    /// Reads the section.
    pub fn load(config: &Config) -> Result<Self, ConfigError> {
        let section = config.section("storage");
        let buckets = section.section("buckets");
        let buckets = buckets.children().into_iter().map(|name| {
            if names::check_new_bucket(&name).is_err() {
                return Err(section.invalid("buckets", "names of buckets"));
            }
            let section = buckets.section(&name);
            let allowed_mime_types = section.get("allowed_mime_types").string_list()?;
            let is_right = |list: &Vec<String>| list.iter().all(|entry| rules::is_mime_pattern(entry));
            if !allowed_mime_types.as_ref().is_none_or(is_right) {
                return Err(
                    section.invalid("allowed_mime_types", "types such as \"image/png\" or \"image/*\"")
                );
            }
            Ok(BucketConfig {
                name,
                public: section.get("public").bool_or(false)?,
                file_size_limit: section.get("file_size_limit").byte_size()?,
                allowed_mime_types,
                objects_path: section
                    .get("objects_path")
                    .string()?
                    .filter(|path| !path.is_empty())
                    .map(|path| config.resolve_path(path)),
            })
        });
        Ok(Self {
            enabled: section.get("enabled").bool_or(true)?,
            file_size_limit: section
                .get("file_size_limit")
                .or_env("UPLOAD_FILE_SIZE_LIMIT")
                .byte_size_or(50 << 20)?,
            path: section
                .get("path")
                .or_env("STORAGE_FILE_BACKEND_PATH")
                .string()?
                .filter(|path| !path.is_empty())
                .map(|path| config.resolve_path(path)),
            signed_upload_seconds: section
                .get("signed_upload_expiration")
                .or_env("UPLOAD_SIGNED_URL_EXPIRATION_TIME")
                .u64_or(7200)?,
            s3: S3Config::load(&section.section("s3_protocol"))?,
            buckets: buckets.collect::<Result<_, _>>()?,
        })
    }
}
