// SPDX-License-Identifier: MIT OR Apache-2.0
//! Faults for tests: every wrapper of this layer asks here whether its call is to fail, or to move
//! fewer bytes than it could. Is not: a judge; what no kernel would answer at that place proves
//! nothing. INVARIANTS: without the feature `test-hooks` asking is nothing; with it, it takes no
//! lock, so that a wrapper that is async-signal-safe stays so.

#[cfg(feature = "test-hooks")]
mod table;

#[cfg(feature = "test-hooks")]
pub use table::{Fault, asked, clear, hits, set};

macro_rules! calls {
    ($($rust:ident = $name:literal,)*) => {
        /// The system calls that are wrapped in this layer and can fail.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Call {
            $(#[doc = $name] $rust,)*
        }

        impl Call {
            /// Every call with the name by which a test asks for it.
            pub const ALL: &[(&str, Call)] = &[$(($name, Call::$rust),)*];

            /// Whether it moves bytes, and may move fewer than it was asked for.
            pub fn transfers(self) -> bool {
                matches!(self, Call::Pread | Call::Read | Call::Recv | Call::Send | Call::Write)
            }
        }
    };
}

// Where a call has several forms (accept and accept4, send and sendmsg) the name is that of the
// first.
calls! {
    Accept = "accept",
    Atfork = "atfork",
    Bind = "bind",
    Chdir = "chdir",
    CloseRange = "close_range",
    Connect = "connect",
    Dup = "dup",
    EpollCreate = "epoll_create",
    EpollCtl = "epoll_ctl",
    EpollWait = "epoll_wait",
    Eventfd = "eventfd",
    Execve = "execve",
    Fork = "fork",
    Fstat = "fstat",
    Getaddrinfo = "getaddrinfo",
    Getpeername = "getpeername",
    Getsockname = "getsockname",
    Getsockopt = "getsockopt",
    Kevent = "kevent",
    Kill = "kill",
    Kqueue = "kqueue",
    Listen = "listen",
    Open = "open",
    PidfdOpen = "pidfd_open",
    Pipe = "pipe",
    Poll = "poll",
    Pread = "pread",
    Read = "read",
    Recv = "recv",
    Select = "select",
    Send = "send",
    Setpgid = "setpgid",
    Setrlimit = "setrlimit",
    Setsockopt = "setsockopt",
    Shutdown = "shutdown",
    Sigaction = "sigaction",
    Signalfd = "signalfd",
    Socket = "socket",
    Socketpair = "socketpair",
    Thread = "pthread_create",
    TimerfdCreate = "timerfd_create",
    TimerfdSettime = "timerfd_settime",
    Wait = "wait",
    Write = "write",
}

/// Makes a system call that answers -1 with errno for an error, unless it is to fail.
#[cfg(not(feature = "test-hooks"))]
#[inline(always)]
pub(super) fn call(_: Call, make: impl FnOnce() -> libc::c_int) -> libc::c_int {
    make()
}

/// Makes a system call that moves up to `len` bytes, which it is handed; in a fault they are fewer.
#[cfg(not(feature = "test-hooks"))]
#[inline(always)]
pub(super) fn transfer<F>(_: Call, _: F, len: usize, make: impl FnOnce(usize) -> isize) -> isize {
    make(len)
}

/// Makes a system call that answers -1 with errno for an error, unless it is to fail.
#[cfg(feature = "test-hooks")]
pub(super) fn call(call: Call, make: impl FnOnce() -> libc::c_int) -> libc::c_int {
    let Some(Fault::Error(os_error)) = table::ask(call) else { return make() };
    // An interrupted connect goes on by itself: here too, or the socket would never be connected.
    if call == Call::Connect && os_error == libc::EINTR {
        make();
    }
    super::errno::set(os_error);
    -1
}

/// Makes a system call that moves up to `len` bytes, which it is handed; in a fault they are fewer.
#[cfg(feature = "test-hooks")]
pub(super) fn transfer(
    call: Call,
    fd: std::os::fd::BorrowedFd<'_>,
    len: usize,
    make: impl FnOnce(usize) -> isize,
) -> isize {
    match table::ask(call) {
        None => make(len),
        Some(Fault::Short(most)) => {
            let moved = make(len.min(most));
            let _saved = super::errno::Saved::new();
            table::tell_again(call, fd);
            moved
        }
        Some(Fault::Error(os_error)) => {
            table::tell_again(call, fd);
            super::errno::set(os_error);
            -1
        }
    }
}
