// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which status an error number of the operating system is.

use crate::base::Status;

/// The status for an errno value.
pub fn status(os_error: i32) -> Status {
    match os_error {
        libc::ECONNRESET | libc::EPIPE | libc::ENOTCONN => Status::RESET,
        libc::ETIMEDOUT => Status::TIMEOUT,
        libc::ECONNREFUSED | libc::EHOSTUNREACH | libc::ENETUNREACH | libc::ENETDOWN => {
            Status::CONNECT
        }
        libc::EMFILE | libc::ENFILE => Status::NOFILES,
        libc::ENOMEM | libc::ENOBUFS => Status::NOMEM,
        libc::EADDRINUSE | libc::EEXIST => Status::INUSE,
        libc::EADDRNOTAVAIL | libc::EAFNOSUPPORT => Status::ADDRESS,
        libc::EACCES | libc::EPERM => Status::ACCESS,
        libc::ENOENT | libc::ENOTDIR => Status::NOTFOUND,
        libc::EAGAIN => Status::AGAIN,
        _ => Status::OS,
    }
}
