// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files: of what kind one is. Is not: reading or writing them.

use super::fault::{self, Call};
use super::{Fd, check};
use std::io;

/// Whether it is a file or a directory on disk, for which no kernel has readiness that means
/// anything; an error (EBADF) if it is not open. See fstat(2).
pub fn is_on_disk(fd: Fd) -> io::Result<bool> {
    // SAFETY: stat is integers: all zero is a value of it.
    let mut about: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: `about` is valid for the whole call; a number that is no descriptor is refused.
    let call = || unsafe { libc::fstat(fd.raw(), &mut about) };
    check(fault::call(Call::Fstat, call))?;
    Ok(matches!(about.st_mode & libc::S_IFMT, libc::S_IFREG | libc::S_IFDIR))
}

/// Whether a selector refused a descriptor because it never waits: epoll_ctl(2) answers EPERM.
pub fn has_no_readiness(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EPERM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_directories_are_on_disk_and_sockets_are_not() {
        let kind = |path| is_on_disk(Fd::of(&std::fs::File::open(path).unwrap())).unwrap();
        assert!(
            kind(env!("CARGO_MANIFEST_DIR"))
                && kind(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        );
        assert!(!kind("/dev/null"));
        let (near, _far) = std::os::unix::net::UnixStream::pair().unwrap();
        assert!(!is_on_disk(Fd::of(&near)).unwrap());
        assert_eq!(is_on_disk(Fd::NONE).unwrap_err().raw_os_error(), Some(libc::EBADF));
    }
}
