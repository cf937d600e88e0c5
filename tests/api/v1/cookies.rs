//! `?session=cookie`: the refresh token travels in a cookie only.

use super::*;

on_every_engine!(
    the_cookie_carries_the_refresh_token_and_the_body_has_none,
    a_code_signs_in_with_the_cookie_too,
    only_pages_of_allowed_origins_get_the_cookie,
    a_page_goes_on_with_its_cookie_and_logs_out_by_it,
    a_planted_cookie_is_worth_nothing_after_the_sign_in,
    the_cookie_of_a_session_that_has_ended_is_taken_away,
    the_cookie_is_no_bearer_and_no_token_of_the_body,
    a_cookie_of_one_instance_is_good_at_the_other,
);

const PAGE: &str = "http://localhost:5001";
const COOKIE: &str = "twostep_signed_in";

/// Posts as a page of `origin` does.
async fn from_page(client: &Client, origin: &str, path: &str, body: &Value) -> Answer {
    let request = client.request(reqwest::Method::POST, &format!("/api/v1{path}"));
    client.send(request.header("origin", origin).json(body)).await
}

fn password() -> Value {
    json!({"email": JANE, "password": PASSWORD})
}

async fn sign_in(app: &TestApp) -> Client {
    let browser = app.browser();
    let answer = from_page(&browser, PAGE, "/logins?session=cookie", &password()).await;
    assert!(answer.tokens()["refreshToken"].is_null(), "{}", answer.text);
    browser
}

async fn refresh(browser: &Client) -> Answer {
    from_page(browser, PAGE, "/tokens/refresh?session=cookie", &json!({})).await
}

/// The line that sets the cookie.
fn cookie(answer: &Answer) -> Option<String> {
    let lines = answer.headers.get_all("set-cookie");
    let mut lines = lines.iter().map(|line| line.to_str().unwrap().to_owned());
    lines.find(|line| line.starts_with(COOKIE))
}

async fn the_cookie_carries_the_refresh_token_and_the_body_has_none(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;

    let answer = from_page(&app.browser(), PAGE, "/logins?session=cookie", &password()).await;

    let tokens = answer.tokens();
    let members: Vec<_> = tokens.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["tokenType", "accessToken", "expiresIn", "refreshExpiresIn"]);
    let cookie = cookie(&answer).expect("a cookie");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/api/v1", "Max-Age=1209600"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(!cookie.contains("Secure"), "{cookie}");
    assert_eq!(answer.header("cache-control").as_deref(), Some("no-store"));
}

async fn a_code_signs_in_with_the_cookie_too(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let browser = app.browser();
    let opened = from_page(&browser, PAGE, "/logins?session=cookie", &password()).await;
    let challenge = opened.v1_challenge_id();
    let code = app.code_for(JANE).await;

    let path = format!("/challenges/{challenge}/verify?session=cookie");
    let done = from_page(&browser, PAGE, &path, &json!({"code": code, "rememberDevice": true})).await;

    assert!(cookie(&opened).is_none());
    assert!(done.tokens()["refreshToken"].is_null());
    assert!(done.json()["deviceToken"].is_null(), "no secret for scripts: {}", done.text);
    assert!(cookie(&done).is_some());
    refresh(&browser).await.assert_status(200);
}

async fn only_pages_of_allowed_origins_get_the_cookie(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let challenge = app.client().log_in(JANE).await.v1_challenge_id();
    let code = app.code_for(JANE).await;
    let client = app.browser();
    let verify = format!("/challenges/{challenge}/verify?session=cookie");

    for (path, body) in [
        ("/logins?session=cookie", password()),
        (verify.as_str(), json!({"code": code})),
        ("/tokens/refresh?session=cookie", json!({})),
    ] {
        client.v1(path, &body).await.assert_problem(403, "origin_required");
        for origin in ["https://elsewhere.example", "null", "http://localhost:5002", "https://localhost:5001"]
        {
            from_page(&client, origin, path, &body).await.assert_problem(403, "origin_required");
        }
    }
    let twice = client.request(reqwest::Method::POST, "/api/v1/logins?session=cookie");
    let twice = twice.header("origin", PAGE).header("origin", "https://elsewhere.example").json(&password());
    client.send(twice).await.assert_problem(403, "origin_required");
    assert_eq!(app.attempts().await, [0], "a refused request costs nothing");
    for origin in ["http://localhost:4200", "http://127.0.0.1:5001"] {
        let answer = from_page(&client, origin, "/logins?session=cookie", &password()).await;
        answer.assert_status(200);
    }
    let odd = from_page(&client, PAGE, "/logins?session=local", &password()).await;
    assert_eq!(odd.wrong_fields(), [("session".to_owned(), "invalid".to_owned())]);
}

