//! Where a vendor's API may be.

use url::{Host, Url};

/// Whether texts may be posted to `url`: over TLS, or to this machine; what it is paid with stands in headers, not in the address.
pub(super) fn is_safe(url: &Url) -> bool {
    let is_local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    let is_bare = url.username().is_empty() && url.password().is_none();
    is_bare && url.has_host() && (url.scheme() == "https" || url.scheme() == "http" && is_local)
}
