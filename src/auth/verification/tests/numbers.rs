//! A number is given up while a code is on its way to it, or judged.

use super::*;
use crate::auth::challenge::{destination, disown};

const OLD: &str = "+46701234567";
const NEW: &str = "+46701234568";

/// A user whose codes are texted.
async fn texted(house: &House) -> user::Model {
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    fixture::give_phone(house.db(), &jo, OLD).await;
    user::Entity::update_many()
        .col_expr(user::Column::PreferredProvider, Expr::value("Sms"))
        .exec(house.db())
        .await
        .unwrap();
    house.user("jo@example.com").await
}

async fn opened(house: &House, user: &user::Model) -> Candidate {
    house.auth.open_challenge(user, &caller().client, SessionKind::AccessOnly).await.ok().unwrap();
    let (email, provider) = (user.email.clone(), "Sms".to_owned());
    let guess = Verification { email, provider, code: String::new(), caller: caller() };
    let typed = Typed::Sent(Code::new("123456".to_owned()));
    house.auth.candidates(Some(user), &typed, &guess).await.unwrap().pop().unwrap()
}

#[actix_web::test]
async fn a_code_whose_number_is_given_up_while_it_is_judged_signs_nobody_in() {
    let house = fixture::house().await;
    let jo = texted(&house).await;
    let candidate = opened(&house, &jo).await;

    disown(house.db(), &house.vault, jo.id, OLD).await.unwrap();
    let signed_in = consumed(&house, &jo, &candidate).await.unwrap();

    assert!(signed_in.is_none());
    assert_eq!(sessions::Entity::find().count(house.db()).await.unwrap(), 0);
}

#[actix_web::test]
async fn a_code_that_went_elsewhere_keeps_its_worth() {
    let house = fixture::house().await;
    let jo = texted(&house).await;
    let candidate = opened(&house, &jo).await;

    disown(house.db(), &house.vault, jo.id, NEW).await.unwrap();

    assert!(consumed(&house, &jo, &candidate).await.unwrap().is_some());
}

#[actix_web::test]
async fn a_challenge_is_opened_by_the_number_that_the_account_has_by_then() {
    let house = fixture::house().await;
    let jo = texted(&house).await;
    fixture::give_phone(house.db(), &jo, NEW).await;

    let candidate = opened(&house, &jo).await;

    assert_eq!(destination(&house.vault, &candidate.code.unwrap()).as_deref(), Some(NEW));
    assert_eq!(challenge::Entity::find().count(house.db()).await.unwrap(), 1);
}
