//! The claims as they travel: written and read with the same names and types.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Claims, Grant, Method};
use crate::clock::Timestamp;
use crate::vault::random_token;

/// The claims of an access token (RFC 9068 section 2.2), in their order. Times are whole seconds (RFC 7519 section 2).
#[derive(Serialize, Deserialize)]
pub(super) struct Payload {
    iss: String,
    aud: String,
    sub: Uuid,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: String,
    sid: Uuid,
    email: String,
    name: String,
    roles: Vec<String>,
    amr: Vec<Method>,
    auth_time: i64,
    #[serde(
        rename = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    aspnet_name: Option<String>,
    #[serde(
        rename = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    aspnet_role: Option<OneOrMany>,
}

/// What ASP.NET makes of several claims of one type.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn of(values: &[String]) -> Option<Self> {
        match values {
            [] => None,
            [one] => Some(Self::One(one.clone())),
            many => Some(Self::Many(many.to_vec())),
        }
    }
}

/// Who mints for whom, and from when until when, in seconds.
pub(super) struct Terms<'a> {
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    pub(super) issued_at: i64,
    pub(super) expires_at: i64,
    pub(super) aspnet_claims: bool,
}

impl Payload {
    pub(super) fn new(grant: &Grant, terms: &Terms<'_>) -> Self {
        Self {
            iss: terms.issuer.to_owned(),
            aud: terms.audience.to_owned(),
            sub: grant.user_id,
            exp: terms.expires_at,
            nbf: terms.issued_at,
            iat: terms.issued_at,
            jti: random_token::<16>(),
            sid: grant.session_id,
            email: grant.email.clone(),
            name: grant.name.clone(),
            roles: grant.roles.clone(),
            amr: grant.methods.clone(),
            auth_time: grant.auth_time.seconds(),
            aspnet_name: terms.aspnet_claims.then(|| grant.email.clone()),
            aspnet_role: terms.aspnet_claims.then(|| OneOrMany::of(&grant.roles)).flatten(),
        }
    }

    /// From when on the token counts; `None` beyond what a [`Timestamp`] holds.
    pub(super) fn not_before(&self) -> Option<Timestamp> {
        instant(self.nbf)
    }

    /// The claims, and beside them `all`, every claim as it stands in the token.
    pub(super) fn into_claims(self, all: Map<String, Value>) -> Option<Claims> {
        Some(Claims {
            user_id: self.sub,
            session_id: self.sid,
            auth_time: instant(self.auth_time)?,
            expires_at: instant(self.exp)?,
            email: self.email,
            roles: self.roles,
            methods: self.amr,
            all,
        })
    }
}

fn instant(seconds: i64) -> Option<Timestamp> {
    seconds.checked_mul(1000).map(Timestamp::from_millis)
}
