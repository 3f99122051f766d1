// SPDX-License-Identifier: MIT OR Apache-2.0
//! docs/CONTRACT.md, rule by rule, against every backend of this machine and on real descriptors.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::RwLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use webcore::base::Status;
use webcore::base::limits::BATCH;
use webcore::reactor::{
    BACKENDS, Backend, Event, Features, Interest, Selector, Token, VARIABLE, choose,
};
use webcore::sys::Fd;
use webcore::sys::socket::reset_on_close;

const NOW: Option<Duration> = Some(Duration::ZERO);
/// Longer than any delivery on this machine takes: a wait of that length that ends empty failed.
const SOON: Option<Duration> = Some(Duration::from_secs(30));

/// Tests run side by side in one process, and not every backend can hold every number: who opens
/// very many descriptors does so alone.
static DESCRIPTORS: RwLock<()> = RwLock::new(());

/// Runs a rule on every backend; the name is printed where one fails.
fn every(rule: impl Fn(&'static Backend)) {
    let _shared = DESCRIPTORS.read().unwrap_or_else(|poisoned| poisoned.into_inner());
    on_each(rule);
}

fn every_alone(rule: impl Fn(&'static Backend)) {
    let _alone = DESCRIPTORS.write().unwrap_or_else(|poisoned| poisoned.into_inner());
    on_each(rule);
}

fn on_each(rule: impl Fn(&'static Backend)) {
    assert!(!BACKENDS.is_empty());
    for backend in BACKENDS {
        println!("backend {}", backend.name);
        rule(backend);
    }
}

/// Whether the backend tells ends and errors as such.
fn tells_ends(backend: &Backend) -> bool {
    backend.features.contains(Features::HANGUP)
}

/// Whether an end shows as each readiness that was asked for, and as both to who asked for trouble.
fn shows(event: Event, interest: Interest) -> bool {
    let asks = |direction| interest == Interest::TROUBLE || interest.contains(direction);
    (event.readable() || !asks(Interest::READ)) && (event.writable() || !asks(Interest::WRITE))
}

struct Watcher(Box<dyn Selector>);

impl Watcher {
    fn new(backend: &Backend) -> Watcher {
        Watcher((backend.open)().unwrap())
    }

    fn add(&mut self, fd: &impl AsRawFd, token: u64, interest: Interest) {
        self.change(fd, token, Interest::NONE, interest);
    }

    fn change(&mut self, fd: &impl AsRawFd, token: u64, old: Interest, new: Interest) {
        self.0.update(Fd::of(fd), Token(token), old, new).unwrap();
    }

    fn refusal(&mut self, fd: Fd) -> Option<i32> {
        let refused = self.0.update(fd, Token(1), Interest::NONE, Interest::READ);
        refused.err().and_then(|error| error.raw_os_error())
    }

    fn wait(&mut self, timeout: Option<Duration>) -> Vec<Event> {
        let mut out = Vec::new();
        self.0.wait(&mut out, timeout).unwrap();
        out
    }

    fn tokens(&mut self, timeout: Option<Duration>) -> Vec<u64> {
        self.wait(timeout).iter().map(|event| event.token.0).collect()
    }

    fn one(&mut self) -> Event {
        let events = self.wait(SOON);
        assert_eq!(events.len(), 1, "{events:?}");
        events[0]
    }
}

fn pair() -> (UnixStream, UnixStream) {
    UnixStream::pair().unwrap()
}

fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

#[allow(unsafe_code)]
fn pipe() -> (File, File) {
    let mut ends = [-1; 2];
    // SAFETY: there is room for two descriptors, and those given are nobody else's.
    unsafe {
        assert_eq!(libc::pipe(ends.as_mut_ptr()), 0);
        // A process that another test runs must not keep an end open.
        ends.iter()
            .for_each(|end| assert_eq!(libc::fcntl(*end, libc::F_SETFD, libc::FD_CLOEXEC), 0));
        (File::from_raw_fd(ends[0]), File::from_raw_fd(ends[1]))
    }
}

/// Closes what `old` names and gives its number to what `new` names, at one stroke.
#[allow(unsafe_code)]
fn replace(old: &impl AsRawFd, new: &impl AsRawFd) {
    // SAFETY: both are open, and stay so; dup2 takes no pointer.
    let number = unsafe { libc::dup2(new.as_raw_fd(), old.as_raw_fd()) };
    assert_eq!(number, old.as_raw_fd());
}

#[test]
fn r1_level_triggered_data_that_is_not_read_is_told_again() {
    every(|backend| {
        let (mut near, mut far) = pair();
        let mut watcher = Watcher::new(backend);
        watcher.add(&near, 1, Interest::READ);
        assert_eq!(watcher.tokens(NOW), []);
        far.write_all(b"ab").unwrap();
        for _ in 0..3 {
            let event = watcher.one();
            assert!(event.readable() && !event.writable() && !event.hangup() && !event.error());
        }
        near.read_exact(&mut [0]).unwrap();
        assert_eq!(watcher.tokens(SOON), [1]);
        near.read_exact(&mut [0]).unwrap();
        assert_eq!(watcher.tokens(NOW), []);
    });
}

#[test]
fn r1_edge_triggered_each_arrival_is_told_once_where_the_backend_can() {
    every(|backend| {
        let (near, mut far) = pair();
        let mut watcher = Watcher::new(backend);
        far.write_all(b"a").unwrap();
        watcher.add(&near, 1, Interest::READ | Interest::EDGE);
        for _ in 0..3 {
            assert_eq!(watcher.tokens(SOON), [1]);
            let again: &[u64] = if backend.edge() { &[] } else { &[1] };
            assert_eq!(watcher.tokens(NOW), again);
            far.write_all(b"b").unwrap();
        }
    });
}

#[test]
fn r1_once_tells_one_event_and_then_nothing_until_it_is_asked_for_again() {
    every(|backend| {
        let (near, mut far) = pair();
        let mut watcher = Watcher::new(backend);
        let once = Interest::READ | Interest::ONCE;
        watcher.add(&near, 1, once);
        assert_eq!(watcher.tokens(NOW), []);
        far.write_all(b"a").unwrap();
        assert_eq!(watcher.tokens(SOON), [1]);
        assert_eq!(watcher.tokens(NOW), []);
        far.write_all(b"b").unwrap();
        far.shutdown(std::net::Shutdown::Both).unwrap();
        assert_eq!(watcher.tokens(NOW), [], "not even trouble");
        watcher.change(&near, 2, once, once);
        assert_eq!(watcher.tokens(SOON), [2]);
        assert_eq!(watcher.tokens(NOW), []);
        watcher.change(&near, 3, once, Interest::READ);
        assert_eq!(watcher.tokens(SOON), [3]);
        assert_eq!(watcher.tokens(SOON), [3]);
        watcher.change(&near, 3, Interest::READ, once);
        assert_eq!(watcher.tokens(SOON), [3]);
        watcher.change(&near, 3, once, Interest::NONE);
        watcher.add(&near, 4, Interest::READ | Interest::WRITE);
        assert_eq!(watcher.tokens(SOON), [4]);
    });
}

#[test]
fn r1_once_is_one_event_though_both_directions_are_ready() {
    every(|backend| {
        let (near, mut far) = pair();
        let mut watcher = Watcher::new(backend);
        far.write_all(b"a").unwrap();
        watcher.add(&near, 1, Interest::READ | Interest::WRITE | Interest::ONCE);
        assert!(!watcher.tokens(SOON).is_empty());
        assert_eq!(watcher.tokens(NOW), []);
    });
}

#[test]
fn r2_none_tells_nothing_not_even_a_hangup() {
    every(|backend| {
        let mut watcher = Watcher::new(backend);
        for nothing in [Interest::NONE, Interest::EDGE] {
            let (near, mut far) = pair();
            watcher.add(&near, 1, nothing);
            watcher.change(&near, 1, nothing, Interest::READ | Interest::WRITE);
            far.write_all(b"a").unwrap();
            assert_eq!(watcher.tokens(SOON), [1]);
            watcher.change(&near, 1, Interest::READ | Interest::WRITE, nothing);
            assert_eq!(watcher.tokens(NOW), []);
            drop(far);
            assert_eq!(watcher.tokens(NOW), []);
            watcher.add(&near, 2, Interest::TROUBLE);
            if tells_ends(backend) {
                assert!(watcher.one().hangup());
            } else {
                assert_eq!(watcher.tokens(NOW), []);
            }
            watcher.change(&near, 2, Interest::TROUBLE, Interest::NONE);
        }
    });
}

#[test]
fn r3_the_end_of_both_directions_shows_as_the_readiness_asked_for() {
    every(|backend| {
        for interest in [Interest::READ, Interest::WRITE, Interest::TROUBLE] {
            let (near, far) = pair();
            let (pipe_read, pipe_write) = pipe();
            let socket = (OwnedFd::from(near), OwnedFd::from(far));
            for (fd, peer) in [socket, (pipe_read.into(), pipe_write.into())] {
                let mut watcher = Watcher::new(backend);
                watcher.add(&fd, 1, interest);
                drop(peer);
                if !tells_ends(backend) && interest != Interest::READ {
                    continue;
                }
                let event = watcher.one();
                assert!(shows(event, interest), "{event:?}");
                assert_eq!(event.hangup(), tells_ends(backend), "{event:?}");
            }
        }
    });
}

#[test]
fn r3_an_error_shows_as_the_readiness_asked_for() {
    every(|backend| {
        for interest in [Interest::READ, Interest::WRITE | Interest::READ, Interest::TROUBLE] {
            if !tells_ends(backend) && interest == Interest::TROUBLE {
                continue;
            }
            let (near, far) = tcp_pair();
            let mut watcher = Watcher::new(backend);
            watcher.add(&near, 1, interest);
            reset_on_close(far.as_fd());
            drop(far);
            let event = loop {
                // A socket with room for output is writable before the reset is there.
                let event = watcher.one();
                if event.error() || (!tells_ends(backend) && event.readable()) {
                    break event;
                }
            };
            assert!(shows(event, interest), "{event:?}");
            assert_eq!(event.hangup(), tells_ends(backend), "{event:?}");
        }
    });
}

#[test]
fn r3_a_pipe_that_nobody_reads_shows_as_the_readiness_asked_for() {
    every(|backend| {
        for interest in [Interest::WRITE, Interest::TROUBLE] {
            let (pipe_read, pipe_write) = pipe();
            drop(pipe_read);
            let mut watcher = Watcher::new(backend);
            watcher.add(&pipe_write, 1, interest);
            if tells_ends(backend) || interest == Interest::WRITE {
                let event = watcher.one();
                assert!(shows(event, interest), "{event:?}");
                assert_eq!(event.hangup(), tells_ends(backend), "{event:?}");
            }
        }
    });
}

#[test]
fn r3_a_descriptor_that_was_closed_while_watched_harms_nobody_else() {
    every(|backend| {
        let (near, mut far) = pair();
        let (gone, _gone_far) = pair();
        let mut watcher = Watcher::new(backend);
        watcher.add(&gone, 1, Interest::READ);
        watcher.add(&near, 2, Interest::READ);
        far.write_all(b"a").unwrap();
        drop(gone);
        for _ in 0..3 {
            assert!(watcher.tokens(SOON).contains(&2));
        }
    });
}

#[test]
fn r3_the_end_of_the_peers_output_is_told_to_readers_only() {
    every(|backend| {
        let (near, far) = tcp_pair();
        let mut watcher = Watcher::new(backend);
        watcher.add(&near, 1, Interest::READ);
        far.shutdown(std::net::Shutdown::Write).unwrap();
        let event = watcher.one();
        assert!(event.readable() && !event.writable() && !event.error(), "{event:?}");
        let hears = tells_ends(backend) && (cfg!(target_os = "linux") || backend.name != "poll");
        assert_eq!(event.hangup(), hears, "{event:?}");
        watcher.change(&near, 1, Interest::READ, Interest::TROUBLE);
        assert_eq!(watcher.tokens(NOW), []);
    });
}

#[test]
fn r4_what_was_ready_before_it_was_watched_for_is_told() {
    every(|backend| {
        for edge in [Interest::NONE, Interest::EDGE] {
            let (near, mut far) = pair();
            far.write_all(b"a").unwrap();
            let mut watcher = Watcher::new(backend);
            watcher.add(&near, 1, Interest::WRITE | edge);
            let event = watcher.one();
            assert!(event.writable() && !event.readable());
            watcher.change(&near, 2, Interest::WRITE | edge, Interest::READ | edge);
            let event = watcher.one();
            assert!(event.readable() && !event.writable());
            watcher.change(&near, 3, Interest::READ | edge, Interest::TROUBLE | edge);
            assert_eq!(watcher.tokens(NOW), []);
            watcher.change(&near, 4, Interest::TROUBLE | edge, Interest::READ | edge);
            assert_eq!(watcher.tokens(SOON), [4]);
        }
    });
}

#[test]
fn r4_a_pending_connection_and_a_made_one_are_told() {
    every(|backend| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut watcher = Watcher::new(backend);
        watcher.add(&listener, 1, Interest::READ);
        assert_eq!(watcher.tokens(NOW), []);
        let addr = listener.local_addr().unwrap();
        let (client, _) = webcore::sys::socket::connect(addr).unwrap();
        let event = watcher.one();
        assert!(event.token == Token(1) && event.readable());
        watcher.change(&listener, 1, Interest::READ, Interest::NONE);
        watcher.add(&client, 2, Interest::WRITE);
        let event = watcher.one();
        assert!(event.token == Token(2) && event.writable() && !event.error());
    });
}

#[test]
fn r5_a_wait_without_an_event_never_ends_early() {
    every(|backend| {
        let (near, _far) = pair();
        let mut watcher = Watcher::new(backend);
        watcher.add(&near, 1, Interest::READ);
        for micros in [1, 999, 1_001, 2_500] {
            let timeout = Duration::from_micros(micros);
            let begun = Instant::now();
            assert_eq!(watcher.tokens(Some(timeout)), []);
            assert!(begun.elapsed() >= timeout, "{timeout:?} took {:?}", begun.elapsed());
        }
    });
}

#[test]
fn r5_zero_does_not_block_and_none_waits() {
    every(|backend| {
        let (mut near, far) = pair();
        let mut watcher = Watcher::new(backend);
        watcher.add(&near, 1, Interest::READ);
        for _ in 0..100 {
            let mut peer = &far;
            assert_eq!(watcher.tokens(NOW), []);
            let answer = std::thread::scope(|scope| {
                scope.spawn(move || peer.write_all(b"a").unwrap());
                watcher.tokens(None)
            });
            assert_eq!(answer, [1]);
            near.read_exact(&mut [0]).unwrap();
        }
    });
}

static SIGNALS: AtomicU32 = AtomicU32::new(0);

extern "C" fn count_signal(_: libc::c_int) {
    SIGNALS.fetch_add(1, Ordering::SeqCst);
}

#[allow(unsafe_code)]
fn count_sigusr1() {
    // SAFETY: all zero is a sigaction without flags and mask; the handler only adds to an atomic.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = count_signal as extern "C" fn(libc::c_int) as usize;
        assert_eq!(libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()), 0);
    }
}

