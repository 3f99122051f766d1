// SPDX-License-Identifier: MIT OR Apache-2.0
//! Stepping a connection: settle what was lent, show the next piece, read, flush, finish. It stops
//! at each notice and goes on from there when the next one is asked for.

use super::Loop;
use super::notice::{Notice, View};
use crate::base::{Handle, Status};
use crate::net::NEVER;
use crate::net::conn::Piece;
use crate::net::life::{Life, Turn};

/// The connection being stepped.
pub(super) struct Current {
    /// Which.
    pub conn: Handle,
    /// Unread bytes that the last notice showed; dropped when the next one is asked for.
    pub lent: usize,
    /// Raw bytes that the notice at hand shows; 0 for any other notice.
    pub shown: usize,
    /// Bytes that may still be read from it in this turn.
    pub budget: usize,
    /// True exactly when its queue was flushed in this step and nothing was queued since.
    pub flushed: bool,
    /// True exactly when it took its fair share: no input is shown before the next turn.
    pub sated: bool,
}

impl Loop {
    pub(super) fn start_step(&mut self, handle: Handle) {
        if let Some(conn) = self.conns.get_mut(handle) {
            conn.queued = false;
            let budget = conn.policy().read_budget;
            let (lent, shown, flushed, sated) = (0, 0, false, false);
            self.current = Some(Current { conn: handle, lent, shown, budget, flushed, sated });
        }
    }

    /// The next notice of the current connection; none when there is nothing more to do for it now.
    pub(super) fn step(&mut self) -> Option<Notice> {
        let now = self.stamp();
        let current = self.current.as_mut()?;
        let handle = current.conn;
        let conn = self.conns.get_mut(handle)?;
        conn.consume(&mut self.hot, std::mem::take(&mut current.lent));
        current.shown = 0;
        loop {
            match conn.life() {
                Life::Connecting => {
                    if !conn.writable {
                        break;
                    }
                    conn.until = NEVER;
                    match conn.link().error() {
                        0 => {
                            conn.turn(Turn::Connected);
                            self.stats.accepted += 1;
                        }
                        os_error => conn.fail(Status::CONNECT, os_error),
                    }
                }
                Life::Open if !conn.open_said => {
                    conn.open_said = true;
                    conn.begin(now);
                    return Some(Notice::Open(handle));
                }
                Life::Open | Life::HalfOpen => {
                    if let Some(notice) = self.step_open() {
                        return notice;
                    }
                    return self.finish_step();
                }
                Life::Flushing | Life::Lingering => {
                    self.step_ending();
                    return self.finish_step();
                }
                Life::Closed => break,
            }
        }
        self.finish_step()
    }

    /// Shows, reads and flushes. `Some(notice)` is said; `None` is for `finish_step`.
    fn step_open(&mut self) -> Option<Option<Notice>> {
        let now = self.stamp();
        let current = self.current.as_mut()?;
        let handle = current.conn;
        let conn = self.conns.get_mut(handle)?;
        while matches!(conn.life(), Life::Open | Life::HalfOpen) {
            let hungry = !current.sated;
            if hungry && conn.delivers() {
                match conn.cut(&mut self.hot) {
                    Piece::Data { start, len, used } => {
                        current.lent = used;
                        current.shown = if conn.is_raw() { used } else { 0 };
                        current.flushed = false;
                        return Some(Some(Notice::Data(handle, View { start, len })));
                    }
                    Piece::TooLong { start, len, used } => {
                        current.lent = used;
                        return Some(Some(Notice::TooLong(handle, View { start, len })));
                    }
                    Piece::Broken(fault) => {
                        // What was answered before still goes out; then the end, with this reason.
                        conn.blame(fault.status, 0);
                        conn.turn(Turn::Close);
                    }
                    Piece::More => {}
                }
            } else if hungry && conn.eof_seen && !conn.eof_said && !conn.is_paused() {
                if conn.has_lost_output() {
                    // A reset that the send found: the end behind it is not the peer's word.
                    conn.turn(Turn::Trouble);
                    break;
                }
                conn.eof_said = true;
                conn.turn(Turn::PeerEof);
                return Some(Some(Notice::Eof(handle)));
            } else if hungry && conn.readable && conn.wants_input() && current.budget > 0 {
                let got = conn.receive(&mut self.hot, &mut self.pool, current.budget, now);
                current.budget = current.budget.saturating_sub(got);
                self.stats.bytes_received += got as u64;
                conn.waiting &= !conn.eof_seen;
            } else if !current.flushed {
                current.flushed = true;
                self.stats.bytes_sent += conn.flush(now) as u64;
                conn.settle_shut();
                if conn.drain_due() && conn.drained_in != self.stats.turns {
                    conn.drained_in = self.stats.turns;
                    conn.owes_drain = false;
                    return Some(Some(Notice::Drain(handle)));
                }
            } else if conn.is_finished() {
                conn.turn(Turn::Close);
            } else if conn.is_spent() {
                conn.turn(Turn::Trouble);
            } else {
                return None;
            }
        }
        match conn.life() {
            Life::Flushing | Life::Lingering => self.step_ending(),
            Life::Connecting | Life::Open | Life::HalfOpen | Life::Closed => {}
        }
        None
    }

