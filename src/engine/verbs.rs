// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can be done to a connection. Nothing here says a notice; what follows is said by its next
//! step.

use super::Loop;
use super::notice::How;
use crate::base::time::Millis;
use crate::base::{Handle, Status};
use crate::net::Owner;
use crate::net::conn::Conn;
use crate::net::life::{Life, Turn};
use crate::net::policy::{Cut, Framing};
use crate::sys::fd::AsFd;
use crate::sys::socket;
use std::net::SocketAddr;

/// A write of at least this many bytes goes to the socket at once instead of through the queue: the
/// copy would cost more than the call that coalescing saves.
const LARGE: usize = 32 << 10;

impl Loop {
    /// A connection that has not said its last word.
    pub(super) fn live(&mut self, handle: Handle) -> Result<&mut Conn, Status> {
        let conn = self.conns.find(handle)?;
        if conn.life() == Life::Closed { Err(Status::GONE) } else { Ok(conn) }
    }

    /// A connection whose last word the program is not through with.
    fn known(&mut self, handle: Handle) -> Result<&mut Conn, Status> {
        let conn = self.conns.find(handle)?;
        if conn.over { Err(Status::GONE) } else { Ok(conn) }
    }

    /// The program is through with the last word of a connection: from now on its handle is gone,
    /// though it is freed between turns only.
    pub fn bury(&mut self, handle: Handle) {
        if let Some(conn) = self.conns.get_mut(handle) {
            conn.over = true;
        }
    }

    /// Something changed that the next step has to look at.
    fn touched(&mut self, handle: Handle) {
        self.trace_conn(handle);
        match self.current.as_mut() {
            Some(current) if current.conn == handle => current.flushed = false,
            _ => self.wake(handle),
        }
    }

    /// Whether no upper layer speaks on this connection, so that the program may.
    pub fn is_plain(&self, handle: Handle) -> bool {
        self.conns.get(handle).is_some_and(|conn| conn.owner.service == 0)
    }

    /// Queues bytes: OK, FULL, or an error with nothing accepted.
    pub fn send(&mut self, handle: Handle, bytes: &[u8]) -> Result<Status, Status> {
        if bytes.len() >= LARGE {
            return self.send_large(handle, bytes);
        }
        self.send_with(handle, bytes.len(), |buffer| buffer.extend_from_slice(bytes))
    }

