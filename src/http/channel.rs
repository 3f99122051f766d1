// SPDX-License-Identifier: MIT OR Apache-2.0
//! The HTTP side of one connection: where its exchange stands, its decoder while it needs one, and
//! the request that is being served. Is not: the connection, which the engine has.

use super::deadline::Phase;
use super::request::Request;
use super::{Host, Report, SPARE_MESSAGES, Service};
use crate::base::time::Millis;
use crate::base::{Handle, Status};
use crate::codec::http1::exchange::{Next, ReadSide, WriteSide};
use crate::codec::http1::{Exchange, Message, write};
use crate::engine::How;
use crate::net::NEVER;
use std::rc::Rc;

/// The HTTP side of a connection.
pub(super) struct Channel {
    pub service: Rc<Service>,
    pub exchange: Exchange,
    /// The decoder; none between two requests.
    pub message: Option<Box<Message>>,
    /// The request being served; none between two.
    pub request: Handle,
    /// The phase that `until` is of.
    pub armed: Phase,
    /// When the phase began that the deadline is of: the head, the body, or the wait for the
    /// answer.
    pub phase_began: Millis,
    /// The deadline that the engine has; `NEVER` for none.
    pub until: Millis,
    /// Bytes of the body so far.
    pub body_bytes: u64,
    /// True exactly when input is held back until the answer, or what of it is queued, has gone on.
    pub held: bool,
    /// True exactly when it is in the host's list of those whose answer has gone on.
    pub moved: bool,
    /// True exactly when bytes of a head came that is not complete.
    pub partial: bool,
}

impl Host {
    pub(super) fn open_channel(&mut self, conn: Handle, service: u32) {
        let Some(Some(service)) = self.services.get(service as usize - 1) else {
            debug_assert!(false, "a service lives as long as its listener and connections");
            return;
        };
        let channel = Channel {
            service: Rc::clone(service),
            exchange: Exchange::default(),
            message: None,
            request: Handle::NONE,
            armed: Phase::Nothing,
            phase_began: Millis(0),
            until: NEVER,
            body_bytes: 0,
            held: false,
            moved: false,
            partial: false,
        };
        let slot = conn.slot() as usize;
        if self.channels.len() <= slot {
            self.channels.resize_with(slot + 1, || None);
        }
        self.channels[slot] = Some(Box::new(channel));
    }

    /// The connection is over, and with it the request that was being served.
    pub(super) fn close_channel(&mut self, conn: Handle, why: Status) {
        let Some(channel) = self.channels.get_mut(conn.slot() as usize).and_then(Option::take)
        else {
            return;
        };
        match self.requests.get_mut(channel.request) {
            None => self.keep_message(channel.message),
            // Its last report may still ask for the head.
            Some(request) => {
                request.message = channel.message;
                let why = if why == Status::OK { Status::GONE } else { why };
                self.close_request(channel.request, why);
            }
        }
    }

    pub(super) fn keep_message(&mut self, message: Option<Box<Message>>) {
        if let Some(message) = message
            && message.is_idle()
            && self.spare.len() < SPARE_MESSAGES
        {
            self.spare.push(message);
        }
    }

    /// A decoder for a channel that has bytes to decode.
    pub(super) fn lend_message(&mut self, conn: Handle) {
        let Some(channel) = self.channels.get_mut(conn.slot() as usize).and_then(Option::as_mut)
        else {
            return;
        };
        if channel.message.is_none() {
            let limits = &channel.service.limits;
            let mut message = self.spare.pop().unwrap_or_default();
            message.set_limits(limits);
            channel.message = Some(message);
        }
    }

    pub(super) fn close_request(&mut self, request: Handle, why: Status) {
        let Some(ending) = self.requests.get_mut(request) else { return };
        if !ending.told {
            self.requests.remove(request);
        } else if !ending.ended {
            ending.ended = true;
            self.reports.push_back(Report::Closed { request, why });
        }
    }

    /// Has a request reported, and with it its end.
    pub(super) fn tell_request(&mut self, request: Handle, report: Report) {
        if let Some(told) = self.requests.get_mut(request) {
            told.told = true;
            self.reports.push_back(report);
        }
    }

    pub(super) fn open_request(
        &mut self,
        conn: Handle,
        head: (usize, usize),
    ) -> Result<Handle, Status> {
        let mut owner = self.engine.conn_owner(conn).ok_or(Status::GONE)?;
        owner.word = 0;
        let request = self.requests.insert(Request::new(conn, owner, head))?;
        self.begun += 1;
        Ok(request)
    }

