//! Values without their secrets.

use toml::Value;
use url::Url;

use super::entry::{Entry, Secrecy};

const MASK: &str = "***";

/// What is shown of the value of `entry`.
pub(super) fn masked(entry: &Entry) -> Option<Value> {
    let value = entry.value.as_ref()?;
    Some(match (entry.secrecy(), value) {
        (Secrecy::Open, value) => value.clone(),
        (_, Value::String(text)) if text.is_empty() => value.clone(),
        (Secrecy::Url, Value::String(url)) => Value::String(mask_url(url)),
        (_, Value::Table(table)) => {
            Value::Table(table.keys().map(|key| (key.clone(), Value::String(MASK.to_owned()))).collect())
        }
        _ => Value::String(MASK.to_owned()),
    })
}

/// Shows of a URL what cannot be a secret: not the password, and of the query only what is known to be harmless.
fn mask_url(text: &str) -> String {
    const HARMLESS: [&str; 7] = ["tls", "mode", "cache", "sslmode", "ssl-mode", "host", "port"];
    // A fragment, or an `@` behind the host, is most likely the rest of a password with a bare `#`, `?` or `/`.
    let is_split = |url: &Url| {
        url.fragment().is_some()
            || url.path().contains('@')
            || url.query().is_some_and(|query| query.contains('@'))
    };
    let Some(mut url) = Url::parse(text).ok().filter(|url| !is_split(url)) else { return MASK.to_owned() };
    if url.password().is_some() && url.set_password(Some(MASK)).is_err() {
        return MASK.to_owned();
    }
    let is_harmless = url.query_pairs().all(|(key, _)| HARMLESS.contains(&key.as_ref()));
    if !is_harmless {
        url.set_query(Some(MASK));
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_shown_without_what_they_hide() {
        for (url, shown) in [
            ("sqlite://data/twostep.db", "sqlite://data/twostep.db"),
            ("sqlite::memory:", "sqlite::memory:"),
            ("postgres://me:secret@db/x", "postgres://me:***@db/x"),
            ("postgres:///x?host=/run&password=secret", "postgres:///x?***"),
            ("postgres://me:1#secret@db/x", "***"),
            ("postgres://me:1?secret@db/x", "***"),
            ("postgres://me:1/secret@db/x", "***"),
            ("smtp://u:secret@host:587?tls=required", "smtp://u:***@host:587?tls=required"),
            ("no url: secret", "***"),
        ] {
            assert_eq!(mask_url(url), shown, "{url}");
        }
    }
}
