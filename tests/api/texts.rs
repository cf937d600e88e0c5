//! Codes by text through the gateways `twilio` and `http`, against a vendor on this machine.

use std::time::Duration;

use sea_orm::EntityTrait;
use serde_json::json;
use twostep::courier::{Courier, DeliveryStatus};
use twostep::vault::{MasterKey, Vault};

use crate::support::text_vendor::{Heard, Reply, TextVendor};
use crate::support::*;

const JANE: &str = "jane@example.com";
const NUMBER: &str = "+4915112345678";
const ACCOUNT: &str = "AC00000000000000000000000000000042";
const PATIENCE: Duration = Duration::from_secs(10);

async fn app_with_twilio(engine: Engine, twilio: &TextVendor) -> TestApp {
    let app = TestApp::builder(engine)
        .set("providers.Sms.enabled", "true")
        .set("providers.Sms.twilio_account_sid", ACCOUNT)
        .set("providers.Sms.twilio_auth_token", "hunter2")
        .set("providers.Sms.twilio_from", "+15005550006")
        .set("providers.Sms.twilio_base_url", &twilio.url())
        .set("two_step.default_provider", "Sms")
        .start()
        .await;
    app.add_user_with_phone(JANE, NUMBER).await;
    app
}

/// The code in the last line of a text.
fn code(text: &str) -> String {
    text.rsplit_once('#').unwrap().1.to_owned()
}

async fn fate(app: &TestApp) -> DeliveryStatus {
    let row = entity::message::Entity::find().one(app.db()).await.unwrap().unwrap();
    let courier = Courier::new(app.db().clone(), Vault::new(&MasterKey::generate()), app.clock.clone());
    let fates = courier.fate(app.db(), &[row.id]).await.unwrap();
    assert_eq!(fates.len(), 1);
    fates[&row.id].state.status
}

async fn a_code_that_came_by_twilio_signs_in(engine: Engine) {
    let twilio = TextVendor::start().await;
    let app = app_with_twilio(engine, &twilio).await;
    let client = app.client();

    let challenge = client.login(JANE).await.challenge_id();
    let heard = twilio.wait_for(1, PATIENCE).await;
    let code = code(&heard[0].field("Body"));
    let guess = json!({ "email": JANE, "provider": "Sms", "token": code, "challengeId": challenge });
    let signed_in = client.post("/api/accounts/twostepverification", &guess).await;

    signed_in.token();
    assert_eq!(heard[0].field("To"), NUMBER);
    app.all_sent().await;
    assert_eq!(fate(&app).await, DeliveryStatus::Sent);
}

async fn a_text_that_twilio_refuses_has_failed(engine: Engine) {
    let twilio = TextVendor::start().await;
    let app = app_with_twilio(engine, &twilio).await;
    twilio.set_reply(Reply::Fault(400, 21211));

    app.client().login(JANE).await.challenge_id();

    eventually("a failed text", async || (fate(&app).await == DeliveryStatus::Failed).then_some(())).await;
    app.advance(60).await;
    assert_eq!(twilio.heard().len(), 1);
}

async fn a_text_in_doubt_is_repeated_once_with_the_same_code(engine: Engine) {
    let twilio = TextVendor::start().await;
    let app = app_with_twilio(engine, &twilio).await;
    twilio.set_reply(Reply::HangUp);
    app.client().login(JANE).await.challenge_id();
    twilio.wait_for(1, PATIENCE).await;

    let heard = eventually("a repeat", async || {
        app.clock.advance(Duration::from_secs(1));
        Some(twilio.heard()).filter(|heard| heard.len() == 2)
    });
    let heard = heard.await;
    eventually("a failed text", async || (fate(&app).await == DeliveryStatus::Failed).then_some(())).await;

    assert_eq!(heard[0].field("Body"), heard[1].field("Body"));
    app.advance(60).await;
    assert_eq!(twilio.heard().len(), 2);
}

