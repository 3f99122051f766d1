// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sockets: bytes in and out, listen, accept, connect, options. Is not: names, buffers, or policy.
//! INVARIANT: every descriptor made here is non-blocking and close-on-exec, and none raises
//! SIGPIPE.

use super::address::Raw;
use super::check;
use super::errno;
use super::fault::{self, Call};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

#[cfg(not(target_vendor = "apple"))]
const NO_SIGNAL: libc::c_int = libc::MSG_NOSIGNAL;
/// Apple has a socket option instead, which `prepare` sets.
#[cfg(target_vendor = "apple")]
const NO_SIGNAL: libc::c_int = 0;

/// What became of a read or a write. An interrupted call is repeated and never seen here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Io {
    /// So many bytes were moved; 0 from a read into room is the end of the input.
    Done(usize),
    /// Nothing could be moved now.
    Wait,
    /// errno.
    Fail(i32),
}

/// What became of an accept.
#[derive(Debug)]
pub enum Accept {
    /// A connection.
    Conn(OwnedFd),
    /// None is pending.
    Wait,
    /// The pending one died before it was taken (errno says of what); the next one may be well.
    Again(i32),
    /// No descriptor or memory for it (errno): it stays pending.
    Exhausted(i32),
    /// The listener itself is broken: errno.
    Fail(i32),
}

/// Makes the call, again when a signal interrupted it.
fn retry(mut call: impl FnMut() -> isize) -> Io {
    loop {
        let moved = call();
        if moved >= 0 {
            return Io::Done(moved as usize);
        }
        match errno::get() {
            libc::EINTR => {}
            error if error == libc::EAGAIN || error == libc::EWOULDBLOCK => return Io::Wait,
            error => return Io::Fail(error),
        }
    }
}

/// recv(2).
#[inline]
pub fn recv(fd: BorrowedFd<'_>, into: &mut [u8]) -> Io {
    let (place, room) = (into.as_mut_ptr(), into.len());
    // SAFETY: the pointer is that of one exclusively borrowed slice, of which `len` is the length
    // at the most.
    let call = |len| unsafe { libc::recv(fd.as_raw_fd(), place.cast(), len, 0) };
    retry(|| fault::transfer(Call::Recv, fd, room, call))
}

/// recv(2) of at most `max` bytes to the end of `buffer`, which makes room for them.
pub fn recv_append(fd: BorrowedFd<'_>, buffer: &mut Vec<u8>, max: usize) -> Io {
    buffer.reserve(max);
    let place = buffer.spare_capacity_mut()[..max].as_mut_ptr();
    // SAFETY: the pointer is that of one exclusively borrowed slice, of which `len` is the length
    // at the most, and the kernel only writes to it.
    let call = |len| unsafe { libc::recv(fd.as_raw_fd(), place.cast(), len, 0) };
    let done = retry(|| fault::transfer(Call::Recv, fd, max, call));
    if let Io::Done(got) = done {
        // SAFETY: the kernel has filled the first `got <= max` bytes behind the old length.
        unsafe { buffer.set_len(buffer.len() + got) };
    }
    done
}

/// send(2).
#[inline]
pub fn send(fd: BorrowedFd<'_>, bytes: &[u8]) -> Io {
    let from = bytes.as_ptr().cast();
    // SAFETY: the pointer is that of one borrowed slice, of which `len` is the length at the most.
    let call = |len| unsafe { libc::send(fd.as_raw_fd(), from, len, NO_SIGNAL) };
    retry(|| fault::transfer(Call::Send, fd, bytes.len(), call))
}

