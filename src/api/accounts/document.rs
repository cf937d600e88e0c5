//! What the document says of the six routes.

use serde_json::{Value, json};

use super::{AuthResponse, forgot, login, registration, reset, verification};
use crate::api::error::{RegistrationRefusal, ResetRefusal};
use crate::api::openapi::{Operation, tag};

const INVALID: &str = "Not taken, in a sentence to be shown as it is.";

pub(in crate::api) fn operations() -> Vec<Operation> {
    let email = "jane@example.com";
    let page = |name: &str| format!("http://localhost:4200/authentication/{name}");
    vec![
        post("/api/accounts/registration", "accountsRegister", "Make an account")
            .about(
                "Mails a link to `clientURI?token=…&email=…`. A taken address is answered like a free one, and its owner \
                 is mailed that somebody tried.",
            )
            .takes::<registration::Form>(json!({
                "firstName": "Jane", "lastName": "Doe", "email": email, "password": "brook lantern walnut",
                "confirmPassword": "brook lantern walnut", "clientURI": page("emailconfirmation"),
            }))
            .answers_nothing(201, "Taken; a link is mailed.")
            .answers::<RegistrationRefusal<'_>>(
                400,
                "Not taken; too many attempts, or the service is busy, with `Retry-After`.",
                json!({
                    "isSuccessfulRegistration": false, "errors": ["Passwords must be at least 8 characters."],
                }),
            )
            .may_wait(400),
        Operation::get("/api/accounts/emailconfirmation", "accountsConfirmEmail", "Open a confirmation link")
            .tag(tag::ARTICLE)
            .in_query("token", "Of the mailed link.", true, &json!({"type": "string"}))
            .in_query("email", "Of the mailed link.", true, &json!({"type": "string"}))
            .answers_nothing(200, "The address is confirmed.")
            .refuses_with_text("Invalid Email Confirmation Request"),
        Operation::head("/api/accounts/emailconfirmation", "accountsLookAtLink", "Look at a confirmation link")
            .tag(tag::ARTICLE)
            .about("Uses nothing up, so that a mail scanner does no harm.")
            .answers_nothing(200, "Whatever the link is."),
        post("/api/accounts/login", "accountsLogIn", "Sign in with a password")
            .about(
                "With a second step on, every right password opens a new challenge and sends its code. Unknown address, \
                 wrong password and locked account are answered alike.",
            )
            .takes::<login::Form>(json!({
                "email": email, "password": "brook lantern walnut", "clientURI": page("forgotpassword"),
            }))
            .answers::<AuthResponse<'_>>(200, "Signed in, or a code is on its way.", second_step())
            .header(200, "Set-Cookie", "Marks the browser as known, or keeps the challenge.")
            .answers::<AuthResponse<'_>>(401, "Refused; too many attempts, or the service is busy, with `Retry-After`.", json!({
                "isAuthSuccessful": false, "errorMessage": "Invalid Authentication", "token": null,
                "is2StepVerificationRequired": false, "provider": null,
            }))
            .may_wait(401)
            .refuses_with_text("Email is required."),
        post("/api/accounts/twostepverification", "accountsVerify", "Sign in with a code")
            .about(
                "Without `challengeId`, the challenges that this browser or address has opened are tried, newest first.",
            )
            .may_use_cookie("challengeCookie")
            .takes::<verification::Form>(json!({"email": email, "provider": "Email", "token": "123456"}))
            .answers::<AuthResponse<'_>>(200, "Signed in.", json!({
                "isAuthSuccessful": true, "errorMessage": null, "token": "eyJ…",
                "is2StepVerificationRequired": false, "provider": null,
            }))
            .header(200, "Set-Cookie", "Marks the browser as known.")
            .refuses_with_text("Invalid Token Verification"),
        post("/api/accounts/forgotpassword", "accountsForgotPassword", "Ask for a link to set a new password")
            .about("Mails a link to `clientURI?token=…&email=…`, if the address has an account.")
            .takes::<forgot::Form>(json!({"email": email, "clientURI": page("resetpassword")}))
            .answers_nothing(200, "Always, whoever the address belongs to, and even where nothing is sent.")
            .may_wait(200)
            .refuses_with_text("The clientURI is not allowed."),
        post("/api/accounts/resetpassword", "accountsResetPassword", "Set a new password by a mailed link")
            .takes::<reset::Form>(json!({
                "password": "pebble orchard violin", "confirmPassword": "pebble orchard violin",
                "token": "kQ3…", "email": email,
            }))
            .answers_nothing(200, "Set; every session has ended.")
            .answers::<ResetRefusal<'_>>(
                400,
                "Not set; too many attempts, or the service is busy, with `Retry-After`.",
                json!({"errors": ["Invalid token."]}),
            )
            .may_wait(400),
    ]
}

fn post(path: &'static str, id: &str, summary: &str) -> Operation {
    Operation::post(path, id, summary).tag(tag::ARTICLE)
}

impl Operation {
    /// 400 with a text.
    fn refuses_with_text(self, example: &str) -> Self {
        let content = json!({"schema": {"type": "string"}, "example": example});
        self.answers_with(400, INVALID, "text/plain", &content).may_wait(400)
    }
}

fn second_step() -> Value {
    json!({
        "isAuthSuccessful": false, "errorMessage": null, "token": null, "is2StepVerificationRequired": true,
        "provider": "Email", "challengeId": "Zm9v…", "providers": ["Email", "Sms"],
        "expiresAt": "2027-01-15T08:05:00Z",
    })
}
