//! Refresh and logout.

use std::time::Duration;

use futures_util::future::join_all;
use sea_orm::EntityTrait as _;

use super::*;

on_every_engine!(
    a_refresh_token_rotates_and_the_session_stays,
    a_lost_answer_can_be_asked_for_again_within_half_a_minute,
    a_token_that_is_used_again_ends_its_session_and_is_remembered,
    parallel_refreshes_of_one_token_give_one_successor,
    a_session_ends_when_nobody_uses_it_and_in_any_case_after_its_time,
    logout_by_any_token_of_the_chain_ends_the_session,
    a_disabled_account_is_not_refreshed,
    a_role_change_shows_in_the_next_refresh_and_auth_time_stays,
    no_other_token_is_worth_anything_here,
);

async fn signed_in(app: &TestApp) -> Value {
    app.add_user(JANE).await;
    app.client().log_in(JANE).await.tokens()
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}")).to_owned()
}

async fn a_refresh_token_rotates_and_the_session_stays(engine: Engine) {
    let app = TestApp::start(engine).await;
    let first = signed_in(&app).await;
    app.advance(60).await;

    let answer = app.client().refresh(&text(&first, "refreshToken")).await;

    answer.assert_status(200);
    let second = answer.json();
    assert_ne!(text(&second, "refreshToken"), text(&first, "refreshToken"));
    assert_eq!((&second["tokenType"], &second["expiresIn"]), (&"Bearer".into(), &600.into()));
    let [before, after] = [&first, &second].map(|tokens| jwt::claims(&text(tokens, "accessToken")));
    assert_eq!(before["sid"], after["sid"]);
    assert_ne!(before["jti"], after["jti"]);
    assert_eq!(answer.header("cache-control").as_deref(), Some("no-store"));
    let third = app.client().refresh(&text(&second, "refreshToken")).await;
    third.assert_status(200);
}

async fn a_lost_answer_can_be_asked_for_again_within_half_a_minute(engine: Engine) {
    let app = TestApp::start(engine).await;
    let first = text(&signed_in(&app).await, "refreshToken");
    let lost = app.client().refresh(&first).await.json();

    app.advance(30).await;
    let again = app.client().refresh(&first).await.json();
    let next = app.client().refresh(&text(&lost, "refreshToken")).await;
    let after_use = app.client().refresh(&first).await;

    assert_eq!(text(&again, "refreshToken"), text(&lost, "refreshToken"));
    next.assert_status(200);
    after_use.assert_problem(401, "invalid_refresh_token");
    let ended = app.client().refresh(&text(&next.json(), "refreshToken")).await;
    ended.assert_problem(401, "invalid_refresh_token");
}

async fn a_token_that_is_used_again_ends_its_session_and_is_remembered(engine: Engine) {
    let app = TestApp::start(engine).await;
    let first = text(&signed_in(&app).await, "refreshToken");
    let second = text(&app.client().refresh(&first).await.json(), "refreshToken");

    app.advance(31).await;
    app.client().refresh(&first).await.assert_problem(401, "invalid_refresh_token");

    app.client().refresh(&second).await.assert_problem(401, "invalid_refresh_token");
    let events = entity::event::Entity::find().all(app.db()).await.unwrap();
    let reuse: Vec<_> = events.iter().filter(|event| event.event == "refresh_reuse").collect();
    assert_eq!(reuse.len(), 1);
    assert_eq!(reuse[0].address, "127.0.0.1");
    assert!(!reuse[0].detail.contains(&first), "no token in it");
}

async fn parallel_refreshes_of_one_token_give_one_successor(engine: Engine) {
    let app = TestApp::start(engine).await;
    let first = text(&signed_in(&app).await, "refreshToken");
    let client = app.client();

    let answers = join_all((0..10).map(|_| client.refresh(&first))).await;

    let successors: std::collections::HashSet<_> =
        answers.iter().map(|answer| text(&answer.json(), "refreshToken")).collect();
    assert_eq!(successors.len(), 1, "{answers:?}");
    client.refresh(successors.iter().next().unwrap()).await.assert_status(200);
}

async fn a_session_ends_when_nobody_uses_it_and_in_any_case_after_its_time(engine: Engine) {
    let app = TestApp::builder(engine)
        .set("tokens.refresh_idle", "2h")
        .set("tokens.refresh_absolute", "5h")
        .start()
        .await;
    let mut token = text(&signed_in(&app).await, "refreshToken");
    let idle = text(&app.client().log_in(JANE).await.tokens(), "refreshToken");

    for _ in 0..4 {
        app.clock.advance(Duration::from_hours(1));
        token = text(&app.client().refresh(&token).await.json(), "refreshToken");
    }
    app.clock.advance(Duration::from_secs(3_599));
    token = text(&app.client().refresh(&token).await.json(), "refreshToken");
    app.clock.advance(Duration::from_secs(1));

    app.client().refresh(&token).await.assert_problem(401, "invalid_refresh_token");
    app.client().refresh(&idle).await.assert_problem(401, "invalid_refresh_token");
}

async fn logout_by_any_token_of_the_chain_ends_the_session(engine: Engine) {
    let app = TestApp::start(engine).await;
    let first = text(&signed_in(&app).await, "refreshToken");
    let second = text(&app.client().refresh(&first).await.json(), "refreshToken");

    let body = json!({"refreshToken": first});
    app.client().v1("/logout", &body).await.assert_status(204);
    app.client().v1("/logout", &body).await.assert_status(204);

    app.client().refresh(&second).await.assert_problem(401, "invalid_refresh_token");
    app.client().v1("/logout", &json!({"refreshToken": "nobody's"})).await.assert_status(204);
}

async fn a_disabled_account_is_not_refreshed(engine: Engine) {
    let app = TestApp::start(engine).await;
    let token = text(&signed_in(&app).await, "refreshToken");

    let disable = twostep::auth::Change { disabled: Some(true), ..Default::default() };
    app.change(JANE, disable).await;

    app.client().refresh(&token).await.assert_problem(401, "invalid_refresh_token");
}

async fn a_role_change_shows_in_the_next_refresh_and_auth_time_stays(engine: Engine) {
    let app = TestApp::start(engine).await;
    let first = signed_in(&app).await;
    let roles = vec!["Administrator".to_owned()];
    app.change(JANE, twostep::auth::Change { roles: Some(roles), ..Default::default() }).await;
    app.advance(120).await;

    let second = app.client().refresh(&text(&first, "refreshToken")).await.json();

    let [before, after] = [&first, &second].map(|tokens| jwt::claims(&text(tokens, "accessToken")));
    assert_eq!(before["roles"], json!(["Viewer"]));
    assert_eq!(after["roles"], json!(["Administrator"]));
    assert_eq!(before["auth_time"], after["auth_time"], "a refresh does not freshen");
}

async fn no_other_token_is_worth_anything_here(engine: Engine) {
    let app = TestApp::start(engine).await;
    let tokens = signed_in(&app).await;
    let (access, refresh) = (text(&tokens, "accessToken"), text(&tokens, "refreshToken"));

    app.client().refresh(&access).await.assert_problem(401, "invalid_refresh_token");
    app.client().refresh("").await.assert_problem(401, "invalid_refresh_token");
    app.client().get_with("/api/companies", &refresh).await.assert_status(401);
    app.client().refresh(&refresh).await.assert_status(200);
}
