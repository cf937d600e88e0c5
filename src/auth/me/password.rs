//! A new password by its owner.

use entity::user;
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, DbErr};

use super::{Auth, Change, MeError, Owner};
use crate::auth::known_browser::KnownBrowser;
use crate::auth::lockout::{self, Lane, Standing, WrongPassword};
use crate::auth::notice::FORGOT_PAGE;
use crate::auth::session::{self, Which};
use crate::auth::transaction::{self, retried};
use crate::auth::{Client, FieldError, Password, Unexpected, user as users};
use crate::auth::{device, link, revocation};
use crate::clock::Timestamp;
use crate::courier::Queued;
use crate::token::Claims;

/// What a change of the password brings.
pub struct PasswordChange {
    /// The password so far.
    pub current: Password,
    /// The one from now on.
    pub new: Password,
    /// Value of the known-browser cookie, as it came.
    pub known_browser: Option<String>,
}

impl Auth {
    /// Changes the password of the token's owner. It ends the other sessions, open challenges, links and remembered devices. A wrong current
    /// password counts like one at a login of the same browser.
    ///
    /// # Errors
    /// [`MeError`]
    pub async fn change_password(
        &self,
        claims: &Claims,
        client: &Client,
        change: &PasswordChange,
    ) -> Result<(), MeError> {
        let house = &*self.0;
        let owner = self.fresh_owner(claims, client).await?;
        let PasswordChange { current, new, known_browser } = change;
        let mut faults = new.faults(&house.accounts);
        for fault in &mut faults {
            fault.field = "newPassword";
        }
        if !faults.is_empty() {
            return Err(MeError::Invalid(faults));
        }
        let lane = KnownBrowser::read(&house.vault, known_browser.as_deref())
            .lane_of(&house.vault, owner.user.id)
            .unwrap_or_else(|| Lane::of_address(&house.vault, &owner.user.email_key));
        let now = house.clock.now();
        let right = !current.is_cut() && house.hashing.verify(current, &owner.user.password_hash).await?;
        if lockout::standing(&house.db, &lane, now).await? == Standing::Locked || !right {
            let reset_page = &self.page(FORGOT_PAGE);
            let wrong = WrongPassword { owner: Some(&owner.user), email: None, client, reset_page };
            self.count_wrong_password(&lane, &wrong, now).await?;
            return Err(incorrect());
        }
        let hash = house.hashing.hash(new).await?;
        let queued = retried(|| self.write_password(&owner, &hash)).await?;
        house.courier.wake(queued.ok_or(MeError::Gone)?);
        Ok(())
    }

    /// One transaction: the password, everything that hung on the old one, the event and the notice. `None` if it has
    /// changed meanwhile.
    async fn write_password(&self, owner: &Owner<'_>, hash: &str) -> Result<Option<Queued>, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        if !set(&tx, &owner.user, hash, now).await? {
            return Ok(None);
        }
        link::kill_all(&tx, owner.user.id, now).await?;
        let others = Which::Others(owner.claims.session_id);
        session::end_several(&tx, owner.user.id, others, now).await?;
        revocation::close_challenges(&tx, owner.user.id, now).await?;
        device::forget_all(&tx, owner.user.id).await?;
        let Some(queued) = self.note(&tx, owner, Change::Password, now).await? else { return Ok(None) };
        tx.commit().await?;
        Ok(Some(queued))
    }
}

fn incorrect() -> MeError {
    let message = "The current password is wrong.".to_owned();
    MeError::Invalid(vec![FieldError { field: "currentPassword", code: "incorrect", message }])
}

async fn set(
    tx: &impl ConnectionTrait,
    user: &user::Model,
    hash: &str,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let set = users::rewrite(user, now)
        .col_expr(user::Column::PasswordHash, Expr::value(hash))
        .col_expr(user::Column::SecurityStamp, Expr::value(users::new_stamp()))
        .exec(tx)
        .await?;
    Ok(set.rows_affected == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::fixture;

    #[actix_web::test]
    async fn a_session_that_has_ended_meanwhile_changes_nothing() {
        let house = fixture::house().await;
        let user = fixture::insert_user(house.db(), "jo@example.com").await;
        let (claims, client) = (house.signed_in(&user).await, fixture::client());
        let owner = Owner { user: user.clone(), claims: &claims, client: &client };

        session::end(house.db(), claims.session_id, house.clock.now()).await.unwrap();
        let written = house.auth.write_password(&owner, "another hash").await.unwrap();

        assert!(written.is_none());
        assert_eq!(house.user("jo@example.com").await.password_hash, user.password_hash);
    }
}
