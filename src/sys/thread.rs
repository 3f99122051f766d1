// SPDX-License-Identifier: MIT OR Apache-2.0
//! Threads of the library's own: made, named, joined. Is not: what they do. INVARIANT: no signal
//! that another process or thread sends is ever handled by one of them.
//!
//! They are made by pthread_create(3) and not by std::thread: that one catches whatever leaves its
//! function, and an exception of C++ that reaches it ends the process with a text of Rust's own
//! instead of with the program's std::terminate.

use super::errno;
use super::fault::{self, Call};
use std::ffi::{CStr, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::ptr;

/// What a thread does.
pub type Body = Box<dyn FnOnce() + Send>;

/// A thread that runs, or has ended and was not joined.
#[derive(Debug)]
pub struct Thread(libc::pthread_t);

struct Start {
    name: &'static CStr,
    body: Body,
}

/// Signals that a thread raises by what it does itself. Blocked, they would end the process though
/// the program has a handler for them, such as one that reports a crash.
const OWN: [libc::c_int; 7] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGSYS,
    libc::SIGABRT,
];

/// pthread functions give the number of the error back instead of setting errno.
fn check(error: libc::c_int) -> io::Result<()> {
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}

/// All signals are blocked as long as this stands, for the calling thread and those that it makes.
struct Blocked(libc::sigset_t);

impl Blocked {
    fn new() -> io::Result<Blocked> {
        let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        // SAFETY: sigfillset fills the first set before it is used, pthread_sigmask the second one
        // if it succeeds.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            for signal in OWN {
                libc::sigdelset(all.as_mut_ptr(), signal);
            }
            let set = libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
            check(set).map(|()| Blocked(before.assume_init()))
        }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: the set was filled by pthread_sigmask.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.0, ptr::null_mut()) };
    }
}

/// Attributes of a thread, for the size of its stack.
struct Attributes(libc::pthread_attr_t);

/// Some systems refuse a stack that is not a multiple of a page; none has pages above this.
const LARGEST_PAGE: usize = 64 << 10;

impl Attributes {
    fn new(stack_bytes: usize) -> io::Result<Attributes> {
        let stack_bytes = stack_bytes.next_multiple_of(LARGEST_PAGE);
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: pthread_attr_init fills what it is given if it succeeds.
        let mut made = unsafe {
            check(libc::pthread_attr_init(attributes.as_mut_ptr()))?;
            Attributes(attributes.assume_init())
        };
        // SAFETY: the attributes are initialised.
        check(unsafe { libc::pthread_attr_setstacksize(&mut made.0, stack_bytes) })?;
        Ok(made)
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: they are initialised, and not used again.
        unsafe { libc::pthread_attr_destroy(&mut self.0) };
    }
}

/// Names the calling thread, for debuggers; one that cannot be named runs all the same.
fn name_this(name: &CStr) {
    // SAFETY: the name ends with its NUL, and the thread is the calling one.
    unsafe {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        libc::pthread_setname_np(libc::pthread_self(), name.as_ptr());
        #[cfg(target_vendor = "apple")]
        libc::pthread_setname_np(name.as_ptr());
        #[cfg(any(target_os = "freebsd", target_os = "openbsd", target_os = "dragonfly"))]
        libc::pthread_set_name_np(libc::pthread_self(), name.as_ptr());
        #[cfg(target_os = "netbsd")]
        libc::pthread_setname_np(libc::pthread_self(), c"%s".as_ptr(), name.as_ptr() as *mut _);
    }
}

extern "C-unwind" fn start(word: *mut c_void) -> *mut c_void {
    // SAFETY: `spawn` made the word of such a box, for this thread alone.
    let start = unsafe { Box::from_raw(word.cast::<Start>()) };
    name_this(start.name);
    (start.body)();
    ptr::null_mut()
}

type Routine = extern "C" fn(*mut c_void) -> *mut c_void;

