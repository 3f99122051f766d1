// SPDX-License-Identifier: MIT OR Apache-2.0
//! HTTP/1.1 on connections: requests in, responses out.

#![forbid(unsafe_code)]

use crate::base::{Handle, Status};
use crate::engine::{Loop, Notice, Settings};
use crate::net::Owner;

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
}

/// A loop with HTTP on it.
pub struct Host {
    /// The loop.
    pub engine: Loop,
}
#[allow(missing_docs)]
impl Host {
    pub fn new(engine: Loop, _: &Settings<'_>) -> Host {
        Host { engine }
    }
    #[expect(clippy::should_implement_trait, reason = "what it gives is used before the next")]
    pub fn next(&mut self) -> Option<Report> {
        self.engine.next().map(Report::Engine)
    }
    pub fn request_owner(&self, _: Handle) -> Option<Owner> {
        None
    }
    pub fn request_conn(&self, _: Handle) -> Option<Handle> {
        None
    }
    pub fn piece(&self) -> &[u8] {
        &[]
    }
    pub fn requests_begun(&self) -> u64 {
        0
    }
    pub fn live_requests(&self) -> usize {
        0
    }
    pub fn drain(&mut self) {
        self.engine.drain()
    }
    pub fn end_all(&mut self) {
        self.engine.end_all(Status::FREED)
    }
    pub fn highest_generation(&self) -> u32 {
        self.engine.highest_generation()
    }
}
