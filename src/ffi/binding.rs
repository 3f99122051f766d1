// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which callbacks and which user pointer belong to an object. The layers below keep two words with
//! an object (its class and a word of its own); here is what they mean. INVARIANT: a user pointer
//! that was taken is given back exactly once.

use super::call::{Call, DataFn, PlainFn, User};
use super::child_options::wc_exit_fn;
use super::conn_options::wc_conn_callbacks;
use super::event::{self, wc_event};
use super::http::wc_http_callbacks;
use super::job::wc_done_fn;
use super::listener::wc_listener_callbacks;
use super::post::SentFn;
use super::signal::wc_signal_fn;
use super::timer::TimerFn;
use super::watch::wc_watch_fn;
use crate::base::Status;
use crate::base::limits::RELEASES;
use crate::net::Owner;
use std::collections::VecDeque;
use std::ffi::c_void;

/// The callbacks of an object's class. The tables are large and shared by many connections; the
/// others are one function, and there may be a million of them.
pub(super) enum Callbacks {
    /// A listener of plain connections, or an outbound connection.
    Conn(Box<(wc_conn_callbacks, wc_listener_callbacks)>),
    /// A listener of HTTP.
    Http(Box<(wc_http_callbacks, wc_listener_callbacks)>),
    /// A timer.
    Timer(TimerFn),
    /// A watcher of a descriptor.
    Watch(wc_watch_fn),
    /// A job of a pool.
    Job(wc_done_fn),
    /// A post.
    Post(SentFn),
    /// A child.
    Child(wc_exit_fn),
    /// A watcher of a signal.
    Signal(wc_signal_fn),
}

impl Callbacks {
    /// The callback for an event, with its arguments; none where the program has none.
    pub fn call(&self, e: &wc_event) -> Option<Call> {
        let plain = |f: Option<PlainFn>| f.map(|f| Call::Plain(f, e.object, e.user));
        match (self, e.kind) {
            (Callbacks::Timer(f), event::WC_EVENT_TIMER) => plain(*f),
            (Callbacks::Watch(f), event::WC_EVENT_WATCH) => {
                f.map(|f| Call::Ready(f, e.object, e.detail as u32, e.user))
            }
            (Callbacks::Job(f), event::WC_EVENT_JOB) => {
                f.map(|f| Call::Done(f, e.object, e.status, e.os_error, e.data, e.len, e.user))
            }
            (Callbacks::Post(f), event::WC_EVENT_POST) => plain(*f),
            (Callbacks::Child(f), event::WC_EVENT_CHILD_EXIT) => {
                f.map(|f| Call::Exit(f, e.object, e.detail, e.os_error, e.status, e.user))
            }
            (Callbacks::Signal(f), event::WC_EVENT_SIGNAL) => {
                f.map(|f| Call::Signal(f, e.object, e.detail, e.os_error as u32, e.user))
            }
            (
                Callbacks::Timer(_)
                | Callbacks::Watch(_)
                | Callbacks::Signal(_)
                | Callbacks::Job(_)
                | Callbacks::Post(_)
                | Callbacks::Child(_),
                _,
            ) => None,
            (Callbacks::Conn(both), _) => {
                conn_call(&both.0, e).or_else(|| listener_call(&both.1, e))
            }
            (Callbacks::Http(both), _) => {
                http_call(&both.0, e).or_else(|| listener_call(&both.1, e))
            }
        }
    }
}

fn conn_call(c: &wc_conn_callbacks, e: &wc_event) -> Option<Call> {
    let plain = |f: Option<PlainFn>| f.map(|f| Call::Plain(f, e.object, e.user));
    let data = |f: Option<DataFn>| f.map(|f| Call::Data(f, e.object, e.data, e.len, e.user));
    match e.kind {
        event::WC_EVENT_DATA => data(c.on_data),
        event::WC_EVENT_OPEN => plain(c.on_open),
        event::WC_EVENT_TOO_LONG => data(c.on_too_long),
        event::WC_EVENT_DRAIN => plain(c.on_drain),
        event::WC_EVENT_EOF => plain(c.on_eof),
        event::WC_EVENT_IDLE => plain(c.on_idle),
        event::WC_EVENT_CLOSE => {
            c.on_close.map(|f| Call::Why(f, e.object, e.status, e.os_error, e.user))
        }
        _ => None,
    }
}

