//! What is counted, what is left for whom, and when it comes back.

use super::*;
use crate::auth::fixture::{self, House, NOW};
use crate::auth::{LinkOrigins, Live};
use crate::courier::Templates;
use crate::otp::RegistryBuilder;

const NUMBER: &str = "+4915112345678";

/// A house whose texts have this budget a day.
async fn house(count: u32) -> House {
    let house = fixture::house().await;
    let quota = Quota { count, period: Duration::from_hours(24) };
    house.auth.adopt(Live {
        providers: RegistryBuilder::default().start(),
        templates: Templates::load(None, "login.example.com").unwrap(),
        two_step: (**house.auth.0.two_step.load()).clone(),
        text_budgets: HashMap::from([("Sms".to_owned(), Rate(Some(quota)))]),
        mail_per_destination: Rate(None),
        origins: LinkOrigins { public_url: "http://localhost:5001".parse().unwrap(), allowed: Vec::new() },
    });
    house
}

/// Texts to a number of a block of its own, or else to [`NUMBER`].
async fn text(house: &House, block: Option<usize>, purpose: Purpose) -> Taken {
    let number = block.map_or_else(|| NUMBER.to_owned(), |block| format!("+49151{block:04}5678"));
    house.auth.count_text(house.db(), "Sms", &number, purpose, house.clock.now()).await.unwrap()
}

async fn is_spent(house: &House) -> bool {
    let budgets = house.auth.0.text_budgets.load_full();
    let mut texts = HashMap::new();
    for row in budgets.texts_of_late(house.clock.now()).unwrap().all(house.db()).await.unwrap() {
        *texts.entry(row.provider).or_default() += i64::from(row.sent);
    }
    !budgets.spent(&texts).is_empty()
}

#[actix_web::test]
async fn a_budget_is_a_breaker_that_opens_at_its_last_text_and_closes_a_day_later() {
    let house = house(20).await;

    for block in 0..20 {
        assert_eq!(text(&house, Some(block), Purpose::SignIn).await, Taken::Counted);
    }
    let over = text(&house, Some(20), Purpose::SignIn).await;
    let spent = (is_spent(&house).await, house.auth.text_budgets());
    house.clock.advance(Duration::from_hours(24));
    let a_day_later = is_spent(&house).await;
    house.clock.advance(Duration::from_hours(1));

    assert!(matches!(over, Taken::Full { .. }));
    assert_eq!(spent, (true, vec![("Sms".to_owned(), true)]));
    assert!(a_day_later, "a slice counts until all of it is over");
    assert!(!is_spent(&house).await);
    assert_eq!(house.auth.text_budgets(), [("Sms".to_owned(), false)]);
    assert_eq!(text(&house, Some(21), Purpose::SignIn).await, Taken::Counted);
}

#[actix_web::test]
async fn confirmations_get_a_fifth() {
    let house = house(20).await;

    for block in 0..4 {
        assert_eq!(text(&house, Some(block), Purpose::ConfirmPhone).await, Taken::Counted);
    }

    assert!(matches!(text(&house, Some(5), Purpose::ConfirmPhone).await, Taken::Full { .. }));
    assert_eq!(text(&house, Some(6), Purpose::SignIn).await, Taken::Counted);
    assert!(!is_spent(&house).await);
}

#[actix_web::test]
async fn a_block_of_numbers_gets_a_tenth_and_five_at_least() {
    for (budget, share) in [(20, 5), (100, 10)] {
        let house = house(budget).await;

        for _ in 0..share {
            assert_eq!(text(&house, None, Purpose::SignIn).await, Taken::Counted);
        }

        assert!(matches!(text(&house, None, Purpose::SignIn).await, Taken::Full { .. }), "{budget}");
        assert_eq!(text(&house, Some(7), Purpose::SignIn).await, Taken::Counted);
    }
}

#[actix_web::test]
async fn what_is_undone_was_not_counted() {
    let house = house(1).await;
    let tx = crate::auth::transaction::begin(house.db()).await.unwrap();
    house.auth.count_text(&tx, "Sms", NUMBER, Purpose::SignIn, NOW).await.unwrap();
    tx.rollback().await.unwrap();

    assert_eq!(text(&house, None, Purpose::SignIn).await, Taken::Counted);
    assert!(matches!(text(&house, Some(1), Purpose::SignIn).await, Taken::Full { .. }));
}

#[actix_web::test]
async fn a_provider_without_a_budget_has_no_bound() {
    let house = house(1).await;

    for _ in 0..3 {
        let taken = house.auth.count_text(house.db(), "Other", NUMBER, Purpose::SignIn, NOW).await.unwrap();
        assert_eq!(taken, Taken::Counted);
    }
}

#[actix_web::test]
async fn each_provider_has_its_own_budget() {
    let house = house(20).await;

    let of_others = HashMap::from([("Other".to_owned(), 20), ("Sms".to_owned(), 19)]);
    let of_its_own = HashMap::from([("Other".to_owned(), 19), ("Sms".to_owned(), 20)]);

    let budgets = house.auth.0.text_budgets.load_full();
    assert!(budgets.spent(&of_others).is_empty());
    assert!(budgets.spent(&of_its_own).contains_key("Sms"));
}

#[actix_web::test]
async fn a_spent_budget_offers_the_others_instead() {
    let house = fixture::house().await;
    let mut jo = fixture::insert_user(house.db(), "jo@example.com").await;
    jo.phone_number = Some(NUMBER.to_owned());
    jo.phone_confirmed = true;
    let before = house.auth.offers_for(&jo).await.ok().unwrap();

    for block in 0..500 {
        text(&house, Some(block), Purpose::SignIn).await;
    }
    let after = house.auth.offers_for(&jo).await.ok().unwrap();

    assert!(before.find("Sms").is_some());
    assert!(after.find("Sms").is_none() && after.find("Email").is_some());
}

#[actix_web::test]
async fn old_slices_are_removed_and_the_turnstile_stays() {
    let house = house(20).await;
    text(&house, Some(1), Purpose::SignIn).await;
    house.clock.advance(Duration::from_hours(24 * 90));

    assert_eq!(prune(house.db(), house.clock.now()).await.unwrap(), 1);
    assert_eq!(text(&house, Some(2), Purpose::SignIn).await, Taken::Counted);
}
