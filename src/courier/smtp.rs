//! The mail relay, by lettre.

/// Hands mails to an SMTP relay (RFC 5321).
pub struct SmtpGateway {}
