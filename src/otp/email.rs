//! TODO
/// TODO
pub struct EmailOtpProvider;
