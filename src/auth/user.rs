//! Users in the database: finding, storing, and what their columns mean.

use entity::user::{Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QuerySelect as _, Select, UpdateMany,
};
use uuid::Uuid;

use super::EmailAddress;
use crate::clock::Timestamp;
use crate::vault::random_token;

/// The user with that id.
pub(super) async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(db).await
}

/// The user with this address, in whatever spelling.
pub(super) async fn find_by_email(
    db: &impl ConnectionTrait,
    email: &EmailAddress,
) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::EmailKey.eq(email.key())).one(db).await
}

/// [`find`]; where rows are locked, the user's is until the end of the transaction.
pub(super) async fn hold(tx: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).lock_exclusive().one(tx).await
}

/// The user as it is now, if it is still there, not switched off, and has the password that was checked. Where rows are
/// locked, the user's is until the end of the transaction, so that a reset that comes meanwhile waits and then ends what
/// it opened.
pub(super) async fn still_good(db: &impl ConnectionTrait, user: &Model) -> Result<Option<Model>, DbErr> {
    good(user).one(db).await
}

fn good(user: &Model) -> Select<Entity> {
    Entity::find_by_id(user.id)
        .filter(Column::SecurityStamp.eq(&user.security_stamp))
        .filter(Column::DisabledAt.is_null())
        .lock_exclusive()
}

/// The row of a new user, with a fresh id and stamp; what is not given is empty or off.
pub(super) fn new_row(email: &EmailAddress, password_hash: String, now: Timestamp) -> Model {
    Model {
        id: Uuid::new_v4(),
        email: email.as_str().to_owned(),
        email_key: email.key().to_owned(),
        password_hash,
        first_name: String::new(),
        last_name: String::new(),
        locale: None,
        roles: "[]".to_owned(),
        email_confirmed: false,
        email_confirmed_at: None,
        two_factor_enabled: false,
        preferred_provider: None,
        phone_number: None,
        phone_confirmed: false,
        phone_confirmed_at: None,
        disabled_at: None,
        security_stamp: new_stamp(),
        created_at: now.millis(),
        updated_at: now.millis(),
    }
}

/// Stores a new user.
///
/// # Errors
/// Also when the address is taken: [`super::transaction::is_taken`].
pub(super) async fn insert(db: &impl ConnectionTrait, row: &Model) -> Result<(), DbErr> {
    Entity::insert(row.clone().into_active_model().reset_all()).exec_without_returning(db).await?;
    Ok(())
}

/// Removes the account with this address, if it was never confirmed.
pub(super) async fn drop_unconfirmed(tx: &impl ConnectionTrait, email: &EmailAddress) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(Column::EmailKey.eq(email.key()))
        .filter(Column::EmailConfirmed.eq(false))
        .exec(tx)
        .await?;
    Ok(())
}

/// Writes an account that is still what it was when it was read: not switched off, and with the same password. Whoever writes
/// checks that a row was written.
pub(super) fn rewrite(user: &Model, now: Timestamp) -> UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(Column::UpdatedAt, Expr::value(now.millis()))
        .filter(Column::Id.eq(user.id))
        .filter(Column::SecurityStamp.eq(&user.security_stamp))
        .filter(Column::DisabledAt.is_null())
}

/// Whether the row is still the one that was read: of two that decided by the same row, one goes on. Its `updated_at` moves on
/// in any case.
pub(super) async fn take_turn(
    tx: &impl ConnectionTrait,
    user: &Model,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let moved = now.millis().max(user.updated_at.saturating_add(1));
    let taken = Entity::update_many()
        .col_expr(Column::UpdatedAt, Expr::value(moved))
        .filter(Column::Id.eq(user.id))
        .filter(Column::UpdatedAt.eq(user.updated_at))
        .filter(Column::SecurityStamp.eq(&user.security_stamp))
        .filter(Column::DisabledAt.is_null())
        .exec(tx)
        .await?;
    Ok(taken.rows_affected == 1)
}

/// Writes the row without changing what it says.
pub(super) async fn touch(db: &impl ConnectionTrait, user: &Model, now: Timestamp) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::UpdatedAt, Expr::value(now.millis()))
        .filter(Column::Id.eq(user.id))
        .exec(db)
        .await?;
    Ok(())
}

/// A stamp that no link and no challenge carries yet.
pub(super) fn new_stamp() -> String {
    random_token::<32>()
}

/// The number that codes may go to.
pub(super) fn confirmed_phone(user: &Model) -> Option<&str> {
    user.phone_number.as_deref().filter(|_| user.phone_confirmed)
}

/// Whether `to` was the account's number by what was read of it, and is not any more.
pub(super) fn has_given_up(read: &Model, now: &Model, to: &str) -> bool {
    confirmed_phone(read) == Some(to) && confirmed_phone(now) != Some(to)
}

/// Names of the user's roles.
pub(super) fn roles_of(user: &Model) -> Vec<String> {
    serde_json::from_str(&user.roles).unwrap_or_default()
}

/// The column `roles`.
pub(super) fn roles_column(roles: &[String]) -> String {
    serde_json::Value::from(roles).to_string()
}

#[cfg(test)]
mod tests {
    use sea_orm::{DbBackend, QueryTrait as _};

    use super::*;
    use crate::auth::fixture::{self, NOW};
    use crate::auth::transaction::is_taken;

    #[tokio::test]
    async fn an_address_is_taken_in_every_spelling() {
        let database = fixture::database().await;
        let db = &database.connection;
        let jo = fixture::insert_user(db, "Jo@example.com").await;
        let spelling = EmailAddress::parse("\u{ff4a}O@EXAMPLE.com").unwrap();

        let found = find_by_email(db, &spelling).await.unwrap().unwrap();
        let again = insert(db, &new_row(&spelling, String::new(), NOW)).await;

        assert_eq!(found, jo);
        assert!(is_taken(&again.unwrap_err()));
    }

    #[tokio::test]
    async fn an_account_is_good_until_its_password_changes_or_it_is_switched_off() {
        let database = fixture::database().await;
        let db = &database.connection;
        let jo = fixture::insert_user(db, "jo@example.com").await;
        let older = Model { security_stamp: new_stamp(), ..jo.clone() };

        assert_eq!(still_good(db, &jo).await.unwrap(), Some(jo.clone()));
        assert_eq!(still_good(db, &older).await.unwrap(), None);
        Entity::update_many().col_expr(Column::DisabledAt, Expr::value(1)).exec(db).await.unwrap();
        assert_eq!(still_good(db, &jo).await.unwrap(), None);
    }

    #[test]
    fn where_rows_are_locked_the_accounts_is() {
        let jo = new_row(&EmailAddress::parse("jo@example.com").unwrap(), String::new(), NOW);

        for engine in [DbBackend::Postgres, DbBackend::MySql] {
            assert!(good(&jo).build(engine).sql.ends_with(" FOR UPDATE"), "{engine:?}");
        }
    }

    #[test]
    fn roles_are_read_as_they_were_written() {
        let email = EmailAddress::parse("jo@example.com").unwrap();
        let roles = vec!["Viewer".to_owned(), "A \"quoted\" one".to_owned()];
        let user = Model { roles: roles_column(&roles), ..new_row(&email, String::new(), NOW) };

        assert_eq!(roles_of(&user), roles);
    }
}
