//! Limits per client address, in the shape of each route, and who the client is.

use std::time::Duration;

use serde_json::json;

use crate::support::*;

const JANE: &str = "jane@example.com";

/// A server whose limits are on, one of them tight.
fn limited(key: &str, rate: &str) -> Builder {
    TestApp::builder(Engine::Sqlite).set("limits.enabled", "true").set(key, rate)
}

/// The seconds that the text and the header tell, which must agree.
#[track_caller]
fn assert_limited(answer: &Answer, status: u16) -> u64 {
    answer.assert_status(status);
    let seconds: u64 = answer.header("retry-after").expect("retry-after").parse().unwrap();
    let text = format!("Too many attempts. Try again in {seconds} seconds.");
    assert!(answer.text.contains(&text), "{}", answer.text);
    assert!(seconds >= 1);
    seconds
}

#[actix_web::test]
async fn login_is_limited_in_its_own_shape_and_opens_again() {
    let app = limited("limits.login_per_ip", "3/min").start().await;
    app.add_user(JANE).await;
    let client = app.client();
    for _ in 0..3 {
        client.login(JANE).await.token();
    }

    let refused = client.login(JANE).await;
    let seconds = assert_limited(&refused, 401);
    refused.assert_refused(&format!("Too many attempts. Try again in {seconds} seconds."));
    client.from("127.0.0.2").login(JANE).await.token();
    app.clock.advance(Duration::from_secs(seconds));

    client.login(JANE).await.token();
}

#[actix_web::test]
async fn verification_is_limited_in_its_own_shape() {
    let app = limited("limits.verify_per_ip", "2/min").start().await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = app.open_challenge(&client, JANE).await;
    for _ in 0..2 {
        client.verify_challenge(JANE, &wrong(&code), &challenge).await.assert_text(400, INVALID_CODE);
    }

    let refused = client.verify_challenge(JANE, &code, &challenge).await;

    let seconds = assert_limited(&refused, 400);
    refused.assert_text(400, &format!("Too many attempts. Try again in {seconds} seconds."));
    assert_eq!(app.attempts().await, [2], "a limited guess is not judged");
}

#[actix_web::test]
async fn registration_is_limited_in_its_own_shape() {
    let app = limited("limits.register_per_ip", "1/min").start().await;
    let client = app.client();
    client.register(JANE).await.assert_status(201);

    let refused = client.register("joe@example.com").await;

    assert_limited(&refused, 400);
    assert_eq!(refused.json()["isSuccessfulRegistration"], false);
    assert_eq!(refused.errors().len(), 1);
    assert_eq!(app.count_users().await, 1);
}

#[actix_web::test]
async fn forgot_stays_200_and_sends_nothing() {
    let app = limited("limits.mail_per_ip", "1/min").start().await;
    app.add_user(JANE).await;
    let client = app.client();
    client.forgot(JANE).await.assert_text(200, "");

    let refused = client.forgot(JANE).await;
    app.all_sent().await;

    refused.assert_text(200, "");
    assert_eq!(app.mails(JANE, RESET).len(), 1);
}

#[actix_web::test]
async fn confirmation_is_limited_as_a_text() {
    let app = limited("limits.mail_per_ip", "1/min").start().await;
    let client = app.client();
    client.get("/api/accounts/emailconfirmation?token=x&email=y").await;

    let refused = client.get("/api/accounts/emailconfirmation?token=x&email=y").await;

    let seconds = assert_limited(&refused, 400);
    refused.assert_text(400, &format!("Too many attempts. Try again in {seconds} seconds."));
}

#[actix_web::test]
async fn reset_is_limited_in_its_own_shape() {
    let app = limited("limits.verify_per_ip", "1/min").start().await;
    let client = app.client();
    let link = Link::parse(&format!("{CLIENT_URI}?token=x&email=jane%40example.com"));
    client.reset(&link, NEW_PASSWORD).await.assert_status(400);

    let refused = client.reset(&link, NEW_PASSWORD).await;

    let seconds = assert_limited(&refused, 400);
    assert_eq!(refused.errors(), [format!("Too many attempts. Try again in {seconds} seconds.")]);
}

