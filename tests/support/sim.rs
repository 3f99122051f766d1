// SPDX-License-Identifier: MIT OR Apache-2.0
//! A loop without a kernel: each connection has a scripted peer at its other end, and what is ready
//! is told level-triggered over `reactor::sim`, as poll(2) would tell it. Time moves only when the
//! loop waits. Is not: a place for expectations about the loop, but for two: the selector is told
//! no interest that it has already, and none that is not what it was told before.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::rc::Rc;
use std::time::Duration;
use webcore::base::time::{Clock, Millis, Nanos};
use webcore::base::{Handle, Status};
use webcore::engine::{Loop, Notice, Settings};
use webcore::net::Owner;
use webcore::net::life::Life;
use webcore::net::link::{Link, Transport};
use webcore::net::policy::Policy;
use webcore::reactor::sim::{Batch, Ready, World};
use webcore::reactor::{Event, Interest, Selector, Token};
use webcore::sys::socket::Io;
use webcore::sys::{Fd, poll};

/// Descriptors of scripted connections count from here, far above those of the process.
const FIRST_FD: i32 = 100_000;

/// How a loop under test is made.
pub const SETTINGS: Settings<'static> =
    Settings { number: 3, floor: 0, backend: None, max_connections: 0 };

/// What a peer has done and what has become of it.
pub struct Wire {
    pub fd: Fd,
    /// Sent by the peer and not received yet.
    pub input: VecDeque<u8>,
    /// The peer has ended its output, behind `input`.
    pub eof: bool,
    /// The most that one receive gives.
    pub piece: usize,
    /// How much the peer takes before it is full.
    pub room: usize,
    /// The most that one send takes.
    pub gulp: usize,
    /// What the peer got.
    pub got: Vec<u8>,
    /// When the peer was told of our end.
    pub ended: Option<Nanos>,
    /// The connection is made; one that goes outward starts without.
    pub connected: bool,
    /// Receiving fails with this error once so many bytes in all were received.
    pub recv_fault: Option<(usize, i32)>,
    /// Sending fails with this error once so many bytes in all were sent.
    pub send_fault: Option<(usize, i32)>,
    /// The first error that the loop was given.
    pub failed: Option<i32>,
    /// The loop has let go of it.
    pub dropped: bool,
    /// Bytes received by the loop.
    pub received: usize,
    /// When the loop last received, and last sent.
    pub received_at: Nanos,
    pub sent_at: Nanos,
    /// Calls that moved something.
    pub moves: usize,
}

impl Wire {
    fn recv_due(&self) -> Option<i32> {
        self.recv_fault.filter(|(at, _)| *at <= self.received).map(|(_, error)| error)
    }

    fn send_due(&self) -> Option<i32> {
        self.send_fault.filter(|(at, _)| *at <= self.got.len()).map(|(_, error)| error)
    }

    fn fail(&mut self, error: i32) -> Io {
        self.failed.get_or_insert(error);
        self.moves += 1;
        Io::Fail(error)
    }

    /// Bytes received by the loop, and sent by it.
    pub fn moved(&self) -> (usize, usize) {
        (self.received, self.got.len())
    }

    fn ready(&self) -> Ready {
        Ready {
            fd: self.fd,
            readable: !self.input.is_empty() || self.eof,
            writable: self.connected && (self.room > 0 || self.send_due().is_some()),
            hangup: self.eof,
            error: self.recv_due().is_some(),
        }
    }
}

/// A peer; its clones are the same one.
#[derive(Clone)]
pub struct Peer(pub Rc<RefCell<Wire>>);

impl Peer {
    /// The peer sends.
    pub fn send(&self, bytes: &[u8]) {
        self.0.borrow_mut().input.extend(bytes);
    }

    /// The peer ends its output.
    pub fn end(&self) {
        self.0.borrow_mut().eof = true;
    }

    /// Receiving fails now; what was not received is lost, as after a reset.
    pub fn reset(&self, error: i32) {
        let wire = &mut *self.0.borrow_mut();
        wire.input.clear();
        wire.recv_fault = Some((wire.received, error));
    }

