//! The service's SQL: probes of private channels, messages of the past, partitions.

pub(crate) mod messages;
pub(crate) mod probes;
