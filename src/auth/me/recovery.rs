//! New recovery codes.

use entity::recovery_code::{ActiveModel, Column, Entity};
use entity::user;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, PaginatorTrait as _,
    QueryFilter as _,
};
use uuid::Uuid;

use super::authenticator::forget_disabled;
use super::{Auth, Change, MeError, Owner};
use crate::auth::challenge::RECOVERY_CODE;
use crate::auth::recovery::RecoveryCode;
use crate::auth::transaction::{self, retried};
use crate::auth::{Client, Unexpected, user as users};
use crate::clock::Timestamp;
use crate::courier::Queued;
use crate::token::Claims;
use crate::vault::Vault;

/// How many an account has.
const COUNT: usize = 10;

/// Recovery codes in clear, as they are shown once. No `Debug`, no `Serialize`.
pub struct RecoveryCodes(Vec<RecoveryCode>);

impl RecoveryCodes {
    /// The codes, for the answer that shows them.
    #[must_use]
    pub fn expose(&self) -> Vec<String> {
        self.0.iter().map(RecoveryCode::shown).collect()
    }
}

impl Auth {
    /// Makes ten new codes for the token's owner; the old ones are dead.
    ///
    /// # Errors
    /// [`MeError`]
    pub async fn new_recovery_codes(
        &self,
        claims: &Claims,
        client: &Client,
    ) -> Result<RecoveryCodes, MeError> {
        let owner = self.fresh_owner(claims, client).await?;
        let made = retried(|| self.renew(&owner)).await?;
        let (codes, notice) = made.ok_or(MeError::Gone)?;
        self.0.courier.wake(notice);
        Ok(codes)
    }

    async fn renew(&self, owner: &Owner<'_>) -> Result<Option<(RecoveryCodes, Queued)>, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        if users::still_good(&tx, &owner.user).await?.is_none() {
            return Ok(None);
        }
        let codes = make(&tx, &house.vault, &owner.user, now).await?;
        let Some(notice) = self.note(&tx, owner, Change::RecoveryCodesMade, now).await? else {
            return Ok(None);
        };
        tx.commit().await?;
        Ok(Some((codes, notice)))
    }
}

/// Whether the account has ever had codes: used ones are kept.
pub(super) async fn had_some(tx: &impl ConnectionTrait, user_id: Uuid) -> Result<bool, DbErr> {
    Ok(Entity::find().filter(Column::UserId.eq(user_id)).count(tx).await? > 0)
}

/// Replaces the codes of an account in the caller's transaction. Wrong codes that disabled the old ones are forgotten.
pub(super) async fn make(
    tx: &impl ConnectionTrait,
    vault: &Vault,
    user: &user::Model,
    now: Timestamp,
) -> Result<RecoveryCodes, DbErr> {
    let user_id = user.id;
    forget_disabled(tx, user, &[RECOVERY_CODE.to_owned()]).await?;
    Entity::delete_many().filter(Column::UserId.eq(user_id)).exec(tx).await?;
    let codes: Vec<_> = (0..COUNT).map(|_| RecoveryCode::draw()).collect();
    let rows = codes.iter().map(|code| ActiveModel {
        id: Set(Uuid::new_v4()),
        user_id: Set(user_id),
        mac: Set(code.mac(vault, user_id).to_vec()),
        created_at: Set(now.millis()),
        consumed_at: Set(None),
    });
    Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(RecoveryCodes(codes))
}
