//! Codes and links: asking for them and redeeming them (auth.md section 9).

mod existing;
pub(super) mod magiclink;
pub(super) mod otp;
pub(super) mod reauthenticate;
pub(super) mod recover;
pub(super) mod resend;
mod sms;
pub(super) mod verify;
pub(super) mod verify_link;