    /// The peer takes so much more.
    pub fn take(&self, room: usize) {
        let wire = &mut *self.0.borrow_mut();
        wire.room = wire.room.saturating_add(room);
    }

    /// What the peer got, as text.
    pub fn got(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow().got).into_owned()
    }
}

/// Our end of a wire.
struct Ours(Rc<RefCell<Wire>>, World);

impl Transport for Ours {
    fn fd(&self) -> Fd {
        self.0.borrow().fd
    }

    fn recv(&mut self, buffer: &mut Vec<u8>, max: usize) -> Io {
        let wire = &mut *self.0.borrow_mut();
        if let Some(error) = wire.recv_due() {
            wire.recv_fault = None;
            wire.input.clear();
            wire.eof = true;
            return wire.fail(error);
        }
        let before_fault = wire.recv_fault.map_or(usize::MAX, |(at, _)| at - wire.received);
        let count = wire.input.len().min(max).min(wire.piece).min(before_fault);
        if count == 0 {
            return if wire.eof && wire.input.is_empty() { Io::Done(0) } else { Io::Wait };
        }
        let (first, second) = wire.input.as_slices();
        let split = count.min(first.len());
        buffer.extend_from_slice(&first[..split]);
        buffer.extend_from_slice(&second[..count - split]);
        drop(wire.input.drain(..count));
        wire.received += count;
        wire.received_at = self.1.now();
        wire.moves += 1;
        Io::Done(count)
    }

    fn send(&mut self, first: &[u8], second: &[u8]) -> Io {
        let wire = &mut *self.0.borrow_mut();
        assert!(wire.connected, "nothing is sent before the connection is made");
        assert!(wire.ended.is_none(), "nothing is sent behind our end");
        assert!(first.len() + second.len() > 0, "an empty send asks for nothing");
        if let Some(error) = wire.send_due() {
            return wire.fail(error);
        }
        let before_fault = wire.send_fault.map_or(usize::MAX, |(at, _)| at - wire.got.len());
        let count = (first.len() + second.len()).min(wire.room).min(wire.gulp).min(before_fault);
        if count == 0 {
            return Io::Wait;
        }
        let split = count.min(first.len());
        wire.got.extend_from_slice(&first[..split]);
        wire.got.extend_from_slice(&second[..count - split]);
        wire.room -= if wire.room == usize::MAX { 0 } else { count };
        wire.sent_at = self.1.now();
        wire.moves += 1;
        Io::Done(count)
    }

    fn shutdown(&mut self) {
        let wire = &mut *self.0.borrow_mut();
        assert!(wire.ended.is_none(), "the peer is told of our end once");
        wire.ended = Some(self.1.now());
    }

    fn error(&self) -> i32 {
        let wire = &mut *self.0.borrow_mut();
        let Some(error) = wire.recv_due() else { return 0 };
        wire.recv_fault = None;
        wire.eof = true;
        wire.fail(error);
        error
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        self.0.borrow_mut().dropped = true;
    }
}

/// What the loop asked of the selector, last and in all.
#[derive(Clone, Copy, Default)]
pub struct Asked {
    pub waits: usize,
    pub updates: usize,
    /// Of the last wait: the longest it may take, when it began, and what it told.
    pub timeout: Option<Duration>,
    pub began: Nanos,
    pub told: usize,
}

/// A level-triggered kernel; its clones are the same one.
#[derive(Clone)]
pub struct Kernel {
    pub world: World,
    pub asked: Rc<RefCell<Asked>>,
    wires: Rc<RefCell<Vec<Rc<RefCell<Wire>>>>>,
    watched: Rc<RefCell<BTreeMap<Fd, Interest>>>,
    wait_faults: Rc<RefCell<VecDeque<i32>>>,
    /// Those that were to be told once, and were.
    spent: Rc<RefCell<BTreeSet<Fd>>>,
    /// Readiness to be told at the next wait though it is not true.
    spurious: Rc<RefCell<Vec<Ready>>>,
}

impl Kernel {
    pub fn new() -> Kernel {
        Kernel {
            world: World::new(),
            asked: Rc::default(),
            wires: Rc::default(),
            watched: Rc::default(),
            wait_faults: Rc::default(),
            spent: Rc::default(),
            spurious: Rc::default(),
        }
    }