#[actix_web::test]
async fn forged_forwarded_headers_change_nobody() {
    let app = limited("limits.login_per_ip", "2/min").start().await;
    app.add_user(JANE).await;
    let client = app.client();
    let login = async |name: &str, value: &str| {
        let request = client.request(reqwest::Method::POST, "/api/accounts/login").header(name, value);
        client.send(request.json(&json!({ "email": JANE, "password": PASSWORD }))).await
    };
    login("x-forwarded-for", "203.0.113.1").await.token();
    login("forwarded", "for=203.0.113.2").await.token();

    for (name, value) in [
        ("x-forwarded-for", "203.0.113.3"),
        ("x-real-ip", "203.0.113.4"),
        ("forwarded", "for=\"[2001:db8::1]\""),
        ("client-ip", "203.0.113.5"),
    ] {
        assert_limited(&login(name, value).await, 401);
    }
}

#[actix_web::test]
async fn behind_trusted_proxies_the_last_untrusted_hop_counts() {
    let proxies = r#"["127.0.0.1/32", "10.0.0.0/8"]"#;
    let app = limited("limits.login_per_ip", "1/min").set("server.trusted_proxies", proxies).start().await;
    app.add_user(JANE).await;
    let proxy = app.client();
    let login = async |client: &Client, name: &str, value: &str| {
        let request = client.request(reqwest::Method::POST, "/api/accounts/login").header(name, value);
        client.send(request.json(&json!({ "email": JANE, "password": PASSWORD }))).await
    };

    login(&proxy, "x-forwarded-for", "203.0.113.1").await.token();
    assert_limited(&login(&proxy, "x-forwarded-for", "203.0.113.1").await, 401);
    assert_limited(&login(&proxy, "x-forwarded-for", "198.51.100.1, 203.0.113.1").await, 401);
    assert_limited(&login(&proxy, "x-forwarded-for", "198.51.100.1, 203.0.113.1, 10.1.2.3").await, 401);
    assert_limited(
        &login(&proxy, "forwarded", "for=198.51.100.9, for=\"203.0.113.1:4711\";proto=https").await,
        401,
    );
    login(&proxy, "x-forwarded-for", "203.0.113.2").await.token();
    login(&proxy, "x-forwarded-for", "2001:db8:0:1::1").await.token();
    assert_limited(&login(&proxy, "x-forwarded-for", "2001:db8:0:1:ffff::2").await, 401);
    login(&proxy, "x-forwarded-for", "2001:db8:0:2::1").await.token();
    let untrusted = proxy.from("127.0.0.2");
    login(&untrusted, "x-forwarded-for", "203.0.113.77").await.token();
    assert_limited(&login(&untrusted, "x-forwarded-for", "203.0.113.78").await, 401);
    for odd in ["", "unknown", "_hidden", "999.1.1.1", ",,,", &"1.1.1.1,".repeat(500)] {
        assert!(login(&proxy, "x-forwarded-for", odd).await.status < 500, "{odd}");
    }
}

#[actix_web::test]
async fn mails_that_anyone_can_cause_are_limited_per_address() {
    let app = limited("limits.mail_per_destination", "2/hour").start().await;
    app.add_user(JANE).await;
    app.add_user("joe@example.com").await;
    let client = app.client();
    for _ in 0..5 {
        client.forgot(JANE).await.assert_text(200, "");
    }
    client.forgot("joe@example.com").await.assert_text(200, "");
    app.all_sent().await;
    let first_hour = app.mails_to(JANE).len();

    app.advance(3_601).await;
    client.forgot(JANE).await.assert_text(200, "");
    app.all_sent().await;

    assert_eq!(first_hour, 2);
    assert_eq!(app.mails_to(JANE).len(), 3);
    assert_eq!(app.mails_to("joe@example.com").len(), 1);
}

