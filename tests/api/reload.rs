//! The configuration read again while the server runs, in this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{ActiveModelTrait, IntoActiveModel, Set};
use serde_json::json;
use tokio::sync::Notify;
use twostep::courier::Message;
use twostep::otp::{Account, Code, CodeContext, Destination, OtpProvider, ProviderError, ProviderKind};
use twostep::startup::ReloadError;

use crate::support::text_vendor::TextVendor;
use crate::support::*;

const JANE: &str = "jane@example.com";
const NUMBER: &str = "+4915112345678";
const SMS: &str = "[providers.Sms]\nenabled = true\ngateway = \"inbox\"\n";

on_every_engine!(
    a_provider_is_turned_off_and_on_again,
    a_code_in_flight_is_good_after_its_provider_was_turned_off,
    a_code_in_flight_is_good_after_codes_have_another_length,
    who_is_left_without_a_provider_is_refused_until_it_is_back,
);

async fn app(engine: Engine) -> TestApp {
    let app = TestApp::builder(engine).file(SMS).start().await;
    app.add_user_with_phone(JANE, NUMBER).await;
    app
}

async fn prefer(app: &TestApp, provider: &str) {
    let mut jane = app.user(JANE).await.into_active_model();
    jane.preferred_provider = Set(Some(provider.to_owned()));
    jane.update(app.db()).await.unwrap();
}

/// The code of the newest text to [`NUMBER`] that is not among the first `seen`.
async fn text_after(app: &TestApp, seen: usize) -> String {
    let inbox = app.running.inbox.clone().unwrap();
    eventually("a text", async || {
        let texts: Vec<_> = inbox.messages().into_iter().filter(|caught| caught.to == NUMBER).collect();
        (texts.len() > seen).then(|| texts[0].code.clone().unwrap())
    })
    .await
}

async fn verify_by(client: &Client, provider: &str, code: &str, challenge: &str) -> Answer {
    let body = json!({ "email": JANE, "provider": provider, "token": code, "challengeId": challenge });
    client.post("/api/accounts/twostepverification", &body).await
}

async fn a_provider_is_turned_off_and_on_again(engine: Engine) {
    let app = app(engine).await;
    let client = app.client();
    let offered = async || client.login(JANE).await.json()["providers"].clone();
    assert_eq!(offered().await, json!(["Email", "Sms"]));

    let off = app.reload("").await.unwrap();
    assert_eq!(offered().await, json!(["Email"]));
    app.reload(SMS).await.unwrap();
    assert_eq!(offered().await, json!(["Email", "Sms"]));

    assert_eq!(off.changed, ["providers.Sms.enabled", "providers.Sms.gateway"]);
}

async fn a_code_in_flight_is_good_after_its_provider_was_turned_off(engine: Engine) {
    let app = app(engine).await;
    prefer(&app, "Sms").await;
    let client = app.client();
    let login = client.login(JANE).await;
    assert_eq!(login.field("provider"), "Sms");

    app.reload("").await.unwrap();

    let code = text_after(&app, 0).await;
    verify_by(&client, "Sms", &code, &login.challenge_id()).await.token();
}

async fn a_code_in_flight_is_good_after_codes_have_another_length(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = app.open_challenge(&client, JANE).await;

    app.reload("[two_step]\ncode_length = 8\ncode_lifetime = \"1s\"\n").await.unwrap();

    app.advance(60).await;
    client.verify_challenge(JANE, &code, &challenge).await.token();
}

async fn who_is_left_without_a_provider_is_refused_until_it_is_back(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();

    app.reload("[providers.Email]\nenabled = false\n").await.unwrap();
    client.login(JANE).await.assert_refused("Invalid 2-Step Verification Provider.");
    app.reload("").await.unwrap();

    app.open_challenge(&client, JANE).await;
}

