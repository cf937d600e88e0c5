//! What the document says of everything under `me`.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use super::{devices, factors, profile, sessions};
use crate::api::current_user::Denied;
use crate::api::error::Problem;
use crate::api::openapi::{Operation, tag};
use crate::api::v1::answer::Empty;
use crate::api::v1::document::{A_MINUTE, AN_HOUR};
use crate::api::v1::registrations::Address;

const ID: &str = "0199aa3e-5b1c-7c3a-8f10-2c1d7f0a9b11";
const AT: &str = "2027-01-15T08:00:00Z";

pub(in crate::api::v1) fn operations() -> Vec<Operation> {
    [account(), second_step(), phone(), authenticator(), sessions_and_devices()]
        .into_iter()
        .flatten()
        .collect()
}

fn account() -> Vec<Operation> {
    vec![
        mine(Operation::get("/api/v1/me", "getProfile", "See the profile"), tag::ACCOUNT)
            .answers::<profile::Body>(200, "The profile.", profile_example()),
        mine(Operation::patch("/api/v1/me", "changeProfile", "Change the profile"), tag::ACCOUNT)
            .reads::<profile::Change>(json!({"firstName": "Jane", "locale": null}))
            .answers::<profile::Body>(200, "The profile as it is now.", profile_example()),
        careful(Operation::delete("/api/v1/me", "deleteAccount", "Delete the account"), tag::ACCOUNT)
            .answers_nothing(204, "There is no account any more."),
        careful(Operation::post("/api/v1/me/email", "changeEmail", "Ask for another address"), tag::ACCOUNT)
            .about("The old address counts until the link that is mailed to the new one is opened. Both are mailed.")
            .reads::<Address>(json!({"email": "jane.doe@example.com"}))
            .counted()
            .problems([Problem::TooManySends(AN_HOUR)])
            .answers::<Empty>(202, "Whoever has that address.", json!({})),
        careful(Operation::put("/api/v1/me/password", "changePassword", "Change the password"), tag::ACCOUNT)
            .about("Ends every other session, open challenges, links, and remembered devices.")
            .reads::<profile::Passwords>(json!({
                "currentPassword": "brook lantern walnut", "newPassword": "pebble orchard violin",
            }))
            .counted()
            .answers_nothing(204, "Changed."),
    ]
}

fn second_step() -> Vec<Operation> {
    vec![
        mine(
            Operation::get("/api/v1/me/factors", "getFactors", "See what the second step can be done with"),
            tag::FACTORS,
        )
        .answers::<factors::Body>(200, "How it stands.", factors_example(None)),
        careful(
            Operation::put("/api/v1/me/two-factor", "setTwoFactor", "Switch the second step on or off"),
            tag::FACTORS,
        )
        .reads::<factors::TwoFactor>(json!({"enabled": true, "preferredProvider": "Email"}))
        .problems([Problem::NoValidProvider, Problem::InvalidProvider])
        .answers::<factors::Body>(
            200,
            "How it stands now; the first time with recovery codes.",
            factors_example(Some(codes_example())),
        ),
        careful(
            Operation::post("/api/v1/me/recovery-codes", "makeRecoveryCodes", "Make ten new recovery codes"),
            tag::FACTORS,
        )
        .about("The old ones are worth nothing any more.")
        .answers::<factors::RecoveryCodesBody>(
            200,
            "The codes.",
            json!({"recoveryCodes": codes_example()}),
        ),
    ]
}

fn phone() -> Vec<Operation> {
    vec![
        careful(
            Operation::post("/api/v1/me/phone", "addPhone", "Have a code sent to a number"),
            tag::FACTORS,
        )
        .reads::<factors::Phone>(json!({"phoneNumber": "+14155550100"}))
        .counted()
        .problems([
            Problem::NoValidProvider,
            Problem::ResendTooSoon(A_MINUTE),
            Problem::TooManySends(AN_HOUR),
        ])
        .answers::<Empty>(202, "A code is on its way.", json!({})),
        careful(
            Operation::post("/api/v1/me/phone/verify", "confirmPhone", "Confirm the number by its code"),
            tag::FACTORS,
        )
        .reads::<factors::Code>(json!({"code": "123456"}))
        .counted()
        .problems([Problem::NoValidProvider, Problem::ChallengeClosed, wrong_code()])
        .answers_nothing(204, "The number counts."),
        careful(Operation::delete("/api/v1/me/phone", "removePhone", "Remove the number"), tag::FACTORS)
            .about("409 if nothing would be left for the second step.")
            .problems([Problem::NoValidProvider])
            .answers_nothing(204, "There is none any more."),
    ]
}

