//! Checks of `[server]`.

use std::fs::File;

use url::{Host, Url};

use super::super::draft::Draft;
use crate::api::ServerSettings;

pub(super) fn check(server: &ServerSettings, draft: &mut Draft) {
    if bind_host(&server.bind).is_none() {
        let got = &server.bind;
        draft.refuse("server.bind", format!("expected HOST:PORT such as \"127.0.0.1:5001\", got {got:?}"));
    }
    // What the parser leaves out would stand in the issuer.
    let is_odd = |c: char| c.is_whitespace() || c.is_control();
    if !is_base(&server.public_url) || draft.text("server.public_url").contains(is_odd) {
        let expected =
            "expected http:// or https:// with host and port only, such as \"https://login.example.com\"";
        draft.refuse("server.public_url", expected);
    }
    let odd = |origin: &&String| *origin != "*" && normal_origin(origin).is_none();
    let odd: Vec<String> =
        server.allowed_origins.iter().filter(odd).map(|origin| format!("{origin:?}")).collect();
    if !odd.is_empty() {
        let expected =
            "expected origins such as \"https://app.example.com\", each by its whole name and without a path";
        draft.refuse("server.allowed_origins", format!("{expected}, got {}", odd.join(", ")));
    }
    check_tls(server, draft);
}

fn check_tls(server: &ServerSettings, draft: &mut Draft) {
    let files = [("server.tls_cert", &server.tls_cert), ("server.tls_key", &server.tls_key)];
    if server.tls_cert.is_empty() != server.tls_key.is_empty() {
        let empty =
            files.iter().find(|(_, path)| path.is_empty()).map_or("server.tls_cert", |(name, _)| name);
        draft.refuse(empty, "expected a PEM file: tls_cert and tls_key belong together");
    }
    for (name, path) in files.iter().filter(|(_, path)| !path.is_empty()) {
        if let Err(error) = File::open(path) {
            draft.refuse(name, format!("expected a readable PEM file, got {path:?}: {error}"));
        }
    }
}

/// Where `HOST:PORT` listens; `None` if it is not of that form.
pub(super) fn bind_host(bind: &str) -> Option<Host> {
    let (host, port) = bind.rsplit_once(':')?;
    let port_is_sane = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    // An IPv6 address stands in brackets, which `Host` demands as well.
    if port_is_sane { Host::parse(host).ok() } else { None }
}

fn is_base(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.host_str().is_some_and(|host| !host.contains('*'))
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
}

/// An origin as a browser writes it (RFC 6454 section 6.2); `None` if `text` is none.
pub(in super::super) fn normal_origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(is_base)?;
    // A trailing slash, and whatever else the parser mends, is not an origin.
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '\\';
    let mended = text.ends_with('/') || !text.contains("://") || !text.chars().all(plain);
    if mended { None } else { Some(url.origin().ascii_serialization()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        assert_eq!(normal_origin("HTTPS://App.Example.com:443").unwrap(), "https://app.example.com");
        assert_eq!(normal_origin("http://[::1]:4200").unwrap(), "http://[::1]:4200");
        for text in [
            "",
            "null",
            "app.example.com",
            "https://",
            "https://a/",
            "https://a/b",
            "https://a?b",
            "https://a#b",
            "https://u@a",
            "https:a",
            "ftp://a",
            " https://a",
            "https://a\\",
            "https://a\n",
            "https://*",
            "https://*.a.com",
            "https://a.*",
            "https://%2A.a.com",
            "https://a:*",
            "**",
        ] {
            assert_eq!(normal_origin(text), None, "{text:?}");
        }
    }

    #[test]
    fn binds_are_host_and_port() {
        for text in ["127.0.0.1:0", "localhost:5001", "[::1]:80", "0.0.0.0:65535"] {
            assert!(bind_host(text).is_some(), "{text}");
        }
        for text in
            ["", "5001", ":5001", "localhost", "localhost:", "localhost:65536", "::1:80", "a b:80", "a:+1"]
        {
            assert!(bind_host(text).is_none(), "{text}");
        }
    }
}
