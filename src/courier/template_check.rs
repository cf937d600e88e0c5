//! Tries every template with sample values when they are loaded: a faulty file stops the start and not a sign-in.

use std::time::Duration;

use super::context::{
    AccountChanged, CHANGES, CodeMail, CodeText, ConfirmEmail, Lifetime, LockedOut, Notice, ResetPassword,
};
use super::message::Content;
use super::templates::{TemplateError, Templates, error};

const NAME: &str = "Ann Lee";
const LINK: &str = "https://login.example.com/page?token=c2FtcGxl&email=ann%40example.com";
const PAGE: &str = "https://login.example.com/page";
const NOT_ME: &str = "https://login.example.com/not-me/c2FtcGxl";
const CODE: &str = "048151";
const HOST: &str = "login.example.com";
const ADDRESS: &str = "192.0.2.1";

/// # Errors
/// For the first template that does not render or leaves out what it is for.
pub(super) fn check(templates: &Templates) -> Result<(), TemplateError> {
    let lifetime = Lifetime(Duration::from_hours(2));
    let link = templates.email("confirm_email", ConfirmEmail { name: NAME, link: LINK, lifetime })?;
    check_link("confirm_email", &link)?;
    let link = templates.email("reset_password", ResetPassword { name: NAME, link: LINK, lifetime })?;
    check_link("reset_password", &link)?;

    let locked = LockedOut { name: NAME, page: PAGE, lifetime };
    check_notice("locked_out", &templates.email("locked_out", locked)?)?;
    for name in [
        "registration_tried",
        "password_reset",
        "factor_disabled",
        "recovery_code_used",
        "few_recovery_codes",
    ] {
        check_notice(name, &templates.email(name, Notice { name: NAME, page: PAGE })?)?;
    }

    for change in CHANGES {
        let changed = AccountChanged { name: NAME, page: PAGE, change };
        check_notice("account_changed", &templates.email("account_changed", changed)?)?;
    }

    for purpose in ["sign_in", "confirm_phone"] {
        let (code, client_address, host) = (CODE, ADDRESS, HOST);
        let mail = CodeMail { name: NAME, code, purpose, minutes: 5, client_address, host, not_me: NOT_ME };
        check_code("code", &templates.email("code", mail)?)?;
        let text = templates.sms("code", CodeText { code, purpose, minutes: 5, client_address, host })?;
        let bound = format!("@{HOST} #{CODE}");
        demand(
            text.text.lines().last() == Some(&bound),
            "sms/code.txt",
            "must end with the line @{{ host }} #{{ code }}",
        )?;
    }
    Ok(())
}

fn check_link(name: &str, mail: &Content) -> Result<(), TemplateError> {
    check_subject(name, mail)?;
    let alone = mail.text.lines().any(|line| line == LINK);
    demand(alone, &format!("email/{name}.txt"), "must show the link on a line of its own")?;
    let linked = mail.html.contains(&LINK.replace('&', "&amp;"));
    demand(linked, &format!("email/{name}.html"), "must hold the link")
}

fn check_code(name: &str, mail: &Content) -> Result<(), TemplateError> {
    check_subject(name, mail)?;
    let alone = mail.text.lines().any(|line| line.trim() == CODE);
    demand(alone, &format!("email/{name}.txt"), "must show the code on a line of its own")?;
    demand(mail.html.contains(CODE), &format!("email/{name}.html"), "must show the code")
}

fn check_notice(name: &str, mail: &Content) -> Result<(), TemplateError> {
    check_subject(name, mail)?;
    for (ending, part) in [("txt", &mail.text), ("html", &mail.html)] {
        let file = format!("email/{name}.{ending}");
        demand(!part.contains("token="), &file, "must not hold a token")?;
        let digits = |line: &str| !line.trim().is_empty() && line.trim().bytes().all(|b| b.is_ascii_digit());
        demand(
            !part.lines().any(digits),
            &file,
            "must not hold a line of digits: it would look like a code",
        )?;
    }
    Ok(())
}

fn check_subject(name: &str, mail: &Content) -> Result<(), TemplateError> {
    demand(!mail.subject.is_empty(), &format!("email/{name}.subject"), "is empty")
}

fn demand(holds: bool, file: &str, reason: &str) -> Result<(), TemplateError> {
    if holds { Ok(()) } else { Err(error(file, reason)) }
}
