//! What the program counts of itself, for Prometheus. Labels hold configured names and words of ours: never an address, an id or a path as
//! a client sent it.

use std::sync::Arc;
use std::time::Duration;

use prometheus::{
    Encoder as _, Error, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

/// The media type of [`Metrics::text`].
pub const MEDIA_TYPE: &str = prometheus::TEXT_FORMAT;

/// From a checked token to a login that waited for its hash.
const SECONDS: [f64; 9] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// The counters of one server. Cheap to clone; the default one counts nothing.
#[derive(Clone, Default)]
pub struct Metrics(Option<Arc<Families>>);

struct Families {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    logins: IntCounterVec,
    guesses: IntCounterVec,
    messages: IntCounterVec,
    reloads: IntCounterVec,
    hash_queue: IntGauge,
    providers: IntGaugeVec,
    gateways: IntGaugeVec,
    breakers: IntGaugeVec,
    budgets: IntGaugeVec,
}

/// What is measured at the moment of asking: names, and whether they work, are open or are spent.
#[derive(Default)]
pub struct Reading {
    /// Passwords that wait to be hashed.
    pub hash_queue: usize,
    /// Providers, and whether their actors answer.
    pub providers: Vec<(String, bool)>,
    /// Gateways, and whether the last hand-over worked.
    pub gateways: Vec<(String, bool)>,
    /// Gateways, and whether their breaker is open.
    pub breakers: Vec<(String, bool)>,
    /// Providers, and whether their text budget is spent.
    pub budgets: Vec<(String, bool)>,
}

impl Metrics {
    /// Counters that start at zero.
    ///
    /// # Errors
    /// When two of them have one name: never.
    pub fn new() -> Result<Self, Error> {
        let registry = Registry::new();
        let make = Maker(&registry);
        let families = Families {
            requests: make.counters("requests_total", "Requests answered", &["method", "class", "status"])?,
            seconds: make.histograms("request_seconds", "How long answers took", &["class"])?,
            logins: make.counters("logins_total", "First steps by outcome", &["outcome"])?,
            guesses: make.counters("guesses_total", "Codes judged by outcome", &["outcome"])?,
            messages: make.counters(
                "messages_total",
                "Hand-overs by carrier and outcome",
                &["carrier", "outcome"],
            )?,
            reloads: make.counters(
                "reloads_total",
                "Readings of the configuration by outcome",
                &["outcome"],
            )?,
            hash_queue: make.gauge("hash_queue", "Passwords that wait to be hashed")?,
            providers: make.gauges("provider_up", "Whether the provider answers", "provider")?,
            gateways: make.gauges("gateway_up", "Whether the last hand-over worked", "gateway")?,
            breakers: make.gauges("gateway_breaker_open", "Whether the gateway is left alone", "gateway")?,
            budgets: make.gauges("text_budget_spent", "Whether texts are stopped", "provider")?,
            registry,
        };
        Ok(Self(Some(Arc::new(families))))
    }

    /// A request was answered. `method` and `class` are words of ours.
    pub fn request(&self, method: &str, class: &str, status: u16, took: Duration) {
        let Some(families) = &self.0 else { return };
        families.requests.with_label_values(&[method, class, &status.to_string()]).inc();
        families.seconds.with_label_values(&[class]).observe(took.as_secs_f64());
    }

    /// A first step ended.
    pub fn login(&self, outcome: &'static str) {
        self.count(|families| &families.logins, &[outcome]);
    }

    /// A code was judged, or refused without a look.
    pub fn guess(&self, outcome: &'static str) {
        self.count(|families| &families.guesses, &[outcome]);
    }

    /// A hand-over ended.
    pub fn message(&self, carrier: &str, outcome: &'static str) {
        self.count(|families| &families.messages, &[carrier, outcome]);
    }

    /// The configuration was read again.
    pub fn reload(&self, outcome: &'static str) {
        self.count(|families| &families.reloads, &[outcome]);
    }

    fn count(&self, counters: impl FnOnce(&Families) -> &IntCounterVec, labels: &[&str]) {
        if let Some(families) = &self.0 {
            counters(families).with_label_values(labels).inc();
        }
    }

    /// Everything in the text format of Prometheus, with the gauges as `reading` has them.
    ///
    /// # Errors
    /// When a family cannot be written: never.
    pub fn text(&self, reading: &Reading) -> Result<String, Error> {
        let Some(families) = &self.0 else { return Ok(String::new()) };
        families.hash_queue.set(i64::try_from(reading.hash_queue).unwrap_or(i64::MAX));
        for (gauges, states) in [
            (&families.providers, &reading.providers),
            (&families.gateways, &reading.gateways),
            (&families.breakers, &reading.breakers),
            (&families.budgets, &reading.budgets),
        ] {
            // What is configured no more is not told any more.
            gauges.reset();
            for (name, state) in states {
                gauges.with_label_values(&[name.as_str()]).set(i64::from(*state));
            }
        }
        let mut text = Vec::new();
        TextEncoder::new().encode(&families.registry.gather(), &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

/// Makes families and registers them.
struct Maker<'a>(&'a Registry);

impl Maker<'_> {
    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, Error> {
        let made = IntCounterVec::new(options(name, help), labels)?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn histograms(&self, name: &str, help: &str, labels: &[&str]) -> Result<HistogramVec, Error> {
        let options = HistogramOpts::from(options(name, help)).buckets(SECONDS.to_vec());
        let made = HistogramVec::new(options, labels)?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, Error> {
        let made = IntGauge::with_opts(options(name, help))?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn gauges(&self, name: &str, help: &str, label: &str) -> Result<IntGaugeVec, Error> {
        let made = IntGaugeVec::new(options(name, help), &[label])?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }
}

fn options(name: &str, help: &str) -> Opts {
    Opts::new(name, format!("{help}.")).namespace("twostep")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_told_and_what_is_gone_is_not() {
        let metrics = Metrics::new().unwrap();
        metrics.login("signed_in");
        metrics.login("signed_in");
        metrics.message("mail", "sent");
        let up = |name: &str| Reading { gateways: vec![(name.to_owned(), true)], ..Reading::default() };

        let first = metrics.text(&up("Sms")).unwrap();
        let second = metrics.text(&up("mail")).unwrap();

        assert!(first.contains("twostep_logins_total{outcome=\"signed_in\"} 2"), "{first}");
        assert!(first.contains("twostep_messages_total{carrier=\"mail\",outcome=\"sent\"} 1"), "{first}");
        assert!(first.contains("twostep_gateway_up{gateway=\"Sms\"} 1"), "{first}");
        assert!(!second.contains("Sms"), "{second}");
    }

    #[test]
    fn the_default_counts_nothing() {
        let metrics = Metrics::default();

        metrics.login("signed_in");

        assert_eq!(metrics.text(&Reading::default()).unwrap(), "");
    }
}
