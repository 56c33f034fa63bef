//! `/user/oauth/grants`: what the user allowed to clients of our OAuth server (auth.md section 16).

pub(in crate::routes) mod list;
pub(in crate::routes) mod revoke;
