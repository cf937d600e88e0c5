//! What takes a message out of the house.

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::message::Content;
use crate::clock::Timestamp;

/// A message as a gateway gets it.
pub struct Delivery {
    /// Id of the queued message: a repeat has the same (`Message-ID` of a mail).
    pub id: Uuid,
    /// When it was queued: a repeat has the same (`Date` of a mail).
    pub queued_at: Timestamp,
    /// From when on it is worth nothing any more.
    pub expires_at: Timestamp,
    /// Mail address or E.164 number.
    pub to: String,
    /// What it says.
    pub content: Content,
    /// The code in it, for the development inbox only.
    pub code: Option<String>,
}

/// Why a gateway did not take a message. Holds a stable code and never the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// It will never take this message.
    #[error("refused for good: {0}")]
    Permanent(String),
    /// It works, but takes this message only later.
    #[error("not taken now: {0}")]
    Transient(String),
    /// It does not work now, and has not got the message. Many in a row open its breaker.
    #[error("out of order: {0}")]
    Down(String),
    /// It will take nothing as it is configured: the message has failed, and somebody must act.
    #[error("refuses how it is configured: {0}")]
    Misconfigured(String),
    /// It may have got the message: a repeat may arrive twice. Counts as [`DeliveryError::Down`] for the breaker.
    #[error("taken or not, nobody knows: {0}")]
    Unknown(String),
}

/// A mail relay, an SMS vendor, the development inbox.
#[async_trait]
pub trait Gateway: Send + Sync + 'static {
    /// Hands one message over, within [`Gateway::deadline`]; the courier drops a hand-over that is still not done a second later.
    ///
    /// # Errors
    /// [`DeliveryError`] when the message was not taken, or it is not known whether it was.
    async fn deliver(&self, delivery: &Delivery) -> Result<(), DeliveryError>;

    /// How long one hand-over takes at most; a lease is a little longer.
    fn deadline(&self) -> Duration;
}
