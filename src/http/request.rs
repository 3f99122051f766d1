// SPDX-License-Identifier: MIT OR Apache-2.0
//! A request that is being served: its head, its gathered body, its owner. While the engine lends
//! the bytes it came in, it borrows them; when they go, what it needs is stored.

use super::Host;
use crate::base::{Handle, Status};
use crate::codec::http1::exchange::Framing;
use crate::codec::http1::{Head, Message, target};
use crate::engine::{Loop, View};
use crate::net::Owner;

/// A request.
pub(super) struct Request {
    pub conn: Handle,
    pub owner: Owner,
    head: Gathered,
    body: Gathered,
    pub path: Option<Vec<u8>>,
    /// The decoder that has its head, once the connection that had it is over.
    pub message: Option<Box<Message>>,
    /// How the streamed answer is framed; none before it began.
    pub framing: Option<Framing>,
    /// Body bytes that the answer still owes, where their number was told.
    pub owed: u64,
    /// True exactly when the answer's body goes onto the wire.
    pub sends_body: bool,
    /// True exactly when a report of it is out or queued: only then it has a last one.
    pub told: bool,
    /// True exactly when its last report is out or queued.
    pub ended: bool,
}

/// Bytes of a request.
pub(super) enum Gathered {
    /// None yet.
    Nothing,
    /// Among the bytes that the engine lends.
    View(View),
    /// Stored.
    Owned(Vec<u8>),
}

impl Gathered {
    fn bytes<'a>(&'a self, engine: &'a Loop) -> &'a [u8] {
        match self {
            Gathered::Nothing => &[],
            Gathered::View(view) => engine.view(*view),
            Gathered::Owned(bytes) => bytes,
        }
    }

    fn store(&mut self, engine: &Loop) {
        if let Gathered::View(view) = self {
            *self = Gathered::Owned(engine.view(*view).to_vec());
        }
    }
}

impl Request {
    pub fn new(conn: Handle, owner: Owner, (start, len): (usize, usize)) -> Request {
        Request {
            conn,
            owner,
            head: Gathered::View(View { start, len }),
            body: Gathered::Nothing,
            path: None,
            message: None,
            framing: None,
            owed: 0,
            sends_body: false,
            told: false,
            ended: false,
        }
    }

    /// Takes a piece of the body in.
    pub fn gather(&mut self, view: View, engine: &Loop) {
        match &mut self.body {
            Gathered::Nothing => self.body = Gathered::View(view),
            Gathered::View(_) => {
                self.body.store(engine);
                self.gather(view, engine);
            }
            Gathered::Owned(bytes) => bytes.extend_from_slice(engine.view(view)),
        }
    }

    /// The lent bytes go: keeps its own copy of what it needs.
    pub fn store(&mut self, engine: &Loop) {
        self.head.store(engine);
        self.body.store(engine);
    }
}

/// The head of a request with the bytes that it is of.
#[derive(Clone, Copy)]
pub struct Lent<'a> {
    /// The head.
    pub head: &'a Head,
    /// Its bytes.
    pub bytes: &'a [u8],
}

impl Host {
    /// The head of a request; until its last report is settled.
    pub fn head(&self, request: Handle) -> Result<Lent<'_>, Status> {
        let found = self.requests.get(request).ok_or(Status::GONE)?;
        let channel = self.channels.get(found.conn.slot() as usize).and_then(Option::as_ref);
        let message = channel.and_then(|channel| channel.message.as_ref());
        let message = found.message.as_ref().or(message).ok_or(Status::GONE)?;
        Ok(Lent { head: message.head(), bytes: found.head.bytes(&self.engine) })
    }

    /// The gathered body of a request.
    pub fn body(&self, request: Handle) -> Result<&[u8], Status> {
        let found = self.requests.get(request).ok_or(Status::GONE)?;
        Ok(found.body.bytes(&self.engine))
    }

    /// The path of a request, decoded and without dot segments; `PATH` if it has none below the
    /// root.
    pub fn path(&mut self, request: Handle) -> Result<&[u8], Status> {
        if self.requests.find(request)?.path.is_none() {
            let mut path = self.spare_paths.pop().unwrap_or_default();
            let lent = self.head(request)?;
            let parts = target::split(lent.head.known, lent.head.target.of(lent.bytes));
            target::decode_path(parts.map_err(|_| Status::PATH)?.path, &mut path)?;
            self.requests.find(request)?.path = Some(path);
        }
        Ok(self.requests.find(request)?.path.as_deref().unwrap_or_default())
    }

    /// What stands behind `?` in the target, as it came; empty where there is none.
    pub fn query(&self, request: Handle) -> Result<&[u8], Status> {
        let lent = self.head(request)?;
        let parts = target::split(lent.head.known, lent.head.target.of(lent.bytes));
        Ok(parts.ok().and_then(|parts| parts.query).unwrap_or_default())
    }

    /// Whether the end of the request's answer is the end of the connection, so that a cut answer
    /// has to end it in another way.
    pub(super) fn ends_by_close(&self, request: Handle) -> bool {
        self.requests.get(request).is_some_and(|request| request.framing == Some(Framing::Close))
    }
}
