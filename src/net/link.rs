// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a connection receives from and sends to: a socket, or something boxed behind the same four
//! verbs (a script in tests, TLS later). Is not: buffers or state.

use crate::sys::Fd;
use crate::sys::fd::{AsFd, Owned};
use crate::sys::socket::{self, Io};

/// A transport other than a plain socket.
pub trait Transport {
    /// The descriptor to watch.
    fn fd(&self) -> Fd;
    /// Appends at most `max` received bytes to `buffer`.
    fn recv(&mut self, buffer: &mut Vec<u8>, max: usize) -> Io;
    /// Sends the start of `first` followed by `second`.
    fn send(&mut self, first: &[u8], second: &[u8]) -> Io;
    /// Tells the peer that no more is sent.
    fn shutdown(&mut self);
    /// The pending error, as SO_ERROR gives it; 0 for none.
    fn error(&self) -> i32;
}

/// The transport of a connection.
pub enum Link {
    /// A stream socket, the common case, without indirection.
    Socket(Owned),
    /// Anything else.
    Boxed(Box<dyn Transport>),
}

impl Link {
    /// The descriptor to watch.
    pub fn fd(&self) -> Fd {
        match self {
            Link::Socket(fd) => Fd::of(fd),
            Link::Boxed(transport) => transport.fd(),
        }
    }

    /// Appends at most `max` received bytes to `buffer`.
    pub fn recv(&mut self, buffer: &mut Vec<u8>, max: usize) -> Io {
        match self {
            Link::Socket(fd) => socket::recv_append(fd.as_fd(), buffer, max),
            Link::Boxed(transport) => transport.recv(buffer, max),
        }
    }

    /// Sends the start of `first` followed by `second`, in one call.
    pub fn send(&mut self, first: &[u8], second: &[u8]) -> Io {
        match self {
            Link::Socket(fd) if second.is_empty() => socket::send(fd.as_fd(), first),
            Link::Socket(fd) if first.is_empty() => socket::send(fd.as_fd(), second),
            Link::Socket(fd) => socket::send2(fd.as_fd(), first, second),
            Link::Boxed(transport) => transport.send(first, second),
        }
    }

    /// Tells the peer that no more is sent; a peer that is gone already shows at the next read.
    pub fn shutdown(&mut self) {
        match self {
            Link::Socket(fd) => {
                let _ = socket::shutdown_write(fd.as_fd());
            }
            Link::Boxed(transport) => transport.shutdown(),
        }
    }

    /// The pending error, taken from the socket (SO_ERROR); 0 for none.
    pub fn error(&self) -> i32 {
        match self {
            Link::Socket(fd) => socket::take_error(fd.as_fd()),
            Link::Boxed(transport) => transport.error(),
        }
    }

    /// The socket, if it is one.
    pub fn socket(&self) -> Option<&Owned> {
        match self {
            Link::Socket(fd) => Some(fd),
            Link::Boxed(_) => None,
        }
    }
}
