//! What is valid for a user: the providers that say so, and recovery codes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use entity::{authenticator, factor, recovery_code, text_budget, user};
use sea_orm::sea_query::{Expr, UnionType};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    QuerySelect as _, QueryTrait as _, Select,
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
    /// How long until one that is left out because its budget is spent may be back.
    pub texts_come_back_in: Option<Duration>,
    /// Names of the providers that too many wrong codes have switched off.
    pub disabled: Vec<String>,
    /// Recovery codes that were not used, whether or not they are offered.
    pub recovery_codes_left: u64,
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
        let budgets = house.text_budgets.load_full();
        let texts = budgets.texts_of_late(house.clock.now());
        let Besides { has_authenticator, recovery_codes_left, disabled, texts } =
            Besides::read(&house.db, user.id, texts).await?;
        // Judged before providers are asked, which may take seconds: what was read is true now.
        let spent = budgets.spent(&texts);
        let account = Account { has_authenticator, ..Account::from(user) };
        let registry = house.providers.load_full();
        let mut all = registry.valid_providers(&account).await?;
        all.retain(|offer| !disabled.contains(&offer.provider));
        let spent_for =
            |offer: &Offer| spent.get(&offer.provider).filter(|_| offer.kind == ProviderKind::Sms).copied();
        let texts_come_back_in = all.iter().filter_map(spent_for).min();
        all.retain(|offer| spent_for(offer).is_none());
        if !disabled.iter().any(|name| name == RECOVERY_CODE) && recovery_codes_left > 0 {
            all.push(Offer {
                provider: RECOVERY_CODE.to_owned(),
                kind: ProviderKind::Recovery,
                destination: Destination::nowhere(),
            });
        }
        Ok(Offers { account, all, texts_come_back_in, disabled, recovery_codes_left, registry })
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

/// What decides about an account's offers besides its row.
#[derive(Debug, Default, PartialEq, Eq)]
struct Besides {
    has_authenticator: bool,
    recovery_codes_left: u64,
    /// Names of the providers that too many wrong codes have switched off.
    disabled: Vec<String>,
    /// Texts of late by the provider's name.
    texts: HashMap<String, i64>,
}

impl Besides {
    /// Reads it in one statement, together with `texts`: each row has what it tells of, a name, and a count.
    async fn read(
        db: &impl ConnectionTrait,
        user_id: Uuid,
        texts: Option<Select<text_budget::Entity>>,
    ) -> Result<Self, DbErr> {
        let mut all = factor::Entity::find()
            .select_only()
            .expr(Expr::cust("'disabled'"))
            .column(factor::Column::Provider)
            .expr(Expr::cust("COUNT(*)"))
            .filter(factor::Column::UserId.eq(user_id))
            .filter(factor::Column::DisabledAt.is_not_null())
            .group_by(factor::Column::Provider)
            .into_query();
        let app = authenticator::Entity::find()
            .select_only()
            .expr(Expr::cust("'app'"))
            .expr(Expr::cust("''"))
            .expr(Expr::cust("COUNT(*)"))
            .filter(authenticator::Column::UserId.eq(user_id))
            .filter(authenticator::Column::ConfirmedAt.is_not_null())
            .into_query();
        let codes = unused_codes(user_id)
            .select_only()
            .expr(Expr::cust("'codes'"))
            .expr(Expr::cust("''"))
            .expr(Expr::cust("COUNT(*)"))
            .into_query();
        all.union(UnionType::All, app).union(UnionType::All, codes);
        if let Some(texts) = texts {
            let texts = texts
                .select_only()
                .expr(Expr::cust("'texts'"))
                .column(text_budget::Column::Provider)
                .column(text_budget::Column::Sent)
                .into_query();
            all.union(UnionType::All, texts);
        }

        let mut besides = Self::default();
        for row in db.query_all(&all).await? {
            let (what, count): (String, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(2)?);
            match what.as_str() {
                "app" => besides.has_authenticator = count > 0,
                "codes" => besides.recovery_codes_left = count.unsigned_abs(),
                "texts" => *besides.texts.entry(row.try_get_by_index(1)?).or_default() += count,
                _ => besides.disabled.push(row.try_get_by_index(1)?),
            }
        }
        Ok(besides)
    }
}

fn unused_codes(user_id: Uuid) -> Select<recovery_code::Entity> {
    recovery_code::Entity::find()
        .filter(recovery_code::Column::UserId.eq(user_id))
        .filter(recovery_code::Column::ConsumedAt.is_null())
}

/// How many recovery codes the account has not used.
pub(in crate::auth) async fn recovery_codes_left(
    db: &impl ConnectionTrait,
    user_id: Uuid,
) -> Result<u64, DbErr> {
    unused_codes(user_id).count(db).await
}
