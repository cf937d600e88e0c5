//! Sign-ins: one row each.

use std::net::IpAddr;
use std::time::Duration;

use entity::{session, trusted_device, user};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, UpdateMany,
};
use uuid::Uuid;

use super::account::full_name;
use super::device::DeviceToken;
use super::refresh::{self, RefreshToken};
use super::user::roles_of;
use crate::clock::Timestamp;
use crate::token::{Grant, Method};

/// Who asks.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its address, behind trusted proxies the last untrusted hop.
    pub address: IpAddr,
    /// Its `User-Agent`, cut to 255 bytes; may be empty.
    pub user_agent: String,
}

/// What a sign-in leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// One access token; the session ends with it.
    AccessOnly,
    /// A chain of refresh tokens.
    Refreshable,
}

/// For how long sessions live: from `[tokens]`.
#[derive(Clone, Copy, Debug)]
pub struct SessionLifetimes {
    /// An access token, and a session that has nothing else.
    pub access: Duration,
    /// A refresh token that nobody uses.
    pub refresh_idle: Duration,
    /// A session, however often it is refreshed.
    pub refresh_absolute: Duration,
}

/// A completed sign-in.
pub struct SignIn {
    /// What the token says.
    pub grant: Grant,
    /// The new value of the known-browser cookie.
    pub known_browser: String,
    /// The first refresh token, of a session that can be refreshed.
    pub refresh: Option<RefreshToken>,
    /// The token of the device, if it was to be remembered.
    pub device: Option<DeviceToken>,
}

/// What a sign-in has passed.
pub(super) struct Passed {
    pub methods: Vec<Method>,
    /// The row of the challenge, where there was one.
    pub challenge: Option<String>,
}

impl Passed {
    /// The password, and nothing else: whoever disowns the sign-in that had the device remembered disowns this one too.
    pub(super) fn password_on(device: Option<trusted_device::Model>) -> Self {
        Self { methods: vec![Method::Pwd], challenge: device.map(|device| device.challenge_id) }
    }
}

/// A session that was just stored.
pub(super) struct Opened {
    pub grant: Grant,
    pub refresh: Option<RefreshToken>,
}

/// Stores a session in the transaction that completes the sign-in.
pub(super) async fn open(
    tx: &impl ConnectionTrait,
    user: &user::Model,
    client: &Client,
    passed: Passed,
    kind: SessionKind,
    lifetimes: &SessionLifetimes,
    now: Timestamp,
) -> Result<Opened, DbErr> {
    let lifetime = match kind {
        SessionKind::AccessOnly => lifetimes.access,
        SessionKind::Refreshable => lifetimes.refresh_absolute,
    };
    let row = session::Model {
        id: Uuid::new_v4(),
        user_id: user.id,
        methods: serde_json::to_string(&passed.methods).unwrap_or_default(),
        auth_time: now.millis(),
        address: client.address.to_string(),
        user_agent: client.user_agent.clone(),
        created_at: now.millis(),
        last_used_at: now.millis(),
        expires_at: now.plus(lifetime).millis(),
        ended_at: None,
        challenge_id: passed.challenge,
    };
    session::Entity::insert(row.clone().into_active_model().reset_all()).exec_without_returning(tx).await?;
    let refresh = match kind {
        SessionKind::AccessOnly => None,
        SessionKind::Refreshable => Some(refresh::begin(tx, &row, lifetimes, now).await?),
    };
    Ok(Opened { grant: grant_of(&row, user), refresh })
}

/// What an access token of the session says of its user, as the user is now.
pub(super) fn grant_of(session: &session::Model, user: &user::Model) -> Grant {
    let name = full_name(user);
    Grant {
        user_id: user.id,
        email: user.email.clone(),
        name: if name.is_empty() { user.email.clone() } else { name },
        roles: roles_of(user),
        session_id: session.id,
        methods: methods_of(session),
        auth_time: Timestamp::from_millis(session.auth_time),
    }
}

/// How its user signed in.
pub(super) fn methods_of(session: &session::Model) -> Vec<Method> {
    serde_json::from_str(&session.methods).unwrap_or_default()
}

/// The session, if it has neither ended nor run out.
pub(super) async fn find_living(
    db: &impl ConnectionTrait,
    id: Uuid,
    now: Timestamp,
) -> Result<Option<session::Model>, DbErr> {
    session::Entity::find_by_id(id)
        .filter(session::Column::EndedAt.is_null())
        .filter(session::Column::ExpiresAt.gt(now.millis()))
        .one(db)
        .await
}

