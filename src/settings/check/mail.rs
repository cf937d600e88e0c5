//! Checks of `[mail]`.

use std::path::Path;

use lettre::message::Mailbox;
use secrecy::ExposeSecret as _;
use url::Url;

use super::super::draft::Draft;
use super::is_loopback;
use crate::courier::{MailSettings, Transport};

pub(super) fn check(mail: &MailSettings, draft: &mut Draft) {
    if mail.from.parse::<Mailbox>().is_err() || mail.from.contains(char::is_control) {
        let got = &mail.from;
        draft.refuse(
            "mail.from",
            format!("expected a sender such as \"Name <name@example.com>\", got {got:?}"),
        );
    }
    let relay = mail.smtp_url.expose_secret();
    if relay.is_empty() && mail.transport == Transport::Smtp {
        draft.refuse("mail.smtp_url", "expected the relay's URL, because mail.transport is \"smtp\"");
    }
    let fallback = mail.fallback_smtp_url.expose_secret();
    for (name, url) in [("mail.smtp_url", relay), ("mail.fallback_smtp_url", fallback)] {
        if !url.is_empty()
            && let Err(expected) = check_relay(url)
        {
            draft.refuse(name, expected);
        }
    }
    if !mail.templates_dir.is_empty() && !Path::new(&mail.templates_dir).is_dir() {
        draft.refuse("mail.templates_dir", format!("expected a folder, got {:?}", mail.templates_dir));
    }
}

fn check_relay(text: &str) -> Result<(), &'static str> {
    const FORM: &str = "expected smtps://user:pass@host, smtp://user:pass@host:587?tls=required, \
        or smtp://127.0.0.1:2525, with # ? / : @ in a password percent-encoded";
    let url = Url::parse(text).map_err(|_| FORM)?;
    let host = url.host().ok_or(FORM)?;
    let tls_is_required = match url.query() {
        None => false,
        Some("tls=required") => true,
        // Opportunistic TLS can be taken away by whoever sits between.
        Some(_) => return Err(FORM),
    };
    // A host of a scheme that the URL standard does not know is kept as it was written, also an address.
    let is_local = is_loopback(&url::Host::parse(&host.to_string()).map_err(|_| FORM)?);
    match url.scheme() {
        _ if url.fragment().is_some() => Err(FORM),
        "smtps" => Ok(()),
        "smtp" if tls_is_required || is_local => Ok(()),
        "smtp" => Err("expected ?tls=required or smtps://: plain SMTP only goes to a loopback host"),
        _ => Err(FORM),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relays_are_encrypted_unless_they_are_local() {
        for url in [
            "smtps://u:p@mail.example.com",
            "smtp://u:p@mail.example.com:587?tls=required",
            "smtp://127.0.0.1:2525",
            "smtp://localhost:2525",
            "smtp://[::1]:25",
            "smtp://127.0.0.1:2525?tls=required",
        ] {
            assert_eq!(check_relay(url), Ok(()), "{url}");
        }
        for url in [
            "mail.example.com",
            "smtp://",
            "smtp://mail.example.com",
            "smtp://10.0.0.1:25",
            "smtp://mail.example.com?tls=opportunistic",
            "smtp://127.0.0.1.example.com",
            "http://127.0.0.1",
            "smtps://u:5#p@mail.example.com",
            "smtps://u:5?p@mail.example.com",
        ] {
            assert!(check_relay(url).is_err(), "{url}");
        }
    }
}
