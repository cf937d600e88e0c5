//! Factors that too many wrong codes have switched off: what is told of them, and what brings them back.

use serde_json::json;

use super::factors::{app_code, enrol, switch_on};
use super::*;

on_every_engine!(
    the_mail_names_a_disabled_provider_and_what_brings_it_back,
    the_mail_is_in_the_language_of_its_reader,
    disabled_factors_are_marked_and_recovery_codes_are_not_counted,
);

const STOPPED: &str = "Codes for your account were stopped";
const RESET_PAGE: &str = "/authentication/forgotpassword";

/// Somebody with an app, recovery codes and a number, each of which ends with its first wrong code.
async fn with_everything(engine: Engine) -> (TestApp, Me, String) {
    let app = with_texts(engine)
        .set("two_step.account_attempts_total", "1")
        .set("two_step.account_attempts", "off")
        .start()
        .await;
    app.add_user_with_phone(JANE, NUMBER).await;
    let me = Me::log_in_with_code(&app).await;
    let key = enrol(&app, &me).await;
    me.send("POST", "/me/recovery-codes", &json!({})).await.assert_status(200);
    (app, me, key)
}

/// Guesses wrong by each of these providers, and has the factor disabled.
async fn disable(app: &TestApp, providers: &[&str]) {
    let client = app.client();
    for provider in providers {
        let challenge = client.log_in(JANE).await.v1_challenge_id();
        let code = match *provider {
            "Email" => {
                eventually("the newest code", async || {
                    app.all_sent().await;
                    app.mails(JANE, CODE).last().map(Mail::code)
                })
                .await
            }
            "Sms" => {
                client.send_code(&challenge, "Sms").await.assert_status(202);
                texted_code(app, NUMBER).await
            }
            _ => "123456".to_owned(),
        };
        client.guess_by(&challenge, provider, &wrong(&code)).await.assert_problem(401, "invalid_code");
    }
    app.all_sent().await;
}

async fn the_mail_names_a_disabled_provider_and_what_brings_it_back(engine: Engine) {
    let (app, ..) = with_everything(engine).await;

    disable(&app, &["Authenticator", "Sms", "RecoveryCode", "Email"]).await;

    let mails = app.mails(JANE, STOPPED);
    assert_eq!(mails.len(), 4);
    for (provider, words) in [
        ("Authenticator", "set the app up again"),
        ("Sms", "your phone"),
        ("RecoveryCode", "make new codes"),
        ("Email", "To receive codes here again, choose a new password"),
    ] {
        let mail = mails.iter().find(|mail| mail.text.contains(&format!("({provider})"))).expect(provider);
        for part in [&mail.text, &mail.html] {
            assert!(part.contains(words) && part.contains(&format!("({provider})")), "{part}");
            let helps = if provider == "Email" { RESET_PAGE } else { "whoever runs localhost" };
            let helps_not = if provider == "Email" { "whoever runs" } else { RESET_PAGE };
            assert!(part.contains(helps) && !part.contains(helps_not), "{provider}: {part}");
            assert_eq!(part.contains("to this address"), provider == "Email", "{part}");
        }
    }
}

async fn the_mail_is_in_the_language_of_its_reader(engine: Engine) {
    let (app, me, _) = with_everything(engine).await;
    me.send("PATCH", "/me", &json!({"locale": "de"})).await.assert_status(200);

    let challenge = app.client().log_in(JANE).await.v1_challenge_id();
    let guess = app.client().guess_by(&challenge, "Authenticator", "123456").await;
    app.all_sent().await;

    guess.assert_problem(401, "invalid_code");
    let mails = app.mails(JANE, "Codes für Ihr Konto wurden gestoppt");
    assert_eq!(mails.len(), 1);
    for part in [&mails[0].text, &mails[0].html] {
        assert!(part.contains("(Authenticator)") && part.contains("Betreiber von localhost"), "{part}");
        assert!(!part.contains(RESET_PAGE), "{part}");
    }
}

async fn disabled_factors_are_marked_and_recovery_codes_are_not_counted(engine: Engine) {
    let (app, me, key) = with_everything(engine).await;
    let before = me.get("/me/factors").await.json();

    disable(&app, &["Authenticator", "RecoveryCode"]).await;

    let off = me.get("/me/factors").await.json();
    let client = app.client();
    let challenge = client.log_in(JANE).await.v1_challenge_id();
    let right = client.guess_by(&challenge, "Authenticator", &app_code(&app, &key, 0)).await;
    me.send("POST", "/me/recovery-codes", &json!({})).await.assert_status(200);
    let after = me.get("/me/factors").await.json();
    let names = |view: &Value| -> Vec<String> {
        let factors = view["factors"].as_array().unwrap().iter();
        factors.map(|factor| factor["provider"].as_str().unwrap().to_owned()).collect()
    };

    assert_eq!((&before["disabledFactors"], &before["recoveryCodesLeft"]), (&json!([]), &json!(10)));
    assert_eq!(names(&before), ["Email", "Sms", "Authenticator"]);
    assert_eq!(names(&off), ["Email", "Sms"]);
    assert_eq!(off["recoveryCodesLeft"], 0);
    assert_eq!(
        off["disabledFactors"],
        json!([
            {"provider": "Authenticator", "kind": "authenticator"},
            {"provider": "RecoveryCode", "kind": "recovery"},
        ])
    );
    assert_ne!(right.status, 200, "{}", right.text);
    assert_eq!(after["recoveryCodesLeft"], 10);
    assert_eq!(after["disabledFactors"], json!([{"provider": "Authenticator", "kind": "authenticator"}]));
    assert!(switch_on(&me).await.is_empty());
    me.send("DELETE", "/me/authenticator", &json!({})).await.assert_status(204);
    assert_eq!(
        me.get("/me/factors").await.json()["disabledFactors"],
        json!([]),
        "what is not there is not off"
    );
}
