// SPDX-License-Identifier: MIT OR Apache-2.0
//! The model of one connection: what its peer did and got, what the program did and was told, and
//! what must hold between the two.

use super::stamp;
use crate::sim::{Dice, Kernel, Peer};
use std::collections::VecDeque;
use webcore::base::time::Millis;
use webcore::base::{Handle, Status};
use webcore::engine::{How, Loop, Notice, View};
use webcore::net::life::Life;
use webcore::net::policy::{Cut, Policy};
use webcore::reactor::Interest;
use webcore::sys::blame;

/// Caps that stories reach often.
const FRAME: usize = 40;
const HIGH: usize = 3_000;
const LOW: usize = 1_000;
const LIMIT: usize = 90_000;

const ERRORS: [i32; 4] = [libc::ECONNRESET, libc::ETIMEDOUT, libc::ENOBUFS, libc::EPIPE];

/// What a framed connection is to be shown.
enum Item {
    Whole(Vec<u8>),
    TooLong(Vec<u8>),
}

pub struct Conn {
    pub handle: Handle,
    pub peer: Peer,
    policy: Policy,
    /// What a raw peer sent, how much of it the program has taken, and how much of that it keeps.
    sent: Vec<u8>,
    cursor: usize,
    kept: usize,
    /// The program asked to be shown what it keeps.
    again: bool,
    /// What a peer of frames sent, and how it broke the framing behind that.
    items: VecDeque<Item>,
    breach: Option<Status>,
    /// What was accepted for the peer.
    accepted: Vec<u8>,
    outward: bool,
    opened: bool,
    eof_said: bool,
    closed: bool,
    owes_drain: bool,
    paused: bool,
    shut: bool,
    /// How the program closed, when, and why it said it did.
    ending: Option<(How, u64)>,
    verdict: Option<Status>,
    /// When it was first seen to linger.
    lingers: Option<u64>,
    idle_ms: u64,
    until: Option<u64>,
    /// When the deadline of the program was last told.
    deadline_said: Option<u64>,
    /// When the program last began an idle time, and when the queue was last empty.
    touched: u64,
    filled: u64,
}

impl Conn {
    pub fn adopt(kernel: &Kernel, engine: &mut Loop, dice: &mut Dice) -> Conn {
        let policy = Policy {
            cut: dice.of(&[
                Cut::Raw,
                Cut::Raw,
                Cut::Line,
                Cut::Length { prefix: 2, little: false },
            ]),
            max_frame: FRAME,
            read_budget: dice.of(&[100, 5_000, 256 << 10]),
            write_high: HIGH,
            write_low: LOW,
            write_limit: LIMIT,
            idle_ms: dice.of(&[0, 20, 60]),
            stall_ms: dice.of(&[0, 30, 100]),
            linger_ms: dice.of(&[0, 10, 40]),
        };
        let life = if dice.once_in(5) { Life::Connecting } else { Life::Open };
        let (handle, peer) = kernel.adopt(engine, &policy, life);
        Conn {
            handle,
            peer,
            sent: Vec::new(),
            cursor: 0,
            kept: 0,
            again: false,
            items: VecDeque::new(),
            breach: None,
            accepted: Vec::new(),
            outward: life == Life::Connecting,
            opened: false,
            eof_said: false,
            closed: false,
            owes_drain: false,
            paused: false,
            shut: false,
            ending: None,
            verdict: None,
            lingers: None,
            idle_ms: policy.idle_ms.into(),
            until: None,
            deadline_said: None,
            touched: engine.stamp().0,
            filled: 0,
            policy,
        }
    }

    pub fn is_closed(&self) -> bool {
        self.closed
    }

    fn failed(&self) -> Option<i32> {
        self.peer.0.borrow().failed
    }

    fn is_raw(&self) -> bool {
        self.policy.cut == Cut::Raw
    }

    // The peer.

    pub fn peer_acts(&mut self, dice: &mut Dice) {
        match dice.below(12) {
            0..=4 => self.peer_sends(dice),
            5 => self.peer.take(dice.of(&[1, 500, 5_000, 100_000])),
            6 => self.peer.0.borrow_mut().room = 0,
            7 => self.peer.0.borrow_mut().piece = dice.of(&[1, 7, 1_000, usize::MAX]),
            8 => self.peer.0.borrow_mut().gulp = dice.of(&[1, 100, 10_000, usize::MAX]),
            9 if dice.once_in(2) => self.peer_ends(dice),
            10 if dice.once_in(6) => self.peer.reset(dice.of(&ERRORS)),
            10 if dice.once_in(6) => {
                let wire = &mut *self.peer.0.borrow_mut();
                wire.send_fault = Some((wire.got.len() + dice.below(3_000), dice.of(&ERRORS)));
            }
            11 => self.peer.0.borrow_mut().connected = true,
            _ => {}
        }
    }

