// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a loop needs of a descriptor that tells the end of a child, whatever it is made of; and the
//! look, the reaping and the signals.

use super::*;
use crate::sys::{Fd, poll, select};
use std::process::{Child, Command, Stdio};

/// What both kinds have.
trait Tells {
    fn name(&self) -> Fd;
}

/// Runs a scenario with each kind that there is.
fn on_each(scenario: impl Fn(&dyn Fn(Pid) -> Box<dyn Tells>)) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    scenario(&|pid| Box::new(pidfd::End::of(pid).unwrap()));
    #[cfg(kqueue)]
    scenario(&|pid| Box::new(kqueue::End::of(pid).unwrap()));
}

#[cfg(any(target_os = "linux", target_os = "android"))]
impl Tells for pidfd::End {
    fn name(&self) -> Fd {
        pidfd::End::name(self)
    }
}

#[cfg(kqueue)]
impl Tells for kqueue::End {
    fn name(&self) -> Fd {
        kqueue::End::name(self)
    }
}

fn start(script: &str) -> (Child, Pid) {
    let mut shell = Command::new("/bin/sh");
    let child = shell.args(["-c", script]).stdin(Stdio::piped()).spawn().unwrap();
    let pid = Pid(child.id() as libc::pid_t);
    (child, pid)
}

/// A child that ends with that code when it is let.
fn start_waiting(code: i32) -> (Child, Pid) {
    start(&format!("read line; exit {code}"))
}

fn let_end(child: &mut Child) {
    drop(child.stdin.take());
}

/// Longer than any delivery on this machine takes.
const SOON: i32 = 60_000;
/// A few times what a timer of the second kind takes.
const A_WHILE: i32 = 10;

fn readable(end: &dyn Tells, timeout_ms: i32) -> bool {
    poll::wait(&mut [poll::record(end.name(), libc::POLLIN)], timeout_ms).unwrap() == 1
}

/// Waits for an end without asking any descriptor.
fn await_zombie(pid: Pid) {
    // SAFETY: siginfo_t is integers and pointers that are not followed: all zero is a value of it.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let how = libc::WEXITED | libc::WNOWAIT;
    // SAFETY: `info` is valid for the call.
    let found = unsafe { libc::waitid(libc::P_PID, pid.0 as libc::id_t, &mut info, how) };
    assert_eq!(found, 0);
}

#[test]
fn an_end_is_told_looked_at_and_taken_once() {
    on_each(|end_of| {
        let (mut child, pid) = start_waiting(7);
        let end = end_of(pid);
        assert!(!readable(&*end, A_WHILE));
        assert_eq!((look(pid), reap(pid)), (Found::Running, None));
        let_end(&mut child);
        assert!(readable(&*end, SOON));
        assert!(readable(&*end, 0), "until somebody has looked");
        assert_eq!((look(pid), look(pid)), (Found::Ended, Found::Ended));
        let outcome = reap(pid).unwrap();
        assert_eq!((outcome.code, outcome.signal), (7, 0));
        assert!(outcome.usage.max_rss_bytes > 0);
        assert_eq!((look(pid), reap(pid)), (Found::Lost, None));
        let error = signal(pid, false, libc::SIGTERM).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ESRCH), "its number may be somebody else's");
    });
}

#[test]
fn a_child_that_runs_can_be_ended_by_a_signal() {
    on_each(|end_of| {
        let (_child, pid) = start("exec sleep 600");
        let end = end_of(pid);
        let error = signal(pid, false, 4000).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
        signal(pid, false, libc::SIGKILL).unwrap();
        assert!(readable(&*end, SOON));
        let outcome = reap(pid).unwrap();
        assert_eq!((outcome.code, outcome.signal), (-1, libc::SIGKILL));
    });
}

#[test]
fn an_end_before_it_was_asked_for_is_told() {
    on_each(|end_of| {
        let (_child, pid) = start("exit 3");
        await_zombie(pid);
        let end = end_of(pid);
        assert!(readable(&*end, SOON));
        assert_eq!(look(pid), Found::Ended);
        assert_eq!(reap(pid).unwrap().code, 3);
    });
}

