//! The codes of a challenge: one a provider, kept as a MAC to be judged and sealed to be sent again.

use std::time::Duration;

use entity::{challenge, challenge_code, user};
use log::warn;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, Select,
};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::offers::Offers;
use super::{Binding, sends_window};
use crate::auth::window::{self, Taken};
use crate::auth::{Auth, Client, Unexpected, browser};
use crate::clock::Timestamp;
use crate::courier::Message;
use crate::otp::{Code, CodeContext, Offer, ProviderError, ProviderKind, Purpose};
use crate::vault::{Use, Vault};

/// A code of one provider, as the database has it.
pub(in crate::auth) type StoredCode = challenge_code::Model;

/// A code and the message that carries it.
pub(in crate::auth) struct Outgoing {
    pub code: Code,
    pub message: Message,
}

/// What a code is asked for.
#[derive(Clone, Copy)]
pub(in crate::auth) struct Asked<'a> {
    /// Digest of the challenge's id.
    pub challenge: &'a str,
    pub user_id: Uuid,
    pub purpose: Purpose,
    pub client: &'a Client,
    pub expires_at: Timestamp,
}

impl Auth {
    /// A fresh code; in development, the one that the configuration fixes for the account.
    pub(super) fn draw_code(&self, user: &user::Model) -> Code {
        let fixed = self.0.fixed_codes.iter().find(|(address, _)| address.key() == user.email_key);
        let length = self.0.two_step.load().code_length;
        fixed.map_or_else(|| Code::draw(length), |(_, code)| code.clone())
    }

    /// Digits of a code that was sent: the setting may have changed since. The setting, where none was.
    pub(in crate::auth) fn digits_of(&self, sent: Option<&StoredCode>) -> usize {
        let kept = sent.and_then(|row| reveal(&self.0.vault, row));
        kept.map_or_else(|| self.0.two_step.load().code_length, |code| code.expose().len())
    }

    /// Lets the provider of `offer` word the message that carries `code`.
    pub(in crate::auth) async fn compose(
        &self,
        offers: &Offers,
        offer: &Offer,
        code: Code,
        asked: &Asked<'_>,
    ) -> Result<Outgoing, ProviderError> {
        let left = asked.expires_at.since(self.0.clock.now());
        let context = CodeContext {
            purpose: asked.purpose,
            destination: offer.destination.address.clone(),
            client_address: asked.client.address.to_string(),
            client_browser: browser::name_of(&asked.client.user_agent),
            expires_at: asked.expires_at,
            minutes: left.as_secs().div_ceil(60).max(1),
            not_me: (asked.purpose == Purpose::SignIn)
                .then(|| self.not_me_link(asked.user_id, asked.challenge)),
        };
        let message = offers.compose(offer, &code, &context).await?;
        Ok(Outgoing { code, message })
    }

    /// Counts a message on its destination, and a text on its budget and its block of numbers.
    pub(in crate::auth) async fn count_send(
        &self,
        tx: &impl ConnectionTrait,
        offer: &Offer,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Taken, Unexpected> {
        let house = &*self.0;
        let sends = sends_window(&house.vault, &offer.destination.address);
        let rate = house.two_step.load().destination_sends;
        let taken = window::take_emptied(tx, &sends, rate, now).await?;
        if taken != Taken::Counted || offer.kind != ProviderKind::Sms {
            return Ok(taken);
        }
        self.count_text(tx, &offer.provider, &offer.destination.address, purpose, now).await
    }
}

/// A code on the way into the database.
pub(in crate::auth) struct NewCode<'a> {
    /// Digest of the challenge's id.
    pub challenge: &'a str,
    pub purpose: Purpose,
    pub provider: &'a str,
    pub outgoing: &'a Outgoing,
    pub message_id: Uuid,
    pub now: Timestamp,
}

impl NewCode<'_> {
    /// The row.
    pub(in crate::auth) fn row(&self, vault: &Vault) -> StoredCode {
        let destination = &self.outgoing.message.to;
        let binding = Binding {
            challenge: self.challenge,
            purpose: self.purpose,
            provider: self.provider,
            destination,
        };
        let code = self.outgoing.code.expose().as_bytes();
        StoredCode {
            challenge_id: self.challenge.to_owned(),
            provider: self.provider.to_owned(),
            mac: binding.mac(vault, &self.outgoing.code).to_vec(),
            code: Some(vault.seal(Use::Code, &context(self.challenge, self.provider), code)),
            destination: vault.seal(Use::Destination, self.challenge.as_bytes(), destination.as_bytes()),
            message_id: self.message_id,
            sent_at: self.now.millis(),
        }
    }
}

