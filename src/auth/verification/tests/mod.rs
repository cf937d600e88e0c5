//! Races by construction: each statement is asked about a row that has changed since it was found.

mod machine;
mod numbers;

use std::net::Ipv4Addr;
use std::time::Duration;

use entity::session as sessions;
use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _, PaginatorTrait as _, Set};

use super::consume::Won;
use super::consume::consume_once;
use super::count::count_attempt;
use super::proof::Proof;
use super::*;
use crate::auth::challenge::{Binding, sends_window};
use crate::auth::fixture::{self, House, NOW};
use crate::auth::{Client, LoginError};
use crate::otp::Code;
use crate::vault::{MasterKey, Vault};
use sea_orm::ConnectionTrait as _;
use sea_orm::sea_query::Expr;

fn caller() -> Caller {
    let client = Client { address: Ipv4Addr::LOCALHOST.into(), user_agent: String::new() };
    Caller { client, challenge_id: None, session_challenges: Vec::new(), known_browser: None }
}

/// What is found of the open challenges of `user`.
async fn found(house: &House, user: &user::Model) -> Vec<Candidate> {
    let (email, provider) = (user.email.clone(), "Email".to_owned());
    let guess = Verification { email, provider, code: String::new(), caller: caller() };
    let typed = Typed::Sent(Code::new("123456".to_owned()));
    house.auth.candidates(Some(user), &typed, &guess).await.unwrap()
}

/// What becomes of a right code for `row`.
async fn consumed(house: &House, user: &user::Model, row: &Candidate) -> Result<Option<SignIn>, Trouble> {
    let client = caller().client;
    let typed = Typed::Sent(Code::new("123456".to_owned()));
    let attempt = Try {
        user,
        provider: "Email",
        typed: &typed,
        client: &client,
        known_browser: None,
        session: SessionKind::AccessOnly,
        remember_device: false,
        devices: &[],
    };
    let won = Won { candidate: row, proof: Proof::Code, has_failed: true };
    house.auth.consume(&attempt, &won, NOW).await
}

/// A user with one open challenge.
async fn challenged(house: &House) -> (user::Model, Candidate) {
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    house.auth.open_challenge(&jo, &caller().client, SessionKind::AccessOnly).await.ok().unwrap();
    let candidate = found(house, &jo).await.pop().unwrap();
    (jo, candidate)
}

#[actix_web::test]
async fn of_two_right_codes_for_one_row_one_signs_in() {
    let house = fixture::house().await;
    let (jo, row) = challenged(&house).await;

    let first = consumed(&house, &jo, &row).await;
    let second = consumed(&house, &jo, &row).await;

    assert!(first.unwrap().is_some());
    assert!(second.unwrap().is_none());
    assert_eq!(sessions::Entity::find().count(house.db()).await.unwrap(), 1);
}

#[actix_web::test]
async fn a_code_whose_session_cannot_be_stored_is_not_used_up() {
    let house = fixture::house().await;
    let (jo, row) = challenged(&house).await;
    let rename = async |from: &str, to: &str| {
        house.db().execute_unprepared(&format!("ALTER TABLE {from} RENAME TO {to}")).await.unwrap();
    };

    rename("sessions", "away").await;
    let failed = consumed(&house, &jo, &row).await;
    rename("away", "sessions").await;

    assert!(matches!(failed, Err(Trouble::Unexpected(_))));
    assert!(consumed(&house, &jo, &row).await.unwrap().is_some());
}

#[actix_web::test]
async fn a_row_that_was_used_closed_or_expired_meanwhile_takes_no_guess_and_no_code() {
    let house = fixture::house().await;
    let (_, Candidate { challenge: row, .. }) = challenged(&house).await;
    let db = house.db();
    let used = challenge::ActiveModel { consumed_at: Set(Some(1)), ..row.clone().into_active_model() };
    let closed = challenge::ActiveModel { closed_at: Set(Some(1)), ..row.clone().into_active_model() };
    let expired = challenge::ActiveModel { expires_at: Set(NOW.millis()), ..row.clone().into_active_model() };

    for changed in [used, closed, expired] {
        changed.update(db).await.unwrap();

        assert!(!count_attempt(db, &row.id, 5, NOW).await.unwrap());
        assert!(!consume_once(db, &row.id, None, NOW).await.unwrap());

        row.clone().into_active_model().reset_all().update(db).await.unwrap();
    }
    assert!(count_attempt(db, &row.id, 5, NOW).await.unwrap());
    assert!(consume_once(db, &row.id, None, NOW).await.unwrap());
}

