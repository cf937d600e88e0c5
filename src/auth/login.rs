//! The first step: a password.

use entity::{trusted_device, user};
use log::{info, warn};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _};

use super::known_browser::KnownBrowser;
use super::lockout::{self, Lane, Standing, WrongPassword};
use super::notice::FORGOT_PAGE;
use super::session::Opened;
use super::transaction::{self, retried};
use super::{
    Auth, Busy, ChallengeView, Client, EmailAddress, LinkTarget, Password, SessionKind, SignIn, Unexpected,
};
use super::{device, event, session, user as users};

/// Somebody who wants to sign in.
pub struct LoginAttempt {
    /// As typed.
    pub email: String,
    /// As typed, normalised.
    pub password: Password,
    /// Where the owner may ask for a new password, for the mail of a lock; absent: the built-in page.
    pub client_uri: Option<String>,
    /// From where.
    pub client: Client,
    /// Value of the known-browser cookie, as it came.
    pub known_browser: Option<String>,
    /// Tokens of remembered devices, as they came.
    pub devices: Vec<String>,
    /// Whether the second step is wanted even so.
    pub require_second_step: bool,
    /// What it is to lead to.
    pub session: SessionKind,
}

/// From where a password came that signs in by itself, and what it leads to.
struct WayIn<'a> {
    client: &'a Client,
    /// The remembered device.
    device: Option<&'a trusted_device::Model>,
    kind: SessionKind,
}

/// What a right password leads to.
pub enum LoginOutcome {
    /// The second step is off, or the device is remembered.
    SignedIn(Box<SignIn>),
    /// A code is on its way.
    VerificationRequired(Box<ChallengeView>),
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Unknown user, wrong password, locked or disabled account: alike.
    #[error("invalid credentials")]
    InvalidCredentials,
    /// The password was right.
    #[error("email not confirmed")]
    EmailNotConfirmed,
    /// The password was right, the second step is on, and no provider is valid.
    #[error("no valid provider")]
    NoValidProvider,
    /// The destination has had its messages.
    #[error("too many codes were sent")]
    TooManyCodes(Busy),
    /// The `clientURI` may not be linked to.
    #[error("the clientURI is not allowed")]
    RefusedTarget,
    /// Try again later.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A fault.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

impl From<sea_orm::DbErr> for LoginError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Unexpected(error.into())
    }
}

impl Auth {
    /// Checks a password, asks which providers are valid, and opens a challenge or a session.
    ///
    /// # Errors
    /// [`LoginError`]
    pub async fn login(&self, attempt: LoginAttempt) -> Result<LoginOutcome, LoginError> {
        let outcome = self.first_step(attempt).await;
        self.0.metrics.login(word_for(&outcome));
        outcome
    }

    async fn first_step(&self, attempt: LoginAttempt) -> Result<LoginOutcome, LoginError> {
        let reset_page =
            LinkTarget::parse(attempt.client_uri.as_deref(), FORGOT_PAGE, &self.0.origins.load())
                .map_err(|_| LoginError::RefusedTarget)?;
        let browser = KnownBrowser::read(&self.0.vault, attempt.known_browser.as_deref());
        let user = self.check_password(&attempt, &browser, &reset_page).await?;
        if self.0.accounts.require_confirmed_email && !user.email_confirmed {
            return Err(LoginError::EmailNotConfirmed);
        }
        let device = self.remembered(&user, &attempt).await?;
        if user.two_factor_enabled && device.is_none() {
            let opened = self.open_challenge(&user, &attempt.client, attempt.session).await?;
            return Ok(LoginOutcome::VerificationRequired(Box::new(opened)));
        }
        let way_in = WayIn { client: &attempt.client, device: device.as_ref(), kind: attempt.session };
        self.sign_in_with_password(&user, &way_in, browser)
            .await
            .map(|done| LoginOutcome::SignedIn(Box::new(done)))
    }

    /// The remembered device that spares its owner the second step.
    async fn remembered(
        &self,
        user: &user::Model,
        attempt: &LoginAttempt,
    ) -> Result<Option<trusted_device::Model>, DbErr> {
        let house = &*self.0;
        let is_off = house.two_step.load().remember_device.0.is_none();
        if is_off || attempt.require_second_step || !user.two_factor_enabled {
            return Ok(None);
        }
        device::find(&house.db, user, &attempt.devices, house.clock.now()).await
    }

