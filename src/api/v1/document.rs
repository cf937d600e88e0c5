//! What the document says of the full API, but for what is under `me`.

use std::time::Duration;

use actix_web::http::StatusCode;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::answer::{ChallengeBody, Empty, LoginBody, SignedInBody, TokensBody};
use super::{challenges, logins, me, password, registrations, tokens};
use crate::api::error::Problem;
use crate::api::openapi::{Operation, tag};
use crate::auth::FieldError;

const EMAIL: &str = "jane@example.com";
const PASSWORD: &str = "brook lantern walnut";

pub(in crate::api) fn operations() -> Vec<Operation> {
    [registration(), sign_in(), session(), forgotten_password(), me::operations()]
        .into_iter()
        .flatten()
        .collect()
}

fn registration() -> Vec<Operation> {
    vec![
        post("/api/v1/registrations", "register", "Make an account", tag::REGISTRATION)
            .about(
                "A taken address is answered like a free one, and its owner is mailed that somebody tried.",
            )
            .reads::<registrations::Body>(json!({
                "email": EMAIL, "password": PASSWORD, "firstName": "Jane", "lastName": "Doe", "locale": "en",
            }))
            .counted()
            .answers::<Empty>(202, "Taken; a link is mailed.", json!({})),
        post("/api/v1/email-confirmations", "confirmEmail", "Open a confirmation link", tag::REGISTRATION)
            .about("Of a registration, or of another address for an account.")
            .reads::<registrations::Link>(json!({"token": "kQ3…"}))
            .counted()
            .problems([Problem::InvalidToken])
            .answers_nothing(204, "The address is confirmed."),
        post(
            "/api/v1/email-confirmations/resend",
            "resendConfirmation",
            "Ask for the confirmation link again",
            tag::REGISTRATION,
        )
        .reads::<registrations::Address>(json!({"email": EMAIL}))
        .counted()
        .answers::<Empty>(202, "Whoever the address belongs to.", json!({})),
    ]
}

fn sign_in() -> Vec<Operation> {
    let challenge =
        |operation: Operation| operation.in_path("id", "Of the challenge.").problems([Problem::NotFound]);
    vec![
        post("/api/v1/logins", "logIn", "Sign in with a password", tag::SIGN_IN)
            .about("Unknown address, wrong password, locked and disabled account are answered alike.")
            .in_cookie_or_body()
            .reads::<logins::Body>(json!({"email": EMAIL, "password": PASSWORD}))
            .counted()
            .problems([
                Problem::InvalidCredentials,
                Problem::EmailNotConfirmed,
                Problem::NoValidProvider,
                Problem::TooManySends(AN_HOUR),
            ])
            .answers::<LoginBody>(
                200,
                "Signed in, or a code is on its way.",
                json!({
                    "status": "verification_required", "challenge": challenge_example(),
                }),
            )
            .header(
                200,
                "Set-Cookie",
                "Marks the browser as known; has the refresh token with `session=cookie`.",
            ),
        challenge(Operation::get("/api/v1/challenges/{id}", "getChallenge", "See how a challenge stands"))
            .tag(tag::SIGN_IN)
            .may_be_busy()
            .answers::<ChallengeBody>(200, "How it stands.", challenge_example()),
        challenge(post(
            "/api/v1/challenges/{id}/codes",
            "sendCode",
            "Send a code, again or by another provider",
            tag::SIGN_IN,
        ))
        .about("While a code lives it is sent again as it is, so that a late message still works.")
        .reads::<challenges::Send>(json!({"provider": "Email"}))
        .counted()
        .problems([
            Problem::ChallengeClosed,
            Problem::InvalidProvider,
            Problem::ResendTooSoon(A_MINUTE),
            Problem::TooManySends(AN_HOUR),
        ])
        .answers::<ChallengeBody>(202, "A code is on its way.", challenge_example()),
        challenge(post("/api/v1/challenges/{id}/verify", "verify", "Sign in with a code", tag::SIGN_IN))
            .about("What cannot be a code is 422 and costs no attempt.")
            .in_cookie_or_body()
            .reads::<challenges::Verify>(json!({"code": "123456", "rememberDevice": true}))
            .counted()
            .problems([
                Problem::InvalidCode { attempts_left: 4, is_near: false, status: StatusCode::UNAUTHORIZED },
                Problem::ChallengeClosed,
                Problem::InvalidProvider,
                Problem::TooManyAttempts(AN_HOUR),
            ])
            .answers::<SignedInBody>(
                200,
                "Signed in.",
                json!({
                    "status": "signed_in", "tokens": tokens_example(), "deviceToken": "d0K…",
                }),
            )
            .header(
                200,
                "Set-Cookie",
                "Marks the browser as known, and as remembered; has the refresh token with `session=cookie`.",
            ),
    ]
}

