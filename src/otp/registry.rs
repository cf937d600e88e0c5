//! Providers by configured name.

use std::sync::Arc;

use futures_util::future::join_all;
use log::warn;

use super::actor::{Bounds, Check, Compose, ValidFor};
use super::seat::Seat;
use super::{
    Account, Code, CodeContext, Match, Offer, OtpProvider, ProviderError, ProviderKind, SharedSecret,
};
use crate::clock::Timestamp;
use crate::courier::Message;

/// Collects providers before the server starts.
#[derive(Default)]
pub struct RegistryBuilder {
    providers: Vec<(String, Arc<dyn OtpProvider>)>,
    bounds: Bounds,
}

impl RegistryBuilder {
    /// Registers `provider` under `name`; the order of calls is the order of offers. A name that is registered already gets the new provider in its old place.
    #[must_use]
    pub fn register(mut self, name: &str, provider: impl OtpProvider) -> Self {
        self.put(name, Arc::new(provider));
        self
    }

    /// Puts the providers of `others` over these, as if they were registered one by one; those whose name `is_off` are left out.
    #[must_use]
    pub fn overlay(mut self, others: &Self, is_off: impl Fn(&str) -> bool) -> Self {
        for (name, provider) in others.providers.iter().filter(|(name, _)| !is_off(name)) {
            self.put(name, Arc::clone(provider));
        }
        self
    }

    fn put(&mut self, name: &str, provider: Arc<dyn OtpProvider>) {
        match self.providers.iter_mut().find(|(taken, _)| taken == name) {
            Some((_, old)) => *old = provider,
            None => self.providers.push((name.to_owned(), provider)),
        }
    }

    /// The registered names, in the order of offers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.providers.iter().map(|(name, _)| name.as_str())
    }

    /// Starts an actor per provider, each in its own arbiter.
    ///
    /// # Panics
    /// Outside an actix system, or when a thread cannot be started.
    #[must_use]
    pub fn start(self) -> ProviderRegistry {
        let bounds = self.bounds;
        let start = |(name, provider): (String, _)| Seat::start(&name, provider, bounds);
        ProviderRegistry(self.providers.into_iter().map(start).collect())
    }
}

/// The running providers. Cheap to clone, usable from any thread with a tokio runtime; the last clone that is dropped
/// ends their arbiters.
#[derive(Clone)]
pub struct ProviderRegistry(Arc<[Seat]>);

impl ProviderRegistry {
    /// Asks every provider's actor whether it is valid for `account`: what ASP.NET's `GetValidTwoFactorProvidersAsync`
    /// does. All are asked at once; the offers come in configured order.
    ///
    /// # Errors
    /// [`ProviderError`] when there is nothing to offer and a provider could not answer; one that fails while another
    /// makes an offer is left out and logged.
    pub async fn valid_providers(&self, account: &Account) -> Result<Vec<Offer>, ProviderError> {
        let answers = join_all(self.0.iter().map(|seat| offer(seat, account))).await;
        let mut offers = Vec::with_capacity(answers.len());
        let mut failure = None;
        for answer in answers {
            match answer {
                Ok(offer) => offers.extend(offer),
                Err(error) => {
                    warn!(error:% = error; "a provider could not tell whether it is valid");
                    failure = Some(error);
                }
            }
        }
        match failure {
            Some(error) if offers.is_empty() => Err(error),
            _ => Ok(offers),
        }
    }

    /// Lets the provider `name` compose the message that carries `code`.
    ///
    /// # Errors
    /// As [`OtpProvider::compose`], [`ProviderError::Busy`] for a full or dead actor, and [`ProviderError::Unsupported`]
    /// for a name that is not registered.
    pub async fn compose(
        &self,
        name: &str,
        account: &Account,
        code: &Code,
        context: &CodeContext,
    ) -> Result<Message, ProviderError> {
        let seat = self.seat(name)?;
        let (account, code, context) = (account.clone(), code.clone(), context.clone());
        seat.ask(|place| Compose { account, code, context, place }).await
    }

    /// Lets the provider `name` say what a computed code is.
    ///
    /// # Errors
    /// As [`OtpProvider::check`], [`ProviderError::Busy`] for a full or dead actor, and [`ProviderError::Unsupported`]
    /// for a name that is not registered.
    pub async fn check(
        &self,
        name: &str,
        account: &Account,
        secret: &SharedSecret,
        code: &Code,
        now: Timestamp,
    ) -> Result<Match, ProviderError> {
        let seat = self.seat(name)?;
        let (account, secret, code) = (account.clone(), secret.clone(), code.clone());
        seat.ask(|place| Check { account, secret, code, now, place }).await
    }

    /// The kind of the provider `name`; `None` if it is not registered.
    #[must_use]
    pub fn kind_of(&self, name: &str) -> Option<ProviderKind> {
        self.0.iter().find(|seat| seat.name() == name).map(Seat::kind)
    }

    fn seat(&self, name: &str) -> Result<&Seat, ProviderError> {
        let seat = self.0.iter().find(|seat| seat.name() == name);
        seat.ok_or_else(|| ProviderError::Unsupported(name.to_owned()))
    }

    /// Names of the providers of one kind, in order.
    #[must_use]
    pub fn names_of(&self, kind: ProviderKind) -> Vec<String> {
        self.0.iter().filter(|seat| seat.kind() == kind).map(|seat| seat.name().to_owned()).collect()
    }

    /// Every provider's name and kind, in order.
    #[must_use]
    pub fn enabled(&self) -> Vec<(String, ProviderKind)> {
        self.0.iter().map(|seat| (seat.name().to_owned(), seat.kind())).collect()
    }

    /// Every provider's name and whether its actor answers: it lives, and was in time when last asked.
    #[must_use]
    pub fn health(&self) -> Vec<(String, bool)> {
        self.0.iter().map(|seat| (seat.name().to_owned(), seat.is_well())).collect()
    }

    /// Ends the arbiters at once, whoever still holds a clone; what is asked later is answered with
    /// [`ProviderError::Busy`]. May be called from any thread.
    pub fn stop(&self) {
        self.0.iter().for_each(Seat::stop);
    }
}

async fn offer(seat: &Seat, account: &Account) -> Result<Option<Offer>, ProviderError> {
    let account = account.clone();
    let destination = seat.ask(|place| ValidFor(account, place)).await?;
    Ok(destination.map(|destination| Offer {
        provider: seat.name().to_owned(),
        kind: seat.kind(),
        destination,
    }))
}

#[cfg(test)]
mod tests;
