//! A challenge as its caller sees it.

use entity::{challenge, user};
use sea_orm::EntityTrait as _;

use super::codes::{self, Outgoing};
use super::offers::{Offers, is_sent};
use super::{ChallengeId, status};
use crate::auth::error::Trouble;
use crate::auth::{Auth, Busy, Unexpected, recovery, user as users};
use crate::clock::Timestamp;
use crate::courier::{Carrier, DeliveryState, DeliveryStatus};
use crate::otp::{Offer, ProviderKind, totp};

/// How a challenge stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeStatus {
    /// It waits for its code.
    Pending,
    /// A code has used it up.
    Verified,
    /// It was ended, its guesses are spent, or its account has changed.
    Closed,
    /// Its time is over.
    Expired,
}

/// A challenge as its caller sees it.
pub struct ChallengeView {
    /// Its public id.
    pub id: ChallengeId,
    /// How it stands.
    pub status: ChallengeStatus,
    /// From when on it is dead.
    pub expires_at: Timestamp,
    /// The provider in use.
    pub provider: String,
    /// Its kind.
    pub kind: ProviderKind,
    /// Where its code went, masked; empty for a code that is not sent.
    pub destination: String,
    /// Characters of its code.
    pub code_length: usize,
    /// Guesses that are still judged.
    pub attempts_left: u32,
    /// Messages that may still be sent.
    pub sends_left: u32,
    /// When the next message may be sent to the same destination; `None` for a code that is not sent.
    pub resend_at: Option<Timestamp>,
    /// How far the message has come; `None` for a code that is not sent.
    pub delivery: Option<DeliveryState>,
    /// The providers that are valid for the user now, in order.
    pub providers: Vec<Offer>,
}

/// Why a challenge is not shown.
#[derive(Debug, thiserror::Error)]
pub enum ChallengeError {
    /// There is none with that id.
    #[error("no such challenge")]
    NotFound,
    /// Try again later.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A fault.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

/// A challenge and whose it is.
pub(in crate::auth) struct Known {
    pub row: challenge::Model,
    pub user: user::Model,
}

/// A code that was sent, and what became of it.
struct Sent {
    digits: usize,
    /// Where it went, in full.
    to: Option<String>,
    carrier: Option<Carrier>,
    delivery: Option<DeliveryState>,
    resend_at: Option<Timestamp>,
}

impl Auth {
    /// Shows a challenge to whoever has its id.
    ///
    /// # Errors
    /// [`ChallengeError`]
    pub async fn challenge(&self, id: &ChallengeId) -> Result<ChallengeView, ChallengeError> {
        let known = self.find_challenge(id).await?.ok_or(ChallengeError::NotFound)?;
        let offers = self.offers_for(&known.user).await?;
        Ok(self.view(id.clone(), known.row, &known.user, offers).await?)
    }

    /// The challenge of a sign-in with that id, and its user.
    pub(in crate::auth) async fn find_challenge(&self, id: &ChallengeId) -> Result<Option<Known>, Trouble> {
        let db = &self.0.db;
        let found = challenge::Entity::find_by_id(id.digest()).one(db).await?;
        let Some(row) = found.filter(|row| row.purpose == "sign_in") else { return Ok(None) };
        let user = users::find(db, row.user_id).await?;
        Ok(user.map(|user| Known { row, user }))
    }

    /// How a challenge of `user` stands now.
    pub(in crate::auth) fn standing(&self, row: &challenge::Model, user: &user::Model) -> ChallengeStatus {
        let now = self.0.clock.now();
        let status = status(row, self.0.two_step.load().max_attempts, now);
        let has_changed = user.disabled_at.is_some() || user.security_stamp != row.security_stamp;
        if status == ChallengeStatus::Pending && has_changed { ChallengeStatus::Closed } else { status }
    }

