//! The examples, as they are shipped.

use std::future::ready;
use std::sync::{Arc, Mutex};

use actix_web::{App, HttpResponse, web};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, Set};
use serde_json::{Value, json};
use twostep::auth::Change;

use crate::support::*;

#[path = "../../examples/embedded.rs"]
mod embedded;
#[path = "../../examples/webhook_provider.rs"]
mod webhook_provider;

const JANE: &str = "jane@example.com";

/// A webhook that keeps what it gets.
fn webhook() -> (actix_test::TestServer, Arc<Mutex<Vec<Value>>>) {
    let got = Arc::<Mutex<Vec<Value>>>::default();
    let kept = got.clone();
    let server = actix_test::start(move || {
        let kept = kept.clone();
        App::new().route(
            "/codes",
            web::post().to(move |body: web::Json<Value>| {
                kept.lock().unwrap().push(body.into_inner());
                ready(HttpResponse::NoContent().finish())
            }),
        )
    });
    (server, got)
}

#[actix_web::test]
async fn a_code_of_the_webhook_provider_signs_in() {
    install_crypto();
    let (server, got) = webhook();
    let url = server.url("/codes");
    let app = TestApp::builder(Engine::Sqlite)
        .blueprint(move |blueprint| webhook_provider::register(blueprint, &url))
        .start()
        .await;
    app.add_two_step_user(JANE).await;
    let mut jane = app.user(JANE).await.into_active_model();
    jane.preferred_provider = Set(Some(webhook_provider::NAME.to_owned()));
    jane.update(app.db()).await.unwrap();
    let client = app.client();
    // It stays when the configuration is read again.
    app.reload("[two_step]\nmax_attempts = 3\n").await.unwrap();

    let login = client.login(JANE).await;
    let posted = eventually("a post", async || got.lock().unwrap().first().cloned()).await;
    let code = posted["text"].as_str().unwrap().split(' ').next().unwrap().to_owned();
    let body = json!({
        "email": JANE, "provider": "Webhook", "token": code, "challengeId": login.challenge_id(),
    });
    client.post("/api/accounts/twostepverification", &body).await.token();

    assert_eq!(posted["to"], JANE);
    assert_eq!(login.field("provider"), "Webhook");
    assert_eq!(login.json()["providers"], json!(["Email", "Webhook"]));
}

/// The embedded example over the parts of `app`.
fn embed(app: &TestApp) -> (actix_test::TestServer, Client) {
    let running = app.running.clone();
    let server = actix_test::start_with(actix_test::config().h1(), move || {
        App::new().configure(embedded::routes(&running))
    });
    let client = Client::new(&format!("http://{}", server.addr()));
    (server, client)
}

#[actix_web::test]
async fn a_token_from_the_embedded_server_opens_the_hosts_routes() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.add_two_step_user(JANE).await;
    let (_server, client) = embed(&app);

    client.get("/orders").await.assert_status(401);
    let challenge = client.login(JANE).await.challenge_id();
    let code = app.code_for(JANE).await;
    let token = client.verify_challenge(JANE, &code, &challenge).await.token();
    let orders = client.get_with("/orders", &token).await;

    assert_eq!(orders.json(), json!({ "of": JANE, "orders": [] }));
    client.get_with("/orders/all", &token).await.assert_status(403);
    client.get_with("/orders", &format!("{token}x")).await.assert_status(401);
    let change = Change { roles: Some(vec!["Administrator".to_owned()]), ..Change::default() };
    app.change(JANE, change).await;
    let challenge = client.login(JANE).await.challenge_id();
    let code = app.code_for(JANE).await;
    let token = client.verify_challenge(JANE, &code, &challenge).await.token();
    client.get_with("/orders/all", &token).await.assert_status(200);
}

#[actix_web::test]
async fn the_embedded_server_keeps_its_headers_and_leaves_the_rest_to_the_host() {
    let app = TestApp::start(Engine::Sqlite).await;
    let (_server, client) = embed(&app);
    let from_page = async |path: &str| {
        let request = client.request(reqwest::Method::GET, path);
        client.send(request.header("origin", "http://localhost:4200").header("x-request-id", "abc")).await
    };

    let ours = from_page("/api/v1/nothing").await;
    let theirs = from_page("/nothing").await;

    ours.assert_status(404);
    assert_eq!(ours.header("x-request-id").as_deref(), Some("abc"));
    assert_eq!(ours.header("access-control-allow-origin").as_deref(), Some("http://localhost:4200"));
    assert_eq!(ours.header("x-content-type-options").as_deref(), Some("nosniff"));
    assert_eq!(ours.header("content-type").as_deref(), Some("application/problem+json"));
    theirs.assert_status(404);
    assert_eq!(theirs.header("x-request-id"), None);
    let preflight = client
        .request(reqwest::Method::OPTIONS, "/API/Accounts/Login/")
        .header("origin", "http://localhost:4200")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type");
    let preflight = client.send(preflight).await;
    assert_eq!(preflight.header("access-control-allow-origin").as_deref(), Some("http://localhost:4200"));
    client.get("/health/live").await.assert_status(200);
    client.get("/authentication/login").await.assert_status(200);
    client.login("nobody@example.com").await.assert_refused(INVALID);
}

#[actix_web::test]
async fn where_the_host_asks_for_it_a_session_that_was_ended_is_out_at_once() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.add_user(JANE).await;
    app.add_user("other@example.com").await;
    let (_server, client) = embed(&app);
    let tokens = async |email: &str| {
        let body = json!({ "email": email, "password": PASSWORD });
        client.post("/api/v1/logins", &body).await.json()["tokens"].clone()
    };
    let pay = async |token: &str| {
        client.send(client.request(reqwest::Method::POST, "/payments").bearer_auth(token)).await
    };
    let (jane, other) = (tokens(JANE).await, tokens("other@example.com").await);
    let [access, refresh, others] = [&jane["accessToken"], &jane["refreshToken"], &other["accessToken"]]
        .map(|token| token.as_str().unwrap().to_owned());

    let before = pay(&access).await;
    client.post("/api/v1/logout", &json!({ "refreshToken": refresh })).await.assert_status(204);
    let after = pay(&access).await;
    let others_before = pay(&others).await;
    // By its row alone: the command would end its sessions too.
    let off = entity::user::ActiveModel { disabled_at: Set(Some(1)), ..Default::default() };
    let of_other = entity::user::Column::Email.eq("other@example.com");
    entity::user::Entity::update_many().set(off).filter(of_other).exec(app.db()).await.unwrap();

    assert_eq!(before.json(), json!({ "by": JANE }));
    after.assert_status(401);
    others_before.assert_status(200);
    pay(&others).await.assert_status(401);
    pay("none").await.assert_status(401);
    client.get_with("/orders", &access).await.assert_status(200);
    app.running.db.close_by_ref().await.unwrap();
    let unsure = pay(&access).await;
    unsure.assert_status(503);
    assert!(unsure.header("retry-after").is_some() && unsure.text.is_empty());
    client.get_with("/orders", &access).await.assert_status(200);
}
