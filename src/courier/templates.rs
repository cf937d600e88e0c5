//! The texts of mails and short messages, by minijinja.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use minijinja::value::{Serde, ValueKind};
use minijinja::{AutoEscape, Environment, Output, State, UndefinedBehavior, Value, escape_formatter};
use rust_embed::RustEmbed;
use serde::Serialize;

use super::message::Content;
use super::template_check;

/// A template is missing or does not render.
#[derive(Debug, thiserror::Error)]
#[error("template {name}: {reason}")]
pub struct TemplateError {
    /// File name of the template.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

#[derive(RustEmbed)]
#[folder = "templates/"]
struct BuiltIn;

/// The built-in templates, with the files of `templates_dir` over them. Cheap to clone.
#[derive(Clone)]
pub struct Templates(Arc<Environment<'static>>);

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Templates")
    }
}

impl Templates {
    /// Loads the built-in templates and the files of `dir` in their place, and tries every one with sample values.
    ///
    /// A file of `dir` must have the name of a built-in template (`email/code.html`), or one that starts with `_` or `.`: the
    /// former may be included by others, the latter is overlooked.
    ///
    /// # Errors
    /// [`TemplateError`] for a file that cannot be read, has an unknown name, does not render, or leaves out what it is for.
    pub fn load(dir: Option<&Path>) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|name| {
            if has_ending(name, "html") { AutoEscape::Html } else { AutoEscape::None }
        });
        environment.set_formatter(format_value);
        for name in BuiltIn::iter() {
            let file = BuiltIn::get(&name).ok_or_else(|| error(&name, "cannot be read"))?;
            add(&mut environment, &name, file.data.into_owned())?;
        }
        for (name, path) in overrides(dir)? {
            let text = std::fs::read(&path).map_err(|fault| error(&name, fault))?;
            add(&mut environment, &name, text)?;
        }
        let templates = Self(Arc::new(environment));
        template_check::check(&templates)?;
        Ok(templates)
    }

    /// Renders `email/<name>.{subject,txt,html}`.
    ///
    /// # Errors
    /// When a template is missing or names a variable that `context` lacks.
    pub fn email(&self, name: &str, context: impl Serialize) -> Result<Content, TemplateError> {
        let context = Value::from(Serde(context));
        Ok(Content {
            subject: one_line(&self.render(&format!("email/{name}.subject"), &context)?),
            text: self.render(&format!("email/{name}.txt"), &context)?,
            html: self.render(&format!("email/{name}.html"), &context)?,
        })
    }

    /// Renders `sms/<name>.txt`.
    ///
    /// # Errors
    /// As [`Templates::email`].
    pub fn sms(&self, name: &str, context: impl Serialize) -> Result<Content, TemplateError> {
        let text = self.render(&format!("sms/{name}.txt"), &Value::from(Serde(context)))?;
        Ok(Content { subject: String::new(), text: text.trim().to_owned(), html: String::new() })
    }

    fn render(&self, name: &str, context: &Value) -> Result<String, TemplateError> {
        let template = self.0.get_template(name).map_err(|fault| error(name, fault))?;
        template.render(context).map_err(|fault| error(name, fault))
    }
}

pub(super) fn error(name: &str, reason: impl fmt::Display) -> TemplateError {
    TemplateError { name: name.to_owned(), reason: reason.to_string() }
}

fn add(environment: &mut Environment<'static>, name: &str, text: Vec<u8>) -> Result<(), TemplateError> {
    let text = String::from_utf8(text).map_err(|_| error(name, "is not UTF-8"))?;
    environment.add_template_owned(name.to_owned(), text).map_err(|fault| error(name, fault))
}

/// The files below `dir` by the name of the template they replace.
fn overrides(dir: Option<&Path>) -> Result<Vec<(String, PathBuf)>, TemplateError> {
    let mut found = Vec::new();
    let Some(dir) = dir else { return Ok(found) };
    std::fs::read_dir(dir).map_err(|fault| error(&dir.display().to_string(), fault))?;
    for channel in ["email", "sms"] {
        let Ok(entries) = std::fs::read_dir(dir.join(channel)) else { continue };
        for entry in entries {
            let entry = entry.map_err(|fault| error(channel, fault))?;
            let file = entry.file_name().to_string_lossy().into_owned();
            let name = format!("{channel}/{file}");
            if file.starts_with('.') {
                continue;
            }
            if !file.starts_with('_') && BuiltIn::get(&name).is_none() {
                return Err(error(&name, "there is no template of this name to replace"));
            }
            found.push((name, entry.path()));
        }
    }
    Ok(found)
}

fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == ending)
}

