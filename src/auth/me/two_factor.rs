//! The second step is switched on and off, and its first provider chosen.

use entity::user;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _};

use super::recovery::{self, RecoveryCodes};
use super::{Auth, Change, Factors, MeError, Owner};
use crate::auth::transaction::{self, retried};
use crate::auth::{Client, Unexpected, user as users};
use crate::courier::Queued;
use crate::otp::ProviderKind;
use crate::token::Claims;

/// What a switch leads to.
type Switched = Option<(Vec<Queued>, Option<RecoveryCodes>)>;

impl Auth {
    /// Switches the second step of the token's owner, and chooses the provider that sends or asks first. The first time that it
    /// is on it comes with recovery codes, also where it was on from the start.
    ///
    /// # Errors
    /// [`MeError`]
    pub async fn set_two_factor(
        &self,
        claims: &Claims,
        client: &Client,
        enabled: bool,
        preferred: Option<String>,
    ) -> Result<(Factors, Option<RecoveryCodes>), MeError> {
        let (owner, (notices, codes)) = self
            .in_turn(async || {
                let owner = self.fresh_owner(claims, client).await?;
                self.judge_switch(&owner, enabled, preferred.as_deref()).await?;
                let switched = retried(|| self.switch(&owner, enabled, preferred.as_deref())).await?;
                Ok(switched.map(|switched| (owner, switched)))
            })
            .await?;
        for notice in notices {
            self.0.courier.wake(notice);
        }
        let preferred_provider = preferred.or(owner.user.preferred_provider);
        let user = user::Model { two_factor_enabled: enabled, preferred_provider, ..owner.user };
        Ok((self.factors_of(&user).await?, codes))
    }

    /// Whether the owner can use what is asked for.
    async fn judge_switch(
        &self,
        owner: &Owner<'_>,
        enabled: bool,
        preferred: Option<&str>,
    ) -> Result<(), MeError> {
        let offers = self.offers_for(&owner.user).await?;
        let mut usable = offers.all.iter().filter(|offer| offer.kind != ProviderKind::Recovery);
        if let Some(name) = preferred
            && !usable.clone().any(|offer| offer.provider == name)
        {
            return Err(MeError::InvalidProvider);
        }
        if enabled && usable.next().is_none() {
            return Err(MeError::NoValidProvider);
        }
        Ok(())
    }

    /// One transaction: the switch, recovery codes if there never were any, the events and the notices. `None` if the account has
    /// changed meanwhile.
    async fn switch(
        &self,
        owner: &Owner<'_>,
        enabled: bool,
        preferred: Option<&str>,
    ) -> Result<Switched, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        // Decided by these factors: another change of them meanwhile comes first or not at all.
        let user = &owner.user;
        if !users::take_turn(&tx, user, now).await? {
            return Ok(None);
        }
        let preferred = preferred.or(user.preferred_provider.as_deref());
        let has_switched = user.two_factor_enabled != enabled;
        let has_chosen = user.preferred_provider.as_deref() != preferred;
        write(&tx, user, enabled, preferred).await?;
        let mut notices = Vec::new();
        if has_switched {
            let change = if enabled { Change::TwoFactorOn } else { Change::TwoFactorOff };
            let Some(notice) = self.note(&tx, owner, change, now).await? else { return Ok(None) };
            notices.push(notice);
        }
        if has_chosen {
            let change = Change::PreferredProvider;
            let Some(notice) = self.note(&tx, owner, change, now).await? else { return Ok(None) };
            notices.push(notice);
        }
        let mut codes = None;
        if enabled && !recovery::had_some(&tx, user.id).await? {
            codes = Some(recovery::make(&tx, &house.vault, user, now).await?);
            if !has_switched {
                let change = Change::RecoveryCodesMade;
                let Some(notice) = self.note(&tx, owner, change, now).await? else { return Ok(None) };
                notices.push(notice);
            }
        }
        tx.commit().await?;
        Ok(Some((notices, codes)))
    }
}

async fn write(
    tx: &impl ConnectionTrait,
    user: &user::Model,
    enabled: bool,
    preferred: Option<&str>,
) -> Result<(), DbErr> {
    user::Entity::update_many()
        .col_expr(user::Column::TwoFactorEnabled, Expr::value(enabled))
        .col_expr(user::Column::PreferredProvider, Expr::value(preferred.map(str::to_owned)))
        .filter(user::Column::Id.eq(user.id))
        .exec(tx)
        .await?;
    Ok(())
}
