//! A walk through nearly everything. Each answer is held to the document where it arrives; here it is counted that none is left out.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::document::{DOCUMENT, operation, operations};
use crate::support::*;
use crate::v1::{JANE, NUMBER, app_code, texted_code};

/// Who walks, and where they have been.
struct Walker<'a> {
    app: &'a TestApp,
    client: Client,
    been: BTreeSet<(String, u16)>,
}

impl Walker<'_> {
    async fn go(
        &mut self,
        method: &str,
        path: &str,
        token: &str,
        body: Option<&Value>,
        status: u16,
    ) -> Answer {
        let mut request = self.client.request(Method::from_bytes(method.as_bytes()).unwrap(), path);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = self.client.send(request).await;
        answer.assert_status(status);
        self.been(method, path, &answer);
        answer
    }

    fn been(&mut self, method: &str, path: &str, answer: &Answer) {
        let path = path.split('?').next().unwrap();
        let (path, method) = operation(path, &method.to_lowercase()).expect("it is described");
        let id = DOCUMENT["paths"][path][method]["operationId"].as_str().unwrap().to_owned();
        self.been.insert((id, answer.status));
    }

    async fn post(&mut self, path: &str, body: Value, status: u16) -> Answer {
        self.go("POST", path, "", Some(&body), status).await
    }

    async fn get(&mut self, path: &str, status: u16) -> Answer {
        self.go("GET", path, "", None, status).await
    }

    /// Signs in, by a code if one is asked for; the access token.
    async fn sign_in(&mut self, email: &str) -> (String, String) {
        let login =
            self.post("/api/v1/logins", json!({"email": email, "password": PASSWORD}), 200).await.json();
        let tokens = if login["status"] == "signed_in" {
            login["tokens"].clone()
        } else {
            self.enter_code(email, &login).await
        };
        let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
        (text("accessToken"), text("refreshToken"))
    }

    async fn enter_code(&mut self, email: &str, login: &Value) -> Value {
        let id = login["challenge"]["id"].as_str().unwrap();
        let code = self.app.code_for(email).await;
        let verify = format!("/api/v1/challenges/{id}/verify");
        self.post(&verify, json!({"code": "12"}), 422).await;
        self.post(&verify, json!({"code": wrong(&code)}), 401).await;
        self.post(&verify, json!({"code": code, "provider": "Nobody"}), 422).await;
        self.get(&format!("/api/v1/challenges/{id}"), 200).await;
        self.post(&format!("/api/v1/challenges/{id}/codes"), json!({"provider": "Email"}), 429).await;
        let signed_in = self.post(&verify, json!({"code": code, "rememberDevice": true}), 200).await;
        self.post(&verify, json!({"code": code}), 410).await;
        self.post(&format!("/api/v1/challenges/{id}/codes"), json!({"provider": "Email"}), 410).await;
        signed_in.json()["tokens"].clone()
    }
}

/// What no client can be made to see here: its database is well, its process lives, its metrics can be written.
const OUT_OF_REACH: [u16; 2] = [500, 503];

#[actix_web::test]
async fn nearly_every_answer_of_the_document_is_seen() {
    let app = TestApp::builder(Engine::Sqlite)
        .set("providers.Sms.enabled", "true")
        .set("providers.Sms.gateway", "inbox")
        .start()
        .await;
    let mut walker = Walker { app: &app, client: app.client(), been: BTreeSet::new() };

    article(&mut walker).await;
    joining(&mut walker).await;
    session(&mut walker).await;
    factors(&mut walker).await;
    public(&mut walker).await;
    errors(&mut walker).await;

    let seen: BTreeSet<_> = walker.been.iter().map(|(id, _)| id.as_str()).collect();
    let unseen: Vec<_> = operations()
        .map(|(.., operation)| operation["operationId"].as_str().unwrap())
        .filter(|id| !seen.contains(id))
        .collect();
    assert!(unseen.is_empty(), "nobody has been at {unseen:?}");
    let told = operations().flat_map(|(.., operation)| {
        let id = operation["operationId"].as_str().unwrap().to_owned();
        let answers = operation["responses"].as_object().unwrap().keys();
        answers.map(move |status| (id.clone(), status.parse::<u16>().unwrap()))
    });
    let successes: Vec<_> = told
        .filter(|(_, status)| !OUT_OF_REACH.contains(status) && *status < 300)
        .filter(|place| !walker.been.contains(place))
        .collect();
    assert!(successes.is_empty(), "nobody has seen {successes:?}");
}