    fn peer_sends(&mut self, dice: &mut Dice) {
        if self.peer.0.borrow().eof || self.breach.is_some() || self.peer_was_reset() {
            return;
        }
        let long = if dice.once_in(6) { 70_000 } else { 300 };
        let text = |len: usize| (0..len).map(|at| b'a' + (at % 23) as u8).collect::<Vec<u8>>();
        match self.policy.cut {
            Cut::Raw => {
                let from = self.sent.len();
                let bytes: Vec<u8> = (from..from + 1 + dice.below(long))
                    .map(|at| (at * 7 + at / 256) as u8)
                    .collect();
                self.peer.send(&bytes);
                self.sent.extend(bytes);
            }
            Cut::Line => {
                for _ in 0..dice.below(long / 50) {
                    let line = text(dice.below(2 * FRAME));
                    self.peer.send(&line);
                    self.peer.send(dice.of(&[&b"\n"[..], b"\r\n"]));
                    self.expect_line(line);
                }
            }
            Cut::Length { .. } => {
                for _ in 0..dice.below(long / 50) {
                    let frame = text(dice.below(FRAME + 1));
                    self.peer.send(&(frame.len() as u16).to_be_bytes());
                    self.peer.send(&frame);
                    self.items.push_back(Item::Whole(frame));
                }
                if dice.once_in(30) {
                    self.peer.send(&(FRAME as u16 + 1).to_be_bytes());
                    self.breach = Some(Status::TOO_LONG);
                }
            }
        }
    }

    fn expect_line(&mut self, mut line: Vec<u8>) {
        self.items.push_back(if line.len() > FRAME {
            line.truncate(FRAME);
            Item::TooLong(line)
        } else {
            Item::Whole(line)
        });
    }

    fn peer_was_reset(&self) -> bool {
        let wire = self.peer.0.borrow();
        wire.failed.is_some() || wire.recv_fault.is_some()
    }

    fn peer_ends(&mut self, dice: &mut Dice) {
        let framed = !self.is_raw() && dice.once_in(2);
        if framed && !self.peer.0.borrow().eof && self.breach.is_none() && !self.peer_was_reset() {
            if self.policy.cut == Cut::Line {
                self.peer.send(b"tail");
                self.expect_line(b"tail".to_vec());
            } else {
                self.peer.send(b"\0");
                self.breach = Some(Status::EOF);
            }
        }
        self.peer.end();
    }

    // The program.

    pub fn program_acts(&mut self, engine: &mut Loop, dice: &mut Dice) {
        match dice.below(16) {
            0..=3 => {
                let len = dice.of(&[0, 1, 100, 2_000, 40_000]);
                self.send(engine, len);
            }
            4..=6 => self.send_frame(engine, dice.of(&[0, 1, 30, FRAME + 1, 40_000])),
            7 | 8 => {
                let live = engine.pause_input(self.handle).is_ok();
                self.paused |= live;
            }
            9..=11 => self.resume(engine),
            12 if dice.once_in(3) => self.close(engine, How::Flush),
            12 if dice.once_in(6) => self.close(engine, dice.of(&[How::Now, How::Reset])),
            13 if dice.once_in(3) => self.shutdown(engine),
            14 => {
                let ms = dice.of(&[0, 15, 90]);
                if engine.set_idle(self.handle, ms).is_ok() {
                    (self.idle_ms, self.touched) = (ms.into(), engine.stamp().0);
                }
            }
            15 => {
                let at = engine.now().0 + 1 + dice.below(50) as u64;
                if engine.set_deadline(self.handle, Millis(at)).is_ok() {
                    self.until = Some(at);
                }
            }
            _ => {}
        }
    }

    fn queued(&self) -> usize {
        self.accepted.len() - self.peer.0.borrow().got.len()
    }

    fn send(&mut self, engine: &mut Loop, len: usize) {
        let from = self.accepted.len();
        let bytes: Vec<u8> = (from..from + len).map(|at| (at * 3) as u8).collect();
        let before = self.queued();
        let result = engine.send(self.handle, &bytes);
        self.accept(engine, result, &bytes, before, len);
    }

