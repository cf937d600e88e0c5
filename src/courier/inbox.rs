//! The development inbox: catches what would have been sent, in memory, newest first.

use serde::Serialize;
use uuid::Uuid;

use crate::clock::Timestamp;

/// A caught message, as `/dev/inbox.json` shows it.
#[derive(Clone, Serialize)]
pub struct Caught {
    /// Id of the message.
    pub id: Uuid,
    /// `email` or `sms`.
    pub channel: &'static str,
    /// Mail address or number.
    pub to: String,
    /// Subject line; empty for texts.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML; empty for texts.
    pub html: String,
    /// The code in it, if it carries one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// When it was caught.
    pub at: Timestamp,
}

/// The last few hundred caught messages. Cheap to clone.
#[derive(Clone)]
pub struct Inbox {}

impl Inbox {
    /// Every caught message, newest first.
    #[must_use]
    pub fn messages(&self) -> Vec<Caught> {
        todo!()
    }
}
