//! A one-time code.

use zeroize::Zeroizing;

/// A one-time code in clear. No `Debug`, no `Serialize`: it leaves only in a message.
#[derive(Clone)]
pub struct Code(Zeroizing<String>);

impl Code {
    /// A code as it was drawn or typed.
    #[must_use]
    pub fn new(digits: String) -> Self {
        Self(Zeroizing::new(digits))
    }

    /// The digits, for the one who composes or checks.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}
impl Code {
    pub fn draw(length: usize) -> Self {
        todo!()
    }
}