async fn article(walker: &mut Walker<'_>) {
    let app = walker.app;
    let room = |name: &str| format!("/api/accounts/{name}");
    app.add_user("boss@example.com").await;
    app.change(
        "boss@example.com",
        twostep::auth::Change { roles: Some(vec!["Administrator".to_owned()]), ..Default::default() },
    )
    .await;

    walker.post(&room("registration"), registration("ann@example.com"), 201).await;
    walker.post(&room("registration"), json!({"email": "x"}), 400).await;
    let link = app.link_for("ann@example.com", CONFIRMATION).await;
    let path = format!("{}?{}", room("emailconfirmation"), link.query());
    walker.go("HEAD", &path, "", None, 200).await;
    walker.get(&path, 200).await;
    walker.get(&path, 400).await;
    app.change(
        "ann@example.com",
        twostep::auth::Change { two_factor_enabled: Some(true), ..Default::default() },
    )
    .await;
    let right = json!({"email": "ann@example.com", "password": PASSWORD});
    walker.post(&room("login"), right, 200).await;
    walker.post(&room("login"), json!({"email": "ann@example.com", "password": "x"}), 401).await;
    walker.post(&room("login"), json!({}), 400).await;
    let code = app.code_for("ann@example.com").await;
    let guess = |code: &str| json!({"email": "ann@example.com", "provider": "Email", "token": code});
    walker.post(&room("twostepverification"), guess(&wrong(&code)), 400).await;
    walker.post(&room("twostepverification"), guess(&code), 200).await;
    walker.post(&room("forgotpassword"), json!({"email": "ann@example.com"}), 200).await;
    walker
        .post(
            &room("forgotpassword"),
            json!({"email": "ann@example.com", "clientURI": "http://evil.example"}),
            400,
        )
        .await;
    let link = app.link_for("ann@example.com", RESET).await;
    let reset = json!({
        "password": NEW_PASSWORD, "confirmPassword": NEW_PASSWORD, "token": link.token, "email": link.email,
    });
    walker.post(&room("resetpassword"), reset.clone(), 200).await;
    walker.post(&room("resetpassword"), reset, 400).await;
    let boss = walker.client.login("boss@example.com").await.token();
    walker.go("GET", "/api/companies", &boss, None, 200).await;
    walker.go("GET", "/api/companies/privacy", &boss, None, 200).await;
    walker.get("/api/companies", 401).await;
    app.add_user("guest@example.com").await;
    let viewer = walker.client.login("guest@example.com").await.token();
    walker.go("GET", "/api/companies/privacy", &viewer, None, 403).await;
}

async fn joining(walker: &mut Walker<'_>) {
    let app = walker.app;
    let register = json!({"email": JANE, "password": PASSWORD, "firstName": "Jane", "locale": null});
    walker.post("/api/v1/registrations", register, 202).await;
    walker.post("/api/v1/logins", json!({"email": JANE, "password": PASSWORD}), 403).await;
    walker.post("/api/v1/email-confirmations/resend", json!({"email": JANE}), 202).await;
    let link = app.link_for(JANE, CONFIRMATION).await;
    walker.post("/api/v1/email-confirmations", json!({"token": link.token}), 204).await;
    walker.post("/api/v1/email-confirmations", json!({"token": "x"}), 400).await;
    walker.post("/api/v1/password/forgot", json!({"email": JANE}), 202).await;
    let link = app.link_for(JANE, RESET).await;
    let reset = json!({"token": link.token, "password": PASSWORD});
    walker.post("/api/v1/password/reset", reset.clone(), 204).await;
    walker.post("/api/v1/password/reset", reset, 400).await;
}

async fn session(walker: &mut Walker<'_>) {
    let (token, _) = walker.sign_in(JANE).await;
    for path in ["/me", "/me/factors", "/me/sessions", "/me/devices", "/me/events"] {
        walker.go("GET", &format!("/api/v1{path}"), &token, None, 200).await;
        walker.get(&format!("/api/v1{path}"), 401).await;
    }
    let change = json!({"firstName": "Jo", "lastName": null});
    walker.go("PATCH", "/api/v1/me", &token, Some(&change), 200).await;
    walker
        .go(
            "PUT",
            "/api/v1/me/password",
            &token,
            Some(&json!({"currentPassword": "x", "newPassword": NEW_PASSWORD})),
            422,
        )
        .await;
    let same = json!({"currentPassword": PASSWORD, "newPassword": PASSWORD});
    walker.go("PUT", "/api/v1/me/password", &token, Some(&same), 204).await;
    walker.go("POST", "/api/v1/me/email", &token, Some(&json!({"email": "jane.doe@example.com"})), 202).await;
    let (other, refresh) = walker.sign_in(JANE).await;
    walker.post("/api/v1/tokens/refresh", json!({"refreshToken": refresh}), 200).await;
    walker.post("/api/v1/tokens/refresh", json!({"refreshToken": "x"}), 401).await;
    walker.post("/api/v1/logout", json!({"refreshToken": refresh}), 204).await;
    let id = crate::support::jwt::claims(&other)["sid"].as_str().unwrap().to_owned();
    walker.go("DELETE", &format!("/api/v1/me/sessions/{id}"), &token, None, 404).await;
    let (other, _) = walker.sign_in(JANE).await;
    let id = crate::support::jwt::claims(&other)["sid"].as_str().unwrap().to_owned();
    walker.go("DELETE", &format!("/api/v1/me/sessions/{id}"), &token, None, 204).await;
    walker.go("DELETE", "/api/v1/me/sessions", &token, None, 204).await;
}

