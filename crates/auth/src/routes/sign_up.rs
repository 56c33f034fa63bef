//! New users.

mod anonymous;
pub(super) mod signup;