    /// The view of a challenge whose user has these offers.
    pub(super) async fn view(
        &self,
        id: ChallengeId,
        row: challenge::Model,
        user: &user::Model,
        offers: Offers,
    ) -> Result<ChallengeView, Trouble> {
        let (house, two_step) = (&*self.0, self.0.two_step.load_full());
        let code = codes::find(&house.db, &row.id, &row.provider).await?.filter(codes::is_good);
        let Some(code) = code else { return Ok(self.assemble(id, row, user, offers, None)) };
        let fate = house.courier.fate(&house.db, &[code.message_id]).await?.remove(&code.message_id);
        let to = codes::destination(&house.vault, &code);
        let resend_at = match &to {
            Some(to) => {
                let (span, now) = (two_step.resend_after.0, house.clock.now());
                let last = codes::last_sent(&house.db, &house.vault, user.id, to, span, now).await?;
                Some(last.map_or(now, |last| last.plus(span)))
            }
            None => None,
        };
        let digits = self.digits_of(Some(&code));
        let (delivery, carrier) = fate.map(|fate| (fate.state, fate.carrier)).unzip();
        let sent = Sent { digits, to, carrier, delivery, resend_at };
        Ok(self.assemble(id, row, user, offers, Some(sent)))
    }

    /// The view of a challenge that was stored just now: nothing of it needs to be read.
    pub(super) fn view_of_new(
        &self,
        id: ChallengeId,
        row: challenge::Model,
        user: &user::Model,
        offers: Offers,
        sent: Option<(&Outgoing, DeliveryStatus)>,
    ) -> ChallengeView {
        let at = Timestamp::from_millis(row.created_at);
        let resend_at = Some(at.plus(self.0.two_step.load().resend_after.0));
        let sent = sent.map(|(outgoing, status)| Sent {
            digits: outgoing.code.expose().len(),
            to: Some(outgoing.message.to.clone()),
            carrier: Some(outgoing.message.carrier.clone()),
            delivery: Some(DeliveryState { status, at }),
            resend_at,
        });
        self.assemble(id, row, user, offers, sent)
    }

    fn assemble(
        &self,
        id: ChallengeId,
        row: challenge::Model,
        user: &user::Model,
        offers: Offers,
        sent: Option<Sent>,
    ) -> ChallengeView {
        let two_step = self.0.two_step.load_full();
        let offer = offers.find(&row.provider);
        let kind = offer.map_or_else(|| self.kind_of(&row.provider, sent.as_ref()), |offer| offer.kind);
        let went_to = sent.as_ref().and_then(|sent| kind.mask(sent.to.as_deref()?));
        let would_go_to = || offer.map(|offer| offer.destination.masked.clone());
        let left = |most: u32, used: i32| most.saturating_sub(u32::try_from(used).unwrap_or(0));
        ChallengeView {
            id,
            status: self.standing(&row, user),
            expires_at: Timestamp::from_millis(row.expires_at),
            kind,
            destination: went_to.or_else(would_go_to).unwrap_or_default(),
            code_length: code_length(kind, sent.as_ref().map_or(two_step.code_length, |sent| sent.digits)),
            attempts_left: left(two_step.max_attempts, row.attempts),
            sends_left: left(two_step.max_sends, row.sends),
            resend_at: sent.as_ref().and_then(|sent| sent.resend_at),
            delivery: sent.and_then(|sent| sent.delivery),
            provider: row.provider,
            providers: offers.all,
        }
    }

    /// The kind of a provider that offers the user nothing any more.
    fn kind_of(&self, provider: &str, sent: Option<&Sent>) -> ProviderKind {
        if provider == super::RECOVERY_CODE {
            return ProviderKind::Recovery;
        }
        let known = self.0.providers.load().kind_of(provider);
        // One that is registered no more and has sent a code was of a kind that sends: the one that its carrier serves.
        known.filter(|kind| is_sent(*kind) || sent.is_none()).unwrap_or_else(|| {
            match sent.and_then(|sent| sent.carrier.as_ref()) {
                Some(Carrier::Mail) => ProviderKind::Email,
                Some(Carrier::Sms(_)) => ProviderKind::Sms,
                Some(Carrier::Custom(_)) | None => ProviderKind::Custom,
            }
        })
    }
}

/// Characters of a code of that kind.
pub(in crate::auth) fn code_length(kind: ProviderKind, drawn: usize) -> usize {
    match kind {
        ProviderKind::Authenticator => totp::DIGITS,
        ProviderKind::Recovery => recovery::CHARACTERS,
        ProviderKind::Email | ProviderKind::Sms | ProviderKind::Custom => drawn,
    }
}
