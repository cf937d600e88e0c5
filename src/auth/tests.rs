//! What an outsider could tell from the number of statements: nothing.

use entity::{message, user as users};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};

use super::fixture::{self, House};
use super::*;

const KNOWN: &str = "jo@example.com";
const UNKNOWN: &str = "nobody@example.com";

fn client() -> Client {
    Client { address: "192.0.2.1".parse().unwrap(), user_agent: String::new() }
}

fn attempt(email: &str, password: &str) -> LoginAttempt {
    let (email, password) = (email.to_owned(), Password::new(password));
    LoginAttempt {
        email,
        password,
        client_uri: None,
        client: client(),
        known_browser: None,
        devices: Vec::new(),
        require_second_step: false,
        session: SessionKind::AccessOnly,
    }
}

fn registration(email: &str) -> Registration {
    let (email, password) = (email.to_owned(), Password::new("xkvbwlpq"));
    let (first_name, last_name) = (String::new(), String::new());
    Registration {
        email,
        password,
        confirmation: None,
        first_name,
        last_name,
        client_uri: None,
        phone_number: None,
        locale: None,
    }
}

fn guess(email: &str) -> Verification {
    let caller =
        Caller { client: client(), challenge_id: None, session_challenges: Vec::new(), known_browser: None };
    let (email, provider, code) = (email.to_owned(), "Email".to_owned(), "123456".to_owned());
    Verification { email, provider, code, caller }
}

/// What kinds of statements `work` runs, in order.
async fn verbs<T>(house: &House, work: impl Future<Output = T>) -> Vec<String> {
    house.statements.lock().unwrap().clear();
    work.await;
    let verb = |sql: String| sql.split(' ').next().unwrap_or_default().to_owned();
    house.statements.lock().unwrap().drain(..).map(verb).collect()
}

#[actix_web::test]
async fn a_login_costs_the_same_statements_until_the_lock_and_after() {
    let house = fixture::house().await;
    fixture::insert_user(house.db(), KNOWN).await;

    for round in 0..7 {
        let known = verbs(&house, house.auth.login(attempt(KNOWN, "wrong"))).await;
        let unknown = verbs(&house, house.auth.login(attempt(UNKNOWN, "wrong"))).await;

        assert_eq!(known, unknown, "{round}");
    }
}

#[actix_web::test]
async fn a_forgotten_password_costs_the_same_statements() {
    let house = fixture::house().await;
    fixture::insert_user(house.db(), KNOWN).await;

    let known = verbs(&house, house.auth.forgot_password(KNOWN, None)).await;
    let unknown = verbs(&house, house.auth.forgot_password(UNKNOWN, None)).await;

    assert_eq!(known, unknown);
}

#[actix_web::test]
async fn a_registration_costs_as_many_statements() {
    let house = fixture::house().await;
    fixture::insert_user(house.db(), KNOWN).await;

    let taken = verbs(&house, house.auth.register(registration(KNOWN), &client())).await;
    let free = verbs(&house, house.auth.register(registration(UNKNOWN), &client())).await;

    assert_eq!(taken.len(), free.len(), "{taken:?} and {free:?}");
}

#[actix_web::test]
async fn a_code_costs_the_same_statements_where_no_challenge_is_the_callers() {
    let house = fixture::house().await;
    fixture::insert_user(house.db(), KNOWN).await;

    let known = verbs(&house, house.auth.verify(guess(KNOWN))).await;
    let unknown = verbs(&house, house.auth.verify(guess(UNKNOWN))).await;

    assert_eq!(known, unknown);
    assert_eq!(known, ["SELECT"; 2]);
}

#[actix_web::test]
async fn what_is_no_address_is_not_stored_when_it_is_locked() {
    let house = fixture::house().await;
    let typed = "x".repeat(60_000);

    for _ in 0..6 {
        assert!(house.auth.login(attempt(&typed, "wrong")).await.is_err());
    }

    assert_eq!(message::Entity::find().count(house.db()).await.unwrap(), 0);
}

#[actix_web::test]
async fn a_password_that_was_cut_is_nobodys() {
    let house = fixture::house().await;
    let longest = "x".repeat(1024);
    for (email, password) in [(KNOWN, longest.clone()), ("al@example.com", "x".repeat(1025))] {
        let user = fixture::insert_user(house.db(), email).await;
        let hash = house.auth.0.hashing.hash(&Password::new(&password)).await.unwrap();
        users::Entity::update_many()
            .col_expr(users::Column::PasswordHash, Expr::value(hash))
            .filter(users::Column::Id.eq(user.id))
            .exec(house.db())
            .await
            .unwrap();
    }

    let whole = house.auth.login(attempt(KNOWN, &longest)).await;
    let cut = house.auth.login(attempt("al@example.com", &"x".repeat(5_000))).await;

    assert!(whole.is_ok());
    assert!(matches!(cut, Err(LoginError::InvalidCredentials)));
}
