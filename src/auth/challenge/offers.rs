//! What is valid for a user: the providers that say so, and recovery codes.

use std::sync::Arc;

use entity::{authenticator, factor, recovery_code, user};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    QuerySelect as _,
};
use uuid::Uuid;

use super::RECOVERY_CODE;
use crate::auth::Auth;
use crate::auth::error::Trouble;
use crate::courier::Message;
use crate::otp::{
    Account, Code, CodeContext, Destination, Offer, ProviderError, ProviderKind, ProviderRegistry,
};

/// What a user can do now.
pub(in crate::auth) struct Offers {
    /// The view that providers have of the user.
    pub account: Account,
    /// In configured order; recovery codes last.
    pub all: Vec<Offer>,
    /// Whose offers they are: the registry that takes its place meanwhile may lack the provider that is chosen.
    registry: Arc<ProviderRegistry>,
}

impl Offers {
    /// The offer of that name.
    pub(in crate::auth) fn find(&self, name: &str) -> Option<&Offer> {
        self.all.iter().find(|offer| offer.provider == name)
    }

    /// Lets the provider of `offer` word the message that carries `code`.
    pub(super) async fn compose(
        &self,
        offer: &Offer,
        code: &Code,
        context: &CodeContext,
    ) -> Result<Message, ProviderError> {
        self.registry.compose(&offer.provider, &self.account, code, context).await
    }
}

impl Auth {
    /// Asks every provider whether it is valid for `user`, and leaves out what wrong codes have disabled and texts whose
    /// budget is spent.
    pub(in crate::auth) async fn offers_for(&self, user: &user::Model) -> Result<Offers, Trouble> {
        let house = &*self.0;
        let has_authenticator = is_enrolled(&house.db, user.id).await?;
        let account = Account { has_authenticator, ..Account::from(user) };
        let registry = house.providers.load_full();
        let mut all = registry.valid_providers(&account).await?;
        let disabled = disabled_factors(&house.db, user.id).await?;
        all.retain(|offer| !disabled.contains(&offer.provider));
        if all.iter().any(|offer| offer.kind == ProviderKind::Sms) {
            let spent = self.spent_budgets(&house.db).await?;
            all.retain(|offer| !spent.contains(&offer.provider));
        }
        if !disabled.iter().any(|name| name == RECOVERY_CODE)
            && recovery_codes_left(&house.db, user.id).await? > 0
        {
            all.push(Offer {
                provider: RECOVERY_CODE.to_owned(),
                kind: ProviderKind::Recovery,
                destination: Destination::nowhere(),
            });
        }
        Ok(Offers { account, all, registry })
    }

    /// The offer that `user` prefers, or else the configured one, or else the first.
    pub(in crate::auth) fn preferred<'a>(&self, user: &user::Model, offers: &'a Offers) -> Option<&'a Offer> {
        let two_step = self.0.two_step.load();
        user.preferred_provider
            .as_deref()
            .and_then(|name| offers.find(name))
            .or_else(|| offers.find(&two_step.default_provider))
            .or_else(|| offers.all.first())
    }
}

/// Whether a code of a provider of this kind is drawn here and sent.
pub(in crate::auth) fn is_sent(kind: ProviderKind) -> bool {
    match kind {
        ProviderKind::Email | ProviderKind::Sms | ProviderKind::Custom => true,
        ProviderKind::Authenticator | ProviderKind::Recovery => false,
    }
}

/// Names of the providers that too many wrong codes have switched off for the account.
pub(in crate::auth) async fn disabled_factors(
    db: &impl ConnectionTrait,
    user_id: Uuid,
) -> Result<Vec<String>, DbErr> {
    let rows = factor::Entity::find()
        .filter(factor::Column::UserId.eq(user_id))
        .filter(factor::Column::DisabledAt.is_not_null())
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| row.provider).collect())
}

/// Whether the account has an authenticator app.
async fn is_enrolled(db: &impl ConnectionTrait, user_id: Uuid) -> Result<bool, DbErr> {
    let confirmed: Option<Option<i64>> = authenticator::Entity::find_by_id(user_id)
        .select_only()
        .column(authenticator::Column::ConfirmedAt)
        .into_tuple()
        .one(db)
        .await?;
    Ok(confirmed.flatten().is_some())
}

/// How many recovery codes the account has not used.
pub(in crate::auth) async fn recovery_codes_left(
    db: &impl ConnectionTrait,
    user_id: Uuid,
) -> Result<u64, DbErr> {
    recovery_code::Entity::find()
        .filter(recovery_code::Column::UserId.eq(user_id))
        .filter(recovery_code::Column::ConsumedAt.is_null())
        .count(db)
        .await
}
