// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the loop says: one notice at a time, in the order in which things happened to each object.

use super::pool::Outcome;
use crate::base::{Handle, Status};
use crate::net::Owner;
use std::any::Any;

/// Where the bytes of a notice are: positions in the unread bytes of the connection being stepped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct View {
    /// Where they start.
    pub start: usize,
    /// How many they are.
    pub len: usize,
}

/// A job of another thread, as the words that its maker understands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parcel(pub [usize; 3]);

/// What comes through the door from other threads.
pub enum Message {
    /// Run this.
    Post(Parcel),
    /// Send this on a connection.
    Send(Handle, Vec<u8>),
    /// Close a connection.
    Close(Handle, How),
    /// A job of a pool is done.
    Done(Handle, Box<Outcome>),
    /// For a layer above.
    Above(Box<dyn Any + Send>),
}

/// What a watched descriptor is ready for.
pub use super::watch::Ready;

/// How to close.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// Send what is queued, then end in order.
    Flush,
    /// At once.
    Now,
    /// At once, with a reset.
    Reset,
}

/// One thing that happened. An object's last notice is its `…Closed`, said once.
pub enum Notice {
    /// A connection is open.
    Open(Handle),
    /// Bytes, a line or a frame.
    Data(Handle, View),
    /// The first bytes of a line above the cap.
    TooLong(Handle, View),
    /// The queue fell to its low water after a FULL.
    Drain(Handle),
    /// The peer ended its input.
    Eof(Handle),
    /// Nothing came for the idle time.
    Idle(Handle),
    /// The deadline that the protocol above set has passed.
    Deadline(Handle),
    /// A connection is over.
    Closed {
        /// The connection; live until the next notice is asked for.
        conn: Handle,
        /// Why.
        why: Status,
        /// The operating system's number, or 0.
        os_error: i32,
    },
    /// A timer fired.
    Timer(Handle),
    /// A watched descriptor is ready.
    Ready(Handle, Ready),
    /// A job of a pool is done, or will not be: `Loop::job_outcome` says which. It is live until
    /// `Loop::end_job`.
    Done(Handle),
    /// A post was sent.
    Sent(Handle),
    /// A child has exited and its output has ended; its streams have said their last words.
    ChildExit {
        /// The child; live until it is buried.
        child: Handle,
        /// What it gave to exit(3); -1 if a signal ended it, or if that is not known.
        code: i32,
        /// The signal that ended it, or 0.
        signal: i32,
        /// Whether somebody other than itself ended it.
        why: Status,
    },
    /// A signal came.
    Signal {
        /// Who watches it.
        handle: Handle,
        /// The system's number.
        number: i32,
        /// How often, since it was told last; at least 1.
        count: u32,
    },
    /// A timer, a watcher, a post, or a listener with all of its connections, is gone: its owner's
    /// words are given back.
    Ended(Owner),
    /// A listener stopped accepting.
    Paused {
        /// The listener.
        listener: Handle,
        /// Why.
        why: Status,
        /// The operating system's number, or 0.
        os_error: i32,
    },
    /// It accepts again.
    Resumed(Handle),
    /// A listener is over.
    ListenerClosed {
        /// The listener; gone once the last of its connections is, too.
        listener: Handle,
        /// Why.
        why: Status,
    },
    /// A job of another thread.
    Post(Parcel),
    /// For a layer above.
    Above(Box<dyn Any + Send>),
}