#[allow(unsafe_code)]
#[test]
fn r6_an_interrupted_wait_is_a_success_without_an_event() {
    use std::os::unix::thread::JoinHandleExt;
    count_sigusr1();
    every(|backend| {
        let waiter = std::thread::spawn(move || {
            let (near, _far) = pair();
            let mut watcher = Watcher::new(backend);
            watcher.add(&near, 1, Interest::READ);
            watcher.wait(None)
        });
        // A signal that comes before the wait has begun interrupts nothing, so one is not enough.
        while !waiter.is_finished() {
            // SAFETY: the thread is not joined yet, so its id is valid.
            unsafe { libc::pthread_kill(waiter.as_pthread_t(), libc::SIGUSR1) };
            std::thread::yield_now();
        }
        assert_eq!(waiter.join().unwrap(), []);
        assert!(SIGNALS.load(Ordering::SeqCst) > 0);
    });
}

#[test]
fn r7_a_descriptor_closed_after_none_leaves_no_trace_and_its_number_is_free() {
    every(|backend| {
        let (near, mut far) = pair();
        let (fresh, mut fresh_far) = pair();
        let _lives_on = near.try_clone().unwrap();
        let mut watcher = Watcher::new(backend);
        watcher.add(&near, 1, Interest::READ);
        far.write_all(b"a").unwrap();
        assert_eq!(watcher.tokens(SOON), [1]);
        watcher.change(&near, 1, Interest::READ, Interest::NONE);
        replace(&near, &fresh);
        assert_eq!(watcher.tokens(NOW), []);
        watcher.add(&near, 2, Interest::READ);
        assert_eq!(watcher.tokens(NOW), []);
        fresh_far.write_all(b"b").unwrap();
        assert_eq!(watcher.tokens(SOON), [2]);
    });
}

