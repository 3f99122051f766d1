// SPDX-License-Identifier: MIT OR Apache-2.0
//! HTTP/1.1 on connections: requests in, answers out, in order, one at a time per connection. Is
//! not: the grammar (codec::http1) or the connections (net, engine). INVARIANT: a request has its
//! last report exactly once, before anything is said of the next request of its connection.

#![forbid(unsafe_code)]

mod answer;
mod channel;
mod deadline;
mod feed;
mod request;
mod service;

pub use answer::Answer;
pub use request::Lent;
pub use service::Service;

use crate::base::handle::Kind;
use crate::base::slab::Slab;
use crate::base::time::Millis;
use crate::base::{Handle, Status};
use crate::codec::http1::{Message, date};
use crate::engine::{How, Loop, Notice, Settings, View};
use crate::net::Owner;
use crate::sys::clock;
use channel::Channel;
use feed::Feed;
use request::Request;
use std::collections::VecDeque;
use std::rc::Rc;

/// One thing that happened, at the level of HTTP where a connection speaks it.
pub enum Report {
    /// What the loop says of everything else.
    Engine(Notice),
    /// A whole request came.
    Request(Handle),
    /// The head of a request came.
    Head(Handle),
    /// A piece of its body came; `Host::piece` lends it.
    Body(Handle),
    /// Its body ended.
    End(Handle),
    /// Its connection takes output again.
    Drain(Handle),
    /// A request is over; live until the next report is asked for.
    Closed {
        /// The request.
        request: Handle,
        /// OK: answered whole.
        why: Status,
    },
    /// What a peer sent was refused, and answered by the library.
    Rejected {
        /// The connection; it is being closed.
        conn: Handle,
        /// The reason, a `codec::http1::Reason`; 0 where the reason is a deadline.
        reason: i32,
        /// The status of the answer.
        http: u16,
    },
}

/// Decoders, and buffers of paths, kept for the next request.
const SPARE_MESSAGES: usize = 64;

/// A loop with HTTP on it.
pub struct Host {
    /// The loop.
    pub engine: Loop,
    services: Vec<Option<Rc<Service>>>,
    channels: Vec<Option<Box<Channel>>>,
    requests: Slab<Request>,
    reports: VecDeque<Report>,
    /// Connections whose answer went on outside of their feed.
    moved: VecDeque<Handle>,
    feed: Option<Feed>,
    piece: View,
    /// The request whose last report is out.
    closed: Option<Handle>,
    #[expect(clippy::vec_box, reason = "they move to channels and back without being copied")]
    spare: Vec<Box<Message>>,
    /// Buffers of decoded paths, kept for the next request that is asked for its path.
    spare_paths: Vec<Vec<u8>>,
    begun: u64,
    date: [u8; date::DATE_LEN],
    date_of: u64,
    date_checked: Option<Millis>,
}

impl Host {
    /// HTTP on a loop that was made with the same settings.
    pub fn new(engine: Loop, settings: &Settings<'_>) -> Host {
        Host {
            engine,
            services: Vec::new(),
            channels: Vec::new(),
            requests: Slab::new(Kind::Request, settings.number, settings.floor),
            reports: VecDeque::new(),
            moved: VecDeque::new(),
            feed: None,
            piece: View::default(),
            closed: None,
            spare: Vec::new(),
            spare_paths: Vec::new(),
            begun: 0,
            date: date::imf_fixdate(0),
            date_of: 0,
            date_checked: None,
        }
    }

    /// Takes a service in; listeners whose owner names it speak HTTP.
    pub fn add_service(&mut self, service: Service) -> u32 {
        let free = self.services.iter().position(Option::is_none);
        let at = free.unwrap_or_else(|| {
            self.services.push(None);
            self.services.len() - 1
        });
        self.services[at] = Some(Rc::new(service));
        at as u32 + 1
    }

    /// Ends a service whose listener and connections are gone.
    pub fn remove_service(&mut self, service: u32) {
        if let Some(place) =
            (service as usize).checked_sub(1).and_then(|at| self.services.get_mut(at))
        {
            *place = None;
        }
    }

    /// Whether something is to be told, or done, before the loop is asked.
    pub fn has_reports(&self) -> bool {
        !self.reports.is_empty() || !self.moved.is_empty() || self.feed.is_some()
    }

    /// The next thing that happened in this turn; none when all is said and done.
    #[expect(clippy::should_implement_trait, reason = "what it gives is used before the next")]
    pub fn next(&mut self) -> Option<Report> {
        self.bury_closed();
        loop {
            if let Some(report) = self.reports.pop_front() {
                if let Report::Closed { request, .. } = report {
                    self.closed = Some(request);
                }
                return Some(report);
            }
            if self.feed.is_some() {
                self.feed_on();
            } else if let Some(conn) = self.moved.pop_front() {
                self.move_on(conn);
            } else {
                let notice = self.engine.next()?;
                if let Some(report) = self.take(notice) {
                    return Some(report);
                }
            }
        }
    }

