//! All SQL of the service.

pub mod batches;
pub mod buckets;
pub mod listing;
pub mod objects;
pub mod pending;
pub mod scope;
