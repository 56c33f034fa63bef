//! The signed-in user.

mod change;
pub(super) mod logout;
pub(super) mod show;
pub(super) mod update;