async fn a_page_goes_on_with_its_cookie_and_logs_out_by_it(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let browser = sign_in(&app).await;
    app.advance(60).await;

    let second = refresh(&browser).await;
    app.advance(60).await;
    // As fetch sends it without a body.
    let request = browser.request(reqwest::Method::POST, "/api/v1/tokens/refresh?session=cookie");
    let third = browser.send(request.header("origin", PAGE)).await;

    let access = second.field("accessToken");
    assert_eq!(second.json()["tokenType"], "Bearer");
    assert!(second.json()["refreshToken"].is_null() && cookie(&second).is_some());
    third.assert_status(200);
    assert_eq!(jwt::claims(&access)["sid"], jwt::claims(&third.field("accessToken"))["sid"]);

    let foreign = from_page(&browser, "https://elsewhere.example", "/logout", &json!({})).await;
    foreign.assert_problem(403, "origin_required");
    let out = from_page(&browser, PAGE, "/logout", &json!({})).await;
    out.assert_status(204);
    assert!(cookie(&out).unwrap().contains("Max-Age=0"), "{:?}", cookie(&out));
    refresh(&browser).await.assert_problem(401, "invalid_refresh_token");
    from_page(&browser, PAGE, "/logout?session=cookie", &json!({})).await.assert_status(204);
    let nothing = from_page(&browser, PAGE, "/logout", &json!({})).await;
    assert_eq!(nothing.wrong_fields(), [("refreshToken".to_owned(), "required".to_owned())]);
}

async fn a_planted_cookie_is_worth_nothing_after_the_sign_in(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    app.add_user("mallory@example.com").await;
    let planted = sign_in_as(&app, "mallory@example.com").await;
    let victim = app.browser();
    let request = victim.request(reqwest::Method::POST, "/api/v1/logins?session=cookie");

    let answer =
        victim.send(request.header("origin", PAGE).header("cookie", &planted).json(&password())).await;

    let value = |line: &str| line.split(';').next().unwrap().to_owned();
    let own = value(&cookie(&answer).unwrap());
    assert_ne!(own, planted);
    let with = async |cookie: &str| {
        let client = app.client();
        let request = client.request(reqwest::Method::POST, "/api/v1/tokens/refresh?session=cookie");
        client.send(request.header("origin", PAGE).header("cookie", cookie)).await
    };
    let of_planted = jwt::claims(&with(&planted).await.field("accessToken"));
    let of_own = jwt::claims(&with(&own).await.field("accessToken"));
    assert_eq!((&of_planted["email"], &of_own["email"]), (&json!("mallory@example.com"), &json!(JANE)));
}

/// The `name=value` of the cookie that a sign-in sets.
async fn sign_in_as(app: &TestApp, email: &str) -> String {
    let body = json!({"email": email, "password": PASSWORD});
    let answer = from_page(&app.client(), PAGE, "/logins?session=cookie", &body).await;
    cookie(&answer).unwrap().split(';').next().unwrap().to_owned()
}

async fn the_cookie_of_a_session_that_has_ended_is_taken_away(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let browser = sign_in(&app).await;
    let disable = twostep::auth::Change { disabled: Some(true), ..Default::default() };
    app.change(JANE, disable).await;

    let refused = refresh(&browser).await;

    refused.assert_problem(401, "invalid_refresh_token");
    assert!(cookie(&refused).unwrap().contains("Max-Age=0"));
}

async fn the_cookie_is_no_bearer_and_no_token_of_the_body(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let cookie = sign_in_as(&app, JANE).await;
    let value = cookie.split_once('=').unwrap().1;

    app.client().refresh(value).await.assert_problem(401, "invalid_refresh_token");
    app.client().get_with("/api/companies", value).await.assert_status(401);
    let altered = format!("{}A", &cookie[..cookie.len() - 1]);
    let request = app.client().request(reqwest::Method::POST, "/api/v1/tokens/refresh?session=cookie");
    let answer = app.client().send(request.header("origin", PAGE).header("cookie", altered)).await;
    answer.assert_problem(401, "invalid_refresh_token");
}