#[test]
fn r7_who_leaves_takes_nobody_along() {
    every(|backend| {
        let mut pairs: Vec<_> = (0..9).map(|_| pair()).collect();
        let mut watcher = Watcher::new(backend);
        for (token, (near, far)) in (0..).zip(&mut pairs) {
            watcher.add(near, token, Interest::READ);
            far.write_all(b"a").unwrap();
        }
        let mut stay: Vec<u64> = (0..9).collect();
        // A table that fills the gap with its last entry has to move 7 first and 6 second.
        for leave in [8, 0, 7, 3, 6] {
            watcher.change(&pairs[leave as usize].0, leave, Interest::READ, Interest::NONE);
            stay.retain(|token| *token != leave);
            let mut told = watcher.tokens(SOON);
            told.sort_unstable();
            assert_eq!(told, stay);
        }
    });
}

#[test]
fn r8_a_token_comes_back_bit_for_bit() {
    every(|backend| {
        let (near, _far) = pair();
        let mut watcher = Watcher::new(backend);
        watcher.add(&near, 7, Interest::WRITE);
        assert_eq!(watcher.tokens(SOON), [7]);
        for token in [0, 1, u64::MAX, 1 << 63, 0x6123_4567_89ab_cdef] {
            watcher.change(&near, token, Interest::WRITE, Interest::WRITE);
            assert_eq!(watcher.tokens(SOON), [token]);
        }
    });
}

