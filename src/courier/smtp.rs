//! The mail relay, by lettre.
//!
//! The connections are kept here and not in lettre's pool: that one takes back the connection of a hand-over that was cut
//! off half-way. Here a connection is given back only after a whole mail, and dropped with everything else.

mod check;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lettre::message::Mailbox;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};
use secrecy::SecretString;
use tokio::time::Instant;

use super::gateway::{Delivery, DeliveryError, Gateway};
use super::mail::{self, Mail};
use super::relay::{self, Relay};

/// How long a connection is kept for the next mail.
const IDLE: Duration = Duration::from_secs(5);
/// How long a relay gets to answer our goodbye.
const PARTING: Duration = Duration::from_secs(1);
/// How many mails one connection carries; relays dislike endless ones.
const MAILS_PER_CONNECTION: u32 = 50;

/// Hands mails to an SMTP relay (RFC 5321).
pub struct SmtpGateway {
    relay: Relay,
    from: Mailbox,
    timeout: Duration,
    kept: Arc<Mutex<Kept>>,
}

/// Connections that wait for the next mail.
#[derive(Default)]
struct Kept {
    connections: Vec<Connection>,
    /// Whether a task is there that closes the old ones.
    watched: bool,
}

struct Connection {
    inner: AsyncSmtpConnection,
    mails: u32,
    idle_since: Instant,
}

/// Why a mail was not taken over a connection.
enum Failure {
    /// The relay hung up before it heard of the mail: a kept connection was too old.
    Stale(String),
    /// Everything else.
    Final(DeliveryError),
}

impl SmtpGateway {
    /// A gateway to the relay at `url` (`smtp://user:pass@host:587?tls=required`, `smtps://…`, `smtp://127.0.0.1:2525`)
    /// that sends as `from` and gives up a hand-over, all commands together, after `timeout`.
    ///
    /// # Errors
    /// Tells what is wrong with `url` or `from`; never the password.
    pub fn new(url: &SecretString, from: &str, timeout: Duration) -> Result<Self, String> {
        Ok(Self { relay: Relay::parse(url)?, from: mail::sender(from)?, timeout, kept: Arc::default() })
    }

    /// Trusts the root certificates in `pem` beside the public ones: for a relay with a certificate of its own.
    ///
    /// # Errors
    /// When `pem` holds no usable certificate.
    pub fn trusting(mut self, pem: &[u8]) -> Result<Self, String> {
        self.relay.trust(pem)?;
        Ok(self)
    }

    async fn hand_over(&self, mail: &Mail) -> Result<(), DeliveryError> {
        if let Some(kept) = self.take_kept() {
            match self.send(kept, mail).await {
                Err(Failure::Stale(_)) => {}
                Err(Failure::Final(error)) => return Err(error),
                Ok(()) => return Ok(()),
            }
        }
        // A third of the time for each address: one that is dead leaves time for the next.
        let inner = self.relay.connect(self.timeout / 3).await;
        let inner = inner.map_err(|failure| DeliveryError::Down(failure.code))?;
        let fresh = Connection { inner, mails: 0, idle_since: Instant::now() };
        match self.send(fresh, mail).await {
            Ok(()) => Ok(()),
            Err(Failure::Stale(code)) => Err(DeliveryError::Down(code)),
            Err(Failure::Final(error)) => Err(error),
        }
    }

    async fn send(&self, mut connection: Connection, mail: &Mail) -> Result<(), Failure> {
        let relay = &mut connection.inner;
        let Some(parameters) = parameters(relay, mail.needs_utf8()) else {
            return Err(Failure::Final(DeliveryError::Permanent("smtp_no_utf8".to_owned())));
        };
        if let Err(error) = relay.command(MailFrom::new(Some(mail.from.clone()), parameters)).await {
            let hung_up = error.status().is_none_or(|status| u16::from(status) == 421);
            return Err(if hung_up { Failure::Stale(relay::code(&error)) } else { refused(&error) });
        }
        relay.command(Rcpt::new(mail.to.clone(), Vec::new())).await.map_err(|error| refused(&error))?;
        relay.command(Data).await.map_err(|error| refused(&error))?;
        relay.message(&mail.bytes).await.map_err(|error| refused(&error))?;
        self.keep(connection);
        Ok(())
    }

    fn take_kept(&self) -> Option<Connection> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.connections.pop_if(|connection| connection.idle_since.elapsed() < IDLE)
    }

    fn keep(&self, mut connection: Connection) {
        connection.mails += 1;
        if connection.mails >= MAILS_PER_CONNECTION {
            return;
        }
        connection.idle_since = Instant::now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.connections.push(connection);
        if !std::mem::replace(&mut kept.watched, true) {
            tokio::spawn(close_old(Arc::clone(&self.kept)));
        }
    }
}

/// Closes what nobody used for [`IDLE`], until none is left.
async fn close_old(kept: Arc<Mutex<Kept>>) {
    let mut watched = true;
    while watched {
        tokio::time::sleep(IDLE).await;
        let old: Vec<_> = {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            let is_old = |connection: &mut Connection| connection.idle_since.elapsed() >= IDLE;
            let old = kept.connections.extract_if(.., is_old).collect();
            watched = !kept.connections.is_empty();
            kept.watched = watched;
            old
        };
        for mut connection in old {
            // Out of courtesy; the connection is closed in any case.
            let _ = tokio::time::timeout(PARTING, connection.inner.quit()).await;
        }
    }
}

/// What MAIL FROM says beside the sender; `None` if the relay takes nothing beyond ASCII.
fn parameters(relay: &AsyncSmtpConnection, needs_utf8: bool) -> Option<Vec<MailParameter>> {
    if !needs_utf8 {
        return Some(Vec::new());
    }
    let utf8 = vec![MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)];
    relay.server_info().supports_feature(Extension::SmtpUtfEight).then_some(utf8)
}

/// A 5xx of the relay to this mail is for good, a 4xx may pass; a relay that breaks off is out of order. A mail that got through
/// nevertheless and comes again has the same `Message-ID`, so no doubt is kept of it.
fn refused(error: &lettre::transport::smtp::Error) -> Failure {
    let code = relay::code(error);
    Failure::Final(match error.status() {
        Some(_) if error.is_permanent() => DeliveryError::Permanent(code),
        Some(status) if u16::from(status) != 421 => DeliveryError::Transient(code),
        Some(_) | None => DeliveryError::Down(code),
    })
}

#[async_trait]
impl Gateway for SmtpGateway {
    async fn deliver(&self, delivery: &Delivery) -> Result<(), DeliveryError> {
        let mail =
            Mail::compose(&self.from, delivery).map_err(|code| DeliveryError::Permanent(code.to_owned()))?;
        match tokio::time::timeout(self.timeout, self.hand_over(&mail)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(DeliveryError::Down("smtp_timeout".to_owned())),
        }
    }

    fn deadline(&self) -> Duration {
        self.timeout
    }
}
