//! A mail relay for tests: speaks SMTP on a local port, behaves as told, and keeps what it took.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_parser::MessageParser;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// What the relay does with the next mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// Takes them.
    Accept,
    /// Answers so many recipients with 451, then takes them.
    Greylist(u32),
    /// Answers every recipient with 550.
    Refuse,
    /// Says nothing once it has heard the recipient, until it is told to behave otherwise.
    Stall,
    /// Hangs up in the middle of the mail.
    Drop,
}

/// Whether and when the relay speaks TLS.
#[derive(Clone)]
enum Tls {
    Never,
    Upgraded(Arc<ServerConfig>),
    Implicit(Arc<ServerConfig>),
}

/// A mail as the relay took it.
#[derive(Clone, Debug)]
pub(crate) struct SunkMail {
    /// Address of MAIL FROM.
    pub(crate) from: String,
    /// Addresses of RCPT TO.
    pub(crate) to: Vec<String>,
    /// Decoded subject.
    pub(crate) subject: String,
    /// Names and raw values of all headers, in order.
    pub(crate) headers: Vec<(String, String)>,
    /// Decoded text part.
    pub(crate) text: String,
    /// Decoded HTML part.
    pub(crate) html: String,
    /// The whole mail as it came.
    pub(crate) raw: String,
    /// When MAIL FROM was heard.
    pub(crate) mail_from_at: Instant,
    /// When the mail was taken.
    pub(crate) received_at: Instant,
}

impl SunkMail {
    /// The raw value of the first header `name`, trimmed; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.trim())
    }
}

struct Relay {
    behaviour: Mutex<Behaviour>,
    tls: Tls,
    login: Option<(String, String)>,
    smtp_utf8: bool,
    mails: Mutex<Vec<SunkMail>>,
    recipients: Mutex<Vec<String>>,
    connections: Mutex<usize>,
    changed: Notify,
    hang_up: Notify,
}

/// A running relay; dropping it closes its port and its connections.
pub(crate) struct SmtpSink {
    address: SocketAddr,
    relay: Arc<Relay>,
    listening: JoinHandle<()>,
}

impl SmtpSink {
    /// A relay without TLS and without AUTH that takes everything.
    pub(crate) async fn start() -> Self {
        Self::start_as(Tls::Never, None, false).await
    }

    /// A relay that wants AUTH PLAIN or LOGIN first.
    pub(crate) async fn start_with_auth(user: &str, password: &str) -> Self {
        Self::start_as(Tls::Never, Some((user.to_owned(), password.to_owned())), false).await
    }

    /// A relay that takes addresses beyond ASCII (RFC 6531).
    pub(crate) async fn start_with_smtp_utf8() -> Self {
        Self::start_as(Tls::Never, None, true).await
    }

    /// A relay that offers STARTTLS and takes nothing without it.
    pub(crate) async fn start_with_starttls(config: Arc<ServerConfig>) -> Self {
        Self::start_as(Tls::Upgraded(config), Some(("user".to_owned(), "password".to_owned())), false).await
    }

    /// A relay that speaks TLS from the first byte.
    pub(crate) async fn start_with_tls(config: Arc<ServerConfig>) -> Self {
        Self::start_as(Tls::Implicit(config), None, false).await
    }

    async fn start_as(tls: Tls, login: Option<(String, String)>, smtp_utf8: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let relay = Arc::new(Relay {
            behaviour: Mutex::new(Behaviour::Accept),
            tls,
            login,
            smtp_utf8,
            mails: Mutex::default(),
            recipients: Mutex::default(),
            connections: Mutex::default(),
            changed: Notify::new(),
            hang_up: Notify::new(),
        });
        let listening = tokio::spawn(listen(listener, Arc::clone(&relay)));
        Self { address, relay, listening }
    }

    /// `smtp://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// The port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// How the next recipients are answered, also on open connections.
    pub(crate) fn set_behaviour(&self, behaviour: Behaviour) {
        *self.relay.behaviour.lock().unwrap() = behaviour;
    }

    /// Closes every open connection and goes on listening.
    pub(crate) fn hang_up(&self) {
        self.relay.hang_up.notify_waiters();
    }

    /// The mails that were taken, oldest first.
    pub(crate) fn mails(&self) -> Vec<SunkMail> {
        self.relay.mails.lock().unwrap().clone()
    }

    /// Every address that was heard in RCPT TO, refused ones too.
    pub(crate) fn recipients(&self) -> Vec<String> {
        self.relay.recipients.lock().unwrap().clone()
    }

