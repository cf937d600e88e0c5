//! Remembered devices: a browser or app whose owner asked to be spared the second step in it. The password is still needed.

use std::time::Duration;

use entity::trusted_device::{ActiveModel, Column, Entity, Model};
use entity::user;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::Client;
use crate::clock::Timestamp;
use crate::vault;

/// Tokens that are looked at in one login.
const MOST_SHOWN: usize = 8;

/// Devices that an account has at most; the oldest give way.
const MOST_KEPT: u64 = 50;

/// The token of a remembered device, in clear. No `Debug`, no `Serialize`: it leaves only in an answer.
#[derive(Clone)]
pub struct DeviceToken {
    /// 256 bits, base64url.
    pub token: String,
    /// From when on the second step is asked for again.
    pub expires_at: Timestamp,
    /// Tokens in the same browser that it takes the place of.
    pub replaces: Vec<String>,
}

/// Remembers the device of a sign-in, in the transaction that completes it.
pub(super) async fn remember(
    tx: &impl ConnectionTrait,
    user_id: Uuid,
    client: &Client,
    challenge: &str,
    lifetime: Duration,
    now: Timestamp,
) -> Result<DeviceToken, DbErr> {
    let token = vault::random_token::<32>();
    let expires_at = now.plus(lifetime);
    let row = ActiveModel {
        id: Set(Uuid::new_v4()),
        user_id: Set(user_id),
        digest: Set(vault::digest(&token)),
        challenge_id: Set(challenge.to_owned()),
        address: Set(client.address.to_string()),
        user_agent: Set(client.user_agent.clone()),
        created_at: Set(now.millis()),
        expires_at: Set(expires_at.millis()),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    drop_oldest(tx, user_id).await?;
    Ok(DeviceToken { token, expires_at, replaces: Vec::new() })
}

async fn drop_oldest(tx: &impl ConnectionTrait, user_id: Uuid) -> Result<(), DbErr> {
    let surplus: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::UserId.eq(user_id))
        .order_by_desc(Column::CreatedAt)
        .offset(MOST_KEPT)
        .limit(MOST_KEPT)
        .into_tuple()
        .all(tx)
        .await?;
    if !surplus.is_empty() {
        Entity::delete_many().filter(Column::Id.is_in(surplus)).exec(tx).await?;
    }
    Ok(())
}

/// The device of `user` whose token is among those that a client shows.
pub(super) async fn find(
    db: &impl ConnectionTrait,
    user: &user::Model,
    shown: &[String],
    now: Timestamp,
) -> Result<Option<Model>, DbErr> {
    if shown.is_empty() {
        return Ok(None);
    }
    let digests = shown.iter().take(MOST_SHOWN).map(|token| vault::digest(token));
    Entity::find()
        .filter(Column::Digest.is_in(digests))
        .filter(Column::UserId.eq(user.id))
        .filter(Column::ExpiresAt.gt(now.millis()))
        .one(db)
        .await
}

/// The device as it is now, if it was not forgotten meanwhile.
pub(super) async fn still_there(
    tx: &impl ConnectionTrait,
    device: &Model,
    now: Timestamp,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(device.id).filter(Column::ExpiresAt.gt(now.millis())).one(tx).await
}

/// The living devices of an account, newest first.
pub(super) async fn of_user(
    db: &impl ConnectionTrait,
    user_id: Uuid,
    now: Timestamp,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::UserId.eq(user_id))
        .filter(Column::ExpiresAt.gt(now.millis()))
        .order_by_desc(Column::CreatedAt)
        .limit(MOST_KEPT)
        .all(db)
        .await
}

/// Forgets one device of the account; false if it has none with that id that lives.
pub(super) async fn forget(
    tx: &impl ConnectionTrait,
    user_id: Uuid,
    id: Uuid,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let forgotten = Entity::delete_many()
        .filter(Column::Id.eq(id))
        .filter(Column::UserId.eq(user_id))
        .filter(Column::ExpiresAt.gt(now.millis()))
        .exec(tx)
        .await?;
    Ok(forgotten.rows_affected == 1)
}

/// Forgets every device of the account.
pub(super) async fn forget_all(tx: &impl ConnectionTrait, user_id: Uuid) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::UserId.eq(user_id)).exec(tx).await?;
    Ok(())
}

/// Forgets the device that the sign-in of a challenge has had remembered.
pub(super) async fn forget_of_challenge(tx: &impl ConnectionTrait, challenge: &str) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::ChallengeId.eq(challenge)).exec(tx).await?;
    Ok(())
}

