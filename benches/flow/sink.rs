//! A quick mail relay, which hands codes to those who wait for them and notes when each MAIL FROM was heard.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

#[derive(Default)]
struct Kept {
    waiting: HashMap<String, oneshot::Sender<String>>,
    /// `Message-ID` and the epoch millisecond of its MAIL FROM.
    heard: Vec<(String, i64)>,
}

/// The relay, on the bench's own thread. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sink {
    pub(crate) port: u16,
    kept: Rc<RefCell<Kept>>,
}

impl Sink {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self { port: listener.local_addr().unwrap().port(), kept: Rc::default() };
        let kept = sink.kept.clone();
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::task::spawn_local(converse(stream, kept.clone()));
            }
        });
        sink
    }

    /// The code of the next mail to `address`.
    pub(crate) fn expect(&self, address: &str) -> oneshot::Receiver<String> {
        let (sender, receiver) = oneshot::channel();
        self.kept.borrow_mut().waiting.insert(address.to_owned(), sender);
        receiver
    }

    pub(crate) fn take_heard(&self) -> Vec<(String, i64)> {
        std::mem::take(&mut self.kept.borrow_mut().heard)
    }
}

#[expect(clippy::disallowed_methods, reason = "compared with what the server wrote by the system's clock")]
fn epoch_millis() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

async fn converse(stream: TcpStream, kept: Rc<RefCell<Kept>>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let (mut to, mut from_at) = (String::new(), 0);
    stream.write_all(b"220 sink\r\n").await?;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let reply: &[u8] = match line.get(..4).unwrap_or_default() {
            "EHLO" => b"250-sink\r\n250 8BITMIME\r\n",
            "MAIL" => {
                from_at = epoch_millis();
                b"250 ok\r\n"
            }
            "RCPT" => {
                to = bracketed(&line);
                b"250 ok\r\n"
            }
            "DATA" => {
                stream.write_all(b"354 go\r\n").await?;
                let mail = read_data(&mut stream).await?;
                keep(&kept, &to, &mail, from_at);
                b"250 kept\r\n"
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => b"250 ok\r\n",
        };
        stream.write_all(reply).await?;
    }
}

fn keep(kept: &RefCell<Kept>, to: &str, mail: &str, from_at: i64) {
    let mut kept = kept.borrow_mut();
    kept.heard.push((message_id(mail), from_at));
    if let (Some(code), Some(waiting)) = (code(mail), kept.waiting.remove(to)) {
        let _ = waiting.send(code);
    }
}

fn bracketed(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map(|(address, _)| address.to_owned()).unwrap_or_default()
}

async fn read_data(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut mail = String::new();
    loop {
        let start = mail.len();
        if stream.read_line(&mut mail).await? == 0 || &mail[start..] == ".\r\n" {
            return Ok(mail);
        }
    }
}

fn message_id(mail: &str) -> String {
    let line =
        mail.lines().find(|line| line.get(..11).is_some_and(|name| name.eq_ignore_ascii_case("message-id:")));
    let inner = line.map(bracketed).unwrap_or_default();
    inner.split('@').next().unwrap_or_default().to_owned()
}

/// The line of six digits, of a plain part or of one in base64.
fn code(mail: &str) -> Option<String> {
    digits_of(mail).or_else(|| {
        mail.split("\r\n\r\n").find_map(|part| {
            let packed: String = part.lines().take_while(|line| !line.starts_with("--")).collect();
            digits_of(&String::from_utf8(STANDARD.decode(packed).ok()?).ok()?)
        })
    })
}

fn digits_of(text: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| line.len() == 6 && line.bytes().all(|b| b.is_ascii_digit())).map(str::to_owned)
}
