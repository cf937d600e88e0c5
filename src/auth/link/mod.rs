//! Links sent by mail: where they may point, what they carry, and how they are used up once.

mod target;

use anyhow::Context as _;
use entity::link::{ActiveModel, Column, Entity, Model};
use entity::user;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, UpdateMany,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::target::{LinkOrigins, LinkTarget, RefusedTarget};
use super::Unexpected;
use crate::clock::Timestamp;
use crate::vault::{self, Use, Vault};

/// More registrations of one address are not told apart.
const MOST_UNUSED: u64 = 20;

/// What opening a link does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkPurpose {
    /// Confirms an address.
    ConfirmEmail,
    /// Sets a new password.
    ResetPassword,
    /// Gives the account another address.
    ChangeEmail,
    /// Nothing, ever: written where no link is due, so that the time of an answer does not tell.
    Decoy,
}

impl LinkPurpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::ConfirmEmail => "confirm_email",
            Self::ResetPassword => "reset_password",
            Self::ChangeEmail => "change_email",
            Self::Decoy => "decoy",
        }
    }
}

/// A registration that takes effect when its own link is opened.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    /// The address in the spelling of this registration.
    pub email: String,
    pub password_hash: String,
    pub first_name: String,
    pub last_name: String,
    #[serde(default)]
    pub phone_number: Option<String>,
    #[serde(default)]
    pub locale: Option<String>,
}

impl Pending {
    /// An address, and nothing else.
    pub(super) fn address(email: &str) -> Self {
        let email = email.to_owned();
        let (password_hash, first_name, last_name) = Default::default();
        Self { email, password_hash, first_name, last_name, phone_number: None, locale: None }
    }
}

/// A link to be stored.
pub(super) struct NewLink<'a> {
    pub user: &'a user::Model,
    pub purpose: LinkPurpose,
    pub pending: Option<&'a Pending>,
    pub now: Timestamp,
    pub expires_at: Timestamp,
}

/// Stores a link and gives its token, of which only the digest is kept.
pub(super) async fn create(
    tx: &impl ConnectionTrait,
    vault: &Vault,
    link: NewLink<'_>,
) -> Result<String, Unexpected> {
    let id = Uuid::new_v4();
    let token = vault::random_token::<32>();
    let pending = match link.pending {
        Some(pending) => {
            let plain = zeroize::Zeroizing::new(serde_json::to_vec(pending).context("cannot write a link")?);
            Some(vault.seal(Use::Link, id.as_bytes(), &plain))
        }
        None => None,
    };
    let is_dead = link.purpose == LinkPurpose::Decoy;
    let row = ActiveModel {
        id: Set(id),
        user_id: Set(link.user.id),
        purpose: Set(link.purpose.as_str().to_owned()),
        digest: Set(vault::digest(&token)),
        pending: Set(pending),
        security_stamp: Set(link.user.security_stamp.clone()),
        created_at: Set(link.now.millis()),
        expires_at: Set(link.expires_at.millis()),
        consumed_at: Set(is_dead.then_some(link.now.millis())),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(token)
}

/// The link with this token, if it could still be used up: a look, which decides nothing.
pub(super) async fn find(
    db: &impl ConnectionTrait,
    purpose: LinkPurpose,
    token: &str,
    now: Timestamp,
) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::Digest.eq(vault::digest(token)))
        .filter(Column::Purpose.eq(purpose.as_str()))
        .filter(Column::ConsumedAt.is_null())
        .filter(Column::ExpiresAt.gt(now.millis()))
        .one(db)
        .await
}

/// Uses a link up: one guarded statement decides who wins. Belongs in the transaction of what the link does.
pub(super) async fn consume(
    tx: &impl ConnectionTrait,
    user: &user::Model,
    purpose: LinkPurpose,
    token: &str,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let consumed = Entity::update_many()
        .col_expr(Column::ConsumedAt, Expr::value(now.millis()))
        .col_expr(Column::Pending, Expr::value(Option::<Vec<u8>>::None))
        .filter(Column::Digest.eq(vault::digest(token)))
        .filter(Column::Purpose.eq(purpose.as_str()))
        .filter(Column::UserId.eq(user.id))
        .filter(Column::SecurityStamp.eq(&user.security_stamp))
        .filter(Column::ConsumedAt.is_null())
        .filter(Column::ExpiresAt.gt(now.millis()))
        .exec(tx)
        .await?;
    Ok(consumed.rows_affected == 1)
}

/// Makes every link of the user worthless.
pub(super) async fn kill_all(tx: &impl ConnectionTrait, user_id: Uuid, now: Timestamp) -> Result<(), DbErr> {
    unused(user_id, now).exec(tx).await?;
    Ok(())
}

/// Uses up the unused links of a user.
fn unused(user_id: Uuid, now: Timestamp) -> UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(Column::ConsumedAt, Expr::value(now.millis()))
        .col_expr(Column::Pending, Expr::value(Option::<Vec<u8>>::None))
        .filter(Column::UserId.eq(user_id))
        .filter(Column::ConsumedAt.is_null())
}

/// Makes every link of the user with that purpose worthless.
pub(super) async fn kill(
    tx: &impl ConnectionTrait,
    user_id: Uuid,
    purpose: LinkPurpose,
    now: Timestamp,
) -> Result<(), DbErr> {
    unused(user_id, now).filter(Column::Purpose.eq(purpose.as_str())).exec(tx).await?;
    Ok(())
}

/// Every confirmation link of the user that is still kept and was not used, newest first.
pub(super) async fn unused_confirmations(
    db: &impl ConnectionTrait,
    user_id: Uuid,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::UserId.eq(user_id))
        .filter(Column::Purpose.eq(LinkPurpose::ConfirmEmail.as_str()))
        .filter(Column::ConsumedAt.is_null())
        .order_by_desc(Column::CreatedAt)
        .limit(MOST_UNUSED)
        .all(db)
        .await
}

/// What takes effect when the link is opened.
pub(super) fn pending(vault: &Vault, link: &Model) -> Result<Pending, Unexpected> {
    let sealed = link.pending.as_deref().context("a confirmation link carries nothing")?;
    let plain =
        vault.open(Use::Link, link.id.as_bytes(), sealed).context("a confirmation link cannot be opened")?;
    Ok(serde_json::from_slice(&plain).context("a confirmation link carries something else")?)
}

#[cfg(test)]
mod tests;