async fn a_cookie_of_one_instance_is_good_at_the_other(engine: Engine) {
    let one = TestApp::start(engine).await;
    let other = TestApp::builder(engine).beside(&one).start().await;
    one.add_user(JANE).await;
    let browser = sign_in(&one).await;

    refresh(&browser.to(&other.address)).await.assert_status(200);
    refresh(&browser).await.assert_status(200);
}

#[actix_web::test]
#[cfg_attr(not(test_redis), ignore = "needs TWOSTEP_TEST_REDIS_URL")]
async fn with_redis_the_cookie_is_a_key_that_all_instances_know() {
    let url = std::env::var("TWOSTEP_TEST_REDIS_URL").unwrap();
    let one = TestApp::builder(Engine::Sqlite).set("redis.url", &url).start().await;
    let other = TestApp::builder(Engine::Sqlite).beside(&one).set("redis.url", &url).start().await;
    let without = TestApp::builder(Engine::Sqlite).beside(&one).start().await;
    one.add_user(JANE).await;
    let browser = sign_in(&one).await;

    refresh(&browser.to(&other.address)).await.assert_status(200);
    refresh(&browser.to(&without.address)).await.assert_problem(401, "invalid_refresh_token");
    refresh(&browser).await.assert_status(200);
    let before = sign_in_as(&one, JANE).await;
    let with = async |cookie: &str| {
        let request = one.client().request(reqwest::Method::POST, "/api/v1/tokens/refresh?session=cookie");
        one.client().send(request.header("origin", PAGE).header("cookie", cookie)).await
    };
    let lost = with(&before).await;
    let repeated = with(&before).await;
    lost.assert_status(200);
    repeated.assert_status(200);
    let next = cookie(&repeated).unwrap().split(';').next().unwrap().to_owned();
    with(&next).await.assert_status(200);
    from_page(&browser, PAGE, "/logout", &json!({})).await.assert_status(204);
    refresh(&browser.to(&other.address)).await.assert_problem(401, "invalid_refresh_token");
}

#[actix_web::test]
#[cfg_attr(not(test_redis), ignore = "needs TWOSTEP_TEST_REDIS_URL")]
async fn a_planted_key_of_redis_is_worth_nothing_after_the_sign_in() {
    let url = std::env::var("TWOSTEP_TEST_REDIS_URL").unwrap();
    let app = TestApp::builder(Engine::Sqlite).set("redis.url", &url).start().await;
    app.add_user(JANE).await;
    app.add_user("mallory@example.com").await;
    let planted = sign_in_as(&app, "mallory@example.com").await;
    let with = async |path: &str, body: &Value| {
        let request = app.client().request(reqwest::Method::POST, &format!("/api/v1{path}?session=cookie"));
        app.client().send(request.header("origin", PAGE).header("cookie", &planted).json(body)).await
    };

    let answer = with("/logins", &password()).await;

    let key = cookie(&answer).unwrap().split(';').next().unwrap().to_owned();
    assert_ne!(key, planted);
    let of_planted = with("/tokens/refresh", &json!({})).await.field("accessToken");
    assert_eq!(jwt::claims(&of_planted)["email"], "mallory@example.com", "what it was, and nobody else's");
}

#[actix_web::test]
#[cfg_attr(not(test_redis), ignore = "needs TWOSTEP_TEST_REDIS_URL")]
async fn while_redis_is_away_its_sessions_wait_and_new_ones_begin() {
    let url = std::env::var("TWOSTEP_TEST_REDIS_URL").unwrap();
    let app = TestApp::builder(Engine::Sqlite).set("redis.url", &url).start().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let away = format!("redis://127.0.0.1:{closed}");
    let cut = TestApp::builder(Engine::Sqlite).beside(&app).set("redis.url", &away).start().await;
    app.add_user(JANE).await;
    let browser = sign_in(&app).await;

    refresh(&browser.to(&cut.address)).await.assert_problem(503, "service_unavailable");
    let begun = sign_in(&cut).await;

    refresh(&begun).await.assert_status(200);
    refresh(&browser).await.assert_status(200);
    refresh(&begun.to(&app.address)).await.assert_status(200);
    begun.login(JANE).await.token();
}
