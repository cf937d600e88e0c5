//! A right code: the challenge is used up and the session opened, together and once.

use entity::{challenge, challenge_code};
use log::info;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _};
use serde_json::json;

use super::count::attempts_window;
use super::judge::Try;
use super::proof::Proof;
use super::{Auth, Candidate};
use crate::auth::challenge::{self as challenges, StoredCode, sends_window};
use crate::auth::error::Trouble;
use crate::auth::event::EventKind;
use crate::auth::known_browser::KnownBrowser;
use crate::auth::session::{self, Opened, Passed};
use crate::auth::transaction::{self, retried};
use crate::auth::{
    DeviceToken, SignIn, Unexpected, authenticator, device, event, factor, recovery, user as users, window,
};
use crate::clock::Timestamp;
use crate::courier::Queued;
use crate::token::Grant;

/// A challenge whose code was right.
pub(super) struct Won<'a> {
    pub candidate: &'a Candidate,
    pub proof: Proof,
    /// Whether wrong codes of the factor came before. One that is counted at the same time stays counted: that errs to the strict
    /// side.
    pub has_failed: bool,
}

/// A challenge that was used up.
struct Consumed {
    opened: Opened,
    device: Option<DeviceToken>,
    notices: Vec<Queued>,
}

impl Auth {
    /// Uses the challenge up and opens the session; `None` if another one was first.
    pub(super) async fn consume(
        &self,
        attempt: &Try<'_>,
        won: &Won<'_>,
        counted_at: Timestamp,
    ) -> Result<Option<SignIn>, Trouble> {
        let house = &*self.0;
        let consumed = retried(|| self.consume_challenge(attempt, won, counted_at)).await?;
        let Some(Consumed { opened: Opened { grant, refresh }, device, notices }) = consumed else {
            return Ok(None);
        };
        for notice in notices {
            house.courier.wake(notice);
        }
        info!(user_id:% = grant.user_id, session_id:% = grant.session_id, provider = attempt.provider; "signed in");
        let browser = KnownBrowser::read(&house.vault, attempt.known_browser);
        let known_browser = browser.remember(&house.vault, grant.user_id);
        Ok(Some(SignIn { grant, known_browser, refresh, device }))
    }

    /// One transaction: the challenge and the proof are used up and the session opened, and the guess, which was no wrong
    /// one, is given back to the account. `None` if somebody else was first, or the account has changed meanwhile.
    async fn consume_challenge(
        &self,
        attempt: &Try<'_>,
        won: &Won<'_>,
        counted_at: Timestamp,
    ) -> Result<Option<Consumed>, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        let Some(user) = users::still_good(&tx, attempt.user).await? else { return Ok(None) };
        // The window before the challenge, as when they were counted: two that lock them do not lock each other out.
        window::give_back(&tx, &attempts_window(&user), counted_at).await?;
        let code = won.candidate.code.as_ref().filter(|_| matches!(won.proof, Proof::Code));
        if !consume_once(&tx, &won.candidate.challenge.id, code, now).await? {
            return Ok(None);
        }
        let notices = match &won.proof {
            Proof::Code => Vec::new(),
            Proof::Step(app, step) => {
                if !authenticator::accept(&tx, user.id, app, *step).await? {
                    return Ok(None);
                }
                Vec::new()
            }
            Proof::Recovery(id) => {
                if !recovery::use_up(&tx, *id, now).await? {
                    return Ok(None);
                }
                self.tell_of_recovery_code(&tx, &user).await?
            }
        };
        let challenge = Some(won.candidate.challenge.id.clone());
        let passed = Passed { methods: won.proof.methods(), challenge };
        let (client, kind) = (attempt.client, attempt.session);
        let opened = session::open(&tx, &user, client, passed, kind, &house.sessions, now).await?;
        event::signed_in(&tx, user.id, attempt.client, &opened.grant, now).await?;
        let device = self.remember_device(&tx, attempt, won, &opened.grant, now).await?;
        if won.has_failed {
            factor::forget_failures(&tx, user.id, attempt.provider).await?;
        }
        let sent_to =
            won.candidate.code.as_ref().and_then(|code| challenges::destination(&house.vault, code));
        if let Some(to) = sent_to {
            window::clear(&tx, &sends_window(&house.vault, &to)).await?;
        }
        tx.commit().await?;
        Ok(Some(Consumed { opened, device, notices }))
    }

    /// Remembers the device, if that is wanted and the configuration lets it.
    async fn remember_device(
        &self,
        tx: &impl ConnectionTrait,
        attempt: &Try<'_>,
        won: &Won<'_>,
        grant: &Grant,
        now: Timestamp,
    ) -> Result<Option<DeviceToken>, DbErr> {
        let Some(lifetime) = self.0.two_step.load().remember_device.0.filter(|_| attempt.remember_device)
        else {
            return Ok(None);
        };
        let (user_id, client) = (grant.user_id, attempt.client);
        let challenge = &won.candidate.challenge.id;
        let replaces = device::forget_shown(tx, user_id, attempt.devices).await?;
        let made = device::remember(tx, user_id, client, challenge, lifetime, now).await?;
        let detail = json!({ "session": grant.session_id, "userAgent": client.user_agent });
        event::record(tx, user_id, EventKind::DeviceRemembered, Some(client.address), &detail, now).await?;
        Ok(Some(DeviceToken { replaces, ..made }))
    }
}

/// Uses an open challenge up, by the code that was judged if it was one: it may have lost its worth since, and who took that
/// from it holds the account's row. One guarded statement decides who wins.
pub(in crate::auth) async fn consume_once(
    db: &impl ConnectionTrait,
    id: &str,
    code: Option<&StoredCode>,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let mut consumed = challenge::Entity::update_many()
        .col_expr(challenge::Column::ConsumedAt, Expr::value(now.millis()))
        .filter(challenge::Column::Id.eq(id))
        .filter(challenge::Column::ConsumedAt.is_null())
        .filter(challenge::Column::ClosedAt.is_null())
        .filter(challenge::Column::ExpiresAt.gt(now.millis()));
    if let Some(code) = code {
        let same = Query::select()
            .column(challenge_code::Column::ChallengeId)
            .from(challenge_code::Entity)
            .and_where(challenge_code::Column::ChallengeId.eq(id))
            .and_where(challenge_code::Column::Provider.eq(&code.provider))
            .and_where(challenge_code::Column::Mac.eq(code.mac.clone()))
            .to_owned();
        consumed = consumed.filter(challenge::Column::Id.in_subquery(same));
    }
    let consumed = consumed.exec(db).await?;
    Ok(consumed.rows_affected == 1)
}
