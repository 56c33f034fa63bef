//! The service about itself.

pub(super) mod deadline;
pub(super) mod health;
pub(super) mod jwks;
pub(super) mod settings;
