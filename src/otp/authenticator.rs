//! Codes that an authenticator app computes.

use async_trait::async_trait;

use super::totp::{Match, SharedSecret};
use super::{Account, Code, Destination, OtpProvider, ProviderError, ProviderKind};
use crate::clock::Timestamp;

/// Offers whoever has enrolled an app, sends nothing, and checks what the app computes (RFC 6238).
pub struct AuthenticatorOtpProvider;

#[async_trait]
impl OtpProvider for AuthenticatorOtpProvider {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Authenticator
    }

    async fn valid_for(&self, account: &Account) -> Result<Option<Destination>, ProviderError> {
        Ok(account.has_authenticator.then(Destination::nowhere))
    }

    async fn check(
        &self,
        _account: &Account,
        secret: &SharedSecret,
        code: &Code,
        now: Timestamp,
    ) -> Result<Match, ProviderError> {
        Ok(secret.judge(code, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otp::account::tests::jane;

    #[tokio::test]
    async fn who_has_enrolled_an_app_is_offered_it() {
        let enrolled = Account { has_authenticator: true, ..jane() };

        let offered = AuthenticatorOtpProvider.valid_for(&enrolled).await.unwrap();

        assert_eq!(offered, Some(Destination::nowhere()));
        assert_eq!(AuthenticatorOtpProvider.valid_for(&jane()).await.unwrap(), None);
    }
}