/// sendmsg(2) of both parts, as if they were one.
pub fn send2(fd: BorrowedFd<'_>, first: &[u8], second: &[u8]) -> Io {
    let part = |bytes: &[u8]| libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    let call = |len: usize| {
        let now = len.min(first.len());
        let mut parts = [part(&first[..now]), part(&second[..len - now])];
        // SAFETY: msghdr is pointers and integers: all zero is a message without address and
        // control data.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_iov = parts.as_mut_ptr();
        message.msg_iovlen = 2;
        // SAFETY: message, parts and both slices outlive the call, and the kernel only reads them.
        unsafe { libc::sendmsg(fd.as_raw_fd(), &message, NO_SIGNAL) }
    };
    retry(|| fault::transfer(Call::Send, fd, first.len() + second.len(), call))
}

/// Ends our output; the peer sees the end once it has what was sent before.
pub fn shutdown_write(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: shutdown takes no pointer.
    let call = || unsafe { libc::shutdown(fd.as_raw_fd(), libc::SHUT_WR) };
    check(fault::call(Call::Shutdown, call)).map(drop)
}

fn set(fd: BorrowedFd<'_>, level: i32, option: i32, on: bool) -> io::Result<()> {
    let value = libc::c_int::from(on);
    let len = size_of_val(&value) as libc::socklen_t;
    // SAFETY: `value` is valid for `len` bytes, and the kernel copies it.
    let call = || unsafe {
        libc::setsockopt(fd.as_raw_fd(), level, option, (&raw const value).cast(), len)
    };
    check(fault::call(Call::Setsockopt, call)).map(drop)
}

/// Makes a descriptor non-blocking and close-on-exec, where the call that made it could not.
#[cfg(not(target_os = "linux"))]
pub(super) fn set_nonblocking_cloexec(fd: BorrowedFd<'_>) -> io::Result<()> {
    let fd = fd.as_raw_fd();
    // SAFETY: these commands take integers only.
    unsafe {
        let flags = check(libc::fcntl(fd, libc::F_GETFL))?;
        check(libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK))?;
        check(libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC))?;
    }
    Ok(())
}

/// Brings a new socket to the invariant of this file.
#[cfg(not(target_os = "linux"))]
fn prepare(fd: BorrowedFd<'_>) -> io::Result<()> {
    set_nonblocking_cloexec(fd)?;
    #[cfg(target_vendor = "apple")]
    set(fd, libc::SOL_SOCKET, libc::SO_NOSIGPIPE, true)?;
    Ok(())
}

fn stream_for(addr: SocketAddr) -> io::Result<OwnedFd> {
    let family = if addr.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    #[cfg(target_os = "linux")]
    let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    #[cfg(not(target_os = "linux"))]
    let kind = libc::SOCK_STREAM;
    // SAFETY: socket takes no pointer.
    let fd = check(fault::call(Call::Socket, || unsafe { libc::socket(family, kind, 0) }))?;
    // SAFETY: the call succeeded, so `fd` is open and nobody else's.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    #[cfg(not(target_os = "linux"))]
    prepare(fd.as_fd())?;
    set(fd.as_fd(), libc::IPPROTO_TCP, libc::TCP_NODELAY, true)?;
    Ok(fd)
}

/// A listening TCP socket. `v6_only` is set either way on an IPv6 one, so that the system's default
/// has no say. TCP_NODELAY is set here because accepted sockets inherit it, which spares a call for
/// each.
pub fn listen(addr: SocketAddr, v6_only: bool, backlog: i32) -> io::Result<OwnedFd> {
    let fd = stream_for(addr)?;
    set(fd.as_fd(), libc::SOL_SOCKET, libc::SO_REUSEADDR, true)?;
    if addr.is_ipv6() {
        set(fd.as_fd(), libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, v6_only)?;
    }
    let raw = Raw::new(addr);
    // SAFETY: `raw` holds an address of that length for the whole call.
    let bind = || unsafe { libc::bind(fd.as_raw_fd(), raw.as_ptr(), raw.len()) };
    check(fault::call(Call::Bind, bind))?;
    // SAFETY: listen takes no pointer.
    let listen = || unsafe { libc::listen(fd.as_raw_fd(), backlog) };
    check(fault::call(Call::Listen, listen))?;
    Ok(fd)
}

