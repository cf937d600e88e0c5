//! The article's two resources.

use serde_json::json;
use twostep::auth::Change;

use crate::support::*;

const JANE: &str = "jane@example.com";

#[actix_web::test]
async fn companies_are_listed_by_name_and_privacy_shows_the_claims_to_administrators() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.add_user(JANE).await;
    let client = app.client();
    let viewer = client.login(JANE).await.token();
    app.change(JANE, Change { roles: Some(vec!["Administrator".to_owned()]), ..Change::default() }).await;
    let administrator = client.login(JANE).await.token();

    let companies = client.get_with("/api/companies", &viewer).await;
    let forbidden = client.get_with("/api/companies/privacy", &viewer).await;
    let privacy = client.get_with("/api/companies/privacy", &administrator).await;

    companies.assert_status(200);
    assert_eq!(
        companies.json(),
        json!([
            { "id": "3d490a70-94ce-4d15-9494-5248280c2ce3", "name": "Admin_Solutions Ltd",
              "fullAddress": "312 Forest Avenue, BF 923 USA" },
            { "id": "c9d4c053-49b6-410c-bc78-2d54a9991870", "name": "IT_Solutions Ltd",
              "fullAddress": "583 Wall Dr. Gwynn Oak, MD 21207 USA" },
        ])
    );
    forbidden.assert_text(403, "");
    privacy.assert_status(200);
    let rows = privacy.json();
    let rows = rows.as_array().unwrap();
    let row = |kind: &str| rows.iter().find(|row| row["type"] == kind).map(|row| row["value"].clone());
    assert_eq!(row("email"), Some(json!(JANE)));
    assert_eq!(row("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"), Some(json!(JANE)));
    assert_eq!(
        row("http://schemas.microsoft.com/ws/2008/06/identity/claims/role"),
        Some(json!("Administrator"))
    );
    assert!(row("sid").is_some() && row("exp").is_some());
}

#[actix_web::test]
async fn companies_can_be_left_out() {
    let app = TestApp::builder(Engine::Sqlite).set("development.demo_companies", "false").start().await;
    app.add_user(JANE).await;
    let client = app.client();
    let token = client.login(JANE).await.token();

    client.get_with("/api/companies", &token).await.assert_status(404);
}
