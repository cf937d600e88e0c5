//! Codes by text.

use async_trait::async_trait;

use super::{Account, Code, CodeContext, Destination, OtpProvider, PhoneNumber, ProviderError, ProviderKind};
use crate::courier::{Carrier, CodeText, Language, Message, Templates};

/// Texts a code to the account's confirmed phone number; the courier carries it by the gateway of the same name.
pub struct SmsOtpProvider {
    name: String,
    templates: Templates,
    host: String,
    allowed_countries: Vec<String>,
}

impl SmsOtpProvider {
    /// The provider `name`, which words its texts by `sms/code.txt`. `host` is the one of `public_url`: the last line of a text binds the code to it.
    #[must_use]
    pub fn new(name: &str, templates: Templates, host: &str) -> Self {
        Self { name: name.to_owned(), templates, host: host.to_owned(), allowed_countries: Vec::new() }
    }

    /// Sends to numbers of these countries only (ISO 3166-1 alpha-2); none: to every one.
    #[must_use]
    pub fn only_to(mut self, countries: &[String]) -> Self {
        self.allowed_countries = countries.to_vec();
        self
    }

    fn destination(&self, account: &Account) -> Option<Destination> {
        let number = account.confirmed_phone.as_ref()?;
        self.may_text(number).then(|| Destination { address: number.clone(), masked: masked(number) })
    }

    /// Whether the number is of an allowed country. Where every one is, it is not read again: what is stored was read, and
    /// held against premium ranges, when it was given; and reading costs ten megabytes of patterns at the first time.
    fn may_text(&self, number: &str) -> bool {
        if self.allowed_countries.is_empty() {
            return true;
        }
        let is_allowed =
            |country: &str| self.allowed_countries.iter().any(|one| one.eq_ignore_ascii_case(country));
        PhoneNumber::parse(number).is_ok_and(|number| number.country().is_some_and(is_allowed))
    }
}

#[async_trait]
impl OtpProvider for SmsOtpProvider {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Sms
    }

    async fn valid_for(&self, account: &Account) -> Result<Option<Destination>, ProviderError> {
        Ok(self.destination(account))
    }

    async fn compose(
        &self,
        account: &Account,
        code: &Code,
        context: &CodeContext,
    ) -> Result<Message, ProviderError> {
        let wording = CodeText {
            code: code.expose(),
            purpose: context.purpose.as_str(),
            minutes: context.minutes,
            client_address: &context.client_address,
            host: &self.host,
        };
        let language = Language::of(account.locale.as_deref());
        let text = self.templates.sms("code", language, wording).map_err(ProviderError::failed)?;
        Ok(context.message(Carrier::Sms(self.name.clone()), text, code))
    }
}

/// `+4915112345667` as `•••• 67`.
pub(super) fn masked(number: &str) -> String {
    let tail = number.char_indices().nth_back(1).and_then(|(at, _)| number.get(at..));
    format!("•••• {}", tail.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::courier::Priority;
    use crate::otp::account::tests::jane;
    use crate::otp::provider::tests::context;

    #[tokio::test]
    async fn the_text_is_carried_by_its_own_gateway_and_ends_with_the_bound_code() {
        let provider = SmsOtpProvider::new(
            "Text",
            Templates::load(None, "login.example.com").unwrap(),
            "login.example.com",
        );
        let code = Code::new("042917".to_owned());
        let context = context("+4915112345667");

        let message = provider.compose(&jane(), &code, &context).await.ok().unwrap();

        assert_eq!(message.carrier, Carrier::Sms("Text".to_owned()));
        assert_eq!(message.to, "+4915112345667");
        assert_eq!(message.priority, Priority::Code);
        assert_eq!(message.expires_at, context.expires_at);
        assert_eq!(message.code.as_deref(), Some("042917"));
        assert_eq!(message.content.text.lines().last(), Some("@login.example.com #042917"));
        assert!(message.content.text.starts_with("042917 is your code to sign in, good for 5 minutes."));
        assert!(message.content.html.is_empty() && message.content.subject.is_empty());
    }

    #[tokio::test]
    async fn the_text_is_in_the_language_of_its_reader() {
        let german = Account { locale: Some("de".to_owned()), ..jane() };
        let code = Code::new("042917".to_owned());

        let message = provider().compose(&german, &code, &context("+4915112345667")).await.ok().unwrap();

        let text = message.content.text;
        assert!(text.starts_with("042917 ist Ihr Code, um sich anzumelden. Er gilt 5 Minuten."), "{text}");
        assert!(text.ends_with("\n@login.example.com #042917"), "{text}");
    }

    #[test]
    fn only_a_confirmed_number_is_offered_and_shown_masked() {
        let with_phone = Account { confirmed_phone: Some("+4915112345667".to_owned()), ..jane() };
        let without = Account { confirmed_phone: None, ..jane() };

        let provider = provider();

        let offered = provider.destination(&with_phone).unwrap();

        assert_eq!(offered.address, "+4915112345667");
        assert_eq!(offered.masked, "•••• 67");
        assert_eq!(provider.destination(&without), None);
    }

    fn provider() -> SmsOtpProvider {
        SmsOtpProvider::new("Text", Templates::load(None, "login.example.com").unwrap(), "login.example.com")
    }

    #[test]
    fn numbers_of_other_countries_and_premium_ones_are_not_offered() {
        let at = |number: &str| Account { confirmed_phone: Some(number.to_owned()), ..jane() };
        let german = provider().only_to(&["de".to_owned(), "AT".to_owned()]);

        assert!(german.destination(&at("+4915112345667")).is_some());
        assert!(german.destination(&at("+436641234567")).is_some());
        assert!(german.destination(&at("+12025550123")).is_none());
        assert!(provider().destination(&at("+12025550123")).is_some());
        assert!(german.destination(&at("+499001234567")).is_none());
    }

    #[test]
    fn a_number_too_short_to_hide_anything_is_not_shown() {
        assert_eq!(masked("7"), "•••• ");
    }

    proptest::proptest! {
        #[test]
        fn a_masked_number_tells_two_digits_at_most(number in "\\PC{0,20}") {
            let masked = masked(&number);
            proptest::prop_assert!(masked.chars().count() <= 7);
            proptest::prop_assert!(masked.starts_with("•••• "));
        }
    }
}
