// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who hears of which signal: the process-wide table of loops, and the one handler. Is not: what a
//! loop does with what it has heard.
//!
//! INVARIANTS: a number is caught exactly as long as a loop asks for it, and does again then what
//! it did before, unless the program has said otherwise meanwhile; the handler touches atomics and
//! rings bells, nothing else; what belongs to a loop is dropped only when no handler looks at it.

use crate::base::Status;
use crate::base::limits::LOOPS;
use crate::sys::lent::Lent;
use crate::sys::process::around_fork;
use crate::sys::signal::{self, Action, Masked, NUMBERS, Number};
use crate::sys::wake::Wake;
use once_cell::sync::OnceCell;
use std::cell::Cell;
use std::io;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What one loop has heard.
struct Ear {
    bell: Arc<Wake>,
    /// Whether the handler has rung, or is about to, since the loop last asked.
    rung: AtomicBool,
    wanted: [AtomicBool; NUMBERS],
    counts: [AtomicU32; NUMBERS],
}

impl Ear {
    /// Counted before the bell rings, and the bell made quiet before the count is taken: what comes
    /// too late for this taking rings again.
    fn hear(&self, number: Number) {
        if self.wanted[number.index()].load(Ordering::SeqCst) {
            self.counts[number.index()].fetch_add(1, Ordering::SeqCst);
            if !self.rung.swap(true, Ordering::SeqCst) {
                self.bell.ring();
            }
        }
    }
}

static EARS: [Lent<Ear>; LOOPS] = [const { Lent::nothing() }; LOOPS];

/// No place of `EARS` at or above this was ever used.
static USED: AtomicUsize = AtomicUsize::new(0);

extern "C" fn on_signal(number: i32) {
    if let Some(number) = Number::of(number) {
        for ear in EARS.iter().take(USED.load(Ordering::SeqCst)) {
            ear.look(|ear| ear.hear(number));
        }
    }
}

/// A number that is caught.
#[derive(Clone, Copy)]
struct Caught {
    loops: usize,
    before: Action,
}

type Table = [Option<Caught>; NUMBERS];

/// Not the mutex used elsewhere: this one is unlocked in a forked child, where the threads that
/// waited for it do not exist, and must know of none of them.
static CAUGHT: Mutex<Table> = Mutex::new([const { None }; NUMBERS]);

/// The table, with every signal kept out of this thread: a handler of the program that forks would
/// wait for the lock that it has interrupted.
struct Locked {
    // In this order: unlocked first, then open to signals.
    table: MutexGuard<'static, Table>,
    _masked: Masked,
}

fn lock() -> Locked {
    let masked = Masked::all();
    Locked { table: CAUGHT.lock().unwrap_or_else(PoisonError::into_inner), _masked: masked }
}

impl Locked {
    /// Has it caught, for one loop more if `more`.
    fn catch(&mut self, number: Number, more: bool) -> io::Result<()> {
        let entry = &mut self.table[number.index()];
        match entry {
            Some(caught) if is_ours(number) => caught.loops += usize::from(more),
            _ => {
                let loops = entry.map_or(0, |caught| caught.loops) + usize::from(more);
                *entry = Some(Caught { loops, before: signal::catch(number, on_signal)? });
            }
        }
        Ok(())
    }

    /// One loop less asks for it.
    fn release(&mut self, number: Number) {
        let entry = &mut self.table[number.index()];
        let Some(caught) = entry else { return };
        caught.loops -= 1;
        if caught.loops == 0 {
            let before = caught.before;
            *entry = None;
            give_back(number, &before);
        }
    }
}

thread_local! {
    /// The lock that the thread that forks holds meanwhile, so that the child has a whole table,
    /// and no signal comes to the child before it has its own dispositions.
    static HELD: Cell<Option<ManuallyDrop<Locked>>> = const { Cell::new(None) };
}

extern "C" fn before_fork() {
    HELD.set(Some(ManuallyDrop::new(lock())));
}

extern "C" fn after_fork() {
    drop(HELD.take().map(ManuallyDrop::into_inner));
}

/// The loops are the parent's: in the child each number does again what it did before.
extern "C" fn in_child() {
    let mut held = HELD.take().map(ManuallyDrop::into_inner);
    for ear in EARS.iter().take(USED.swap(0, Ordering::SeqCst)) {
        ear.abandon();
    }
    if let Some(locked) = &mut held {
        for number in (0..NUMBERS as i32).filter_map(Number::of) {
            if let Some(caught) = locked.table[number.index()].take() {
                give_back(number, &caught.before);
            }
        }
    }
}

fn give_back(number: Number, before: &Action) {
    if is_ours(number) {
        signal::restore(number, before);
    }
}

/// Whether the signal comes to the handler of this file: the program may have taken it away.
pub fn is_ours(number: Number) -> bool {
    signal::is_caught_by(number, on_signal)
}

