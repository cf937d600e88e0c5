//! What came of asking a gateway without giving it a message.

/// What came of a check, in one line for the operator: what was tried, and what to do when it failed. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It works.
    Sound(String),
    /// It works, but somebody should look.
    Doubtful(String),
    /// It does not work.
    Broken(String),
}