/// Takes a pending connection. Its address is not asked for: that costs, and few want it.
pub fn accept(fd: BorrowedFd<'_>) -> Accept {
    let none = std::ptr::null_mut;
    loop {
        #[cfg(target_os = "linux")]
        // SAFETY: accept4 allows null for an address that is not wanted.
        let call = || unsafe {
            let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
            libc::accept4(fd.as_raw_fd(), none(), std::ptr::null_mut(), flags)
        };
        #[cfg(not(target_os = "linux"))]
        // SAFETY: accept allows null for an address that is not wanted.
        let call = || unsafe { libc::accept(fd.as_raw_fd(), none(), std::ptr::null_mut()) };
        let new = fault::call(Call::Accept, call);
        if new >= 0 {
            // SAFETY: the call succeeded, so `new` is open and nobody else's.
            let new = unsafe { OwnedFd::from_raw_fd(new) };
            #[cfg(not(target_os = "linux"))]
            if let Err(error) = prepare(new.as_fd()) {
                return Accept::Again(error.raw_os_error().unwrap_or(libc::EIO));
            }
            return Accept::Conn(new);
        }
        match errno::get() {
            libc::EINTR => {}
            error => return refused(error),
        }
    }
}

/// Sorts an error of accept by who can go on how.
fn refused(error: i32) -> Accept {
    match error {
        e if e == libc::EAGAIN || e == libc::EWOULDBLOCK => Accept::Wait,
        libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM => Accept::Exhausted(error),
        // Linux hands out here what happened to the connection while it was pending, and accept(2)
        // asks to go on as after EAGAIN; EPERM is a firewall's veto on this one connection.
        libc::ECONNABORTED | libc::EPROTO | libc::EPERM | libc::ETIMEDOUT => Accept::Again(error),
        libc::ENETDOWN | libc::ENETUNREACH | libc::EHOSTDOWN | libc::EHOSTUNREACH => {
            Accept::Again(error)
        }
        libc::ENOPROTOOPT | libc::EOPNOTSUPP => Accept::Again(error),
        #[cfg(target_os = "linux")]
        libc::ENONET => Accept::Again(error),
        _ => Accept::Fail(error),
    }
}

/// Starts a TCP connection; true if it is still in progress. Writable then says that it has ended,
/// and `take_error` how.
pub fn connect(addr: SocketAddr) -> io::Result<(OwnedFd, bool)> {
    let fd = stream_for(addr)?;
    let raw = Raw::new(addr);
    // SAFETY: `raw` holds an address of that length for the whole call.
    let call = || unsafe { libc::connect(fd.as_raw_fd(), raw.as_ptr(), raw.len()) };
    match check(fault::call(Call::Connect, call)) {
        Ok(_) => Ok((fd, false)),
        // POSIX: an interrupted connect goes on by itself, and must not be called again.
        Err(error) => match error.raw_os_error() {
            Some(libc::EINPROGRESS | libc::EINTR) => Ok((fd, true)),
            _ => Err(error),
        },
    }
}

/// Takes the pending error of a socket (SO_ERROR); 0 is none.
pub fn take_error(fd: BorrowedFd<'_>) -> i32 {
    let mut value: libc::c_int = 0;
    let mut len = size_of_val(&value) as libc::socklen_t;
    let (level, option) = (libc::SOL_SOCKET, libc::SO_ERROR);
    // SAFETY: `value` is valid for `len` bytes, and both outlive the call.
    let call = || unsafe {
        libc::getsockopt(fd.as_raw_fd(), level, option, (&raw mut value).cast(), &mut len)
    };
    let result = fault::call(Call::Getsockopt, call);
    if result < 0 { errno::get() } else { value }
}

