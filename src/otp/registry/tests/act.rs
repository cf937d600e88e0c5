//! A provider that does what a test wants.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use tokio::sync::Notify;

use crate::courier::{Carrier, Content, Message, Priority};
use crate::otp::{
    Account, Code, CodeContext, Destination, OtpProvider, ProviderError, ProviderKind, async_trait,
};

/// What a made-up provider does when it is asked.
#[derive(Clone)]
pub(super) enum Act {
    Offer,
    Decline,
    Fail,
    Panic,
    /// Panics once, then offers.
    PanicOnce(Arc<AtomicBool>),
    /// Offers when it is told to.
    Wait(Arc<Notify>),
    Hang,
    /// Holds its thread until the sender is dropped.
    Block(Arc<Mutex<mpsc::Receiver<()>>>),
    /// Tells when it is dropped.
    Tell(#[expect(dead_code, reason = "its drop is what tells")] mpsc::Sender<()>),
}

#[async_trait]
impl OtpProvider for Act {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Custom
    }

    async fn valid_for(&self, account: &Account) -> Result<Option<Destination>, ProviderError> {
        match self {
            Self::Offer | Self::Tell(_) => {}
            Self::Decline => return Ok(None),
            Self::Fail => return Err(ProviderError::failed("no luck")),
            Self::Panic => panic!("on purpose"),
            Self::PanicOnce(done) => assert!(done.swap(true, Ordering::SeqCst), "on purpose"),
            Self::Wait(told) => told.notified().await,
            Self::Hang => std::future::pending().await,
            Self::Block(until) => drop(until.lock().unwrap().recv()),
        }
        Ok(Some(Destination { address: account.email.clone(), masked: "•••".to_owned() }))
    }

    async fn compose(
        &self,
        _: &Account,
        code: &Code,
        context: &CodeContext,
    ) -> Result<Message, ProviderError> {
        if !matches!(self, Self::Offer) {
            return Err(ProviderError::Unsupported(String::new()));
        }
        Ok(Message {
            carrier: Carrier::Mail,
            to: context.destination.clone(),
            content: Content { subject: String::new(), text: code.expose().to_owned(), html: String::new() },
            code: Some(code.expose().to_owned()),
            priority: Priority::Code,
            expires_at: context.expires_at,
        })
    }
}
