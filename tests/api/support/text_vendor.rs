//! A vendor of texts for tests: speaks HTTP on a local port, answers as Twilio does or as told, and keeps what it heard.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What the vendor answers to the next requests.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply {
    /// 201, and the text is queued.
    Queued,
    /// 201, accepted by a messaging service, without a price.
    Accepted,
    /// This status with Twilio's error number.
    Fault(u16, u32),
    /// This status with a page that is no JSON.
    Page(u16),
    /// This status and this body.
    Plain(u16, String),
    /// 200 with this `Date` and this body.
    Dated(String, String),
    /// 307 to another address.
    Elsewhere(String),
    /// Nothing, with the connection kept open.
    Stall,
    /// Nothing, and the connection is closed once the request was read.
    HangUp,
    /// A 201 whose body has no end.
    Endless,
    /// The head of a 201 that promises more than comes.
    BreakOff,
}

/// A request as the vendor read it.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// Method, path and query.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Heard {
    /// The first value of a header; empty: there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value)
    }

    /// A field of a form; empty: there is none.
    pub(crate) fn field(&self, name: &str) -> String {
        let mut fields = url::form_urlencoded::parse(self.body.as_bytes());
        fields.find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    }
}

struct State {
    reply: Reply,
    heard: Vec<Heard>,
    connections: usize,
}

/// The vendor; it ends with its value.
pub(crate) struct TextVendor {
    port: u16,
    state: Arc<Mutex<State>>,
    news: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Drop for TextVendor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl TextVendor {
    /// A vendor that queues every text.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State { reply: Reply::Queued, heard: Vec::new(), connections: 0 }));
        let news = Arc::new(Notify::new());
        let task = tokio::spawn({
            let (state, news) = (Arc::clone(&state), Arc::clone(&news));
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    state.lock().unwrap().connections += 1;
                    tokio::spawn(serve(stream, Arc::clone(&state), Arc::clone(&news)));
                }
            }
        });
        Self { port, state, news, task }
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it answers from now on.
    pub(crate) fn set_reply(&self, reply: Reply) {
        self.state.lock().unwrap().reply = reply;
    }

    /// Every request so far.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.state.lock().unwrap().heard.clone()
    }

    /// How many connections were opened.
    pub(crate) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    /// Waits until there were `count` requests.
    pub(crate) async fn wait_for(&self, count: usize, patience: Duration) -> Vec<Heard> {
        let waiting = async {
            loop {
                let news = self.news.notified();
                tokio::pin!(news);
                news.as_mut().enable();
                if self.heard().len() >= count {
                    return;
                }
                news.await;
            }
        };
        let waited = tokio::time::timeout(patience, waiting).await;
        assert!(waited.is_ok(), "only {} of {count} requests came", self.heard().len());
        self.heard()
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>, news: Arc<Notify>) {
    let mut stream = BufReader::new(stream);
    while let Some(heard) = read(&mut stream).await {
        let reply = {
            let mut state = state.lock().unwrap();
            state.heard.push(heard);
            state.reply.clone()
        };
        news.notify_waiters();
        let answer = match reply {
            Reply::Queued => respond(201, "", &message("queued")),
            Reply::Accepted => respond(201, "", &message("accepted")),
            Reply::Fault(status, code) => {
                let more = format!("https://www.twilio.com/docs/errors/{code}");
                let body = format!(
                    r#"{{"code":{code},"message":"The 'To' number is not good","more_info":"{more}","status":{status}}}"#
                );
                respond(status, "", &body)
            }
            Reply::Page(status) => respond(status, "", "<html><body>Not now</body></html>"),
            Reply::Plain(status, body) => respond(status, "", &body),
            Reply::Dated(date, body) => respond(200, &format!("Date: {date}\r\n"), &body),
            Reply::Elsewhere(url) => respond(307, &format!("Location: {url}\r\n"), ""),
            Reply::Stall => return std::future::pending().await,
            Reply::HangUp => return,
            Reply::Endless => {
                let mut piece = "HTTP/1.1 201 Created\r\n\r\n".to_owned();
                while stream.get_mut().write_all(piece.as_bytes()).await.is_ok() {
                    piece = " ".repeat(4096);
                }
                return;
            }
            Reply::BreakOff => "HTTP/1.1 201 Created\r\nContent-Length: 9999\r\n\r\n{\"sid\":".to_owned(),
        };
        if stream.get_mut().write_all(answer.as_bytes()).await.is_err() || answer.contains("9999") {
            return;
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Heard> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let target = lines.first()?.trim_end_matches(" HTTP/1.1").to_owned();
    let split = |line: &String| {
        line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let headers: Vec<_> = lines.iter().skip(1).filter_map(split).collect();
    let mut heard = Heard { target, headers, body: String::new() };
    let mut body = vec![0; heard.header("content-length").parse().unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    heard.body = String::from_utf8(body).ok()?;
    Some(heard)
}

fn respond(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} Status\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// Twilio's answer to a text that it took.
fn message(status: &str) -> String {
    format!(
        r#"{{"sid":"SM00000000000000000000000000000001","status":"{status}","price":null,"price_unit":null,"from":null,"date_sent":null,"num_segments":"0"}}"#
    )
}
