//! The parts of the bench, a figure or two each.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use sea_orm::{ConnectOptions, Database, EntityTrait};

use crate::bare::{BareServer, hashes, phc};
use crate::http::Connection;
use crate::load::{Rate, Way, gets, probe, quantile, sign_in, sign_ins};
use crate::machine::Watch;
use crate::refreshes::{BareDatabase, refreshes, session};
use crate::server::{Installation, PASSWORD, Server};
use crate::sink::Sink;
use crate::table::Table;
use crate::texts::Texts;
use crate::turns::{Turns, median};

const HASH_THREADS: usize = 2;
const USERS: usize = 1_000;
const MANY_USERS: usize = 100_000;
/// A server with no provider but `Email`.
const MAIL_ALONE: [(&str, &str); 2] =
    [("TWOSTEP__PROVIDERS__SMS__ENABLED", "false"), ("TWOSTEP__PROVIDERS__AUTHENTICATOR__ENABLED", "false")];
/// Loads of which the median is told where single ones differ.
const DELIVERY_LOADS: usize = 5;
/// Sessions that are refreshed at once.
const CHAINS: usize = 16;

/// A server that is compared with another one, how its codes come, and how many users it has.
#[derive(Clone, Copy)]
struct Side<'a> {
    server: &'a Server,
    way: &'a Way,
    users: usize,
}

/// What the parts share: a relay, a Twilio, and a database with users.
pub(crate) struct Bench {
    sink: Sink,
    texts: Texts,
    mails: Way,
    installation: Installation,
    hash: String,
    span: Duration,
}

impl Bench {
    pub(crate) async fn prepare() -> Self {
        let sink = Sink::start().await;
        let texts = Texts::start().await;
        let installation = Installation::new(sink.port, texts.port);
        let hash = phc(PASSWORD);
        installation.import(&hash, 0, USERS);
        let seconds = std::env::var("TWOSTEP_BENCH_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
        Self {
            mails: Way::Mail(sink.clone()),
            sink,
            texts,
            installation,
            hash,
            span: Duration::from_secs(seconds.unwrap_or(10)),
        }
    }

    async fn token(&self, server: &Server) -> String {
        let mut connection = Connection::open(&server.socket).await.unwrap();
        sign_in(&mut connection, &self.mails, 0).await.expect("a sign-in")
    }

    /// From the start of the process to the `listening` line, on a database that is there.
    pub(crate) fn start(&self, table: &mut Table) {
        let mut times: Vec<_> = (0..7).map(|_| self.installation.serve().started_in.as_millis()).collect();
        let median = quantile(&mut times, 0.5).unwrap_or_default();
        let measured = format!("{median} ms (median of 7, longest {} ms)", times.last().unwrap());
        table.row("existing database, start to the `listening` line", measured, "≤ 200 ms", median <= 200);
    }

    pub(crate) async fn memory(&self, table: &mut Table) {
        let server = self.installation.serve();
        let resting = async || {
            tokio::time::sleep(Duration::from_secs(5)).await;
            mebibytes(server.memory_kib("VmRSS"))
        };
        let fresh = resting().await;
        sign_ins(&server.socket, &self.mails, 256, USERS, self.span).await;
        let peak = mebibytes(server.memory_kib("VmHWM"));
        let rested = resting().await;
        let mut row = |figure: &str, memory: f64, most: f64| {
            table.row(figure, format!("{memory:.1} MiB"), &format!("≤ {most:.0} MiB"), memory <= most);
        };
        row("peak memory at 256 clients, 2 hash threads", peak, 90.0);
        row("memory when idle, after the start", fresh, 30.0);
        row("memory when idle, 5 s after that load", rested, 30.0);
    }

    /// Sign-ins per second against bare hashes per second, in turns.
    pub(crate) async fn sign_ins(&self, table: &mut Table) {
        let server = self.installation.serve();
        for clients in [8, 64, 256] {
            let mut turns = Turns::few();
            let mut cpu = Vec::new();
            let mut bare = hashes(HASH_THREADS, self.span / 4);
            while turns.go_on() {
                let (turn, watch) = (Watch::start(&[server.pid()]), Watch::start(&[server.pid()]));
                let load = sign_ins(&server.socket, &self.mails, clients, USERS, self.span / 2).await;
                let used = watch.stop();
                let next = hashes(HASH_THREADS, self.span / 4);
                let bare_cpu = millis(Some((bare.cpu + next.cpu) / 2));
                cpu.push(millis_each(used.ours.iter().sum(), load) / bare_cpu);
                turns.add(load, f64::midpoint(bare.per_second, next.per_second), turn.stop().others);
                bare = next;
            }
            let figure =
                format!("sign-ins/s of {clients} clients against bare Argon2id hashes/s on 2 threads");
            let cpu = format!(
                "; {:.2} times the processor time of a bare hash, clients and relay included",
                median(cpu.into_iter())
            );
            table.row(&figure, turns.tell("sign-ins/s", "hashes/s") + &cpu, "≥ 0.95", turns.ratio() >= 0.95);
        }
    }

    /// Sign-ins per second of two servers, in turns. Who goes first changes with each: neither always comes after the other.
    async fn sides(&self, mut turns: Turns, clients: usize, ours: Side<'_>, theirs: Side<'_>) -> Turns {
        let load = async |side: Side<'_>| {
            sign_ins(&side.server.socket, side.way, clients, side.users, self.span / 2).await
        };
        let mut ours_first = true;
        while turns.go_on() {
            let turn = Watch::start(&[ours.server.pid(), theirs.server.pid()]);
            let (our_rate, their_rate) = if ours_first {
                let first = load(ours).await;
                (first, load(theirs).await)
            } else {
                let first = load(theirs).await;
                (load(ours).await, first)
            };
            turns.add(our_rate, their_rate.per_second(), turn.stop().others);
            ours_first = !ours_first;
        }
        turns
    }

