// SPDX-License-Identifier: MIT OR Apache-2.0
//! Above src/sys and src/reactor nobody knows that a descriptor is an int of POSIX: a system whose
//! handles are wider changes those two. Calls and structs of the C library are for src/sys alone.

use super::text::{split, tokens};

/// Rust's names of a descriptor.
const NAMES: [&str; 9] = [
    "RawFd",
    "OwnedFd",
    "BorrowedFd",
    "AsRawFd",
    "FromRawFd",
    "IntoRawFd",
    "as_raw_fd",
    "from_raw_fd",
    "into_raw_fd",
];

/// Every place that knows more of a descriptor than its layer may.
pub fn check(path: &str, source: &str) -> Vec<String> {
    let within = |layers: &[&str]| layers.iter().any(|l| path.starts_with(&format!("src/{l}/")));
    let tokens = tokens(&split(source).code);
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut out = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let (name, follows) = (token.text.as_str(), text(at + 1) == "::");
        let (what, part) = (text(at + 2), text(at + 4));
        let why = if within(&["sys"]) {
            continue;
        } else if name == "libc" && !(follows && is_constant(what)) {
            "the C library is called in src/sys"
        } else if within(&["reactor"]) {
            continue;
        } else if NAMES.contains(&name) {
            "a descriptor has its name sys::Fd here"
        } else if name == "os" && follows && (what == "fd" || (part != "ffi" && what == "unix")) {
            "what is there of POSIX only is known in src/sys and src/reactor"
        } else if name == "Fd" && follows && what == "from" && !within(&["ffi"]) {
            "a number becomes a descriptor in src/ffi"
        } else {
            continue;
        };
        out.push(format!("{path}:{}: {name}: {why}", token.line));
    }
    out
}

/// `EPIPE`, `POLLIN`: numbers, which say nothing of how wide a descriptor is.
fn is_constant(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c == '_' || c.is_ascii_uppercase() || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_of_posix_is_found() {
        for source in [
            "use std::os::fd::RawFd;",
            "fn f(fd: RawFd) {}",
            "fn f(fd: &impl AsRawFd) {}",
            "let number = socket.as_raw_fd();",
            "use std::os::fd::AsFd;",
            "use std::os::unix::net::UnixStream;",
            "let fd = Fd::from(3);",
            "let set: libc::pollfd = x;",
            "libc::close(x);",
            "use libc::c_int;",
            "use libc;",
        ] {
            assert!(!check("src/engine/x.rs", source).is_empty(), "{source}");
            assert!(check("src/sys/x.rs", source).is_empty(), "{source}");
        }
        let found = check("src/net/x.rs", "\nlet x = libc::read;");
        assert_eq!(found, ["src/net/x.rs:2: libc: the C library is called in src/sys"]);
    }

    #[test]
    fn what_a_layer_may_know_passes() {
        for (path, source) in [
            ("src/engine/x.rs", "use crate::sys::Fd; let fd = Fd::NONE; // RawFd"),
            ("src/engine/x.rs", "libc::EMFILE"),
            ("src/ffi/x.rs", "let fd = Fd::from(number); use std::os::unix::ffi::OsStrExt;"),
            ("src/reactor/x.rs", "libc::POLLIN; use std::os::fd::RawFd;"),
        ] {
            assert!(check(path, source).is_empty(), "{source}");
        }
        assert_eq!(check("src/reactor/x.rs", "libc::poll(a, b, c)").len(), 1);
    }
}