#[actix_web::test]
async fn a_row_has_as_many_guesses_as_it_has() {
    let house = fixture::house().await;
    let (_, Candidate { challenge: row, .. }) = challenged(&house).await;

    for _ in 0..5 {
        assert!(count_attempt(house.db(), &row.id, 5, NOW).await.unwrap());
    }

    assert!(!count_attempt(house.db(), &row.id, 5, NOW).await.unwrap());
}

#[actix_web::test]
async fn a_challenge_is_found_for_its_user_as_it_was_at_the_login() {
    let house = fixture::house().await;
    let (jo, _) = challenged(&house).await;
    let eve = fixture::insert_user(house.db(), "eve@example.com").await;
    let eve = user::Model { security_stamp: jo.security_stamp.clone(), ..eve };
    let changed = user::Model { security_stamp: users::new_stamp(), ..jo.clone() };

    assert_eq!(found(&house, &jo).await.len(), 1);
    assert!(found(&house, &eve).await.is_empty());
    assert!(found(&house, &changed).await.is_empty());
    house.clock.advance(Duration::from_mins(5));
    assert!(found(&house, &jo).await.is_empty());
}

#[actix_web::test]
async fn a_right_code_signs_in_nobody_who_has_changed_meanwhile() {
    let house = fixture::house().await;
    let (jo, row) = challenged(&house).await;
    let older = user::Model { security_stamp: users::new_stamp(), ..jo.clone() };

    let changed = consumed(&house, &older, &row).await;
    user::Entity::update_many()
        .col_expr(user::Column::DisabledAt, Expr::value(1))
        .exec(house.db())
        .await
        .unwrap();
    let disabled = consumed(&house, &jo, &row).await;

    assert!(changed.unwrap().is_none());
    assert!(disabled.unwrap().is_none());
    assert_eq!(sessions::Entity::find().count(house.db()).await.unwrap(), 0);
}

#[actix_web::test]
async fn no_challenge_is_opened_for_who_has_changed_meanwhile() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let older = user::Model { security_stamp: users::new_stamp(), ..jo.clone() };

    let refused = house.auth.open_challenge(&older, &caller().client, SessionKind::AccessOnly).await;

    assert!(matches!(refused, Err(LoginError::InvalidCredentials)));
    assert!(found(&house, &jo).await.is_empty() && found(&house, &older).await.is_empty());
}

#[test]
fn a_destination_has_one_count_however_it_is_spelled() {
    let vault = Vault::new(&MasterKey::generate());

    assert_eq!(sends_window(&vault, "Jo@Example.com"), sends_window(&vault, "jo@example.com"));
    assert_ne!(sends_window(&vault, "jo@example.com"), sends_window(&vault, "eve@example.com"));
}

#[test]
fn a_code_is_bound_to_challenge_purpose_provider_and_destination() {
    let vault = Vault::new(&MasterKey::generate());
    let code = Code::new("123456".to_owned());
    let mac = |challenge, purpose, provider, destination| {
        Binding { challenge, purpose, provider, destination }.mac(&vault, &code)
    };
    let kept = mac("c", Purpose::SignIn, "Email", "jo@example.com");

    assert_eq!(mac("c", Purpose::SignIn, "Email", "jo@example.com"), kept);
    assert_ne!(mac("d", Purpose::SignIn, "Email", "jo@example.com"), kept);
    assert_ne!(mac("c", Purpose::ConfirmPhone, "Email", "jo@example.com"), kept);
    assert_ne!(mac("c", Purpose::SignIn, "Sms", "jo@example.com"), kept);
    assert_ne!(mac("c", Purpose::SignIn, "Email", "eve@example.com"), kept);
}
