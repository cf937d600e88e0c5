//! Checks of `[database]`, `[redis]` and `[secrets]`.

use secrecy::ExposeSecret as _;
use url::Url;

use super::super::{Settings, draft::Draft};
use crate::vault::MasterKey;

pub(super) fn check(settings: &Settings, draft: &mut Draft) {
    let url = Url::parse(settings.database.url.expose_secret());
    let is_known = |url: &Url| matches!(url.scheme(), "sqlite" | "postgres" | "postgresql" | "mysql");
    // A `#` in a password would end the URL there, and a `/` or `?` its host.
    let is_whole = |url: &Url| {
        let rest = [url.path(), url.query().unwrap_or_default()].concat();
        url.fragment().is_none() && (url.scheme() == "sqlite" || !rest.contains('@'))
    };
    if !url.is_ok_and(|url| is_known(&url) && is_whole(&url)) {
        let expected =
            "expected a sqlite:, postgres: or mysql: URL, with # ? / : @ in a password percent-encoded";
        draft.refuse("database.url", expected);
    }
    if settings.database.url.expose_secret().contains(":memory:") {
        draft.refuse(
            "database.url",
            "expected a file: every connection would have a database of its own in memory",
        );
    }
    let redis = settings.redis.url.expose_secret();
    let is_redis = |url: &Url| matches!(url.scheme(), "redis" | "rediss") && url.has_host();
    if !redis.is_empty() && !Url::parse(redis).is_ok_and(|url| is_redis(&url)) {
        draft.refuse("redis.url", "expected redis://HOST:PORT or rediss://HOST:PORT, or \"\" for none");
    }
    let key = settings.secrets.key.expose_secret();
    if !key.is_empty()
        && let Err(expected) = MasterKey::from_base64(key)
    {
        draft.refuse("secrets.key", expected);
    }
}
