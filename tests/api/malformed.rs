//! What no decent client sends: every route answers it in its own shape, and never with 404, 403, 422, 429 or 5xx.

use serde_json::{Value, json};

use crate::support::*;

on_every_engine!(
    no_body_breaks_a_route,
    no_value_breaks_a_route,
    wrong_content_types_are_refused_in_the_shape_of_the_route
);

const JANE: &str = "jane@example.com";
const ROUTES: [&str; 5] = ["registration", "login", "twostepverification", "forgotpassword", "resetpassword"];

fn path(route: &str) -> String {
    format!("/api/accounts/{route}")
}

/// Asserts that `answer` is one that `route` may give to a malformed request.
#[track_caller]
fn assert_shape(route: &str, answer: &Answer, what: &str) {
    assert_eq!(answer.status, 400, "{route} {what}: {}", answer.text);
    assert!(!answer.text.is_empty(), "{route} {what}");
    let body = serde_json::from_str::<Value>(&answer.text);
    match route {
        "registration" => {
            let body = body.unwrap_or_else(|_| panic!("{route} {what}: {}", answer.text));
            assert_eq!(body["isSuccessfulRegistration"], false, "{what}");
            assert!(body["errors"].as_array().is_some_and(|errors| !errors.is_empty()), "{what}: {body}");
        }
        "resetpassword" => {
            let body = body.unwrap_or_else(|_| panic!("{route} {what}: {}", answer.text));
            assert!(body["errors"].as_array().is_some_and(|errors| !errors.is_empty()), "{what}: {body}");
        }
        _ => assert!(body.is_err(), "{route} {what} is answered with a text: {}", answer.text),
    }
    let lower = answer.text.to_lowercase();
    for leak in ["sql", "panicked", "src/", "serde", "sea_orm"] {
        assert!(!lower.contains(leak), "{route} {what} leaks {leak}: {}", answer.text);
    }
}

