//! Codes by mail.

use async_trait::async_trait;

use super::{Account, Code, CodeContext, Destination, OtpProvider, ProviderError, ProviderKind};
use crate::courier::{Carrier, CodeMail, Language, Message, Templates};

/// Mails a code to the account's confirmed address.
pub struct EmailOtpProvider {
    templates: Templates,
    host: String,
}

impl EmailOtpProvider {
    /// A provider that words its mails by `email/code.*`. `host` is the one of `public_url`: it tells whose code it is.
    #[must_use]
    pub fn new(templates: Templates, host: &str) -> Self {
        Self { templates, host: host.to_owned() }
    }
}

#[async_trait]
impl OtpProvider for EmailOtpProvider {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Email
    }

    async fn valid_for(&self, account: &Account) -> Result<Option<Destination>, ProviderError> {
        Ok(destination(account))
    }

    async fn compose(
        &self,
        account: &Account,
        code: &Code,
        context: &CodeContext,
    ) -> Result<Message, ProviderError> {
        let wording = CodeMail {
            name: &account.name,
            code: code.expose(),
            purpose: context.purpose.as_str(),
            minutes: context.minutes,
            client_address: &context.client_address,
            client_browser: &context.client_browser,
            host: &self.host,
            not_me: context.not_me.as_deref().unwrap_or_default(),
        };
        let language = Language::of(account.locale.as_deref());
        let mail = self.templates.email("code", language, wording).map_err(ProviderError::failed)?;
        Ok(context.message(Carrier::Mail, mail, code))
    }
}

fn destination(account: &Account) -> Option<Destination> {
    account
        .email_confirmed
        .then(|| Destination { address: account.email.clone(), masked: masked(&account.email) })
}

/// `jane@example.com` as `j•••@example.com`: enough for its owner, and not even the length for others.
pub(super) fn masked(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let first = local.chars().next().map(String::from).unwrap_or_default();
    format!("{first}•••@{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::courier::Priority;
    use crate::otp::Purpose;
    use crate::otp::account::tests::jane;
    use crate::otp::provider::tests::context;

    #[tokio::test]
    async fn the_mail_goes_to_the_offered_address_and_tells_what_it_must() {
        let provider =
            EmailOtpProvider::new(Templates::load(None, "login.example.com").unwrap(), "login.example.com");
        let code = Code::new("042917".to_owned());
        // Not the account's: the code is bound to what was offered.
        let context = context("offered@example.com");

        let message = provider.compose(&jane(), &code, &context).await.ok().unwrap();

        assert_eq!(message.carrier, Carrier::Mail);
        assert_eq!(message.to, "offered@example.com");
        assert_eq!(message.priority, Priority::Code);
        assert_eq!(message.expires_at, context.expires_at);
        assert_eq!(message.code.as_deref(), Some("042917"));
        assert_eq!(message.content.subject, "Authentication token");
        assert!(message.content.text.lines().any(|line| line == "042917"));
        for told in [
            "Jane Doe",
            "sign in",
            "login.example.com",
            "5 minutes",
            "192.0.2.1",
            "Firefox, Linux",
            "https://login.example.com/not-me/c2FtcGxl",
        ] {
            assert!(message.content.text.contains(told), "{told}");
            assert!(message.content.html.contains(told), "{told}");
        }
    }

    #[tokio::test]
    async fn the_mail_names_another_purpose() {
        let provider =
            EmailOtpProvider::new(Templates::load(None, "login.example.com").unwrap(), "login.example.com");
        let purpose = Purpose::ConfirmPhone;
        let context = CodeContext { purpose, not_me: None, ..context("jane@example.com") };

        let message = provider.compose(&jane(), &Code::draw(6), &context).await.ok().unwrap();

        assert!(message.content.text.contains("confirm your phone number"));
        assert!(!message.content.text.contains("sign in"));
        assert!(!message.content.text.contains("not-me"));
    }

    #[tokio::test]
    async fn the_mail_is_in_the_language_of_its_reader() {
        let provider =
            EmailOtpProvider::new(Templates::load(None, "login.example.com").unwrap(), "login.example.com");
        let austrian = Account { locale: Some("de-AT".to_owned()), ..jane() };

        let message = provider.compose(&austrian, &Code::draw(6), &context("jane@example.com")).await;

        let content = message.ok().unwrap().content;
        assert_eq!(content.subject, "Ihr Code zum Anmelden");
        assert!(content.text.starts_with("Guten Tag Jane Doe,"), "{}", content.text);
    }

    #[test]
    fn only_a_confirmed_address_is_offered_and_shown_masked() {
        let confirmed = Account { email_confirmed: true, ..jane() };
        let unconfirmed = Account { email_confirmed: false, ..jane() };

        let offered = destination(&confirmed).unwrap();

        assert_eq!(offered.address, "jane@example.com");
        assert_eq!(offered.masked, "j•••@example.com");
        assert_eq!(destination(&unconfirmed), None);
    }

    #[test]
    fn masks_survive_odd_addresses() {
        assert_eq!(masked("é@example.com"), "é•••@example.com");
        assert_eq!(masked("\"a@b\"@example.com"), "\"•••@example.com");
        assert_eq!(masked("nonsense"), "n•••@");
        assert_eq!(masked(""), "•••@");
    }

    proptest::proptest! {
        #[test]
        fn a_masked_address_tells_one_character_of_its_owner(local in "[a-z0-9.+é]{2,30}", domain in "[a-z]{1,10}\\.com") {
            let masked = masked(&format!("{local}@{domain}"));
            let first = local.chars().next().unwrap();
            proptest::prop_assert_eq!(masked, format!("{first}•••@{domain}"));
        }

        #[test]
        fn nothing_that_is_masked_panics(text in "\\PC{0,40}") {
            let _ = masked(&text);
        }
    }
}
