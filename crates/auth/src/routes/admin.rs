//! What administrators do (auth.md section 15).

pub(super) mod factors;
pub(super) mod generate_link;
pub(super) mod users;
