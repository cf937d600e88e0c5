use std::time::Duration;

use super::*;
use crate::courier::template_check::{NOTICES, PURPOSES};
use crate::courier::{
    AccountChanged, CHANGES, CodeMail, CodeText, ConfirmEmail, FactorDisabled, KINDS, Lifetime, LockedOut,
    Notice, ResetPassword, gsm7,
};

const LINK: &str = "http://localhost:4200/confirm?lang=en&token=a%2Bb&email=a%40example.com";
const PAGE: &str = "http://localhost:4200/authentication/forgotpassword";
const NOT_ME: &str = "https://login.example.com/not-me/c2FtcGxl";
const HOST: &str = "login.example.com";

fn built_in() -> Templates {
    Templates::load(None, HOST).unwrap()
}

fn code_mail(name: &str) -> CodeMail<'_> {
    CodeMail {
        name,
        code: "012345",
        purpose: "sign_in",
        minutes: 5,
        client_address: "192.0.2.7",
        client_browser: "Firefox, Windows",
        host: HOST,
        not_me: NOT_ME,
    }
}

fn lifetime(language: Language) -> Lifetime {
    Lifetime(Duration::from_hours(2), language)
}

fn overridden(files: &[(&str, &str)]) -> Result<Templates, TemplateError> {
    let dir = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let path = dir.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    Templates::load(Some(dir.path()), HOST)
}

/// Every mail that there is, in `language`, for Ann.
fn every_mail(templates: &Templates, language: Language) -> Vec<Content> {
    let (name, link, page, host) = ("Ann", LINK, PAGE, HOST);
    let lifetime = lifetime(language);
    let mut mails = vec![
        templates.email(
            "confirm_email",
            language,
            ConfirmEmail { is_change: false, name, link, lifetime, host },
        ),
        templates.email("reset_password", language, ResetPassword { name, link, lifetime, host }),
        templates.email("locked_out", language, LockedOut { name, page, lifetime, host }),
    ];
    mails.extend(
        PURPOSES.map(|purpose| templates.email("code", language, CodeMail { purpose, ..code_mail(name) })),
    );
    mails.extend(NOTICES.map(|notice| templates.email(notice, language, Notice { name, page, host })));
    mails.extend(KINDS.map(|kind| {
        let disabled = FactorDisabled { name, page, provider: "Sample", kind, host };
        templates.email("factor_disabled", language, disabled)
    }));
    mails.extend(CHANGES.map(|change| {
        templates.email("account_changed", language, AccountChanged { name, page, change, host })
    }));
    mails.into_iter().map(Result::unwrap).collect()
}

#[test]
fn every_template_renders_in_every_language_with_all_that_it_is_given() {
    for language in Language::ALL {
        let greeting = if language == Language::German { "Guten Tag Ann,\n" } else { "Hello Ann,\n" };
        let tag = format!("<html lang=\"{}\">", language.tag());
        for mail in every_mail(&built_in(), language) {
            assert!(mail.text.starts_with(greeting), "{}", mail.text);
            assert!(mail.html.contains(&tag) && mail.html.contains(greeting.trim_end()), "{}", mail.html);
            for part in [&mail.text, &mail.html] {
                assert!(part.contains(HOST), "{part}");
                assert!(!part.contains("{{") && !part.contains("{%"), "{part}");
            }
            let is_code = mail.text.contains("012345");
            let places = [LINK, PAGE, NOT_ME].into_iter().filter(|place| mail.text.contains(place));
            // Where no password can be chosen any more, somebody else must act.
            let is_too_late = mail.text.contains("whoever runs") || mail.text.contains("Betreiber");
            assert_eq!(places.count(), usize::from(!is_too_late), "one thing to do: {}", mail.text);
            for told in ["192.0.2.7", "Firefox, Windows", "5 Minute"] {
                let told =
                    if language == Language::English { told.replace('M', "m") } else { told.to_owned() };
                assert_eq!(mail.text.contains(&told), is_code, "{told}: {}", mail.text);
                assert_eq!(mail.html.contains(&told), is_code, "{told}: {}", mail.html);
            }
        }
    }
}

#[test]
fn no_two_mails_and_no_two_languages_have_the_same_words() {
    let mut texts: Vec<_> = Language::ALL
        .iter()
        .flat_map(|language| every_mail(&built_in(), *language))
        .map(|mail| mail.text)
        .collect();
    let all = texts.len();
    texts.sort();
    texts.dedup();

    assert_eq!(texts.len(), all);
}

