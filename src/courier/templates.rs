//! The texts of mails and short messages, by minijinja.

use serde::Serialize;

use super::message::Content;

/// A template is missing or does not render.
#[derive(Debug, thiserror::Error)]
#[error("template {name}: {reason}")]
pub struct TemplateError {
    /// File name of the template.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The built-in templates, with the files of `templates_dir` over them. Cheap to clone.
#[derive(Clone)]
pub struct Templates {}

impl Templates {
    /// Renders `email/<name>.{subject,txt,html}`.
    ///
    /// # Errors
    /// When a template is missing or names a variable that `context` lacks.
    pub fn email(&self, name: &str, context: impl Serialize) -> Result<Content, TemplateError> {
        todo!()
    }

    /// Renders `sms/<name>.txt`.
    ///
    /// # Errors
    /// As [`Templates::email`].
    pub fn sms(&self, name: &str, context: impl Serialize) -> Result<Content, TemplateError> {
        todo!()
    }
}
