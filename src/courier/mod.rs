//! Getting a message out: a durable queue in the database, the actor that empties it, and the gateways.

mod backoff;
mod breaker;
mod cause;
mod checked;
mod context;
mod dispatcher;
mod failover;
mod fate;
mod gateway;
mod gsm7;
mod http;
mod inbox;
mod lane;
mod lanes;
mod language;
mod mail;
mod message;
mod person;
mod porter;
mod queue;
mod queued;
mod reach;
mod relay;
mod retirement;
mod sealed;
mod settings;
mod smtp;
mod store;
mod template_check;
mod templates;
mod twilio;
mod vendor;
mod vendor_url;

pub use cause::Cause;
pub use checked::Checked;
pub use context::{
    AccountChanged, CHANGES, CodeMail, CodeText, ConfirmEmail, FactorDisabled, KINDS, Lifetime, LockedOut,
    Notice, ResetPassword,
};
pub use dispatcher::Dispatcher;
pub use failover::{Failover, mail_gateway, relays};
pub use fate::{DeliveryState, DeliveryStatus, Fate};
pub use gateway::{Delivery, DeliveryError, Gateway};
pub use http::{HttpGateway, HttpSettings};
pub use inbox::{Caught, Inbox};
pub use language::Language;
pub use message::{Carrier, Content, Message, Priority};
pub use queue::Courier;
pub use queued::Queued;
pub use reach::{reach, server_name};
pub use settings::{MailSettings, Transport};
pub use smtp::SmtpGateway;
pub use templates::{TemplateError, Templates};
pub use twilio::TwilioSettings;
#[cfg(feature = "twilio")]
pub use twilio::{TwilioGateway, check_account};
pub use vendor::TEXT_TIMEOUT;
