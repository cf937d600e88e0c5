//! Where mailed links may point.

use serde_json::{Value, json};

use crate::support::*;

const JANE: &str = "jane@example.com";

/// Places that look allowed and are not.
const REFUSED: [&str; 22] = [
    "https://evil.example/page",
    "http://localhost:4201/page",
    "http://localhost/page",
    "https://localhost:4200/page",
    "http://localhost:4200@evil.example/page",
    "http://user:word@localhost:4200/page",
    "http://user@localhost:4200/page",
    "http://localhost:4200.evil.example/page",
    "http://localhost:4200\\@evil.example/page",
    "http:\\\\localhost:4200\\page",
    "http://localhost:4200/a\\b",
    "http://localhost:4200/a b",
    "http://localhost:4200/a\tb",
    "http://localhost:4200/a\r\nBcc: eve@example.com",
    "http://localhost:4200/a\u{0}",
    "http://localhost:4200/page#fragment",
    "http://localhost:4200/page#",
    " http://localhost:4200/page",
    "//localhost:4200/page",
    "/authentication/page",
    "javascript:alert(1)",
    "not a uri",
];

#[actix_web::test]
async fn a_refused_place_makes_no_user_and_sends_no_mail() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();

    for place in REFUSED {
        let registration = client.register_with("new@example.com", &json!({ "clientURI": place })).await;
        let body = json!({ "email": JANE, "clientURI": place });
        let forgot = client.post("/api/accounts/forgotpassword", &body).await;
        let body = json!({ "email": JANE, "password": PASSWORD, "clientURI": place });
        let login = client.post("/api/accounts/login", &body).await;

        assert!(!registration.errors().is_empty(), "{place:?}");
        assert_eq!(registration.json()["isSuccessfulRegistration"], false, "{place:?}");
        for text in [&forgot, &login] {
            assert_eq!(text.status, 400, "{place:?}: {}", text.text);
            assert!(serde_json::from_str::<Value>(&text.text).is_err(), "a text: {}", text.text);
        }
    }
    app.all_sent().await;
    assert_eq!(app.count_users().await, 1);
    assert!(app.sink.mails().is_empty());
}

#[actix_web::test]
async fn allowed_places_are_linked_to_with_their_own_query() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();
    app.add_user(JANE).await;

    for (place, start) in [
        ("http://localhost:4200/page", "http://localhost:4200/page?token="),
        ("http://localhost:4200/page?lang=de", "http://localhost:4200/page?lang=de&token="),
        ("http://localhost:4200", "http://localhost:4200?token="),
        ("HTTP://LOCALHOST:4200/Page", "HTTP://LOCALHOST:4200/Page?token="),
        ("http://localhost:5001/elsewhere", "http://localhost:5001/elsewhere?token="),
    ] {
        let body = json!({ "email": JANE, "clientURI": place });
        client.post("/api/accounts/forgotpassword", &body).await.assert_text(200, "");

        let link = app.link_for(JANE, RESET).await;
        assert!(link.url.starts_with(start), "{place}: {}", link.url);
        assert!(link.url.ends_with("&email=jane%40example.com"), "{}", link.url);
    }
}

#[actix_web::test]
async fn without_a_place_the_built_in_pages_are_linked_to_whatever_the_host_header_says() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();

    for absent in [json!({}), json!({ "clientURI": null })] {
        let mut body = registration(&format!("{}@example.com", absent.as_object().unwrap().len()));
        body.as_object_mut().unwrap().remove("clientURI");
        body.as_object_mut().unwrap().extend(absent.as_object().unwrap().clone());
        let request = client.request(reqwest::Method::POST, "/api/accounts/registration").json(&body);
        let request = request.header("host", "evil.example").header("x-forwarded-host", "evil.example");
        client.send(request).await.assert_status(201);

        let mail = app.next_mail(body["email"].as_str().unwrap(), CONFIRMATION).await;
        assert!(mail.link().url.starts_with("http://localhost:5001/"), "{}", mail.link().url);
        assert!(!format!("{}{}", mail.text, mail.html).contains("evil"));
    }
}

#[actix_web::test]
async fn a_built_in_page_is_served_where_its_link_points() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();
    let mut body = registration(JANE);
    body.as_object_mut().unwrap().remove("clientURI");
    client.post("/api/accounts/registration", &body).await.assert_status(201);
    let link = app.link_for(JANE, CONFIRMATION).await;
    let path = link.url.strip_prefix("http://localhost:5001").unwrap();

    let page = client.get(path).await;

    page.assert_status(200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert!(!app.user(JANE).await.email_confirmed, "a scanner's GET of the page changes nothing");
}
