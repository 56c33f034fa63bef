//! All SQL of the service.

pub mod batches;
pub mod buckets;
pub mod keys;
pub mod listing;
pub mod locks;
pub mod multipart;
pub mod objects;
pub mod pending;
pub mod scope;
pub mod uploads;
