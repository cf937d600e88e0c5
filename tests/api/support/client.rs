//! A client of the server: with or without cookies, from an address of its choice.

use std::net::IpAddr;
use std::sync::{Arc, Once};

use reqwest::cookie::Jar;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::document::{self, Asked};
use super::{Answer, CLIENT_URI, PASSWORD};

/// Who talks to the server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    jar: Option<Arc<Jar>>,
    address: String,
}

impl Client {
    /// From 127.0.0.1, without cookies.
    pub(crate) fn new(address: &str) -> Self {
        Self::build(address, None, None)
    }

    /// From 127.0.0.1, with cookies.
    pub(crate) fn browser(address: &str) -> Self {
        Self::build(address, Some(Arc::new(Jar::default())), None)
    }

    /// The same client, with the same cookies, from another address.
    pub(crate) fn from(&self, source: &str) -> Self {
        Self::build(&self.address, self.jar.clone(), Some(source.parse().unwrap()))
    }

    /// The same client, with the same cookies, talking to another server.
    pub(crate) fn to(&self, address: &str) -> Self {
        Self::build(address, self.jar.clone(), None)
    }

    fn build(address: &str, jar: Option<Arc<Jar>>, source: Option<IpAddr>) -> Self {
        install_crypto();
        let mut http =
            reqwest::Client::builder().local_address(source).redirect(reqwest::redirect::Policy::none());
        if let Some(jar) = &jar {
            http = http.cookie_provider(jar.clone());
        }
        Self { http: http.build().unwrap(), jar, address: address.to_owned() }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.address))
    }

    /// The answer, which is held to the document of the API.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let request = request.build().unwrap();
        let asked = Asked::of(&request);
        let answer = Answer::read(self.http.execute(request).await.unwrap()).await;
        document::hold(&asked, &answer);
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn get_with(&self, path: &str, token: &str) -> Answer {
        self.send(self.request(Method::GET, path).bearer_auth(token)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Posts `body` as it is, as `application/json`.
    pub(crate) async fn post_raw(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.request(Method::POST, path).header("content-type", "application/json").body(body);
        self.send(request).await
    }

    pub(crate) async fn register(&self, email: &str) -> Answer {
        self.register_with(email, &json!({})).await
    }

    /// Registers with members of the body changed by `changes`.
    pub(crate) async fn register_with(&self, email: &str, changes: &Value) -> Answer {
        let mut body = registration(email);
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        self.post("/api/accounts/registration", &body).await
    }

    /// Opens the API's side of a confirmation link, as the article's page does.
    pub(crate) async fn confirm(&self, link: &Link) -> Answer {
        let path = format!("/api/accounts/emailconfirmation?{}", link.query());
        self.get(&path).await
    }

    pub(crate) async fn login(&self, email: &str) -> Answer {
        self.login_with(email, PASSWORD).await
    }

    pub(crate) async fn login_with(&self, email: &str, password: &str) -> Answer {
        self.post(
            "/api/accounts/login",
            &json!({ "email": email, "password": password, "clientURI": CLIENT_URI }),
        )
        .await
    }

    /// Verifies as the article's client does: without a challenge id.
    pub(crate) async fn verify(&self, email: &str, code: &str) -> Answer {
        let body = json!({ "email": email, "provider": "Email", "token": code });
        self.post("/api/accounts/twostepverification", &body).await
    }

    pub(crate) async fn verify_challenge(&self, email: &str, code: &str, challenge_id: &str) -> Answer {
        let body = json!({ "email": email, "provider": "Email", "token": code, "challengeId": challenge_id });
        self.post("/api/accounts/twostepverification", &body).await
    }

    pub(crate) async fn forgot(&self, email: &str) -> Answer {
        self.post("/api/accounts/forgotpassword", &json!({ "email": email, "clientURI": CLIENT_URI })).await
    }

    pub(crate) async fn reset(&self, link: &Link, password: &str) -> Answer {
        let body = json!({
            "password": password, "confirmPassword": password, "token": link.token, "email": link.email,
        });
        self.post("/api/accounts/resetpassword", &body).await
    }
}

/// A sound registration.
pub(crate) fn registration(email: &str) -> Value {
    json!({
        "firstName": "Jane", "lastName": "Doe", "email": email,
        "password": PASSWORD, "confirmPassword": PASSWORD, "clientURI": CLIENT_URI,
    })
}

/// What a mailed link says.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    /// Everything before the query.
    pub(crate) base: String,
    /// The link as it stands in the mail.
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) email: String,
}

impl Link {
    #[track_caller]
    pub(crate) fn parse(link: &str) -> Self {
        let url = url::Url::parse(link).unwrap_or_else(|error| panic!("{error}: {link}"));
        let value = |name: &str| {
            let mut pairs = url.query_pairs().filter(|(key, _)| key == name);
            pairs.next().unwrap_or_else(|| panic!("no {name} in {link}")).1.into_owned()
        };
        let base = link.split('?').next().unwrap().to_owned();
        Self { base, url: link.to_owned(), token: value("token"), email: value("email") }
    }

    /// `token=…&email=…`, encoded.
    pub(crate) fn query(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .append_pair("token", &self.token)
            .append_pair("email", &self.email)
            .finish()
    }
}

/// Names the TLS implementation, which reqwest does not choose by itself here.
pub(crate) fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
