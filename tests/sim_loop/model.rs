// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random programs and peers against a plain model of what must hold. Each seed is one story;
//! `WC_SEED=n` plays that one alone.

#[path = "model/conn.rs"]
mod conn;
#[path = "model/timers.rs"]
mod timers;
#[path = "model/watches.rs"]
mod watches;

use super::sim::{Dice, Kernel, Wire};
use conn::Conn;
use std::collections::BTreeSet;
use std::time::Duration;
use timers::Timers;
use watches::Watches;
use webcore::base::time::{Millis, Nanos};
use webcore::engine::{Alive, How, Loop, Message, Notice, Parcel};
use webcore::reactor::sim::Ready;

/// Stories that are told, unless one is asked for.
const SEEDS: u64 = 400;
/// Moments of a story at which peers and program act.
const STEPS: usize = 60;
/// Connections of a story.
const CONNS: usize = 8;

/// A loop with its model.
struct Story {
    dice: Dice,
    kernel: Kernel,
    engine: Loop,
    conns: Vec<Conn>,
    timers: Timers,
    watches: Watches,
    posted: usize,
    received: usize,
    stop_asked: bool,
    /// What happened at least once, over all stories.
    seen: BTreeSet<String>,
}

impl Story {
    fn new(seed: u64) -> Story {
        let kernel = Kernel::new();
        Story {
            dice: Dice::new(seed),
            engine: kernel.engine(),
            kernel,
            conns: Vec::new(),
            timers: Timers::default(),
            watches: Watches::default(),
            posted: 0,
            received: 0,
            stop_asked: false,
            seen: BTreeSet::new(),
        }
    }

    /// Peers and program act, then the loop works for a while.
    fn step(&mut self) {
        if self.conns.len() < CONNS && self.dice.once_in(3) {
            let conn = Conn::adopt(&self.kernel, &mut self.engine, &mut self.dice);
            self.conns.push(conn);
        }
        for _ in 0..self.dice.below(4) {
            if let Some(at) = self.any_conn() {
                self.conns[at].peer_acts(&mut self.dice);
            }
        }
        for _ in 0..self.dice.below(4) {
            self.act();
        }
        self.take(true);
        self.check_stop();
        self.check_settled();
        if self.dice.once_in(8) {
            self.kernel.world.pass(Duration::from_micros(self.dice.below(3000) as u64));
        }
        if self.dice.once_in(8)
            && let Some(at) = self.any_conn()
        {
            // A connection that is made is told by being writable: that cannot be said in vain.
            let Wire { fd, connected, .. } = *self.conns[at].peer.0.borrow();
            let (readable, writable) = (self.dice.once_in(2), connected && self.dice.once_in(2));
            self.kernel.lie(Ready { fd, readable, writable, ..Ready::default() });
        }
        let until = Millis(self.kernel.now().floor().0 + self.dice.below(30) as u64);
        self.work(until, true);
    }

    fn any_conn(&mut self) -> Option<usize> {
        (!self.conns.is_empty()).then(|| self.dice.below(self.conns.len()))
    }

    /// Turns until that time, one at least, or fewer where the program may act in between.
    fn work(&mut self, until: Millis, may_stop: bool) {
        let mut vain = 0;
        loop {
            let before = (self.kernel.now(), self.kernel.moves());
            let lied = self.kernel.lies();
            self.turn(until);
            let said = self.take(may_stop);
            self.check_stop();
            self.check_settled();
            let done = lied || said > 0 || (self.kernel.now(), self.kernel.moves()) != before;
            vain = if done { 0 } else { vain + 1 };
            assert!(vain < 2, "turns with nothing to do, one after the other");
            let due = self.kernel.now().floor() < until || self.engine.has_work();
            if !due || (may_stop && self.dice.once_in(4)) {
                break;
            }
        }
    }

    /// One turn; its wait is no longer than the next deadline.
    fn turn(&mut self, until: Millis) {
        let deadlines: Vec<u64> =
            self.conns.iter().filter_map(|conn| conn.deadline(&mut self.engine)).collect();
        let next = deadlines.into_iter().chain(self.timers.next()).chain([until.0]).min().unwrap();
        self.timers.begin_turn();
        self.watches.begin_turn();
        self.engine.turn(Some(until)).unwrap();
        let asked = *self.kernel.asked.borrow();
        let timeout = asked.timeout.expect("a wait with a limit");
        let longest = (next * 1_000_000).saturating_sub(asked.began.0);
        assert!(timeout <= Duration::from_nanos(longest), "a wait of {timeout:?} until {next} ms");
        if asked.told == 0 && self.kernel.now() > asked.began {
            for conn in &self.conns {
                conn.check_quiet(&mut self.engine, &self.kernel);
            }
        }
    }

    /// Takes what is said; the program may act at each notice.
    fn take(&mut self, acts: bool) -> usize {
        let mut count = 0;
        while let Some(notice) = self.engine.next() {
            count += 1;
            self.check(&notice);
            if acts && self.dice.once_in(3) {
                self.act();
            }
        }
        count
    }

