//! Reading `Forwarded` (RFC 7239) and `X-Forwarded-For`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One entry of the list that proxies write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hop {
    /// An address; IPv4-mapped ones as IPv4.
    Address(IpAddr),
    /// Anything else: hidden, unknown, or malformed.
    Unreadable,
}

/// The hops of `Forwarded` headers, first to last. A value with an open quote is one unreadable hop: where its entries
/// end cannot be told.
pub(super) fn forwarded_hops(values: &[&str]) -> Vec<Hop> {
    let mut hops = Vec::new();
    for value in values {
        match split_unquoted(value, ',') {
            Some(elements) => hops.extend(elements.into_iter().map(|element| hop_of(forwarded_for(element)))),
            None => hops.push(Hop::Unreadable),
        }
    }
    hops
}

/// The hops of `X-Forwarded-For` headers, first to last.
pub(super) fn listed_hops(values: &[&str]) -> Vec<Hop> {
    let entries = values.iter().flat_map(|value| value.split(','));
    entries.map(str::trim).filter(|entry| !entry.is_empty()).map(|entry| hop_of(node(entry))).collect()
}

fn hop_of(address: Option<IpAddr>) -> Hop {
    address.map_or(Hop::Unreadable, |address| Hop::Address(address.to_canonical()))
}

/// The address that a forwarded-element names by its one `for` (RFC 7239 section 4).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in split_unquoted(element, ';')? {
        let (name, value) = pair.split_once('=')?;
        if name.eq_ignore_ascii_case("for") && found.replace(node(&unquoted(value)?)?).is_some() {
            return None;
        }
    }
    found
}

/// The non-empty parts between separators that stand outside of quotes; `None` if a quote is left open.
fn split_unquoted(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut quoted, mut escaped) = (false, false);
    let parts: Vec<&str> = text
        .split(|c| {
            if escaped {
                escaped = false;
            } else if quoted && c == '\\' {
                escaped = true;
            } else if c == '"' {
                quoted = !quoted;
            }
            !quoted && c == separator
        })
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    (!quoted).then_some(parts)
}

/// A value without its quotes and escapes (RFC 9110 section 5.6.4); `None` if quotes stand inside.
fn unquoted(value: &str) -> Option<String> {
    let Some(inner) = value.strip_prefix('"') else {
        return (!value.contains('"')).then(|| value.to_owned());
    };
    let inner = inner.strip_suffix('"')?;
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return None,
            '\\' => plain.push(chars.next()?),
            c => plain.push(c),
        }
    }
    Some(plain)
}

/// A node (RFC 7239 section 6): `192.0.2.1`, `192.0.2.1:4711`, `[2001:db8::1]`, `[2001:db8::1]:4711`; as lists of addresses
/// have it, also `2001:db8::1`.
fn node(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address);
    }
    if let Some((address, port)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let is_whole = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return address.parse::<Ipv6Addr>().ok().filter(|_| is_whole).map(IpAddr::V6);
    }
    let (address, port) = text.split_once(':')?;
    address.parse::<Ipv4Addr>().ok().filter(|_| is_port(port)).map(IpAddr::V4)
}

/// A number, or an obfuscated one such as `_http` (RFC 7239 section 6.3).
fn is_port(text: &str) -> bool {
    match text.strip_prefix('_') {
        Some(name) => {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        }
        None => (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Hop {
        Hop::Address(text.parse().unwrap())
    }

    #[test]
    fn nodes_come_with_and_without_ports_and_brackets() {
        for (text, expected) in [
            ("192.0.2.43", "192.0.2.43"),
            ("192.0.2.43:47011", "192.0.2.43"),
            ("192.0.2.43:_http", "192.0.2.43"),
            ("[2001:db8:cafe::17]", "2001:db8:cafe::17"),
            ("[2001:db8:cafe::17]:4711", "2001:db8:cafe::17"),
            ("2001:db8:cafe::17", "2001:db8:cafe::17"),
            ("::ffff:192.0.2.43", "192.0.2.43"),
        ] {
            assert_eq!(listed_hops(&[text]), [address(expected)], "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_unreadable() {
        for text in [
            "unknown",
            "_hidden",
            "example.com",
            "192.0.2",
            "192.0.2.043",
            "192.0.2.1:",
            "192.0.2.1:123456",
            "192.0.2.1:+80",
            "192.0.2.1:_",
            "[192.0.2.1]",
            "[2001:db8::1",
            "[2001:db8::1]4711",
            "fe80::1%eth0",
            "192.0.2.1 192.0.2.2",
        ] {
            assert_eq!(listed_hops(&[text]), [Hop::Unreadable], "{text}");
        }
    }

    #[test]
    fn forwarded_elements_are_read_by_the_letter_of_the_standard() {
        let value = "For=\"[2001:db8:cafe::17]:4711\" ; proto=http;by=203.0.113.43, for=192.0.2.43,, \
                     FOR=\"192\\.0.2.60\";host=\"a,b;c\"";

        let hops = forwarded_hops(&[value, "for=unknown"]);

        assert_eq!(
            hops,
            [address("2001:db8:cafe::17"), address("192.0.2.43"), address("192.0.2.60"), Hop::Unreadable]
        );
    }

    #[test]
    fn malformed_elements_are_unreadable() {
        for element in [
            "for",
            "proto=https",
            "for=192.0.2.1;for=192.0.2.2",
            "for=192.0.2.1;proto",
            "for=\"192.0.2.1\"x",
            "for=x\"192.0.2.1\"",
            "for=\"192.0.2.1",
            "for=\"192.0.2.1\\\"",
            "192.0.2.1",
        ] {
            assert_eq!(forwarded_hops(&[element]), [Hop::Unreadable], "{element}");
        }
    }
}