    /// How many connections were opened.
    pub(crate) fn connections(&self) -> usize {
        *self.relay.connections.lock().unwrap()
    }

    /// Waits until `count` mails were taken.
    ///
    /// # Panics
    /// When they were not within `patience`.
    pub(crate) async fn wait_for(&self, count: usize, patience: Duration) -> Vec<SunkMail> {
        self.wait_until(patience, || self.mails().len() >= count).await;
        self.mails()
    }

    /// Waits until `count` recipients were heard, whatever they were answered.
    ///
    /// # Panics
    /// When they were not within `patience`.
    pub(crate) async fn wait_for_recipients(&self, count: usize, patience: Duration) {
        self.wait_until(patience, || self.recipients().len() >= count).await;
    }

    async fn wait_until(&self, patience: Duration, holds: impl Fn() -> bool) {
        let waiting = async {
            loop {
                let changed = self.relay.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if holds() {
                    return;
                }
                changed.await;
            }
        };
        let (mails, heard) = (self.mails().len(), self.recipients().len());
        tokio::time::timeout(patience, waiting).await.unwrap_or_else(|_| {
            panic!("waited in vain for mails: {mails} taken, {heard} recipients heard at first")
        });
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, relay: Arc<Relay>) {
    // Owned by this task, so that its end ends every session.
    let mut sessions = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        *relay.connections.lock().unwrap() += 1;
        sessions.spawn(serve(stream, Arc::clone(&relay)));
        while sessions.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, relay: Arc<Relay>) {
    let hung_up = Arc::clone(&relay);
    tokio::select! {
        // An error is a client that went away: nothing to do.
        _ = converse(stream, relay) => {}
        () = hung_up.hang_up.notified() => {}
    }
}

async fn converse(stream: TcpStream, relay: Arc<Relay>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    match relay.tls.clone() {
        Tls::Never => {
            Session::new(stream, relay, true).greet().await?;
        }
        Tls::Implicit(config) => {
            let stream = TlsAcceptor::from(config).accept(stream).await?;
            Session::new(stream, relay, true).greet().await?;
        }
        Tls::Upgraded(config) => {
            if let Some(stream) = Session::new(stream, Arc::clone(&relay), false).greet().await? {
                let stream = TlsAcceptor::from(config).accept(stream).await?;
                Session::new(stream, relay, true).talk().await?;
            }
        }
    }
    Ok(())
}

struct Session<S> {
    stream: BufReader<S>,
    relay: Arc<Relay>,
    /// No STARTTLS is waited for.
    ready: bool,
    signed_in: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    fn new(stream: S, relay: Arc<Relay>, ready: bool) -> Self {
        let signed_in = relay.login.is_none();
        Self { stream: BufReader::new(stream), relay, ready, signed_in }
    }

    async fn greet(mut self) -> std::io::Result<Option<S>> {
        self.say("220 sink ESMTP").await?;
        self.talk().await
    }

    /// Until the client leaves; gives the stream back for STARTTLS.
    async fn talk(mut self) -> std::io::Result<Option<S>> {
        let mut from = None;
        let mut to: Vec<String> = Vec::new();
        while let Some(line) = self.line().await? {
            let verb = line.to_ascii_uppercase();
            if verb.starts_with("EHLO") || verb.starts_with("HELO") {
                self.hello().await?;
            } else if verb == "STARTTLS" && !self.ready {
                self.say("220 go ahead").await?;
                return Ok(Some(self.stream.into_inner()));
            } else if verb == "QUIT" {
                self.say("221 bye").await?;
                return Ok(None);
            } else if verb == "NOOP" || verb == "RSET" {
                (from, to) = (None, Vec::new());
                self.say("250 ok").await?;
            } else if !self.ready {
                self.say("530 must issue STARTTLS first").await?;
            } else if verb.starts_with("AUTH ") {
                self.auth(&line).await?;
            } else if !self.signed_in {
                self.say("530 authentication required").await?;
            } else if verb.starts_with("MAIL FROM:") {
                from = Some((address(&line), Instant::now()));
                self.say("250 ok").await?;
            } else if verb.starts_with("RCPT TO:") && from.is_some() {
                if self.recipient(&address(&line)).await? {
                    to.push(address(&line));
                }
            } else if verb == "DATA" && !to.is_empty() {
                let Some(raw) = self.data().await? else { return Ok(None) };
                if let Some((from, mail_from_at)) = from.take() {
                    self.keep(&from, std::mem::take(&mut to), raw, mail_from_at);
                }
                self.say("250 taken").await?;
            } else {
                self.say("503 bad sequence of commands").await?;
            }
        }
        Ok(None)
    }

