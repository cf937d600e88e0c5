//! The providers behind their actors: asked before a code is issued, and unable to harm anybody but themselves.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, PaginatorTrait, Set};
use serde_json::json;
use twostep::auth::NewUser;
use twostep::courier::{Carrier, Content, Message, Priority};
use twostep::otp::{Account, Code, CodeContext, Destination, OtpProvider, ProviderError, ProviderKind};

use crate::support::*;

const JANE: &str = "jane@example.com";

/// What a [`Probe`] does when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Well,
    Invalid,
    Failing,
    PanicsInValidFor,
    PanicsInCompose,
    Slow,
}

/// A provider that remembers what it was asked.
#[derive(Clone)]
struct Probe {
    calls: Arc<Mutex<Vec<&'static str>>>,
    mood: Arc<Mutex<Mood>>,
    waiting: Arc<AtomicUsize>,
}

impl Probe {
    fn new(mood: Mood) -> Self {
        Self { calls: Arc::default(), mood: Arc::new(Mutex::new(mood)), waiting: Arc::default() }
    }

    fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn take_calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    fn asked(&self, what: &'static str) -> Mood {
        self.calls.lock().unwrap().push(what);
        *self.mood.lock().unwrap()
    }
}

#[async_trait]
impl OtpProvider for Probe {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Custom
    }

    async fn valid_for(&self, account: &Account) -> Result<Option<Destination>, ProviderError> {
        match self.asked("valid_for") {
            Mood::PanicsInValidFor => panic!("a probe panics"),
            Mood::Failing => return Err(ProviderError::Failed("Probe".to_owned(), "as told".to_owned())),
            Mood::Invalid => return Ok(None),
            Mood::Slow => {
                self.waiting.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_mins(10)).await;
            }
            Mood::Well | Mood::PanicsInCompose => {}
        }
        Ok(Some(Destination { address: account.email.clone(), masked: "j•••".to_owned() }))
    }

    async fn compose(
        &self,
        account: &Account,
        code: &Code,
        context: &CodeContext,
    ) -> Result<Message, ProviderError> {
        assert!(self.asked("compose") != Mood::PanicsInCompose, "a probe panics");
        Ok(Message {
            carrier: Carrier::Mail,
            to: account.email.clone(),
            content: Content {
                subject: CODE.to_owned(),
                text: format!("{}\n", code.expose()),
                html: String::new(),
            },
            code: Some(code.expose().to_owned()),
            priority: Priority::Code,
            expires_at: context.expires_at,
        })
    }
}

/// An app whose Email provider is a probe.
async fn probed(mood: Mood) -> (TestApp, Probe) {
    let probe = Probe::new(mood);
    let provider = probe.clone();
    // One send a day: what was not sent does not count.
    let builder = TestApp::builder(Engine::Sqlite)
        .set("server.request_timeout", "3s")
        .set("two_step.destination_sends", "1/day");
    let app = builder.providers(move |registry| registry.register("Email", provider)).start().await;
    app.add_two_step_user(JANE).await;
    (app, probe)
}

/// Whether the answer is the one for a dependency that is away, in the shape of the login route.
#[track_caller]
fn assert_busy(answer: &Answer) {
    let seconds: u64 = answer.header("retry-after").expect("retry-after").parse().unwrap();
    answer.assert_refused(&format!("The service is busy. Try again in {seconds} seconds."));
}

#[actix_web::test]
async fn valid_for_is_asked_before_compose_on_every_login_that_needs_a_code() {
    let (app, probe) = probed(Mood::Well).await;
    app.add_user("joe@example.com").await;
    let client = app.client();

    for _ in 0..3 {
        let (challenge, code) = app.open_challenge(&client, JANE).await;
        assert_eq!(probe.take_calls(), ["valid_for", "compose"]);
        client.verify_challenge(JANE, &code, &challenge).await.token();
        assert_eq!(probe.take_calls(), Vec::<&str>::new(), "a verification asks no provider that composes");
    }
    client.login("joe@example.com").await.token();
    client.login_with(JANE, "Wrong-Horse-7").await.assert_refused(INVALID);
    client.login("nobody@example.com").await.assert_refused(INVALID);

    assert_eq!(probe.take_calls(), Vec::<&str>::new(), "only a right password with a second step asks");
}

#[actix_web::test]
async fn a_provider_that_is_not_valid_composes_nothing() {
    let (app, probe) = probed(Mood::Invalid).await;

    let answer = app.client().login(JANE).await;

    answer.assert_refused("Invalid 2-Step Verification Provider.");
    assert_eq!(probe.take_calls(), ["valid_for"]);
    assert_eq!(entity::challenge::Entity::find().count(app.db()).await.unwrap(), 0);
}

