//! Texts by Twilio.
//!
//! `twilio-async` builds the request and does not send it: its own client has no timeout, overlooks the status of an answer, and
//! reads documented answers as errors after the text went out. Another client is a change of `request` and nothing else.

#[cfg(feature = "twilio")]
mod account;
#[cfg(feature = "twilio")]
mod check;
#[cfg(feature = "twilio")]
mod fault;
#[cfg(feature = "twilio")]
mod gateway;
#[cfg(feature = "twilio")]
mod reply;
#[cfg(feature = "twilio")]
mod request;
mod settings;

#[cfg(feature = "twilio")]
pub use check::check_account;
#[cfg(feature = "twilio")]
pub use gateway::TwilioGateway;
pub use settings::TwilioSettings;
