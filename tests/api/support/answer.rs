//! What the server answered.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error}: {} {:?}", self.status, self.text))
    }

    /// A member of the JSON body as a string; empty if it is none.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(|value| value.to_str().unwrap().to_owned())
    }

    /// The access token of a completed sign-in; panics if there is none.
    #[track_caller]
    pub(crate) fn token(&self) -> String {
        self.assert_status(200);
        let token = self.field("token");
        assert!(!token.is_empty(), "no token in {}", self.text);
        token
    }

    #[track_caller]
    pub(crate) fn challenge_id(&self) -> String {
        self.assert_status(200);
        let id = self.field("challengeId");
        assert!(!id.is_empty(), "no challengeId in {}", self.text);
        id
    }

    #[track_caller]
    pub(crate) fn assert_status(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.text);
    }

    /// Asserts status and body text, byte by byte.
    #[track_caller]
    pub(crate) fn assert_text(&self, status: u16, text: &str) {
        assert_eq!((self.status, self.text.as_str()), (status, text));
    }

    /// Asserts a login that is refused with `message`.
    #[track_caller]
    pub(crate) fn assert_refused(&self, message: &str) {
        self.assert_status(401);
        let body = self.json();
        assert_eq!(body["errorMessage"], message);
        assert_eq!(body["isAuthSuccessful"], false);
        assert_eq!(body["is2StepVerificationRequired"], false);
        assert_eq!(body["token"], Value::Null);
        assert_eq!(body["provider"], Value::Null);
    }

    /// The texts of `errors`.
    #[track_caller]
    pub(crate) fn errors(&self) -> Vec<String> {
        self.assert_status(400);
        let body = self.json();
        let errors = body["errors"].as_array().unwrap_or_else(|| panic!("no errors in {body}"));
        errors.iter().map(|error| error.as_str().unwrap().to_owned()).collect()
    }
}