async fn no_body_breaks_a_route(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("not JSON", b"email=jane".to_vec()),
        ("half", b"{\"email\":\"ja".to_vec()),
        ("a number", b"7".to_vec()),
        ("null", b"null".to_vec()),
        ("a string", b"\"x\"".to_vec()),
        ("an array", b"[]".to_vec()),
        ("an array of objects", b"[{\"email\":\"jane@example.com\"}]".to_vec()),
        ("trailing bytes", b"{} {}".to_vec()),
        ("deep arrays", b"[".repeat(20_000)),
        ("deep objects", br#"{"email":"#.repeat(10_000)),
        ("a deep member", [br#"{"x":"#.as_slice(), &b"[".repeat(5_000), &b"]".repeat(5_000), b"}"].concat()),
        ("not UTF-8", b"{\"email\":\"\xff\xfe\"}".to_vec()),
        (
            "a lone surrogate",
            br#"{"email":"\ud800@example.com","password":"\udfff","token":"\ud83d"}"#.to_vec(),
        ),
        ("a NUL byte", b"{\"email\":\"a\0b\"}".to_vec()),
        ("a byte order mark", b"\xef\xbb\xbf[]".to_vec()),
        ("1 MB", format!("{{\"email\":\"{}\"}}", "x".repeat(1_000_000)).into_bytes()),
        (
            "a 1 MB password",
            json!({ "email": JANE, "password": "x".repeat(1_000_000) }).to_string().into_bytes(),
        ),
        (
            "a twice named member",
            br#"{"email":"a@b.c","email":"jane@example.com","password":"x","token":"1"}"#.to_vec(),
        ),
        ("a huge number", format!("{{\"email\":1{},\"password\":-1e999}}", "0".repeat(5_000)).into_bytes()),
    ];

    for route in ROUTES {
        for (what, body) in &bodies {
            let answer = client.post_raw(&path(route), body.clone()).await;

            assert_shape(route, &answer, what);
        }
    }
    assert_eq!(app.count_users().await, 0);
}

/// A sound body of each route.
fn sound(route: &str) -> Value {
    match route {
        "registration" => registration("new@example.com"),
        "login" => json!({ "email": JANE, "password": "Wrong-Horse-7", "clientURI": CLIENT_URI }),
        "twostepverification" => {
            json!({ "email": JANE, "provider": "Email", "token": "000000", "challengeId": "x" })
        }
        "forgotpassword" => json!({ "email": JANE, "clientURI": CLIENT_URI }),
        _ => json!({ "password": PASSWORD, "confirmPassword": PASSWORD, "token": "x", "email": JANE }),
    }
}

async fn no_value_breaks_a_route(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let client = app.client();
    let wrong_types =
        [json!(7), json!(1e300), json!(true), json!([]), json!(["x"]), json!({}), json!({ "$ne": "" })];
    let odd_texts = [
        "",
        " ",
        "\0",
        "a\0b",
        "\r\n",
        "x\r\nSet-Cookie: a=b",
        "\u{feff}",
        "\u{202e}txt",
        "💥".repeat(500).as_str(),
        "' OR 1=1 --",
        "%s%n{{7*7}}${7*7}",
        "../../etc/passwd",
        "\u{0301}\u{0301}",
        "İ@example.com",
        "ß@ﬀ.example",
    ]
    .map(|text| json!(text));

    for route in ROUTES {
        for member in sound(route).as_object().unwrap().keys() {
            for value in wrong_types.iter().chain(&odd_texts) {
                let mut body = sound(route);
                body[member] = value.clone();
                let what = format!("{member} = {value}");
                let answer = client.post(&path(route), &body).await;

                if wrong_types.contains(value) {
                    assert_shape(route, &answer, &what);
                    continue;
                }
                let allowed: &[u16] = match route {
                    "registration" => &[201, 400],
                    "login" => &[400, 401],
                    "forgotpassword" => &[200, 400],
                    _ => &[400],
                };
                assert!(
                    allowed.contains(&answer.status),
                    "{route} {what}: {} {}",
                    answer.status,
                    answer.text
                );
                if answer.status == 400 {
                    assert_shape(route, &answer, &what);
                }
            }
            let mut body = sound(route);
            body.as_object_mut().unwrap().remove(member);
            let answer = client.post(&path(route), &body).await;
            assert!(answer.status < 402, "{route} without {member}: {}", answer.status);
        }
    }
    client.login(JANE).await;
}

async fn wrong_content_types_are_refused_in_the_shape_of_the_route(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let client = app.client();

    for route in ROUTES {
        for kind in
            ["text/plain", "application/x-www-form-urlencoded", "application/xml", "multipart/form-data", ""]
        {
            let request = client.request(reqwest::Method::POST, &path(route)).body(sound(route).to_string());
            let request = if kind.is_empty() { request } else { request.header("content-type", kind) };

            assert_shape(route, &client.send(request).await, kind);
        }
        let request = client.request(reqwest::Method::POST, &path(route)).body(sound(route).to_string());
        let packed = request.header("content-type", "application/json").header("content-encoding", "gzip");
        assert_shape(route, &client.send(packed).await, "gzip");
    }
    app.all_sent().await;
    assert!(app.sink.mails().is_empty());
    assert_eq!(app.count_users().await, 1);
}

#[actix_web::test]
async fn a_json_type_with_parameters_is_taken() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.add_user(JANE).await;
    let client = app.client();
    let body = json!({ "email": JANE, "password": PASSWORD }).to_string();
    let request = client.request(reqwest::Method::POST, "/api/accounts/login").body(body);

    let answer = client.send(request.header("content-type", "Application/JSON; charset=UTF-8")).await;

    answer.token();
}

#[actix_web::test]
async fn malformed_codes_are_wrong_codes() {
    let app = TestApp::builder(Engine::Sqlite)
        .set("two_step.max_attempts", "200")
        .set("two_step.account_attempts", "off")
        .set("two_step.account_attempts_total", "1000")
        .start()
        .await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = app.open_challenge(&client, JANE).await;
    let full_width: String =
        code.chars().map(|digit| char::from_u32(digit as u32 - 0x30 + 0xff10).unwrap()).collect();
    let arabic: String =
        code.chars().map(|digit| char::from_u32(digit as u32 - 0x30 + 0x660).unwrap()).collect();
    let (head, tail) = code.split_at(3);

    for malformed in [
        String::new(),
        format!("+{code}"),
        format!("-{code}"),
        format!("{head} {tail}"),
        format!("{head}-{tail}"),
        format!("0{code}"),
        format!("{code}0"),
        format!("{code}\0"),
        format!("{code}.0"),
        format!("{code}e0"),
        format!("0x{code}"),
        format!("{head}\u{200b}{tail}"),
        full_width,
        arabic,
        code.repeat(2),
        code[..5].to_owned(),
        "x".repeat(10_000),
        "%".to_owned(),
        "_".repeat(6),
    ] {
        let answer = client.verify_challenge(JANE, &malformed, &challenge).await;

        assert_eq!((answer.status, answer.text.as_str()), (400, INVALID_CODE), "{malformed:?}");
    }
    assert_eq!(app.attempts().await, [0], "what cannot be a code costs no attempt");
    client.verify_challenge(JANE, &code, &challenge).await.token();
}
