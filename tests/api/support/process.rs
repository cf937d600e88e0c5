//! The real program, as an operator runs it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{Client, SmtpSink, variable};

const PATIENCE: Duration = Duration::from_secs(30);

/// A folder to run the program in, and its environment.
pub(crate) struct Installation {
    folder: Arc<TempDir>,
    environment: BTreeMap<String, String>,
}

/// How a command ended, and what it said.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    #[track_caller]
    pub(crate) fn assert_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }
}

impl Installation {
    /// An empty folder and no environment: what a fresh clone is.
    pub(crate) fn bare() -> Self {
        Self { folder: Arc::new(tempfile::tempdir().unwrap()), environment: BTreeMap::new() }
    }

    /// Cheap hashing, a free port, no limits, a database in the folder, mails to `sink`.
    pub(crate) fn new(sink: &SmtpSink) -> Self {
        let secret = base64::engine::general_purpose::STANDARD.encode(twostep::vault::random_bytes::<32>());
        Self::bare()
            .set("server.bind", "127.0.0.1:0")
            .set("server.workers", "1")
            .set("database.url", "sqlite://twostep.db")
            .set("secrets.key", &secret)
            .set("accounts.argon2_memory_kib", "64")
            .set("accounts.argon2_iterations", "1")
            .set("limits.enabled", "false")
            .set("mail.transport", "smtp")
            .set("mail.smtp_url", &sink.url())
    }

    /// Sets a key, such as `two_step.max_attempts`.
    pub(crate) fn set(self, key: &str, value: &str) -> Self {
        self.env(&variable(key), value)
    }

    /// The same folder with one key set otherwise.
    pub(crate) fn clone_with(&self, key: &str, value: &str) -> Self {
        Self { folder: Arc::clone(&self.folder), environment: self.environment.clone() }.set(key, value)
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, content: &str) {
        std::fs::write(self.folder().join(name), content).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_twostep"));
        command.args(arguments).current_dir(self.folder()).env_clear().envs(&self.environment);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with_input(arguments, "")
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut child = self.command(arguments).spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let stdout = read_all(child.stdout.take().unwrap());
        let stderr = read_all(child.stderr.take().unwrap());
        let status = wait(&mut child, PATIENCE);
        Outcome { code: status.code(), stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
    }

    /// Starts the server and waits for its `listening` line.
    pub(crate) fn serve(&self) -> Server {
        self.start(&["serve"])
    }

    /// Runs `arguments` and waits for the `listening` line.
    pub(crate) fn start(&self, arguments: &[&str]) -> Server {
        let mut child = self.command(arguments).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        collect(child.stdout.take().unwrap(), log.clone());
        collect(child.stderr.take().unwrap(), log.clone());
        let start = Instant::now();
        let address = loop {
            if let Some(address) = listening_address(&log.lock().unwrap()) {
                break address;
            }
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}: {}", log.lock().unwrap());
            assert!(start.elapsed() < PATIENCE, "never listened: {}", log.lock().unwrap());
            std::thread::sleep(Duration::from_millis(2));
        };
        Server { child, _folder: self.folder.clone(), address, log }
    }
}

/// A running server; killed with the value.
pub(crate) struct Server {
    child: Child,
    /// Lives as long as the server that runs in it.
    _folder: Arc<TempDir>,
    pub(crate) address: String,
    log: Arc<Mutex<String>>,
}

impl Server {
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.address)
    }

    /// Everything it has logged.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// `kill -9`
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and how it ended.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        wait(&mut self.child, PATIENCE)
    }

    /// Waits for the end of a server that was told to stop.
    pub(crate) fn wait(mut self) -> ExitStatus {
        wait(&mut self.child, PATIENCE)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            println!("the log of {}:\n{}", self.address, self.log());
        }
    }
}

fn wait(child: &mut Child, patience: Duration) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if start.elapsed() > patience {
            let _ = child.kill();
            panic!("the program does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn read_all(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = from.read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    })
}

fn collect(from: impl Read + Send + 'static, log: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            let mut log = log.lock().unwrap();
            log.push_str(&String::from_utf8_lossy(&line));
            log.push('\n');
        }
    });
}

/// The address of the `listening` line, once there is one.
pub(crate) fn listening_address(log: &str) -> Option<String> {
    let (_, rest) = log.split_once("listening on ")?;
    let (line, _) = rest.split_once('\n')?;
    let end = line.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(line.len());
    Some(line[..end].to_owned())
}
