// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which thread, which process image. Is not: making or ending either.

use super::fault::{self, Call};
use once_cell::sync::OnceCell;
use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};

/// What is kept of a thread.
pub struct Here {
    /// For whoever runs code under a guard in this thread, and for nobody else.
    pub guarded: Cell<bool>,
}

thread_local! {
    static HERE: Here = const { Here { guarded: Cell::new(false) } };
}

impl Here {
    /// The number of this thread, never 0: unique among the threads alive; a thread that has ended
    /// may pass its number on.
    #[inline]
    pub fn id(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }
}

/// Does something with what is kept of the calling thread. To find it is a call of the dynamic
/// linker's in a shared library, so who needs it twice asks once.
#[inline]
pub fn here<T>(act: impl FnOnce(&Here) -> T) -> T {
    HERE.with(act)
}

static FORKS: AtomicU32 = AtomicU32::new(0);
static GUARD: OnceCell<()> = OnceCell::new();

/// The number of the calling thread: `Here::id`.
#[inline]
pub fn thread_id() -> usize {
    here(Here::id)
}

/// How many fork(2)s this process is away from the one that called `install_fork_guard`.
#[inline]
pub fn forks() -> u32 {
    FORKS.load(Ordering::Relaxed)
}

/// What runs around a fork(2); in the child only what signal-safety(7) allows.
pub type ForkHook = Option<extern "C" fn()>;

extern "C" fn count_fork() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// Makes `forks` count from here on. Registers once, however often it is called; fails for want of
/// memory only, and may be tried again then.
pub fn install_fork_guard() -> io::Result<()> {
    GUARD.get_or_try_init(|| around_fork(None, None, Some(count_fork))).copied()
}

/// Has functions run by each fork(2) from now on, in the thread that forks: before it, and after it
/// in the parent and in the child. Those of the child run in the order in which they were given.
/// Fails for want of memory only.
pub fn around_fork(before: ForkHook, parent: ForkHook, child: ForkHook) -> io::Result<()> {
    let c = |hook: ForkHook| hook.map(|hook| hook as unsafe extern "C" fn());
    // SAFETY: the functions are safe to call at any time, and the C library forgets them when it
    // unloads the object that they belong to.
    let register = || unsafe { libc::pthread_atfork(c(before), c(parent), c(child)) };
    match fault::call(Call::Atfork, register) {
        0 => Ok(()),
        // The number itself; -1 with errno is the table's way to say it.
        -1 => Err(io::Error::last_os_error()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_has_its_number() {
        let here = thread_id();
        assert_ne!(here, 0);
        assert_eq!(here, thread_id());
        assert_ne!(here, std::thread::spawn(thread_id).join().unwrap());
    }

    #[test]
    fn the_child_is_one_fork_further_and_the_parent_is_not() {
        install_fork_guard().unwrap();
        install_fork_guard().unwrap();
        let before = forks();
        // SAFETY: the child only reads an atomic and leaves.
        let child = unsafe { libc::fork() };
        assert!(child >= 0);
        if child == 0 {
            // SAFETY: _exit may be called in a forked child, and runs nothing of the test harness.
            unsafe { libc::_exit((forks() - before) as i32) }
        }
        let mut status = 0;
        // SAFETY: `status` is valid, and the child is ours.
        assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
        assert!(libc::WIFEXITED(status));
        assert_eq!(libc::WEXITSTATUS(status), 1);
        assert_eq!(forks(), before);
    }
}
