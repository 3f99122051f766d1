// SPDX-License-Identifier: MIT OR Apache-2.0
//! What happened, as the event that the program gets. Is not: what is left to do when the program
//! is through with it, which `settle` does. INVARIANT: one report makes one event or none.

use super::super::event::{self, wc_event};
use super::super::give::{self, Versioned};
use super::super::types::wc_str;
use super::{After, Core, drop_of};
use crate::base::Handle;
use crate::engine::{Found, Notice, View};
use crate::http::Report;
use crate::net::Owner;
use std::ffi::c_int;

impl Core {
    /// Makes an event of what happened. False: it is nothing that the program is told.
    pub(super) fn describe(&mut self, report: Report) -> bool {
        let (kind, object) = match &report {
            Report::Engine(notice) => return self.describe_notice(notice),
            Report::Request(request) => (event::WC_EVENT_REQUEST, *request),
            Report::Head(request) => (event::WC_EVENT_HEAD, *request),
            Report::Body(request) => (event::WC_EVENT_BODY, *request),
            Report::End(request) => (event::WC_EVENT_END, *request),
            Report::Drain(request) => (event::WC_EVENT_REQUEST_DRAIN, *request),
            Report::Closed { request, .. } => (event::WC_EVENT_REQUEST_CLOSE, *request),
            Report::Rejected { conn, reason, http } => {
                self.begin_conn(event::WC_EVENT_REJECT, *conn);
                self.event.status = *reason;
                self.event.os_error = i32::from(*http);
                return true;
            }
        };
        let owner = self.host.request_owner(object).unwrap_or_default();
        self.begin(kind, object, owner);
        self.event.parent = self.host.request_conn(object).map_or(0, |conn| conn.0);
        match report {
            Report::Body(_) => self.lend(|core| give::lend(core.host.piece())),
            Report::Closed { why, .. } => {
                self.event.status = why.0;
                self.after = After::Request(owner);
            }
            _ => {}
        }
        true
    }

    fn describe_notice(&mut self, notice: &Notice) -> bool {
        match *notice {
            Notice::Open(conn) => {
                self.begin_conn(event::WC_EVENT_OPEN, conn);
                let child = self.host.engine.stream_child(conn);
                let listener = || self.host.engine.conn_listener(conn).ok();
                self.event.parent = child.or_else(listener).map_or(0, |parent| parent.0);
            }
            Notice::Data(conn, view) => self.begin_view(event::WC_EVENT_DATA, conn, view),
            Notice::TooLong(conn, view) => self.begin_view(event::WC_EVENT_TOO_LONG, conn, view),
            Notice::Drain(conn) => self.begin_conn(event::WC_EVENT_DRAIN, conn),
            Notice::Eof(conn) => self.begin_conn(event::WC_EVENT_EOF, conn),
            Notice::Idle(conn) => self.begin_conn(event::WC_EVENT_IDLE, conn),
            Notice::Closed { conn, why, os_error } => {
                self.begin_conn(event::WC_EVENT_CLOSE, conn);
                self.event.status = why.0;
                self.event.os_error = os_error;
                let alone = self.host.engine.conn_listener(conn) == Ok(Handle::NONE);
                self.after = After::Conn(self.owner, alone);
            }
            Notice::Paused { listener, why, os_error } => {
                self.begin_listener(event::WC_EVENT_PAUSE, listener);
                self.event.status = why.0;
                self.event.os_error = os_error;
            }
            Notice::Resumed(listener) => self.begin_listener(event::WC_EVENT_RESUME, listener),
            Notice::ListenerClosed { listener, why } => {
                self.begin_listener(event::WC_EVENT_LISTENER_CLOSE, listener);
                self.event.status = why.0;
            }
            // A loop that is freed waits for jobs of pools, and runs no others meanwhile.
            Notice::Post(parcel) if self.freeing => {
                self.bindings.release_later(drop_of(&parcel));
                return false;
            }
            Notice::Post(parcel) => {
                self.begin(event::WC_EVENT_POST, Handle::NONE, Owner::default());
                self.event.user = std::ptr::with_exposed_provenance_mut(parcel.0[1]);
                self.after = After::Post(parcel);
            }
            Notice::Ended(owner) => {
                self.bindings.remove(owner);
                return false;
            }
            Notice::Deadline(_) | Notice::Above(_) => return false,
            _ => self.describe_small(notice),
        }
        true
    }

    /// What happens to an object that is not a listener or a connection.
    fn describe_small(&mut self, notice: &Notice) {
        match *notice {
            Notice::Timer(timer) => {
                let owner = self.host.engine.timer_owner(timer).unwrap_or_default();
                self.begin(event::WC_EVENT_TIMER, timer, owner);
                self.after = After::Fired;
            }
            Notice::Ready(watch, ready) => {
                let owner = self.host.engine.watch_owner(watch).unwrap_or_default();
                self.begin(event::WC_EVENT_WATCH, watch, owner);
                self.event.detail = i32::from(ready.bits());
            }
            Notice::ChildExit { child, code, signal, why } => {
                let owner = self.host.engine.child_owner(child).unwrap_or_default();
                self.begin(event::WC_EVENT_CHILD_EXIT, child, owner);
                self.event.detail = code;
                self.event.os_error = signal;
                self.event.status = why.0;
                self.after = After::Child(owner);
            }
            Notice::Signal { handle, number, count } => {
                let owner = self.host.engine.signal_owner(handle).unwrap_or_default();
                self.begin(event::WC_EVENT_SIGNAL, handle, owner);
                self.event.detail = number;
                self.event.os_error = i32::try_from(count).unwrap_or(i32::MAX);
            }
            Notice::Done(job) => self.begin_job(job),
            Notice::Sent(post) => {
                let owner = self.host.engine.post_owner(post).unwrap_or_default();
                self.begin(event::WC_EVENT_POST, post, owner);
            }
            _ => debug_assert!(false, "the caller knows the others"),
        }
    }

    fn begin(&mut self, kind: c_int, object: Handle, owner: Owner) {
        self.owner = owner;
        self.event = wc_event {
            kind,
            object: object.0,
            user: self.bindings.user(owner),
            ..wc_event::defaults()
        };
    }

    fn begin_conn(&mut self, kind: c_int, conn: Handle) {
        let owner = self.host.engine.conn_owner(conn).unwrap_or_default();
        self.begin(kind, conn, owner);
    }

    fn begin_job(&mut self, job: Handle) {
        let owner = self.host.engine.job_owner(job).unwrap_or_default();
        self.begin(event::WC_EVENT_JOB, job, owner);
        self.after = After::Job(owner);
        self.event.parent = self.host.engine.job_pool(job).map_or(0, |pool| pool.0);
        if let Ok(outcome) = self.host.engine.job_outcome(job) {
            self.event.status = outcome.status.0;
            self.event.os_error = outcome.os_error;
            if let Found::Bytes(bytes) = &outcome.found {
                let bytes = give::lend(bytes);
                (self.event.data, self.event.len) = (bytes.ptr, bytes.len);
            }
        }
    }

    fn begin_listener(&mut self, kind: c_int, listener: Handle) {
        let owner = self.host.engine.listener_owner(listener).unwrap_or_default();
        self.begin(kind, listener, owner);
    }

    fn begin_view(&mut self, kind: c_int, conn: Handle, view: View) {
        self.begin_conn(kind, conn);
        self.lend(|core| give::lend(core.host.engine.view(view)));
    }

    fn lend(&mut self, view: impl FnOnce(&Core) -> wc_str) {
        let view = view(self);
        self.event.data = view.ptr;
        self.event.len = view.len;
    }
}
