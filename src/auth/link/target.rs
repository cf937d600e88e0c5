//! Where a link in a mail may point.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

/// Longest `clientURI`, in bytes.
const LONGEST: usize = 2048;
/// All but the unreserved characters of RFC 3986 section 2.3.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where links may point: the origin of `public_url` and those of `allowed_origins`.
#[derive(Clone, Debug)]
pub struct LinkOrigins {
    /// Base of the built-in pages.
    pub public_url: Url,
    /// `scheme://host[:port]` of every allowed origin; `*`: every one.
    pub allowed: Vec<String>,
}

impl LinkOrigins {
    fn allow(&self, target: &Url) -> bool {
        let is_same = |allowed: &Url| allowed.origin() == target.origin();
        is_same(&self.public_url)
            || self
                .allowed
                .iter()
                .any(|allowed| allowed == "*" || Url::parse(allowed).is_ok_and(|url| is_same(&url)))
    }
}

/// A checked place for a link to start at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkTarget(String);

impl LinkTarget {
    /// Checks a request's `clientURI`; absent: the built-in page `page` (a path such as `/authentication/emailconfirmation`).
    ///
    /// The text is checked before a URL parser has smoothed it, and is kept as it is: what is mailed is what was
    /// checked. A query of its own may not have a `token` or `email`, which would stand before ours.
    ///
    /// # Errors
    /// When its origin is not allowed, or it has userinfo, backslashes, white space, control characters or a fragment.
    pub fn parse(client_uri: Option<&str>, page: &str, origins: &LinkOrigins) -> Result<Self, RefusedTarget> {
        let Some(text) = client_uri else {
            let base = origins.public_url.as_str().trim_end_matches('/');
            return Ok(Self(format!("{base}{page}")));
        };
        let is_plain = text.len() <= LONGEST && text.bytes().all(is_uri_byte);
        let host = host_and_port(text).filter(|_| is_plain).ok_or(RefusedTarget)?;
        let url = Url::parse(text).map_err(|_| RefusedTarget)?;
        let is_sound = matches!(url.scheme(), "http" | "https")
            && is_canonical(host, &url)
            && !has_own_token(&url)
            && origins.allow(&url);
        if is_sound { Ok(Self(text.to_owned())) } else { Err(RefusedTarget) }
    }

    /// The place itself.
    pub(in crate::auth) fn as_str(&self) -> &str {
        &self.0
    }

    /// The link that carries `token` for the account with the address `email`.
    #[must_use]
    pub fn link(&self, token: &str, email: &str) -> String {
        let start = &self.0;
        let joint = match start.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        let (token, email) = (utf8_percent_encode(token, ESCAPED), utf8_percent_encode(email, ESCAPED));
        format!("{start}{joint}token={token}&email={email}")
    }
}

/// The `clientURI` may not be linked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the clientURI is not allowed")]
pub struct RefusedTarget;

/// The characters of RFC 3986 section 2, without `#`.
fn is_uri_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte)
}

/// What stands between `://` and the path, if it holds neither userinfo nor escapes.
fn host_and_port(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    (!authority.is_empty() && !authority.contains(['@', '%'])).then_some(authority)
}

/// Whether the host is written as the parser understands it (and not, say, as the number of an IP).
fn is_canonical(authority: &str, url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    match authority.split_at_checked(host.len()) {
        Some((start, port)) => start.eq_ignore_ascii_case(host) && (port.is_empty() || port.starts_with(':')),
        None => false,
    }
}

