// SPDX-License-Identifier: MIT OR Apache-2.0
//! Feeding what a connection received to its decoder, item by item. A feed lives while the engine
//! lends the bytes; what it leaves is kept by the connection and shown again.

use super::channel::Channel;
use super::deadline::Phase;
use super::{Host, Report};
use crate::base::{Handle, Status, limits};
use crate::codec::http1::exchange::{ReadSide, WriteSide};
use crate::codec::http1::{Item, Method, Reason};
use crate::codec::{Decode, Fault, Step};
use crate::engine::{Loop, View};
use crate::net::life::Life;

/// Where the decoding of the lent bytes stands.
pub(super) struct Feed {
    pub conn: Handle,
    /// Bytes lent.
    len: usize,
    /// Of these, used.
    at: usize,
    /// Requests that may still be begun in this turn.
    budget: u32,
}

impl Feed {
    pub fn new(conn: Handle, view: View) -> Feed {
        debug_assert!(view.start == 0, "raw bytes are lent from their start");
        Feed { conn, len: view.len, at: 0, budget: limits::HTTP_PIPELINE }
    }
}

/// What the decoder found; positions are of the lent bytes.
enum Found {
    Head { start: usize, len: usize },
    Body { start: usize, len: usize },
    Trailers,
    End,
    More,
    Fault(Fault),
}

/// Decodes one item and moves on behind it.
fn decode(engine: &Loop, channel: &mut Channel, feed: &mut Feed) -> Found {
    let Some(message) = channel.message.as_mut() else { return Found::More };
    let start = feed.at;
    let bytes = engine.view(View { start, len: feed.len - start });
    match message.decode(bytes, false) {
        Step::Item { used, item } => {
            feed.at += used;
            match item {
                Item::Head(_) => Found::Head { start, len: used },
                Item::Body(piece) => {
                    let at = piece.as_ptr() as usize - bytes.as_ptr() as usize;
                    Found::Body { start: start + at, len: piece.len() }
                }
                Item::Trailers(_) => Found::Trailers,
                Item::End => Found::End,
            }
        }
        Step::NeedMore { used, .. } => {
            feed.at += used;
            Found::More
        }
        Step::Fail(fault) => Found::Fault(fault),
    }
}

impl Host {
    /// Goes on with the feed until something is to be reported, or its bytes are used.
    pub(super) fn feed_on(&mut self) {
        while self.reports.is_empty() {
            let Some(feed) = self.feed.as_ref() else { return };
            let conn = feed.conn;
            if !self.settle_exchange(conn) || self.engine.is_full(conn) {
                return self.end_feed(true);
            }
            // What the program has closed shows it nothing more.
            let open = matches!(self.engine.life(conn), Ok(Life::Open | Life::HalfOpen));
            if !open || self.engine.is_paused(conn) {
                return self.end_feed(false);
            }
            if !self.reports.is_empty() {
                return;
            }
            if !self.feed_item(conn) {
                return self.end_feed(false);
            }
        }
    }

    /// Decodes one item. False: the bytes are used up, or of no use any more.
    fn feed_item(&mut self, conn: Handle) -> bool {
        self.lend_message(conn);
        if self.feed.as_ref().is_some_and(|feed| feed.at == feed.len) {
            self.ask_for_body(conn);
        }
        let (Some(feed), Some(Some(channel))) =
            (self.feed.as_mut(), self.channels.get_mut(conn.slot() as usize))
        else {
            return false;
        };
        let at_head = channel.exchange.read_side() == ReadSide::Head;
        if at_head && feed.at < feed.len && feed.budget == 0 {
            // A fair share is served: the others come first, then this connection again.
            return false;
        }
        match decode(&self.engine, channel, feed) {
            Found::Head { start, len } => {
                feed.budget -= 1;
                channel.partial = false;
                let head = channel.message.as_ref().map(|m| m.head()).expect("it was just decoded");
                channel.exchange.read_head(head);
                match head.known {
                    Method::Other | Method::Connect | Method::Trace => {
                        let reason = Reason::METHOD_UNKNOWN;
                        let (http, reason) = (reason.http(), reason.0);
                        self.reject(conn, Fault { status: Status::HTTP, at: start, http, reason });
                        false
                    }
                    _ => self.begin_request(conn, start, len),
                }
            }
            Found::Body { start, len } => self.take_piece(conn, View { start, len }),
            Found::Trailers => true,
            Found::End => self.end_request(conn),
            Found::More => {
                channel.partial = at_head && !channel.message.as_ref().is_none_or(|m| m.is_idle());
                false
            }
            Found::Fault(fault) => {
                self.reject(conn, fault);
                false
            }
        }
    }

    fn begin_request(&mut self, conn: Handle, start: usize, len: usize) -> bool {
        let opened = self.open_request(conn, (start, len));
        let now = self.engine.stamp();
        let Some(channel) = self.channel(conn) else { return false };
        channel.phase_began = now;
        // What was armed was for the request before, also where this one waits for the same.
        channel.armed = Phase::Nothing;
        channel.body_bytes = 0;
        let Ok(request) = opened else {
            let (http, reason) = (Reason::NO_ROOM.http(), Reason::NO_ROOM.0);
            self.reject(conn, Fault { status: Status::LIMIT, at: start, http, reason });
            return false;
        };
        channel.request = request;
        if channel.service.streaming {
            self.tell_request(request, Report::Head(request));
        }
        true
    }

    fn take_piece(&mut self, conn: Handle, view: View) -> bool {
        let Some(channel) = self.channel(conn) else { return false };
        channel.body_bytes += view.len as u64;
        let (request, streaming) = (channel.request, channel.service.streaming);
        if !channel.exchange.read_body(view.len) || request == Handle::NONE {
            return true;
        }
        if streaming {
            self.piece = view;
            self.reports.push_back(Report::Body(request));
        } else if let Some(gathering) = self.requests.get_mut(request) {
            gathering.gather(view, &self.engine);
        }
        true
    }

    fn end_request(&mut self, conn: Handle) -> bool {
        let now = self.engine.stamp();
        let Some(channel) = self.channel(conn) else { return false };
        channel.exchange.read_end();
        channel.phase_began = now;
        let (request, streaming) = (channel.request, channel.service.streaming);
        if request != Handle::NONE && channel.exchange.write_side() != WriteSide::Done {
            let report = if streaming { Report::End(request) } else { Report::Request(request) };
            self.tell_request(request, report);
        }
        true
    }

    /// Leaves the lent bytes: what is unused is kept, what the request still needs is stored.
    /// `hold`: nothing more is read until the exchange goes on.
    fn end_feed(&mut self, hold: bool) {
        let Some(feed) = self.feed.take() else { return };
        let conn = feed.conn;
        let rest = feed.len - feed.at;
        let request = self.channel(conn).map_or(Handle::NONE, |channel| channel.request);
        if let Some(request) = self.requests.get_mut(request) {
            request.store(&self.engine);
        }
        if rest > 0 {
            // A connection that ended meanwhile keeps nothing.
            let _ = self.engine.keep(conn, rest);
            if let Some(channel) = self.channel(conn) {
                channel.exchange.read_some();
            }
        }
        let Some(channel) = self.channel(conn) else { return };
        if hold {
            self.hold(conn);
        } else if channel.exchange.read_side() == ReadSide::Head && !channel.partial {
            let message = channel.message.take();
            self.keep_message(message);
            if feed.budget == 0 && rest > 0 {
                // One that ended meanwhile shows nothing any more.
                let _ = self.engine.show_again(conn);
            }
        }
        self.arm(conn);
    }
}
