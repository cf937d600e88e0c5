//! Getting a message out: a durable queue in the database, the actor that empties it, and the gateways.

mod gateway;
mod inbox;
mod message;
mod queue;
mod settings;
mod smtp;
mod templates;

pub use gateway::{Delivery, DeliveryError, Gateway};
pub use inbox::{Caught, Inbox};
pub use message::{Carrier, Content, Message, Priority};
pub use queue::{Courier, Dispatcher, Queued};
pub use settings::{MailSettings, Transport};
pub use smtp::SmtpGateway;
pub use templates::{TemplateError, Templates};
