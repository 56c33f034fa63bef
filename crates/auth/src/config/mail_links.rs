//! Where the links of mails lead (auth.md 19.1).

/// Paths and hosts of links.
#[derive(Debug, Clone, Default)]
pub struct MailLinks {
    /// Hosts by which clients may reach the API besides its address; the one that was asked for is the one of the link.
    pub external_hosts: Vec<String>,
    /// Reference of invitations, resolved against the API's address; `/verify` below it when unset.
    pub invite: Option<String>,
    /// The same for confirmations of a sign-up.
    pub confirmation: Option<String>,
    /// The same for recovery and magic links.
    pub recovery: Option<String>,
    /// The same for changes of address.
    pub email_change: Option<String>,
}
