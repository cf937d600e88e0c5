//! What texts may cost: a budget a provider, counted in the database over a sliding period, and shares of it that keep
//! strangers from spending it whole.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use entity::text_budget::{ActiveModel, Column, Entity};
use log::{error, info};
use sea_orm::sea_query::{Condition, Expr, ExprTrait as _};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _,
    QuerySelect as _, Select,
};

use super::window::{self, Taken};
use super::{Auth, Unexpected};
use crate::clock::{Quota, Rate, Timestamp};
use crate::otp::{PhoneNumber, Purpose};
use crate::vault::Use;

/// Slices of a period: so finely does a spent budget come back.
const SLICES: u32 = 24;

/// The row that senders of one provider wait for each other at.
const TURNSTILE: i64 = -1;

/// Confirmations of numbers, which whoever signs in can ask for, get this part of a budget.
const CONFIRMATIONS: u32 = 5;

/// Ten thousand neighbouring numbers get this part of a budget, and never less than [`LEAST_PER_BLOCK`]: who is paid for
/// texts to his numbers has them in a row.
const PER_BLOCK: u32 = 10;
const LEAST_PER_BLOCK: u32 = 5;
/// What one row of a window holds.
const MOST_PER_BLOCK: u32 = 1_000;

/// The budgets of the providers by name, and which of them this process has seen spent.
#[derive(Default)]
pub(super) struct TextBudgets {
    rates: HashMap<String, Rate>,
    spent: Mutex<Vec<String>>,
}

impl TextBudgets {
    pub(super) fn new(rates: HashMap<String, Rate>) -> Self {
        Self { rates, spent: Mutex::default() }
    }

    fn quota(&self, provider: &str) -> Option<Quota> {
        self.rates.get(provider)?.0
    }

    /// The slices of the periods that end at `now`, of every provider that has a budget; `None` if none has.
    pub(super) fn texts_of_late(&self, now: Timestamp) -> Option<Select<Entity>> {
        let with_quota = self.rates.iter().filter_map(|(provider, rate)| Some((provider, rate.0?)));
        let any = with_quota
            .map(|(provider, quota)| of_late(provider, quota, now))
            .fold(Condition::any(), Condition::add);
        (!any.is_empty()).then(|| Entity::find().filter(any))
    }

    /// The providers whose budget is spent by `texts` of late, by name, and how long until some of it may be back.
    pub(super) fn spent(&self, texts: &HashMap<String, i64>) -> HashMap<String, Duration> {
        let mut spent = HashMap::new();
        for (provider, rate) in &self.rates {
            let Some(quota) = rate.0 else { continue };
            let count = texts.get(provider).copied().unwrap_or_default();
            let is_spent = count >= i64::from(quota.count);
            self.note(provider, is_spent);
            if is_spent {
                spent.insert(provider.clone(), slice(quota));
            }
        }
        spent
    }

    /// Notes whether a budget is spent, and tells the operator when that changes.
    fn note(&self, provider: &str, is_spent: bool) {
        let mut spent = self.spent.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let was_spent = spent.iter().any(|name| name == provider);
        if is_spent && !was_spent {
            spent.push(provider.to_owned());
            error!(provider; "the text budget is spent: no texts until it comes back, other providers are offered");
        } else if !is_spent && was_spent {
            spent.retain(|name| name != provider);
            info!(provider; "the text budget is back");
        }
    }
}

impl Auth {
    /// Every provider that has a text budget, and whether this process has last seen it spent.
    #[must_use]
    pub fn text_budgets(&self) -> Vec<(String, bool)> {
        let budgets = self.0.text_budgets.load();
        let spent = budgets.spent.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        budgets.rates.keys().map(|name| (name.clone(), spent.contains(name))).collect()
    }