/// The hearing of one loop.
pub struct Hearing {
    place: &'static Lent<Ear>,
    ear: Arc<Ear>,
    numbers: Vec<Number>,
}

impl Hearing {
    /// One that hears nothing yet, and will ring this bell. LIMIT if too many loops have one.
    pub fn new(bell: &Arc<Wake>) -> Result<Hearing, Status> {
        static HOOKS: OnceCell<()> = OnceCell::new();
        let hooks = || around_fork(Some(before_fork), Some(after_fork), Some(in_child));
        HOOKS.get_or_try_init(hooks).map_err(|_| Status::NOMEM)?;
        let ear = Arc::new(Ear {
            bell: Arc::clone(bell),
            rung: AtomicBool::new(false),
            wanted: [const { AtomicBool::new(false) }; NUMBERS],
            counts: [const { AtomicU32::new(0) }; NUMBERS],
        });
        let _locked = lock();
        let free = EARS.iter().position(|place| place.lend(Arc::clone(&ear)));
        let place = free.ok_or(Status::LIMIT)?;
        USED.fetch_max(place + 1, Ordering::SeqCst);
        Ok(Hearing { place: &EARS[place], ear, numbers: Vec::new() })
    }

    /// Hears of this number from now on; takes it again if the program took it away meanwhile.
    pub fn begin(&mut self, number: Number) -> io::Result<()> {
        let new = !self.numbers.contains(&number);
        // The first signal that is caught is heard.
        self.ear.wanted[number.index()].store(true, Ordering::SeqCst);
        let caught = lock().catch(number, new);
        if new {
            match caught {
                Ok(()) => self.numbers.push(number),
                Err(_) => self.ear.wanted[number.index()].store(false, Ordering::SeqCst),
            }
        }
        caught
    }

    /// Hears of this number no more, and forgets what it has heard of it.
    pub fn end(&mut self, number: Number) {
        let Some(at) = self.numbers.iter().position(|other| *other == number) else { return };
        self.numbers.swap_remove(at);
        lock().release(number);
        self.ear.wanted[number.index()].store(false, Ordering::SeqCst);
        // One that began before must not count for whoever asks for the number next.
        self.place.wait_for_lookers();
        self.ear.counts[number.index()].store(0, Ordering::SeqCst);
    }

    /// Whether something was heard since this was last asked. The bell has been made quiet before.
    pub fn has_heard(&self) -> bool {
        self.ear.rung.swap(false, Ordering::SeqCst)
    }

    /// How often the signal came since this was last asked.
    pub fn take(&self, number: Number) -> u32 {
        self.ear.counts[number.index()].swap(0, Ordering::SeqCst)
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        for number in std::mem::take(&mut self.numbers) {
            lock().release(number);
        }
        self.place.take_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::signal::tests::raise;

    fn number(raw: i32) -> Number {
        Number::of(raw).unwrap()
    }

    fn hearing() -> (Hearing, Arc<Wake>) {
        let bell = Arc::new(Wake::new().unwrap());
        (Hearing::new(&bell).unwrap(), bell)
    }

    extern "C" fn other(_: i32) {}

    #[test]
    fn each_loop_that_asked_hears_each_signal_and_no_other_does() {
        let (usr1, usr2) = (number(libc::SIGUSR1), number(libc::SIGUSR2));
        let ((mut one, _), (mut two, _), (mut deaf, _)) = (hearing(), hearing(), hearing());
        one.begin(usr1).unwrap();
        two.begin(usr1).unwrap();
        deaf.begin(usr2).unwrap();
        assert!(!one.has_heard());
        raise(usr1);
        raise(usr1);
        assert_eq!((one.has_heard(), one.take(usr1)), (true, 2));
        assert_eq!((one.has_heard(), one.take(usr1)), (false, 0));
        one.end(usr1);
        raise(usr1);
        assert_eq!((two.has_heard(), two.take(usr1)), (true, 3));
        assert_eq!((one.has_heard(), one.take(usr1)), (false, 0));
        assert!(!deaf.has_heard());
        drop(two);
        assert!(!is_ours(usr1) && is_ours(usr2));
    }

    #[test]
    fn what_the_program_put_in_its_place_is_left_there() {
        let urgent = number(libc::SIGIO);
        let (mut hearing, _) = hearing();
        hearing.begin(urgent).unwrap();
        signal::catch(urgent, other).unwrap();
        hearing.begin(urgent).unwrap();
        assert!(is_ours(urgent), "asked for again, it is taken again");
        hearing.end(urgent);
        assert!(signal::is_caught_by(urgent, other), "and given back as it was");
        hearing.begin(urgent).unwrap();
        signal::catch(urgent, other).unwrap();
        drop(hearing);
        assert!(signal::is_caught_by(urgent, other));
    }

    #[test]
    fn a_number_that_the_system_keeps_is_refused_and_not_asked_for() {
        let (mut hearing, _) = hearing();
        assert!(hearing.begin(number(127)).is_err());
        assert!(hearing.numbers.is_empty());
    }
}
