//! The configuration read again: everything new is made first, then put in place, and what it replaces ends by itself.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context as _;
use log::{debug, info, warn};
use tokio::sync::{Mutex, MutexGuard};

use super::extras::Extras;
use super::logging::Levels;
use super::{Running, catches, gateways, live};
use crate::auth::Enabled;
use crate::clock::Clock;
use crate::courier::{Carrier, Gateway, Inbox};
use crate::settings::{Faults, Reread, Settings, Source};

type Gateways = HashMap<Carrier, Arc<dyn Gateway>>;

/// Why a configuration does not take effect; nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// It is faulty.
    #[error(transparent)]
    Faulty(#[from] Faults),
    /// It is sound, but a part of it could not be made.
    #[error("{0:#}")]
    Failed(anyhow::Error),
}

/// What is needed to make the changing parts again.
pub(super) struct Reloading {
    extras: Extras,
    inbox: Inbox,
    clock: Clock,
    /// The gateways in use. Locked while the configuration is read again: one at a time.
    gateways: Mutex<Gateways>,
}

impl Reloading {
    pub(super) fn new(extras: Extras, inbox: Inbox, clock: Clock, gateways: Gateways) -> Self {
        Self { extras, inbox, clock, gateways: Mutex::new(gateways) }
    }
}

impl Running {
    /// The effective configuration.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// Reads the configuration again. Providers, `[two_step]`, `[limits]`, `[mail]`, the allowed origins and, where `levels` are given,
    /// the log levels go by it from now on; requests and codes in flight are not disturbed. Must run in the actix system that
    /// built the server.
    ///
    /// # Errors
    /// [`ReloadError`]; nothing has changed then, and nothing was started.
    pub async fn reload(&self, source: &Source, levels: Option<&Levels>) -> Result<Reread, ReloadError> {
        let outcome = self.read_again(source, levels).await;
        self.metrics.reload(match outcome {
            Ok(_) => "ok",
            Err(ReloadError::Faulty(_)) => "faulty",
            Err(ReloadError::Failed(_)) => "failed",
        });
        outcome
    }

    async fn read_again(&self, source: &Source, levels: Option<&Levels>) -> Result<Reread, ReloadError> {
        let mut gateways = self.reloading.gateways.lock().await;
        let (source, in_force) = (source.clone(), self.settings());
        let read = tokio::task::spawn_blocking(move || source.read_again(&in_force));
        let reread = read.await.context("reading panicked").map_err(ReloadError::Failed)??;
        let before = self.auth.enabled_providers();
        self.swap(&reread, &mut gateways).map_err(ReloadError::Failed)?;
        if let Some(levels) = levels {
            levels.set(&reread.settings.log.level);
        }
        drop(gateways);
        self.tell(&reread, &before).await;
        Ok(reread)
    }

    /// Makes what is new, which may fail, and then puts it in place, which may not.
    fn swap(&self, reread: &Reread, in_use: &mut MutexGuard<'_, Gateways>) -> anyhow::Result<()> {
        let Reloading { extras, inbox, clock, .. } = &*self.reloading;
        let settings = &reread.settings;
        let mut gateways = gateways::gateways(settings, inbox, clock)?;
        keep_unchanged(&mut gateways, in_use, &reread.changed);
        let gateways = extras.gateways(gateways);
        let live = live(settings, extras)?;

        // A provider's gateway comes before it and goes after it.
        self.dispatcher.adopt(gateways.clone());
        **in_use = gateways;
        self.auth.adopt(live);
        self.limits.configure(&settings.limits);
        self.cors.allow(&settings.server.allowed_origins);
        self.settings.store(Arc::new(settings.clone()));
        Ok(())
    }

    async fn tell(&self, reread: &Reread, before: &[Enabled]) {
        let (changed, pending) = (reread.changed.join(", "), reread.pending.join(", "));
        if changed.is_empty() {
            debug!("the configuration was read again and has not changed");
        } else {
            info!(changed:%; "the configuration was read again and is in force");
        }
        if !pending.is_empty() {
            warn!(keys:% = pending; "these keys have changed and need a restart");
        }
        if self.inbox.is_none() && catches(&reread.settings) {
            warn!("messages are caught now; /dev/inbox shows them after a restart");
        }
        let after = self.auth.enabled_providers();
        let turned_off = |(name, _): &&Enabled| after.iter().all(|(other, _)| other != name);
        let off: Vec<_> = before.iter().filter(turned_off).map(|(name, _)| name.as_str()).collect();
        if off.is_empty() {
            return;
        }
        let providers = off.join(", ");
        match self.auth.count_left_without(before, &after).await {
            Ok(users) => info!(providers:%, users; "turned off; so many users are left without a provider"),
            Err(error) => {
                warn!(providers:%, error:%; "turned off; how many users are left without one could not be counted");
            }
        }
    }
}

/// Keeps the gateways whose configuration is the same: their connections and what they know of the other side.
fn keep_unchanged(new: &mut Gateways, in_use: &Gateways, changed: &[String]) {
    for (carrier, gateway) in new {
        let section = match carrier {
            Carrier::Mail => "mail.".to_owned(),
            Carrier::Sms(name) | Carrier::Custom(name) => format!("providers.{name}."),
        };
        let is_same = changed.iter().all(|key| !key.starts_with(&section));
        if let Some(old) = in_use.get(carrier).filter(|_| is_same) {
            *gateway = Arc::clone(old);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateways(names: &[&str]) -> Gateways {
        let texts = names.iter().map(|name| Carrier::Sms((*name).to_owned()));
        let own = Carrier::Custom("Pigeon".to_owned());
        let carriers = texts.chain([Carrier::Mail, own]);
        carriers.map(|carrier| (carrier.clone(), Inbox::new().gateway(&carrier))).collect()
    }

    /// Carriers that keep their gateway when these keys have changed.
    fn kept(changed: &[&str]) -> Vec<String> {
        let in_use = gateways(&["Text", "Text2", "Gone"]);
        let mut new = gateways(&["Text", "Text2", "New"]);
        let changed: Vec<_> = changed.iter().map(|key| (*key).to_owned()).collect();
        keep_unchanged(&mut new, &in_use, &changed);

        assert_eq!(new.len(), 5, "the carriers are the new ones");
        let is_kept = |(carrier, gateway): &(&Carrier, &Arc<dyn Gateway>)| {
            in_use.get(carrier).is_some_and(|old| Arc::ptr_eq(old, gateway))
        };
        let mut names: Vec<_> =
            new.iter().filter(is_kept).map(|(carrier, _)| format!("{carrier:?}")).collect();
        names.sort();
        names
    }

    #[test]
    fn a_gateway_stays_whose_section_has_not_changed() {
        let [own, mail, text, text2] = [
            r#"Custom("Pigeon")"#.to_owned(),
            "Mail".to_owned(),
            r#"Sms("Text")"#.to_owned(),
            r#"Sms("Text2")"#.to_owned(),
        ];

        assert_eq!(kept(&[]), [own.clone(), mail.clone(), text.clone(), text2.clone()]);
        assert_eq!(kept(&["two_step.max_sends"]), [own.clone(), mail.clone(), text.clone(), text2.clone()]);
        assert_eq!(kept(&["mail.from"]), [own.clone(), text.clone(), text2.clone()]);
        assert_eq!(kept(&["providers.Text.http_url"]), [own, mail.clone(), text2.clone()]);
        assert_eq!(kept(&["providers.Pigeon.enabled", "providers.Text2.gateway"]), [mail, text]);
    }
}
