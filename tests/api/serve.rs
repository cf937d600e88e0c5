//! The real program: how it starts, stops, dies and comes back.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::support::*;

const JANE: &str = "jane@example.com";
const ADD_JANE: [&str; 7] = ["user", "add", JANE, "--password-stdin", "--confirmed", "--two-factor", "on"];

/// An installation with one user, whose second step is on.
fn installed(sink: &SmtpSink) -> Installation {
    let installation = Installation::new(sink);
    installation.run_with_input(&ADD_JANE, &format!("{PASSWORD}\n")).assert_code(0);
    installation
}

async fn code_mails(sink: &SmtpSink, count: usize) -> Vec<Mail> {
    eventually(&format!("{count} code mails"), async || {
        let mails: Vec<_> = sink.mails().into_iter().filter(|mail| mail.subject == CODE).collect();
        (mails.len() >= count).then_some(mails)
    })
    .await
}

#[actix_web::test]
async fn the_whole_flow_runs_through_the_real_program() {
    let sink = SmtpSink::start().await;
    let server = Installation::new(&sink).set("accounts.two_factor_for_new_users", "true").serve();
    let client = server.client();
    client.register(JANE).await.assert_text(201, "");
    let link = sink.wait_for(1, Duration::from_secs(10)).await[0].link();
    client.confirm(&link).await.assert_text(200, "");

    let challenge = client.login(JANE).await.challenge_id();
    let code = code_mails(&sink, 1).await[0].code();
    let token = client.verify_challenge(JANE, &code, &challenge).await.token();

    client.get_with("/api/companies", &token).await.assert_status(200);
    assert!(server.log().contains("listening on http://127.0.0.1:"), "{}", server.log());
}

#[actix_web::test]
async fn a_code_whose_process_was_killed_arrives_after_the_restart() {
    let sink = SmtpSink::start().await;
    let installation = installed(&sink).set("mail.timeout", "1s");
    let server = installation.serve();
    sink.set_behaviour(Behaviour::Stall);
    let challenge = server.client().login(JANE).await.challenge_id();
    server.kill();
    sink.set_behaviour(Behaviour::Accept);

    let server = installation.serve();
    let mails = code_mails(&sink, 1).await;

    let client = server.client();
    client.verify_challenge(JANE, &mails[0].code(), &challenge).await.token();
    client.verify_challenge(JANE, &mails[0].code(), &challenge).await.assert_text(400, INVALID_CODE);
    assert_eq!(code_mails(&sink, 1).await.len(), 1, "one hand-over, one mail");
}

#[actix_web::test]
async fn what_was_answered_outlives_kill_9_in_a_loop() {
    let sink = SmtpSink::start().await;
    let installation = Installation::new(&sink).set("mail.timeout", "1s");
    let mut used = Vec::new();

    for round in 1..=5 {
        // A user for each round: a mail that is handed over again after the kill is not taken for the next one's.
        let email = format!("user{round}@example.com");
        let add = ["user", "add", &email, "--password-stdin", "--confirmed", "--two-factor", "on"];
        installation.run_with_input(&add, PASSWORD).assert_code(0);
        let server = installation.serve();
        let client = server.client();
        let challenge = client.login(&email).await.challenge_id();
        let mail =
            eventually("a code", async || sink.mails().into_iter().find(|mail| mail.is_to(&email))).await;
        client.verify_challenge(&email, &mail.code(), &challenge).await.token();
        server.kill();
        used.push((email, challenge, mail.code()));
    }

    let server = installation.serve();
    let client = server.client();
    for (email, challenge, code) in used {
        client.verify_challenge(&email, &code, &challenge).await.assert_text(400, INVALID_CODE);
    }
}

