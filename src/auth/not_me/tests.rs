use std::time::Duration;

use sea_orm::PaginatorTrait as _;

use super::*;
use crate::auth::fixture::{self, House};
use crate::auth::{Guess, GuessError, SessionKind};
use crate::vault::MasterKey;

const HOUR: Duration = Duration::from_hours(1);

fn mark() -> Mark {
    Mark { user_id: Uuid::new_v4(), digest: vault::random_bytes() }
}

fn client() -> Client {
    Client { address: "192.0.2.1".parse().unwrap(), user_agent: String::new() }
}

/// The token of the link for the newest challenge.
async fn token(house: &House, user: &user::Model) -> (String, crate::auth::ChallengeView) {
    let opened = house.auth.open_challenge(user, &client(), SessionKind::Refreshable).await.ok().unwrap();
    let link = house.auth.not_me_link(user.id, &opened.id.digest());
    (link.rsplit_once('/').unwrap().1.to_owned(), opened)
}

async fn events(house: &House) -> u64 {
    event::Entity::find().filter(event::Column::Event.eq("not_me")).count(house.db()).await.unwrap()
}

async fn messages(house: &House) -> u64 {
    entity::message::Entity::find().count(house.db()).await.unwrap()
}

#[test]
fn a_link_is_read_by_its_own_vault_only_and_not_when_a_letter_is_altered() {
    let vault = Vault::new(&MasterKey::generate());
    let mark = mark();
    let token = mark.token(&vault);

    assert_eq!(Mark::read(&vault, &token), Some(mark.clone()));
    assert_eq!(Mark::read(&Vault::new(&MasterKey::generate()), &token), None);
    for at in 0..token.len() {
        let other = if &token[at..=at] == "A" { "B" } else { "A" };
        let altered = format!("{}{other}{}", &token[..at], &token[at + 1..]);
        assert_eq!(Mark::read(&vault, &altered), None, "{at}");
    }
    for nonsense in ["", "A", &token[1..], &format!("{token}A"), &format!("{token}AAAA"), "é", "a/b"] {
        assert_eq!(Mark::read(&vault, nonsense), None, "{nonsense}");
    }
}

#[test]
fn a_link_tells_neither_the_challenge_id_nor_the_event() {
    let vault = Vault::new(&MasterKey::generate());
    let mark = mark();

    let bytes = URL_SAFE_NO_PAD.decode(mark.token(&vault)).unwrap();

    assert!(!bytes.windows(8).any(|part| part == &mark.event_id(&vault).as_bytes()[..8]));
    assert_eq!(mark.event_id(&vault).get_version_num(), 4);
    assert_ne!(mark.challenge(), mark.token(&vault));
}

#[actix_web::test]
async fn of_two_presses_at_once_one_goes_on_and_the_other_is_undone() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let (token, _) = token(&house, &jo).await;
    let mark = Mark::read(&house.vault, &token).unwrap();

    let first = house.auth.end_disowned(&mark, &client()).await.unwrap();
    let before = messages(&house).await;
    let second = house.auth.end_disowned(&mark, &client()).await.unwrap();

    assert!(first.is_some());
    assert!(second.is_none());
    assert_eq!(messages(&house).await, before, "one mail");
    assert_eq!(events(&house).await, 1);
}

#[actix_web::test]
async fn a_code_that_was_right_when_it_was_looked_at_opens_nothing_after_the_press() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let (token, opened) = token(&house, &jo).await;

    house.auth.disown(&token, &client()).await.unwrap();
    let digest = opened.id.digest();
    let now = house.clock.now();
    let consumed = crate::auth::verification::consume_once(house.db(), &digest, None, now).await.unwrap();
    let guess = Guess {
        challenge: opened.id,
        code: "123456".to_owned(),
        provider: None,
        client: client(),
        known_browser: None,
        session: SessionKind::Refreshable,
        remember_device: false,
        devices: Vec::new(),
    };
    let guessed = house.auth.verify_challenge(guess).await;

    assert!(!consumed);
    assert!(matches!(guessed, Err(GuessError::Closed)));
}

#[actix_web::test]
async fn a_link_works_as_long_as_anything_is_left_of_its_sign_in() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let (pressed, _) = token(&house, &jo).await;
    let (late, _) = token(&house, &jo).await;
    let first = house.auth.disown(&pressed, &client()).await.unwrap();

    house.clock.advance(HOUR * 23);
    house.auth.prune().await.unwrap();
    house.auth.look_at_not_me(&late).await.unwrap();
    house.clock.advance(HOUR * 24);
    house.auth.prune().await.unwrap();

    assert_eq!(house.auth.disown(&pressed, &client()).await.unwrap(), first);
    assert!(matches!(house.auth.look_at_not_me(&late).await, Err(NotMeError::InvalidLink)));
    assert!(matches!(house.auth.disown(&late, &client()).await, Err(NotMeError::InvalidLink)));
    assert_eq!(events(&house).await, 1);
}

#[actix_web::test]
async fn a_switched_off_account_is_sent_no_link() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let (token, _) = token(&house, &jo).await;
    user::Entity::update_many()
        .col_expr(user::Column::DisabledAt, Expr::value(1))
        .exec(house.db())
        .await
        .unwrap();

    let disowned = house.auth.disown(&token, &client()).await.unwrap();

    assert_eq!(disowned, Disowned { session: None, mailed: false });
    assert_eq!(events(&house).await, 1);
}
