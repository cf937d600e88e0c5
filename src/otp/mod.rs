//! The second step's providers: the trait, its messages, the actors around it, and the registry by name.

mod account;
mod actor;
mod authenticator;
mod code;
mod email;
mod phone;
mod provider;
mod registry;
mod seat;
mod settings;
mod sms;
pub mod totp;

/// For those who implement [`OtpProvider`].
pub use async_trait::async_trait;

pub use account::Account;
pub use actor::{Check, Compose, ProviderActor, ValidFor};
pub use authenticator::AuthenticatorOtpProvider;
pub use code::Code;
pub use email::EmailOtpProvider;
pub use phone::{PhoneFault, PhoneNumber};
pub use provider::{CodeContext, Destination, Offer, OtpProvider, ProviderError, ProviderKind, Purpose};
pub use registry::{ProviderRegistry, RegistryBuilder};
pub use settings::{ProviderSettings, ProvidersSettings, SmsGateway};
pub use sms::SmsOtpProvider;
pub use totp::{Match, SharedSecret};