#[test]
fn r9_the_name_asked_for_is_the_backend_given_or_an_error() {
    every(|backend| assert!(std::ptr::eq(choose(Some(backend.name)).unwrap(), backend)));
    for unknown in ["", "EPOLL", "poll2", "\u{e9}poll"] {
        assert_eq!(choose(Some(unknown)).err(), Some(Status::BACKEND));
    }
}

/// The environment of a running process is not to be changed, so this test runs itself in others.
#[test]
fn r9_the_variable_names_the_backend() {
    const EXPECTED: &str = "WEBCORE_TEST_EXPECTED";
    if let Ok(expected) = std::env::var(EXPECTED) {
        let got = choose(None).map_or_else(Status::name, |backend| backend.name);
        assert_eq!(got, expected);
        return;
    }
    let preferred = BACKENDS[0].name;
    let named = BACKENDS.iter().map(|backend| (backend.name, backend.name));
    for (value, expected) in named.chain([("", preferred), ("other", "WC_E_BACKEND")]) {
        let run = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "r9_the_variable_names_the_backend"])
            .env(VARIABLE, value)
            .env(EXPECTED, expected)
            .output()
            .unwrap();
        assert!(run.status.success(), "{value:?}: {}", String::from_utf8_lossy(&run.stdout));
    }
}

