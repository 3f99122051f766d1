// SPDX-License-Identifier: MIT OR Apache-2.0
//! Answering: in one shot, streamed, from another thread, or by the library itself where the peer
//! broke HTTP. INVARIANT: an answer that is refused has changed nothing.

use super::{Host, Report};
use crate::base::{Handle, Status};
use crate::codec::Fault;
use crate::codec::http1::exchange::{Framing, WriteSide};
use crate::codec::http1::write;
use crate::engine::How;
use std::any::Any;

/// A header field of an answer.
pub type Field<'a> = (&'a [u8], &'a [u8]);

/// Bytes that a head takes besides the application's fields, at the most.
const HEAD_ROOM: usize = 256;

/// Bytes that a chunk takes besides its data, at the most.
const CHUNK_ROOM: usize = 20;

/// An answer that comes from another thread, complete.
pub struct Answer {
    /// The request.
    pub request: Handle,
    /// The status.
    pub status: u16,
    /// The application's fields.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Host {
    /// Answers a request whole.
    pub fn respond(
        &mut self,
        request: Handle,
        status: u16,
        fields: &[Field<'_>],
        body: &[u8],
    ) -> Result<Status, Status> {
        let conn = self.begin_answer(request, status, fields, Some(body.len() as u64), body)?;
        let channel = self.channel(conn).ok_or(Status::GONE)?;
        let ended = channel.exchange.end();
        debug_assert!(ended.is_ok(), "it was begun above");
        self.touch_channel(conn);
        Ok(self.engine.fullness(conn))
    }

    /// Begins an answer whose body is written piece by piece; without `length` it is chunked, or to
    /// HTTP/1.0 ended by the end of the connection.
    pub fn begin(
        &mut self,
        request: Handle,
        status: u16,
        fields: &[Field<'_>],
        length: Option<u64>,
    ) -> Result<Status, Status> {
        let conn = self.begin_answer(request, status, fields, length, &[])?;
        self.touch_channel(conn);
        Ok(self.engine.fullness(conn))
    }

    /// Writes the head, and `body` behind it where the answer has one.
    fn begin_answer(
        &mut self,
        request: Handle,
        status: u16,
        fields: &[Field<'_>],
        length: Option<u64>,
        body: &[u8],
    ) -> Result<Handle, Status> {
        self.refresh_date();
        let date = self.date;
        let conn = self.requests.find(request)?.conn;
        let channel = self.channel(conn).ok_or(Status::GONE)?;
        if channel.request != request {
            return Err(Status::STATE);
        }
        let mut exchange = channel.exchange;
        let plan = exchange.begin(status, length)?;
        let body = if plan.body { body } else { &[] };
        let lines: usize = fields.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        let mut written = Ok(());
        self.engine.send_pair(conn, HEAD_ROOM + lines, body, |buffer| {
            written = write::head(buffer, status, &plan, &date, fields.iter().copied());
            written.is_ok()
        })?;
        written?;
        let found = self.requests.find(request)?;
        found.framing = Some(plan.framing);
        found.sends_body = plan.body;
        found.owed = match plan.framing {
            Framing::Length(length) if plan.body => length - body.len() as u64,
            Framing::Length(_) | Framing::Nothing | Framing::Chunked | Framing::Close => 0,
        };
        self.channel(conn).ok_or(Status::GONE)?.exchange = exchange;
        Ok(conn)
    }

    /// Writes a piece of a streamed answer's body.
    pub fn write(&mut self, request: Handle, data: &[u8]) -> Result<Status, Status> {
        let found = self.requests.find(request)?;
        let conn = found.conn;
        let framing = found.framing.ok_or(Status::STATE)?;
        let sends_body = found.sends_body;
        if self.channel(conn).ok_or(Status::GONE)?.exchange.write_side() != WriteSide::Body {
            return Err(Status::STATE);
        }
        match framing {
            Framing::Length(0) if !data.is_empty() => Err(Status::LIMIT),
            _ if !sends_body => Ok(Status::OK),
            Framing::Length(_) => {
                let found = self.requests.find(request)?;
                let owed = found.owed.checked_sub(data.len() as u64).ok_or(Status::LIMIT)?;
                let sent = self.engine.send(conn, data)?;
                self.requests.find(request)?.owed = owed;
                Ok(sent)
            }
            Framing::Chunked => {
                let room = data.len() + CHUNK_ROOM;
                self.engine.send_with(conn, room, |buffer| write::chunk(buffer, data))
            }
            Framing::Close => self.engine.send(conn, data),
            Framing::Nothing => Ok(Status::OK),
        }
    }

    /// Ends a streamed answer; `STATE` while it owes bytes that its length promised.
    pub fn finish(&mut self, request: Handle) -> Result<Status, Status> {
        let found = self.requests.find(request)?;
        let (conn, chunked) = (found.conn, found.framing == Some(Framing::Chunked));
        if found.owed > 0 {
            return Err(Status::STATE);
        }
        let last = chunked && found.sends_body;
        let channel = self.channel(conn).ok_or(Status::GONE)?;
        let mut exchange = channel.exchange;
        exchange.end()?;
        if last {
            self.engine.send(conn, write::LAST_CHUNK)?;
        }
        self.channel(conn).ok_or(Status::GONE)?.exchange = exchange;
        self.touch_channel(conn);
        Ok(self.engine.fullness(conn))
    }

    /// Gives an answer up: what was written goes out, then the connection ends, so that the client
    /// sees that something is missing.
    pub fn abort(&mut self, request: Handle) -> Result<(), Status> {
        let conn = self.requests.find(request)?.conn;
        let channel = self.channel(conn).ok_or(Status::GONE)?;
        if channel.request != request {
            return Err(Status::STATE);
        }
        channel.exchange.abort()?;
        self.touch_channel(conn);
        Ok(())
    }

    /// An answer came from another thread. If the request is over its last report has said so.
    pub(super) fn receive_answer(&mut self, message: Box<dyn Any + Send>) {
        if let Ok(answer) = message.downcast::<Answer>() {
            let fields: Vec<Field<'_>> =
                answer.fields.iter().map(|(name, value)| (&name[..], &value[..])).collect();
            match self.respond(answer.request, answer.status, &fields, &answer.body) {
                Ok(_) => {}
                Err(why @ (Status::GONE | Status::STATE)) => {
                    self.engine.count_dropped(answer.request, why, answer.body.len());
                }
                Err(why) => self.fail_request(answer.request, why),
            }
        }
    }

    /// An answer that cannot be given ends the connection with its reason: nobody waits for it.
    fn fail_request(&mut self, request: Handle, why: Status) {
        if let Some(conn) = self.request_conn(request) {
            // One that ended meanwhile has a reason already.
            let _ = self.engine.fail(conn, why);
        }
    }

    /// The peer broke HTTP, or a deadline: answers if no answer has begun, and ends the connection.
    pub(super) fn reject(&mut self, conn: Handle, fault: Fault) {
        self.refresh_date();
        let date = self.date;
        let Some(channel) = self.channel(conn) else { return };
        if let Some(message) = channel.message.as_ref() {
            channel.exchange.read_method(message.head().known);
        }
        channel.exchange.read_fault();
        let request = std::mem::replace(&mut channel.request, Handle::NONE);
        let mut exchange = channel.exchange;
        if fault.http > 0 && exchange.write_side() == WriteSide::Head {
            let page = write::page(fault.http);
            if let Ok(plan) = exchange.begin(fault.http, Some(page.len() as u64)) {
                let body: &[u8] = if plan.body { &page } else { &[] };
                let fields: [Field<'_>; 1] = [(b"Content-Type", write::PAGE_TYPE)];
                // A peer that took nothing of what is queued, up to the limit, gets no page either.
                let _ = self.engine.send_pair(conn, HEAD_ROOM, body, |buffer| {
                    write::head(buffer, fault.http, &plan, &date, fields).is_ok()
                });
                let _ = exchange.end();
            }
            self.reports.push_back(Report::Rejected {
                conn,
                reason: fault.reason,
                http: fault.http,
            });
        }
        if let Some(channel) = self.channel(conn) {
            channel.exchange = exchange;
        }
        if request != Handle::NONE {
            self.close_request(request, fault.status);
        }
        let _ = self.engine.close(conn, How::Flush);
    }
}
