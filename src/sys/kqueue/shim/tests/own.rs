// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the kernels of BSD do about processes, signals and timers; and that a queue can itself be
//! watched, by whatever watches descriptors.

use super::*;
use crate::sys::select;
use crate::sys::signal::{Masked, Number, let_in, pending, tests::heard_by_nobody, tests::raise};
use std::process::{Child, Command, Stdio};

fn process(child: &Child, flags: u16) -> kevent {
    let ident = child.id() as usize;
    kevent { ident, filter: EVFILT_PROC, flags, fflags: NOTE_EXIT, ..BLANK }
}

fn signal(number: Number, flags: u16) -> kevent {
    kevent { ident: number.raw() as usize, filter: EVFILT_SIGNAL, flags, ..BLANK }
}

fn timer(flags: u16) -> kevent {
    kevent { ident: 0, filter: EVFILT_TIMER, flags, data: 1, ..BLANK }
}

/// A child that does as the script says when it is let.
fn start(script: &str) -> Child {
    let script = format!("read line; {script}");
    Command::new("/bin/sh").args(["-c", &script]).stdin(Stdio::piped()).spawn().unwrap()
}

fn let_go(child: &mut Child) {
    drop(child.stdin.take());
}

/// Lets it go, and waits for its end without reaping it.
fn end(child: &mut Child) {
    let_go(child);
    // SAFETY: siginfo_t is integers and pointers that are not followed: all zero is a value of it.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    // SAFETY: `info` is valid for the call.
    let found =
        unsafe { libc::waitid(libc::P_PID, child.id(), &mut info, libc::WEXITED | libc::WNOWAIT) };
    assert_eq!(found, 0);
}

impl Watcher {
    fn change(&mut self, change: kevent) -> Result<(), Option<i32>> {
        let result = self.0.answer(&[change], &mut [], NOW);
        result.map(drop).map_err(|error| error.raw_os_error())
    }

    fn made(mut self, change: kevent) -> Watcher {
        self.change(change).unwrap();
        self
    }
}

#[test]
fn the_end_of_a_process_is_told_once_with_its_status() {
    for (script, status) in [("exit 7", 7 << 8), ("exit 0", 0), ("kill -9 $$", 9)] {
        let mut child = start(script);
        let mut watcher = Watcher::new().made(process(&child, EV_ADD));
        assert_eq!(watcher.told(NOW), [], "it runs");
        let_go(&mut child);
        let mut out = [BLANK; 2];
        assert_eq!(watcher.0.answer(&[], &mut out, SOON).unwrap(), 1);
        let told = (out[0].ident, out[0].filter, out[0].fflags, out[0].data);
        assert_eq!(told, (child.id() as usize, EVFILT_PROC, NOTE_EXIT, status));
        assert_eq!(out[0].flags, EV_EOF | EV_ONESHOT | EV_CLEAR, "whatever was asked for");
        assert_eq!(watcher.told(NOW), []);
        assert_eq!(watcher.change(process(&child, EV_DELETE)), Err(Some(libc::ENOENT)));
        child.wait().unwrap();
    }
}

#[test]
fn the_end_of_a_process_is_told_after_it_was_reaped() {
    let mut child = start("exit 7");
    let mut watcher = Watcher::new().made(process(&child, EV_ADD));
    let_go(&mut child);
    child.wait().unwrap();
    assert_eq!(watcher.told(SOON).len(), 1);
    assert_eq!(watcher.told(NOW), []);
}

#[test]
fn a_process_that_has_ended_is_not_found() {
    let mut child = start("exit 0");
    end(&mut child);
    let mut watcher = Watcher::new();
    assert_eq!(watcher.change(process(&child, EV_ADD)), Err(Some(libc::ESRCH)));
    child.wait().unwrap();
    assert_eq!(watcher.change(process(&child, EV_ADD)), Err(Some(libc::ESRCH)));
    assert_eq!(watcher.told(NOW), []);
}

