// SPDX-License-Identifier: MIT OR Apache-2.0
//! errno of the calling thread: read, kept. Is not: the meaning of the numbers.

#[cfg(any(target_os = "netbsd", target_os = "openbsd", target_os = "android"))]
use libc::__errno as location;
#[cfg(any(target_os = "linux", target_os = "emscripten"))]
use libc::__errno_location as location;
#[cfg(target_os = "dragonfly")]
use libc::__errno_location as location;
#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
use libc::__error as location;

/// errno as the last failed call left it.
pub fn get() -> i32 {
    // SAFETY: the C library gives a valid pointer to this thread's own errno.
    unsafe { *location() }
}

#[cfg(any(test, feature = "test-hooks"))]
pub(super) fn set(value: i32) {
    // SAFETY: as above; nobody else can hold a reference to this thread's errno.
    unsafe { *location() = value }
}

/// Keeps errno: what it was when this was made, it is again when this is dropped.
#[derive(Debug)]
pub struct Saved {
    value: i32,
    /// Where the thread keeps it: looked up once. A pointer also keeps the guard in its thread.
    place: *mut i32,
}

impl Saved {
    /// Remembers errno.
    #[allow(clippy::new_without_default, reason = "it reads the thread's state")]
    #[inline]
    pub fn new() -> Saved {
        // SAFETY: the C library gives a valid pointer to this thread's own errno.
        let place = unsafe { location() };
        // SAFETY: as above; nobody else can hold a reference to it.
        Saved { value: unsafe { *place }, place }
    }
}

impl Drop for Saved {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard is still in the thread whose errno this is, which so lives.
        unsafe { *self.place = self.value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errno_comes_back_when_the_guard_goes() {
        set(libc::ENOENT);
        {
            let _saved = Saved::new();
            set(libc::EIO);
            assert_eq!(get(), libc::EIO);
        }
        assert_eq!(get(), libc::ENOENT);
    }
}
