//! An account is deleted by its owner.

use log::info;

use super::{Auth, Change, MeError, Owner};
use crate::auth::directory::erase;
use crate::auth::notice::Notice;
use crate::auth::transaction::{self, retried};
use crate::auth::{Client, Unexpected, session, user as users};
use crate::courier::Queued;
use crate::token::Claims;

impl Auth {
    /// Deletes the account of the token's owner and all that hangs on it, and mails that it was.
    ///
    /// # Errors
    /// [`MeError`]
    pub async fn delete_account(&self, claims: &Claims, client: &Client) -> Result<(), MeError> {
        let owner = self.fresh_owner(claims, client).await?;
        let told = retried(|| self.erase_account(&owner)).await?.ok_or(MeError::Gone)?;
        self.0.courier.wake(told);
        info!(user_id:% = owner.user.id; "account deleted by its owner");
        Ok(())
    }

    /// One transaction: the account is gone and its notice queued. `None` if it has changed, or its session has ended.
    async fn erase_account(&self, owner: &Owner<'_>) -> Result<Option<Queued>, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        let Some(user) = users::still_good(&tx, &owner.user).await? else { return Ok(None) };
        if !session::touch(&tx, owner.claims.session_id, now).await? {
            return Ok(None);
        }
        if !erase(&tx, &house.vault, &user).await? {
            return Ok(None);
        }
        let told = self.notify(&tx, &user, Notice::Changed(Change::AccountDeleted)).await?;
        tx.commit().await?;
        Ok(Some(told))
    }
}

#[cfg(test)]
mod tests {
    use entity::user;

    use super::*;
    use crate::auth::fixture;

    #[actix_web::test]
    async fn nobody_is_deleted_who_has_changed_or_whose_sign_in_has_ended() {
        let house = fixture::house().await;
        let jo = fixture::insert_user(house.db(), "jo@example.com").await;
        let (claims, client) = (house.signed_in(&jo).await, fixture::client());
        let owner = |user| Owner { user, claims: &claims, client: &client };
        let older = owner(user::Model { security_stamp: users::new_stamp(), ..jo.clone() });

        let changed = house.auth.erase_account(&older).await.unwrap();
        session::end(house.db(), claims.session_id, house.clock.now()).await.unwrap();
        let ended = house.auth.erase_account(&owner(jo.clone())).await.unwrap();

        assert!(changed.is_none() && ended.is_none());
        assert_eq!(house.user("jo@example.com").await, jo);
    }
}
