//! twostep
pub mod clock;
pub mod vault;