    /// What registering every provider costs, against a server that has mail alone.
    pub(crate) async fn providers(&self, table: &mut Table) {
        let all = self.installation.serve();
        let mail_alone = self.installation.serve_with(&MAIL_ALONE);
        self.compare(table, &all, &mail_alone, "with every provider against mail alone").await;
    }

    /// Every provider, against the build that `TWOSTEP_BENCH_OTHER` names, with the providers that it has by default.
    pub(crate) async fn builds(&self, table: &mut Table) {
        let Ok(binary) = std::env::var("TWOSTEP_BENCH_OTHER") else {
            eprintln!("  no other build: TWOSTEP_BENCH_OTHER is not set");
            return;
        };
        let other = Installation::of_other(binary, self.sink.port);
        other.import(&self.hash, 0, USERS);
        let (all, other) = (self.installation.serve(), other.serve());
        self.compare(table, &all, &other, "with every provider against the other build").await;
    }

    /// Sign-ins per second of two servers, and their memory.
    async fn compare(&self, table: &mut Table, ours: &Server, theirs: &Server, against: &str) {
        for clients in [8, 64, 256] {
            let our_side = Side { server: ours, way: &self.mails, users: USERS };
            let their_side = Side { server: theirs, ..our_side };
            let turns = self.sides(Turns::many(), clients, our_side, their_side).await;
            let figure = format!("sign-ins/s of {clients} clients {against}");
            table.row(&figure, turns.tell("sign-ins/s", "sign-ins/s"), "≥ 0.95", turns.ratio() >= 0.95);
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
        for (figure, name) in [("memory when idle, 5 s after these loads", "VmRSS"), ("peak memory", "VmHWM")]
        {
            let [ours, theirs] = [ours, theirs].map(|server| mebibytes(server.memory_kib(name)));
            let measured = format!("{:.2} ({ours:.1} MiB; {theirs:.1} MiB)", ours / theirs);
            table.row(&format!("{figure}, {against}"), measured, "≤ 1.1", ours / theirs <= 1.1);
        }
    }

    /// Sign-ins per second with texted codes against those with mailed ones, in turns.
    pub(crate) async fn texts(&self, table: &mut Table) {
        let without_end = ("TWOSTEP__PROVIDERS__SMS__DAILY_BUDGET", "off");
        let by_mail = self.installation.serve_with(&[without_end]);
        let by_text =
            self.installation.serve_with(&[without_end, ("TWOSTEP__TWO_STEP__DEFAULT_PROVIDER", "Sms")]);
        let texts = Way::Text(self.texts.clone());
        let ours = Side { server: &by_text, way: &texts, users: USERS };
        let theirs = Side { server: &by_mail, way: &self.mails, users: USERS };
        let turns = self.sides(Turns::few(), 64, ours, theirs).await;
        let (ratio, measured) = (turns.ratio(), turns.tell("/s by text", "/s by mail"));
        let figure = "sign-ins/s of 64 clients with texts by a loopback Twilio against mails";
        table.row(figure, measured, "≥ 0.9", ratio >= 0.9);
    }

    pub(crate) async fn tokens(&self, table: &mut Table) {
        let server = self.installation.serve();
        let bare_server = BareServer::start();
        let token = self.token(&server).await;
        let mut turns = Turns::few();
        let (mut ours_cpu, mut bare_cpu) = (Vec::new(), Vec::new());
        let watch = || Watch::start(&[server.pid(), bare_server.pid()]);
        while turns.go_on() {
            let (turn, bare_watch) = (watch(), watch());
            let bare = gets(&bare_server.socket, &token, 32, self.span / 4).await;
            bare_cpu.push(millis_each(bare_watch.stop().ours[2], bare) * 1e3);
            let ours_watch = watch();
            let ours = gets(&server.socket, &token, 32, self.span / 4).await;
            ours_cpu.push(millis_each(ours_watch.stop().ours[1], ours) * 1e3);
            assert_eq!((ours.failed, bare.failed), (0, 0));
            turns.add(ours, bare.per_second(), turn.stop().others);
        }
        let cpu = format!(
            "; {:.1} and {:.1} µs of the server's processor each",
            median(ours_cpu.into_iter()),
            median(bare_cpu.into_iter())
        );
        table.row(
            "`GET /api/companies/privacy` with an EdDSA token against a bare actix-web JSON handler",
            turns.tell("/s", "/s") + &cpu,
            "≥ 0.5",
            turns.ratio() >= 0.5,
        );
    }

    /// Refreshes per second against bare transactions of the same writes, in turns.
    pub(crate) async fn refreshes(&self, table: &mut Table) {
        let server = self.installation.serve();
        let mut connection = Connection::open(&server.socket).await.unwrap();
        let mut sessions = Vec::new();
        for user in 0..CHAINS {
            sessions.push(session(&mut connection, &self.mails, user).await.expect("a session"));
        }
        let bare_database = BareDatabase::create(CHAINS).await;
        let mut turns = Turns::few();
        while turns.go_on() {
            let turn = Watch::start(&[server.pid()]);
            let bare = bare_database.exchanges(CHAINS, self.span / 4).await;
            let ours = refreshes(&server.socket, &mut sessions, self.span / 4).await;
            assert_eq!(ours.failed, 0);
            turns.add(ours, bare, turn.stop().others);
        }
        let (ratio, measured) = (turns.ratio(), turns.tell("/s", "/s"));
        let figure =
            format!("refreshes of {CHAINS} sessions at once against bare transactions of the same writes");
        table.row(&figure, measured, "≥ 0.3", ratio >= 0.3);
    }

    pub(crate) async fn p99(&self, table: &mut Table) {
        let server = self.installation.serve();
        let token = self.token(&server).await;
        let watch = probe(&server.socket, &token, self.span);
        sign_ins(&server.socket, &self.mails, 64, USERS, self.span + Duration::from_millis(200)).await;
        let mut times = watch.join().unwrap();
        let count = times.len();
        let [p50, p99] = [0.5, 0.99].map(|share| millis(quantile(&mut times, share)));
        let measured = format!("{p99:.1} ms (p50 {p50:.1} ms, {count} requests)");
        table.row("p99 of that GET while 64 clients sign in without pause", measured, "≤ 15 ms", p99 <= 15.0);
    }

    /// From the message's row to its MAIL FROM: alone, and under the load of 8 clients. The median of several loads: a single
    /// hiccup of a shared machine is one in a hundred mails of a load.
    pub(crate) async fn delivery(&self, table: &mut Table) {
        for clients in [1, 8] {
            let mut loads = Vec::new();
            let mut count = 0;
            for _ in 0..DELIVERY_LOADS {
                let mut waits = self.delivery_of(clients).await;
                count += waits.len();
                loads.push([0.99, 0.5].map(|share| quantile(&mut waits, share).unwrap_or(i64::MAX)));
            }
            loads.sort_unstable();
            let [p99, p50] = loads[DELIVERY_LOADS / 2];
            let (shortest, longest) = (loads[0][0], loads[DELIVERY_LOADS - 1][0]);
            let measured = format!(
                "p99 {p99} ms, the median of {DELIVERY_LOADS} loads of {shortest} to {longest} (p50 {p50} ms, {count} mails)"
            );
            let figure = format!("commit of the challenge to MAIL FROM at a quick relay, {clients} clients");
            table.row(&figure, measured, "p99 ≤ 20 ms", p99 <= 20);
        }
    }

    async fn delivery_of(&self, clients: usize) -> Vec<i64> {
        let server = self.installation.serve();
        self.sink.take_heard();
        sign_ins(&server.socket, &self.mails, clients, USERS, self.span).await;
        let heard = self.sink.take_heard();
        drop(server);
        self.waits(heard).await
    }

    /// Milliseconds from each row's `created_at`, which is before its commit, to its MAIL FROM.
    async fn waits(&self, heard: Vec<(String, i64)>) -> Vec<i64> {
        let url = format!("sqlite://{}", self.installation.folder().join("twostep.db").display());
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).sqlx_logging(false);
        let db = Database::connect(options).await.unwrap();
        let rows = entity::message::Entity::find().all(&db).await.unwrap();
        let created: HashMap<String, i64> =
            rows.into_iter().map(|row| (row.id.simple().to_string(), row.created_at)).collect();
        let plain = |id: &str| id.chars().filter(char::is_ascii_hexdigit).collect::<String>();
        heard.iter().filter_map(|(id, at)| created.get(&plain(id)).map(|created| at - created)).collect()
    }