#[actix_web::test]
async fn notices_share_the_count_of_mails_that_anyone_can_cause() {
    let app = limited("limits.mail_per_destination", "2/hour")
        .set("limits.login_per_ip", "off")
        .set("limits.register_per_ip", "off")
        .start()
        .await;
    for email in [JANE, "joe@example.com"] {
        app.add_user(email).await;
    }
    let client = app.client();
    client.forgot(JANE).await.assert_text(200, "");
    client.forgot(JANE).await.assert_text(200, "");

    for email in [JANE, "joe@example.com"] {
        for _ in 0..5 {
            client.login_with(email, "Wrong-Horse-7").await.assert_refused(INVALID);
        }
        client.register(email).await.assert_status(201);
    }

    app.next_mail("joe@example.com", LOCKED).await;
    app.all_sent().await;
    assert_eq!(app.mails_to(JANE).len(), app.mails(JANE, RESET).len(), "her two links, and no notice");
    assert_eq!(app.mails_to("joe@example.com").len(), 2);
}

#[actix_web::test]
async fn codes_have_a_count_of_their_own() {
    let app = limited("limits.mail_per_destination", "1/hour").start().await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    client.forgot(JANE).await.assert_text(200, "");

    for _ in 0..3 {
        app.open_challenge(&client, JANE).await;
    }
}

/// A loopback address that no other run of the tests has used lately: Redis remembers.
fn fresh_address() -> String {
    let bytes = *uuid::Uuid::new_v4().as_bytes();
    format!("127.{}.{}.{}", bytes[0].max(1), bytes[1], bytes[2].clamp(1, 254))
}

#[actix_web::test]
#[cfg_attr(not(test_redis), ignore = "needs TWOSTEP_TEST_REDIS_URL")]
async fn instances_share_their_limits_through_redis() {
    let redis = std::env::var("TWOSTEP_TEST_REDIS_URL").unwrap();
    let one = limited("limits.login_per_ip", "3/min").set("redis.url", &redis).start().await;
    let other = limited("limits.login_per_ip", "3/min").set("redis.url", &redis).beside(&one).start().await;
    one.add_user(JANE).await;
    let address = fresh_address();

    one.client().from(&address).login(JANE).await.token();
    other.client().from(&address).login(JANE).await.token();
    one.client().from(&address).login(JANE).await.token();
    let refused = other.client().from(&address).login(JANE).await;

    assert_limited(&refused, 401);
    other.client().from(&fresh_address()).login(JANE).await.token();
    let health = one.client().get("/health/ready").await.json();
    assert_eq!(health["checks"]["redis"], "ok", "{health}");
}

#[actix_web::test]
async fn without_redis_each_instance_holds_its_limits_and_says_that_it_is_away() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("redis://127.0.0.1:{closed}");
    let app = limited("limits.login_per_ip", "3/min").set("redis.url", &url).start().await;
    app.add_user(JANE).await;

    for _ in 0..3 {
        app.client().login(JANE).await.token();
    }

    assert_limited(&app.client().login(JANE).await, 401);
    let health = app.client().get("/health/ready").await;
    health.assert_status(200);
    assert_eq!(health.json()["checks"]["redis"], "degraded", "{}", health.text);
}

#[actix_web::test]
async fn while_redis_accepts_and_hangs_requests_go_on_and_each_instance_holds_its_limits() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let app = limited("limits.login_per_ip", "3/min").set("redis.url", &url).start().await;
    app.add_user(JANE).await;
    let client = app.client();
    let start = std::time::Instant::now();

    for _ in 0..3 {
        client.login(JANE).await.token();
    }
    let refused = client.login(JANE).await;

    assert_limited(&refused, 401);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert_eq!(client.get("/health/ready").await.json()["checks"]["redis"], "degraded");
}
