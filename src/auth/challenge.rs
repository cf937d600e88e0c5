//! The second step opens: a right password leads to a challenge and a code on its way.

use entity::{challenge, challenge_code, factor, user};
use log::info;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _,
};

use super::error::BUSY_FOR;
use super::transaction::{self, retried};
use super::window::{self, Taken};
use super::{Auth, Busy, Client, LoginError, Unexpected, user as users};
use crate::clock::Timestamp;
use crate::courier::{Message, Queued};
use crate::otp::{Account, Code, CodeContext, Offer, ProviderError, ProviderRegistry, Purpose};
use crate::vault::{self, Use, Vault};

/// The public id of a challenge, 192 random bits as base64url; the database keeps its digest.
#[derive(Clone)]
pub struct ChallengeId(String);

impl ChallengeId {
    fn draw() -> Self {
        Self(vault::random_token::<24>())
    }

    /// An id as a client shows it.
    #[must_use]
    pub fn shown(id: &str) -> Self {
        Self(id.to_owned())
    }

    /// The id as the client gets it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of the row.
    pub(super) fn digest(&self) -> String {
        vault::digest(&self.0)
    }
}

/// A challenge that was just opened.
pub struct PendingChallenge {
    /// Its public id.
    pub id: ChallengeId,
    /// The provider whose code is on its way.
    pub provider: String,
    /// The valid ones, in order.
    pub providers: Vec<Offer>,
    /// From when on it is dead.
    pub expires_at: Timestamp,
}

/// What a code is bound to besides its challenge.
pub(super) struct Binding<'a> {
    /// Digest of the challenge's id.
    pub challenge: &'a str,
    pub purpose: Purpose,
    pub provider: &'a str,
    pub destination: &'a str,
}

impl Binding<'_> {
    /// What the database keeps of a code.
    pub(super) fn mac(&self, vault: &Vault, code: &Code) -> [u8; 32] {
        vault.mac(
            Use::Code,
            &[
                self.challenge.as_bytes(),
                self.purpose.as_str().as_bytes(),
                self.provider.as_bytes(),
                self.destination.as_bytes(),
                code.expose().as_bytes(),
            ],
        )
    }
}

/// The window in which messages to a destination are counted.
pub(super) fn sends_window(vault: &Vault, destination: &str) -> String {
    let folded = destination.to_lowercase();
    format!("sends:{}", vault.fingerprint(Use::Destination, &[b"sends", folded.as_bytes()]))
}

impl Auth {
    /// Asks which providers are valid for `user`, and opens a challenge with a code by the preferred one.
    pub(super) async fn open_challenge(
        &self,
        user: &user::Model,
        client: &Client,
    ) -> Result<PendingChallenge, LoginError> {
        let account = Account::from(user);
        // One registry from the offer to the message: the one that takes its place may lack the provider.
        let registry = self.0.providers.load_full();
        let providers = self.valid_providers(&registry, &account).await?;
        let offer = self.preferred(user, &providers).ok_or(LoginError::NoValidProvider)?.clone();

        let (id, expires_at) = self.send_code(&registry, user, &account, client, &offer).await?;
        Ok(PendingChallenge { id, provider: offer.provider, providers, expires_at })
    }

    /// The offers of every provider that is valid for the account and not disabled by wrong codes.
    pub(super) async fn valid_providers(
        &self,
        registry: &ProviderRegistry,
        account: &Account,
    ) -> Result<Vec<Offer>, LoginError> {
        let mut offers = registry.valid_providers(account).await.map_err(LoginError::from)?;
        let disabled = disabled_factors(&self.0.db, account.id).await?;
        offers.retain(|offer| !disabled.contains(&offer.provider));
        Ok(offers)
    }

