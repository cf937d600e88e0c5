//! Argon2 settings above what an import may ask for: whoever signs in under them can sign in again.

use twostep::auth::{ImportedPassword, NewUser};

use crate::support::*;

const JANE: &str = "jane@example.com";
const JOE: &str = "joe@example.com";

/// Each over one of the caps for imported hashes, and cheap.
const COSTLY: [&[(&str, &str)]; 3] = [
    &[("accounts.argon2_iterations", "12")],
    &[("accounts.argon2_parallelism", "8")],
    &[("accounts.argon2_memory_kib", "66000")],
];

fn with(settings: &[(&str, &str)]) -> Builder {
    let builder = TestApp::builder(Engine::Sqlite);
    settings.iter().fold(builder, |builder, (key, value)| builder.set(key, value))
}

async fn sign_in_twice(app: &TestApp, email: &str) {
    for _ in 0..2 {
        app.client().login(email).await.token();
        app.client().login_with(email, "Wrong-Horse-7").await.assert_refused(INVALID);
    }
}

#[actix_web::test]
async fn new_users_can_sign_in_under_every_setting_and_after_it_was_lowered() {
    for settings in COSTLY {
        let app = with(settings).start().await;
        app.add_user(JANE).await;
        app.register_and_confirm(JOE).await;

        sign_in_twice(&app, JANE).await;
        sign_in_twice(&app, JOE).await;

        let lowered = TestApp::builder(Engine::Sqlite).beside(&app).start().await;
        sign_in_twice(&lowered, JANE).await;
        sign_in_twice(&lowered, JOE).await;
    }
}

#[actix_web::test]
async fn earlier_users_are_rehashed_and_can_sign_in_again() {
    for settings in COSTLY {
        let before = TestApp::start(Engine::Sqlite).await;
        before.add_user(JANE).await;
        let first = before.user(JANE).await.password_hash;

        let raised = with(settings).beside(&before).start().await;
        sign_in_twice(&raised, JANE).await;
        let rehashed = raised.user(JANE).await.password_hash;
        sign_in_twice(&before, JANE).await;

        assert_ne!(first, rehashed, "{settings:?}");
        assert_eq!(before.user(JANE).await.password_hash, rehashed, "nothing is hashed again for less");
    }
}

#[actix_web::test]
async fn an_import_is_still_held_to_its_caps() {
    let costly = with(COSTLY[0]).start().await;
    costly.add_user(JANE).await;
    let password = ImportedPassword::Hash(costly.user(JANE).await.password_hash);

    let refused = costly.running.auth.add_user(NewUser { password, ..new_user(JOE) }).await;

    assert!(refused.unwrap_err().to_string().contains("argon2: at most m=65536,t=10,p=4"));
}