    /// The user whose password this is. Whoever it is not costs one hash and the same statements, account or none.
    async fn check_password(
        &self,
        attempt: &LoginAttempt,
        browser: &KnownBrowser,
        reset_page: &LinkTarget,
    ) -> Result<user::Model, LoginError> {
        let house = &*self.0;
        let email = EmailAddress::parse(&attempt.email).ok();
        let user = match &email {
            Some(email) => users::find_by_email(&house.db, email).await?,
            None => None,
        };
        let known_hash = user
            .as_ref()
            .map(|user| user.password_hash.as_str())
            .filter(|hash| !hash.is_empty() && !attempt.password.is_cut());
        let right =
            house.hashing.verify(&attempt.password, known_hash.unwrap_or(house.hashing.dummy())).await?
                && known_hash.is_some();

        let lane =
            user.as_ref().and_then(|user| browser.lane_of(&house.vault, user.id)).unwrap_or_else(|| {
                Lane::of_address(&house.vault, email.as_ref().map_or(&attempt.email, EmailAddress::key))
            });
        let now = house.clock.now();
        let standing = lockout::standing(&house.db, &lane, now).await?;
        let user = match (standing, user) {
            (Standing::Locked, _) => return Err(LoginError::InvalidCredentials),
            (_, Some(user)) if right && user.disabled_at.is_none() => user,
            (_, user) => {
                let (owner, client) = (user.as_ref(), &attempt.client);
                let (email, reset_page) = (email.as_ref(), reset_page.as_str());
                let wrong = WrongPassword { owner, email, client, reset_page };
                self.count_wrong_password(&lane, &wrong, now).await?;
                return Err(LoginError::InvalidCredentials);
            }
        };
        if standing == Standing::Counted {
            lockout::clear(&house.db, &lane).await?;
        }
        Ok(self.rehashed(user, &attempt.password).await)
    }

    /// Replaces a hash that is weaker than today's; a failure only postpones it to the next sign-in.
    async fn rehashed(&self, mut user: user::Model, password: &Password) -> user::Model {
        let house = &*self.0;
        if !house.hashing.needs_rehash(&user.password_hash) {
            return user;
        }
        let Ok(hash) = house.hashing.hash(password).await else { return user };
        let replaced = user::Entity::update_many()
            .col_expr(user::Column::PasswordHash, Expr::value(hash.clone()))
            .filter(user::Column::Id.eq(user.id))
            .filter(user::Column::PasswordHash.eq(&user.password_hash))
            .exec(&house.db)
            .await;
        match replaced {
            Ok(done) if done.rows_affected == 1 => user.password_hash = hash,
            Ok(_) => {}
            Err(error) => warn!(user_id:% = user.id, error:% = error; "password not rehashed"),
        }
        user
    }

    async fn sign_in_with_password(
        &self,
        user: &user::Model,
        way_in: &WayIn<'_>,
        browser: KnownBrowser,
    ) -> Result<SignIn, LoginError> {
        let opened = retried(|| self.open_session(user, way_in)).await?;
        let Opened { grant, refresh } = opened.ok_or(LoginError::InvalidCredentials)?;
        info!(user_id:% = user.id, session_id:% = grant.session_id; "signed in");
        let known_browser = browser.remember(&self.0.vault, user.id);
        Ok(SignIn { grant, refresh, known_browser, device: None })
    }

    /// One transaction: the session and its event. `None` if the password alone no longer signs the user in: hashing may
    /// have waited for seconds.
    async fn open_session(
        &self,
        user: &user::Model,
        way_in: &WayIn<'_>,
    ) -> Result<Option<Opened>, Unexpected> {
        let (house, client) = (&*self.0, way_in.client);
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        let user = users::still_good(&tx, user).await?;
        let Some(user) = user else { return Ok(None) };
        // The lock on the account's row makes whoever forgets the device wait, and then end what it opened.
        let device = match way_in.device {
            Some(device) => device::still_there(&tx, device, now).await?,
            None => None,
        };
        if user.two_factor_enabled && device.is_none() {
            return Ok(None);
        }
        let passed = session::Passed::password_on(device);
        let opened = session::open(&tx, &user, client, passed, way_in.kind, &house.sessions, now).await?;
        event::signed_in(&tx, user.id, client, &opened.grant, now).await?;
        tx.commit().await?;
        Ok(Some(opened))
    }
}

/// How a first step that ended so is counted.
fn word_for(outcome: &Result<LoginOutcome, LoginError>) -> &'static str {
    match outcome {
        Ok(LoginOutcome::SignedIn(_)) => "signed_in",
        Ok(LoginOutcome::VerificationRequired(_)) => "verification_required",
        Err(LoginError::InvalidCredentials) => "invalid_credentials",
        Err(LoginError::EmailNotConfirmed) => "email_not_confirmed",
        Err(LoginError::NoValidProvider) => "no_valid_provider",
        Err(LoginError::TooManyCodes(_)) => "too_many_codes",
        Err(LoginError::RefusedTarget) => "refused_target",
        Err(LoginError::Busy(_)) => "busy",
        Err(LoginError::Unexpected(_)) => "failed",
    }
}

#[cfg(test)]
mod tests;
