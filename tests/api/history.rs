//! Histories of sessions: sign-ins, refreshes whose answers get lost, logouts, and a server that is killed in between. No
//! session that was ended goes on, and none that lived is lost (P4 to P6).

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::*;

on_every_engine!(no_session_is_lost_and_none_that_was_ended_goes_on);

const PEOPLE: usize = 4;
const STEPS: usize = 160;
/// One step in so many kills the server.
const KILLS: u64 = 16;

/// What a client knows of its session.
struct Session {
    /// The last refresh token that reached the client.
    token: String,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Living,
    Ended,
    /// A logout was asked for, and no answer came.
    Unknown,
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn pick(&mut self, count: usize) -> usize {
        usize::try_from(self.roll(count as u64)).unwrap()
    }
}

struct History {
    installation: Installation,
    server: Option<Server>,
    client: Client,
    sessions: Vec<Session>,
    dice: Dice,
    kills: u32,
}

impl History {
    async fn ask(&self, path: &str, body: &Value) -> Option<Answer> {
        ask(&self.client, path, body).await
    }

    async fn sign_in(&mut self) {
        let email = format!("user{}@example.com", self.dice.pick(PEOPLE));
        let answer = self.ask("/logins", &json!({"email": email, "password": PASSWORD})).await;
        let token = answer.expect("an answer").json()["tokens"]["refreshToken"].as_str().unwrap().to_owned();
        self.sessions.push(Session { token, state: State::Living });
    }

    /// Refreshes, and holds the answer against what is known of the session.
    async fn refresh(&mut self, index: usize, answer_arrives: bool) {
        let session = &self.sessions[index];
        let answer = self.ask("/tokens/refresh", &json!({"refreshToken": session.token})).await;
        let answer = answer.expect("an answer");
        let state = match (session.state, answer.status) {
            (State::Living | State::Unknown, 200) => State::Living,
            (State::Ended | State::Unknown, 401) => State::Ended,
            (state, status) => panic!("session {index} is {state:?} and was answered {status}: {answer:?}"),
        };
        self.sessions[index].state = state;
        if state == State::Living && answer_arrives {
            self.sessions[index].token = answer.field("refreshToken");
        }
    }

    async fn log_out(&mut self, index: usize) {
        let body = json!({"refreshToken": self.sessions[index].token});
        self.ask("/logout", &body).await.expect("an answer").assert_status(204);
        self.sessions[index].state = State::Ended;
    }

    /// Kills the server while it works on a refresh and on a logout, and starts it again.
    async fn kill(&mut self) {
        let (refreshing, leaving) =
            (self.dice.pick(self.sessions.len()), self.dice.pick(self.sessions.len()));
        let body = |index: usize| json!({"refreshToken": self.sessions[index].token});
        let (first, second) = (body(refreshing), body(leaving));
        let (one, other) = (self.client.clone(), self.client.clone());
        let refresh = tokio::spawn(async move { ask(&one, "/tokens/refresh", &first).await });
        let logout = tokio::spawn(async move { ask(&other, "/logout", &second).await });
        tokio::time::sleep(Duration::from_micros(self.dice.roll(12_000))).await;
        self.server.take().unwrap().kill();
        self.kills += 1;
        let (refreshed, left) = (refresh.await.unwrap(), logout.await.unwrap());

        let server = self.installation.serve();
        self.client = server.client();
        self.server = Some(server);
        let leaver = &mut self.sessions[leaving];
        leaver.state = match (leaver.state, left.map(|answer| answer.status)) {
            (State::Ended, _) | (_, Some(204)) => State::Ended,
            (_, Some(status)) => panic!("a logout was answered {status}"),
            (_, None) => State::Unknown,
        };
        match refreshed {
            Some(answer) if answer.status == 200 => {
                self.sessions[refreshing].token = answer.field("refreshToken");
            }
            Some(answer) => {
                let had_ended = self.sessions[refreshing].state != State::Living;
                assert!(had_ended, "a living session was answered {answer:?}");
            }
            None => self.refresh(refreshing, true).await,
        }
    }

    async fn step(&mut self) {
        if self.sessions.len() < PEOPLE {
            return self.sign_in().await;
        }
        if self.dice.roll(KILLS) == 0 {
            return self.kill().await;
        }
        let index = self.dice.pick(self.sessions.len());
        match self.dice.roll(10) {
            0 | 1 => self.sign_in().await,
            2 if self.sessions[index].state == State::Living => self.log_out(index).await,
            // A client whose answer got lost asks again at once, with the token that it has.
            3..=5 => {
                self.refresh(index, false).await;
                self.refresh(index, true).await;
            }
            _ => self.refresh(index, true).await,
        }
    }
}

/// The answer, if one comes.
async fn ask(client: &Client, path: &str, body: &Value) -> Option<Answer> {
    let request = client.request(reqwest::Method::POST, &format!("/api/v1{path}")).json(body);
    let response = request.send().await.ok()?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Some(Answer { status, headers, text: response.text().await.ok()? })
}

async fn no_session_is_lost_and_none_that_was_ended_goes_on(engine: Engine) {
    let database = TestDatabase::create(engine).await;
    let sink = SmtpSink::start().await;
    let installation = Installation::new(&sink).set("database.url", &database.url);
    for index in 0..PEOPLE {
        let email = format!("user{index}@example.com");
        let arguments = ["user", "add", &email, "--password-stdin", "--confirmed"];
        installation.run_with_input(&arguments, PASSWORD).assert_code(0);
    }
    let server = installation.serve();
    let (client, dice) = (server.client(), Dice(0x5eed_2026));
    let mut history =
        History { installation, server: Some(server), client, sessions: Vec::new(), dice, kills: 0 };

    for _ in 0..STEPS {
        history.step().await;
    }

    for index in 0..history.sessions.len() {
        history.refresh(index, true).await;
    }
    let count = |state| history.sessions.iter().filter(|session| session.state == state).count();
    assert!(history.kills >= 5, "{} kills", history.kills);
    assert!(count(State::Living) > 3 && count(State::Ended) > 3, "a history of both");
}