fn session() -> Vec<Operation> {
    vec![
        post("/api/v1/tokens/refresh", "refreshTokens", "Get the next pair of tokens", tag::SIGN_IN)
            .about(
                "A token is used once; whoever lost the answer may ask again within 30 seconds. One that comes again later \
                 ends its session. With `session=cookie` the body may be absent.",
            )
            .may_use_cookie("sessionCookie")
            .in_cookie_or_body()
            .may_read::<tokens::Shown>(json!({"refreshToken": "rT8…"}))
            .counted()
            .problems([Problem::InvalidRefreshToken])
            .answers::<TokensBody>(200, "The next pair.", tokens_example())
            .header(200, "Set-Cookie", "Has the refresh token with `session=cookie`."),
        post("/api/v1/logout", "logOut", "End the session", tag::SIGN_IN)
            .about("Any token that the session had will do. A token that is nobody's is answered alike.")
            .may_use_cookie("sessionCookie")
            .in_cookie_or_body()
            .may_read::<tokens::Shown>(json!({"refreshToken": "rT8…"}))
            .counted()
            .answers_nothing(204, "It has ended."),
    ]
}

fn forgotten_password() -> Vec<Operation> {
    vec![
        post(
            "/api/v1/password/forgot",
            "forgotPassword",
            "Ask for a link to set a new password",
            tag::PASSWORD,
        )
        .reads::<registrations::Address>(json!({"email": EMAIL}))
        .counted()
        .answers::<Empty>(202, "Whoever the address belongs to.", json!({})),
        post("/api/v1/password/reset", "resetPassword", "Set a new password by a mailed link", tag::PASSWORD)
            .about("Ends every session; does not sign in, and does not skip the second step.")
            .reads::<password::Reset>(json!({"token": "kQ3…", "password": "pebble orchard violin"}))
            .counted()
            .problems([Problem::InvalidToken])
            .answers_nothing(204, "Set."),
    ]
}

/// How long the examples ask to wait.
pub(super) const A_MINUTE: Duration = Duration::from_mins(1);
pub(super) const AN_HOUR: Duration = Duration::from_hours(1);

fn post(path: &'static str, id: &str, summary: &str, tag: &str) -> Operation {
    Operation::post(path, id, summary).tag(tag)
}

impl Operation {
    /// It takes a `T`, with what may be wrong with bodies.
    pub(super) fn reads<T: ToSchema>(self, example: Value) -> Self {
        self.takes::<T>(example).refuses_bodies()
    }

    /// [`Operation::reads`], where there may be no body.
    pub(super) fn may_read<T: ToSchema>(self, example: Value) -> Self {
        self.may_take::<T>(example).refuses_bodies()
    }

    /// It may be overload, or a dependency is away.
    pub(super) fn may_be_busy(self) -> Self {
        self.problems([Problem::Busy(Duration::from_secs(5))])
    }

    /// It counts the requests of an address.
    pub(super) fn counted(self) -> Self {
        self.problems([Problem::Limited(A_MINUTE)])
    }

    fn refuses_bodies(self) -> Self {
        let message = "email is required.".to_owned();
        let fault = FieldError { field: "email", code: "required", message };
        self.may_be_busy().problems([
            Problem::Malformed,
            Problem::UnsupportedMediaType,
            Problem::TooLarge,
            Problem::Invalid(vec![fault]),
        ])
    }

    /// Its client may have the refresh token in a cookie.
    fn in_cookie_or_body(self) -> Self {
        let about = "`cookie` keeps the refresh token in a cookie that no script can read. Only for pages: the request needs \
                     an `Origin` that is allowed.";
        let schema = json!({"type": "string", "enum": ["cookie"]});
        self.in_query("session", about, false, &schema).problems([Problem::OriginRequired])
    }
}

fn challenge_example() -> Value {
    json!({
        "id": "Zm9v…", "status": "pending", "expiresAt": "2027-01-15T08:05:00Z", "provider": "Email", "kind": "email",
        "destination": "j•••@example.com", "codeLength": 6, "attemptsLeft": 5, "sendsLeft": 4,
        "resendAt": "2027-01-15T08:01:00Z", "delivery": {"status": "sent", "at": "2027-01-15T08:00:00Z"},
        "providers": [{"name": "Email", "kind": "email", "destination": "j•••@example.com"}],
    })
}

fn tokens_example() -> Value {
    json!({
        "tokenType": "Bearer", "accessToken": "eyJ…", "expiresIn": 600, "refreshToken": "rT8…",
        "refreshExpiresIn": 1_209_600,
    })
}