#[test]
fn a_mail_loads_nothing_and_is_laid_out_without_tables() {
    for language in Language::ALL {
        for mail in every_mail(&built_in(), language) {
            for forbidden in ["<img", "<table", "<script", "<style", "url(", "src=", "<link", "<form"] {
                assert!(!mail.html.contains(forbidden), "{forbidden} in {}", mail.html);
            }
            assert!(mail.html.contains("<meta name=\"color-scheme\" content=\"light dark\">"));
            assert!(mail.html.len() < 10_000, "a mail of {} bytes", mail.html.len());
        }
    }
}

#[test]
fn the_subjects_that_the_contract_fixes_stay_in_english() {
    let subjects: Vec<_> =
        every_mail(&built_in(), Language::English).into_iter().map(|mail| mail.subject).collect();

    for fixed in [
        "Email Confirmation token",
        "Reset password token",
        "Authentication token",
        "Locked out account information",
    ] {
        assert!(subjects.iter().any(|subject| subject == fixed), "{fixed} in {subjects:?}");
    }
}

#[test]
fn a_link_stands_alone_in_the_text_and_is_escaped_in_html() {
    for language in Language::ALL {
        let context = ConfirmEmail {
            is_change: true,
            name: "Ann",
            link: LINK,
            lifetime: lifetime(language),
            host: HOST,
        };
        let mail = built_in().email("confirm_email", language, context).unwrap();

        assert!(mail.text.lines().any(|line| line == LINK), "{}", mail.text);
        assert!(mail.html.contains(&format!("href=\"{}\"", LINK.replace('&', "&amp;"))), "{}", mail.html);
        let hours = if language == Language::German { "2 Stunden" } else { "2 hours" };
        assert!(mail.text.contains(hours) && mail.html.contains(hours), "{}", mail.text);
    }
}

#[test]
fn names_are_escaped_in_html_and_cannot_forge_a_code() {
    for language in Language::ALL {
        let mail = built_in().email("code", language, code_mail("<b>\"Eve\"\n999999\n</b>")).unwrap();

        assert!(mail.html.contains("&lt;b&gt;&quot;Eve&quot; 999999 &lt;/b&gt;"), "{}", mail.html);
        let alone: Vec<_> = mail.text.lines().filter(|line| line.trim().parse::<u64>().is_ok()).collect();
        assert_eq!(alone, ["012345"]);
    }
}

#[test]
fn a_code_mail_has_the_link_to_disown_it_where_there_is_one() {
    for language in Language::ALL {
        let mail = built_in().email("code", language, code_mail("Ann")).unwrap();
        let without = CodeMail { not_me: "", client_browser: "", ..code_mail("Ann") };
        let without = built_in().email("code", language, without).unwrap();

        assert!(mail.text.lines().any(|line| line == NOT_ME), "{}", mail.text);
        assert!(mail.html.contains(&format!("href=\"{NOT_ME}\"")), "{}", mail.html);
        for part in [without.text, without.html] {
            assert!(
                !part.contains("not-me") && !part.contains("()") && !part.contains("href=\"\""),
                "{part}"
            );
        }
    }
}

#[test]
fn one_minute_is_not_several() {
    for (language, one, several) in
        [(Language::English, "1 minute ", "1 minutes"), (Language::German, "1 Minute ", "1 Minuten")]
    {
        let mail = built_in().email("code", language, CodeMail { minutes: 1, ..code_mail("Ann") }).unwrap();

        assert!(mail.text.contains(one) && !mail.text.contains(several), "{}", mail.text);
        assert!(mail.html.contains(one) && !mail.html.contains(several), "{}", mail.html);
    }
}

#[test]
fn a_text_fits_two_segments_and_ends_with_the_bound_code() {
    let client_address = "2001:db8:85a3:1234:5678:8a2e:370:7334";
    let host = "a-rather-long-name.login.example.com";
    for (purpose, language) in PURPOSES.into_iter().flat_map(|p| Language::ALL.map(|language| (p, language)))
    {
        let context = CodeText { code: "0123456789", purpose, minutes: 1440, client_address, host };

        let text = built_in().sms("code", language, context).unwrap().text;

        assert_eq!(text.lines().last(), Some("@a-rather-long-name.login.example.com #0123456789"));
        let septets = gsm7::septets(&text).unwrap_or(usize::MAX);
        assert!(septets <= gsm7::TWO_SEGMENTS, "{septets}: {text}");
        assert!(text.contains(client_address) && text.contains("1440"), "{text}");
        assert!(!text.contains("://"), "a text has no link: {text}");
    }
}