#[actix_web::test]
async fn a_reset_password_outlives_kill_9() {
    let sink = SmtpSink::start().await;
    let installation = installed(&sink);
    let server = installation.serve();
    server.client().forgot(JANE).await.assert_status(200);
    let link = sink.wait_for(1, Duration::from_secs(10)).await[0].link();
    server.client().reset(&link, NEW_PASSWORD).await.assert_status(200);
    server.kill();

    let server = installation.serve();

    server.client().login_with(JANE, NEW_PASSWORD).await.challenge_id();
    server.client().login(JANE).await.assert_refused(INVALID);
    server.client().reset(&link, PASSWORD).await.assert_status(400);
}

#[actix_web::test]
async fn sigterm_and_sigint_end_with_0() {
    let sink = SmtpSink::start().await;
    for signal in [Signal::TERM, Signal::INT] {
        let server = Installation::new(&sink).serve();
        let start = Instant::now();

        server.signal(signal);

        assert_eq!(server.wait().code(), Some(0));
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    }
}

#[actix_web::test]
async fn sigterm_lets_requests_and_sends_in_flight_finish() {
    let sink = SmtpSink::start().await;
    let installation = installed(&sink)
        .set("two_step.destination_sends", "off")
        .set("accounts.argon2_memory_kib", "19456")
        .set("accounts.hash_threads", "1");
    let server = installation.serve();
    let client = server.client();
    let logins: Vec<_> = (0..10)
        .map(|_| {
            let client = client.clone();
            actix_web::rt::spawn(async move { client.login(JANE).await })
        })
        .collect();
    // All of them are on their way when the first one is answered.
    code_mails(&sink, 1).await;

    let status = actix_web::rt::task::spawn_blocking(move || server.terminate()).await.unwrap();

    assert_eq!(status.code(), Some(0));
    let mut opened = 0;
    for login in logins {
        let answer = login.await.unwrap();
        opened += usize::from(answer.status == 200);
    }
    assert_eq!(opened, 10, "each request that had begun was answered");
}

#[actix_web::test]
async fn sigterm_waits_for_a_send_that_has_begun() {
    let sink = SmtpSink::start().await;
    let installation = installed(&sink);
    let server = installation.serve();
    sink.set_behaviour(Behaviour::Stall);
    server.client().login(JANE).await.challenge_id();
    sink.wait_for_recipients(1, Duration::from_secs(10)).await;

    let ended = actix_web::rt::task::spawn_blocking(move || server.terminate());
    actix_web::rt::time::sleep(Duration::from_millis(500)).await;
    let ended_early = ended.is_finished();
    sink.set_behaviour(Behaviour::Accept);

    assert_eq!(ended.await.unwrap().code(), Some(0));
    assert!(!ended_early);
    assert_eq!(sink.mails().len(), 1);
}

#[actix_web::test]
async fn two_starts_at_once_on_an_empty_folder_both_serve() {
    let sink = SmtpSink::start().await;
    let installation = std::sync::Arc::new(Installation::new(&sink));
    let start = |installation: std::sync::Arc<Installation>| std::thread::spawn(move || installation.serve());
    let (one, two) = (start(installation.clone()), start(installation.clone()));
    let (one, two) = (one.join().unwrap(), two.join().unwrap());
    installation.run_with_input(&ADD_JANE, PASSWORD).assert_code(0);

    let challenge = one.client().login(JANE).await.challenge_id();
    let code = code_mails(&sink, 1).await[0].code();

    let token = two.client().verify_challenge(JANE, &code, &challenge).await.token();
    one.client().get_with("/api/companies", &token).await.assert_status(200);
}