/// Makes a thread. Its stack has so many bytes at the least; the name has at most 15. An error
/// (EAGAIN) where the system has no room for one more.
pub fn spawn(name: &'static CStr, stack_bytes: usize, body: Body) -> io::Result<Thread> {
    let attributes = Attributes::new(stack_bytes)?;
    let start_word = Box::into_raw(Box::new(Start { name, body })).cast::<c_void>();
    // SAFETY: both types take the same word the same way. They differ in whether something may
    // unwind out of the function, and nothing of Rust's calls it.
    let routine = unsafe {
        std::mem::transmute::<extern "C-unwind" fn(*mut c_void) -> *mut c_void, Routine>(start)
    };
    let mut thread = MaybeUninit::uninit();
    // The mask is inherited: the thread has it from its first instruction on.
    let made = Blocked::new().and_then(|_blocked| {
        let create = || {
            // SAFETY: the attributes are initialised, there is room for the thread's name, and the
            // word is what `start` expects.
            unsafe { libc::pthread_create(thread.as_mut_ptr(), &attributes.0, routine, start_word) }
        };
        match fault::call(Call::Thread, create) {
            -1 => check(errno::get()),
            error => check(error),
        }
    });
    match made {
        // SAFETY: pthread_create succeeded, so it has written the name.
        Ok(()) => Ok(Thread(unsafe { thread.assume_init() })),
        Err(error) => {
            // SAFETY: no thread was made, so the box is still ours.
            drop(unsafe { Box::from_raw(start_word.cast::<Start>()) });
            Err(error)
        }
    }
}

impl Thread {
    /// Waits for its end.
    pub fn join(self) {
        // SAFETY: it was made joinable, and is joined once because this takes it.
        let joined = unsafe { libc::pthread_join(self.0, ptr::null_mut()) };
        debug_assert_eq!(joined, 0, "it is no thread, or the calling one");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    const STACK: usize = 256 << 10;

    fn in_thread<T: Send + 'static>(ask: impl FnOnce() -> T + Send + 'static) -> T {
        let (tell, hear) = mpsc::channel();
        spawn(c"probe", STACK, Box::new(move || tell.send(ask()).unwrap())).unwrap().join();
        hear.recv().unwrap()
    }

    fn mask() -> libc::sigset_t {
        let mut set = MaybeUninit::uninit();
        // SAFETY: a null set changes nothing, and the present one is written.
        unsafe {
            libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), set.as_mut_ptr());
            set.assume_init()
        }
    }

    fn blocks(set: &libc::sigset_t, signal: libc::c_int) -> bool {
        // SAFETY: the set is initialised.
        unsafe { libc::sigismember(set, signal) == 1 }
    }

    #[test]
    fn it_runs_what_it_was_given_and_is_joined() {
        assert_eq!(in_thread(|| 7), 7);
    }

    #[test]
    fn it_blocks_what_others_may_send_and_its_maker_does_not() {
        let of_it = in_thread(mask);
        for sent in [libc::SIGINT, libc::SIGTERM, libc::SIGCHLD, libc::SIGALRM, libc::SIGPIPE] {
            assert!(blocks(&of_it, sent), "{sent}");
            assert!(!blocks(&mask(), sent), "{sent}");
        }
        assert!(!blocks(&of_it, libc::SIGSEGV), "what it raises itself is not held back");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn it_has_its_name() {
        let name = in_thread(|| std::fs::read_to_string("/proc/thread-self/comm").unwrap());
        assert_eq!(name.trim(), "probe");
    }

    #[test]
    fn a_stack_that_cannot_be_had_is_an_error_and_nothing_is_lost() {
        let (tell, hear) = mpsc::channel::<()>();
        let body = Box::new(move || tell.send(()).unwrap());
        assert!(spawn(c"probe", usize::MAX >> 1, body).is_err());
        assert!(hear.recv().is_err(), "what it would have run was dropped");
    }
}
