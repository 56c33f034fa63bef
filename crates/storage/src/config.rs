//! The section `[storage]` of the configuration.

use std::path::PathBuf;

use ferrobase_config::{Config, ConfigError, Section};

use crate::model::{names, rules};

mod store;

pub use store::StoreConfig;

/// Settings of the service.
#[derive(Debug, Clone)]
pub struct StorageConfig {
    /// The service is on.
    pub enabled: bool,
    /// Largest object in bytes (`storage.file_size_limit`, `UPLOAD_FILE_SIZE_LIMIT`).
    pub file_size_limit: u64,
    /// Where the bytes of objects are; in the project's state folder when `None` (`STORAGE_FILE_BACKEND_PATH`).
    pub path: Option<PathBuf>,
    /// The S3-compatible store where they are instead (`storage.backend = "s3"`, `STORAGE_BACKEND`).
    pub store: Option<StoreConfig>,
    /// Life of a signed upload URL in seconds (`UPLOAD_SIGNED_URL_EXPIRATION_TIME`).
    pub signed_upload_seconds: u64,
    /// The S3 protocol.
    pub s3: S3Config,
    /// Images in other sizes and formats.
    pub images: ImageConfig,
    /// Life of a resumable upload in milliseconds, from its beginning (`TUS_URL_EXPIRY_MS`).
    pub resumable_milliseconds: u64,
    /// What clients call this server, for the URLs of uploads; what a request says that it asked for when `None`.
    pub public_url: Option<String>,
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

/// Settings of image transformations (`storage.image_transformation`).
#[derive(Debug, Clone)]
pub struct ImageConfig {
    /// The routes are there.
    pub enabled: bool,
    /// Least width and height in pixels (`IMAGE_TRANSFORMATION_LIMIT_MIN_SIZE`).
    pub min_size: u32,
    /// Greatest width and height in pixels (`IMAGE_TRANSFORMATION_LIMIT_MAX_SIZE`).
    pub max_size: u32,
    /// Largest source in bytes.
    pub source_bytes: u64,
    /// Most pixels of a source.
    pub source_pixels: u64,
    /// Bytes of memory for results.
    pub cache_size: u64,
}

impl Default for ImageConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            min_size: 1,
            max_size: 2000,
            source_bytes: 25_000_000,
            source_pixels: 50_000_000,
            cache_size: 64 << 20,
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

impl ImageConfig {
    fn load(section: &Section<'_>) -> Result<Self, ConfigError> {
        let usual = Self::default();
        let pixels = |name, env, usual: u32| -> Result<u32, ConfigError> {
            let number = section.get(name).or_env(env).u64_or(usual.into())?;
            u32::try_from(number)
                .ok()
                .filter(|number| (1..=16_383).contains(number))
                .ok_or_else(|| section.invalid(name, "a number of pixels from 1 to 16383"))
        };
        let made = Self {
            enabled: section
                .get("enabled")
                .or_env("IMAGE_TRANSFORMATION_ENABLED")
                .bool_or(usual.enabled)?,
            min_size: pixels("min_size", "IMAGE_TRANSFORMATION_LIMIT_MIN_SIZE", usual.min_size)?,
            max_size: pixels("max_size", "IMAGE_TRANSFORMATION_LIMIT_MAX_SIZE", usual.max_size)?,
            source_bytes: section.get("max_source_size").byte_size_or(usual.source_bytes)?,
            source_pixels: section.get("max_source_pixels").u64_or(usual.source_pixels)?,
            cache_size: section.get("cache_size").byte_size_or(usual.cache_size)?,
        };
        if made.min_size > made.max_size {
            return Err(section.invalid("min_size", "at most max_size"));
        }
        Ok(made)
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
            store: StoreConfig::load(&section)?,
            signed_upload_seconds: section
                .get("signed_upload_expiration")
                .or_env("UPLOAD_SIGNED_URL_EXPIRATION_TIME")
                .u64_or(7200)?,
            s3: S3Config::load(&section.section("s3_protocol"))?,
            images: ImageConfig::load(&section.section("image_transformation"))?,
            resumable_milliseconds: section
                .get("resumable_upload_expiration_ms")
                .or_env("TUS_URL_EXPIRY_MS")
                .u64_or(24 * 3600 * 1000)?,
            public_url: config
                .section("api")
                .get("external_url")
                .or_env("API_EXTERNAL_URL")
                .string()?
                .filter(|url| !url.is_empty()),
            buckets: buckets.collect::<Result<_, _>>()?,
        })
    }
}