#[actix_web::test]
async fn of_two_text_providers_one_changes_its_vendor_and_the_other_goes_on() {
    let (old, new, other) = (TextVendor::start().await, TextVendor::start().await, TextVendor::start().await);
    let section = |name: &str, vendor: &TextVendor| {
        format!(
            "[providers.{name}]\nkind = \"sms\"\nenabled = true\ngateway = \"http\"\nhttp_url = \"{}\"\n\
            http_body = '{{\"to\":\"{{{{to}}}}\",\"text\":\"{{{{text}}}}\"}}'\n",
            vendor.url()
        )
    };
    let before = section("Text", &old) + &section("WhatsApp", &other);
    let app = TestApp::builder(Engine::Sqlite).file(&before).start().await;
    app.add_user_with_phone(JANE, NUMBER).await;
    let sign_in = async |provider: &str, vendor: &TextVendor, count: usize| {
        prefer(&app, provider).await;
        let challenge = app.client().login(JANE).await.challenge_id();
        let heard = vendor.wait_for(count, Duration::from_secs(10)).await;
        let code = heard[count - 1].body.rsplit_once('#').unwrap().1.trim_end_matches(['"', '}']).to_owned();
        app.all_sent().await;
        verify_by(&app.client(), provider, &code, &challenge).await.token();
    };
    sign_in("Text", &old, 1).await;
    sign_in("WhatsApp", &other, 1).await;
    let connections = other.connections();

    let changed = app.reload(&(section("Text", &new) + &section("WhatsApp", &other))).await.unwrap();
    sign_in("Text", &new, 1).await;
    sign_in("WhatsApp", &other, 2).await;
    app.reload(&section("WhatsApp", &other)).await.unwrap();

    assert_eq!(changed.changed, ["providers.Text.http_url"]);
    assert_eq!((old.heard().len(), new.heard().len(), other.heard().len()), (1, 1, 2));
    assert_eq!(other.connections(), connections, "a gateway that stays keeps its connection");
    assert_eq!(app.client().login(JANE).await.json()["providers"], json!(["Email", "WhatsApp"]));
}

#[actix_web::test]
async fn a_faulty_file_changes_nothing_and_names_every_fault() {
    let app = app(Engine::Sqlite).await;
    let faulty = "[two_step]\nmax_attempts = 0\ncode_length = 3\n[providers.Sms]\nenabled = false\n";

    let Err(ReloadError::Faulty(faults)) = app.reload(faulty).await else { panic!("it was taken") };

    assert_eq!(faults.0.len(), 2, "{faults}");
    assert_eq!(app.client().login(JANE).await.json()["providers"], json!(["Email", "Sms"]));
    assert_eq!(app.running.settings().two_step.code_length, 6);
}

#[actix_web::test]
async fn templates_that_do_not_render_change_nothing() {
    let app = app(Engine::Sqlite).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("email")).unwrap();
    std::fs::write(folder.path().join("email/code.txt"), "{{ nobody }}").unwrap();
    let toml = format!("[mail]\ntemplates_dir = {:?}\n", folder.path());

    let refused = app.reload(&toml).await;

    assert!(matches!(refused, Err(ReloadError::Failed(_))), "{refused:?}");
    assert_eq!(app.client().login(JANE).await.json()["providers"], json!(["Email", "Sms"]));
}

#[actix_web::test]
async fn templates_the_sender_and_the_relay_change() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.add_two_step_user(JANE).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("email")).unwrap();
    for (ending, text) in [("txt", "Psst: {{ code }}\n{{ code }}\n"), ("html", "<p>{{ code }}</p>")] {
        std::fs::write(folder.path().join(format!("email/code.{ending}")), text).unwrap();
    }
    std::fs::write(folder.path().join("email/reset_password.txt"), "New words:\n{{ link }}\n").unwrap();
    let toml = format!("[mail]\ntemplates_dir = {:?}\nfrom = \"Else <else@example.com>\"\n", folder.path());

    app.reload(&toml).await.unwrap();
    let client = app.client();
    client.login(JANE).await.challenge_id();
    client.forgot(JANE).await.assert_status(200);

    let code = app.next_mail(JANE, CODE).await;
    assert!(code.text.starts_with("Psst: "), "{}", code.text);
    assert!(code.raw.contains("else@example.com"), "{}", code.raw);
    assert!(app.next_mail(JANE, RESET).await.text.starts_with("New words:"));
}

#[actix_web::test]
async fn budgets_and_limits_change() {
    let app = TestApp::builder(Engine::Sqlite).set("limits.enabled", "").start().await;
    app.add_two_step_user(JANE).await;
    let client = app.client();

    app.reload("[two_step]\ncode_length = 8\nmax_attempts = 1\n[limits]\nlogin_per_ip = \"2/hour\"\n")
        .await
        .unwrap();

    let (challenge, code) = app.open_challenge(&client, JANE).await;
    assert_eq!(code.len(), 8);
    client.verify_challenge(JANE, &wrong(&code), &challenge).await.assert_text(400, INVALID_CODE);
    client.verify_challenge(JANE, &code, &challenge).await.assert_text(400, SPENT);
    client.login(JANE).await.challenge_id();
    client.login(JANE).await.assert_status(401);
}