#[test]
fn r10_a_descriptor_that_cannot_be_held_is_refused() {
    every(|backend| {
        let mut watcher = Watcher::new(backend);
        for closed in [-1, i32::MIN, i32::MAX] {
            assert_eq!(watcher.refusal(Fd::from(closed)), Some(libc::EBADF), "{closed}");
        }
        let file = File::open(std::env::current_exe().unwrap()).unwrap();
        match watcher.refusal(Fd::of(&file)) {
            Some(error) => assert_eq!((backend.name, error), ("epoll", libc::EPERM)),
            None => assert!(watcher.one().readable()),
        }
        let (near, _far) = pair();
        watcher.add(&near, 2, Interest::READ);
        assert_eq!(watcher.refusal(Fd::of(&near)), Some(libc::EEXIST), "watched already");
        watcher.change(&near, 2, Interest::READ, Interest::NONE);
        assert_eq!(watcher.refusal(Fd::of(&near)), None, "and then no more");
    });
}

/// A duplicate under a number that is not below `least`.
#[allow(unsafe_code)]
fn duplicate_above(fd: &impl AsRawFd, least: u64) -> OwnedFd {
    raise_descriptor_limit(least + 100);
    // SAFETY: F_DUPFD_CLOEXEC takes no pointer, and what it gives is nobody else's.
    unsafe {
        let number = libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, least as libc::c_int);
        assert!(number >= 0);
        OwnedFd::from_raw_fd(number)
    }
}

