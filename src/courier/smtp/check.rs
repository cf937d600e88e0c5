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
        connection.command(from).await.map_err(|error| match error.status() {
            Some(_) => format!("{}_sender", relay::code(&error)).into(),
            None => Unreachable::from(error),
        })?;
        // What follows is courtesy: the answer is known.
        let leave = async {
            let _ = connection.command(Rset).await;
            let _ = connection.quit().await;
        };
        let _ = tokio::time::timeout(PARTING, leave).await;
        Ok(())
    }
}

/// What is asked for where nobody answers.
const KEYS: &str = "host, port (465 for smtps://, 587 for ?tls=required)";

impl Unreachable {
    /// What happened, and what to do about it; `patience` is what has passed if that was too long.
    fn advice(&self, patience: Duration) -> String {
        if let Some(cause) = &self.cause {
            return cause.advice(KEYS);
        }
        let code = self.code.trim_start_matches("smtp_");
        let told = match code {
            "dns" => "the host's name is not found: check it, and the resolver of this machine",
            "timeout" => {
                return format!("no answer within {} ms: check {KEYS} and firewall", patience.as_millis());
            }
            "no_starttls" => "the relay offers no STARTTLS: use smtps:// (port 465), or another port",
            "no_auth" => {
                "the relay offers no AUTH PLAIN or LOGIN: take the user out of the URL, or use another port"
            }
            "no_utf8" => "the relay takes no address beyond ASCII: change mail.from",
            "not_loopback" => "the host is not on this machine: use ?tls=required or smtps://",
            "530_sender" => "the relay wants a sign-in (530): put user and password into the URL",
            _ => return Self::refusal(code),
        };
        told.to_owned()
    }

    /// What a status of the relay means.
    fn refusal(code: &str) -> String {
        match code.split_once('_') {
            Some((status, "auth")) => {
                format!(
                    "the relay refused user and password ({status}): check them, percent-encoded, in the URL"
                )
            }
            Some((status, "sender")) => {
                format!(
                    "the relay refused the sender ({status}): check mail.from, and what this user may send as"
                )
            }
            _ => format!("the conversation broke off ({code}): check {KEYS}"),
        }
    }
}