on_every_engine!(
    a_code_that_came_by_twilio_signs_in,
    a_text_that_twilio_refuses_has_failed,
    a_text_in_doubt_is_repeated_once_with_the_same_code,
);

#[actix_web::test]
async fn a_gateway_that_refuses_its_credential_is_degraded_and_the_server_is_ready() {
    let twilio = TextVendor::start().await;
    let app = app_with_twilio(Engine::Sqlite, &twilio).await;
    twilio.set_reply(Reply::Fault(401, 20003));
    app.client().login(JANE).await.challenge_id();

    let ready = eventually("a degraded gateway", async || {
        let ready = app.client().get("/health/ready").await;
        (ready.json()["checks"]["Sms"] == "degraded").then_some(ready)
    });

    ready.await.assert_status(200);
}

fn basic(heard: &Heard) -> String {
    heard.header("authorization").trim_start_matches("Basic ").to_owned()
}

#[actix_web::test]
async fn no_log_holds_a_number_a_text_or_what_a_gateway_is_paid_with() {
    let (twilio, vendor, sink) =
        (TextVendor::start().await, TextVendor::start().await, SmtpSink::start().await);
    let installation = Installation::new(&sink)
        .set("providers.Sms.enabled", "true")
        .set("providers.Sms.twilio_account_sid", ACCOUNT)
        .set("providers.Sms.twilio_auth_token", "hunter2-twilio")
        .set("providers.Sms.twilio_from", "+15005550006")
        .set("providers.Sms.twilio_base_url", &twilio.url())
        .env("RUST_LOG", "trace");
    let others = format!(
        "[providers.Other]\nkind = \"sms\"\ngateway = \"http\"\nhttp_url = \"{}/?key=hunter2-url\"\n\
        http_headers = {{ x-key = \"hunter2-header\" }}\n\
        http_body = '{{\"to\":\"{{{{to}}}}\",\"text\":\"{{{{text}}}}\",\"key\":\"hunter2-body\"}}'\n",
        vendor.url()
    );
    installation.write("twostep.toml", &others);
    let added = installation.run_with_input(
        &[
            "user",
            "add",
            JANE,
            "--password-stdin",
            "--confirmed",
            "--two-factor",
            "on",
            "--phone",
            NUMBER,
            "--phone-confirmed",
        ],
        PASSWORD,
    );
    added.assert_code(0);

    let mut log = String::new();
    let mut codes = Vec::new();
    for (provider, gateway) in [("Sms", &twilio), ("Other", &vendor)] {
        let server = installation.clone_with("two_step.default_provider", provider).serve();
        for reply in [
            Reply::Queued,
            Reply::Fault(401, 20003),
            Reply::Fault(401, 20003),
            Reply::Fault(400, 21211),
            Reply::HangUp,
        ] {
            gateway.set_reply(reply.clone());
            let before = gateway.heard().len();
            let challenge = server.client().login(JANE).await.challenge_id();
            gateway.wait_for(before + 1, PATIENCE).await;
            if reply != Reply::HangUp {
                // The next answer must not be heard before this one.
                eventually("an answer of the gateway", async || {
                    let challenge =
                        server.client().get(&format!("/api/v1/challenges/{challenge}")).await.json();
                    (challenge["delivery"]["status"] != "queued").then_some(())
                })
                .await;
            }
        }
        log.push_str(&server.log());
    }
    for heard in twilio.heard() {
        codes.push(code(&heard.field("Body")));
    }

    assert!(log.contains("Twilio has the text"), "the loudest level is on");
    assert_eq!(log.matches("refuses how it is configured").count(), 2, "once a gateway");
    let secrets =
        ["hunter2-twilio", "hunter2-url", "hunter2-header", "hunter2-body", NUMBER, "4915112345678"];
    let basic = basic(&twilio.heard()[0]);
    assert!(basic.len() > 20);
    for secret in secrets.into_iter().map(str::to_owned).chain([basic]) {
        let line = log.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret}");
    }
    for code in codes {
        assert!(!log.contains(&format!("#{code}")) && !log.contains(&format!("{code} is your code")));
    }
}