fn http_call(h: &wc_http_callbacks, e: &wc_event) -> Option<Call> {
    let plain = |f: Option<PlainFn>| f.map(|f| Call::Plain(f, e.object, e.user));
    match e.kind {
        event::WC_EVENT_REQUEST => plain(h.on_request),
        event::WC_EVENT_HEAD => plain(h.on_head),
        event::WC_EVENT_BODY => h.on_body.map(|f| Call::Data(f, e.object, e.data, e.len, e.user)),
        event::WC_EVENT_END => plain(h.on_end),
        event::WC_EVENT_REQUEST_DRAIN => plain(h.on_drain),
        event::WC_EVENT_REQUEST_CLOSE => {
            h.on_close.map(|f| Call::End(f, e.object, e.status, e.user))
        }
        event::WC_EVENT_REJECT => {
            h.on_reject.map(|f| Call::Why(f, e.object, e.status, e.os_error, e.user))
        }
        _ => None,
    }
}

fn listener_call(l: &wc_listener_callbacks, e: &wc_event) -> Option<Call> {
    match e.kind {
        event::WC_EVENT_PAUSE => {
            l.on_pause.map(|f| Call::Why(f, e.object, e.status, e.os_error, e.user))
        }
        event::WC_EVENT_RESUME => l.on_resume.map(|f| Call::Plain(f, e.object, e.user)),
        event::WC_EVENT_LISTENER_CLOSE => {
            l.on_close.map(|f| Call::End(f, e.object, e.status, e.user))
        }
        _ => None,
    }
}

/// A class: callbacks with the user pointer that goes to them.
pub(super) struct Binding {
    pub callbacks: Callbacks,
    pub user: User,
}

/// All classes of a loop, the user pointers of single objects, and what is to be given back.
#[derive(Default)]
pub(super) struct Bindings {
    classes: Vec<Option<Binding>>,
    free_classes: Vec<u32>,
    users: Vec<Option<User>>,
    free_users: Vec<usize>,
    releases: VecDeque<User>,
}

impl Bindings {
    /// Takes a class in; an owner of that class names it.
    pub fn insert(&mut self, binding: Binding) -> Owner {
        let class = match self.free_classes.pop() {
            Some(class) => {
                self.classes[class as usize] = Some(binding);
                class
            }
            None => {
                self.classes.push(Some(binding));
                self.classes.len() as u32 - 1
            }
        };
        Owner { class, service: 0, word: 0 }
    }

    /// The object that the class was made for is gone.
    pub fn remove(&mut self, owner: Owner) {
        if let Some(binding) = self.classes[owner.class as usize].take() {
            self.free_classes.push(owner.class);
            self.release_later(binding.user);
        }
    }

    /// Whether one more user pointer is taken. What a callback makes and ends in a circle is kept
    /// until it returns; there is a limit to it.
    pub fn expect_room(&self) -> Result<(), Status> {
        if self.releases.len() >= RELEASES { Err(Status::LIMIT) } else { Ok(()) }
    }

    /// Forgets a class whose object was never made; its user pointer is the caller's to give back.
    pub fn take_back(&mut self, owner: Owner) {
        if self.classes[owner.class as usize].take().is_some() {
            self.free_classes.push(owner.class);
        }
    }

    /// The callbacks of an object.
    #[inline]
    pub fn callbacks(&self, owner: Owner) -> Option<&Callbacks> {
        Some(&self.classes.get(owner.class as usize)?.as_ref()?.callbacks)
    }

    /// The user pointer of an object: its own, else its class's.
    #[inline]
    pub fn user(&self, owner: Owner) -> *mut c_void {
        let own = match owner.word {
            0 => None,
            word => self.users[word as usize - 1].as_ref(),
        };
        let of_class =
            || self.classes.get(owner.class as usize).and_then(Option::as_ref).map(|b| &b.user);
        own.or_else(of_class).map_or(std::ptr::null_mut(), |user| user.ptr)
    }

    /// Gives an object a user pointer of its own; one that it had is given back.
    pub fn set_user(&mut self, mut owner: Owner, user: User) -> Owner {
        self.drop_user(owner);
        let slot = self.free_users.pop().unwrap_or_else(|| {
            self.users.push(None);
            self.users.len() - 1
        });
        self.users[slot] = Some(user);
        owner.word = slot as u64 + 1;
        owner
    }

    /// An object is gone: a user pointer of its own is given back.
    pub fn drop_user(&mut self, owner: Owner) {
        if owner.word > 0 {
            let slot = owner.word as usize - 1;
            if let Some(user) = self.users[slot].take() {
                self.release_later(user);
            }
            self.free_users.push(slot);
        }
    }

    /// Gives a user pointer back when the program is called next, if it wants it back.
    pub fn release_later(&mut self, user: User) {
        if user.free.is_some() {
            self.releases.push_back(user);
        }
    }

    /// Whether a user pointer is to be given back.
    pub fn has_release(&self) -> bool {
        !self.releases.is_empty()
    }

    /// The next user pointer to give back.
    pub fn next_release(&mut self) -> Option<Call> {
        self.releases.pop_front().map(Call::Free)
    }
}
