//! What of the rules changes while the program runs, and whom a change leaves without a second step.

use std::collections::HashMap;
use std::sync::Arc;

use entity::{authenticator, factor, user};
use sea_orm::{
    ColumnTrait, Condition, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, QueryTrait,
};

use super::budget::TextBudgets;
use super::{Auth, LinkOrigins, TwoStepSettings};
use crate::clock::Rate;
use crate::courier::Templates;
use crate::otp::{ProviderKind, ProviderRegistry};

/// The parts of the rules that may change while the program runs.
pub struct Live {
    /// The second step's providers.
    pub providers: ProviderRegistry,
    /// Texts of notices and links.
    pub templates: Templates,
    /// `[two_step]`
    pub two_step: TwoStepSettings,
    /// `daily_budget` of the providers that send texts, by name.
    pub text_budgets: HashMap<String, Rate>,
    /// `[limits] mail_per_destination`; off when limits are off.
    pub mail_per_destination: Rate,
    /// Where links may point.
    pub origins: LinkOrigins,
}

/// A provider that is on: its name and kind.
pub type Enabled = (String, ProviderKind);

impl Auth {
    /// Goes by `live` from now on. Requests that have begun end with the providers they began with, whose actors end after the last
    /// of them.
    pub fn adopt(&self, live: Live) {
        let house = &*self.0;
        house.templates.store(Arc::new(live.templates));
        house.two_step.store(Arc::new(live.two_step));
        house.text_budgets.store(Arc::new(TextBudgets::new(live.text_budgets)));
        house.mail_per_destination.store(Arc::new(live.mail_per_destination));
        house.origins.store(Arc::new(live.origins));
        house.providers.store(Arc::new(live.providers));
    }

    /// Every provider's name and whether its actor answers.
    #[must_use]
    pub fn providers_health(&self) -> Vec<(String, bool)> {
        self.0.providers.load().health()
    }

    /// Passwords that wait to be hashed.
    #[must_use]
    pub fn hash_queue(&self) -> usize {
        self.0.hashing.waiting()
    }

    /// Every provider that is on.
    #[must_use]
    pub fn enabled_providers(&self) -> Vec<Enabled> {
        self.0.providers.load().enabled()
    }

    /// Counts the accounts with the second step on that one of the providers `before` could reach and none of `after` can: by a confirmed
    /// address, a confirmed number or an enrolled authenticator, as the kind asks, unless wrong codes have disabled the factor. Providers
    /// of other kinds reach nobody here, for only their own code knows; recovery codes are not counted.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_left_without(&self, before: &[Enabled], after: &[Enabled]) -> Result<u64, DbErr> {
        user::Entity::find()
            .filter(user::Column::TwoFactorEnabled.eq(true))
            .filter(user::Column::DisabledAt.is_null())
            .filter(reached_by(before))
            .filter(reached_by(after).not())
            .count(&self.0.db)
            .await
    }
}

/// Whom at least one of `enabled` reaches; nobody if there is none.
fn reached_by(enabled: &[Enabled]) -> Condition {
    // An empty condition would let everybody through.
    let nobody = Condition::any().add(user::Column::Id.is_null());
    enabled.iter().fold(nobody, |reached, (name, kind)| match kind {
        ProviderKind::Email => reached.add(with_factor(name).add(user::Column::EmailConfirmed.eq(true))),
        ProviderKind::Sms => {
            let confirmed = with_factor(name).add(user::Column::PhoneConfirmed.eq(true));
            reached.add(confirmed.add(user::Column::PhoneNumber.is_not_null()))
        }
        ProviderKind::Authenticator => {
            let enrolled = authenticator::Entity::find()
                .select_only()
                .column(authenticator::Column::UserId)
                .filter(authenticator::Column::ConfirmedAt.is_not_null())
                .into_query();
            reached.add(with_factor(name).add(user::Column::Id.in_subquery(enrolled)))
        }
        ProviderKind::Custom | ProviderKind::Recovery => reached,
    })
}

/// Who has not been cut off from the provider by wrong codes.
fn with_factor(provider: &str) -> Condition {
    let disabled = factor::Entity::find()
        .select_only()
        .column(factor::Column::UserId)
        .filter(factor::Column::Provider.eq(provider))
        .filter(factor::Column::DisabledAt.is_not_null())
        .into_query();
    Condition::all().add(user::Column::Id.not_in_subquery(disabled))
}

#[cfg(test)]
mod tests;