    fn send_frame(&mut self, engine: &mut Loop, len: usize) {
        let payload = vec![b'f'; len];
        let whole = match self.policy.cut {
            Cut::Raw => payload.clone(),
            Cut::Line => [&payload[..], b"\n"].concat(),
            Cut::Length { .. } => [&(len as u16).to_be_bytes()[..], &payload].concat(),
        };
        let before = self.queued();
        let result = engine.send_frame(self.handle, &payload);
        let refused = self.policy.cut != Cut::Raw && len > FRAME;
        if refused && result == Err(Status::LIMIT) {
            return;
        }
        assert!(!refused || result.is_err(), "a frame above the cap");
        self.accept(engine, result, &whole, before, whole.len());
    }

    /// What a write that was answered so means.
    fn accept(
        &mut self,
        engine: &mut Loop,
        result: Result<Status, Status>,
        bytes: &[u8],
        before: usize,
        room: usize,
    ) {
        match result {
            Ok(status) => {
                assert!(self.ending.is_none() && !self.shut && !self.closed, "nothing is accepted");
                self.accepted.extend(bytes);
                if before == 0 {
                    self.filled = engine.stamp().0;
                }
                // A large write goes out at once, and may find that the peer is gone.
                let queued = engine.queued(self.handle);
                assert!(queued.is_ok() || self.failed().is_some());
                let full = queued.is_ok_and(|queued| queued > HIGH);
                assert_eq!(status, if full { Status::FULL } else { Status::OK });
                self.owes_drain |= full;
            }
            Err(Status::LIMIT) => assert!(before + room > LIMIT),
            Err(Status::STATE) => {
                let broken = self.breach.is_some() && self.items.is_empty();
                assert!(self.ending.is_some() || self.shut || broken || self.both_ended());
            }
            Err(Status::RESET) => assert!(self.failed().is_some()),
            Err(Status::GONE) => assert!(self.may_be_gone(engine)),
            Err(other) => panic!("a write answers {other:?}"),
        }
    }

    fn both_ended(&self) -> bool {
        self.shut && self.eof_said
    }

    /// Whether it may have ended, with its last word on the way.
    fn may_be_gone(&self, engine: &Loop) -> bool {
        let ending = self.ending.is_some() || self.breach.is_some() || self.both_ended();
        self.closed || ending || self.failed().is_some() || self.stalls(engine)
    }

    fn stalls(&self, engine: &Loop) -> bool {
        let stall = u64::from(self.policy.stall_ms);
        stall > 0 && self.queued() > 0 && self.progress() + stall <= engine.now().0
    }

    fn resume(&mut self, engine: &mut Loop) {
        if engine.resume_input(self.handle).is_ok() && self.paused {
            (self.paused, self.again) = (false, true);
            self.touched = engine.stamp().0;
        }
    }

    fn shutdown(&mut self, engine: &mut Loop) {
        self.shut |= engine.shutdown(self.handle).is_ok();
    }

    pub fn close(&mut self, engine: &mut Loop, how: How) {
        match engine.close(self.handle, how) {
            Ok(()) if self.ending.is_none() || how != How::Flush => {
                self.ending = Some((how, engine.stamp().0));
            }
            Ok(()) => {}
            Err(status) => {
                assert!(status == Status::GONE && self.may_be_gone(engine), "{status:?}")
            }
        }
    }

    // What is told.