/// The address on our side.
pub fn local_addr(fd: BorrowedFd<'_>) -> io::Result<SocketAddr> {
    // SAFETY: `Raw::read` passes room of that length.
    let call = |place, len| unsafe { libc::getsockname(fd.as_raw_fd(), place, len) };
    Raw::read(|place, len| fault::call(Call::Getsockname, || call(place, len)))
}

/// The address on the other side.
pub fn peer_addr(fd: BorrowedFd<'_>) -> io::Result<SocketAddr> {
    // SAFETY: `Raw::read` passes room of that length.
    let call = |place, len| unsafe { libc::getpeername(fd.as_raw_fd(), place, len) };
    Raw::read(|place, len| fault::call(Call::Getpeername, || call(place, len)))
}

/// Makes close(2) reset the connection and drop what is unsent. A socket that the peer has reset
/// before may refuse this; its close has the same effect anyway.
pub fn reset_on_close(fd: BorrowedFd<'_>) {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    let len = size_of_val(&linger) as libc::socklen_t;
    let (level, option) = (libc::SOL_SOCKET, libc::SO_LINGER);
    // SAFETY: `linger` is valid for `len` bytes, and the kernel copies it.
    unsafe { libc::setsockopt(fd.as_raw_fd(), level, option, (&raw const linger).cast(), len) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{Fd, poll};

    /// Waits (bounded) until the socket is ready; loopback delivers at once, but in its own time.
    fn await_ready(fd: BorrowedFd<'_>, events: i16) {
        let mut set = [poll::record(Fd::of(&fd), events)];
        assert_eq!(poll::wait(&mut set, 10_000).unwrap(), 1, "nothing within ten seconds");
    }

    fn pair() -> (OwnedFd, OwnedFd) {
        let listener = listen("127.0.0.1:0".parse().unwrap(), false, 16).unwrap();
        let addr = local_addr(listener.as_fd()).unwrap();
        let (client, _) = connect(addr).unwrap();
        await_ready(listener.as_fd(), libc::POLLIN);
        let Accept::Conn(server) = accept(listener.as_fd()) else { panic!("one is pending") };
        assert!(matches!(accept(listener.as_fd()), Accept::Wait));
        await_ready(client.as_fd(), libc::POLLOUT);
        assert_eq!(take_error(client.as_fd()), 0);
        assert_eq!(peer_addr(client.as_fd()).unwrap(), addr);
        assert_eq!(peer_addr(server.as_fd()).unwrap(), local_addr(client.as_fd()).unwrap());
        (client, server)
    }

    fn option(fd: BorrowedFd<'_>, level: i32, option: i32) -> i32 {
        let mut value: libc::c_int = -1;
        let mut len = size_of_val(&value) as libc::socklen_t;
        let place = (&raw mut value).cast();
        // SAFETY: `value` is valid for `len` bytes, and both outlive the call.
        unsafe { libc::getsockopt(fd.as_raw_fd(), level, option, place, &mut len) };
        value
    }

    #[test]
    fn an_accepted_socket_is_nonblocking_closed_on_exec_and_without_delay() {
        let (client, server) = pair();
        for fd in [client.as_fd(), server.as_fd()] {
            // SAFETY: both commands take no argument.
            let (status, kept) = unsafe {
                let raw = fd.as_raw_fd();
                (libc::fcntl(raw, libc::F_GETFL), libc::fcntl(raw, libc::F_GETFD))
            };
            assert_ne!(status & libc::O_NONBLOCK, 0);
            assert_eq!(kept, libc::FD_CLOEXEC);
            assert_ne!(option(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY), 0);
        }
    }

    #[test]
    fn bytes_go_through_in_one_part_or_two_until_the_end() {
        let (client, server) = pair();
        let mut into = [0; 8];
        assert_eq!(recv(server.as_fd(), &mut into), Io::Wait);
        assert_eq!(send2(client.as_fd(), b"ab", b"cd"), Io::Done(4));
        assert_eq!(send(client.as_fd(), b"e"), Io::Done(1));
        shutdown_write(client.as_fd()).unwrap();
        let mut got = b"> ".to_vec();
        while got.len() < 7 {
            await_ready(server.as_fd(), libc::POLLIN);
            assert_eq!(recv_append(server.as_fd(), &mut got, 1), Io::Done(1));
        }
        assert_eq!(got, b"> abcde");
        await_ready(server.as_fd(), libc::POLLIN);
        assert_eq!(recv_append(server.as_fd(), &mut got, 100), Io::Done(0));
        assert_eq!(recv(server.as_fd(), &mut into), Io::Done(0));
        assert_eq!(got, b"> abcde");
    }

    #[test]
    fn a_full_socket_waits_and_a_dead_one_fails_without_a_signal() {
        let (client, server) = pair();
        let block = [0; 64 << 10];
        let mut rounds = 0;
        while send(client.as_fd(), &block) != Io::Wait {
            rounds += 1;
            assert!(rounds < 10_000, "loopback buffers some megabytes at most");
        }
        reset_on_close(server.as_fd());
        drop(server);
        await_ready(client.as_fd(), libc::POLLIN);
        assert_eq!(recv(client.as_fd(), &mut [0]), Io::Fail(libc::ECONNRESET));
        assert_eq!(send(client.as_fd(), b"x"), Io::Fail(libc::EPIPE));
        assert_eq!(send2(client.as_fd(), b"x", b"y"), Io::Fail(libc::EPIPE));
    }

    #[test]
    fn a_refused_connection_is_told_by_take_error_once() {
        // Bound but not listening: nobody else can take the port in the meantime.
        let any = "127.0.0.1:0".parse().unwrap();
        let (silent, raw) = (stream_for(any).unwrap(), Raw::new(any));
        // SAFETY: `raw` holds an address of that length for the whole call.
        check(unsafe { libc::bind(silent.as_raw_fd(), raw.as_ptr(), raw.len()) }).unwrap();
        let addr = local_addr(silent.as_fd()).unwrap();
        let error = match connect(addr) {
            Err(error) => error.raw_os_error().unwrap(),
            Ok((client, _)) => {
                await_ready(client.as_fd(), libc::POLLOUT);
                let error = take_error(client.as_fd());
                assert_eq!(take_error(client.as_fd()), 0);
                error
            }
        };
        assert_eq!(error, libc::ECONNREFUSED);
    }

    #[test]
    fn v6_only_is_what_was_asked_for() {
        for v6_only in [true, false] {
            let Ok(listener) = listen("[::]:0".parse().unwrap(), v6_only, 1) else {
                // A machine without IPv6 says so here, and has nothing to be tested.
                return;
            };
            let got = option(listener.as_fd(), libc::IPPROTO_IPV6, libc::IPV6_V6ONLY);
            assert_eq!(got, i32::from(v6_only));
        }
    }

    #[test]
    fn an_address_in_use_is_an_error() {
        let first = listen("127.0.0.1:0".parse().unwrap(), false, 1).unwrap();
        let addr = local_addr(first.as_fd()).unwrap();
        let error = listen(addr, false, 1).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EADDRINUSE));
    }

    #[test]
    fn the_errors_of_accept_are_sorted_by_who_can_go_on() {
        assert!(matches!(refused(libc::EAGAIN), Accept::Wait));
        for error in [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM] {
            assert!(matches!(refused(error), Accept::Exhausted(e) if e == error));
        }
        for error in [libc::ECONNABORTED, libc::EPROTO, libc::EPERM, libc::ENETDOWN] {
            assert!(matches!(refused(error), Accept::Again(e) if e == error));
        }
        for error in [libc::EBADF, libc::EINVAL, libc::ENOTSOCK, libc::EFAULT] {
            assert!(matches!(refused(error), Accept::Fail(e) if e == error));
        }
    }
}