    /// Counts a text on the budget of `provider` and on its block of numbers. Through a transaction it counts once that is
    /// committed; senders of one provider wait for each other until then, so that none is counted beside the budget.
    pub(super) async fn count_text(
        &self,
        tx: &impl ConnectionTrait,
        provider: &str,
        number: &str,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Taken, Unexpected> {
        let budgets = self.0.text_budgets.load_full();
        let Some(quota) = budgets.quota(provider) else { return Ok(Taken::Counted) };
        let block = PhoneNumber::block(number).to_owned();
        let key =
            self.0.vault.fingerprint(Use::Destination, &[b"block", provider.as_bytes(), block.as_bytes()]);
        let share = (quota.count / PER_BLOCK).clamp(LEAST_PER_BLOCK, MOST_PER_BLOCK);
        let per_block = Rate(Some(Quota { count: share, period: quota.period }));
        let taken = window::take(tx, &format!("block:{key}"), per_block, now).await?;
        if taken != Taken::Counted {
            return Ok(taken);
        }

        wait_for_turn(tx, provider).await?;
        let (texts, confirmations) = sent(tx, provider, quota, now).await?;
        let is_spent = texts >= i64::from(quota.count);
        budgets.note(provider, is_spent);
        let confirms = purpose == Purpose::ConfirmPhone;
        let share = i64::from(Ord::max(quota.count / CONFIRMATIONS, 1));
        if is_spent || confirms && confirmations >= share {
            return Ok(Taken::Full { retry_after: slice(quota) });
        }
        count(tx, provider, slot(quota, now), confirms).await?;
        Ok(Taken::Counted)
    }
}

/// Texts of the period that ends now, and how many of them confirmed numbers.
async fn sent(
    db: &impl ConnectionTrait,
    provider: &str,
    quota: Quota,
    now: Timestamp,
) -> Result<(i64, i64), DbErr> {
    let rows: Vec<(i32, i32)> = Entity::find()
        .select_only()
        .columns([Column::Sent, Column::Confirmations])
        .filter(of_late(provider, quota, now))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.iter().fold((0, 0), |sum, row| (sum.0 + i64::from(row.0), sum.1 + i64::from(row.1))))
}

/// The slices of the period that ends now. One counts until all of it is over.
fn of_late(provider: &str, quota: Quota, now: Timestamp) -> Condition {
    let since = now.minus(quota.period + slice(quota));
    Condition::all().add(Column::Provider.eq(provider)).add(Column::Slot.gt(since.millis()))
}

/// Holds the provider's first row until the transaction ends.
async fn wait_for_turn(tx: &impl ConnectionTrait, provider: &str) -> Result<(), DbErr> {
    loop {
        if add(tx, provider, TURNSTILE, false).await? {
            return Ok(());
        }
        make(tx, provider, TURNSTILE).await?;
    }
}

async fn count(tx: &impl ConnectionTrait, provider: &str, slot: i64, confirms: bool) -> Result<(), DbErr> {
    loop {
        if add(tx, provider, slot, confirms).await? {
            return Ok(());
        }
        make(tx, provider, slot).await?;
    }
}

/// Adds one to a row that is there.
async fn add(tx: &impl ConnectionTrait, provider: &str, slot: i64, confirms: bool) -> Result<bool, DbErr> {
    let added = Entity::update_many()
        .col_expr(Column::Sent, Expr::col(Column::Sent).add(1))
        .col_expr(Column::Confirmations, Expr::col(Column::Confirmations).add(i32::from(confirms)))
        .filter(Column::Provider.eq(provider))
        .filter(Column::Slot.eq(slot))
        .exec(tx)
        .await?;
    Ok(added.rows_affected == 1)
}

/// Makes an empty row, if there is none.
async fn make(tx: &impl ConnectionTrait, provider: &str, slot: i64) -> Result<(), DbErr> {
    let row = ActiveModel {
        provider: Set(provider.to_owned()),
        slot: Set(slot),
        sent: Set(0),
        confirmations: Set(0),
    };
    Entity::insert(row).on_conflict_do_nothing().exec_without_returning(tx).await?;
    Ok(())
}

/// Removes slices that no budget counts any more: none has a longer period than a month.
pub(super) async fn prune(db: &impl ConnectionTrait, before: Timestamp) -> Result<u64, DbErr> {
    let old =
        Entity::delete_many().filter(Column::Slot.lt(before.millis())).filter(Column::Slot.gt(TURNSTILE));
    Ok(old.exec(db).await?.rows_affected)
}

fn slice(quota: Quota) -> Duration {
    quota.period / SLICES
}

/// The beginning of the slice in which `now` lies.
fn slot(quota: Quota, now: Timestamp) -> i64 {
    let slice = i64::try_from(slice(quota).as_millis()).unwrap_or(i64::MAX);
    let slice = Ord::max(slice, 1);
    now.millis() - now.millis().rem_euclid(slice)
}

#[cfg(test)]
mod tests;
