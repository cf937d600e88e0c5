//! The socket: binding, TLS, signals, and an orderly end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::HttpServer;
use actix_web::dev::Server;
use anyhow::Context as _;
use log::info;
use tokio::signal::unix::{SignalKind, signal};

use super::follow::follow;
use super::logging::Levels;
use super::{Running, tls};
use crate::settings::Source;

/// Serves until SIGTERM or SIGINT. However it ends, the courier ends in order: a database connection that is cut off in
/// its thread panics there.
pub(super) async fn run(running: Running, source: Source, levels: Levels) -> anyhow::Result<()> {
    let ended = serve(&running, source, levels).await;
    // Requests and hand-overs share the time.
    let spent = ended.as_ref().map_or(Duration::ZERO, Instant::elapsed);
    running.stop_within(running.server.shutdown_timeout.0.saturating_sub(spent)).await;
    ended?;
    info!("stopped");
    Ok(())
}

/// Serves until a signal asks for the end; tells when that was.
async fn serve(running: &Running, source: Source, levels: Levels) -> anyhow::Result<Instant> {
    // Signals are caught before the port opens, so that none that comes later is missed.
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let hang_up = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;

    let server = bind(running)?;
    let handle = server.handle();
    let mut running_server = actix_web::rt::spawn(server);
    tokio::select! {
        ended = &mut running_server => {
            ended.context("the server was lost")?.context("the server failed")?;
            return Ok(Instant::now());
        }
        _ = terminate.recv() => info!("SIGTERM: stopping"),
        _ = interrupt.recv() => info!("SIGINT: stopping"),
        () = follow(running.clone(), source, levels, hang_up) => {}
    }
    let stopping_since = Instant::now();
    handle.stop(true).await;
    Ok(stopping_since)
}

fn bind(running: &Running) -> anyhow::Result<Server> {
    let settings = Arc::clone(&running.server);
    let app = running.clone();
    let mut server = HttpServer::new(move || app.app())
        .disable_signals()
        .shutdown_timeout(settings.shutdown_timeout.0.as_secs().max(1))
        .client_request_timeout(settings.request_timeout.0);
    if settings.workers > 0 {
        server = server.workers(settings.workers);
    }
    let bind = settings.bind.as_str();
    let (server, scheme) = match tls::config(&settings)? {
        Some(tls) => (server.bind_rustls_0_23(bind, tls), "https"),
        None => (server.bind(bind), "http"),
    };
    let server = server.with_context(|| format!("cannot listen on {bind}"))?;
    let addresses = server.addrs();
    let server = server.run();
    for address in addresses {
        info!("listening on {scheme}://{address}");
    }
    Ok(server)
}
