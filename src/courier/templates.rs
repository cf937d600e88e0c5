//! The texts of mails and short messages, by minijinja.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use minijinja::value::{Serde, ValueKind};
use minijinja::{AutoEscape, Environment, Output, State, UndefinedBehavior, Value, escape_formatter};
use rust_embed::RustEmbed;
use serde::Serialize;

use super::language::Language;
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
    /// Loads the built-in templates and the files of `dir` in their place, and tries every one with sample values, those of the
    /// login server at `host`.
    ///
    /// A file of `dir` must have the name of a built-in template (`email/code.html`, in German `email/de/code.html`), or one that
    /// starts with `_` or `.`: the former may be included by others, the latter is overlooked.
    ///
    /// # Errors
    /// [`TemplateError`] for a file that cannot be read, has an unknown name, does not render, or leaves out what it is for.
    pub fn load(dir: Option<&Path>, host: &str) -> Result<Self, TemplateError> {
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
        template_check::check(&templates, host)?;
        Ok(templates)
    }

    /// Renders `email/<name>.{subject,txt,html}`, in another language than English those of its folder (`email/de/<name>.txt`).
    ///
    /// # Errors
    /// When a template is missing or names a variable that `context` lacks.
    pub fn email(
        &self,
        name: &str,
        language: Language,
        context: impl Serialize,
    ) -> Result<Content, TemplateError> {
        let context = Value::from(Serde(context));
        let render = |ending: &str| self.render(&file("email", language, name, ending), &context);
        Ok(Content { subject: one_line(&render("subject")?), text: render("txt")?, html: render("html")? })
    }

    /// Renders `sms/<name>.txt`, in another language than English the one of its folder.
    ///
    /// # Errors
    /// As [`Templates::email`].
    pub fn sms(
        &self,
        name: &str,
        language: Language,
        context: impl Serialize,
    ) -> Result<Content, TemplateError> {
        let text = self.render(&file("sms", language, name, "txt"), &Value::from(Serde(context)))?;
        Ok(Content { subject: String::new(), text: text.trim().to_owned(), html: String::new() })
    }

    fn render(&self, name: &str, context: &Value) -> Result<String, TemplateError> {
        let template = self.0.get_template(name).map_err(|fault| error(name, fault))?;
        template.render(context).map_err(|fault| error(name, fault))
    }
}

/// The name of a template: English ones stand beside the folders of the others.
pub(super) fn file(channel: &str, language: Language, name: &str, ending: &str) -> String {
    format!("{}/{name}.{ending}", folder(channel, language))
}

fn folder(channel: &str, language: Language) -> String {
    match language {
        Language::English => channel.to_owned(),
        Language::German => format!("{channel}/{}", language.tag()),
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
    let folders = ["email", "sms"].map(|channel| Language::ALL.map(|language| folder(channel, language)));
    for folder in folders.iter().flatten() {
        let Ok(entries) = std::fs::read_dir(dir.join(folder)) else { continue };
        for entry in entries {
            let entry = entry.map_err(|fault| error(folder, fault))?;
            let file = entry.file_name().to_string_lossy().into_owned();
            let name = format!("{folder}/{file}");
            if file.starts_with('.') || folders.iter().flatten().any(|other| *other == name) {
                continue;
            }
            if entry.path().is_dir() {
                return Err(error(&name, "there are no templates in this language; English has no folder"));
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
mod tests;