    fn check(&mut self, notice: &Notice) {
        match notice {
            Notice::Open(conn)
            | Notice::Data(conn, _)
            | Notice::TooLong(conn, _)
            | Notice::Drain(conn)
            | Notice::Eof(conn)
            | Notice::Idle(conn)
            | Notice::Deadline(conn)
            | Notice::Closed { conn, .. } => {
                let handle = *conn;
                let at = self.conns.iter().position(|conn| conn.handle == handle);
                let conn = &mut self.conns[at.expect("a connection of this loop")];
                let word = conn.check(notice, &mut self.engine, &mut self.dice);
                self.seen.insert(word);
            }
            Notice::Timer(timer) => self.timers.fired(*timer, self.engine.now()),
            Notice::Ended(owner) => self.timers.ended(owner.word),
            Notice::Post(Parcel([number, ..])) => {
                assert_eq!(*number, self.received, "posts come once and in order");
                self.received += 1;
            }
            Notice::Ready(watch, ready) => {
                self.watches.told(*watch, *ready);
                self.seen.insert(format!("ready {:02x}", ready.bits()));
            }
            _ => panic!("there is no listener and nothing above"),
        }
    }

    /// The program does something, wherever it is.
    fn act(&mut self) {
        match self.dice.below(14) {
            0 => self.timers.start(&mut self.engine, &self.kernel, &mut self.dice),
            1 => self.timers.change(&mut self.engine, &self.kernel, &mut self.dice),
            2 => {
                let post = Message::Post(Parcel([self.posted, 0, 0]));
                assert!(self.engine.door().push(post, 0).is_ok());
                self.posted += 1;
            }
            4 | 5 => self.watches.act(&mut self.engine, &mut self.dice),
            3 if self.dice.once_in(4) => {
                self.engine.door().ask_stop();
                self.stop_asked = true;
            }
            _ => {
                if let Some(at) = self.any_conn() {
                    let conn = &mut self.conns[at];
                    conn.program_acts(&mut self.engine, &mut self.dice);
                }
            }
        }
    }

    fn check_stop(&mut self) {
        assert_eq!(self.engine.take_stop(), std::mem::take(&mut self.stop_asked));
        assert!(!self.engine.take_stop(), "a stop is told once");
    }

    /// What holds whenever everything is said.
    fn check_settled(&mut self) {
        let now = self.engine.now();
        for conn in &mut self.conns {
            conn.check_settled(&mut self.engine);
        }
        self.timers.check_settled(now);
        self.watches.check_settled();
        assert!(self.received <= self.posted);
    }

    /// Lets everything come to its end.
    fn conclude(&mut self) {
        self.watches.stop_all(&mut self.engine);
        for conn in &mut self.conns {
            conn.peer_concludes();
            conn.program_concludes(&mut self.engine);
        }
        self.take(false);
        self.work(Millis(self.kernel.now().floor().0 + 1), false);
        for at in 0..self.conns.len() {
            self.conns[at].check_delivered(&mut self.engine);
            self.conns[at].close(&mut self.engine, How::Flush);
        }
        self.timers.cancel_all(&mut self.engine);
        self.take(false);
        self.work(Millis(self.kernel.now().floor().0 + 1000), false);
        self.check_stop();
        self.engine.reap();
        assert!(self.conns.iter().all(|conn| conn.is_closed() && conn.peer.0.borrow().dropped));
        assert_eq!((self.engine.alive(), self.received), (Alive::default(), self.posted));
        self.timers.check_gone();
        assert!(self.engine.is_idle() && !self.engine.has_work());
        let stats = self.engine.stats();
        assert_eq!(stats.closed as usize, self.conns.len());
        let (sent, got) = self.conns.iter().map(|c| c.peer.0.borrow().moved()).fold((0, 0), sum);
        assert_eq!((stats.bytes_received, stats.bytes_sent), (sent as u64, got as u64));
    }
}

fn sum(a: (usize, usize), b: (usize, usize)) -> (usize, usize) {
    (a.0 + b.0, a.1 + b.1)
}

/// The moment from which a deadline is counted.
fn stamp(now: Nanos) -> u64 {
    now.after(0).0
}

/// Says which story failed.
struct Teller(u64);

impl Drop for Teller {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("WC_SEED={} plays this story alone", self.0);
        }
    }
}

fn tell(seed: u64) -> BTreeSet<String> {
    let _teller = Teller(seed);
    let mut story = Story::new(seed);
    for _ in 0..STEPS {
        story.step();
    }
    story.conclude();
    story.seen
}

#[test]
fn random_programs_and_peers_see_what_the_model_foresees() {
    if let Some(seed) = std::env::var("WC_SEED").ok().and_then(|seed| seed.parse().ok()) {
        tell(seed);
        return;
    }
    let seen: BTreeSet<String> = (0..SEEDS).flat_map(tell).collect();
    // A model that nothing happens to would find nothing.
    let words = [
        "open",
        "data",
        "line",
        "frame",
        "too long",
        "drain",
        "eof",
        "idle",
        "deadline",
        "WC_OK",
        "WC_E_RESET",
        "WC_E_STALL",
        "WC_E_IDLE",
        "WC_E_TOO_LONG",
        "WC_E_EOF",
        "WC_E_CONNECT",
        "WC_E_TIMEOUT",
        "WC_E_NOMEM",
        "lingered",
        "ready 01",
        "ready 02",
        "ready 03",
        "ready 41",
        "ready 43",
        "shut",
    ];
    let missing: Vec<_> = words.iter().filter(|word| !seen.contains(**word)).collect();
    assert!(missing.is_empty(), "no story had {missing:?}");
}