    fn preferred<'a>(&self, user: &user::Model, offers: &'a [Offer]) -> Option<&'a Offer> {
        let two_step = self.0.two_step.load();
        let named = |name: &str| offers.iter().find(|offer| offer.provider == name);
        user.preferred_provider
            .as_deref()
            .and_then(named)
            .or_else(|| named(&two_step.default_provider))
            .or_else(|| offers.first())
    }

    /// A fresh code; in development, the one that the configuration fixes for the account.
    fn code_for(&self, user: &user::Model, length: usize) -> Code {
        let fixed = self.0.fixed_codes.iter().find(|(address, _)| address.key() == user.email_key);
        fixed.map_or_else(|| Code::draw(length), |(_, code)| code.clone())
    }

    async fn send_code(
        &self,
        registry: &ProviderRegistry,
        user: &user::Model,
        account: &Account,
        client: &Client,
        offer: &Offer,
    ) -> Result<(ChallengeId, Timestamp), LoginError> {
        let house = &*self.0;
        let two_step = house.two_step.load_full();
        let now = house.clock.now();
        let expires_at = now.plus(two_step.code_lifetime.0);
        let code = self.code_for(user, two_step.code_length);
        let context = CodeContext {
            purpose: Purpose::SignIn,
            destination: offer.destination.address.clone(),
            client_address: client.address.to_string(),
            expires_at,
            minutes: two_step.code_lifetime.0.as_secs().div_ceil(60),
        };
        let message = registry.compose(&offer.provider, account, &code, &context).await?;

        let id = ChallengeId::draw();
        let digest = id.digest();
        let opened =
            Opened { user, client, offer, digest: &digest, code: &code, message: &message, now, expires_at };
        let queued = retried(|| self.store_challenge(&opened)).await??;
        house.courier.wake(queued);
        info!(user_id:% = user.id, provider = offer.provider.as_str(); "second step asked for");
        Ok((id, expires_at))
    }

    /// One transaction: the message is counted on its destination, and stored with the challenge and its code. Refused if
    /// the destination has had its messages, or the account has changed meanwhile.
    async fn store_challenge(&self, opened: &Opened<'_>) -> Result<Result<Queued, LoginError>, Unexpected> {
        let (house, now) = (&*self.0, opened.now);
        let tx = transaction::begin(&house.db).await?;
        if users::still_good(&tx, opened.user).await?.is_none() {
            return Ok(Err(LoginError::InvalidCredentials));
        }
        let sends = sends_window(&house.vault, &opened.offer.destination.address);
        let rate = house.two_step.load().destination_sends;
        if let Taken::Full { retry_after } = window::take(&tx, &sends, rate, now).await? {
            return Ok(Err(LoginError::TooManyCodes(Busy { retry_after })));
        }
        let queued = house.courier.enqueue(&tx, opened.message, now).await?;
        opened.store(&tx, &house.vault, queued.id).await?;
        tx.commit().await?;
        Ok(Ok(queued))
    }
}

/// A challenge and its code on the way into the database.
struct Opened<'a> {
    user: &'a user::Model,
    client: &'a Client,
    offer: &'a Offer,
    digest: &'a str,
    code: &'a Code,
    message: &'a Message,
    now: Timestamp,
    expires_at: Timestamp,
}

impl Opened<'_> {
    async fn store(
        &self,
        tx: &impl ConnectionTrait,
        vault: &Vault,
        message_id: uuid::Uuid,
    ) -> Result<(), DbErr> {
        let challenge = challenge::ActiveModel {
            id: Set(self.digest.to_owned()),
            user_id: Set(self.user.id),
            purpose: Set(Purpose::SignIn.as_str().to_owned()),
            provider: Set(self.offer.provider.clone()),
            security_stamp: Set(self.user.security_stamp.clone()),
            client_address: Set(self.client.address.to_string()),
            attempts: Set(0),
            sends: Set(1),
            created_at: Set(self.now.millis()),
            expires_at: Set(self.expires_at.millis()),
            consumed_at: Set(None),
            closed_at: Set(None),
        };
        challenge::Entity::insert(challenge).exec_without_returning(tx).await?;

        let destination = &self.message.to;
        let binding = Binding {
            challenge: self.digest,
            purpose: Purpose::SignIn,
            provider: &self.offer.provider,
            destination,
        };
        let code = challenge_code::ActiveModel {
            challenge_id: Set(self.digest.to_owned()),
            provider: Set(self.offer.provider.clone()),
            mac: Set(binding.mac(vault, self.code).to_vec()),
            code: Set(None),
            destination: Set(vault.seal(Use::Destination, self.digest.as_bytes(), destination.as_bytes())),
            message_id: Set(message_id),
            sent_at: Set(self.now.millis()),
        };
        challenge_code::Entity::insert(code).exec_without_returning(tx).await?;
        Ok(())
    }
}

/// Names of the providers that too many wrong codes have switched off for the account.
pub(super) async fn disabled_factors(
    db: &impl ConnectionTrait,
    user_id: uuid::Uuid,
) -> Result<Vec<String>, DbErr> {
    let rows = factor::Entity::find()
        .filter(factor::Column::UserId.eq(user_id))
        .filter(factor::Column::DisabledAt.is_not_null())
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| row.provider).collect())
}

impl From<ProviderError> for LoginError {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Busy(_) => Self::Busy(Busy { retry_after: BUSY_FOR }),
            ProviderError::Unsupported(_) | ProviderError::Failed(..) => {
                Self::Unexpected(Unexpected(error.into()))
            }
        }
    }
}
