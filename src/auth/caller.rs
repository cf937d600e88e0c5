//! What shows that whoever sends a code is the one who gave the password.

use std::net::IpAddr;

use entity::challenge;

use super::{ChallengeId, Client, SameAddress};

/// Who sends a code.
#[derive(Clone, Debug)]
pub struct Caller {
    /// From where.
    pub client: Client,
    /// `challengeId` of the request; if it is there, nothing else counts.
    pub challenge_id: Option<String>,
    /// Ids that the browser's session cookie holds.
    pub session_challenges: Vec<String>,
    /// Value of the known-browser cookie, as it came.
    pub known_browser: Option<String>,
}

impl Caller {
    /// The row of the challenge that the caller names.
    pub(super) fn shown_challenge(&self) -> Option<String> {
        self.challenge_id.as_deref().map(|id| ChallengeId::shown(id).digest())
    }

    /// Whether the caller has shown that the challenge is theirs: by its id, by the session cookie set at login, or by
    /// the address of the login.
    pub(super) fn owns(&self, challenge: &challenge::Model, rule: SameAddress) -> bool {
        if let Some(shown) = self.shown_challenge() {
            return shown == challenge.id;
        }
        let in_session = |id: &String| ChallengeId::shown(id).digest() == challenge.id;
        self.session_challenges.iter().any(in_session)
            || is_same_address(&challenge.client_address, self.client.address, rule)
    }
}

fn is_same_address(stored: &str, address: IpAddr, rule: SameAddress) -> bool {
    let Ok(stored) = stored.parse::<IpAddr>() else { return false };
    match rule {
        SameAddress::Exact => stored == address,
        SameAddress::Prefix => is_same_prefix(stored, address),
        SameAddress::Off => false,
    }
}

fn is_same_prefix(a: IpAddr, b: IpAddr) -> bool {
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()) >> 8 == 0,
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()) >> 64 == 0,
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_24_of_ipv4_and_a_64_of_ipv6() {
        let same = |a: &str, b: &str, rule| is_same_address(a, b.parse().unwrap(), rule);

        assert!(same("192.0.2.7", "192.0.2.200", SameAddress::Prefix));
        assert!(!same("192.0.2.7", "192.0.3.7", SameAddress::Prefix));
        assert!(same("2001:db8::1", "2001:db8::ffff:1", SameAddress::Prefix));
        assert!(!same("2001:db8::1", "2001:db8:0:1::1", SameAddress::Prefix));
        assert!(!same("192.0.2.7", "192.0.2.8", SameAddress::Exact));
        assert!(!same("192.0.2.7", "192.0.2.7", SameAddress::Off));
    }
}