    /// Checks a notice; a word for what it was.
    pub fn check(&mut self, notice: &Notice, engine: &mut Loop, dice: &mut Dice) -> String {
        assert!(!self.closed, "a notice behind the last word");
        if let Notice::Closed { why, os_error, .. } = notice {
            self.closed = true;
            return self.check_reason(*why, *os_error, engine);
        }
        assert!(self.ending.is_none(), "a notice behind the program's close");
        assert_eq!(matches!(notice, Notice::Open(_)), !self.opened, "open is said first, and once");
        let now = engine.now().0;
        match notice {
            Notice::Open(_) => {
                let now = engine.stamp().0;
                (self.opened, self.touched, self.filled) = (true, now, now);
                "open".into()
            }
            Notice::Data(_, view) => self.check_data(*view, engine, dice).into(),
            Notice::TooLong(_, view) => {
                assert!(!self.paused && !self.eof_said);
                let expected = self.items.pop_front();
                assert!(
                    matches!(expected, Some(Item::TooLong(line)) if line == engine.view(*view))
                );
                "too long".into()
            }
            Notice::Drain(_) => {
                assert!(self.owes_drain, "a drain that nobody waits for");
                assert!(engine.queued(self.handle).unwrap() <= LOW);
                self.owes_drain = false;
                "drain".into()
            }
            Notice::Eof(_) => {
                assert!(self.peer.0.borrow().eof && !self.eof_said && !self.paused);
                let rest = self.sent.len() - self.cursor;
                let lost = self.failed().is_some();
                assert!(lost || (rest == self.kept && self.items.is_empty()), "lost at the end");
                self.eof_said = true;
                "eof".into()
            }
            Notice::Idle(_) => {
                assert!(self.idle_ms > 0 && !self.paused && self.queued() == 0);
                assert!(self.active() + self.idle_ms <= now, "early");
                self.touched = engine.stamp().0;
                if dice.once_in(3) && engine.fail(self.handle, Status::IDLE).is_ok() {
                    self.ending = Some((How::Now, now));
                    self.verdict = Some(Status::IDLE);
                }
                "idle".into()
            }
            Notice::Deadline(_) => {
                assert!(self.until.take().is_some_and(|until| until <= now), "early");
                self.deadline_said = Some(now);
                "deadline".into()
            }
            _ => unreachable!("the caller gives notices of connections"),
        }
    }

