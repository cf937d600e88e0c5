//! What the server is compared with: Argon2id alone, and an actix-web handler that only answers JSON.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use argon2::{Algorithm, Argon2, Block, Params, Version};

use crate::machine::cpu_of;

/// Tells the bench's own binary to be the bare server.
pub(crate) const BARE: &str = "TWOSTEP_BENCH_BARE";

fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19_456, 2, 1, Some(32)).unwrap())
}

/// Argon2id alone.
#[derive(Clone, Copy)]
pub(crate) struct Hashes {
    pub(crate) per_second: f64,
    /// Processor time of one.
    pub(crate) cpu: Duration,
}

/// Argon2id hashes on `threads` threads, each with one buffer that it uses again.
pub(crate) fn hashes(threads: usize, span: Duration) -> Hashes {
    let cpu = cpu_of(std::process::id());
    let (done, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let hasher = argon2();
                let mut memory = vec![Block::default(); hasher.params().block_count()];
                let mut out = [0; 32];
                while !stop.load(Ordering::Relaxed) {
                    hasher
                        .hash_password_into_with_memory(
                            b"Correct-Horse-7",
                            b"a salt of 16 byt",
                            &mut out,
                            &mut memory,
                        )
                        .unwrap();
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        std::thread::sleep(span);
        stop.store(true, Ordering::Relaxed);
    });
    let done = u32::try_from(done.into_inner()).unwrap_or(u32::MAX);
    let cpu = cpu_of(std::process::id()).saturating_sub(cpu);
    Hashes { per_second: f64::from(done) / start.elapsed().as_secs_f64(), cpu: cpu / done.max(1) }
}

/// A PHC string of `password` at the default parameters.
pub(crate) fn phc(password: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    let (salt, mut out) = (b"a salt of 16 byt", [0; 32]);
    argon2().hash_password_into(password.as_bytes(), salt, &mut out).unwrap();
    let (salt, out) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(out));
    format!("$argon2id$v=19$m=19456,t=2,p=1${salt}${out}")
}

/// The bare server, in a process of its own as the measured one.
pub(crate) struct BareServer {
    child: Child,
    pub(crate) socket: String,
}

impl BareServer {
    pub(crate) fn start() -> Self {
        use std::io::{BufRead as _, BufReader};
        let mut child = Command::new(std::env::current_exe().unwrap())
            .env(BARE, "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, socket: line.trim().to_owned() }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for BareServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(serde::Serialize)]
struct Claim {
    r#type: &'static str,
    value: &'static str,
}

/// Claims as `/api/companies/privacy` answers them: as many, as long.
async fn claims() -> HttpResponse {
    let claims: Vec<Claim> = [
        ("iss", "http://localhost:5001"),
        ("aud", "twostep"),
        ("sub", "3d490a70-94ce-4d15-9494-5248280c2ce3"),
        ("exp", "1800000600"),
        ("nbf", "1800000000"),
        ("iat", "1800000000"),
        ("jti", "3d490a70-94ce-4d15-9494-5248280c2ce3"),
        ("sid", "3d490a70-94ce-4d15-9494-5248280c2ce3"),
        ("email", "user1@example.com"),
        ("name", "user1@example.com"),
        ("roles", "Administrator"),
        ("amr", "pwd"),
        ("amr", "otp"),
        ("auth_time", "1800000000"),
        ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", "user1@example.com"),
        ("http://schemas.microsoft.com/ws/2008/06/identity/claims/role", "Administrator"),
    ]
    .map(|(kind, value)| Claim { r#type: kind, value })
    .into();
    HttpResponse::Ok().json(claims)
}

/// What the child process does: serves until it is killed.
pub(crate) fn serve() {
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(|| App::new().route("/api/companies/privacy", web::get().to(claims)))
            .bind("127.0.0.1:0")
            .unwrap();
        println!("{}", server.addrs()[0]);
        server.run().await.unwrap();
    });
}
