//! The full API over HTTP.

mod account;
mod challenges;
mod cookies;
mod devices;
mod disabled;
mod errors;
mod factors;
mod in_flight;
mod logins;
mod me;
mod numbers;
mod phones;
mod recovery_codes;
mod registrations;
mod tokens;
mod trail;

pub(crate) use factors::app_code;
use serde_json::{Value, json};

use crate::support::*;

pub(crate) const JANE: &str = "jane@example.com";
pub(crate) const NUMBER: &str = "+4915112345678";

/// What a client of `/api/v1` does.
pub(crate) trait V1 {
    async fn v1(&self, path: &str, body: &Value) -> Answer;
    async fn log_in(&self, email: &str) -> Answer;
    async fn show(&self, challenge: &str) -> Answer;
    async fn send_code(&self, challenge: &str, provider: &str) -> Answer;
    async fn guess(&self, challenge: &str, code: &str) -> Answer;
    async fn guess_by(&self, challenge: &str, provider: &str, code: &str) -> Answer;
    async fn refresh(&self, token: &str) -> Answer;
}

impl V1 for Client {
    async fn v1(&self, path: &str, body: &Value) -> Answer {
        self.post(&format!("/api/v1{path}"), body).await
    }

    async fn log_in(&self, email: &str) -> Answer {
        self.v1("/logins", &json!({"email": email, "password": PASSWORD})).await
    }

    async fn show(&self, challenge: &str) -> Answer {
        self.get(&format!("/api/v1/challenges/{challenge}")).await
    }

    async fn send_code(&self, challenge: &str, provider: &str) -> Answer {
        self.v1(&format!("/challenges/{challenge}/codes"), &json!({"provider": provider})).await
    }

    async fn guess(&self, challenge: &str, code: &str) -> Answer {
        self.v1(&format!("/challenges/{challenge}/verify"), &json!({"code": code})).await
    }

    async fn guess_by(&self, challenge: &str, provider: &str, code: &str) -> Answer {
        let body = json!({"code": code, "provider": provider});
        self.v1(&format!("/challenges/{challenge}/verify"), &body).await
    }

    async fn refresh(&self, token: &str) -> Answer {
        self.v1("/tokens/refresh", &json!({"refreshToken": token})).await
    }
}

impl Answer {
    /// The C of a login that needs a second step.
    #[track_caller]
    pub(crate) fn challenge(&self) -> Value {
        self.assert_status(200);
        let body = self.json();
        assert_eq!(body["status"], "verification_required", "{}", self.text);
        body["challenge"].clone()
    }

    /// The id of that C.
    #[track_caller]
    pub(crate) fn v1_challenge_id(&self) -> String {
        self.challenge()["id"].as_str().unwrap().to_owned()
    }

    /// The T of a completed sign-in.
    #[track_caller]
    pub(crate) fn tokens(&self) -> Value {
        self.assert_status(200);
        let body = self.json();
        assert_eq!(body["status"], "signed_in", "{}", self.text);
        body["tokens"].clone()
    }

    /// Asserts a problem (RFC 9457) with this status and code.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type").as_deref(), Some("application/problem+json"));
        let body = self.json();
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["status"], status, "{body}");
        for member in ["type", "title", "detail"] {
            assert!(body[member].is_string(), "{member} in {body}");
        }
        if status == 429 || status == 503 {
            let seconds: u64 = self.header("retry-after").expect("retry-after").parse().unwrap();
            assert_eq!(body["retryAfter"], seconds, "{body}");
        }
        body
    }

    /// The fields that are told to be wrong.
    #[track_caller]
    pub(crate) fn wrong_fields(&self) -> Vec<(String, String)> {
        let body = self.assert_problem(422, "validation_failed");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let errors = body["errors"].as_array().unwrap();
        assert!(errors.iter().all(|error| error["message"].is_string()), "{body}");
        errors.iter().map(|error| (text(&error["field"]), text(&error["code"]))).collect()
    }
}

/// Asserts that of guesses at once, all of them wrong, none is told of more attempts than are left after so many.
#[track_caller]
pub(crate) fn assert_told_what_is_left(answers: &[Answer], status: u16) {
    let left =
        |answer: &Answer| answer.assert_problem(status, "invalid_code")["attemptsLeft"].as_u64().unwrap();
    let mut left: Vec<u64> = answers.iter().map(left).collect();
    left.sort_unstable();
    // The last one has had the whole budget counted, the one before it all but one.
    assert!(left.iter().zip(0..).all(|(told, most)| *told <= most), "{left:?}");
}

/// A server with texts in its development inbox.
pub(crate) fn with_texts(engine: Engine) -> Builder {
    TestApp::builder(engine).set("providers.Sms.enabled", "true").set("providers.Sms.gateway", "inbox")
}

/// The code of the newest text to `number`.
pub(crate) async fn texted_code(app: &TestApp, number: &str) -> String {
    eventually("a text", async || {
        let caught = app.client().get("/dev/inbox.json").await.json();
        let text = caught.as_array()?.iter().find(|message| message["to"] == number)?.clone();
        Some(text["code"].as_str()?.to_owned())
    })
    .await
}

/// A challenge that a right password opened, and the mailed code.
pub(crate) async fn opened(app: &TestApp, client: &Client) -> (String, String) {
    let challenge = client.log_in(JANE).await.v1_challenge_id();
    (challenge, app.code_for(JANE).await)
}

/// Somebody who is signed in at `/api/v1`.
pub(crate) struct Me {
    client: Client,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Me {
    /// By a password.
    pub(crate) async fn log_in(app: &TestApp) -> Self {
        Self::of(app, &app.client().log_in(JANE).await.tokens())
    }

    /// By a password and a mailed code.
    pub(crate) async fn log_in_with_code(app: &TestApp) -> Self {
        let client = app.client();
        let challenge = client.log_in(JANE).await.v1_challenge_id();
        let code = eventually("the newest code", async || {
            app.all_sent().await;
            app.mails(JANE, CODE).last().map(Mail::code)
        })
        .await;
        Self::of(app, &client.guess_by(&challenge, "Email", &code).await.tokens())
    }

    /// With these tokens.
    pub(crate) fn of(app: &TestApp, tokens: &Value) -> Self {
        let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
        Self { client: app.client(), access: text("accessToken"), refresh: text("refreshToken") }
    }

    /// The same one, by another client.
    pub(crate) fn by(self, client: Client) -> Self {
        Self { client, ..self }
    }

    /// The `sid`.
    pub(crate) fn session(&self) -> String {
        jwt::claims(&self.access)["sid"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.client.get_with(&format!("/api/v1{path}"), &self.access).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.client.request(method, &format!("/api/v1{path}"));
        self.client.send(request.bearer_auth(&self.access).json(body)).await
    }
}