#[test]
fn each_of_two_children_is_told_by_its_own() {
    on_each(|end_of| {
        let (mut first, first_pid) = start_waiting(1);
        let (mut second, second_pid) = start_waiting(2);
        let (first_end, second_end) = (end_of(first_pid), end_of(second_pid));
        let_end(&mut second);
        assert!(readable(&*second_end, SOON));
        assert!(!readable(&*first_end, A_WHILE));
        assert_eq!((look(first_pid), look(second_pid)), (Found::Running, Found::Ended));
        let_end(&mut first);
        assert!(readable(&*first_end, SOON));
        let codes = [first_pid, second_pid].map(|pid| reap(pid).unwrap().code);
        assert_eq!(codes, [1, 2]);
    });
}

#[test]
fn a_child_that_is_stopped_has_not_ended() {
    on_each(|end_of| {
        let (_child, pid) = start("exec sleep 600");
        let end = end_of(pid);
        signal(pid, false, libc::SIGSTOP).unwrap();
        assert!(!readable(&*end, A_WHILE));
        assert_eq!(look(pid), Found::Running);
        signal(pid, false, libc::SIGCONT).unwrap();
        assert!(!readable(&*end, A_WHILE));
        signal(pid, false, libc::SIGKILL).unwrap();
        assert!(readable(&*end, SOON));
        assert_eq!(reap(pid).unwrap().signal, libc::SIGKILL);
    });
}

#[test]
fn an_end_is_told_after_it_was_reaped() {
    on_each(|end_of| {
        let (mut child, pid) = start_waiting(0);
        let end = end_of(pid);
        let_end(&mut child);
        child.wait().unwrap();
        assert!(readable(&*end, SOON));
        assert_eq!((look(pid), reap(pid)), (Found::Lost, None));
    });
}

#[test]
fn one_that_is_no_child_runs_on_and_is_lost() {
    on_each(|end_of| {
        // SAFETY: getppid takes nothing and always succeeds.
        let parent = Pid(unsafe { libc::getppid() });
        let end = end_of(parent);
        assert!(!readable(&*end, A_WHILE));
        assert_eq!((look(parent), reap(parent)), (Found::Lost, None));
    });
}

#[test]
fn an_end_wakes_who_waits_in_epoll_and_select() {
    on_each(|end_of| {
        let (mut child, pid) = start_waiting(0);
        let end = end_of(pid);
        #[cfg(target_os = "linux")]
        let epoll = {
            let epoll = crate::sys::epoll::Epoll::new().unwrap();
            epoll.add(end.name(), libc::EPOLLIN as u32, 0).unwrap();
            epoll
        };
        let_end(&mut child);
        #[cfg(target_os = "linux")]
        {
            let mut records = [crate::sys::epoll::Record { events: 0, u64: 0 }];
            assert_eq!(epoll.wait(&mut records, SOON).unwrap(), 1);
        }
        let mut set = select::Set::new();
        let number = end.name().raw() as usize;
        set.insert(number);
        let wait = Some(std::time::Duration::from_secs(60));
        let count = select::wait(number + 1, &mut set, &mut select::Set::new(), wait);
        assert_eq!((count.unwrap(), set.contains(number)), (1, true));
        assert_eq!(reap(pid).unwrap().code, 0);
    });
}

#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn a_pidfd_of_one_that_was_reaped_is_refused() {
    let (mut child, pid) = start("exit 0");
    child.wait().unwrap();
    assert_eq!(pidfd::End::of(pid).unwrap_err().raw_os_error(), Some(libc::ESRCH));
}

#[test]
#[cfg(kqueue)]
fn a_kqueue_of_one_that_was_reaped_asks_for_a_look() {
    let (mut child, pid) = start("exit 0");
    child.wait().unwrap();
    assert!(readable(&kqueue::End::of(pid).unwrap(), SOON));
    assert_eq!(look(pid), Found::Lost);
}
