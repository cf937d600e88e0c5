//! Getting a message out: a durable queue in the database, the actor that empties it, and the gateways.

mod backoff;
mod breaker;
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

pub use context::{
    AccountChanged, CHANGES, CodeMail, CodeText, ConfirmEmail, FactorDisabled, KINDS, Lifetime, LockedOut,
    Notice, ResetPassword,
};
pub use dispatcher::Dispatcher;
pub use failover::{Failover, mail_gateway};
pub use fate::{DeliveryState, DeliveryStatus, Fate};
pub use gateway::{Delivery, DeliveryError, Gateway};
pub use http::{HttpGateway, HttpSettings};
pub use inbox::{Caught, Inbox};
pub use language::Language;
pub use message::{Carrier, Content, Message, Priority};
pub use queue::Courier;
pub use queued::Queued;
pub use settings::{MailSettings, Transport};
pub use smtp::SmtpGateway;
pub use templates::{TemplateError, Templates};
#[cfg(feature = "twilio")]
pub use twilio::TwilioGateway;
pub use twilio::TwilioSettings;
pub use vendor::TEXT_TIMEOUT;
