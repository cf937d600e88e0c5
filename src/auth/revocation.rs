//! What ends when a password changes or an account is switched off.

use entity::challenge;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _};
use uuid::Uuid;

use super::session::{self, Which};
use super::{device, link};
use crate::clock::Timestamp;

/// Ends the user's sessions and links, closes the open challenges and forgets remembered devices.
pub(super) async fn end_everything(
    tx: &impl ConnectionTrait,
    user_id: Uuid,
    now: Timestamp,
) -> Result<(), DbErr> {
    link::kill_all(tx, user_id, now).await?;
    end_sign_ins(tx, user_id, now).await
}

/// Ends the user's sessions, closes the open challenges and forgets remembered devices.
pub(super) async fn end_sign_ins(
    tx: &impl ConnectionTrait,
    user_id: Uuid,
    now: Timestamp,
) -> Result<(), DbErr> {
    session::end_several(tx, user_id, Which::All, now).await?;
    close_challenges(tx, user_id, now).await?;
    device::forget_all(tx, user_id).await
}

/// Closes every open challenge of the user.
pub(super) async fn close_challenges(
    tx: &impl ConnectionTrait,
    user_id: Uuid,
    now: Timestamp,
) -> Result<(), DbErr> {
    challenge::Entity::update_many()
        .col_expr(challenge::Column::ClosedAt, Expr::value(now.millis()))
        .filter(challenge::Column::UserId.eq(user_id))
        .filter(challenge::Column::ConsumedAt.is_null())
        .filter(challenge::Column::ClosedAt.is_null())
        .exec(tx)
        .await?;
    Ok(())
}