/// Forgets the devices of the account whose tokens are shown, because another takes their place; gives those tokens.
pub(super) async fn forget_shown(
    tx: &impl ConnectionTrait,
    user_id: Uuid,
    shown: &[String],
) -> Result<Vec<String>, DbErr> {
    let mut forgotten = Vec::new();
    for token in shown.iter().take(MOST_SHOWN) {
        let of_account = Entity::delete_many()
            .filter(Column::UserId.eq(user_id))
            .filter(Column::Digest.eq(vault::digest(token)))
            .exec(tx)
            .await?;
        if of_account.rows_affected > 0 {
            forgotten.push(token.clone());
        }
    }
    Ok(forgotten)
}

/// Removes the devices whose time was over before `before`; tells how many.
pub(super) async fn prune(db: &impl ConnectionTrait, before: Timestamp) -> Result<u64, DbErr> {
    let old = Entity::delete_many().filter(Column::ExpiresAt.lt(before.millis()));
    Ok(old.exec(db).await?.rows_affected)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use sea_orm::PaginatorTrait as _;

    use super::*;
    use crate::auth::fixture::{self, NOW};

    const DAY: Duration = Duration::from_hours(24);

    fn client() -> Client {
        Client { address: Ipv4Addr::LOCALHOST.into(), user_agent: String::new() }
    }

    #[tokio::test]
    async fn a_device_is_its_owners_until_its_time_is_over() {
        let database = fixture::database().await;
        let db = &database.connection;
        let jo = fixture::insert_user(db, "jo@example.com").await;
        let other = fixture::insert_user(db, "other@example.com").await;
        let made = remember(db, jo.id, &client(), "a challenge", DAY, NOW).await.unwrap();
        let shown = vec!["nobody's".to_owned(), made.token.clone()];

        let last = made.expires_at.minus(Duration::from_millis(1));
        assert!(find(db, &jo, &shown, last).await.unwrap().is_some());
        assert!(find(db, &jo, &shown, made.expires_at).await.unwrap().is_none());
        assert!(find(db, &other, &shown, NOW).await.unwrap().is_none());
        assert!(of_user(db, jo.id, made.expires_at).await.unwrap().is_empty());
        let id = of_user(db, jo.id, NOW).await.unwrap()[0].id;
        assert!(!forget(db, jo.id, id, made.expires_at).await.unwrap());
        assert!(forget(db, jo.id, id, last).await.unwrap());
    }

    #[tokio::test]
    async fn of_many_tokens_the_first_are_looked_at() {
        let database = fixture::database().await;
        let db = &database.connection;
        let jo = fixture::insert_user(db, "jo@example.com").await;
        let made = remember(db, jo.id, &client(), "a challenge", DAY, NOW).await.unwrap();
        let mut shown = vec![String::from("nobody's"); MOST_SHOWN - 1];
        shown.push(made.token.clone());

        assert!(find(db, &jo, &shown, NOW).await.unwrap().is_some());
        shown.insert(0, String::from("nobody's"));
        assert!(find(db, &jo, &shown, NOW).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_is_forgotten_of_one_account_or_sign_in_stays_of_others() {
        let database = fixture::database().await;
        let db = &database.connection;
        let jo = fixture::insert_user(db, "jo@example.com").await;
        let other = fixture::insert_user(db, "other@example.com").await;
        for (user, challenge) in [(&jo, "disowned"), (&jo, "another"), (&other, "a third")] {
            remember(db, user.id, &client(), challenge, DAY, NOW).await.unwrap();
        }
        let left = async || {
            let of = async |user: &user::Model| of_user(db, user.id, NOW).await.unwrap().len();
            (of(&jo).await, of(&other).await)
        };

        forget_of_challenge(db, "disowned").await.unwrap();
        assert_eq!(left().await, (1, 1));
        forget_all(db, jo.id).await.unwrap();
        assert_eq!(left().await, (0, 1));
    }

    #[tokio::test]
    async fn of_too_many_the_oldest_give_way() {
        let database = fixture::database().await;
        let db = &database.connection;
        let jo = fixture::insert_user(db, "jo@example.com").await;
        let mut tokens = Vec::new();
        for second in 0..=MOST_KEPT {
            let now = NOW.plus(Duration::from_secs(second));
            tokens.push(remember(db, jo.id, &client(), "a challenge", DAY, now).await.unwrap().token);
        }

        let count = Entity::find().count(db).await.unwrap();
        let first = find(db, &jo, &tokens[..1], NOW).await.unwrap();
        let second = find(db, &jo, &tokens[1..2], NOW).await.unwrap();

        assert_eq!(count, MOST_KEPT);
        assert!(first.is_none() && second.is_some());
    }

    #[tokio::test]
    async fn only_what_is_over_is_removed() {
        let database = fixture::database().await;
        let db = &database.connection;
        let jo = fixture::insert_user(db, "jo@example.com").await;
        let made = remember(db, jo.id, &client(), "a challenge", DAY, NOW).await.unwrap();

        assert_eq!(prune(db, made.expires_at).await.unwrap(), 0);
        assert_eq!(prune(db, made.expires_at.plus(Duration::from_millis(1))).await.unwrap(), 1);
    }
}
