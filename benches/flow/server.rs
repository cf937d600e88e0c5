//! The release binary under measurement.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// The password of every user.
pub(crate) const PASSWORD: &str = "Correct-Horse-7";

/// A folder with a database, and how the server is run in it.
pub(crate) struct Installation {
    folder: TempDir,
    binary: String,
    environment: Vec<(String, String)>,
}

impl Installation {
    /// Every provider, texts to the sink as well as mails.
    pub(crate) fn new(relay_port: u16, texts_port: u16) -> Self {
        let texts = [
            ("PROVIDERS__SMS__ENABLED", "true".to_owned()),
            ("PROVIDERS__SMS__TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000000".to_owned()),
            ("PROVIDERS__SMS__TWILIO_AUTH_TOKEN", "nobodys-secret".to_owned()),
            ("PROVIDERS__SMS__TWILIO_FROM", "+15005550006".to_owned()),
            ("PROVIDERS__SMS__TWILIO_BASE_URL", format!("http://127.0.0.1:{texts_port}")),
        ];
        Self::of(binary(), relay_port, &texts)
    }

    /// Another build, with the providers that it has by default: it may be one that knows nothing of texts.
    pub(crate) fn of_other(binary: String, relay_port: u16) -> Self {
        Self::of(binary, relay_port, &[])
    }

    /// Defaults but for what the measurement needs: mails to the sink, and no limit on the one address of all clients.
    fn of(binary: String, relay_port: u16, more: &[(&str, String)]) -> Self {
        let key = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            twostep::vault::random_bytes::<32>(),
        );
        let common = [
            ("SERVER__BIND", "127.0.0.1:0".to_owned()),
            ("DATABASE__URL", "sqlite://twostep.db".to_owned()),
            ("SECRETS__KEY", key),
            ("LIMITS__ENABLED", "false".to_owned()),
            ("MAIL__TRANSPORT", "smtp".to_owned()),
            ("MAIL__SMTP_URL", format!("smtp://127.0.0.1:{relay_port}")),
            ("ACCOUNTS__HASH_THREADS", "2".to_owned()),
        ];
        let environment =
            common.iter().chain(more).map(|(name, value)| (format!("TWOSTEP__{name}"), value.clone()));
        // What the bench is given itself comes last and wins.
        let given = std::env::vars().filter(|(name, _)| name.starts_with("TWOSTEP__"));
        let environment = environment.chain(given).collect();
        Self { folder: tempfile::tempdir().unwrap(), binary, environment }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(self.folder()).env_clear().envs(self.environment.iter().cloned());
        command
    }

    /// Imports users `from..to`, all with the same hash of [`PASSWORD`].
    pub(crate) fn import(&self, hash: &str, from: usize, to: usize) {
        let path = self.folder().join("users.jsonl");
        let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
        for index in from..to {
            let (email, phone) = (address(index), number(index));
            writeln!(
                file,
                r#"{{"email":"{email}","passwordHash":"{hash}","emailConfirmed":true,"twoFactorEnabled":true,"roles":["Administrator"],"phoneNumber":"{phone}","phoneConfirmed":true}}"#
            )
            .unwrap();
        }
        file.flush().unwrap();
        let output = self.command(&["user", "import", "users.jsonl"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Starts the server and waits for its `listening` line.
    pub(crate) fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    /// [`Self::serve`] with more settings.
    pub(crate) fn serve_with(&self, settings: &[(&str, &str)]) -> Server {
        let start = Instant::now();
        let mut child = self
            .command(&["serve"])
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, receiver) = mpsc::channel();
        watch(child.stdout.take().unwrap(), sender.clone());
        watch(child.stderr.take().unwrap(), sender);
        let Ok((socket, at)) = receiver.recv_timeout(Duration::from_mins(1)) else {
            let _ = child.kill();
            panic!("the server never listened");
        };
        Server { child, socket, started_in: at - start }
    }
}

/// The binary under measurement: `TWOSTEP_BENCH_BINARY`, or the one that cargo has built for the bench.
fn binary() -> String {
    std::env::var("TWOSTEP_BENCH_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_twostep").to_owned())
}

/// The address of user `index`.
pub(crate) fn address(index: usize) -> String {
    format!("user{index}@example.com")
}

/// The phone number of user `index`.
pub(crate) fn number(index: usize) -> String {
    format!("+49151{index:08}")
}

/// Reads `from` to its end, and tells the socket of the `listening` line.
fn watch(from: impl Read + Send + 'static, found: mpsc::Sender<(String, Instant)>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if let Some((_, rest)) = line.split_once("listening on http://") {
                let end = rest.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(rest.len());
                let _ = found.send((rest[..end].to_owned(), Instant::now()));
            }
        }
    });
}

/// A running server; ended with the value.
pub(crate) struct Server {
    child: Child,
    /// `HOST:PORT`
    pub(crate) socket: String,
    /// From the start of the process to its `listening` line.
    pub(crate) started_in: Duration,
}

impl Server {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A figure of `/proc/PID/status`, in KiB: `VmHWM`, `VmRSS`.
    pub(crate) fn memory_kib(&self, figure: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':'));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}
