//! What is neither bucket nor object.

pub(super) mod cdn;
pub(super) mod health;
pub(super) mod unserved;
