//! The tokens of a session: each is derived from the one before it, and only digests are kept.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::refresh_token::{ActiveModel, Column, Entity, Model};
use entity::session;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _,
};

use super::RefreshToken;
use crate::auth::session::SessionLifetimes;
use crate::clock::Timestamp;
use crate::vault::{self, Use, Vault};

/// For so long a client that lost the answer may repeat its last exchange.
const REPEATABLE: Duration = Duration::from_secs(30);

/// What came of an exchange.
pub(super) enum Exchange {
    /// The successor, made now or a moment ago.
    Successor(RefreshToken),
    /// Nobody used it in its time.
    RunOut,
    /// It was exchanged before.
    Reused,
}

/// Stores the first token of a new session.
pub(in crate::auth) async fn begin(
    tx: &impl ConnectionTrait,
    session: &session::Model,
    lifetimes: &SessionLifetimes,
    now: Timestamp,
) -> Result<RefreshToken, DbErr> {
    store(tx, vault::random_token::<32>(), session, lifetimes, now).await
}

/// The row of a token as a client shows it.
pub(super) async fn find(db: &impl ConnectionTrait, token: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(vault::digest(token)).one(db).await
}

/// Uses the token up and stores its successor; tells the successor again where the answer may have got lost. The caller
/// holds the session.
pub(super) async fn exchange(
    tx: &impl ConnectionTrait,
    vault: &Vault,
    token: &str,
    session: &session::Model,
    lifetimes: &SessionLifetimes,
    now: Timestamp,
) -> Result<Exchange, DbErr> {
    let next = successor(vault, token);
    if use_up(tx, token, now).await? {
        return store(tx, next, session, lifetimes, now).await.map(Exchange::Successor);
    }
    let Some(used_at) = find(tx, token).await?.and_then(|row| row.used_at) else {
        return Ok(Exchange::RunOut);
    };
    let is_recent = now.since(Timestamp::from_millis(used_at)) <= REPEATABLE;
    let unused = find(tx, &next).await?.filter(|row| is_recent && row.used_at.is_none());
    Ok(unused.map_or(Exchange::Reused, |row| {
        let expires_at = Timestamp::from_millis(row.expires_at);
        Exchange::Successor(RefreshToken { token: next, expires_at })
    }))
}

/// The token that `token` is exchanged for, the same whenever it is asked for.
fn successor(vault: &Vault, token: &str) -> String {
    URL_SAFE_NO_PAD.encode(vault.mac(Use::RefreshToken, &[token.as_bytes()]))
}

/// One guarded statement decides who exchanges a token.
pub(super) async fn use_up(tx: &impl ConnectionTrait, token: &str, now: Timestamp) -> Result<bool, DbErr> {
    let used = Entity::update_many()
        .col_expr(Column::UsedAt, Expr::value(now.millis()))
        .filter(Column::Digest.eq(vault::digest(token)))
        .filter(Column::UsedAt.is_null())
        .filter(Column::ExpiresAt.gt(now.millis()))
        .exec(tx)
        .await?;
    Ok(used.rows_affected == 1)
}

async fn store(
    tx: &impl ConnectionTrait,
    token: String,
    session: &session::Model,
    lifetimes: &SessionLifetimes,
    now: Timestamp,
) -> Result<RefreshToken, DbErr> {
    let end = Timestamp::from_millis(session.expires_at);
    let expires_at = now.plus(lifetimes.refresh_idle).min(end);
    let row = ActiveModel {
        digest: Set(vault::digest(&token)),
        session_id: Set(session.id),
        created_at: Set(now.millis()),
        expires_at: Set(expires_at.millis()),
        used_at: Set(None),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(RefreshToken { token, expires_at })
}

/// Removes the tokens of sessions that have been dead since `before`. Those of a living one all stay: whichever comes
/// again tells of a theft.
pub(in crate::auth) async fn prune(db: &impl ConnectionTrait, before: Timestamp) -> Result<u64, DbErr> {
    let dead = Condition::any()
        .add(session::Column::EndedAt.lt(before.millis()))
        .add(session::Column::ExpiresAt.lt(before.millis()));
    let sessions =
        Query::select().column(session::Column::Id).from(session::Entity).cond_where(dead).to_owned();
    let removed = Entity::delete_many().filter(Column::SessionId.in_subquery(sessions)).exec(db).await?;
    Ok(removed.rows_affected)
}