#[test]
fn r10_a_number_above_the_most_is_refused_with_emfile() {
    every(|backend| {
        let (near, _far) = pair();
        if let Some(least) = backend.most.checked_sub(1).filter(|_| backend.most < u64::MAX) {
            let mut watcher = Watcher::new(backend);
            let last = duplicate_above(&near, least);
            assert_eq!(last.as_raw_fd() as u64, least);
            assert_eq!(watcher.refusal(Fd::of(&last)), None);
            let above = duplicate_above(&near, least + 1);
            assert_eq!(watcher.refusal(Fd::of(&above)), Some(libc::EMFILE));
        }
    });
}

#[test]
fn r10_a_closed_number_that_was_watched_is_refused_or_told_as_an_error() {
    every(|backend| {
        for flushed in [false, true] {
            a_closed_number(backend, flushed);
        }
    });
}

fn a_closed_number(backend: &Backend, flushed: bool) {
    let (near, mut far) = pair();
    // Nobody else in this process is given such a number meanwhile.
    let gone = duplicate_above(&near, 900);
    let mut watcher = Watcher::new(backend);
    watcher.add(&gone, 1, Interest::READ);
    assert_eq!(watcher.tokens(NOW), []);
    watcher.change(&gone, 1, Interest::READ, Interest::NONE);
    let number = Fd::of(&gone);
    drop(gone);
    watcher.add(&near, 2, Interest::READ);
    far.write_all(b"a").unwrap();
    let refusal = watcher.refusal(number);
    if flushed {
        watcher.0.flush().unwrap();
    }
    match refusal {
        Some(error) => assert_eq!(error, libc::EBADF),
        None => {
            for _ in 0..2 {
                let events = watcher.wait(SOON);
                assert!(events.iter().any(|e| e.token == Token(1) && e.error()), "{events:?}");
                assert!(events.iter().any(|e| e.token == Token(2)), "{events:?}");
            }
            watcher.0.update(number, Token(1), Interest::READ, Interest::NONE).unwrap();
        }
    }
    assert_eq!(watcher.tokens(SOON), [2]);
}

#[test]
fn r1_both_directions_of_a_descriptor_are_one_event() {
    every(|backend| {
        let (near, mut far) = pair();
        far.write_all(b"a").unwrap();
        for mode in [Interest::NONE, Interest::EDGE, Interest::ONCE] {
            let mut watcher = Watcher::new(backend);
            watcher.add(&near, 1, Interest::READ | Interest::WRITE | mode);
            let event = watcher.one();
            assert!(event.readable() && event.writable(), "{event:?}");
        }
    });
}

#[allow(unsafe_code)]
fn raise_descriptor_limit(need: u64) {
    let need = need as libc::rlim_t;
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid rlimit for both calls.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit), 0);
        assert!(limit.rlim_max >= need, "this test needs {need} descriptors: ulimit -Hn");
        limit.rlim_cur = limit.rlim_cur.max(need);
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &limit), 0);
    }
}

