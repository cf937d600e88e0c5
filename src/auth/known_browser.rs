//! The known-browser cookie: an owner who has signed in with this browser before is not locked out by others.
//!
//! The value is sealed and holds, per account, a random mark. A mark is a lane of its own: wrong passwords given with it
//! are counted on it and on nothing else, so a stolen cookie buys no more guesses than a lock allows.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::lockout::Lane;
use crate::vault::{Use, Vault, random_bytes};

/// Accounts that one browser is known for; the oldest makes room for the newest.
const MOST_MARKS: usize = 8;
const MARK_BYTES: usize = 32;
const CONTEXT: &[u8] = b"known-browser";

/// The marks of one browser, newest first.
#[derive(Default)]
pub(super) struct KnownBrowser(Vec<Mark>);

#[derive(Clone)]
struct Mark {
    user_id: Uuid,
    lane: Uuid,
}

impl KnownBrowser {
    /// Reads a cookie; one that is missing, altered or of another installation knows nobody.
    pub(super) fn read(vault: &Vault, cookie: Option<&str>) -> Self {
        let longest = (MOST_MARKS * MARK_BYTES + 64) * 2;
        let opened = cookie
            .filter(|value| value.len() <= longest)
            .and_then(|value| URL_SAFE_NO_PAD.decode(value).ok())
            .and_then(|sealed| vault.open(Use::Cookie, CONTEXT, &sealed).ok());
        let Some(bytes) = opened else { return Self::default() };
        Self(bytes.chunks_exact(MARK_BYTES).filter_map(Mark::read).take(MOST_MARKS).collect())
    }

    /// The lane of `user_id` in this browser, if it is known for that account.
    fn lane(&self, user_id: Uuid) -> Option<Uuid> {
        self.0.iter().find(|mark| mark.user_id == user_id).map(|mark| mark.lane)
    }

    /// Where wrong passwords of `user_id` are counted in this browser, if it is known for that account.
    pub(super) fn lane_of(&self, vault: &Vault, user_id: Uuid) -> Option<Lane> {
        self.lane(user_id).map(|lane| Lane::of_browser(vault, lane, user_id))
    }

    /// The cookie after `user_id` has signed in.
    pub(super) fn remember(mut self, vault: &Vault, user_id: Uuid) -> String {
        let lane = self.lane(user_id).unwrap_or_else(|| Uuid::from_bytes(random_bytes()));
        self.0.retain(|mark| mark.user_id != user_id);
        self.0.insert(0, Mark { user_id, lane });
        self.0.truncate(MOST_MARKS);
        let bytes: Vec<u8> = self.0.iter().flat_map(Mark::write).collect();
        URL_SAFE_NO_PAD.encode(vault.seal(Use::Cookie, CONTEXT, &bytes))
    }
}

impl Mark {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (user_id, lane) = bytes.split_at_checked(16)?;
        Some(Self { user_id: Uuid::from_slice(user_id).ok()?, lane: Uuid::from_slice(lane).ok()? })
    }

    fn write(&self) -> [u8; MARK_BYTES] {
        let mut bytes = [0; MARK_BYTES];
        let (user_id, lane) = bytes.split_at_mut(16);
        user_id.copy_from_slice(self.user_id.as_bytes());
        lane.copy_from_slice(self.lane.as_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::MasterKey;

    #[test]
    fn a_browser_keeps_its_lane_and_forgets_the_oldest_account() {
        let vault = Vault::new(&MasterKey::generate());
        let users: Vec<Uuid> = (0..=MOST_MARKS).map(|_| Uuid::new_v4()).collect();

        let mut cookie = None;
        for user in &users {
            cookie = Some(KnownBrowser::read(&vault, cookie.as_deref()).remember(&vault, *user));
        }
        let known = KnownBrowser::read(&vault, cookie.as_deref());
        let again = known.lane(users[3]);
        let renewed = KnownBrowser::read(&vault, cookie.as_deref()).remember(&vault, users[3]);

        assert_eq!(known.lane(users[0]), None);
        assert!(again.is_some());
        assert_eq!(KnownBrowser::read(&vault, Some(&renewed)).lane(users[3]), again);
    }

    #[test]
    fn a_forged_or_foreign_cookie_knows_nobody() {
        let vault = Vault::new(&MasterKey::generate());
        let user = Uuid::new_v4();
        let foreign = KnownBrowser::default().remember(&Vault::new(&MasterKey::generate()), user);

        for cookie in [foreign.as_str(), "", "AAAA", "\u{fffd}", &"A".repeat(100_000)] {
            assert_eq!(KnownBrowser::read(&vault, Some(cookie)).lane(user), None);
        }
    }
}
