// SPDX-License-Identifier: MIT OR Apache-2.0
//! Watchers of descriptors of the program: the same story on every backend.

use super::{Rig, Status, same, same_among};
use std::fs::File;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use webcore::base::Handle;
use webcore::engine::{Notice, Ready};
use webcore::http::Report;
use webcore::net::Owner;
use webcore::reactor::{Backend, Features, Interest};
use webcore::sys::Fd;
use webcore::sys::socket::reset_on_close;

const READ: Interest = Interest::READ;
const WRITE: Interest = Interest::WRITE;
const ONCE: Interest = Interest::ONCE;

impl Rig {
    fn watch(&mut self, fd: &impl AsRawFd, interest: Interest) -> Handle {
        self.host.engine.start_watch(Fd::of(fd), interest, Owner::default()).unwrap()
    }

    fn set(&mut self, watch: Handle, interest: Interest) {
        self.host.engine.set_watch(watch, interest).unwrap();
    }

    /// Works so many turns; what is level-triggered is said in each of them.
    fn turns(&mut self, count: usize) {
        self.take();
        for _ in 0..count {
            self.host.engine.turn(Some(super::Millis(0))).unwrap();
            self.take();
        }
    }
}

fn pair() -> (UnixStream, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    (near, far)
}

fn said_of(said: &[String], slot: usize) -> Vec<&str> {
    let name = format!("Watch {slot} ready ");
    said.iter().filter_map(|line| line.strip_prefix(&name)).collect()
}

#[test]
fn levels_are_told_each_turn_and_once_is_once() {
    let said = same(|rig| {
        let (near, mut far) = pair();
        let (other, mut its_far) = pair();
        let level = rig.watch(&near, READ);
        let once = rig.watch(&other, READ | ONCE);
        rig.turns(2);
        far.write_all(b"x").unwrap();
        its_far.write_all(b"x").unwrap();
        rig.turns(3);
        rig.set(once, READ | ONCE);
        rig.turns(3);
        rig.set(level, Interest::NONE);
        rig.set(once, WRITE | ONCE);
        rig.turns(3);
        rig.set(level, READ | WRITE);
        rig.turns(1);
        for watch in [level, once] {
            rig.host.engine.stop_watch(watch).unwrap();
        }
        rig.turns(2);
    });
    assert_eq!(said_of(&said, 0), ["01", "01", "01", "01", "01", "01", "03"]);
    assert_eq!(said_of(&said, 1), ["01", "01", "02"]);
}

#[test]
fn an_end_and_a_reset_are_told_apart_where_they_are_told() {
    let tells_ends = |backend: &Backend| backend.features.contains(Features::HANGUP);
    let read = Ready::READ.bits();
    let said = same_among(tells_ends, an_end_and_a_reset);
    assert_eq!(told(&said, 0), read | Ready::HANGUP.bits());
    assert_eq!(told(&said, 1), read | (Ready::HANGUP | Ready::ERROR).bits());
    let said = same_among(|backend| !tells_ends(backend), an_end_and_a_reset);
    assert_eq!((told(&said, 0), told(&said, 1)), (read, read));
}

/// All that a watcher was told.
fn told(said: &[String], slot: usize) -> u8 {
    let all = said_of(said, slot);
    all.iter().fold(0, |all, bits| all | u8::from_str_radix(bits, 16).unwrap())
}

fn an_end_and_a_reset(rig: &mut Rig) {
    let (near, mut far) = pair();
    rig.watch(&near, READ);
    far.write_all(b"x").unwrap();
    far.shutdown(Shutdown::Write).unwrap();
    rig.turns(1);
    drop(far);
    rig.turns(1);
    let end = rig.said.len();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (ours, _) = listener.accept().unwrap();
    let reset = rig.watch(&ours, READ | ONCE);
    reset_on_close(client.as_fd());
    drop(client);
    let told = |rig: &Rig| rig.said.iter().any(|line| line.starts_with("Watch 1"));
    while !told(rig) {
        rig.turns(1);
    }
    rig.host.engine.stop_watch(reset).unwrap();
    // How many turns a reset takes to arrive is nobody's story.
    let (first, rest) = rig.said.split_at(end);
    let last = rest.iter().find(|line| line.starts_with("Watch 1")).cloned();
    rig.said = first.iter().cloned().chain(last).collect();
    rig.host.engine.end_all(Status::OK);
}

