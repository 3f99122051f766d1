// SPDX-License-Identifier: MIT OR Apache-2.0
//! Names of hosts to addresses. Is not: quick; whoever asks has a thread for it.

use super::address;
use super::errno;
use super::fault::{self, Call};
use crate::base::Status;
use std::ffi::CStr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ptr;

/// Why a name has no address: the status, and the number of getaddrinfo(3) for it, or errno where
/// that says no more than "errno".
pub type Failure = (Status, i32);

/// The addresses that a text stands for by itself, so that nobody has to be asked: those of this
/// machine for "localhost" and what ends with ".localhost" (RFC 6761), and a numeric address.
pub fn literal(host: &str, port: u16) -> Option<Vec<SocketAddr>> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Some(vec![SocketAddr::new(ip, port)]);
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let here = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let is_here = name == "localhost" || name.ends_with(".localhost");
    is_here.then(|| here.map(|ip| SocketAddr::new(ip, port)).to_vec())
}

/// The status for a number of getaddrinfo(3).
fn status(error: i32) -> Failure {
    let system = errno::get();
    match error {
        libc::EAI_SYSTEM => (super::blame::status(system), system),
        libc::EAI_AGAIN => (Status::AGAIN, error),
        libc::EAI_MEMORY => (Status::NOMEM, error),
        libc::EAI_FAIL => (Status::OS, error),
        // That there is no such name, that it has no address, and what the systems that know more
        // numbers say instead.
        _ => (Status::NOTFOUND, error),
    }
}

/// The list that getaddrinfo(3) made.
struct List(*mut libc::addrinfo);

impl Drop for List {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: getaddrinfo made the list, and nothing refers to it any more.
            unsafe { libc::freeaddrinfo(self.0) };
        }
    }
}

/// Asks the system for the addresses of a host, IPv4 and IPv6, in the order in which it prefers
/// them. Blocks as long as the system's resolver tries. See getaddrinfo(3).
pub fn ask(host: &CStr, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    // SAFETY: addrinfo is integers and pointers: all zero is a value of it.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_family = libc::AF_UNSPEC;
    // One kind of socket, else each address comes once for each kind.
    hints.ai_socktype = libc::SOCK_STREAM;
    let mut list = List(ptr::null_mut());
    let mut error = libc::EAI_SYSTEM;
    // Its numbers are its own, and -1 is one of them.
    let asked = fault::call(Call::Getaddrinfo, || {
        // SAFETY: the host ends with its NUL, the hints are valid, and there is room for the list.
        error = unsafe { libc::getaddrinfo(host.as_ptr(), ptr::null(), &hints, &mut list.0) };
        0
    });
    if asked < 0 || error != 0 {
        return Err(status(error));
    }
    let mut found = Vec::new();
    let mut at = list.0;
    while !at.is_null() {
        // SAFETY: the list stands, and each of its members leads to the next one or to null.
        let member = unsafe { &*at };
        // SAFETY: the member's address has as many bytes as it says.
        let address = unsafe { address::copy(member.ai_addr, member.ai_addrlen) };
        if let Some(mut address) = address {
            address.set_port(port);
            found.push(address);
        }
        at = member.ai_next;
    }
    if found.is_empty() { Err((Status::NOTFOUND, 0)) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literals(host: &str) -> Vec<String> {
        let found = literal(host, 80).unwrap_or_default();
        found.iter().map(SocketAddr::to_string).collect()
    }

    #[test]
    fn numbers_and_localhost_need_no_asking() {
        assert_eq!(literals("192.0.2.7"), ["192.0.2.7:80"]);
        assert_eq!(literals("2001:db8::1"), ["[2001:db8::1]:80"]);
        for here in ["localhost", "LocalHost", "localhost.", "a.b.localhost", "x.localhost."] {
            assert_eq!(literals(here), ["127.0.0.1:80", "[::1]:80"], "{here}");
        }
        for other in ["", ".", "localhost.example", "notlocalhost", "1.2.3", "[::1]", "::1%lo"] {
            assert_eq!(literals(other), [""; 0], "{other}");
        }
    }

    #[test]
    fn the_system_is_asked_for_the_rest() {
        let found = ask(c"127.1", 81).unwrap();
        assert_eq!(found, ["127.0.0.1:81".parse().unwrap()], "a short form that is no name");
        #[cfg(target_os = "linux")]
        {
            let zone = ask(c"fe80::1%lo", 82).unwrap();
            let SocketAddr::V6(zone) = zone[0] else { panic!("{zone:?}") };
            assert_eq!((zone.port(), zone.scope_id()), (82, 1), "the interface by its number");
        }
    }

    #[test]
    fn each_number_of_getaddrinfo_has_its_status() {
        let statuses = [
            (libc::EAI_NONAME, Status::NOTFOUND),
            (libc::EAI_AGAIN, Status::AGAIN),
            (libc::EAI_MEMORY, Status::NOMEM),
            (libc::EAI_FAIL, Status::OS),
        ];
        for (number, expected) in statuses {
            assert_eq!(status(number), (expected, number));
        }
        assert!(std::fs::read("/no such file").is_err());
        assert_eq!(status(libc::EAI_SYSTEM), (Status::NOTFOUND, libc::ENOENT));
    }
}