    /// Flushes and lingers.
    fn step_ending(&mut self) {
        let now = self.stamp();
        let Some(current) = self.current.as_mut() else { return };
        let Some(conn) = self.conns.get_mut(current.conn) else { return };
        conn.discard(&mut self.hot);
        if conn.life() == Life::Flushing {
            self.stats.bytes_sent += conn.flush(now) as u64;
            conn.shut();
            if conn.life() == Life::Flushing && conn.settle_shut() {
                conn.turn(Turn::Drained);
                let linger = conn.policy().linger_ms;
                conn.until = now.plus(linger.into());
                if conn.eof_seen {
                    conn.turn(Turn::PeerEof);
                } else if linger == 0 {
                    conn.turn(Turn::Deadline);
                }
            }
        }
        while conn.life() == Life::Lingering && conn.readable && current.budget > 0 {
            let got = conn.receive(&mut self.hot, &mut self.pool, current.budget, now);
            current.budget = current.budget.saturating_sub(got);
            self.stats.bytes_received += got as u64;
            conn.discard(&mut self.hot);
            if conn.eof_seen {
                conn.turn(Turn::PeerEof);
            } else if conn.discarded_enough() {
                conn.turn(Turn::Deadline);
            }
        }
    }

    /// Leaves the connection: says its last word, or stores what is unread and sets its deadline.
    fn finish_step(&mut self) -> Option<Notice> {
        let current = self.current.take()?;
        let handle = current.conn;
        let conn = self.conns.get_mut(handle)?;
        conn.settle_error();
        self.trace_conn(handle);
        let conn = self.conns.get_mut(handle)?;
        if conn.life() == Life::Closed {
            conn.discard(&mut self.hot);
            if conn.close_said {
                return None;
            }
            conn.close_said = true;
            self.dead.push(handle);
            if !conn.open_said && conn.listener != Handle::NONE {
                // Accepted and lost before the program knew of it: there is nobody to tell.
                return None;
            }
            let (why, os_error) = conn.reason();
            return Some(Notice::Closed { conn: handle, why, os_error });
        }
        conn.stash(&mut self.hot, &mut self.pool);
        conn.give_back(&mut self.pool);
        let unfinished = (conn.readable && conn.wants_input()) || conn.drain_due();
        if unfinished && !conn.queued {
            conn.queued = true;
            self.later.push_back(handle);
        }
        if !self.edge && conn.interest(false) != conn.watched {
            self.changed.push(handle);
        }
        self.arm(handle);
        None
    }

    /// Sends what is queued on connections whose step is not over or has not begun: for a caller
    /// that leaves the loop for a while, or for good.
    pub fn flush_queued(&mut self) {
        let now = self.stamp();
        let current = self.current.as_ref().map(|current| current.conn);
        for handle in current.into_iter().chain(self.ready.iter().copied()) {
            if let Some(conn) = self.conns.get_mut(handle)
                && conn.life() != Life::Closed
            {
                self.stats.bytes_sent += conn.flush(now) as u64;
            }
        }
    }

    /// The bytes of the last notice.
    pub fn view(&self, view: View) -> &[u8] {
        let conn = self.current.as_ref().and_then(|current| self.conns.get(current.conn));
        conn.map_or(&[], |conn| &conn.unread(&self.hot)[view.start..view.start + view.len])
    }

    /// In a notice of bytes of a raw connection: the last `count` of them are shown again, with
    /// more behind them. Of two calls the later one counts.
    pub fn keep(&mut self, handle: Handle, count: usize) -> Result<(), Status> {
        self.live(handle)?;
        let conn = self.conns.find(handle)?;
        match self.current.as_mut() {
            Some(current)
                if current.conn == handle && current.shown > 0 && count <= current.shown =>
            {
                current.lent = current.shown - count;
                // Another framing may find an item in what is kept.
                conn.waiting = count > 0 && conn.is_raw();
                Ok(())
            }
            _ => Err(Status::STATE),
        }
    }

    /// Ends every object, each with its last notice; nothing new is taken in any more.
    pub fn end_all(&mut self, why: Status) {
        self.ending = true;
        self.flush_queued();
        self.close_listeners(why);
        for handle in self.conns.handles() {
            if let Some(conn) = self.conns.get_mut(handle) {
                conn.fail(why, 0);
                self.wake(handle);
            }
        }
        for handle in self.timers.handles() {
            self.end_timer(handle);
        }
        self.end_watches();
        self.end_pools(why);
        self.end_posts();
        self.end_signals();
        for handle in self.children.handles() {
            self.free_child(handle, why);
        }
    }

    /// Closes all listeners.
    pub fn close_listeners(&mut self, why: Status) {
        for handle in self.listeners.handles() {
            // One that is closed already has its last notice under way.
            let _ = self.close_listener_for(handle, why);
        }
    }

    /// All connections.
    pub fn conn_handles(&self) -> Vec<Handle> {
        self.conns.handles()
    }
}
