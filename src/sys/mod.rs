// SPDX-License-Identifier: MIT OR Apache-2.0
//! Each system call wrapped once, in safe types. Is not: policy; what to do about an error is
//! decided above. INVARIANT: no function here needs its caller to keep a promise, and none raises
//! SIGPIPE.

mod address;
pub mod alarm;
pub mod blame;
pub mod clock;
#[cfg(target_os = "linux")]
pub mod epoll;
pub mod errno;
pub mod exit;
pub mod fault;
pub mod fd;
pub mod file;
#[cfg(kqueue)]
pub mod kqueue;
#[cfg(all(not(target_os = "linux"), target_pointer_width = "64"))]
mod layout;
pub mod lent;
pub mod limit;
pub mod poll;
pub mod process;
pub mod resolve;
pub mod select;
pub mod signal;
pub mod socket;
pub mod thread;
pub mod spawn;
pub mod wake;

pub use fd::Fd;
use std::io;

/// The result of a system call as a `Result`: negative is the error in errno.
fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
