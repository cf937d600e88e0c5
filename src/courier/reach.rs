//! Whether somebody is there: a connection, TLS included, over which nothing is asked.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::cause::Cause;
use super::vendor;

const KEYS: &str = "host, port";

/// Connects to where `url` leads and hangs up, within `patience`.
///
/// # Errors
/// What happened, and what to do about it.
pub async fn reach(url: &Url, patience: Duration) -> Result<(), String> {
    let deadline = Instant::now() + patience;
    let late = |_| format!("no connection within {} ms: check host, port and firewall", patience.as_millis());
    let addresses = timeout_at(deadline, addresses(url)).await.map_err(late)?;
    let addresses =
        addresses.map_err(|_| "the host's name is not found: check it, and the resolver of this machine")?;
    let stream = timeout_at(deadline, connect(&addresses, patience / 3)).await.map_err(late)??;
    if url.scheme() == "https" {
        let name = server_name(url).ok_or("the host cannot be in a certificate: check it")?;
        let connector = TlsConnector::from(Arc::new(vendor::tls()?));
        let shaken = timeout_at(deadline, connector.connect(name, stream)).await.map_err(late)?;
        shaken.map_err(|error| Cause::advice_on(&error, KEYS))?;
    }
    Ok(())
}

/// A connection to the first address that gives one. `patience` is what each gets: one that is dead leaves time for the next.
async fn connect(addresses: &[SocketAddr], patience: Duration) -> Result<TcpStream, String> {
    let mut fault = "the host has no address: check it".to_owned();
    for address in addresses {
        match timeout(patience, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => fault = Cause::advice_on(&error, KEYS),
            Err(_) => {
                fault = format!(
                    "no connection within {} ms: check host, port and firewall",
                    patience.as_millis()
                );
            }
        }
    }
    Err(fault)
}

async fn addresses(url: &Url) -> io::Result<Vec<SocketAddr>> {
    let port = url.port_or_known_default().unwrap_or_default();
    match url.host() {
        Some(Host::Domain(name)) => Ok(lookup_host((name, port)).await?.collect()),
        Some(Host::Ipv4(ip)) => Ok(vec![(ip, port).into()]),
        Some(Host::Ipv6(ip)) => Ok(vec![(ip, port).into()]),
        None => Ok(Vec::new()),
    }
}

/// What a certificate for the host of `url` has to name.
#[must_use]
pub fn server_name(url: &Url) -> Option<ServerName<'static>> {
    match url.host()? {
        Host::Domain(name) => ServerName::try_from(name.to_owned()).ok(),
        Host::Ipv4(ip) => Some(ServerName::from(std::net::IpAddr::from(ip))),
        Host::Ipv6(ip) => Some(ServerName::from(std::net::IpAddr::from(ip))),
    }
}