    /// A loop on this kernel.
    pub fn engine(&self) -> Loop {
        let (selector, clock) = (Box::new(self.clone()), self.world.clock());
        Loop::with(&SETTINGS, selector, clock).map_err(|(status, _)| status).unwrap()
    }

    pub fn now(&self) -> Nanos {
        self.world.now()
    }

    /// A peer that takes everything and has sent nothing, with our end of its wire.
    pub fn peer(&self) -> (Peer, Link) {
        let fd = FIRST_FD + self.wires.borrow().len() as i32;
        let fd = Fd::from(fd);
        let wire = Rc::new(RefCell::new(Wire {
            fd,
            input: VecDeque::new(),
            eof: false,
            piece: usize::MAX,
            room: usize::MAX,
            gulp: usize::MAX,
            got: Vec::new(),
            ended: None,
            connected: true,
            recv_fault: None,
            send_fault: None,
            failed: None,
            dropped: false,
            received: 0,
            received_at: Nanos(0),
            sent_at: Nanos(0),
            moves: 0,
        }));
        self.wires.borrow_mut().push(Rc::clone(&wire));
        (Peer(Rc::clone(&wire)), Link::Boxed(Box::new(Ours(wire, self.world.clone()))))
    }

    /// A connection with its peer.
    pub fn adopt(&self, engine: &mut Loop, policy: &Policy, life: Life) -> (Handle, Peer) {
        let (peer, link) = self.peer();
        peer.0.borrow_mut().connected = life == Life::Open;
        let policy = Rc::new(policy.clone());
        let conn = engine.adopt(link, policy, Owner::default(), life).unwrap();
        (conn, peer)
    }

    /// Makes one wait fail; EINTR interrupts it.
    pub fn fail_wait(&self, error: i32) {
        self.wait_faults.borrow_mut().push_back(error);
    }

    /// Tells readiness at the next wait that is not there.
    pub fn lie(&self, ready: Ready) {
        self.spurious.borrow_mut().push(ready);
    }

    /// Whether the next wait tells something that is not true.
    pub fn lies(&self) -> bool {
        !self.spurious.borrow().is_empty()
    }

    /// Calls of all connections that moved something.
    pub fn moves(&self) -> usize {
        self.wires.borrow().iter().map(|wire| wire.borrow().moves).sum()
    }

    /// What is true now of a descriptor, as far as it is watched for. Those that are not of a
    /// wire are real: the door, and listeners.
    fn truth(&self, fd: Fd, interest: Interest) -> Ready {
        let wires = self.wires.borrow();
        let ready = match usize::try_from(fd.raw() - FIRST_FD).ok().and_then(|at| wires.get(at)) {
            Some(wire) => wire.borrow().ready(),
            None => real(fd),
        };
        watched_for(ready, interest)
    }
}

fn real(fd: Fd) -> Ready {
    let mut set = [poll::record(fd, libc::POLLIN | libc::POLLOUT)];
    poll::wait(&mut set, 0).unwrap();
    let is = |flag: i16| set[0].revents & flag != 0;
    Ready {
        fd,
        readable: is(libc::POLLIN | libc::POLLHUP),
        writable: is(libc::POLLOUT | libc::POLLHUP),
        hangup: is(libc::POLLHUP),
        error: is(libc::POLLERR | libc::POLLNVAL),
    }
}

fn watched_for(ready: Ready, interest: Interest) -> Ready {
    let (read, write) = (interest.contains(Interest::READ), interest.contains(Interest::WRITE));
    Ready {
        readable: ready.readable && read,
        hangup: ready.hangup && read,
        writable: ready.writable && write,
        ..ready
    }
}

impl Selector for Kernel {
    fn update(&mut self, fd: Fd, token: Token, old: Interest, new: Interest) -> io::Result<()> {
        let again = new.contains(Interest::ONCE) && self.spent.borrow().contains(&fd);
        assert!(old != new || again, "{fd:?}: an update that changes nothing: {new:?}");
        self.asked.borrow_mut().updates += 1;
        self.world.update(fd, token, old, new)?;
        self.spent.borrow_mut().remove(&fd);
        let watched = &mut *self.watched.borrow_mut();
        if new.is_none() {
            watched.remove(&fd);
        } else {
            watched.insert(fd, new);
        }
        Ok(())
    }