/// White space and control characters become single spaces: a value cannot add a header to a mail.
fn one_line(text: &str) -> String {
    let spaced: Cow<'_, str> = text.replace(char::is_control, " ").into();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Escapes for HTML as minijinja does, but leaves `/` alone, so that a link stays readable.
fn format_value(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    if *state.auto_escape() != AutoEscape::Html || value.is_safe() || value.kind() != ValueKind::String {
        return escape_formatter(out, state, value);
    }
    for c in value.to_string().chars() {
        match c {
            '&' => out.write_str("&amp;")?,
            '<' => out.write_str("&lt;")?,
            '>' => out.write_str("&gt;")?,
            '"' => out.write_str("&quot;")?,
            '\'' => out.write_str("&#39;")?,
            c => out.write_char(c)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::courier::{CodeMail, CodeText, ConfirmEmail, Lifetime, Notice};

    const LINK: &str = "http://localhost:4200/confirm?lang=en&token=a%2Bb&email=a%40example.com";

    fn built_in() -> Templates {
        Templates::load(None).unwrap()
    }

    fn code_mail(name: &str) -> CodeMail<'_> {
        let (code, purpose, client_address, host) = ("012345", "sign_in", "192.0.2.7", "login.example.com");
        let not_me = "https://login.example.com/not-me/c2FtcGxl";
        CodeMail { name, code, purpose, minutes: 5, client_address, host, not_me }
    }

    fn overridden(file: &str, text: &str) -> Result<Templates, TemplateError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        Templates::load(Some(dir.path()))
    }

    #[test]
    fn a_link_stands_alone_in_the_text_and_is_escaped_in_html() {
        let lifetime = Lifetime(Duration::from_hours(2));
        let mail =
            built_in().email("confirm_email", ConfirmEmail { name: "Ann", link: LINK, lifetime }).unwrap();

        assert_eq!(mail.subject, "Email Confirmation token");
        assert!(mail.text.lines().any(|line| line == LINK), "{}", mail.text);
        assert!(mail.html.contains(&format!("href=\"{}\"", LINK.replace('&', "&amp;"))), "{}", mail.html);
        assert!(mail.text.contains("2 hours"), "{}", mail.text);
    }

    #[test]
    fn names_are_escaped_in_html_and_cannot_forge_a_code() {
        let mail = built_in().email("code", code_mail("<b>\"Eve\"\n999999\n</b>")).unwrap();

        assert!(mail.html.contains("&lt;b&gt;&quot;Eve&quot; 999999 &lt;/b&gt;"), "{}", mail.html);
        let alone: Vec<_> = mail.text.lines().filter(|line| line.trim().parse::<u64>().is_ok()).collect();
        assert_eq!(alone, ["012345"]);
    }

    #[test]
    fn a_code_mail_tells_what_it_is_for_and_where_it_came_from() {
        let mail = built_in().email("code", code_mail("Ann")).unwrap();

        assert_eq!(mail.subject, "Authentication token");
        for part in [&mail.text, &mail.html] {
            for word in [
                "sign in",
                "5 minutes",
                "192.0.2.7",
                "012345",
                "Ann",
                "login.example.com",
                "/not-me/c2FtcGxl",
            ] {
                assert!(part.contains(word), "{word} is missing in {part}");
            }
        }
    }

    #[test]
    fn a_text_fits_two_segments_and_ends_with_the_bound_code() {
        let client_address = "2001:db8:85a3:1234:5678:8a2e:370:7334";
        let host = "a-rather-long-name.login.example.com";
        for purpose in ["sign_in", "confirm_phone"] {
            let context = CodeText { code: "0123456789", purpose, minutes: 1440, client_address, host };

            let text = built_in().sms("code", context).unwrap().text;

            assert_eq!(text.lines().last(), Some("@a-rather-long-name.login.example.com #0123456789"));
            // GSM-7 (3GPP TS 23.038): these are one septet each; two segments hold 2 × 153.
            assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || " \n@#.,:-".contains(c)), "{text}");
            assert!(text.len() <= 306, "{} characters", text.len());
        }
    }

    #[test]
    fn notices_hold_no_token_and_no_line_of_digits() {
        let notice =
            Notice { name: "?token=1\n123456", page: "http://localhost:4200/authentication/forgotpassword" };
        for name in ["registration_tried", "password_reset", "factor_disabled"] {
            let mail = built_in().email(name, notice.clone()).unwrap();

            assert!(!format!("{}{}", mail.text, mail.html).contains("token="), "{}", mail.text);
            assert!(mail.text.lines().all(|line| line.trim().parse::<u64>().is_err()), "{}", mail.text);
            assert!(mail.text.lines().any(|line| line == notice.page), "{}", mail.text);
        }
    }

    #[test]
    fn a_file_replaces_one_template_and_may_use_another() {
        let templates = overridden("email/code.txt", "{{ code }}\nfor {{ name }}").unwrap();

        assert_eq!(templates.email("code", code_mail("<Ann>")).unwrap().text, "012345\nfor <Ann>");
    }

    #[test]
    fn a_subject_is_one_line_whatever_is_in_it() {
        let templates = overridden("email/code.subject", "Code for {{ name }}\r\nBcc: x{{ '\\n' }}").unwrap();

        let mail = templates.email("code", code_mail("a\r\nb")).unwrap();

        assert_eq!(mail.subject, "Code for a b Bcc: x");
    }

    #[test]
    fn a_template_that_would_fail_later_is_refused_at_once() {
        for (file, text, told) in [
            ("email/code.txt", "{{ code }}\n{{ nmae }}", "undefined"),
            ("email/code.txt", "{{ code ", "syntax"),
            ("email/code.txt", "no code", "code"),
            ("email/code.txt", "Your code is {{ code }}.", "line of its own"),
            ("email/code.html", "<p>no code</p>", "code"),
            ("email/code.subject", "", "empty"),
            ("email/confirm_email.txt", "click {{ link }}", "line of its own"),
            ("email/confirm_email.html", "<a href=\"#\">here</a>", "link"),
            ("email/locked_out.txt", "x\n123456\n", "digits"),
            ("sms/code.txt", "{{ code }}", "@"),
            ("email/codes.txt", "{{ code }}", "no template"),
        ] {
            let refused = overridden(file, text).unwrap_err();

            assert_eq!(refused.name, file);
            assert!(refused.reason.contains(told), "{refused}");
        }
        assert!(Templates::load(Some(Path::new("/nowhere"))).is_err());
    }

    #[test]
    fn a_missing_variable_is_an_error_and_not_a_gap() {
        let lacking = Notice { name: "Ann", page: "http://localhost" };

        assert!(built_in().email("confirm_email", lacking).is_err());
    }
}
