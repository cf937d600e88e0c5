//! A message that was stored, on its way to the lane that carries it.

use std::fmt;

use uuid::Uuid;

use super::gateway::Delivery;
use super::message::Message;
use super::store::Parcel;
use crate::clock::Timestamp;

/// Proof that a message was stored; give it to [`Courier::wake`](super::Courier::wake) after the commit.
pub struct Queued {
    /// Id of the row in `messages`.
    pub id: Uuid,
    pub(super) at: Timestamp,
    /// Kept so that the row need not be read and opened again in this process.
    pub(super) message: Box<Message>,
}

impl fmt::Debug for Queued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Queued({})", self.id)
    }
}

impl From<Queued> for Parcel {
    fn from(queued: Queued) -> Self {
        let Message { to, content, code, expires_at, .. } = *queued.message;
        let delivery = Delivery { id: queued.id, queued_at: queued.at, expires_at, to, content, code };
        Self { delivery, attempts: 1, doubted: false }
    }
}
