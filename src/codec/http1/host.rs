// SPDX-License-Identifier: MIT OR Apache-2.0
//! The grammar of Host and of an authority: uri-host [":" port], RFC 3986 3.2.2 and RFC 9110 7.2.
//! Is not: a resolver. Refused though RFC 3986 has them: user information (RFC 9110 4.2.4),
//! IPvFuture (nobody speaks it) and zone identifiers (they mean nothing to another machine).

use super::{Reason, bytes};
use std::net::Ipv6Addr;

/// Whether `value` is a host with perhaps a port.
#[inline]
pub fn check(value: &[u8]) -> Result<(), Reason> {
    let host = match value.first() {
        None => return Err(Reason::HOST_EMPTY),
        Some(b'[') => literal_end(value)?,
        Some(_) => name_end(value)?,
    };
    if host == 0 {
        return Err(Reason::HOST_EMPTY);
    }
    match &value[host..] {
        [] => Ok(()),
        [b':', port @ ..] => check_port(port),
        _ => Err(Reason::HOST_SYNTAX),
    }
}

/// Whether `value` is a host with a port that is not empty, as CONNECT needs it.
pub fn check_with_port(value: &[u8]) -> Result<(), Reason> {
    check(value)?;
    let port = value.iter().rposition(|b| *b == b':').map_or(&[][..], |colon| &value[colon + 1..]);
    if port.is_empty() || !bytes::all(port, bytes::DIGIT) {
        return Err(Reason::HOST_PORT);
    }
    Ok(())
}

/// Where the reg-name (an IPv4 address is one) ends.
#[inline]
fn name_end(value: &[u8]) -> Result<usize, Reason> {
    let mut at = 0;
    while at < value.len() {
        match value[at] {
            b'%' => match value[at + 1..] {
                [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => at += 3,
                _ => return Err(Reason::HOST_SYNTAX),
            },
            byte if bytes::is(byte, bytes::NAME) => at += 1,
            b':' => break,
            _ => return Err(Reason::HOST_SYNTAX),
        }
    }
    Ok(at)
}

/// Where the bracketed IPv6 address ends.
fn literal_end(value: &[u8]) -> Result<usize, Reason> {
    let close = value.iter().position(|b| *b == b']').ok_or(Reason::HOST_SYNTAX)?;
    std::str::from_utf8(&value[1..close])
        .ok()
        .and_then(|text| text.parse::<Ipv6Addr>().ok())
        .map(|_| close + 1)
        .ok_or(Reason::HOST_SYNTAX)
}

/// port = *DIGIT, and a number that a port can be.
fn check_port(port: &[u8]) -> Result<(), Reason> {
    let mut number = 0u32;
    for byte in port {
        if !byte.is_ascii_digit() {
            return Err(Reason::HOST_PORT);
        }
        number = number * 10 + u32::from(byte - b'0');
        if number > u32::from(u16::MAX) {
            return Err(Reason::HOST_PORT);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_host_may_be() {
        for good in [
            "a",
            "example.org",
            "example.org:80",
            "a:",
            "127.0.0.1:65535",
            "[::1]",
            "[::1]:8080",
            "[::ffff:1.2.3.4]",
            "a%20b",
            "a_b",
            "x:000080",
            "a,b",
        ] {
            assert_eq!(check(good.as_bytes()), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_a_host_may_not_be() {
        for (bad, reason) in [
            ("", Reason::HOST_EMPTY),
            (":80", Reason::HOST_EMPTY),
            ("a b", Reason::HOST_SYNTAX),
            ("user@a", Reason::HOST_SYNTAX),
            ("a/b", Reason::HOST_SYNTAX),
            ("a%2", Reason::HOST_SYNTAX),
            ("a%zz", Reason::HOST_SYNTAX),
            ("a\u{e9}", Reason::HOST_SYNTAX),
            ("[::1", Reason::HOST_SYNTAX),
            ("[1.2.3.4]", Reason::HOST_SYNTAX),
            ("[fe80::1%25eth0]", Reason::HOST_SYNTAX),
            ("[::1]x", Reason::HOST_SYNTAX),
            ("a:65536", Reason::HOST_PORT),
            ("a:99999999999999999999", Reason::HOST_PORT),
            ("a:8o", Reason::HOST_PORT),
            ("a:-1", Reason::HOST_PORT),
            ("::1", Reason::HOST_EMPTY),
        ] {
            assert_eq!(check(bad.as_bytes()), Err(reason), "{bad}");
        }
    }

    #[test]
    fn connect_needs_a_port() {
        assert_eq!(check_with_port(b"a:443"), Ok(()));
        assert_eq!(check_with_port(b"[::1]:443"), Ok(()));
        assert_eq!(check_with_port(b"[::1]"), Err(Reason::HOST_PORT));
        assert_eq!(check_with_port(b"a:"), Err(Reason::HOST_PORT));
        assert_eq!(check_with_port(b"a"), Err(Reason::HOST_PORT));
    }
}