    /// The program is through with the last report of a request, if one is out: its handle is gone.
    #[inline]
    pub fn bury_closed(&mut self) {
        if let Some(request) = self.closed.take() {
            self.bury(request);
        }
    }

    fn bury(&mut self, request: Handle) {
        if let Some(ended) = self.requests.remove(request)
            && let Some(mut path) = ended.path
            && self.spare_paths.len() < SPARE_MESSAGES
        {
            path.clear();
            self.spare_paths.push(path);
        }
    }

    /// What a notice of the loop means here; a report where it is not for HTTP.
    fn take(&mut self, notice: Notice) -> Option<Report> {
        let conn = match notice {
            Notice::Open(conn)
            | Notice::Data(conn, _)
            | Notice::TooLong(conn, _)
            | Notice::Drain(conn)
            | Notice::Eof(conn)
            | Notice::Idle(conn)
            | Notice::Deadline(conn)
            | Notice::Closed { conn, .. } => conn,
            Notice::Above(message) => {
                self.receive_answer(message);
                return None;
            }
            Notice::Ended(owner) => {
                self.remove_service(owner.service);
                return Some(Report::Engine(notice));
            }
            _ => return Some(Report::Engine(notice)),
        };
        let service = self.engine.conn_owner(conn).map_or(0, |owner| owner.service);
        if service == 0 {
            return Some(Report::Engine(notice));
        }
        match notice {
            Notice::Open(_) => self.open_channel(conn, service),
            Notice::Data(_, view) => self.feed = Some(Feed::new(conn, view)),
            Notice::Drain(_) => self.drained(conn),
            Notice::Eof(_) => self.take_eof(conn),
            Notice::Idle(_) => self.idle(conn),
            Notice::Deadline(_) => self.deadline(conn),
            Notice::Closed { why, .. } => self.close_channel(conn, why),
            _ => debug_assert!(false, "a connection of HTTP is raw"),
        }
        None
    }

    /// Requests begun so far.
    pub fn requests_begun(&self) -> u64 {
        self.begun
    }

    /// Requests that are not over.
    pub fn live_requests(&self) -> usize {
        self.requests.len()
    }

    /// The highest generation used by any handle of the loop.
    pub fn highest_generation(&self) -> u32 {
        self.engine.highest_generation().max(self.requests.highest())
    }

    /// A request's owner, until its last report is settled.
    pub fn request_owner(&self, request: Handle) -> Option<Owner> {
        self.requests.get(request).map(|request| request.owner)
    }

    /// Changes a request's owner.
    pub fn set_request_owner(&mut self, request: Handle, owner: Owner) -> Result<(), Status> {
        self.requests.find(request)?.owner = owner;
        Ok(())
    }

    /// A request's connection.
    pub fn request_conn(&self, request: Handle) -> Option<Handle> {
        self.requests.get(request).map(|request| request.conn)
    }

    /// The piece of the last `Report::Body`.
    pub fn piece(&self) -> &[u8] {
        self.engine.view(self.piece)
    }

    /// Ends everything in order: no new connections, no new requests; what is being answered goes
    /// on.
    pub fn drain(&mut self) {
        self.engine.close_listeners(Status::OK);
        for conn in self.engine.conn_handles() {
            // What a child writes is read to its end, which that of its input brings about.
            if self.engine.is_output(conn) {
                continue;
            }
            match self.channel(conn) {
                Some(channel) if channel.request != Handle::NONE => {
                    channel.exchange.last();
                    self.touch_channel(conn);
                }
                // One that is closed already needs no ending.
                _ => drop(self.engine.close(conn, How::Flush)),
            }
        }
    }

    /// Ends everything at once, each object with its last report.
    pub fn end_all(&mut self) {
        self.engine.end_all(Status::FREED);
    }

    fn channel(&mut self, conn: Handle) -> Option<&mut Channel> {
        self.channels.get_mut(conn.slot() as usize)?.as_deref_mut()
    }

    /// The Date of now, made afresh once a second, looked at once a turn.
    fn refresh_date(&mut self) {
        let now = self.engine.now();
        if self.date_checked != Some(now) {
            self.date_checked = Some(now);
            let unix = clock::unix_seconds();
            if unix != self.date_of {
                self.date_of = unix;
                self.date = date::imf_fixdate(unix);
            }
        }
    }
}
