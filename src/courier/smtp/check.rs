//! Whether a relay would take our mails: everything of a hand-over but recipient and mail.

use std::time::Duration;

use lettre::transport::smtp::commands::{Mail as MailFrom, Rset};

use super::super::checked::Checked;
use super::super::relay::{self, Unreachable};
use super::{PARTING, SmtpGateway, parameters};

impl SmtpGateway {
    /// Connects, signs in, names the sender and takes that back, within the time of one hand-over. No mail is sent.
    pub async fn check(&self) -> Checked {
        let place = self.relay.place();
        match tokio::time::timeout(self.timeout, self.rehearse()).await {
            Ok(Ok(())) => {
                let signed_in = if self.relay.signs_in() { "the sign-in and " } else { "" };
                let sender = &self.from.email;
                Checked::Sound(format!("{place} took {signed_in}the sender {sender}; no mail was sent"))
            }
            Ok(Err(failure)) => Checked::Broken(format!("{place}: {}", failure.advice(self.timeout / 3))),
            Err(_) => Checked::Broken(format!(
                "{place}: {}",
                Unreachable::from("smtp_timeout").advice(self.timeout)
            )),
        }
    }

    async fn rehearse(&self) -> Result<(), Unreachable> {
        let mut connection = self.relay.connect(self.timeout / 3).await?;
        let sender = self.from.email.clone();
        let parameters =
            parameters(&connection, !AsRef::<str>::as_ref(&sender).is_ascii()).ok_or("smtp_no_utf8")?;
        let from = MailFrom::new(Some(sender), parameters);
        connection
            .command(from)
            .await
            .map_err(|error| Unreachable::from(format!("{}_sender", relay::code(&error))))?;
        // What follows is courtesy: the answer is known.
        let leave = async {
            let _ = connection.command(Rset).await;
            let _ = connection.quit().await;
        };
        let _ = tokio::time::timeout(PARTING, leave).await;
        Ok(())
    }
}

impl Unreachable {
    /// What happened, and what to do about it.
    fn advice(&self, patience: Duration) -> String {
        if let Some(cause) = &self.cause {
            return format!(
                "no connection: {cause}; check host, port (465 for smtps://, 587 for ?tls=required) and firewall"
            );
        }
        let code = self.code.trim_start_matches("smtp_");
        if let Some(status) = code.strip_suffix("_auth") {
            return format!(
                "the relay refused user and password ({status}): check them, percent-encoded, in the URL"
            );
        }
        if let Some(status) = code.strip_suffix("_sender") {
            return match status {
                "530" => "the relay wants a sign-in (530): put user and password into the URL".to_owned(),
                _ => format!(
                    "the relay refused the sender ({status}): check mail.from, and what this user may send as"
                ),
            };
        }
        match code {
            "dns" => "the host's name is not found: check it, and the resolver of this machine".to_owned(),
            "timeout" => format!(
                "no answer within {} ms: check host, port (465 for smtps://, 587 for ?tls=required) and firewall",
                patience.as_millis()
            ),
            "no_starttls" => "the relay offers no STARTTLS: use smtps:// (port 465), or another port".to_owned(),
            "no_auth" => "the relay offers no AUTH PLAIN or LOGIN: take the user out of the URL, or use another port".to_owned(),
            "no_utf8" => "the relay takes no address beyond ASCII: change mail.from".to_owned(),
            "not_loopback" => "the host is not on this machine: use ?tls=required or smtps://".to_owned(),
            "connection" | "tls" => "the connection broke off: check host, port (465 for smtps://, 587 for ?tls=required) and firewall".to_owned(),
            status => format!("the relay does not want us now ({status})"),
        }
    }
}