    /// Queues what `write` appends, which is at most `room` bytes.
    pub fn send_with(
        &mut self,
        handle: Handle,
        room: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Status, Status> {
        let now = self.stamp();
        let conn = self.conns.find(handle)?;
        conn.accepts_output(room)?;
        conn.queue(&mut self.pool, room, now, write);
        let fullness = conn.fullness();
        self.touched(handle);
        Ok(fullness)
    }

    fn send_large(&mut self, handle: Handle, bytes: &[u8]) -> Result<Status, Status> {
        let now = self.stamp();
        let conn = self.conns.find(handle)?;
        conn.accepts_output(bytes.len())?;
        self.stats.bytes_sent += conn.send_through(&mut self.pool, bytes, now) as u64;
        let fullness = conn.fullness();
        self.touched(handle);
        Ok(fullness)
    }

    /// Queues what `head` appends (about `room` bytes), and `body` behind it, or nothing at all
    /// where `head` answers false, having appended nothing.
    pub fn send_pair(
        &mut self,
        handle: Handle,
        room: usize,
        body: &[u8],
        head: impl FnOnce(&mut Vec<u8>) -> bool,
    ) -> Result<(), Status> {
        let now = self.stamp();
        let conn = self.conns.find(handle)?;
        conn.accepts_output(room + body.len())?;
        let mut wanted = true;
        let large = body.len() >= LARGE;
        let copied = if large { &[] } else { body };
        conn.queue(&mut self.pool, room + copied.len(), now, |buffer| {
            wanted = head(buffer);
            if wanted {
                buffer.extend_from_slice(copied);
            }
        });
        if wanted && large {
            self.stats.bytes_sent += conn.send_through(&mut self.pool, body, now) as u64;
        }
        self.touched(handle);
        Ok(())
    }

    /// FULL if what is queued is above its high water, and a drain notice follows; else OK.
    pub fn fullness(&mut self, handle: Handle) -> Status {
        self.conns.get_mut(handle).map_or(Status::OK, Conn::fullness)
    }

    /// Whether a drain notice is owed.
    pub fn is_full(&self, handle: Handle) -> bool {
        self.conns.get(handle).is_some_and(|conn| conn.owes_drain)
    }

    /// Whether the program paused the input.
    pub fn is_paused(&self, handle: Handle) -> bool {
        self.conns.get(handle).is_some_and(|conn| conn.paused)
    }

    /// Queues one frame: the length before it, or the line feed behind it, as the framing asks.
    pub fn send_frame(&mut self, handle: Handle, payload: &[u8]) -> Result<Status, Status> {
        let now = self.stamp();
        let conn = self.conns.find(handle)?;
        conn.accepts_output(payload.len() + conn.frame_extra())?;
        let large = payload.len() >= LARGE && !conn.ends_lines();
        conn.queue_frame(&mut self.pool, payload, !large, now)?;
        if large {
            self.stats.bytes_sent += conn.send_through(&mut self.pool, payload, now) as u64;
        }
        let fullness = conn.fullness();
        self.touched(handle);
        Ok(fullness)
    }

    /// Ends a connection.
    pub fn close(&mut self, handle: Handle, how: How) -> Result<(), Status> {
        let conn = self.live(handle)?;
        match how {
            How::Flush => conn.turn(Turn::Close),
            How::Now => conn.turn(Turn::Abort),
            How::Reset => {
                if let Some(fd) = conn.link().socket() {
                    socket::reset_on_close(fd.as_fd());
                }
                conn.turn(Turn::Abort);
            }
        }
        self.touched(handle);
        Ok(())
    }

    /// Ends a connection for a reason that its last notice gives.
    pub fn fail(&mut self, handle: Handle, why: Status) -> Result<(), Status> {
        self.live(handle)?.fail(why, 0);
        self.touched(handle);
        Ok(())
    }

    /// Ends our output once what is queued is sent; input goes on.
    pub fn shutdown(&mut self, handle: Handle) -> Result<(), Status> {
        let conn = self.live(handle)?;
        conn.accepts_output(0)?;
        conn.shut();
        self.touched(handle);
        Ok(())
    }

    /// Shows no more input.
    pub fn pause_input(&mut self, handle: Handle) -> Result<(), Status> {
        self.live(handle)?.paused = true;
        self.touched(handle);
        Ok(())
    }

    /// Shows input again, first what was kept. Nothing comes while the protocol above holds it
    /// back.
    pub fn resume_input(&mut self, handle: Handle) -> Result<(), Status> {
        let now = self.stamp();
        let conn = self.live(handle)?;
        if conn.paused {
            conn.paused = false;
            conn.waiting = false;
            conn.touch(now);
            return self.show_kept(handle);
        }
        Ok(())
    }

    /// Has unread bytes shown: those that were kept from what is shown just now, in the next turn
    /// only, else a program that keeps and asks for them again would hold this one for ever.
    fn show_kept(&mut self, handle: Handle) -> Result<(), Status> {
        match &self.current {
            Some(current) if current.conn == handle && current.lent < current.shown => {
                self.show_again(handle)
            }
            _ => {
                self.touched(handle);
                Ok(())
            }
        }
    }

    /// Holds input back for the protocol above, whatever the program wants, or shows it again.
    pub fn hold_input(&mut self, handle: Handle, held: bool) -> Result<(), Status> {
        let now = self.stamp();
        let conn = self.live(handle)?;
        if conn.held && !held {
            conn.waiting = false;
            conn.touch(now);
        }
        conn.held = held;
        self.touched(handle);
        Ok(())
    }

    /// Shows what was kept again in the next turn, and nothing more before: a fair share was taken.
    pub fn show_again(&mut self, handle: Handle) -> Result<(), Status> {
        let conn = self.live(handle)?;
        conn.waiting = false;
        if !conn.queued {
            conn.queued = true;
            self.later.push_back(handle);
        }
        if let Some(current) = self.current.as_mut()
            && current.conn == handle
        {
            current.sated = true;
        }
        Ok(())
    }

    /// Bytes queued for the peer.
    pub fn queued(&mut self, handle: Handle) -> Result<usize, Status> {
        Ok(self.live(handle)?.queued_bytes())
    }

    /// Where the connection stands; also when its last word is being said.
    pub fn life(&mut self, handle: Handle) -> Result<Life, Status> {
        Ok(self.known(handle)?.life())
    }

    /// The listener it came from.
    pub fn conn_listener(&mut self, handle: Handle) -> Result<Handle, Status> {
        Ok(self.known(handle)?.listener)
    }

    /// Its owner's words, as long as its last notice is not settled.
    #[inline]
    pub fn conn_owner(&self, handle: Handle) -> Option<Owner> {
        self.conns.get(handle).filter(|conn| !conn.over).map(|conn| conn.owner)
    }

    /// Changes its owner's words.
    pub fn set_conn_owner(&mut self, handle: Handle, owner: Owner) -> Result<(), Status> {
        self.known(handle)?.owner = owner;
        Ok(())
    }

    /// Another idle time for this connection, counted from now, not from the turn's time; 0: none.
    pub fn set_idle(&mut self, handle: Handle, ms: u32) -> Result<(), Status> {
        let now = self.clock.now().after(0);
        let conn = self.live(handle)?;
        conn.idle_ms = ms;
        conn.touch(now);
        self.arm(handle);
        Ok(())
    }

    /// The deadline of the protocol above; `NEVER` for none.
    pub fn set_deadline(&mut self, handle: Handle, at: Millis) -> Result<(), Status> {
        let conn = self.live(handle)?;
        if !matches!(conn.life(), Life::Open | Life::HalfOpen) {
            return Err(Status::STATE);
        }
        conn.until = at;
        self.arm(handle);
        Ok(())
    }

    /// Cuts its input another way from now on.
    pub fn set_framing(&mut self, handle: Handle, cut: Cut, max: usize) -> Result<(), Status> {
        let framing = Framing::new(cut, max)?;
        self.live(handle)?.set_framing(framing);
        self.show_kept(handle)
    }

    /// The address of the other end (`peer`) or of ours.
    pub fn address(&mut self, handle: Handle, peer: bool) -> Result<SocketAddr, Status> {
        let conn = self.known(handle)?;
        let fd = conn.link().socket().ok_or(Status::STATE)?;
        let found =
            if peer { socket::peer_addr(fd.as_fd()) } else { socket::local_addr(fd.as_fd()) };
        found.map_err(|e| self.refused(&e))
    }
}