    fn check_data(&mut self, view: View, engine: &mut Loop, dice: &mut Dice) -> &'static str {
        assert!(!self.paused, "data though the program paused");
        let bytes = engine.view(view);
        if !self.is_raw() {
            assert!(!self.eof_said, "data behind the end");
            let expected = self.items.pop_front();
            assert!(matches!(expected, Some(Item::Whole(item)) if item == bytes));
            return if self.policy.cut == Cut::Line { "line" } else { "frame" };
        }
        assert_eq!(bytes, &self.sent[self.cursor..][..bytes.len()], "in order, and once");
        let news = bytes.len() > self.kept || self.again || self.peer.0.borrow().eof;
        assert!(news, "what is kept is shown again with more behind it");
        assert!(!self.eof_said || self.again, "data behind the end");
        self.again = false;
        self.cursor += bytes.len();
        self.kept = 0;
        if dice.once_in(4) {
            self.kept = dice.below(view.len.min(2_000) + 1);
            self.cursor -= self.kept;
            assert_eq!(engine.keep(self.handle, self.kept), Ok(()));
        }
        "data"
    }

    /// Whether the model can explain this end.
    fn check_reason(&mut self, why: Status, os_error: i32, engine: &mut Loop) -> String {
        let wire = self.peer.0.borrow();
        assert_eq!(wire.got, self.accepted[..wire.got.len()], "sent in order, and once");
        let whole = wire.got.len() == self.accepted.len() && wire.ended.is_some();
        if let Some(error) = wire.failed {
            let expected =
                if self.outward && !self.opened { Status::CONNECT } else { blame::status(error) };
            assert!((why, os_error) == (expected, error) || Some(why) == self.breach, "{why:?}");
            return why.name().into();
        }
        assert_eq!(os_error, 0);
        let now = engine.now().0;
        match why {
            Status::OK => match self.ending {
                Some((How::Now | How::Reset, _)) => {}
                Some((How::Flush, _)) if self.outward && !self.opened => {}
                Some((How::Flush, _)) => {
                    assert!(whole, "a close in order sends everything");
                    let over = self.lingers.map(|at| at + u64::from(self.policy.linger_ms));
                    let lingered = over.is_some_and(|at| at <= now) || self.policy.linger_ms == 0;
                    assert!(wire.eof || lingered, "the peer's end was not waited for");
                    return if wire.eof { why.name().into() } else { "lingered".into() };
                }
                None => {
                    assert!(self.both_ended() && whole, "it ended by itself");
                    return "shut".into();
                }
            },
            Status::STALL => {
                assert!(self.stalls(engine), "early");
            }
            Status::IDLE => assert_eq!(self.verdict, Some(Status::IDLE)),
            _ => assert!(self.breach == Some(why) && self.items.is_empty(), "{why:?}"),
        }
        why.name().into()
    }

    // Deadlines.

    fn active(&self) -> u64 {
        let wire = self.peer.0.borrow();
        self.touched.max(stamp(wire.received_at)).max(stamp(wire.sent_at))
    }

    fn progress(&self) -> u64 {
        self.filled.max(stamp(self.peer.0.borrow().sent_at))
    }

    /// When the loop has to say or do something though nothing comes.
    pub fn deadline(&self, engine: &mut Loop) -> Option<u64> {
        let stall = u64::from(self.policy.stall_ms);
        let queued = self.queued() > 0 && self.failed().is_none();
        let stalls = (stall > 0 && queued).then(|| self.progress() + stall);
        match engine.life(self.handle).ok().filter(|_| !self.closed)? {
            Life::Open | Life::HalfOpen if !self.opened => None,
            Life::Open | Life::HalfOpen => {
                let idle = self.idle_ms > 0 && !self.paused && self.queued() == 0;
                let idles = idle.then(|| self.active() + self.idle_ms);
                [stalls, idles, self.until].into_iter().flatten().min()
            }
            Life::Flushing => stalls,
            Life::Lingering => self.lingers.map(|at| at + u64::from(self.policy.linger_ms)),
            Life::Connecting | Life::Closed => None,
        }
    }

    // What holds at certain moments.

    /// When everything is said.
    pub fn check_settled(&mut self, engine: &mut Loop) {
        if engine.life(self.handle) == Ok(Life::Lingering) {
            self.lingers.get_or_insert(engine.stamp().0);
        }
        let wire = self.peer.0.borrow();
        assert_eq!(wire.got, self.accepted[..wire.got.len()], "sent in order, and once");
        // Of two deadlines that pass at once the second is told in the next turn.
        let now = engine.now().0;
        if self.deadline_said != Some(now) {
            let missed = self.deadline(engine).filter(|at| *at <= now);
            assert_eq!(missed, None, "missed at {now}");
        }
        if self.closed || self.failed().is_some() {
            return;
        }
        if let Ok(queued) = engine.queued(self.handle) {
            assert_eq!(queued, self.queued());
            assert_eq!(engine.is_full(self.handle), self.owes_drain);
        }
    }

    /// When a wait ended because its time was up: nothing was left that could have been done.
    pub fn check_quiet(&self, engine: &mut Loop, kernel: &Kernel) {
        let wire = self.peer.0.borrow();
        let interest = kernel.world.interest(wire.fd);
        let Some(life) = engine.life(self.handle).ok().filter(|_| !self.closed) else {
            assert!(interest.is_none() && wire.dropped, "it is closed");
            return;
        };
        assert!(wire.recv_fault.is_none_or(|(at, _)| at > wire.received), "a failure is told");
        let unread = !wire.input.is_empty() || wire.eof;
        let queued = self.queued() > 0 && self.failed().is_none();
        match life {
            Life::Connecting => assert!(!wire.connected || wire.room == 0),
            Life::Open if self.paused => assert!(!interest.contains(Interest::READ), "paused"),
            Life::Open => assert!(!unread || wire.recv_fault.is_some(), "input is left"),
            Life::Lingering => assert!(!unread, "lingering takes what comes"),
            Life::HalfOpen | Life::Flushing | Life::Closed => {}
        }
        if life != Life::Connecting {
            assert!(!queued || wire.room == 0, "output is left");
            assert_eq!(interest.contains(Interest::WRITE), queued, "watched for room");
        }
        if matches!(life, Life::Open | Life::HalfOpen) {
            assert!(!self.owes_drain || self.queued() > LOW, "a drain is owed");
            assert!(!self.shut || queued || wire.ended.is_some(), "our end is not told");
        }
    }

    // The end of the story.

    /// The peer sends nothing more and takes everything.
    pub fn peer_concludes(&mut self) {
        let wire = &mut *self.peer.0.borrow_mut();
        (wire.connected, wire.room, wire.eof) = (true, usize::MAX, true);
        (wire.piece, wire.gulp) = (usize::MAX, usize::MAX);
    }

    pub fn program_concludes(&mut self, engine: &mut Loop) {
        self.resume(engine);
    }

    /// Everything that could be delivered was.
    pub fn check_delivered(&mut self, engine: &mut Loop) {
        if self.closed || self.ending.is_some() {
            return;
        }
        assert!(self.failed().is_none(), "a failure ends it");
        assert!(self.opened && self.eof_said, "its end was said");
        assert_eq!(self.cursor + self.kept, self.sent.len());
        assert!(self.items.is_empty() && self.breach.is_none());
        assert_eq!(self.peer.0.borrow().got, self.accepted);
        assert_eq!(engine.life(self.handle), Ok(Life::HalfOpen));
    }
}
