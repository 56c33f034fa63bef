//! The S3 protocol below the routes: who signed a request ([`identity`], [`sigv4`]), what its body says ([`payload`],
//! [`chunked`], [`checksum`]), and what answers look like ([`answer`], [`fault`]) (§14).
//!
//! The crate `s3s` would bring the operations' types and XML. It wants a secret for every access key, where we have tokens of
//! users whose rights are the database's, it checks neither trailers nor chunks in the way that answers of the original
//! demand, and its types are generated for all of S3. What is left to write without it is this folder.

pub mod answer;
pub mod call;
pub mod checksum;
pub mod chunked;
pub mod conditions;
pub mod fault;
pub mod identity;
pub mod metadata;
pub mod payload;
pub mod policy;
pub mod query;
pub mod sigv4;
