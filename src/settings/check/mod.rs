//! Whether the values make sense, each for itself, together, and for the mode.

mod accounts;
mod mail;
mod mode;
mod providers;
mod server;
mod storage;
mod tokens;

use log::{Level, Metadata};
use url::Host;

pub(super) use server::normal_origin;

use super::Settings;
use super::draft::Draft;

/// Notes everything that does not make sense.
pub(super) fn check(settings: &Settings, draft: &mut Draft) {
    server::check(&settings.server, draft);
    storage::check(settings, draft);
    accounts::check(settings, draft);
    tokens::check(&settings.tokens, draft);
    mail::check(&settings.mail, draft);
    providers::check(&settings.providers, draft);
    if !is_level(&settings.log.level) {
        let got = &settings.log.level;
        let expected = "expected env_logger filter syntax such as \"info\" or \"warn,twostep=debug\"";
        draft.refuse("log.level", format!("{expected}, got {got:?}"));
    }
    if !draft.is_faulty("mode") {
        mode::check(settings, draft);
    }
}

/// A misspelt level reads as the name of a module, and would silence everything else, as nothing at all would.
fn is_level(filter: &str) -> bool {
    let mut builder = env_filter::Builder::new();
    // The logger has directives of its own in front as well.
    let Ok(builder) = builder.try_parse(&format!("sqlx=warn,{filter}")) else { return false };
    let faults = Metadata::builder().level(Level::Error).target("twostep").build();
    builder.build().enabled(&faults) || filter.contains("off")
}

/// Whether `host` can only be this machine.
fn is_loopback<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.as_ref().to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}