#[test]
fn each_process_is_told_by_its_number_and_a_deleted_one_is_not() {
    let [mut first, mut second, mut third] = [1, 2, 3].map(|code| start(&format!("exit {code}")));
    let mut watcher = Watcher::new();
    for child in [&first, &second, &third, &first] {
        watcher.change(process(child, EV_ADD)).unwrap();
    }
    watcher.change(process(&second, EV_DELETE)).unwrap();
    for child in [&mut first, &mut second, &mut third] {
        end(child);
    }
    let mut status: Vec<_> = watcher.told(SOON).iter().map(|told| told.1).collect();
    status.sort_unstable();
    assert_eq!(status, [1 << 8, 3 << 8], "though one was added twice");
    for mut child in [first, second, third] {
        child.wait().unwrap();
    }
}

#[test]
fn a_blocked_signal_is_told_once_and_not_taken() {
    let numbers = heard_by_nobody();
    let one = numbers[0];
    let _masked = Masked::all();
    let mut watcher = Watcher::new().made(signal(one, EV_ADD));
    assert_eq!(watcher.told(NOW), []);
    for _ in 0..3 {
        raise(one);
        assert_eq!(watcher.told(SOON), [(EVFILT_SIGNAL, 1, false, 0)]);
        // Signals of other tests may show it again, but not for ever.
        let quiet = (0..1_000).any(|_| watcher.told(NOW).is_empty());
        assert!(quiet, "an edge, though EV_CLEAR was not asked for");
        assert_eq!(pending(&numbers), [one]);
        let_in(&numbers);
    }
    let mut once = Watcher::new().made(signal(one, EV_ADD | EV_ONESHOT));
    raise(one);
    assert_eq!((once.told(SOON).len(), watcher.told(SOON).len()), (1, 1), "every queue is told");
    assert_eq!(once.change(signal(one, EV_DELETE)), Err(Some(libc::ENOENT)));
    let_in(&numbers);
}

#[test]
fn a_signal_that_came_before_is_not_told_and_hides_no_other_event() {
    let numbers = heard_by_nobody();
    let _masked = Masked::all();
    let (near, mut far) = UnixStream::pair().unwrap();
    far.write_all(b"a").unwrap();
    raise(numbers[0]);
    let try_once = |_| {
        let mut watcher = Watcher::new();
        watcher.add(&near, EVFILT_READ, EV_CLEAR);
        watcher.change(signal(numbers[0], EV_ADD)).unwrap();
        let told = watcher.told(SOON);
        (watcher, told)
    };
    // Signals of other tests may show it, but not each time.
    let mut tries = (0..1_000).map(try_once);
    let input = [(EVFILT_READ, 1, false, 0)];
    let (mut watcher, _) = tries.find(|(_, told)| *told == input).expect("it is told each time");
    let_in(&numbers);
    raise(numbers[0]);
    assert_eq!(watcher.told(SOON), [(EVFILT_SIGNAL, 1, false, 0)]);
    let_in(&numbers);
}

#[test]
fn a_signal_that_was_deleted_is_not_told() {
    let [one, other] = heard_by_nobody();
    let _masked = Masked::all();
    let mut watcher = Watcher::new().made(signal(one, EV_ADD)).made(signal(other, EV_ADD));
    watcher.change(signal(one, EV_DELETE)).unwrap();
    assert_eq!(watcher.change(signal(one, EV_DELETE)), Err(Some(libc::ENOENT)));
    raise(one);
    raise(other);
    let mut out = [BLANK; 2];
    assert_eq!(watcher.0.answer(&[], &mut out, SOON).unwrap(), 1);
    assert_eq!(out[0].ident, other.raw() as usize);
    let_in(&[one, other]);
}

