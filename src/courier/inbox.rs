//! The development inbox: catches what would have been sent, in memory, newest first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::gateway::{Delivery, DeliveryError, Gateway};
use super::message::Carrier;
use crate::clock::Timestamp;

/// How many messages are kept; the oldest make room.
const KEPT: usize = 500;

/// A caught message.
#[derive(Clone)]
pub struct Caught {
    /// Id of the message.
    pub id: Uuid,
    /// `email`, `sms` or `custom`.
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
    pub code: Option<String>,
    /// When it was queued.
    pub at: Timestamp,
}

/// The last 500 caught messages. Cheap to clone.
#[derive(Clone, Default)]
pub struct Inbox(Arc<Mutex<VecDeque<Caught>>>);

impl Inbox {
    /// An empty inbox.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every caught message, newest first.
    #[must_use]
    pub fn messages(&self) -> Vec<Caught> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// A gateway that catches in this inbox what `carrier` would have carried.
    #[must_use]
    pub fn gateway(&self, carrier: &Carrier) -> Arc<dyn Gateway> {
        let channel = match carrier {
            Carrier::Mail => "email",
            Carrier::Sms(_) => "sms",
            Carrier::Custom(_) => "custom",
        };
        Arc::new(Catcher { inbox: self.clone(), channel })
    }

    fn catch(&self, caught: Caught) {
        let mut messages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        messages.truncate(KEPT - 1);
        messages.push_front(caught);
    }
}

struct Catcher {
    inbox: Inbox,
    channel: &'static str,
}

#[async_trait]
impl Gateway for Catcher {
    async fn deliver(&self, delivery: &Delivery) -> Result<(), DeliveryError> {
        self.inbox.catch(Caught {
            id: delivery.id,
            channel: self.channel,
            to: delivery.to.clone(),
            subject: delivery.content.subject.clone(),
            text: delivery.content.text.clone(),
            html: delivery.content.html.clone(),
            code: delivery.code.clone(),
            at: delivery.queued_at,
        });
        Ok(())
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::courier::Content;

    fn delivery(to: &str) -> Delivery {
        let content = Content { subject: "s".to_owned(), text: "t".to_owned(), html: "h".to_owned() };
        let queued_at = Timestamp::from_millis(0);
        Delivery {
            id: Uuid::new_v4(),
            queued_at,
            expires_at: queued_at,
            to: to.to_owned(),
            content,
            code: Some("123456".to_owned()),
        }
    }

    #[actix::test]
    async fn the_newest_message_comes_first_and_the_oldest_make_room() {
        let inbox = Inbox::new();
        let texts = inbox.gateway(&Carrier::Sms("Sms".to_owned()));
        for n in 0..=KEPT {
            texts.deliver(&delivery(&n.to_string())).await.unwrap();
        }

        let messages = inbox.messages();

        assert_eq!(messages.len(), KEPT);
        assert_eq!(messages[0].to, KEPT.to_string());
        assert_eq!(messages[KEPT - 1].to, "1");
        assert_eq!(messages[0].channel, "sms");
    }

    #[actix::test]
    async fn mails_and_texts_share_one_inbox() {
        let inbox = Inbox::new();
        inbox.gateway(&Carrier::Mail).deliver(&delivery("a@example.com")).await.unwrap();
        inbox.gateway(&Carrier::Sms("Sms".to_owned())).deliver(&delivery("+4670")).await.unwrap();

        let channels: Vec<_> = inbox.messages().iter().map(|caught| caught.channel).collect();

        assert_eq!(channels, ["sms", "email"]);
    }
}
