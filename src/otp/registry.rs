//! Providers by configured name.

use super::{Account, Code, CodeContext, Offer, OtpProvider, ProviderError};
use crate::courier::Message;

/// Collects providers before the server starts.
#[derive(Default)]
pub struct RegistryBuilder {}

impl RegistryBuilder {
    /// Registers `provider` under `name`; the order of calls is the order of offers. A name that is registered already gets the new provider in its old place.
    #[must_use]
    pub fn register(self, name: &str, provider: impl OtpProvider) -> Self {
        todo!()
    }

    /// Starts an actor per provider.
    #[must_use]
    pub fn start(self) -> ProviderRegistry {
        todo!()
    }
}

/// The running providers. Cheap to clone.
#[derive(Clone)]
pub struct ProviderRegistry {}

impl ProviderRegistry {
    /// Asks every provider's actor, in order, whether it is valid for `account`: what ASP.NET's `GetValidTwoFactorProvidersAsync` does.
    ///
    /// # Errors
    /// [`ProviderError`] when no provider could answer; one that fails while others answer is left out and logged.
    pub async fn valid_providers(&self, account: &Account) -> Result<Vec<Offer>, ProviderError> {
        todo!()
    }

    /// Lets the provider `name` compose the message that carries `code`.
    ///
    /// # Errors
    /// As [`OtpProvider::compose`], and [`ProviderError::Busy`] for a full or dead actor.
    pub async fn compose(
        &self,
        name: &str,
        account: &Account,
        code: &Code,
        context: &CodeContext,
    ) -> Result<Message, ProviderError> {
        todo!()
    }

    /// Names of the providers of one kind.
    #[must_use]
    pub fn names_of(&self, kind: super::ProviderKind) -> Vec<String> {
        todo!()
    }

    /// Every provider's name and whether its actor answers.
    #[must_use]
    pub fn health(&self) -> Vec<(String, bool)> {
        todo!()
    }
}
