//! The whole flow, measured: `cargo bench --bench flow`, or `cargo bench --bench flow -- signins start` for single parts.
//!
//! Starts the release binary on a fresh `SQLite` database with a quick mail relay and a quick Twilio beside it, and prints a markdown table. Parts:
//! `start`, `memory`, `signins`, `providers`, `builds`, `texts`, `tokens`, `refreshes`, `p99`, `delivery`, `users`, `size`. `TWOSTEP_BENCH_SECONDS` is the length of one load.
//!
//! What is compared is measured in turns (servers: A B B A A B …), and the median of the ratios of neighbours is told. A turn in which others used the
//! machine is measured again; how much went to them in the turns that count is told beside. Settings in the environment
//! (`TWOSTEP__DATABASE__MAX_CONNECTIONS=2`) reach the server; `TWOSTEP_BENCH_BINARY` names another one. `TWOSTEP_BENCH_OTHER`
//! names a build to compare with, for `builds`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench fails by panicking"
)]

mod bare;
mod http;
mod load;
mod machine;
mod parts;
mod refreshes;
mod server;
mod sink;
mod table;
mod texts;
mod turns;

use table::Table;

const PARTS: [&str; 12] = [
    "start",
    "memory",
    "signins",
    "providers",
    "builds",
    "texts",
    "tokens",
    "refreshes",
    "p99",
    "delivery",
    "users",
    "size",
];

fn main() {
    if std::env::var_os(bare::BARE).is_some() {
        return bare::serve();
    }
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let unknown: Vec<_> = wanted.iter().filter(|part| !PARTS.contains(&part.as_str())).collect();
    assert!(unknown.is_empty(), "unknown parts {unknown:?}; there are {PARTS:?}");
    let runs = |part: &str| wanted.is_empty() || wanted.iter().any(|name| name == part);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = tokio::task::LocalSet::new();
    let mut table = Table::default();
    local.block_on(&runtime, async {
        let bench = parts::Bench::prepare().await;
        if runs("start") {
            bench.start(&mut table);
        }
        if runs("memory") {
            bench.memory(&mut table).await;
        }
        if runs("signins") {
            bench.sign_ins(&mut table).await;
        }
        if runs("providers") {
            bench.providers(&mut table).await;
        }
        if runs("builds") {
            bench.builds(&mut table).await;
        }
        if runs("texts") {
            bench.texts(&mut table).await;
        }
        if runs("tokens") {
            bench.tokens(&mut table).await;
        }
        if runs("refreshes") {
            bench.refreshes(&mut table).await;
        }
        if runs("p99") {
            bench.p99(&mut table).await;
        }
        if runs("delivery") {
            bench.delivery(&mut table).await;
        }
        if runs("users") {
            bench.users(&mut table).await;
        }
        if runs("size") {
            parts::size(&mut table);
        }
    });
    table.print();
}