#[test]
fn a_timer_that_fires_once_is_told_once() {
    let begun = Instant::now();
    let mut watcher = Watcher::new().made(timer(EV_ADD | EV_ONESHOT));
    assert_eq!(watcher.told(SOON), [(EVFILT_TIMER, 1, false, 0)]);
    assert!(begun.elapsed() >= Duration::from_millis(1));
    assert_eq!(watcher.told(NOW), []);
    watcher.change(timer(EV_ADD | EV_ONESHOT)).unwrap();
    watcher.change(timer(EV_ADD | EV_ONESHOT)).unwrap();
    assert_eq!(watcher.told(SOON).len(), 1);
    watcher.change(timer(EV_ADD | EV_ONESHOT)).unwrap();
    watcher.change(timer(EV_DELETE)).unwrap();
    assert_eq!(watcher.told(Some(Duration::from_millis(5))), []);
}

#[test]
fn what_it_does_not_have_is_refused() {
    let mut child = start("exit 0");
    let mut watcher = Watcher::new();
    let fork = kevent { fflags: 0x4000_0000, ..process(&child, EV_ADD) };
    let unknown = kevent { filter: -4, ..timer(EV_ADD | EV_ONESHOT) };
    let no_signal = kevent { ident: 4_000, filter: EVFILT_SIGNAL, flags: EV_ADD, ..BLANK };
    for change in [fork, unknown, no_signal, timer(EV_ADD)] {
        assert_eq!(watcher.change(change), Err(Some(libc::EINVAL)));
    }
    end(&mut child);
    child.wait().unwrap();
}

/// Whether a descriptor is readable, as each way to ask says, within `ms`.
fn readable(fd: Fd, ms: i32, outer: &mut Outer) -> [bool; 4] {
    let polled = poll::wait(&mut [poll::record(fd, libc::POLLIN)], ms).unwrap() == 1;
    let mut set = select::Set::new();
    set.insert(fd.raw() as usize);
    let below = fd.raw() as usize + 1;
    let selected = select::wait(below, &mut set, &mut select::Set::new(), NOW).unwrap() == 1;
    let mut records = [epoll::Record { events: 0, u64: 0 }; 2];
    let epolled = outer.epoll.wait(&mut records, 0).unwrap() == 1;
    let queued = !outer.queue.told(NOW).is_empty();
    [polled, selected, epolled, queued]
}

/// What watches a queue, from before anything happens there.
struct Outer {
    epoll: Epoll,
    queue: Watcher,
}

#[test]
fn its_own_descriptor_tells_whoever_watches_it() {
    let numbers = heard_by_nobody();
    let _masked = Masked::all();
    let mut child = start("exit 0");
    let (near, mut far) = UnixStream::pair().unwrap();
    let changes = [
        process(&child, EV_ADD),
        signal(numbers[0], EV_ADD),
        change(&near, EVFILT_READ, EV_ADD | EV_CLEAR),
        timer(EV_ADD | EV_ONESHOT),
    ];
    for change in changes {
        let filter = change.filter;
        let mut watcher = Watcher::new();
        let name = watcher.0.name();
        let mut outer = Outer { epoll: Epoll::new().unwrap(), queue: Watcher::new() };
        outer.epoll.add(name, libc::EPOLLIN as u32, 0).unwrap();
        outer.queue.add(&name.raw(), EVFILT_READ, 0);
        assert_eq!(readable(name, 0, &mut outer), [false; 4], "{filter}: nothing is watched");
        watcher.change(change).unwrap();
        match filter {
            EVFILT_TIMER => {}
            _ => assert_eq!(readable(name, 5, &mut outer), [false; 4], "{filter}: no event"),
        }
        match filter {
            EVFILT_PROC => let_go(&mut child),
            EVFILT_SIGNAL => raise(numbers[0]),
            EVFILT_READ => far.write_all(b"a").unwrap(),
            _ => {}
        }
        assert_eq!(readable(name, 30_000, &mut outer), [true; 4], "{filter}: the event");
        assert_eq!(readable(name, 0, &mut outer), [true; 4], "{filter}: it was not taken");
        assert_eq!(watcher.told(NOW).len(), 1, "{filter}");
        let_in(&numbers);
        assert_eq!(readable(name, 0, &mut outer), [false; 4], "{filter}: it was taken");
    }
    child.wait().unwrap();
}
