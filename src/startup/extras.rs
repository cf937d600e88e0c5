//! What whoever builds the server adds to the configured providers and gateways.

use std::collections::HashMap;
use std::sync::Arc;

use crate::courier::{Carrier, Gateway};
use crate::otp::RegistryBuilder;
use crate::settings::Settings;

/// Providers and gateways that are registered by code. They outlive every reading of the configuration.
#[derive(Default)]
pub(super) struct Extras {
    providers: RegistryBuilder,
    gateways: HashMap<Carrier, Arc<dyn Gateway>>,
}

impl Extras {
    pub(super) fn register(&mut self, register: impl FnOnce(RegistryBuilder) -> RegistryBuilder) {
        self.providers = register(std::mem::take(&mut self.providers));
    }

    pub(super) fn carry(&mut self, carrier: Carrier, gateway: impl Gateway) {
        self.gateways.insert(carrier, Arc::new(gateway));
    }

    /// The configured providers with those of the code over them, but for names that `[providers.NAME]` turns off.
    pub(super) fn providers(&self, settings: &Settings, configured: RegistryBuilder) -> RegistryBuilder {
        let is_off =
            |name: &str| settings.providers.0.iter().any(|(other, p)| other == name && !p.is_enabled());
        configured.overlay(&self.providers, is_off)
    }

    /// The configured gateways with those of the code over them.
    pub(super) fn gateways(
        &self,
        mut configured: HashMap<Carrier, Arc<dyn Gateway>>,
    ) -> HashMap<Carrier, Arc<dyn Gateway>> {
        configured
            .extend(self.gateways.iter().map(|(carrier, gateway)| (carrier.clone(), Arc::clone(gateway))));
        configured
    }
}