#[actix_web::test]
async fn a_panicking_provider_costs_one_request_and_is_back_for_the_next() {
    for mood in [Mood::PanicsInValidFor, Mood::PanicsInCompose] {
        let (app, probe) = probed(mood).await;
        let client = app.client();

        for _ in 0..3 {
            assert_busy(&client.login(JANE).await);
        }
        probe.set(Mood::Well);
        let (challenge, code) = app.open_challenge(&client, JANE).await;

        client.verify_challenge(JANE, &code, &challenge).await.token();
        assert_eq!(app.attempts().await.len(), 1, "{mood:?} left half a challenge");
    }
}

#[actix_web::test]
async fn a_failing_provider_is_busy_and_leaves_nothing() {
    let (app, _) = probed(Mood::Failing).await;

    assert_busy(&app.client().login(JANE).await);

    assert_eq!(entity::challenge::Entity::find().count(app.db()).await.unwrap(), 0);
    app.all_sent().await;
    assert!(app.sink.mails().is_empty());
}

#[actix_web::test]
async fn a_provider_that_is_too_slow_is_busy_and_the_others_go_on() {
    let (app, probe) = probed(Mood::Slow).await;
    app.add_user("joe@example.com").await;
    let client = app.client();

    let start = std::time::Instant::now();
    let slow = client.login(JANE).await;
    let took = start.elapsed();

    assert_busy(&slow);
    assert!(took < Duration::from_secs(6), "{took:?}");
    client.login("joe@example.com").await.token();
    probe.set(Mood::Well);
    app.open_challenge(&client, JANE).await;
}

#[actix_web::test]
async fn what_a_slow_provider_holds_is_let_go() {
    let (app, probe) = probed(Mood::Slow).await;
    let client = app.client();

    let answers = futures_util::future::join_all((0..200).map(|_| client.login(JANE))).await;

    for answer in &answers {
        assert_busy(answer);
    }
    assert!(probe.waiting.load(Ordering::SeqCst) > 0);
    client.get("/health/live").await.assert_status(200);
    probe.set(Mood::Well);
    app.open_challenge(&client, JANE).await;
}

#[actix_web::test]
async fn a_provider_registered_beside_the_configured_ones_is_offered_last_and_can_be_preferred() {
    let probe = Probe::new(Mood::Well);
    let provider = probe.clone();
    let app = TestApp::builder(Engine::Sqlite)
        .providers(move |registry| registry.register("Pigeon", provider))
        .start()
        .await;
    app.add_two_step_user(JANE).await;
    let mut jane = app.user(JANE).await.into_active_model();
    jane.preferred_provider = Set(Some("Pigeon".to_owned()));
    jane.update(app.db()).await.unwrap();
    let client = app.client();

    let login = client.login(JANE).await;
    let code = app.code_for(JANE).await;
    let body = json!({
        "email": JANE, "provider": "Pigeon", "token": code, "challengeId": login.challenge_id(),
    });
    let verified = client.post("/api/accounts/twostepverification", &body).await;

    assert_eq!(login.field("provider"), "Pigeon");
    assert_eq!(login.json()["providers"], json!(["Email", "Pigeon"]));
    verified.token();
}

#[actix_web::test]
async fn only_confirmed_addresses_and_numbers_get_codes() {
    let app = TestApp::builder(Engine::Sqlite)
        .set("providers.Sms.enabled", "true")
        .set("providers.Sms.gateway", "inbox")
        .set("accounts.require_confirmed_email", "false")
        .start()
        .await;
    let client = app.client();
    let add = async |email: &str, email_confirmed, phone_confirmed| {
        let (two_factor_enabled, phone_number) = (Some(true), Some("+4915112345678".to_owned()));
        let user =
            NewUser { email_confirmed, phone_confirmed, two_factor_enabled, phone_number, ..new_user(email) };
        app.running.auth.add_user(user).await.unwrap();
    };
    add(JANE, true, false).await;
    add("joe@example.com", false, true).await;
    add("jim@example.com", false, false).await;

    assert_eq!(client.login(JANE).await.json()["providers"], json!(["Email"]));
    assert_eq!(client.login("joe@example.com").await.json()["providers"], json!(["Sms"]));
    client.login("jim@example.com").await.assert_refused("Invalid 2-Step Verification Provider.");
}

#[actix_web::test]
async fn two_providers_of_one_kind_stand_side_by_side() {
    let app = TestApp::builder(Engine::Sqlite)
        .set("providers.Sms.enabled", "true")
        .set("providers.Sms.gateway", "inbox")
        .file("[providers.Text]\nkind = \"sms\"\nenabled = true\ngateway = \"inbox\"\n")
        .start()
        .await;
    app.add_user_with_phone(JANE, "+4915112345678").await;

    let login = app.client().login(JANE).await;

    assert_eq!(login.json()["providers"], json!(["Email", "Sms", "Text"]));
}