    fn wait(&mut self, out: &mut Vec<Event>, timeout: Option<Duration>) -> io::Result<()> {
        if let Some(error) = self.wait_faults.borrow_mut().pop_front() {
            self.world.fail_wait(error);
            return self.world.wait(out, timeout);
        }
        let watched = self.watched.borrow().clone();
        let mut ready: Vec<Ready> =
            watched.iter().map(|(fd, interest)| self.truth(*fd, *interest)).collect();
        for lie in self.spurious.take() {
            let interest = watched.get(&lie.fd).copied().unwrap_or_default();
            ready.push(watched_for(lie, interest));
        }
        ready.retain(|r| r.readable || r.writable || r.hangup || r.error);
        let spent = &mut *self.spent.borrow_mut();
        ready.retain(|r| !spent.contains(&r.fd));
        let once = |r: &&Ready| watched.get(&r.fd).is_some_and(|i| i.contains(Interest::ONCE));
        spent.extend(ready.iter().filter(once).map(|r| r.fd));
        if !ready.is_empty() {
            self.world.script(Batch { at: Millis(0), events: ready });
        }
        let began = self.world.now();
        let result = self.world.wait(out, timeout);
        let asked = &mut *self.asked.borrow_mut();
        asked.waits += 1;
        (asked.timeout, asked.began, asked.told) = (timeout, began, out.len());
        result
    }
}

/// A row of numbers that its seed decides.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    fn next(&mut self) -> u64 {
        // SplitMix64, by Sebastiano Vigna: public domain.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// A notice as one line. Objects are told apart by kind and slot.
pub fn line(engine: &Loop, notice: &Notice) -> String {
    let name = |handle: &Handle| format!("{:?} {}", handle.kind().unwrap(), handle.slot());
    let text = |view| match engine.view(view) {
        bytes if bytes.len() > 64 => format!("{} bytes", bytes.len()),
        bytes => format!("{:?}", String::from_utf8_lossy(bytes)),
    };
    match notice {
        Notice::Open(conn) => format!("{} open", name(conn)),
        Notice::Data(conn, view) => format!("{} data {}", name(conn), text(*view)),
        Notice::TooLong(conn, view) => format!("{} too long {}", name(conn), text(*view)),
        Notice::Drain(conn) => format!("{} drain", name(conn)),
        Notice::Eof(conn) => format!("{} eof", name(conn)),
        Notice::Idle(conn) => format!("{} idle", name(conn)),
        Notice::Deadline(conn) => format!("{} deadline", name(conn)),
        Notice::Closed { conn, why, os_error } => {
            format!("{} closed {}", name(conn), reason(*why, *os_error))
        }
        Notice::Timer(timer) => format!("{} fired", name(timer)),
        Notice::Ready(watch, ready) => format!("{} ready {:02x}", name(watch), ready.bits()),
        Notice::Done(job) => format!("{} done", name(job)),
        Notice::Sent(post) => format!("{} sent", name(post)),
        Notice::ChildExit { child, code, signal, why } => {
            format!("{} exit {code} {signal} {why:?}", name(child))
        }
        Notice::Signal { handle, number, count } => {
            format!("{} signal {number} x {count}", name(handle))
        }
        Notice::Ended(owner) => format!("ended {}", owner.word),
        Notice::Paused { listener, why, os_error } => {
            format!("{} paused {}", name(listener), reason(*why, *os_error))
        }
        Notice::Resumed(listener) => format!("{} resumed", name(listener)),
        Notice::ListenerClosed { listener, why } => {
            format!("{} closed {}", name(listener), reason(*why, 0))
        }
        Notice::Post(parcel) => format!("post {:?}", parcel.0),
        Notice::Above(_) => "above".to_owned(),
    }
}

/// A status, with the operating system's word where there is one.
fn reason(why: Status, os_error: i32) -> String {
    match os_error {
        0 => format!("{why:?}"),
        error => format!("{why:?} ({})", std::io::Error::from_raw_os_error(error)),
    }
}
