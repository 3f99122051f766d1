// SPDX-License-Identifier: MIT OR Apache-2.0
//! Signals: what a number does when it comes, and which ones a thread lets in. Is not: who wants to
//! hear of them, which is `source::signal`. INVARIANT: no function here touches a disposition or a
//! mask but that of the numbers it was given, or longer than it says.

pub mod waiting;

pub use waiting::Waiting;

use super::check;
use super::fault::{self, Call};
use std::io;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

/// Above every signal number: the systems known have 32 to 127.
pub const NUMBERS: usize = 128;

/// A signal that can be told as an event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Number(u8);

/// What a handler cannot put off: the first two never reach one, and the others say that the
/// instruction at hand cannot be done, which is tried again as soon as the handler returns.
const NO_EVENTS: [i32; 6] =
    [libc::SIGKILL, libc::SIGSTOP, libc::SIGILL, libc::SIGBUS, libc::SIGFPE, libc::SIGSEGV];

impl Number {
    /// The number, unless it cannot be told as an event.
    pub fn of(number: i32) -> Option<Number> {
        let fits = (1..NUMBERS as i32).contains(&number) && !NO_EVENTS.contains(&number);
        fits.then_some(Number(number as u8))
    }

    /// The system's own number.
    pub fn raw(self) -> i32 {
        self.0.into()
    }

    /// Its place in a table of `NUMBERS`.
    pub fn index(self) -> usize {
        self.0.into()
    }
}

/// The error for a number that the system does not know, or keeps for itself.
pub const NO_SUCH: i32 = libc::EINVAL;

/// What runs when a signal comes. It may do what signal-safety(7) allows, and keeps errno.
pub type Handler = extern "C" fn(libc::c_int);

/// What a number did before.
#[derive(Clone, Copy)]
pub struct Action(libc::sigaction);

fn action(number: Number, new: Option<&libc::sigaction>) -> io::Result<Action> {
    let new = new.map_or(std::ptr::null(), |new| new as *const libc::sigaction);
    let mut old = MaybeUninit::zeroed();
    // SAFETY: `new` is null or a whole struct, and the old one has its space, which all zero is a
    // value for.
    let call = || unsafe { libc::sigaction(number.raw(), new, old.as_mut_ptr()) };
    check(fault::call(Call::Sigaction, call))?;
    // SAFETY: as above.
    Ok(Action(unsafe { old.assume_init() }))
}

/// Has the handler run when that signal comes, and gives back what was done before. Calls that wait
/// are started again where the system can, the handler runs on the stack that a thread has put
/// aside for signals, if it has one, and no other signal interrupts it. `NO_SUCH` if it cannot be
/// caught.
pub fn catch(number: Number, handler: Handler) -> io::Result<Action> {
    // SAFETY: sigaction is integers and pointers that may be null: all zero is a value of it.
    let mut new: libc::sigaction = unsafe { std::mem::zeroed() };
    new.sa_sigaction = handler as libc::sighandler_t;
    new.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
    new.sa_mask = every();
    action(number, Some(&new))
}

/// Whether it is that handler that runs when the signal comes.
pub fn is_caught_by(number: Number, handler: Handler) -> bool {
    action(number, None).is_ok_and(|now| now.0.sa_sigaction == handler as libc::sighandler_t)
}

/// Does again what was done before.
pub fn restore(number: Number, before: &Action) {
    let restored = action(number, Some(&before.0));
    debug_assert!(restored.is_ok(), "it was accepted before");
}

fn every() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigfillset fills the whole set.
    unsafe {
        libc::sigfillset(set.as_mut_ptr());
        set.assume_init()
    }
}

fn of(numbers: &[Number]) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset fills the whole set; sigaddset refuses numbers that do not exist.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for number in numbers {
            libc::sigaddset(set.as_mut_ptr(), number.raw());
        }
        set.assume_init()
    }
}

