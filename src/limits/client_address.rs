//! Whose request it is when proxies stand in between.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

use super::forwarded::{Hop, forwarded_hops, listed_hops};

/// The network that counts as one client: an IPv4 address, or the /64 of an IPv6 address.
/// An IPv4-mapped address (RFC 4291 section 2.5.5.2) is the IPv4 address in it.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address @ IpAddr::V4(_) => address,
    }
}

/// The client's address: the last hop that is not one of the `trusted` proxies.
///
/// `peer` is the other end of the connection, `forwarded` the values of the header `Forwarded` (RFC 7239),
/// `x_forwarded_for` those of `X-Forwarded-For`, each in the order of the request. They are believed only from a trusted
/// peer, from the right and only as far as trusted proxies wrote them: a hop that cannot be read ends the walk at the one
/// before it.
///
/// A proxy writes one of the two headers and hands the other one on as the client made it up, and nothing tells which.
/// So when both are there, they are believed only where they agree; otherwise the peer itself counts.
#[must_use]
pub fn client_address(
    peer: IpAddr,
    forwarded: &[&str],
    x_forwarded_for: &[&str],
    trusted: &[IpNet],
) -> IpAddr {
    let peer = peer.to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(&peer) {
        return peer;
    }
    let walk = |hops| last_untrusted(peer, hops, is_trusted);
    match (forwarded.is_empty(), x_forwarded_for.is_empty()) {
        (true, true) => peer,
        (false, true) => walk(forwarded_hops(forwarded)),
        (true, false) => walk(listed_hops(x_forwarded_for)),
        (false, false) => {
            let client = walk(forwarded_hops(forwarded));
            if client == walk(listed_hops(x_forwarded_for)) { client } else { peer }
        }
    }
}

fn last_untrusted(peer: IpAddr, hops: Vec<Hop>, is_trusted: impl Fn(&IpAddr) -> bool) -> IpAddr {
    let mut last = peer;
    for hop in hops.into_iter().rev() {
        match hop {
            Hop::Address(address) => last = address,
            Hop::Unreadable => return last,
        }
        if !is_trusted(&last) {
            return last;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.1";

    /// Behind the trusted `10.0.0.0/8` and `fd00::/8`.
    fn client(peer: &str, forwarded: &[&str], x_forwarded_for: &[&str]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        client_address(peer.parse().unwrap(), forwarded, x_forwarded_for, &trusted).to_string()
    }

    #[test]
    fn headers_of_an_untrusted_peer_are_ignored() {
        assert_eq!(client("192.0.2.1", &["for=198.51.100.1"], &[]), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &[], &["198.51.100.1"]), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &["for=10.0.0.1"], &["10.0.0.1"]), "192.0.2.1");
        assert_eq!(
            client_address(PROXY.parse().unwrap(), &[], &["198.51.100.1"], &[]).to_string(),
            PROXY,
            "nobody is trusted unless configured"
        );
    }

    #[test]
    fn the_last_untrusted_hop_counts_whatever_the_client_wrote_before_it() {
        assert_eq!(client(PROXY, &[], &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client(PROXY, &[], &["6.6.6.6, 198.51.100.1"]), "198.51.100.1");
        assert_eq!(client(PROXY, &[], &["6.6.6.6, 198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(client(PROXY, &[], &["6.6.6.6", "198.51.100.1", "10.0.0.2"]), "198.51.100.1");
        assert_eq!(client(PROXY, &["for=6.6.6.6, for=198.51.100.1, for=10.0.0.2"], &[]), "198.51.100.1");
        assert_eq!(client(PROXY, &["for=6.6.6.6", "for=198.51.100.1"], &[]), "198.51.100.1");
        assert_eq!(
            client("fd00::1", &["for=\"[2001:db8::1]:4711\";proto=https;by=10.0.0.1"], &[]),
            "2001:db8::1"
        );
    }

    #[test]
    fn when_only_trusted_hops_are_named_the_first_of_them_counts() {
        assert_eq!(client(PROXY, &[], &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
        assert_eq!(client(PROXY, &[], &[]), PROXY);
        assert_eq!(client(PROXY, &[], &[""]), PROXY);
    }

    #[test]
    fn a_hop_that_cannot_be_read_ends_the_walk_at_the_last_good_one() {
        assert_eq!(client(PROXY, &[], &["6.6.6.6, nonsense"]), PROXY);
        assert_eq!(client(PROXY, &[], &["6.6.6.6, nonsense, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client(PROXY, &["for=6.6.6.6, for=unknown, for=10.0.0.2"], &[]), "10.0.0.2");
        assert_eq!(client(PROXY, &["for=6.6.6.6, for=_hidden"], &[]), PROXY);
        assert_eq!(client(PROXY, &["for=6.6.6.6, proto=https"], &[]), PROXY);
    }

    #[test]
    fn a_quote_that_the_client_left_open_swallows_no_hop() {
        assert_eq!(client(PROXY, &["for=6.6.6.6, for=\"x, for=198.51.100.1"], &[]), PROXY);
        assert_eq!(client(PROXY, &["for=6.6.6.6, for=\"x, for=\"[2001:db8::1]\""], &[]), PROXY);
        assert_eq!(client(PROXY, &["for=6.6.6.6;\", for=198.51.100.1"], &[]), PROXY);
        assert_eq!(client(PROXY, &["for=6.6.6.6;x=\", for=\"[2001:db8::1]\""], &[]), PROXY);
        assert_eq!(client(PROXY, &["for=6.6.6.6, for=\"x\\", "for=198.51.100.1"], &[]), "198.51.100.1");
    }

    #[test]
    fn two_headers_are_believed_only_where_they_agree() {
        assert_eq!(client(PROXY, &["for=198.51.100.1"], &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client(PROXY, &["for=6.6.6.6"], &["198.51.100.1"]), PROXY);
        assert_eq!(client(PROXY, &["for=198.51.100.1"], &["6.6.6.6"]), PROXY);
    }

    #[test]
    fn mapped_addresses_are_ipv4_everywhere() {
        assert_eq!(client("::ffff:10.0.0.1", &[], &["::ffff:198.51.100.1"]), "198.51.100.1");
        assert_eq!(client(PROXY, &[], &["198.51.100.1, ::ffff:10.0.0.2"]), "198.51.100.1");
        assert_eq!(client("::ffff:192.0.2.1", &[], &["198.51.100.1"]), "192.0.2.1");
    }

    #[test]
    fn networks_are_whole_ipv4_addresses_and_ipv6_halves() {
        let network = |text: &str| network_of(text.parse().unwrap()).to_string();

        assert_eq!(network("192.0.2.1"), "192.0.2.1");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }
}