async fn factors(walker: &mut Walker<'_>) {
    let app = walker.app;
    let (token, _) = walker.sign_in(JANE).await;
    let me = |path: &str| format!("/api/v1/me{path}");
    walker.go("POST", &me("/phone"), &token, Some(&json!({"phoneNumber": NUMBER})), 202).await;
    let code = texted_code(app, NUMBER).await;
    walker.go("POST", &me("/phone/verify"), &token, Some(&json!({"code": wrong(&code)})), 422).await;
    walker.go("POST", &me("/phone/verify"), &token, Some(&json!({"code": code})), 204).await;
    walker.go("POST", &me("/phone/verify"), &token, Some(&json!({"code": code})), 410).await;
    walker.go("DELETE", &me("/phone"), &token, None, 204).await;
    let enrolment = walker.go("POST", &me("/authenticator"), &token, None, 200).await;
    let code = app_code(app, &enrolment.field("sharedKey"), 0);
    walker.go("POST", &me("/authenticator/verify"), &token, Some(&json!({"code": code})), 204).await;
    walker.go("DELETE", &me("/authenticator"), &token, None, 204).await;
    let on = json!({"enabled": true, "preferredProvider": "Email"});
    walker
        .go("PUT", &me("/two-factor"), &token, Some(&json!({"enabled": true, "preferredProvider": "x"})), 422)
        .await;
    walker.go("PUT", &me("/two-factor"), &token, Some(&on), 200).await;
    walker.go("POST", &me("/recovery-codes"), &token, None, 403).await;

    app.advance(90).await;
    let (token, _) = walker.sign_in(JANE).await;
    walker.go("POST", &me("/recovery-codes"), &token, None, 200).await;
    let devices = walker.go("GET", &me("/devices"), &token, None, 200).await.json();
    let id = devices[0]["id"].as_str().unwrap().to_owned();
    walker.go("DELETE", &me(&format!("/devices/{id}")), &token, None, 204).await;
    walker.go("DELETE", &me(&format!("/devices/{id}")), &token, None, 404).await;
    app.advance(90).await;
    let again = json!({"email": JANE, "password": PASSWORD});
    let id = walker.post("/api/v1/logins", again, 200).await.v1_challenge_id();
    app.code_for(JANE).await;
    app.advance(90).await;
    walker.post(&format!("/api/v1/challenges/{id}/codes"), json!({"provider": "Email"}), 202).await;
    let mail = app.next_mail(JANE, CODE).await;
    let link = mail.text.split_whitespace().find(|word| word.contains("/not-me/")).unwrap();
    let link = &link[link.find("/not-me/").unwrap()..];
    walker.get(link, 200).await;
    walker.go("POST", link, "", None, 200).await;
    walker.get("/not-me/x", 404).await;
    app.advance(90).await;
    let (token, _) = walker.sign_in(JANE).await;
    walker.go("DELETE", &me(""), &token, None, 204).await;
    walker.go("GET", &me(""), &token, None, 401).await;
}

async fn public(walker: &mut Walker<'_>) {
    for path in [
        "/.well-known/jwks.json",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/api/openapi.json",
        "/api/docs",
        "/dev/inbox.json",
    ] {
        walker.get(path, 200).await;
        walker.go("HEAD", path, "", None, 200).await;
    }
}

async fn errors(walker: &mut Walker<'_>) {
    let path = "/api/v1/logins";
    let broken = walker.client.post_raw(path, "{").await;
    broken.assert_status(400);
    let large = walker.client.post_raw(path, format!("{{\"email\":\"{}\"}}", "x".repeat(70_000))).await;
    large.assert_status(413);
    let typed = walker.client.request(Method::POST, path).header("content-type", "text/plain").body("{}");
    walker.client.send(typed).await.assert_status(415);
    walker.post(path, json!({}), 422).await;
    walker.post(path, json!({"email": JANE, "password": "x"}), 401).await;
    walker.post("/api/v1/logins?session=cookie", json!({"email": JANE, "password": "x"}), 403).await;
    walker.get("/api/v1/challenges/nothing", 404).await;
}
