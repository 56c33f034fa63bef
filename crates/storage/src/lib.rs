//! The Storage service: buckets and objects in the dialect of Supabase Storage.
//!
//! Rows live in the `storage` schema under row-level security, bytes in [`blobs`] under the version that a row names. Start
//! reading at [`routes`], the table of endpoints. [`uploading`] is the way of an upload, [`reading`] of an answer,
//! [`permission`] how a caller's rights are found out, [`sweeping`] what removes blobs that no row names any more. [`store`]
//! is all SQL, [`scope`] how a statement runs as the caller, [`error`] what a refusal looks like.
//!
//! Section numbers in comments refer to `specs/storage.md`.

pub mod ask;
pub mod blobs;
pub mod caller;
pub mod config;
pub mod copying;
pub mod error;
pub mod fields;
pub mod images;
pub mod incoming;
pub mod locks;
pub mod model;
pub mod multipart;
pub mod permission;
pub mod reading;
pub mod removing;
pub mod resuming;
pub mod routes;
pub mod s3;
pub mod scope;
pub mod seeding;
pub mod signing;
pub mod state;
pub mod store;
pub mod sweeping;
pub mod uploading;

pub use config::StorageConfig;
pub use error::StorageError;
pub use routes::answer;
pub use s3::identity::S3Keys;
pub use seeding::seed;
pub use state::{Parts, State};
pub use sweeping::run_tasks;