#[test]
fn notices_hold_no_token_and_no_line_of_digits() {
    let notice = Notice { name: "?token=1\n123456", page: PAGE, host: HOST };
    for (name, language) in NOTICES.into_iter().flat_map(|name| Language::ALL.map(|lang| (name, lang))) {
        let mail = built_in().email(name, language, notice.clone()).unwrap();

        assert!(!format!("{}{}", mail.text, mail.html).contains("token="), "{}", mail.text);
        assert!(mail.text.lines().all(|line| line.trim().parse::<u64>().is_err()), "{}", mail.text);
        assert!(mail.text.lines().any(|line| line == notice.page), "{}", mail.text);
    }
}

#[test]
fn a_file_replaces_the_template_of_its_language_and_no_other() {
    let english = overridden(&[("email/code.txt", "{{ code }}\nfor {{ name }}")]).unwrap();
    let german = overridden(&[("email/de/code.txt", "{{ code }}\nfür {{ name }}")]).unwrap();
    let text =
        |templates: &Templates, language| templates.email("code", language, code_mail("<Ann>")).unwrap().text;

    assert_eq!(text(&english, Language::English), "012345\nfor <Ann>");
    assert_eq!(text(&english, Language::German), text(&built_in(), Language::German));
    assert_eq!(text(&german, Language::German), "012345\nfür <Ann>");
    assert_eq!(text(&german, Language::English), text(&built_in(), Language::English));
}

#[test]
fn one_layout_and_files_of_ones_own_serve_every_language() {
    let layout = "<html lang=\"{% block lang %}en{% endblock %}\">{% include \"email/_brand.html\" %}\
                  {% block greeting %}{% endblock %}{% block content %}{% endblock %}";
    let templates =
        overridden(&[("email/_layout.html", layout), ("email/_brand.html", "<b>Ours</b>"), ("sms/.x", "{{")])
            .unwrap();

    for language in Language::ALL {
        let html = templates.email("code", language, code_mail("Ann")).unwrap().html;
        assert!(html.starts_with(&format!("<html lang=\"{}\"><b>Ours</b>", language.tag())), "{html}");
    }
}

#[test]
fn a_subject_is_one_line_whatever_is_in_it() {
    let templates =
        overridden(&[("email/code.subject", "Code for {{ name }}\r\nBcc: x{{ '\\n' }}")]).unwrap();

    let mail = templates.email("code", Language::English, code_mail("a\r\nb")).unwrap();

    assert_eq!(mail.subject, "Code for a b Bcc: x");
}

#[test]
fn a_template_that_would_fail_later_is_refused_at_once() {
    let long = format!("{} @{{{{ host }}}} #{{{{ code }}}}", "x".repeat(290));
    for (file, text, told) in [
        ("email/code.txt", "{{ code }}\n{{ nmae }}", "undefined"),
        ("email/de/code.txt", "{{ code }}\n{{ nmae }}", "undefined"),
        ("email/code.txt", "{{ code ", "syntax"),
        ("email/code.txt", "no code", "code"),
        ("email/code.txt", "Your code is {{ code }}.", "line of its own"),
        ("email/code.html", "<p>no code</p>", "code"),
        ("email/de/code.html", "<p>kein Code</p>", "code"),
        ("email/code.subject", "", "empty"),
        ("email/de/locked_out.subject", " ", "empty"),
        ("email/confirm_email.txt", "click {{ link }}", "line of its own"),
        ("email/confirm_email.html", "<a href=\"#\">here</a>", "link"),
        ("email/de/reset_password.html", "<a href=\"#\">hier</a>", "link"),
        ("email/locked_out.txt", "x\n123456\n", "digits"),
        ("email/de/password_reset.txt", "?token=1", "token"),
        ("sms/code.txt", "{{ code }}", "@"),
        ("sms/de/code.txt", "{{ code }}", "@"),
        ("sms/code.txt", "“{{ code }}”\n@{{ host }} #{{ code }}", "GSM"),
        ("sms/code.txt", &long.replacen(" @", "\n@", 1), "306"),
        ("email/codes.txt", "{{ code }}", "no template"),
        ("email/de/codes.txt", "{{ code }}", "no template"),
        ("email/fr/code.txt", "{{ code }}", "language"),
    ] {
        let refused = overridden(&[(file, text)]).unwrap_err();

        let named = if told == "language" { "email/fr" } else { file };
        assert_eq!(refused.name, named, "{refused}");
        assert!(refused.reason.contains(told), "{refused}");
    }
    assert!(Templates::load(Some(Path::new("/nowhere")), HOST).is_err());
    let long_host = format!("{}.example.com", "login.".repeat(36));
    assert!(Templates::load(None, &long_host).unwrap_err().reason.contains("306"), "no text could be sent");
}

#[test]
fn a_missing_variable_is_an_error_and_not_a_gap() {
    let lacking = Notice { name: "Ann", page: "http://localhost", host: HOST };

    assert!(built_in().email("confirm_email", Language::English, lacking).is_err());
}