    /// The same load over a thousand users and over a hundred thousand, in turns.
    pub(crate) async fn users(&self, table: &mut Table) {
        let many = Installation::new(self.sink.port, self.texts.port);
        many.import(&self.hash, 0, MANY_USERS);
        let (few_server, many_server) = (self.installation.serve(), many.serve());
        let ours = Side { server: &many_server, way: &self.mails, users: MANY_USERS };
        let theirs = Side { server: &few_server, way: &self.mails, users: USERS };
        let turns = self.sides(Turns::few(), 64, ours, theirs).await;
        let (ratio, measured) = (turns.ratio(), turns.tell("/s", "/s"));
        table.row("sign-ins/s with 100 000 users against 1 000", measured, "≥ 0.95", ratio >= 0.95);
    }
}

fn millis_each(cpu: Duration, rate: Rate) -> f64 {
    cpu.as_secs_f64() * 1e3 / f64::from(rate.all)
}

/// The size of the shipped binary, if it was built.
pub(crate) fn size(table: &mut Table) {
    let release = Path::new(env!("CARGO_BIN_EXE_twostep"));
    let target = release.parent().and_then(Path::parent).unwrap_or(Path::new("target"));
    let Ok(dist) = std::fs::metadata(target.join("dist/twostep")) else {
        table.row("shipped binary (dist profile)", "not built".to_owned(), "≤ 28 MiB", false);
        return;
    };
    let size = mebibytes(dist.len() / 1024);
    table.row("shipped binary (dist profile)", format!("{size:.1} MiB"), "≤ 28 MiB", size <= 28.0);
}

fn mebibytes(kib: u64) -> f64 {
    f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0
}

fn millis(time: Option<Duration>) -> f64 {
    time.unwrap_or(Duration::MAX).as_secs_f64() * 1_000.0
}
