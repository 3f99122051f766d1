// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a filter finds when it is run: whether there is something to report, and how much. Is not:
//! the waiting. INVARIANT: looking changes nothing, not even the error that a socket has pending.

use crate::sys::{Fd, poll};
use std::mem::MaybeUninit;

/// What a report says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct State {
    /// Bytes or connections to take; room for output.
    pub amount: isize,
    /// There will be no more of it.
    pub ended: bool,
    /// Why; 0 if in order.
    pub error: u32,
}

/// Bits of poll(2).
const BOTH_ENDED: i16 = libc::POLLHUP;
const INPUT_ENDED: i16 = libc::POLLHUP | libc::POLLRDHUP;

/// What is to be reported of a descriptor; nothing if nothing is.
pub fn of(fd: Fd, read: bool) -> Option<State> {
    match (kind(fd), read) {
        (libc::S_IFREG, _) => file(fd, read),
        (libc::S_IFSOCK, true) if option(fd, libc::SO_ACCEPTCONN) == 1 => listener(fd),
        (libc::S_IFSOCK, true) => input(fd, true),
        (libc::S_IFSOCK, false) => socket_output(fd),
        (_, true) => input(fd, false),
        (_, false) => output(fd),
    }
}

fn input(fd: Fd, socket: bool) -> Option<State> {
    let events = ready(fd, libc::POLLIN | libc::POLLRDHUP);
    let ended = events & (INPUT_ENDED | libc::POLLERR) != 0;
    let queued = match count(fd, libc::FIONREAD) {
        // There are descriptors that do not count what they have, such as that of eventfd(2).
        None | Some(0) if events & libc::POLLIN != 0 && !ended => 1,
        queued => queued.unwrap_or(0),
    };
    let error = if socket && events & libc::POLLERR != 0 { libc::ECONNRESET as u32 } else { 0 };
    (queued > 0 || ended).then_some(State { amount: queued, ended, error })
}

fn socket_output(fd: Fd) -> Option<State> {
    let events = ready(fd, libc::POLLOUT);
    let failed = events & libc::POLLERR != 0;
    let ended = failed || events & BOTH_ENDED != 0 || was_shut(fd);
    let error = if failed { libc::ECONNRESET as u32 } else { 0 };
    let room = option(fd, libc::SO_SNDBUF) as isize - count(fd, libc::TIOCOUTQ).unwrap_or(0);
    let amount = if ended { room.max(0) } else { room.max(1) };
    (ended || events & libc::POLLOUT != 0).then_some(State { amount, ended, error })
}

/// The output of a pipe, a terminal, and of what has no end.
fn output(fd: Fd) -> Option<State> {
    let events = ready(fd, libc::POLLOUT);
    let ended = events & (libc::POLLERR | BOTH_ENDED) != 0;
    // SAFETY: F_GETPIPE_SZ takes no pointer; it is refused for what is no pipe.
    let size = unsafe { libc::fcntl(fd.raw(), libc::F_GETPIPE_SZ) } as isize;
    let amount = (size - count(fd, libc::FIONREAD).unwrap_or(0)).max(if ended { 0 } else { 1 });
    (ended || events & libc::POLLOUT != 0).then_some(State { amount, ended, error: 0 })
}

/// A file can always be written; it can be read while the place is not its end.
fn file(fd: Fd, read: bool) -> Option<State> {
    // SAFETY: lseek takes no pointer, and from the current place by nothing it changes nothing.
    let place = unsafe { libc::lseek(fd.raw(), 0, libc::SEEK_CUR) };
    let amount = (status(fd)?.st_size - place) as isize;
    match read {
        true => (amount != 0).then_some(State { amount, ended: false, error: 0 }),
        false => Some(State { amount: 0, ended: false, error: 0 }),
    }
}

fn listener(fd: Fd) -> Option<State> {
    let waiting = ready(fd, libc::POLLIN) & libc::POLLIN != 0;
    waiting.then(|| State { amount: pending(fd).max(1), ended: false, error: 0 })
}

/// What poll(2) says of it now.
fn ready(fd: Fd, events: i16) -> i16 {
    let mut record = [poll::record(fd, events)];
    match poll::wait(&mut record, 0) {
        Ok(_) => record[0].revents,
        Err(_) => 0,
    }
}

fn status(fd: Fd) -> Option<libc::stat> {
    let mut status = MaybeUninit::uninit();
    // SAFETY: there is room for the answer, which is read only if the call has written it.
    unsafe { (libc::fstat(fd.raw(), status.as_mut_ptr()) == 0).then(|| status.assume_init()) }
}

/// The number of what it names; 0 if it names nothing.
pub fn inode(fd: Fd) -> u64 {
    status(fd).map_or(0, |status| status.st_ino)
}

fn kind(fd: Fd) -> libc::mode_t {
    status(fd).map_or(0, |status| status.st_mode & libc::S_IFMT)
}

/// An option of a socket that is an int.
fn option(fd: Fd, name: i32) -> i32 {
    let (mut value, mut size) = (0i32, size_of::<i32>() as libc::socklen_t);
    // SAFETY: the pointers are to an int and to its size.
    unsafe {
        let value = (&raw mut value).cast();
        libc::getsockopt(fd.raw(), libc::SOL_SOCKET, name, value, &mut size);
    }
    value
}

/// What an ioctl(2) counts; nothing if it is not for this descriptor.
fn count(fd: Fd, what: libc::Ioctl) -> Option<isize> {
    let mut value = 0i32;
    // SAFETY: both calls that are asked for write one int.
    let answer = unsafe { libc::ioctl(fd.raw(), what, &raw mut value) };
    (answer == 0).then_some(value as isize)
}

/// How many connections a listener has waiting. Of a listener this field tells that.
fn pending(fd: Fd) -> isize {
    // SAFETY: all zero is valid for it: it consists of integers.
    let mut info: libc::tcp_info = unsafe { std::mem::zeroed() };
    let mut size = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: the pointers are to a struct and to its size.
    unsafe {
        let info = (&raw mut info).cast();
        libc::getsockopt(fd.raw(), libc::IPPROTO_TCP, libc::TCP_INFO, info, &mut size);
    }
    info.tcpi_unacked as isize
}

/// Whether our end of a stream was shut: nothing can be sent, not even nothing.
fn was_shut(fd: Fd) -> bool {
    if option(fd, libc::SO_TYPE) != libc::SOCK_STREAM {
        return false;
    }
    let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
    // SAFETY: no byte is read from the pointer.
    let sent = unsafe { libc::send(fd.raw(), [0u8; 0].as_ptr().cast(), 0, flags) };
    sent < 0 && crate::sys::errno::get() == libc::EPIPE
}
