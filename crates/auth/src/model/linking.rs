//! Whose account an external identity belongs to (auth.md 12.4): the decision, without I/O.

use std::collections::BTreeMap;

use uuid::Uuid;

/// An identity that carries one of the proved addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityHit {
    /// Whose.
    pub user_id: Uuid,
    /// Its provider.
    pub provider: String,
    /// Its provider vouched for the address.
    pub verified: bool,
}

/// What is known before the decision.
#[derive(Debug, Clone, Default)]
pub struct Candidates {
    /// Owner of exactly this identity.
    pub owner: Option<Uuid>,
    /// Identities with one of the proved addresses.
    pub identities: Vec<IdentityHit>,
    /// Users (not managed by single sign-on) with one of the proved addresses.
    pub users: Vec<Uuid>,
}

/// What to do with an external identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is known: sign this user in.
    Exists(Uuid),
    /// The person is known by a proved address: add the identity to this user.
    Link(Uuid),
    /// Nobody yet.
    Create,
    /// More than one account could be meant; guessing would give one away.
    Several,
}

/// The domain of e-mail sign-in, and of every provider that has no other.
pub const DEFAULT_DOMAIN: &str = "default";

/// Providers whose identities may meet in one account. Every single sign-on connection is its own world: what its
/// administrator says about an address binds nobody else. The project can separate further ones (`domains`: provider →
/// domain).
pub fn domain<'d>(provider: &'d str, domains: &'d BTreeMap<String, String>) -> &'d str {
    if provider.starts_with("sso:") {
        provider
    } else {
        domains.get(provider).map_or(DEFAULT_DOMAIN, String::as_str)
    }
}

/// Decides for an identity at `provider`.
pub fn decide(provider: &str, domains: &BTreeMap<String, String>, candidates: &Candidates) -> Decision {
    if let Some(owner) = candidates.owner {
        return Decision::Exists(owner);
    }
    let own_domain = domain(provider, domains);
    // An identity whose address nobody vouched for says nothing: its owner may have typed a stranger's address.
    let mut users: Vec<Uuid> = candidates
        .identities
        .iter()
        .filter(|hit| hit.verified && domain(&hit.provider, domains) == own_domain)
        .map(|hit| hit.user_id)
        .collect();
    if own_domain == DEFAULT_DOMAIN {
        users.extend(&candidates.users);
    }
    users.sort_unstable();
    users.dedup();
    match users.as_slice() {
        [] => Decision::Create,
        [one] => Decision::Link(*one),
        _ => Decision::Several,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Uuid = Uuid::from_u128(1);
    const B: Uuid = Uuid::from_u128(2);

    fn hit(user_id: Uuid, provider: &str, verified: bool) -> IdentityHit {
        IdentityHit {
            user_id,
            provider: provider.to_owned(),
            verified,
        }
    }

    #[test]
    fn decisions() {
        let table = [
            ("nobody", "github", None, vec![], vec![], Decision::Create),
            (
                "known identity wins",
                "github",
                Some(B),
                vec![hit(A, "google", true)],
                vec![A],
                Decision::Exists(B),
            ),
            (
                "user by address",
                "github",
                None,
                vec![],
                vec![A],
                Decision::Link(A),
            ),
            (
                "identity by address",
                "github",
                None,
                vec![hit(A, "google", true)],
                vec![],
                Decision::Link(A),
            ),
            (
                "both are one",
                "github",
                None,
                vec![hit(A, "google", true), hit(A, "email", true)],
                vec![A],
                Decision::Link(A),
            ),
            ("two users", "github", None, vec![], vec![A, B], Decision::Several),
            (
                "identity and user differ",
                "github",
                None,
                vec![hit(B, "google", true)],
                vec![A],
                Decision::Several,
            ),
            (
                "unverified identity is nothing",
                "github",
                None,
                vec![hit(A, "spotify", false)],
                vec![],
                Decision::Create,
            ),
            (
                "sso identities are apart",
                "github",
                None,
                vec![hit(A, "sso:1", true)],
                vec![],
                Decision::Create,
            ),
            (
                "sso sees only its own",
                "sso:1",
                None,
                vec![hit(A, "google", true), hit(B, "sso:1", true)],
                vec![A],
                Decision::Link(B),
            ),
            (
                "another sso",
                "sso:2",
                None,
                vec![hit(B, "sso:1", true)],
                vec![A],
                Decision::Create,
            ),
        ];
        for (what, provider, owner, identities, users, expected) in table {
            let candidates = Candidates {
                owner,
                identities,
                users,
            };
            assert_eq!(
                decide(provider, &BTreeMap::new(), &candidates),
                expected,
                "{what}"
            );
        }
    }

    #[test]
    fn named_domains_keep_to_themselves() {
        let domains = BTreeMap::from([
            ("github".to_owned(), "social".to_owned()),
            ("custom:google".to_owned(), "social".to_owned()),
        ]);
        assert_eq!(domain("github", &domains), "social");
        assert_eq!(domain("custom:github", &domains), "default");
        assert_eq!(domain("sso:1", &domains), "sso:1");
        let of = |provider: &str, identities: Vec<IdentityHit>, users: Vec<Uuid>| {
            let candidates = Candidates {
                owner: None,
                identities,
                users,
            };
            decide(provider, &domains, &candidates)
        };
        // Together inside, apart from e-mail users, from single sign-on and from everybody else.
        assert_eq!(
            of("custom:google", vec![hit(A, "github", true)], vec![]),
            Decision::Link(A)
        );
        assert_eq!(
            of("custom:google", vec![hit(A, "github", false)], vec![]),
            Decision::Create
        );
        assert_eq!(
            of("github", vec![hit(B, "email", true)], vec![B]),
            Decision::Create
        );
        assert_eq!(
            of("github", vec![hit(B, "sso:1", true)], vec![]),
            Decision::Create
        );
        assert_eq!(
            of("apple", vec![hit(A, "github", true)], vec![]),
            Decision::Create
        );
        assert_eq!(
            of(
                "github",
                vec![hit(A, "custom:google", true), hit(B, "github", true)],
                vec![]
            ),
            Decision::Several
        );
    }
}
