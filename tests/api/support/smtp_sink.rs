//! A small SMTP server on a socket that keeps what it is given.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Takes it.
    Accept,
    /// Says nothing more after the greeting.
    Stall,
    /// Refuses it for good.
    Refuse,
    /// Asks to come again later.
    Defer,
    /// Breaks the connection in the middle of it.
    Drop,
}

/// A mail that was taken.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Envelope sender.
    pub from: String,
    /// Envelope recipient.
    pub to: String,
    /// Subject line.
    pub subject: String,
    /// Plain part, decoded.
    pub text: String,
    /// HTML part, decoded.
    pub html: String,
    /// Header lines, unfolded.
    pub headers: Vec<(String, String)>,
}

#[derive(Default)]
struct Kept {
    mails: Vec<Mail>,
    behaviour: Option<Behaviour>,
}

/// The server; it ends with the runtime that started it.
#[derive(Clone)]
pub struct SmtpSink {
    port: u16,
    kept: Arc<Mutex<Kept>>,
}

impl SmtpSink {
    /// Listens on a free port of 127.0.0.1.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self { port: listener.local_addr().unwrap().port(), kept: Arc::default() };
        let kept = sink.kept.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, kept.clone()));
            }
        });
        sink
    }

    /// `smtp://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Every mail taken so far, oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        self.kept.lock().unwrap().mails.clone()
    }

    /// From now on does this.
    pub fn behave(&self, behaviour: Behaviour) {
        self.kept.lock().unwrap().behaviour = Some(behaviour);
    }

    /// Waits until `count` mails were taken, for at most `patience`.
    pub async fn wait_for(&self, count: usize, patience: Duration) -> Vec<Mail> {
        let start = Instant::now();
        while self.mails().len() < count && start.elapsed() < patience {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.mails()
    }
}

async fn converse(stream: TcpStream, kept: Arc<Mutex<Kept>>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let (mut from, mut to) = (String::new(), String::new());
    stream.write_all(b"220 sink\r\n").await?;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let behaviour = kept.lock().unwrap().behaviour.unwrap_or(Behaviour::Accept);
        if behaviour == Behaviour::Stall {
            tokio::time::sleep(Duration::from_secs(600)).await;
            return Ok(());
        }
        let command = line.trim_end().to_ascii_uppercase();
        let reply = match command.get(..4).unwrap_or_default() {
            "EHLO" => "250-sink\r\n250 8BITMIME\r\n",
            "MAIL" => {
                from = bracketed(&line);
                "250 ok\r\n"
            }
            "RCPT" => match behaviour {
                Behaviour::Refuse => "550 no\r\n",
                Behaviour::Defer => "451 later\r\n",
                _ => {
                    to = bracketed(&line);
                    "250 ok\r\n"
                }
            },
            "DATA" => {
                if behaviour == Behaviour::Drop {
                    return Ok(());
                }
                stream.write_all(b"354 go\r\n").await?;
                let raw = read_data(&mut stream).await?;
                kept.lock().unwrap().mails.push(parse(&from, &to, &raw));
                "250 kept\r\n"
            }
            "QUIT" => "221 bye\r\n",
            _ => "250 ok\r\n",
        };
        stream.write_all(reply.as_bytes()).await?;
    }
}

fn bracketed(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map(|(address, _)| address.to_owned()).unwrap_or_default()
}

async fn read_data(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut raw = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(raw);
        }
        raw.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

fn parse(from: &str, to: &str, raw: &str) -> Mail {
    let (headers, body) = split_entity(raw);
    let mut mail = Mail {
        from: from.to_owned(),
        to: to.to_owned(),
        subject: header(&headers, "subject"),
        text: String::new(),
        html: String::new(),
        headers: headers.clone(),
    };
    collect_parts(&headers, &body, &mut mail);
    mail
}

fn collect_parts(headers: &[(String, String)], body: &str, mail: &mut Mail) {
    let kind = header(headers, "content-type");
    if let Some((_, boundary)) = kind.split_once("boundary=") {
        let boundary = boundary.split(';').next().unwrap().trim_matches('"');
        let marker = format!("--{boundary}");
        for part in body.split(marker.as_str()).skip(1).filter(|part| !part.starts_with("--")) {
            let (headers, body) = split_entity(part.trim_start_matches("\r\n"));
            collect_parts(&headers, &body, mail);
        }
        return;
    }
    let decoded = decode(&header(headers, "content-transfer-encoding"), body);
    if kind.contains("html") { mail.html = decoded } else { mail.text = decoded }
}

fn split_entity(raw: &str) -> (Vec<(String, String)>, String) {
    let (head, body) = raw.split_once("\r\n\r\n").unwrap_or((raw, ""));
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let headers = unfolded.lines().filter_map(|line| line.split_once(':'));
    (headers.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect(), body.to_owned())
}

fn header(headers: &[(String, String)], name: &str) -> String {
    let found = headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

fn decode(encoding: &str, body: &str) -> String {
    match encoding.to_ascii_lowercase().as_str() {
        "base64" => {
            let packed: String = body.chars().filter(|c| !c.is_whitespace()).collect();
            String::from_utf8_lossy(&STANDARD.decode(packed).unwrap_or_default()).into_owned()
        }
        "quoted-printable" => quoted_printable(body),
        _ => body.to_owned(),
    }
}

fn quoted_printable(body: &str) -> String {
    let joined = body.replace("=\r\n", "");
    let mut bytes = Vec::with_capacity(joined.len());
    let mut rest = joined.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = (first == b'=').then(|| tail.get(..2)).flatten();
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
