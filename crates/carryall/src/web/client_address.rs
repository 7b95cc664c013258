//! From where somebody asks.
//!
//! That is the other end of the connection. What a header says of it is only believed where the other
//! end is a proxy that the operator named, and only as far back as the chain of such proxies goes.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;

use super::Web;
use crate::ledger::Caller;

pub const FORWARDED_FOR: &str = "x-forwarded-for";
/// A chain of proxies that is longer is not followed to its end.
const LONGEST_CHAIN: usize = 16;

/// Who asks, before it is known whether they are signed in.
impl FromRequestParts<Arc<Web>> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let trusted = &web.site.trusted_proxies;
        Ok(Caller {
            session_id: None,
            address: peer.map(|peer| client_address(peer.0.ip(), &parts.headers, trusted)),
        })
    }
}

/// The nearest address that no trusted proxy vouches for the other side of.
fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let mut address = peer.to_canonical();
    let named = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .rev()
        .flat_map(|value| value.to_str().unwrap_or_default().rsplit(','))
        .take(LONGEST_CHAIN);
    for name in named {
        if !is_trusted(address, trusted) {
            break;
        }
        // A proxy that writes nonsense is as far as is known.
        let Some(before) = parsed(name.trim()) else {
            break;
        };
        address = before;
    }
    address
}

/// Whether the word of whoever has this address is believed.
pub fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// An address, with or without a port.
fn parsed(text: &str) -> Option<IpAddr> {
    let address = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    Some(address.or_else(with_port)?.to_canonical())
}

/// What counts as one address for a limit: who has an IPv6 address has a whole /64 of them.
pub fn network_of(address: Option<IpAddr>) -> String {
    match address {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// An address, as far as the person needs it to recognise a place: `203.0.113.x`.
pub fn roughly(address: Option<IpAddr>) -> String {
    match address {
        None => "an unknown address".to_owned(),
        Some(IpAddr::V4(address)) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.x")
        }
        Some(IpAddr::V6(address)) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:…")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().expect("a value"));
        }
        let trusted: Vec<IpNet> = trusted
            .iter()
            .map(|net| net.parse().expect("a net"))
            .collect();
        client_address(peer.parse().expect("an address"), &headers, &trusted).to_string()
    }

    #[test]
    fn a_header_from_somebody_who_is_no_trusted_proxy_changes_nothing() {
        assert_eq!(seen("198.51.100.9", &["10.0.0.1"], &[]), "198.51.100.9");
        let own = ["10.0.0.0/8"];
        assert_eq!(seen("198.51.100.9", &["203.0.113.7"], &own), "198.51.100.9");
    }

    #[test]
    fn behind_trusted_proxies_the_first_address_that_none_of_them_is_counts() {
        let own = ["10.0.0.0/8", "::1/128"];
        assert_eq!(seen("10.0.0.1", &["203.0.113.7"], &own), "203.0.113.7");
        assert_eq!(seen("::1", &["203.0.113.7, 10.0.0.2"], &own), "203.0.113.7");
        // What the client wrote itself stands before what the proxy saw.
        assert_eq!(
            seen("10.0.0.1", &["1.1.1.1, 203.0.113.7"], &own),
            "203.0.113.7"
        );
        assert_eq!(
            seen("10.0.0.1", &["10.9.9.9, 203.0.113.7"], &own),
            "203.0.113.7"
        );
        assert_eq!(
            seen("10.0.0.1", &["1.1.1.1", "203.0.113.7"], &own),
            "203.0.113.7"
        );
        assert_eq!(
            seen("::ffff:10.0.0.1", &["[2001:db8::1]:443"], &own),
            "2001:db8::1"
        );
        assert_eq!(seen("10.0.0.1", &["203.0.113.7:5050"], &own), "203.0.113.7");
    }

    #[test]
    fn nonsense_is_as_far_as_is_known() {
        let own = ["10.0.0.0/8"];
        for nonsense in [
            "unknown",
            "",
            "1.1.1.1, <script>",
            "203.0.113.7, 10.0.0.300",
            "é",
        ] {
            assert_eq!(
                seen("10.0.0.1", &[nonsense], &own),
                "10.0.0.1",
                "{nonsense}"
            );
        }
        let long = vec!["10.0.0.2"; 500].join(",");
        assert_eq!(
            seen("10.0.0.1", &[&format!("203.0.113.7,{long}")], &own),
            "10.0.0.2"
        );
    }

    #[test]
    fn a_limit_counts_an_ipv6_network_as_one_and_a_person_sees_it_roughly() {
        let address = |text: &str| Some(text.parse().expect("an address"));
        assert_eq!(
            network_of(address("2001:db8:1:2:3:4:5:6")),
            "2001:db8:1:2::/64"
        );
        assert_eq!(network_of(address("203.0.113.7")), "203.0.113.7");
        assert_eq!(roughly(address("203.0.113.7")), "203.0.113.x");
        assert_eq!(roughly(address("2001:db8:1:2::6")), "2001:db8:1:…");
        assert_eq!(roughly(None), "an unknown address");
    }
}
