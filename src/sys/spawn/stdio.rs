// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a child can have as its standard input, output and error. INVARIANT: every descriptor made
//! here is close-on-exec; the child's copy of it, made by dup2(2), is not.

use super::super::fault::{self, Call};
use super::super::{Fd, check};
use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// How a file is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Open {
    /// To be read.
    Read,
    /// To be written anew; made if it is not there.
    Write,
    /// To be written at its end; made if it is not there.
    Append,
}

/// Opens a file for a child. It does not wait: a FIFO that nobody reads is ENXIO to a writer.
pub fn open(path: &CStr, how: Open) -> io::Result<OwnedFd> {
    let flags = match how {
        Open::Read => libc::O_RDONLY,
        Open::Write => libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC,
        Open::Append => libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND,
    };
    let flags = flags | libc::O_CLOEXEC | libc::O_NOCTTY | libc::O_NONBLOCK;
    // SAFETY: the path ends with its NUL; the mode is the argument that O_CREAT asks for.
    let open = || unsafe { libc::open(path.as_ptr(), flags, 0o666 as libc::c_uint) };
    let fd = check(fault::call(Call::Open, open))?;
    // SAFETY: the call succeeded, so `fd` is open and nobody else's.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    set_blocking(&fd)?;
    Ok(fd)
}

/// Programs expect their standard descriptors to block.
fn set_blocking(fd: &OwnedFd) -> io::Result<()> {
    // SAFETY: both commands take integers only.
    unsafe {
        let flags = check(libc::fcntl(fd.as_raw_fd(), libc::F_GETFL))?;
        check(libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags & !libc::O_NONBLOCK))?;
    }
    Ok(())
}

/// What swallows output, and gives an end as input.
pub fn null(how: Open) -> io::Result<OwnedFd> {
    open(c"/dev/null", how)
}

/// A copy of a descriptor, above those that a child has as its standard ones.
pub fn copy(fd: Fd) -> io::Result<OwnedFd> {
    // SAFETY: the command takes an integer; a number that is no descriptor is refused.
    let copy = || unsafe { libc::fcntl(fd.raw(), libc::F_DUPFD_CLOEXEC, 3) };
    let copy = check(fault::call(Call::Dup, copy))?;
    // SAFETY: the call succeeded, so `copy` is open and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

/// The same descriptor, above those that a child has as its standard ones: a dup2(2) to one of them
/// cannot meet it.
pub(super) fn lift(fd: OwnedFd) -> io::Result<OwnedFd> {
    if fd.as_raw_fd() > 2 { Ok(fd) } else { copy(Fd::of(&fd)) }
}

/// A connected pair of stream sockets: ours, which does not block and raises no SIGPIPE, and the
/// child's, which blocks as programs expect.
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    #[cfg(not(target_vendor = "apple"))]
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC;
    #[cfg(target_vendor = "apple")]
    let kind = libc::SOCK_STREAM;
    let mut ends = [-1; 2];
    // SAFETY: `ends` has the room for two numbers.
    let make = || unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) };
    check(fault::call(Call::Socketpair, make))?;
    // SAFETY: the call succeeded, so both are open and nobody else's.
    let (ours, theirs) = unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) };
    #[cfg(target_vendor = "apple")]
    prepare(&ours, &theirs)?;
    // SAFETY: the command takes an integer.
    check(unsafe { libc::fcntl(ours.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) })?;
    Ok((ours, theirs))
}

#[cfg(target_vendor = "apple")]
fn prepare(ours: &OwnedFd, theirs: &OwnedFd) -> io::Result<()> {
    for fd in [ours, theirs] {
        // SAFETY: the command takes an integer.
        check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) })?;
    }
    let on: libc::c_int = 1;
    let len = size_of_val(&on) as libc::socklen_t;
    let (level, option, value) = (libc::SOL_SOCKET, libc::SO_NOSIGPIPE, (&raw const on).cast());
    // SAFETY: `on` is valid for `len` bytes, and the kernel copies it.
    let call = || unsafe { libc::setsockopt(ours.as_raw_fd(), level, option, value, len) };
    check(fault::call(Call::Setsockopt, call)).map(drop)
}

/// A pipe, both ends close-on-exec: what the child reads or writes ends when it is another program.
pub(super) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [-1; 2];
    #[cfg(not(target_vendor = "apple"))]
    // SAFETY: `ends` has the room for two numbers.
    let make = || unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) };
    #[cfg(target_vendor = "apple")]
    // SAFETY: `ends` has the room for two numbers.
    let make = || unsafe { libc::pipe(ends.as_mut_ptr()) };
    check(fault::call(Call::Pipe, make))?;
    // SAFETY: the call succeeded, so both are open and nobody else's.
    let (read, write) = unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) };
    #[cfg(target_vendor = "apple")]
    for fd in [&read, &write] {
        // SAFETY: the command takes an integer.
        check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) })?;
    }
    Ok((read, write))
}
