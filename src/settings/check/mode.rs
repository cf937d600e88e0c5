//! What a mode demands: production refuses what only suits development, development stays on this machine.

use secrecy::ExposeSecret as _;

use super::super::draft::Draft;
use super::super::{Mode, Settings};
use super::{is_loopback, server};
use crate::courier::Transport;
use crate::otp::{ProviderSettings, SmsGateway};

pub(super) fn check(settings: &Settings, draft: &mut Draft) {
    match settings.mode {
        Mode::Development => check_development(settings, draft),
        Mode::Production => check_production(settings, draft),
    }
}

fn check_development(settings: &Settings, draft: &mut Draft) {
    if server::bind_host(&settings.server.bind).is_some_and(|host| !is_loopback(&host)) {
        let expected = "expected a loopback address such as \"127.0.0.1:5001\", or mode = \"production\"";
        draft.refuse("server.bind", format!("{expected}, got {:?}", settings.server.bind));
    }
}

fn check_production(settings: &Settings, draft: &mut Draft) {
    if settings.mail.transport == Transport::Inbox {
        draft.refuse("mail.transport", "expected \"smtp\" in production: the inbox only suits development");
    }
    for (name, provider) in &settings.providers.0 {
        if matches!(provider, ProviderSettings::Sms { enabled: true, gateway: SmsGateway::Inbox, .. }) {
            let expected = "expected another gateway in production: the inbox only suits development";
            draft.refuse(&format!("providers.{name}.gateway"), expected);
        }
    }
    if !settings.development.fixed_codes.is_empty() {
        draft.refuse("development.fixed_codes", "expected {} in production");
    }
    if settings.secrets.key.expose_secret().is_empty() {
        draft.refuse("secrets.key", "expected base64 of 32 bytes in production (openssl rand -base64 32)");
    }
    if settings.server.allowed_origins.iter().any(|origin| origin == "*") {
        draft.refuse("server.allowed_origins", "expected origins by name in production, got \"*\"");
    }
    check_public_url(settings, draft);
}

fn check_public_url(settings: &Settings, draft: &mut Draft) {
    let server = &settings.server;
    let is_local = server.public_url.host().is_some_and(|host| is_loopback(&host));
    if server.public_url.scheme() == "http" && !is_local {
        draft.refuse("server.public_url", "expected https:// in production");
    }
    if server.public_url.scheme() == "https"
        && server.tls_cert.is_empty()
        && server.trusted_proxies.is_empty()
    {
        let expected = "an https:// address needs server.tls_cert and tls_key, or server.trusted_proxies that names the proxy in front";
        draft.refuse("server.public_url", expected);
    }
}