    /// The answer went on outside of the feed: looks at what the exchange allows now.
    pub(super) fn touch_channel(&mut self, conn: Handle) {
        let fed = self.feed.as_ref().is_some_and(|feed| feed.conn == conn);
        if let Some(channel) = self.channel(conn)
            && !fed
            && !std::mem::replace(&mut channel.moved, true)
        {
            self.moved.push_back(conn);
        }
    }

    /// What is due on a connection whose answer has gone on.
    pub(super) fn move_on(&mut self, conn: Handle) {
        let Some(channel) = self.channel(conn) else { return };
        channel.moved = false;
        if self.settle_exchange(conn) && self.channel(conn).is_some_and(|c| c.held) {
            self.release(conn);
        }
        self.ask_for_body(conn);
        self.arm(conn);
    }

    /// Sends 100 (Continue) where a client waits for it with a body that is wanted now.
    pub(super) fn ask_for_body(&mut self, conn: Handle) {
        if self.engine.is_paused(conn) {
            return;
        }
        if let Some(channel) = self.channel(conn)
            && channel.request != Handle::NONE
            && channel.exchange.continue_due()
        {
            // A connection that ended meanwhile asks for nothing.
            let _ = self.engine.send(conn, write::CONTINUE);
        }
    }

    /// Shows input again after the program has paused it.
    pub fn resume(&mut self, conn: Handle) -> Result<(), Status> {
        self.engine.resume_input(conn)?;
        self.touch_channel(conn);
        Ok(())
    }

    /// Applies the joint rule of the exchange. True: the next request may be decoded.
    pub(super) fn settle_exchange(&mut self, conn: Handle) -> bool {
        let Some(channel) = self.channel(conn) else { return false };
        let request = channel.request;
        let next = channel.exchange.next();
        match next {
            Next::Wait => {
                return matches!(channel.exchange.read_side(), ReadSide::Head | ReadSide::Body);
            }
            Next::Again => {
                channel.request = Handle::NONE;
                channel.partial = false;
                self.close_request(request, Status::OK);
                return true;
            }
            Next::Close | Next::Abort | Next::Upgraded => {}
        }
        channel.request = Handle::NONE;
        let answered = next == Next::Close && channel.exchange.write_side() == WriteSide::Done;
        let how = if next == Next::Abort && self.ends_by_close(request) {
            How::Reset
        } else {
            How::Flush
        };
        if request != Handle::NONE {
            self.close_request(request, if answered { Status::OK } else { Status::GONE });
        }
        // One that ended meanwhile needs no ending.
        let _ = self.engine.close(conn, how);
        false
    }

    /// Holds input back: what is unread stays, and no more is read.
    pub(super) fn hold(&mut self, conn: Handle) {
        if let Some(channel) = self.channel(conn) {
            channel.held = true;
            // One that ended meanwhile shows nothing any more.
            let _ = self.engine.hold_input(conn, true);
        }
    }

    /// Shows input again after `hold`.
    pub(super) fn release(&mut self, conn: Handle) {
        if let Some(channel) = self.channel(conn) {
            channel.held = false;
            let _ = self.engine.hold_input(conn, false);
        }
    }

    /// The queue fell to its low water.
    pub(super) fn drained(&mut self, conn: Handle) {
        let Some(channel) = self.channel(conn) else { return };
        let request = channel.request;
        if request != Handle::NONE && channel.exchange.write_side() == WriteSide::Body {
            self.reports.push_back(Report::Drain(request));
        }
        self.touch_channel(conn);
    }

    /// The peer ended its input: what came complete is answered, then the connection ends.
    pub(super) fn take_eof(&mut self, conn: Handle) {
        let Some(channel) = self.channel(conn) else { return };
        channel.exchange.read_eof();
        if channel.exchange.read_side() == ReadSide::Body {
            channel.exchange.read_fault();
            let request = std::mem::replace(&mut channel.request, Handle::NONE);
            self.close_request(request, Status::EOF);
            let _ = self.engine.close(conn, How::Flush);
            return;
        }
        self.touch_channel(conn);
    }

    /// Nothing came for the time between two requests.
    pub(super) fn idle(&mut self, conn: Handle) {
        let Some(channel) = self.channel(conn) else { return };
        if channel.request == Handle::NONE && !channel.partial {
            channel.exchange.last();
            let _ = self.engine.close(conn, How::Flush);
        }
    }
}