fn has_own_token(url: &Url) -> bool {
    let names =
        url.query().unwrap_or_default().split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    names
        .map(|name| percent_decode_str(name).decode_utf8_lossy().to_lowercase())
        .any(|name| name == "token" || name == "email")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(allowed: &[&str]) -> LinkOrigins {
        LinkOrigins {
            public_url: Url::parse("https://login.example.com/").unwrap(),
            allowed: allowed.iter().map(|&origin| origin.to_owned()).collect(),
        }
    }

    fn parse(text: &str) -> Result<LinkTarget, RefusedTarget> {
        LinkTarget::parse(
            Some(text),
            "/page",
            &origins(&["http://localhost:4200", "https://app.example.com"]),
        )
    }

    fn link(text: &str) -> String {
        parse(text).unwrap().link("a+b/c=", "jo+x@example.com")
    }

    #[test]
    fn the_link_starts_as_the_client_asked() {
        let tail = "token=a%2Bb%2Fc%3D&email=jo%2Bx%40example.com";

        for (start, joint) in [
            ("http://localhost:4200/authentication/emailconfirmation", "?"),
            ("http://localhost:4200", "?"),
            ("http://localhost:4200/", "?"),
            ("https://app.example.com:443/x", "?"),
            ("https://login.example.com/x", "?"),
            ("https://app.example.com/x?lang=en", "&"),
            ("https://app.example.com/x?", ""),
            ("https://app.example.com/x?lang=en&", ""),
            ("https://App.Example.com/@jo;a=b", "?"),
        ] {
            assert_eq!(link(start), format!("{start}{joint}{tail}"));
        }
    }

    #[test]
    fn the_built_in_page_lies_under_the_public_url() {
        let built_in = |url: &str| {
            let origins = LinkOrigins { public_url: Url::parse(url).unwrap(), allowed: vec![] };
            LinkTarget::parse(None, "/page", &origins).unwrap().link("t", "e")
        };

        assert_eq!(built_in("http://localhost:5001"), "http://localhost:5001/page?token=t&email=e");
        assert_eq!(built_in("https://example.com/login/"), "https://example.com/login/page?token=t&email=e");
    }

    #[test]
    fn what_leads_elsewhere_is_refused() {
        for text in [
            "",
            "x",
            "/authentication/emailconfirmation",
            "//app.example.com/x",
            "https:app.example.com/x",
            "https:/app.example.com/x",
            "https:///app.example.com/x",
            "https://evil.example/x",
            "https://app.example.com.evil.example/x",
            "https://app.example.com:8443/x",
            "http://app.example.com/x",
            "http://localhost:4201/x",
            "http://localhost/x",
            "ftp://app.example.com/x",
            "javascript://app.example.com/%0aalert(1)",
            "https://app.example.com@evil.example/x",
            "https://user@app.example.com/x",
            "https://@app.example.com/x",
            "https://user:pass@app.example.com/x",
            "https://app.example.com\\@evil.example/x",
            "https:\\\\app.example.com/x",
            "https://app.example.com/a\\b",
            "https://app.example.com/x#top",
            "https://app.example.com/x#",
            "https://app.example.com/a b",
            " https://app.example.com/x",
            "https://app.example.com/x\n",
            "https://app.example.com/\tx",
            "https://app.example.com/x\r\nBcc: eve@evil.example",
            "https://app.example.com/\0",
            "https://app.example.com/\u{a0}x",
            "https://app.example.com/\u{202e}x",
            "https://\u{ff41}pp.example.com/x",
            "https://%61pp.example.com/x",
            "https://app.example.com/x?token=mine",
            "https://app.example.com/x?a=b&%54oken=mine",
            "https://app.example.com/x?email=eve@evil.example",
            "https://app.example.com/<script>",
            "https://app.example.com/\"x",
        ] {
            assert_eq!(parse(text), Err(RefusedTarget), "{text:?}");
        }
        assert!(parse(&format!("https://app.example.com/{}", "x".repeat(3_000))).is_err());
    }

    #[test]
    fn a_number_is_no_way_to_write_a_host() {
        let origins = origins(&["http://127.0.0.1:4200", "http://[::1]:4200"]);
        let parse = |text| LinkTarget::parse(Some(text), "/page", &origins);

        assert!(parse("http://127.0.0.1:4200/x").is_ok());
        assert!(parse("http://[::1]:4200/x").is_ok());
        assert!(parse("http://2130706433:4200/x").is_err());
        assert!(parse("http://127.1:4200/x").is_err());
        assert!(parse("http://[0:0:0:0:0:0:0:1]:4200/x").is_err());
    }

    #[test]
    fn a_star_allows_every_web_origin_and_nothing_else() {
        let origins = origins(&["*"]);
        let parse = |text| LinkTarget::parse(Some(text), "/page", &origins);

        assert!(parse("http://anything.example:99/x").is_ok());
        assert!(parse("ftp://anything.example/x").is_err());
        assert!(parse("https://user@anything.example/x").is_err());
    }
}