#[actix_web::test]
async fn a_fresh_folder_starts_in_development_with_inbox_and_a_secret_of_its_own() {
    use std::os::unix::fs::PermissionsExt as _;
    let installation = Installation::bare().set("server.bind", "127.0.0.1:0");

    let server = installation.serve();

    let client = server.client();
    client.get("/").await.assert_status(200);
    client.get("/dev/inbox.json").await.assert_text(200, "[]");
    client.register_with(JANE, &json!({ "clientURI": null })).await.assert_status(201);
    let key = installation.folder().join("data/secret.key");
    assert_eq!(std::fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
    for database in ["data/twostep.db", "data/twostep.db-wal", "data/twostep.db-shm"] {
        let file = installation.folder().join(database);
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{database}");
    }
    drop(server);
    installation.serve().client().login(JANE).await.assert_refused("Email is not confirmed");
}

#[actix_web::test]
async fn a_log_pipe_that_nobody_reads_stops_nobody() {
    let sink = SmtpSink::start().await;
    let installation = Installation::new(&sink).env("RUST_LOG", "trace");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_twostep"))
        .arg("serve")
        .current_dir(installation.folder())
        .env_clear()
        .envs(installation.environment())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let mut head = String::new();
    while listening_address(&head).is_none() {
        let mut chunk = [0; 1024];
        let count = stderr.read(&mut chunk).unwrap();
        assert!(count > 0, "{head}");
        head.push_str(&String::from_utf8_lossy(&chunk[..count]));
    }
    let client = Client::new(&listening_address(&head).unwrap());

    for _ in 0..300 {
        let ask = tokio::time::timeout(Duration::from_secs(10), client.get("/api/companies"));
        ask.await.expect("an answer, though nobody reads the log").assert_status(401);
    }

    let _ = child.kill();
    let _ = child.wait();
    let _ = std::io::stderr().flush();
}

#[actix_web::test]
async fn https_is_served_in_the_process() {
    let sink = SmtpSink::start().await;
    let authority = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let installation = installed(&sink).set("server.tls_cert", "cert.pem").set("server.tls_key", "key.pem");
    installation.write("cert.pem", &authority.cert.pem());
    installation.write("key.pem", &authority.signing_key.serialize_pem());

    let server = installation.serve();

    let port = server.address.rsplit_once(':').unwrap().1.to_owned();
    install_crypto();
    let root = reqwest::Certificate::from_pem(authority.cert.pem().as_bytes()).unwrap();
    let https = reqwest::Client::builder().tls_certs_only([root]).build().unwrap();
    let live = https.get(format!("https://localhost:{port}/health/live")).send().await.unwrap();
    assert_eq!(live.status().as_u16(), 200);
    let plain = reqwest::Client::new().get(format!("http://localhost:{port}/health/live")).send().await;
    assert!(plain.is_err() || plain.unwrap().status().is_client_error());
    assert_eq!(server.terminate().code(), Some(0));
}

#[actix_web::test]
async fn a_port_in_use_is_told_in_one_line() {
    let installation = Installation::bare().set("server.bind", "127.0.0.1:0");
    let first = installation.serve();
    let bind = first.address.trim_start_matches("http://").to_owned();
    let second = Installation::bare().set("server.bind", &bind).set("log.level", "off");

    // Several times: what ends badly does so by chance.
    for _ in 0..8 {
        let outcome = second.run(&["serve"]);

        outcome.assert_code(1);
        assert!(outcome.stderr.starts_with(&format!("error: cannot listen on {bind}: ")), "{outcome:?}");
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:?}");
    }
}

#[actix_web::test]
async fn serve_is_the_default_command() {
    let sink = SmtpSink::start().await;

    let server = Installation::new(&sink).start(&[]);

    server.client().get("/health/live").await.assert_status(200);
}

#[actix_web::test]
async fn slow_headers_and_slow_bodies_end_by_the_deadline() {
    let sink = SmtpSink::start().await;
    let server = Installation::new(&sink).set("server.request_timeout", "1s").serve();
    let socket = server.address.trim_start_matches("http://");
    let half_a_head = "POST /api/accounts/login HTTP/1.1\r\nhost: x\r\ncontent-le";
    let half_a_body = "POST /api/accounts/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                       content-length: 100\r\n\r\n{\"email\":";

    for half in [half_a_head, half_a_body] {
        let start = Instant::now();
        let (said, closed) = raw::say(socket, half.as_bytes(), Duration::from_secs(12)).await;

        assert!(closed || said.starts_with("HTTP/1.1 4"), "{said}");
        assert!(!said.starts_with("HTTP/1.1 5"), "{said}");
        assert!(start.elapsed() < Duration::from_secs(12), "{half}");
    }
}
