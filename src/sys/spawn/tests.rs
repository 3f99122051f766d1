// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a child finds when it starts, and what is said of one that cannot be started.

use super::*;
use crate::sys::Fd;
use crate::sys::exit::{Found, Outcome, look, reap};
use crate::sys::poll;
use std::io::Read;

fn texts(words: &[&str]) -> Vec<CString> {
    words.iter().map(|word| CString::new(*word).unwrap()).collect()
}

fn program(words: &[&str]) -> Program {
    Program {
        name: CString::new(words[0]).unwrap(),
        argv: texts(words),
        env: None,
        directory: None,
        group: true,
        limits: Limits::default(),
    }
}

/// What it writes to its standard output, and how it ends.
fn run(program: &Program) -> (String, Outcome) {
    let (ours, theirs) = pair().unwrap();
    let input = Stdio::Copy(null(Open::Read).unwrap());
    let pid = spawn(program, [input, Stdio::Copy(theirs), Stdio::Same]).unwrap();
    let mut set = [poll::record(Fd::of(&ours), libc::POLLIN)];
    let mut socket = std::os::unix::net::UnixStream::from(ours);
    let mut said = Vec::new();
    let mut some = [0; 4096];
    loop {
        assert_eq!(poll::wait(&mut set, 60_000).unwrap(), 1, "nothing within a minute");
        match socket.read(&mut some).unwrap() {
            0 => break,
            got => said.extend_from_slice(&some[..got]),
        }
    }
    let end = exit::End::of(pid).unwrap();
    let mut set = [poll::record(end.name(), libc::POLLIN)];
    assert_eq!(poll::wait(&mut set, 60_000).unwrap(), 1, "nothing within a minute");
    (String::from_utf8(said).unwrap(), reap(pid).unwrap())
}

fn shell(script: &str) -> Program {
    program(&["/bin/sh", "-c", script])
}

fn refusal(program: &Program) -> Option<i32> {
    let plain = [Stdio::Inherit, Stdio::Inherit, Stdio::Inherit];
    spawn(program, plain).unwrap_err().raw_os_error()
}

#[test]
fn arguments_environment_and_directory_arrive() {
    let mut asked =
        program(&["sh", "-c", "printf '%s|' \"$0\" \"$@\" \"$A\" \"$PWD\"", "x", "", "b c"]);
    asked.env = Some(texts(&["A=1 2"]));
    asked.directory = Some(CString::new("/").unwrap());
    let (said, outcome) = run(&asked);
    assert_eq!((said.as_str(), outcome.code, outcome.signal), ("x||b c|1 2|/|", 0, 0));
}

#[test]
fn a_name_is_looked_for_in_path_and_a_path_is_not() {
    let of = |name: &CStr, path: &str| {
        let found = places(name, Some(OsStr::new(path)));
        found.iter().map(|place| place.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of(c"x", "/a:b::"), ["/a/x", "b/x", "./x", "./x"]);
    assert_eq!(of(c"./x", "/a:/b"), ["./x"]);
    assert_eq!(places(c"x", None).len(), 3);
}

#[test]
fn what_cannot_be_started_says_why_and_is_no_zombie() {
    assert_eq!(refusal(&program(&["/no/such/program"])), Some(libc::ENOENT));
    assert_eq!(refusal(&program(&["no-program-has-this-name"])), Some(libc::ENOENT));
    assert_eq!(refusal(&program(&["/"])), Some(libc::EACCES));
    assert_eq!(refusal(&program(&["/dev/null/x"])), Some(libc::ENOTDIR));
    let mut nowhere = shell("exit");
    nowhere.directory = Some(CString::new("/no/such/directory").unwrap());
    assert_eq!(refusal(&nowhere), Some(libc::ENOENT));
}

#[test]
fn a_child_begins_without_the_programs_signals() {
    // SAFETY: both sets are valid, and the thread's mask is set back; no other test of this process
    // looks at SIGWINCH, which nobody sends.
    unsafe {
        libc::signal(libc::SIGWINCH, libc::SIG_IGN);
        let (mut some, mut before) = std::mem::zeroed::<(libc::sigset_t, libc::sigset_t)>();
        libc::sigaddset(&mut some, libc::SIGUSR1);
        libc::pthread_sigmask(libc::SIG_BLOCK, &some, &mut before);
        let (said, _) = run(&program(&["grep", "^Sig[BI]", "/proc/self/status"]));
        libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
        libc::signal(libc::SIGWINCH, libc::SIG_DFL);
        let sets: Vec<_> = said.lines().map(|line| line.split_once(":\t").unwrap()).collect();
        let bits = |at: usize| (sets[at].0, u64::from_str_radix(sets[at].1, 16).unwrap());
        // Two numbers are the C library's own, which lets nobody touch them.
        let (name, ignored) = bits(1);
        assert_eq!((bits(0), name, ignored & !(3 << 31)), (("SigBlk", 0), "SigIgn", 0));
    }
}

#[test]
fn a_child_has_its_three_descriptors_and_no_other() {
    let file = std::fs::File::open("/dev/null").unwrap();
    let strays: Vec<_> = (0..100)
        .map(|_| {
            // SAFETY: dup takes an integer, and what it gives is nobody else's; it is not
            // close-on-exec.
            unsafe { std::os::fd::FromRawFd::from_raw_fd(libc::dup(file.as_raw_fd())) }
        })
        .collect::<Vec<OwnedFd>>();
    let (said, _) = run(&program(&["ls", "/proc/self/fd"]));
    assert_eq!(said, "0\n1\n2\n3\n", "and that by which ls reads them");
    drop(strays);
}

#[test]
fn limits_are_set_and_never_above_the_programs_own() {
    let mut asked = shell("ulimit -t; ulimit -Hn; ulimit -c");
    asked.limits = Limits { cpu_s: 7, files: u64::MAX, no_core: true, ..Limits::default() };
    let hard = {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: `limit` is valid for the call.
        unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
        limit.rlim_max
    };
    let hard = if hard == libc::RLIM_INFINITY { "unlimited".into() } else { hard.to_string() };
    assert_eq!(run(&asked).0, format!("7\n{hard}\n0\n"));
}

#[test]
fn a_child_leads_its_group_if_that_is_wanted() {
    for group in [true, false] {
        let mut asked = program(&["sleep", "600"]);
        asked.group = group;
        let plain = [Stdio::Closed, Stdio::Inherit, Stdio::Same];
        let pid = spawn(&asked, plain).unwrap();
        // SAFETY: getpgid takes an integer.
        assert_eq!(unsafe { libc::getpgid(pid.number()) } == pid.number(), group);
        exit::signal(pid, group, libc::SIGKILL).unwrap();
        assert_eq!(exit::await_end(pid).unwrap().signal, libc::SIGKILL);
        assert_eq!(look(pid), Found::Lost);
    }
}

#[test]
fn a_fifo_is_opened_without_waiting() {
    let path = std::env::temp_dir().join(format!("webcore-fifo-{}", std::process::id()));
    let name = CString::new(path.as_os_str().as_bytes()).unwrap();
    // SAFETY: the text ends with its NUL.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    let refused = open(&name, Open::Write).unwrap_err().raw_os_error();
    let read = open(&name, Open::Read);
    std::fs::remove_file(path).unwrap();
    assert_eq!(refused, Some(libc::ENXIO), "nobody reads it");
    // SAFETY: the command takes no argument.
    let flags = unsafe { libc::fcntl(read.unwrap().as_raw_fd(), libc::F_GETFL) };
    assert_eq!(flags & libc::O_NONBLOCK, 0, "the child's reads wait");
}