#[actix_web::test]
async fn origins_change_for_cors_and_for_links() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();
    let allowed = async |origin: &str| {
        let request = client.request(reqwest::Method::GET, "/health/live").header("origin", origin);
        client.send(request).await.header("access-control-allow-origin")
    };
    let (old, new) = ("http://localhost:4200", "https://new.example.com");
    assert_eq!(allowed(old).await.as_deref(), Some(old));
    assert_eq!(allowed(new).await, None);

    app.reload(&format!("[server]\nallowed_origins = [\"{new}\"]\n")).await.unwrap();

    assert_eq!(allowed(old).await, None);
    assert_eq!(allowed(new).await.as_deref(), Some(new));
    let uri = |origin| json!({ "clientURI": format!("{origin}/page") });
    client.register_with(JANE, &uri(old)).await.assert_status(400);
    client.register_with(JANE, &uri(new)).await.assert_status(201);
}

#[actix_web::test]
async fn with_any_origin_let_in_cookies_stay_out() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();
    let credentials = async || {
        let request =
            client.request(reqwest::Method::GET, "/health/live").header("origin", "http://localhost:4200");
        client.send(request).await.header("access-control-allow-credentials")
    };
    assert_eq!(credentials().await.as_deref(), Some("true"));

    app.reload("[server]\nallowed_origins = [\"*\"]\n").await.unwrap();

    assert_eq!(credentials().await, None);
}

/// Is valid for nobody, and takes its time to say so.
struct Slow {
    asked: Arc<Notify>,
    go_on: Arc<Notify>,
    calls: Arc<AtomicUsize>,
}

#[async_trait]
impl OtpProvider for Slow {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Custom
    }

    async fn valid_for(&self, _: &Account) -> Result<Option<Destination>, ProviderError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.asked.notify_one();
        self.go_on.notified().await;
        Ok(None)
    }

    async fn compose(&self, _: &Account, _: &Code, _: &CodeContext) -> Result<Message, ProviderError> {
        Err(ProviderError::Unsupported(String::new()))
    }
}

#[actix_web::test]
async fn a_login_ends_with_the_providers_it_began_with() {
    let (asked, go_on, calls) =
        (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let slow = Slow { asked: asked.clone(), go_on: go_on.clone(), calls: calls.clone() };
    let app = TestApp::builder(Engine::Sqlite)
        .file(SMS)
        .providers(move |registry| registry.register("Slow", slow))
        .start()
        .await;
    app.add_user_with_phone(JANE, NUMBER).await;
    prefer(&app, "Sms").await;
    let client = app.client();
    let browser = client.clone();
    let login = actix_web::rt::spawn(async move { browser.login(JANE).await });
    asked.notified().await;

    app.reload("").await.unwrap();
    go_on.notify_one();
    let login = login.await.unwrap();

    assert_eq!(login.field("provider"), "Sms");
    let code = text_after(&app, 0).await;
    verify_by(&client, "Sms", &code, &login.challenge_id()).await.token();
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[actix_web::test]
async fn a_provider_of_the_code_outlives_a_reload_and_obeys_the_file() {
    let (asked, go_on, calls) =
        (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let slow = Slow { asked, go_on: go_on.clone(), calls: calls.clone() };
    let app = TestApp::builder(Engine::Sqlite)
        .providers(move |registry| registry.register("Authenticator", slow))
        .start()
        .await;
    app.add_two_step_user(JANE).await;
    let login = async || {
        go_on.notify_one();
        app.client().login(JANE).await.challenge_id()
    };

    app.reload("[two_step]\nmax_attempts = 3\n").await.unwrap();
    login().await;
    let after_reload = calls.load(Ordering::SeqCst);
    app.reload("[providers.Authenticator]\nenabled = false\n").await.unwrap();
    app.client().login(JANE).await.challenge_id();

    assert_eq!((after_reload, calls.load(Ordering::SeqCst)), (1, 1));
}