/// The first session that a challenge of the user has led to, whether it lives or not. A device that it had remembered may
/// have led to others.
pub(super) async fn find_by_challenge(
    db: &impl ConnectionTrait,
    user_id: Uuid,
    challenge: &str,
) -> Result<Option<session::Model>, DbErr> {
    session::Entity::find()
        .filter(session::Column::UserId.eq(user_id))
        .filter(session::Column::ChallengeId.eq(challenge))
        .order_by_asc(session::Column::CreatedAt)
        .one(db)
        .await
}

/// Which sessions of a user are ended together.
#[derive(Clone, Copy)]
pub(super) enum Which<'a> {
    All,
    /// All but this one.
    Others(Uuid),
    /// Those that a challenge has led to.
    Of(&'a str),
}

/// Ends sessions of the user; tells how many.
pub(super) async fn end_several(
    tx: &impl ConnectionTrait,
    user_id: Uuid,
    which: Which<'_>,
    now: Timestamp,
) -> Result<u64, DbErr> {
    let theirs = ending(now).filter(session::Column::UserId.eq(user_id));
    let ended = match which {
        Which::All => theirs,
        Which::Others(kept) => theirs.filter(session::Column::Id.ne(kept)),
        Which::Of(challenge) => theirs.filter(session::Column::ChallengeId.eq(challenge)),
    };
    Ok(ended.exec(tx).await?.rows_affected)
}

/// Ends sessions that have not ended.
fn ending(now: Timestamp) -> UpdateMany<session::Entity> {
    session::Entity::update_many()
        .col_expr(session::Column::EndedAt, Expr::value(now.millis()))
        .filter(session::Column::EndedAt.is_null())
}

/// Notes that the session was used; true if it lives. Where rows are locked, it is until the end of the transaction, so
/// that whoever ends it meanwhile waits, and then ends what came of it.
pub(super) async fn touch(tx: &impl ConnectionTrait, id: Uuid, now: Timestamp) -> Result<bool, DbErr> {
    let touched = session::Entity::update_many()
        .col_expr(session::Column::LastUsedAt, Expr::value(now.millis()))
        .filter(session::Column::Id.eq(id))
        .filter(session::Column::EndedAt.is_null())
        .filter(session::Column::ExpiresAt.gt(now.millis()))
        .exec(tx)
        .await?;
    Ok(touched.rows_affected == 1)
}

/// Ends the session; true for the one call that did it.
pub(super) async fn end(tx: &impl ConnectionTrait, id: Uuid, now: Timestamp) -> Result<bool, DbErr> {
    let ended = ending(now).filter(session::Column::Id.eq(id)).exec(tx).await?;
    Ok(ended.rows_affected == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::fixture::{self, NOW};

    #[actix_web::test]
    async fn sessions_end_of_their_user_and_of_nobody_else() {
        let house = fixture::house().await;
        let jo = fixture::insert_user(house.db(), "jo@example.com").await;
        let other = fixture::insert_user(house.db(), "other@example.com").await;
        let open = async |user, challenge: &str| {
            let passed = Passed { methods: vec![Method::Pwd], challenge: Some(challenge.to_owned()) };
            let day = Duration::from_hours(24);
            let lifetimes = SessionLifetimes { access: day, refresh_idle: day, refresh_absolute: day };
            let (client, kind) = (fixture::client(), SessionKind::AccessOnly);
            let opened = self::open(house.db(), user, &client, passed, kind, &lifetimes, NOW).await.unwrap();
            opened.grant.session_id
        };
        let first = open(&jo, "a").await;
        let (kept, of_other) = (open(&jo, "b").await, open(&other, "a").await);
        let lives = async |id| find_living(house.db(), id, NOW).await.unwrap().is_some();
        let end = async |which| end_several(house.db(), jo.id, which, NOW).await.unwrap();

        assert_eq!(end(Which::Of("a")).await, 1);
        assert!(!lives(first).await && lives(kept).await && lives(of_other).await);
        open(&jo, "c").await;
        assert_eq!(end(Which::Others(kept)).await, 1);
        assert!(lives(kept).await && lives(of_other).await);
        assert_eq!(end(Which::All).await, 1);
        assert!(!lives(kept).await && lives(of_other).await);
    }
}