#[test]
fn files_never_wait_whatever_the_backend_says_of_them() {
    let said = same(|rig| {
        let file = File::open(std::env::current_exe().unwrap()).unwrap();
        let null = File::open("/dev/null").unwrap();
        for fd in [&file, &null] {
            rig.watch(fd, READ | WRITE);
        }
        rig.turns(2);
        rig.host.engine.end_all(Status::OK);
    });
    assert_eq!(said_of(&said, 0), ["03", "03"]);
    assert_eq!(said_of(&said, 1), ["03", "03"]);
}

/// Each ready watcher stops another that is ready in the same batch, whose number is then another
/// socket's: nobody is told of what is not his.
#[test]
fn what_is_stopped_in_its_batch_is_told_no_more_and_its_number_is_clean() {
    const MANY: usize = 10;
    let said = same(|rig| {
        let pairs: Vec<_> = (0..MANY).map(|_| pair()).collect();
        let mut watches: Vec<_> = pairs.iter().map(|(near, _)| rig.watch(near, READ)).collect();
        for (_, far) in &pairs {
            (&*far).write_all(b"x").unwrap();
        }
        let ends = Rc::new(std::cell::RefCell::new(pairs));
        let (inner, mut new) = (Rc::clone(&ends), Vec::new());
        rig.program(move |host, report| {
            let Report::Engine(Notice::Ready(watch, _)) = report else { return };
            let at = watches.iter().position(|other| other == watch).expect("one that lives");
            watches.swap_remove(at);
            let (near, far) = inner.borrow_mut().swap_remove(at);
            let mut byte = [0];
            (&near).read_exact(&mut byte).unwrap();
            host.engine.stop_watch(*watch).unwrap();
            drop((near, far));
            // The numbers of that pair, and watched for what it had; of its own it has nothing.
            let (near, far) = pair();
            host.engine.start_watch(Fd::of(&near), READ, Owner::default()).unwrap();
            new.push((near, far));
            assert!(new.len() <= MANY, "told of what was never said");
        });
        rig.turns(3);
        assert!(ends.borrow().is_empty(), "each of the first ones was told once");
        assert_eq!(rig.host.engine.alive().watches, MANY);
        rig.said.clear();
    });
    assert!(said.is_empty());
}

#[test]
fn watchers_connections_and_timers_share_a_turn() {
    let said = same(|rig| {
        rig.program(super::echo);
        let null = File::open("/dev/null").unwrap();
        rig.watch(&null, READ);
        let (near, mut far) = pair();
        far.write_all(b"x").unwrap();
        rig.watch(&near, READ);
        let (_, mut client) = rig.pair(super::Policy::default(), 0);
        rig.turns(1);
        client.write_all(b"ping").unwrap();
        rig.host.engine.start_timer(0, 0, Owner::default()).unwrap();
        while !rig.said.iter().any(|line| line == "Timer 0 fired") {
            rig.turns(1);
        }
        rig.client_reads(0, &mut client);
        let fired = rig.said.iter().position(|line| line == "Timer 0 fired").unwrap();
        let before = &rig.said[..fired];
        let count = |name: &str| before.iter().filter(|line| line.starts_with(name)).count();
        assert_eq!(count("Watch 0"), count("Watch 1"), "each is told in each turn");
        assert!(before.iter().any(|line| line == "Conn 0 data \"ping\""));
        rig.said.retain(|line| !line.starts_with("Watch"));
        rig.host.engine.end_all(Status::OK);
    });
    assert!(said.contains(&"client 0 got \"ping\"".to_owned()), "{said:#?}");
}
