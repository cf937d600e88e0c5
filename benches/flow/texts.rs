//! A quick Twilio on this machine, which hands codes to those who wait for them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

type Waiting = Rc<RefCell<HashMap<String, oneshot::Sender<String>>>>;

/// The vendor, on the bench's own thread. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Texts {
    pub(crate) port: u16,
    waiting: Waiting,
}

impl Texts {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let texts = Self { port: listener.local_addr().unwrap().port(), waiting: Rc::default() };
        let waiting = texts.waiting.clone();
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::task::spawn_local(converse(stream, waiting.clone()));
            }
        });
        texts
    }

    /// The code of the next text to `number`.
    pub(crate) fn expect(&self, number: &str) -> oneshot::Receiver<String> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.borrow_mut().insert(number.to_owned(), sender);
        receiver
    }
}

/// Takes every message of one connection.
async fn converse(stream: TcpStream, waiting: Waiting) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            if line == "\r\n" {
                break;
            }
            let (name, value) = line.split_once(':').unwrap_or_default();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut form = vec![0; length];
        stream.read_exact(&mut form).await?;
        keep(&waiting, &form);
        let reply = r#"{"sid":"SM00000000000000000000000000000000","status":"queued"}"#;
        let head = format!(
            "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            reply.len()
        );
        stream.write_all((head + reply).as_bytes()).await?;
    }
}

fn keep(waiting: &Waiting, form: &[u8]) {
    let form: HashMap<_, _> = url::form_urlencoded::parse(form).into_owned().collect();
    let (Some(to), Some(text)) = (form.get("To"), form.get("Body")) else { return };
    // The last line is `@host #code`.
    let Some((_, code)) = text.rsplit_once('#') else { return };
    if let Some(waiting) = waiting.borrow_mut().remove(to) {
        let _ = waiting.send(code.to_owned());
    }
}