/// Stores a first code of a provider.
pub(in crate::auth) async fn insert(tx: &impl ConnectionTrait, row: &StoredCode) -> Result<(), DbErr> {
    let row = challenge_code::ActiveModel {
        challenge_id: Set(row.challenge_id.clone()),
        provider: Set(row.provider.clone()),
        mac: Set(row.mac.clone()),
        code: Set(row.code.clone()),
        destination: Set(row.destination.clone()),
        message_id: Set(row.message_id),
        sent_at: Set(row.sent_at),
    };
    challenge_code::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Puts `new` in the place of `old`; false if that has changed since it was read.
pub(super) async fn replace(
    tx: &impl ConnectionTrait,
    old: &StoredCode,
    new: &StoredCode,
) -> Result<bool, DbErr> {
    let replaced = challenge_code::Entity::update_many()
        .col_expr(challenge_code::Column::Mac, Expr::value(new.mac.clone()))
        .col_expr(challenge_code::Column::Code, Expr::value(new.code.clone()))
        .col_expr(challenge_code::Column::Destination, Expr::value(new.destination.clone()))
        .col_expr(challenge_code::Column::MessageId, Expr::value(new.message_id))
        .col_expr(challenge_code::Column::SentAt, Expr::value(new.sent_at))
        .filter(challenge_code::Column::ChallengeId.eq(&old.challenge_id))
        .filter(challenge_code::Column::Provider.eq(&old.provider))
        .filter(challenge_code::Column::MessageId.eq(old.message_id))
        // It may have lost its worth, and does not get it back.
        .filter(challenge_code::Column::Mac.eq(old.mac.clone()))
        .exec(tx)
        .await?;
    Ok(replaced.rows_affected == 1)
}

/// The code of a provider in a challenge.
pub(in crate::auth) async fn find(
    db: &impl ConnectionTrait,
    challenge: &str,
    provider: &str,
) -> Result<Option<StoredCode>, DbErr> {
    let found =
        challenge_code::Entity::find_by_id((challenge.to_owned(), provider.to_owned())).one(db).await?;
    // By the very name: MariaDB takes one with blanks behind it for the same.
    Ok(found.filter(|code| code.provider == provider))
}

/// The code itself, as long as it is kept.
pub(in crate::auth) fn reveal(vault: &Vault, row: &StoredCode) -> Option<Code> {
    let sealed = row.code.as_deref()?;
    let opened = vault.open(Use::Code, &context(&row.challenge_id, &row.provider), sealed).ok()?;
    let digits = Zeroizing::new(opened.to_vec());
    std::str::from_utf8(&digits).ok().map(|digits| Code::new(digits.to_owned()))
}

/// Where a code went.
pub(in crate::auth) fn destination(vault: &Vault, row: &StoredCode) -> Option<String> {
    let Ok(opened) = vault.open(Use::Destination, row.challenge_id.as_bytes(), &row.destination) else {
        warn!("a destination is sealed under another secrets.key");
        return None;
    };
    String::from_utf8(opened.to_vec()).ok()
}

/// When a message of any challenge of the account last went to `destination`, if that was within `span`.
pub(in crate::auth) async fn last_sent(
    db: &impl ConnectionTrait,
    vault: &Vault,
    user_id: Uuid,
    to: &str,
    span: Duration,
    now: Timestamp,
) -> Result<Option<Timestamp>, DbErr> {
    let recent =
        codes_of(user_id).filter(challenge_code::Column::SentAt.gt(now.minus(span).millis())).all(db).await?;
    let same = |row: &&StoredCode| {
        destination(vault, row).is_some_and(|there| there.to_lowercase() == to.to_lowercase())
    };
    Ok(recent.iter().filter(same).map(|row| Timestamp::from_millis(row.sent_at)).max())
}

/// Takes their worth from the codes that went to a number which the account gives up. Their rows stay: they tell when a message went
/// there last.
pub(in crate::auth) async fn disown(
    tx: &impl ConnectionTrait,
    vault: &Vault,
    user_id: Uuid,
    number: &str,
) -> Result<(), DbErr> {
    for row in codes_of(user_id).all(tx).await? {
        if destination(vault, &row).is_none_or(|to| to != number) {
            continue;
        }
        challenge_code::Entity::update_many()
            .col_expr(challenge_code::Column::Mac, Expr::value(Vec::<u8>::new()))
            .col_expr(challenge_code::Column::Code, Expr::value(None::<Vec<u8>>))
            .filter(challenge_code::Column::ChallengeId.eq(&row.challenge_id))
            .filter(challenge_code::Column::Provider.eq(&row.provider))
            .exec(tx)
            .await?;
    }
    Ok(())
}

/// Whether it went to where the account still is.
pub(in crate::auth) fn is_good(row: &StoredCode) -> bool {
    !row.mac.is_empty()
}

fn codes_of(user_id: Uuid) -> Select<challenge_code::Entity> {
    let theirs = Query::select()
        .column(challenge::Column::Id)
        .from(challenge::Entity)
        .and_where(challenge::Column::UserId.eq(user_id))
        .to_owned();
    challenge_code::Entity::find().filter(challenge_code::Column::ChallengeId.in_subquery(theirs))
}

fn context(challenge: &str, provider: &str) -> Vec<u8> {
    format!("{challenge}/{provider}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::fixture;

    #[actix_web::test]
    async fn only_a_sign_in_can_be_disowned() {
        let house = fixture::house().await;
        let jo = fixture::insert_user(house.db(), "jo@example.com").await;
        let offers = house.auth.offers_for(&jo).await.ok().unwrap();
        let offer = offers.find("Email").unwrap();
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let client = Client { address: "192.0.2.1".parse().unwrap(), user_agent: agent.to_owned() };
        let expires_at = house.clock.now().plus(Duration::from_mins(5));
        let text = async |purpose| {
            let asked = Asked { challenge: "c", user_id: jo.id, purpose, client: &client, expires_at };
            let composed = house.auth.compose(&offers, offer, Code::draw(6), &asked).await;
            composed.ok().unwrap().message.content.text
        };

        let sign_in = text(Purpose::SignIn).await;

        assert!(sign_in.contains("http://localhost:5001/not-me/"), "{sign_in}");
        assert!(sign_in.contains("192.0.2.1 (Firefox, Linux)"), "{sign_in}");
        assert!(!text(Purpose::ConfirmPhone).await.contains("not-me"));
    }
}
