//! TODO
/// TODO
pub struct SmsOtpProvider;
