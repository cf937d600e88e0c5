//! Who sent a request.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use actix_web::http::header::{FORWARDED, HeaderName, USER_AGENT, X_FORWARDED_FOR};
use ipnet::IpNet;

use crate::auth::Client;
use crate::limits;

const LONGEST_USER_AGENT: usize = 255;

/// The client behind a request: its address as far as `trusted` proxies tell it, and what it calls itself.
pub(in crate::api) fn client_of(request: &HttpRequest, trusted: &[IpNet]) -> Client {
    // Only a test without a socket has no peer.
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let forwarded = values(request, &FORWARDED);
    let x_forwarded_for = values(request, &X_FORWARDED_FOR);
    let address = limits::client_address(
        peer,
        &forwarded.iter().map(String::as_str).collect::<Vec<_>>(),
        &x_forwarded_for.iter().map(String::as_str).collect::<Vec<_>>(),
        trusted,
    );
    Client { address, user_agent: user_agent(request) }
}

/// Every line of a header; bytes that are no text stay in their place as replacement characters.
fn values(request: &HttpRequest, name: &HeaderName) -> Vec<String> {
    request.headers().get_all(name).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned()).collect()
}

fn user_agent(request: &HttpRequest) -> String {
    let Some(value) = request.headers().get(USER_AGENT) else { return String::new() };
    let text = String::from_utf8_lossy(value.as_bytes());
    text.get(..text.floor_char_boundary(LONGEST_USER_AGENT)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_long_user_agent_is_cut_between_characters() {
        let name = format!("a{}", "é".repeat(200));
        let request = TestRequest::get().insert_header(("user-agent", name)).to_http_request();

        let client = client_of(&request, &[]);

        assert_eq!(client.user_agent.len(), 255);
        assert!(client.user_agent.ends_with('é'));
    }
}
