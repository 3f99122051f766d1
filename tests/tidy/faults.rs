// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every system call that can fail asks the table of faults: src/sys/fault.rs knows it by name, and
//! a wrapper asks by that name.

use super::text::{Token, split, tokens};

/// What makes nothing fail that a program could be told of: it has no errno, or fails only for
/// arguments that the library never gives.
const CANNOT_FAIL: [&str; 20] = [
    "clock_gettime",
    "close",
    "closefrom",
    "fcntl",
    "freeaddrinfo",
    "getrlimit",
    "pthread_attr_destroy",
    "pthread_attr_init",
    "pthread_attr_setstacksize",
    "pthread_join",
    "pthread_self",
    "pthread_set_name_np",
    "pthread_setname_np",
    "pthread_sigmask",
    "sigaddset",
    "sigdelset",
    "sigemptyset",
    "sigfillset",
    "sigismember",
    "sigpending",
];

/// The table itself; what src/sys/kqueue.rs asks for: the calls of kqueue, and their stand-in.
const ELSEWHERE: [&str; 2] = ["src/sys/fault/", "src/sys/kqueue/"];
/// Tests are not looked at.
const TESTS: &str = "/tests.rs";

/// What one file of src/sys calls, and what it asks for.
pub struct Found {
    path: String,
    calls: Vec<(String, usize)>,
    asks: Vec<String>,
}

/// Looks through a file; its tests, which end it, are not looked at.
pub fn look(path: &str, source: &str) -> Found {
    let source = source.split("#[cfg(test)]\n").next().unwrap_or_default();
    let tokens = tokens(&split(source).code);
    let text = |at: usize| tokens.get(at).map_or("", |token: &Token| token.text.as_str());
    let mut found = Found { path: path.to_owned(), calls: vec![], asks: vec![] };
    for (at, token) in tokens.iter().enumerate() {
        let lower = |name: &str| name.starts_with(|c: char| c.is_ascii_lowercase());
        match (token.text.as_str(), text(at + 1), text(at + 3)) {
            ("libc", "::", "(") if lower(text(at + 2)) => {
                // syscall(2) of what has no function of its own.
                let number = text(at + 6).strip_prefix("SYS_");
                let name = number.filter(|_| text(at + 2) == "syscall").unwrap_or(text(at + 2));
                found.calls.push((name.to_owned(), token.line));
            }
            ("Call", "::", _) => found.asks.push(text(at + 2).to_owned()),
            _ => {}
        }
    }
    found
}

/// The calls that src/sys/fault.rs knows: what asks for each, and its name.
pub fn known(source: &str) -> Vec<(String, String)> {
    let list = source.split("\ncalls! {").nth(1).and_then(|rest| rest.split('}').next());
    let pair = |line: &str| {
        let (ask, name) = line.trim().split_once(" = ")?;
        Some((ask.to_owned(), name.trim_matches(['"', ',']).to_owned()))
    };
    list.unwrap_or_default().lines().filter_map(pair).collect()
}

/// Every call that no fault can strike, and every fault that strikes no call.
pub fn check(known: &[(String, String)], files: &[Found]) -> Vec<String> {
    let mut out = vec![];
    let elsewhere = |path: &str| ELSEWHERE.iter().any(|begin| path.starts_with(begin));
    let theirs = |file: &&Found| !elsewhere(&file.path) && !file.path.ends_with(TESTS);
    let mut asked = vec![];
    for file in files.iter().filter(theirs) {
        asked.extend(file.asks.iter().map(String::as_str));
        for (name, line) in &file.calls {
            // accept4 is a form of accept, sendmsg of send, pthread_atfork of atfork.
            let is_form = |known: &&(String, String)| {
                name.starts_with(&known.1) || name.strip_prefix("pthread_") == Some(&known.1)
            };
            let asks_here = known.iter().filter(is_form).any(|(ask, _)| file.asks.contains(ask));
            if !asks_here && !CANNOT_FAIL.contains(&name.as_str()) {
                let path = &file.path;
                out.push(format!("{path}:{line}: no fault can strike {name}: see HACKING.md"));
            }
        }
    }
    let unused = known.iter().filter(|(ask, _)| !asked.contains(&ask.as_str()));
    out.extend(unused.map(|(_, name)| format!("src/sys/fault.rs:1: nothing asks for {name}")));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<String> {
        let known = known("x\ncalls! {\n    Accept = \"accept\",\n    Send = \"send\",\n}\n");
        assert_eq!(known.len(), 2);
        let uses = "fn f() { fault::call(Call::Accept, x); fault::call(Call::Send, x); }";
        check(&known, &[look("src/sys/uses.rs", uses), look("src/sys/x.rs", source)])
    }

    #[test]
    fn a_call_that_does_not_ask_is_found() {
        for source in ["fn f() { libc::write(1) }", "fn f() { Call::Send; libc::accept(1) }"] {
            assert_eq!(found(source).len(), 1, "{source}");
        }
    }

    #[test]
    fn a_call_that_asks_or_cannot_fail_passes() {
        for source in [
            "fn f() { fault::call(Call::Accept, || libc::accept4(1)) }",
            "fn f() { fault::transfer(Call::Send, || libc::sendmsg(1)) }",
            "fn f() { libc::getrlimit(1); libc::EINTR; libc::FD_SET(1) }",
            "#[cfg(test)]\nmod tests { fn f() { libc::write(1) } }",
        ] {
            assert!(found(source).is_empty(), "{source}: {:?}", found(source));
        }
    }

    #[test]
    fn a_fault_that_nobody_asks_for_is_found() {
        let known = [("Bind".to_owned(), "bind".to_owned())];
        let said = check(&known, &[look("src/sys/x.rs", "fn f() {}")]);
        assert_eq!(said, ["src/sys/fault.rs:1: nothing asks for bind"]);
    }
}
