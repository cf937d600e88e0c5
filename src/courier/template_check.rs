//! Tries every template with sample values when they are loaded: a faulty file stops the start and not a sign-in.

use std::time::Duration;

use super::context::{
    AccountChanged, CHANGES, CodeMail, CodeText, ConfirmEmail, FactorDisabled, KINDS, Lifetime, LockedOut,
    Notice, ResetPassword,
};
use super::gsm7;
use super::language::Language;
use super::message::Content;
use super::templates::{TemplateError, Templates, error, file};

const NAME: &str = "Ann Lee";
const LINK: &str = "https://login.example.com/page?token=c2FtcGxl&email=ann%40example.com";
const PAGE: &str = "https://login.example.com/page";
const NOT_ME: &str = "https://login.example.com/not-me/c2FtcGxl";
/// As long as one can be, like how long it is good.
const CODE: &str = "0481516234";
const MINUTES: u64 = 1_440;
/// The longest that there is.
const ADDRESS: &str = "2001:0db8:85a3:1234:5678:8a2e:0370:7334";
const BROWSER: &str = "Firefox, Windows";

/// Mails that say nothing but what happened.
pub(super) const NOTICES: [&str; 4] =
    ["registration_tried", "password_reset", "recovery_code_used", "few_recovery_codes"];
/// What codes are for.
pub(super) const PURPOSES: [&str; 2] = ["sign_in", "confirm_phone"];

/// # Errors
/// For the first template that does not render or leaves out what it is for.
pub(super) fn check(templates: &Templates, host: &str) -> Result<(), TemplateError> {
    for language in Language::ALL {
        Check { templates, language, host }.all()?;
    }
    Ok(())
}

/// The templates of one language.
struct Check<'a> {
    templates: &'a Templates,
    language: Language,
    host: &'a str,
}

impl Check<'_> {
    fn all(&self) -> Result<(), TemplateError> {
        let (name, host, page) = (NAME, self.host, PAGE);
        let lifetime = Lifetime(Duration::from_hours(2), self.language);
        let confirm = ConfirmEmail { is_change: false, name, link: LINK, lifetime, host };
        self.link("confirm_email", &self.templates.email("confirm_email", self.language, confirm)?)?;
        let reset = ResetPassword { name, link: LINK, lifetime, host };
        self.link("reset_password", &self.templates.email("reset_password", self.language, reset)?)?;

        let locked = LockedOut { name, page, lifetime, host };
        self.notice("locked_out", &self.templates.email("locked_out", self.language, locked)?)?;
        for notice in NOTICES {
            let mail = self.templates.email(notice, self.language, Notice { name, page, host })?;
            self.notice(notice, &mail)?;
        }
        for kind in KINDS {
            let disabled = FactorDisabled { name, page, provider: "Sample", kind, host };
            self.notice(
                "factor_disabled",
                &self.templates.email("factor_disabled", self.language, disabled)?,
            )?;
        }
        for change in CHANGES {
            let changed = AccountChanged { name, page, change, host };
            self.notice(
                "account_changed",
                &self.templates.email("account_changed", self.language, changed)?,
            )?;
        }
        PURPOSES.into_iter().try_for_each(|purpose| self.codes(purpose))
    }

    fn codes(&self, purpose: &str) -> Result<(), TemplateError> {
        let (code, minutes, client_address, host) = (CODE, MINUTES, ADDRESS, self.host);
        let (client_browser, not_me) = (BROWSER, NOT_ME);
        let mail =
            CodeMail { name: NAME, code, purpose, minutes, client_address, client_browser, host, not_me };
        let mail = self.templates.email("code", self.language, mail)?;
        self.subject("code", &mail)?;
        let alone = mail.text.lines().any(|line| line.trim() == CODE);
        self.demand(alone, "code", "txt", "must show the code on a line of its own")?;
        self.demand(mail.html.contains(CODE), "code", "html", "must show the code")?;

        let text = CodeText { code, purpose, minutes, client_address, host };
        let text = self.templates.sms("code", self.language, text)?.text;
        let sms = |holds: bool, reason: &str| {
            if holds { Ok(()) } else { Err(error(&file("sms", self.language, "code", "txt"), reason)) }
        };
        let bound = format!("@{host} #{CODE}");
        sms(text.lines().last() == Some(&bound), "must end with the line @{{ host }} #{{ code }}")?;
        let fits = gsm7::septets(&text).is_some_and(|septets| septets <= gsm7::TWO_SEGMENTS);
        sms(
            fits,
            "must be at most 306 characters of the GSM 7-bit alphabet, with the host of public_url in them",
        )
    }

    fn link(&self, name: &str, mail: &Content) -> Result<(), TemplateError> {
        self.subject(name, mail)?;
        let alone = mail.text.lines().any(|line| line == LINK);
        self.demand(alone, name, "txt", "must show the link on a line of its own")?;
        let linked = mail.html.contains(&LINK.replace('&', "&amp;"));
        self.demand(linked, name, "html", "must hold the link")
    }

    fn notice(&self, name: &str, mail: &Content) -> Result<(), TemplateError> {
        self.subject(name, mail)?;
        for (ending, part) in [("txt", &mail.text), ("html", &mail.html)] {
            self.demand(!part.contains("token="), name, ending, "must not hold a token")?;
            let digits =
                |line: &str| !line.trim().is_empty() && line.trim().bytes().all(|b| b.is_ascii_digit());
            let reason = "must not hold a line of digits: it would look like a code";
            self.demand(!part.lines().any(digits), name, ending, reason)?;
        }
        Ok(())
    }

    fn subject(&self, name: &str, mail: &Content) -> Result<(), TemplateError> {
        self.demand(!mail.subject.is_empty(), name, "subject", "is empty")
    }

    fn demand(&self, holds: bool, name: &str, ending: &str, reason: &str) -> Result<(), TemplateError> {
        if holds { Ok(()) } else { Err(error(&file("email", self.language, name, ending), reason)) }
    }
}
