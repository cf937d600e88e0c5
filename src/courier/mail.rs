//! A mail as it goes over the wire (RFC 5322): addresses, headers, a text and an HTML part.

use std::time::{Duration, SystemTime};

use lettre::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use url::Host;

use super::gateway::Delivery;

/// A mail, ready for a relay.
pub(super) struct Mail {
    pub(super) from: Address,
    pub(super) to: Address,
    pub(super) bytes: Vec<u8>,
}

impl Mail {
    /// Whether a relay must speak SMTPUTF8 (RFC 6531) to take it.
    pub(super) fn needs_utf8(&self) -> bool {
        !self.bytes.is_ascii()
    }

    /// Writes `delivery` as a mail. The same delivery always gives the same mail.
    ///
    /// # Errors
    /// A stable code when it cannot be one: its address is none, or its subject has line breaks or control characters.
    pub(super) fn compose(from: &Mailbox, delivery: &Delivery) -> Result<Self, &'static str> {
        let to = address(&delivery.to).ok_or("mail_address")?;
        if delivery.content.subject.chars().any(char::is_control) {
            return Err("mail_subject");
        }
        let since_epoch = Duration::from_millis(u64::try_from(delivery.queued_at.millis()).unwrap_or(0));
        let parts = MultiPart::alternative()
            // No quoted-printable text holds "=_", and nobody knows the id beforehand.
            .boundary(format!("=_{}", delivery.id.simple()))
            .singlepart(SinglePart::plain(delivery.content.text.clone()))
            .singlepart(SinglePart::html(delivery.content.html.clone()));
        let message = Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(delivery.content.subject.clone())
            .date(SystemTime::UNIX_EPOCH + since_epoch)
            .message_id(Some(format!("<{}@{}>", delivery.id, from.email.domain())))
            // RFC 3834 section 5: no vacation notes, please.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .multipart(parts)
            .map_err(|_| "mail_compose")?;
        Ok(Self { from: from.email.clone(), to, bytes: message.formatted() })
    }
}

/// The sender of all mails, `Name <address>`.
pub(super) fn sender(text: &str) -> Result<Mailbox, String> {
    let wrong = || "expected a sender such as \"Name <address@example.com>\"".to_owned();
    if text.chars().any(char::is_control) {
        return Err(wrong());
    }
    let mailbox: Mailbox = text.parse().map_err(|_| wrong())?;
    let email = address(mailbox.email.as_ref()).ok_or_else(wrong)?;
    Ok(Mailbox::new(mailbox.name, email))
}

/// Checks an address and writes its domain in ASCII (RFC 5890), so that only its local part may need SMTPUTF8.
fn address(text: &str) -> Option<Address> {
    if text.chars().any(char::is_control) {
        return None;
    }
    let (local, domain) = text.rsplit_once('@')?;
    if domain.is_ascii() {
        return Address::new(local, domain).ok();
    }
    match Host::parse(domain).ok()? {
        Host::Domain(ascii) => Address::new(local, ascii).ok(),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::clock::Timestamp;
    use crate::courier::Content;

    fn delivery(to: &str, subject: &str) -> Delivery {
        let text = "Your code\n\n123456\n".to_owned();
        let content = Content { subject: subject.to_owned(), text, html: "<p>123456</p>".to_owned() };
        let queued_at = Timestamp::from_millis(1_800_000_000_000);
        let expires_at = queued_at.plus(Duration::from_mins(5));
        Delivery { id: Uuid::from_u128(7), queued_at, expires_at, to: to.to_owned(), content, code: None }
    }

    fn compose(to: &str, subject: &str) -> Result<Mail, &'static str> {
        Mail::compose(&sender("twostep <no-reply@example.com>").unwrap(), &delivery(to, subject))
    }

    #[test]
    fn a_repeat_is_the_same_mail_to_the_byte() {
        let first = compose("a@example.com", "Authentication token").unwrap();
        let second = compose("a@example.com", "Authentication token").unwrap();

        assert_eq!(first.bytes, second.bytes);
        let text = String::from_utf8(first.bytes).unwrap();
        assert!(
            text.contains("Message-ID: <00000000-0000-0000-0000-000000000007@example.com>\r\n"),
            "{text}"
        );
        assert!(text.contains("Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n"), "{text}");
        assert!(text.contains("Auto-Submitted: auto-generated\r\n"), "{text}");
        assert!(text.contains("\r\n123456\r\n"), "{text}");
    }

    #[test]
    fn no_header_can_be_slipped_in() {
        for to in [
            "a@example.com\r\nBcc: b@example.com",
            "a@example.com, b@example.com",
            "a b@example.com",
            "<a@example.com>",
        ] {
            assert_eq!(compose(to, "s").err(), Some("mail_address"), "{to}");
        }
        for subject in ["s\r\nBcc: b@example.com", "s\nX: y", "s\ry", "s\0"] {
            assert_eq!(compose("a@example.com", subject).err(), Some("mail_subject"), "{subject}");
        }
        assert!(sender("x\r\nBcc: b@example.com <a@example.com>").is_err());
        assert!(sender("nobody").is_err());
    }

    #[test]
    fn only_a_local_part_beyond_ascii_needs_smtputf8() {
        let domain = compose("a@bücher.example", "Grüße").unwrap();
        let local = compose("jürgen@example.com", "s").unwrap();

        assert_eq!(domain.to.as_ref() as &str, "a@xn--bcher-kva.example");
        assert!(!domain.needs_utf8());
        assert!(local.needs_utf8());
    }
}