fn authenticator() -> Vec<Operation> {
    vec![
        careful(
            Operation::post("/api/v1/me/authenticator", "addAuthenticator", "Begin to enrol an app"),
            tag::FACTORS,
        )
        .problems([Problem::NoValidProvider])
        .answers::<factors::EnrolmentBody<'_>>(
            200,
            "What the app wants, in three spellings.",
            json!({
                "sharedKey": "JBSWY3DPEHPK3PXP", "otpauthUri": "otpauth://totp/…", "qrSvg": "<svg>…</svg>",
            }),
        ),
        careful(
            Operation::post(
                "/api/v1/me/authenticator/verify",
                "confirmAuthenticator",
                "Confirm the app by its first code",
            ),
            tag::FACTORS,
        )
        .reads::<factors::Code>(json!({"code": "123456"}))
        .counted()
        .problems([Problem::ChallengeClosed, wrong_code()])
        .answers_nothing(204, "The app counts."),
        careful(
            Operation::delete("/api/v1/me/authenticator", "removeAuthenticator", "Remove the app"),
            tag::FACTORS,
        )
        .about("409 if nothing would be left for the second step.")
        .problems([Problem::NoValidProvider])
        .answers_nothing(204, "There is none any more."),
    ]
}

fn sessions_and_devices() -> Vec<Operation> {
    let session = json!([{
        "id": ID, "createdAt": AT, "lastUsedAt": AT, "address": "192.0.2.7", "userAgent": "curl/8.5.0", "current": true,
    }]);
    let device = json!([{
        "id": ID, "createdAt": AT, "expiresAt": "2027-02-14T08:00:00Z", "address": "192.0.2.7", "userAgent": "curl/8.5.0",
    }]);
    let event = json!([{"id": ID, "at": AT, "event": "signed_in", "address": "192.0.2.7", "detail": {}}]);
    vec![
        mine(Operation::get("/api/v1/me/sessions", "listSessions", "List the sessions"), tag::ACCOUNT)
            .answers_list::<sessions::SessionBody>(200, "Those that have not ended.", session),
        mine(
            Operation::delete("/api/v1/me/sessions", "endOtherSessions", "End all other sessions"),
            tag::ACCOUNT,
        )
        .answers_nothing(204, "They have ended."),
        mine(Operation::delete("/api/v1/me/sessions/{id}", "endSession", "End a session"), tag::ACCOUNT)
            .in_path("id", "Of the session.")
            .problems([Problem::NotFound])
            .answers_nothing(204, "It has ended."),
        mine(
            Operation::get("/api/v1/me/devices", "listDevices", "List the remembered devices"),
            tag::ACCOUNT,
        )
        .answers_list::<devices::Body>(200, "Newest first.", device),
        mine(Operation::delete("/api/v1/me/devices/{id}", "forgetDevice", "Forget a device"), tag::ACCOUNT)
            .in_path("id", "Of the device.")
            .problems([Problem::NotFound])
            .answers_nothing(204, "It is forgotten."),
        mine(
            Operation::get("/api/v1/me/events", "listEvents", "List what happened to the account"),
            tag::ACCOUNT,
        )
        .answers_list::<sessions::EventBody>(200, "Newest first.", event),
    ]
}

/// What needs an access token.
fn mine(operation: Operation, tag: &str) -> Operation {
    operation.tag(tag).needs_token().may_be_busy().problems([Problem::Unauthorized(Denied::NoToken)])
}

/// What needs a fresh sign-in besides, and is mailed to the owner.
fn careful(operation: Operation, tag: &str) -> Operation {
    mine(operation, tag).problems([Problem::ReauthenticationRequired])
}

fn wrong_code() -> Problem {
    Problem::InvalidCode { attempts_left: 4, is_near: false, status: StatusCode::UNPROCESSABLE_ENTITY }
}

fn profile_example() -> Value {
    json!({
        "id": ID, "email": "jane@example.com", "firstName": "Jane", "lastName": "Doe", "locale": "en",
        "roles": ["Viewer"], "twoFactorEnabled": true, "createdAt": AT,
    })
}

fn codes_example() -> Value {
    json!(["abcd-efgh-ijkl-mnop"])
}

fn factors_example(codes: Option<Value>) -> Value {
    let mut example = json!({
        "twoFactorEnabled": true, "preferredProvider": "Email",
        "factors": [{"provider": "Email", "kind": "email", "destination": "j•••@example.com", "confirmedAt": AT}],
        "disabledFactors": [], "recoveryCodesLeft": 10,
    });
    if let (Some(codes), Some(members)) = (codes, example.as_object_mut()) {
        members.insert("recoveryCodes".to_owned(), codes);
    }
    example
}