fn mask(how: libc::c_int, set: &libc::sigset_t) -> libc::sigset_t {
    let mut before = MaybeUninit::zeroed();
    // SAFETY: both sets are whole and stand during the call, which only a wrong `how` makes fail.
    unsafe {
        libc::pthread_sigmask(how, set, before.as_mut_ptr());
        before.assume_init()
    }
}

/// The calling thread lets no signal in as long as this stands; nor does a thread that it starts.
pub struct Masked {
    before: libc::sigset_t,
    /// The mask is the thread's, so the guard must not leave it.
    here: PhantomData<*const ()>,
}

impl Masked {
    /// Blocks every signal.
    pub fn all() -> Masked {
        Masked { before: mask(libc::SIG_SETMASK, &every()), here: PhantomData }
    }
}

impl Drop for Masked {
    fn drop(&mut self) {
        mask(libc::SIG_SETMASK, &self.before);
    }
}

/// Which of these wait outside because the calling thread blocks them.
pub fn pending(of: &[Number]) -> Vec<Number> {
    let mut set = MaybeUninit::zeroed();
    // SAFETY: the set has its space, and the call fills it; sigismember only reads it.
    unsafe {
        libc::sigpending(set.as_mut_ptr());
        let waits = |number: &Number| libc::sigismember(set.as_ptr(), number.raw()) == 1;
        of.iter().copied().filter(waits).collect()
    }
}

/// Lets those of these signals in that wait because the calling thread blocks them: what they do is
/// done before this returns, and then the thread blocks them again.
pub fn let_in(numbers: &[Number]) {
    let before = mask(libc::SIG_UNBLOCK, &of(numbers));
    mask(libc::SIG_SETMASK, &before);
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI32, Ordering};

    /// Two signals with a handler that does nothing. It stays: giving a disposition back would
    /// throw away what waits in the thread of another test.
    pub fn heard_by_nobody() -> [Number; 2] {
        extern "C" fn nothing(_: libc::c_int) {}
        let numbers = [libc::SIGTTIN, libc::SIGURG].map(|number| Number::of(number).unwrap());
        for number in numbers {
            catch(number, nothing).unwrap();
        }
        numbers
    }

    /// Sends a signal to the calling thread.
    pub fn raise(number: Number) {
        // SAFETY: it is caught or blocked by the test.
        assert_eq!(unsafe { libc::raise(number.raw()) }, 0);
    }

    static LAST: AtomicI32 = AtomicI32::new(0);

    extern "C" fn note(number: libc::c_int) {
        LAST.store(number, Ordering::SeqCst);
    }

    #[test]
    fn what_cannot_be_an_event_is_no_number() {
        let never = [0, -1, 128, i32::MAX, libc::SIGKILL, libc::SIGSTOP, libc::SIGSEGV];
        assert!(never.into_iter().all(|number| Number::of(number).is_none()));
        assert_eq!(Number::of(libc::SIGTERM).map(Number::raw), Some(libc::SIGTERM));
        let nobodys = Number::of(127).unwrap();
        assert_eq!(catch(nobodys, note).err().unwrap().raw_os_error(), Some(libc::EINVAL));
    }

    #[test]
    fn a_signal_is_caught_let_in_and_given_back() {
        let number = Number::of(libc::SIGWINCH).unwrap();
        let before = catch(number, note).unwrap();
        assert!(is_caught_by(number, note));
        {
            let _masked = Masked::all();
            raise(number);
            assert_eq!((LAST.load(Ordering::SeqCst), pending(&[number])), (0, vec![number]));
            let_in(&[number]);
            assert_eq!(
                (LAST.swap(0, Ordering::SeqCst), pending(&[number])),
                (number.raw(), vec![])
            );
            raise(number);
        }
        assert_eq!(LAST.load(Ordering::SeqCst), number.raw(), "let in with the end of the guard");
        restore(number, &before);
        assert!(!is_caught_by(number, note));
    }
}