    async fn hello(&mut self) -> std::io::Result<()> {
        let mut lines = vec!["sink", "8BITMIME"];
        if self.relay.smtp_utf8 {
            lines.push("SMTPUTF8");
        }
        if !self.ready {
            lines.push("STARTTLS");
        } else if self.relay.login.is_some() {
            lines.push("AUTH PLAIN LOGIN");
        }
        let (last, others) = lines.split_last().unwrap();
        for line in others {
            self.say(&format!("250-{line}")).await?;
        }
        self.say(&format!("250 {last}")).await
    }

    async fn auth(&mut self, line: &str) -> std::io::Result<()> {
        let words: Vec<_> = line.split(' ').collect();
        let decode =
            |text: &str| String::from_utf8(STANDARD.decode(text).unwrap_or_default()).unwrap_or_default();
        let shown = match words.as_slice() {
            [_, "PLAIN", secret] => {
                let secret = decode(secret);
                let mut parts = secret.split('\0').skip(1).map(str::to_owned);
                parts.next().zip(parts.next())
            }
            [_, "LOGIN", ..] => {
                self.say("334 VXNlcm5hbWU6").await?;
                let user = self.line().await?.map(|line| decode(&line));
                self.say("334 UGFzc3dvcmQ6").await?;
                user.zip(self.line().await?.map(|line| decode(&line)))
            }
            _ => None,
        };
        self.signed_in = shown.is_some() && shown == self.relay.login;
        self.say(if self.signed_in { "235 welcome" } else { "535 no" }).await
    }

    /// Answers a recipient; `true` if it is taken.
    async fn recipient(&mut self, to: &str) -> std::io::Result<bool> {
        self.relay.recipients.lock().unwrap().push(to.to_owned());
        self.relay.changed.notify_waiters();
        let behaviour = {
            let mut behaviour = self.relay.behaviour.lock().unwrap();
            let now = *behaviour;
            if let Behaviour::Greylist(left) = now {
                *behaviour = if left > 1 { Behaviour::Greylist(left - 1) } else { Behaviour::Accept };
            }
            now
        };
        match behaviour {
            Behaviour::Greylist(1..) => self.say("451 4.7.1 come back later").await.map(|()| false),
            Behaviour::Refuse => self.say("550 5.1.1 nobody here").await.map(|()| false),
            Behaviour::Stall => {
                while *self.relay.behaviour.lock().unwrap() == Behaviour::Stall {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                self.say("250 ok").await.map(|()| true)
            }
            _ => self.say("250 ok").await.map(|()| true),
        }
    }

    /// The mail without its last dot; `None` when the relay hung up in its middle.
    async fn data(&mut self) -> std::io::Result<Option<String>> {
        self.say("354 go on").await?;
        let mut raw = String::new();
        while let Some(line) = self.line().await? {
            if *self.relay.behaviour.lock().unwrap() == Behaviour::Drop {
                return Ok(None);
            }
            if line == "." {
                return Ok(Some(raw));
            }
            raw.push_str(line.strip_prefix('.').unwrap_or(&line));
            raw.push_str("\r\n");
        }
        Ok(None)
    }

    fn keep(&self, from: &str, to: Vec<String>, raw: String, mail_from_at: Instant) {
        let parsed = MessageParser::default().parse(raw.as_bytes()).expect("a mail");
        let headers = parsed.headers_raw().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let mail = SunkMail {
            from: from.to_owned(),
            to,
            subject: parsed.subject().unwrap_or_default().to_owned(),
            headers,
            text: parsed.body_text(0).unwrap_or_default().replace("\r\n", "\n"),
            html: parsed.body_html(0).unwrap_or_default().replace("\r\n", "\n"),
            mail_from_at,
            received_at: Instant::now(),
            raw,
        };
        self.relay.mails.lock().unwrap().push(mail);
        self.relay.changed.notify_waiters();
    }

    async fn line(&mut self) -> std::io::Result<Option<String>> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).await?;
        Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
    }

    async fn say(&mut self, answer: &str) -> std::io::Result<()> {
        self.stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }
}

fn address(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or("", |(address, _)| address).to_owned()
}
