//! The load: clients that sign in without pause, and clients that show a token without pause.

use std::cell::Cell;
use std::io::{Read as _, Write as _};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::http::{Connection, find, get, parse_head};
use crate::server::{PASSWORD, address, number};
use crate::sink::Sink;
use crate::texts::Texts;

/// Between two requests of the watch.
const PACE: Duration = Duration::from_millis(4);

/// How a load went.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rate {
    pub(crate) done: u32,
    pub(crate) failed: u32,
    pub(crate) seconds: f64,
    /// Those before and after the counted time as well.
    pub(crate) all: u32,
}

impl Rate {
    pub(crate) fn per_second(self) -> f64 {
        f64::from(self.done) / self.seconds
    }
}

/// How the codes come.
#[derive(Clone)]
pub(crate) enum Way {
    /// By mail.
    Mail(Sink),
    /// By text.
    Text(Texts),
}

impl Way {
    fn provider(&self) -> &'static str {
        match self {
            Self::Mail(_) => "Email",
            Self::Text(_) => "Sms",
        }
    }

    pub(crate) fn expect(&self, user: usize) -> oneshot::Receiver<String> {
        match self {
            Self::Mail(sink) => sink.expect(&address(user)),
            Self::Text(texts) => texts.expect(&number(user)),
        }
    }
}

/// Signs in once: login, code, verification. The token, if all went well.
pub(crate) async fn sign_in(connection: &mut Connection, way: &Way, user: usize) -> Option<String> {
    let (email, provider) = (address(user), way.provider());
    let code = way.expect(user);
    let body = format!(r#"{{"email":"{email}","password":"{PASSWORD}"}}"#);
    let login = connection.post("/api/accounts/login", &body).await.ok()?;
    let challenge = login.text("challengeId").filter(|_| login.status == 200)?;
    let code = tokio::time::timeout(Duration::from_secs(30), code).await.ok()?.ok()?;
    let body = format!(
        r#"{{"email":"{email}","provider":"{provider}","token":"{code}","challengeId":"{challenge}"}}"#
    );
    let verified = connection.post("/api/accounts/twostepverification", &body).await.ok()?;
    verified.text("token").filter(|_| verified.status == 200)
}

/// `clients` clients sign in without pause for `span`, each as one after the other of its own users out of `users`.
pub(crate) async fn sign_ins(socket: &str, way: &Way, clients: usize, users: usize, span: Duration) -> Rate {
    let (done, failed, all) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let start = Instant::now();
    // The first round fills the queues and is not counted.
    let (counted_from, end) = (start + span / 5, start + span);
    let tasks: Vec<_> = (0..clients)
        .map(|client| {
            let (socket, way) = (socket.to_owned(), way.clone());
            let (done, failed, all) = (done.clone(), failed.clone(), all.clone());
            tokio::task::spawn_local(async move {
                let mut connection = Connection::open(&socket).await.unwrap();
                let mut user = client;
                while Instant::now() < end {
                    let signed_in = sign_in(&mut connection, &way, user).await.is_some();
                    let now = Instant::now();
                    all.set(all.get() + 1);
                    if now >= counted_from && now < end {
                        let count = if signed_in { &done } else { &failed };
                        count.set(count.get() + 1);
                    }
                    if !signed_in {
                        connection = Connection::open(&socket).await.unwrap();
                    }
                    // A large stride, so that the rows in use are spread over the whole table.
                    user = (user + clients * 97) % users;
                    user = user - user % clients + client;
                    if user >= users {
                        user = client;
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let seconds = (end - counted_from).as_secs_f64();
    Rate { done: done.get(), failed: failed.get(), seconds, all: all.get() }
}

/// `clients` clients send `GET /api/companies/privacy` without pause for `span`.
pub(crate) async fn gets(socket: &str, token: &str, clients: usize, span: Duration) -> Rate {
    let request = Rc::new(get("/api/companies/privacy", token));
    let (done, failed) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let start = Instant::now();
    let end = start + span;
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let (socket, request) = (socket.to_owned(), request.clone());
            let (done, failed) = (done.clone(), failed.clone());
            tokio::task::spawn_local(async move {
                let mut connection = Connection::open(&socket).await.unwrap();
                while Instant::now() < end {
                    let answer = connection.send(&request).await;
                    let count = if answer.is_ok_and(|answer| answer.status == 200) { &done } else { &failed };
                    count.set(count.get() + 1);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    Rate { done: done.get(), failed: failed.get(), seconds: start.elapsed().as_secs_f64(), all: done.get() }
}

/// Times of that GET, one every [`PACE`], seen from a thread of its own so that the load does not delay the watch. A request
/// whose turn came while the one before was still out counts from its turn: a long stall is seen by all that it would have met.
pub(crate) fn probe(socket: &str, token: &str, span: Duration) -> std::thread::JoinHandle<Vec<Duration>> {
    let (socket, request) = (socket.to_owned(), get("/api/companies/privacy", token));
    std::thread::spawn(move || {
        let mut stream = std::net::TcpStream::connect(&socket).unwrap();
        stream.set_nodelay(true).unwrap();
        let (mut times, mut buffer) = (Vec::new(), Vec::with_capacity(8192));
        let (mut turn, mut free_since) = (Instant::now(), Instant::now());
        let end = turn + span;
        while turn < end {
            std::thread::sleep(turn.saturating_duration_since(Instant::now()));
            let start = if turn < free_since { turn } else { Instant::now() };
            stream.write_all(&request).unwrap();
            read_answer(&mut stream, &mut buffer);
            free_since = Instant::now();
            times.push(free_since - start);
            turn += PACE;
        }
        times
    })
}

fn read_answer(stream: &mut std::net::TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    let mut chunk = [0; 8192];
    loop {
        let count = stream.read(&mut chunk).unwrap();
        assert!(count > 0, "the server closed the connection");
        buffer.extend_from_slice(&chunk[..count]);
        let Some(head) = find(buffer, b"\r\n\r\n") else { continue };
        let (status, length) = parse_head(&buffer[..head + 4]).unwrap();
        assert_eq!(status, 200);
        if buffer.len() >= head + 4 + length {
            return;
        }
    }
}

/// The value that `share` of `values` do not exceed.
pub(crate) fn quantile<T: Copy + Ord>(values: &mut [T], share: f64) -> Option<T> {
    values.sort_unstable();
    let last = values.len().checked_sub(1)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let index = (last as f64 * share).ceil() as usize;
    values.get(index).copied()
}
