//! What an account can use for its second step.

use entity::{authenticator, user};
use sea_orm::EntityTrait as _;

use super::{Auth, MeError};
use crate::auth::challenge::RECOVERY_CODE;
use crate::auth::error::Trouble;
use crate::auth::{Client, user as users};
use crate::clock::Timestamp;
use crate::otp::{Offer, ProviderKind};
use crate::token::Claims;

/// The factors of an account.
pub struct Factors {
    /// Whether a right password asks for a second step.
    pub two_factor_enabled: bool,
    /// The provider that sends or asks first; `None` if nothing is valid.
    pub preferred_provider: Option<String>,
    /// What is enrolled, a factor for each provider that is valid, in the order of offers.
    pub factors: Vec<FactorView>,
    /// What too many wrong codes have switched off: names and kinds, in the order of offers.
    pub disabled: Vec<(String, ProviderKind)>,
    /// Recovery codes that can be used: none, while wrong codes have switched them off.
    pub recovery_codes_left: u64,
}

/// One factor.
pub struct FactorView {
    /// Name of the provider.
    pub provider: String,
    /// Its kind.
    pub kind: ProviderKind,
    /// Masked; empty for a code that is not sent.
    pub destination: String,
    /// When its owner has shown that it is theirs, if that is known.
    pub confirmed_at: Option<Timestamp>,
}

impl Auth {
    /// The factors of the token's owner.
    ///
    /// # Errors
    /// [`MeError`]
    pub async fn factors(&self, claims: &Claims, client: &Client) -> Result<Factors, MeError> {
        let owner = self.owner(claims, client).await?;
        Ok(self.factors_of(&owner.user).await?)
    }

    pub(super) async fn factors_of(&self, user: &user::Model) -> Result<Factors, Trouble> {
        let house = &*self.0;
        let offers = self.offers_for(user).await?;
        let app = authenticator::Entity::find_by_id(user.id).one(&house.db).await?;
        let app = app.and_then(|row| row.confirmed_at);
        let preferred = self.preferred(user, &offers).map(|offer| offer.provider.clone());
        let view = |offer: &Offer| FactorView {
            provider: offer.provider.clone(),
            kind: offer.kind,
            destination: offer.destination.masked.clone(),
            confirmed_at: confirmed_at(user, app, offer.kind).map(Timestamp::from_millis),
        };
        let are_off = offers.disabled.iter().any(|name| name == RECOVERY_CODE);
        let mut disabled = house.providers.load().enabled();
        disabled.push((RECOVERY_CODE.to_owned(), ProviderKind::Recovery));
        let has = |kind: &ProviderKind| match kind {
            ProviderKind::Sms => users::confirmed_phone(user).is_some(),
            ProviderKind::Authenticator => app.is_some(),
            ProviderKind::Recovery => offers.recovery_codes_left > 0,
            ProviderKind::Email | ProviderKind::Custom => true,
        };
        disabled.retain(|(name, kind)| offers.disabled.contains(name) && has(kind));
        let enrolled = offers.all.iter().filter(|offer| offer.kind != ProviderKind::Recovery);
        Ok(Factors {
            two_factor_enabled: user.two_factor_enabled,
            preferred_provider: preferred,
            factors: enrolled.map(view).collect(),
            recovery_codes_left: if are_off { 0 } else { offers.recovery_codes_left },
            disabled,
        })
    }

    /// Whether the second step, where it is on, has something else than factors of this kind and recovery codes.
    pub(super) async fn can_do_without(
        &self,
        user: &user::Model,
        kind: ProviderKind,
    ) -> Result<bool, Trouble> {
        if !user.two_factor_enabled {
            return Ok(true);
        }
        let offers = self.offers_for(user).await?;
        Ok(offers.all.iter().any(|offer| offer.kind != kind && offer.kind != ProviderKind::Recovery))
    }
}

fn confirmed_at(user: &user::Model, app: Option<i64>, kind: ProviderKind) -> Option<i64> {
    match kind {
        ProviderKind::Email => user.email_confirmed_at,
        ProviderKind::Sms => user.phone_confirmed_at,
        ProviderKind::Authenticator => app,
        ProviderKind::Recovery | ProviderKind::Custom => None,
    }
}
