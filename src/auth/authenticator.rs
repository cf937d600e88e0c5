//! The authenticator app of an account: its secret, and the time steps that were accepted.

use entity::authenticator::{Column, Entity};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _};
use uuid::Uuid;

use super::Unexpected;
use crate::otp::SharedSecret;
use crate::vault::{Use, Vault};

/// A confirmed secret, opened, and as it is sealed in the database.
pub(super) struct Enrolled {
    pub secret: SharedSecret,
    sealed: Vec<u8>,
}

/// Seals a secret for the row of `user_id`.
pub(super) fn seal(vault: &Vault, user_id: Uuid, secret: &SharedSecret) -> Vec<u8> {
    vault.seal(Use::Factor, user_id.as_bytes(), secret.expose())
}

/// Opens a secret of the row of `user_id`.
pub(super) fn open(vault: &Vault, user_id: Uuid, sealed: &[u8]) -> Result<SharedSecret, Unexpected> {
    let opened = vault.open(Use::Factor, user_id.as_bytes(), sealed);
    let secret = opened.map_err(|error| Unexpected(anyhow::Error::new(error).context("an authenticator")))?;
    Ok(SharedSecret::new(secret.to_vec()))
}

/// The secret of the account's app, if one is confirmed.
pub(super) async fn find(
    db: &impl ConnectionTrait,
    vault: &Vault,
    user_id: Uuid,
) -> Result<Option<Enrolled>, Unexpected> {
    let row = Entity::find_by_id(user_id).one(db).await?;
    let Some(sealed) = row.and_then(|row| row.secret) else { return Ok(None) };
    Ok(Some(Enrolled { secret: open(vault, user_id, &sealed)?, sealed }))
}

/// Accepts a time step, unless it or a later one was accepted before, or the app has been replaced meanwhile: one guarded
/// statement decides.
pub(super) async fn accept(
    tx: &impl ConnectionTrait,
    user_id: Uuid,
    app: &Enrolled,
    step: u64,
) -> Result<bool, DbErr> {
    let step = i64::try_from(step).unwrap_or(i64::MAX);
    let accepted = Entity::update_many()
        .col_expr(Column::LastStep, Expr::value(step))
        .filter(Column::UserId.eq(user_id))
        .filter(Column::LastStep.lt(step))
        .filter(Column::Secret.eq(app.sealed.clone()))
        .exec(tx)
        .await?;
    Ok(accepted.rows_affected == 1)
}

/// Makes a time step worthless, and every one before it.
pub(super) async fn burn(db: &impl ConnectionTrait, user_id: Uuid, step: u64) -> Result<(), DbErr> {
    let step = i64::try_from(step).unwrap_or(i64::MAX);
    Entity::update_many()
        .col_expr(Column::LastStep, Expr::value(step))
        .filter(Column::UserId.eq(user_id))
        .filter(Column::LastStep.lt(step))
        .exec(db)
        .await?;
    Ok(())
}
