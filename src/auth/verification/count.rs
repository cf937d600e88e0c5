//! Guesses are counted before they are looked at.

use std::time::Duration;

use entity::{challenge, user};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QuerySelect as _,
};

use super::Candidate;
use crate::auth::factor::{self, Standing};
use crate::auth::transaction;
use crate::auth::window::{self, Taken};
use crate::auth::{Auth, Unexpected};
use crate::clock::Timestamp;

/// What a guess may be held against.
pub(super) enum Counted<'a> {
    /// These challenges, on each of which it is counted.
    On {
        judged: Vec<&'a Candidate>,
        /// Whether wrong codes of the factor came before.
        has_failed: bool,
    },
    /// Wrong codes have switched the factor off; nothing was counted.
    FactorDisabled,
    /// The account has no budget left; nothing was counted.
    AccountSpent(Duration),
    /// No challenge has; nothing was counted.
    ChallengeSpent,
}

impl Auth {
    /// One transaction: the guess is counted on the account, and on each challenge that has budget left; the others drop
    /// out unlooked at.
    pub(super) async fn count_guess<'a>(
        &self,
        user: &user::Model,
        provider: &str,
        candidates: &'a [Candidate],
        now: Timestamp,
    ) -> Result<Counted<'a>, Unexpected> {
        let (house, two_step) = (&*self.0, self.0.two_step.load_full());
        let most = i32::try_from(two_step.max_attempts).unwrap_or(i32::MAX);
        let tx = transaction::begin(&house.db).await?;
        let has_failed = match factor::standing(&tx, user.id, provider).await? {
            Standing::Disabled => return Ok(Counted::FactorDisabled),
            Standing::Failed => true,
            Standing::Clean => false,
        };
        if let Taken::Full { retry_after } =
            window::take_emptied(&tx, &attempts_window(user), two_step.account_attempts, now).await?
        {
            return Ok(Counted::AccountSpent(retry_after));
        }
        let mut judged = Vec::new();
        for candidate in candidates {
            if count_attempt(&tx, &candidate.challenge.id, most, now).await? {
                judged.push(candidate);
            }
        }
        if judged.is_empty() {
            return Ok(Counted::ChallengeSpent);
        }
        tx.commit().await?;
        Ok(Counted::On { judged, has_failed })
    }
}

/// The window in which wrong codes of an account are counted.
pub(in crate::auth) fn attempts_window(user: &user::Model) -> String {
    format!("attempts:{}", user.id)
}

/// Counts one guess if the challenge is open and has budget left: one guarded statement.
pub(in crate::auth) async fn count_attempt(
    db: &impl ConnectionTrait,
    id: &str,
    most: i32,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let counted = challenge::Entity::update_many()
        .col_expr(challenge::Column::Attempts, Expr::col(challenge::Column::Attempts).add(1))
        .filter(challenge::Column::Id.eq(id))
        .filter(challenge::Column::Attempts.lt(most))
        .filter(challenge::Column::ConsumedAt.is_null())
        .filter(challenge::Column::ClosedAt.is_null())
        .filter(challenge::Column::ExpiresAt.gt(now.millis()))
        .exec(db)
        .await?;
    Ok(counted.rows_affected == 1)
}

/// Guesses that are counted on a challenge by now; as many as there can be, if it is gone.
pub(in crate::auth) async fn attempts_made(db: &impl ConnectionTrait, id: &str) -> Result<i32, DbErr> {
    let row = challenge::Entity::find_by_id(id).select_only().column(challenge::Column::Attempts);
    Ok(row.into_tuple().one(db).await?.unwrap_or(i32::MAX))
}
