//! No secret is ever logged, at the loudest level, whatever the format.

use std::time::Duration;

use serde_json::json;

use crate::support::*;

const JANE: &str = "jane.secretive@example.com";

/// Whether `digits` stands in `log` as a number of its own, and not as the fraction of a time.
fn holds_number(log: &str, digits: &str) -> bool {
    log.match_indices(digits).any(|(at, _)| {
        let before = log[..at].chars().next_back();
        let after = log[at + digits.len()..].chars().next();
        let inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
        !inside(before) && !inside(after)
    })
}

/// Walks the whole flow, with its refusals, and gathers everything that must stay unheard.
async fn walk(server: &Server, sink: &SmtpSink) -> (Vec<String>, Vec<String>) {
    let client = server.client();
    client.register(JANE).await.assert_status(201);
    let confirmation = sink.wait_for(1, Duration::from_secs(10)).await[0].link();
    client.get(&format!("/api/accounts/emailconfirmation?{}", confirmation.query())).await.assert_status(200);
    client.confirm(&confirmation).await.assert_status(400);
    client.login_with(JANE, "Mistyped-Secret-1").await.assert_refused(INVALID);
    client
        .post_raw("/api/accounts/login", format!("{{\"email\":\"{JANE}\",\"password\":\"Half-Secret-1"))
        .await;
    let challenge = client.login(JANE).await.challenge_id();
    let mail = sink.wait_for(2, Duration::from_secs(10)).await[1].clone();
    let code = mail.code();
    let disown =
        mail.text.split_once("/not-me/").and_then(|(_, rest)| rest.lines().next()).unwrap().to_owned();
    client.get(&format!("/not-me/{disown}")).await.assert_status(200);
    client.get(&format!("/api/v1/challenges/{challenge}")).await.assert_status(200);
    client.verify_challenge(JANE, &wrong(&code), &challenge).await.assert_status(400);
    let token = client.verify_challenge(JANE, &code, &challenge).await.token();
    client.get_with("/api/companies", &token).await.assert_status(200);
    client.get_with("/api/companies", &format!("{token}x")).await.assert_status(401);
    client.forgot(JANE).await.assert_status(200);
    let reset = sink.wait_for(3, Duration::from_secs(10)).await[2].link();
    let body = json!({ "password": "Weak", "confirmPassword": "Weak", "token": reset.token, "email": JANE });
    client.post("/api/accounts/resetpassword", &body).await.assert_status(400);
    client.reset(&reset, NEW_PASSWORD).await.assert_status(200);
    let secrets = vec![
        PASSWORD.to_owned(),
        NEW_PASSWORD.to_owned(),
        "Mistyped-Secret-1".to_owned(),
        "Half-Secret-1".to_owned(),
        confirmation.token,
        reset.token,
        challenge,
        disown,
        token.rsplit_once('.').unwrap().1.to_owned(),
        "$argon2id$".to_owned(),
        JANE.to_owned(),
        JANE.replace('@', "%40"),
    ];
    (secrets, vec![wrong(&code), code])
}

#[actix_web::test]
async fn the_log_holds_no_secret_in_text_or_json() {
    for format in ["text", "json"] {
        let sink = SmtpSink::start().await;
        let installation = Installation::new(&sink)
            .set("accounts.two_factor_for_new_users", "true")
            .set("log.format", format)
            .env("RUST_LOG", "trace");
        let server = installation.serve();

        let (secrets, codes) = walk(&server, &sink).await;

        let key = installation.environment()[&variable("secrets.key")].clone();
        let log = server.log();
        for secret in secrets.iter().chain([&key]) {
            assert!(!log.contains(secret.as_str()), "{format}: {}", around(&log, secret));
        }
        for code in &codes {
            assert!(!holds_number(&log, code), "{format}: {}", around(&log, code));
        }
        if format == "json" {
            let odd = log.lines().find(|line| serde_json::from_str::<serde_json::Value>(line).is_err());
            assert_eq!(odd, None, "each line is a JSON object");
        }
    }
}

/// The line of `log` that holds `secret`.
fn around<'a>(log: &'a str, secret: &str) -> &'a str {
    log.lines().find(|line| line.contains(secret)).unwrap_or_default()
}