#[test]
fn r11_more_than_one_batch_is_told_within_bounded_turns() {
    every_alone(|backend| {
        let held = usize::try_from(backend.most).unwrap_or(usize::MAX) / 2;
        let count = (BATCH + 100).min(held);
        raise_descriptor_limit(count as u64 + 500);
        let (near, mut far) = pair();
        far.write_all(b"a").unwrap();
        let all: Vec<UnixStream> = (0..count).map(|_| near.try_clone().unwrap()).collect();
        let mut watcher = Watcher::new(backend);
        for (token, fd) in all.iter().enumerate() {
            watcher.add(fd, token as u64, Interest::READ);
        }
        for _ in 0..3 {
            let mut told = vec![false; count];
            for _ in 0..2 {
                let tokens = watcher.tokens(SOON);
                assert_eq!(tokens.len(), count.min(BATCH));
                tokens.iter().for_each(|token| told[*token as usize] = true);
            }
            let starved = told.iter().filter(|told| !**told).count();
            assert_eq!(starved, 0, "told in neither of two turns");
        }
    });
}

/// Runs `work` in a child process and says whether it was well.
#[allow(unsafe_code)]
fn well_in_a_child(work: impl FnOnce() -> io::Result<bool>) -> bool {
    // SAFETY: the child allocates, which the C library allows after fork, takes no lock that some
    // thread could hold, and leaves by _exit.
    unsafe {
        let child = libc::fork();
        assert!(child >= 0);
        if child == 0 {
            libc::_exit(if matches!(work(), Ok(true)) { 0 } else { 1 });
        }
        let mut status = -1;
        assert_eq!(libc::waitpid(child, &mut status, 0), child);
        libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
    }
}

#[test]
fn r12_after_fork_the_child_opens_its_own_and_the_parents_goes_on() {
    every(|backend| {
        let (near, mut far) = pair();
        far.write_all(b"a").unwrap();
        let mut watcher = Watcher::new(backend);
        watcher.add(&near, 1, Interest::READ);
        assert!(well_in_a_child(|| {
            let mut own = (backend.open)()?;
            own.update(Fd::of(&near), Token(2), Interest::NONE, Interest::READ)?;
            let mut out = Vec::new();
            own.wait(&mut out, SOON)?;
            own.update(Fd::of(&near), Token(2), Interest::READ, Interest::NONE)?;
            Ok(out.len() == 1 && out[0].token == Token(2) && out[0].readable())
        }));
        assert_eq!(watcher.tokens(SOON), [1]);
    });
}

#[allow(unsafe_code)]
fn is_readable(fd: Fd) -> bool {
    let mut record = libc::pollfd { fd: fd.raw(), events: libc::POLLIN, revents: 0 };
    // SAFETY: the pointer is to one record.
    unsafe { libc::poll(&mut record, 1, 0) == 1 }
}

#[test]
fn r13_after_a_flush_the_descriptor_is_readable_while_a_wait_would_tell() {
    every(|backend| {
        let (mut near, mut far) = pair();
        let mut watcher = Watcher::new(backend);
        let has = backend.features.contains(Features::DESCRIPTOR);
        assert_eq!(watcher.0.descriptor() != Fd::NONE, has);
        far.write_all(b"a").unwrap();
        for round in 0..3 {
            watcher.add(&near, round, Interest::READ);
            watcher.0.flush().unwrap();
            if has {
                assert!(is_readable(watcher.0.descriptor()));
            }
            assert_eq!(watcher.tokens(SOON), [round]);
            watcher.change(&near, round, Interest::READ, Interest::NONE);
            watcher.0.flush().unwrap();
            if has {
                assert!(!is_readable(watcher.0.descriptor()));
            }
        }
        watcher.add(&near, 9, Interest::READ);
        near.read_exact(&mut [0]).unwrap();
        watcher.0.flush().unwrap();
        assert_eq!(watcher.tokens(NOW), []);
    });
}
