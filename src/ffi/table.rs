// SPDX-License-Identifier: MIT OR Apache-2.0
//! The process-wide table of loops, and the one way from a handle to its loop. Is not: what a loop
//! does. INVARIANTS: the number of an ended loop is given out again only with generations above all
//! that were used under it; a core is touched by the thread that owns it and by no other; the door
//! is touched between `callers` going up and down, and freed when `callers` is 0.

use super::core::Core;
use super::pulse::Pulse;
use crate::base::handle::GENERATION_MAX;
use crate::base::{Handle, Kind, Status, limits};
use crate::engine::Message;
use crate::source::door::Door;
use crate::sys::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering};

/// Nobody owns the loop: the next thread that uses it does.
const NOBODY: usize = 0;

struct Entry {
    /// True exactly when a loop lives under this number, or is being made or freed.
    taken: AtomicBool,
    /// The generation of the loop's handle; 0 when none lives.
    generation: AtomicU32,
    /// The highest generation that was used under this number before the loop that lives now.
    floor: AtomicU32,
    owner: AtomicUsize,
    forks: AtomicU32,
    poisoned: AtomicBool,
    core: AtomicPtr<Core>,
    door: AtomicPtr<Door<Message>>,
    callers: AtomicUsize,
    pulse: Pulse,
}

/// All zeros, so it takes no room in the file, and memory only for the numbers that are used.
static TABLE: [Entry; limits::LOOPS] = [const { Entry::new() }; limits::LOOPS];

impl Entry {
    const fn new() -> Entry {
        Entry {
            taken: AtomicBool::new(false),
            generation: AtomicU32::new(0),
            floor: AtomicU32::new(0),
            owner: AtomicUsize::new(NOBODY),
            forks: AtomicU32::new(0),
            poisoned: AtomicBool::new(false),
            core: AtomicPtr::new(std::ptr::null_mut()),
            door: AtomicPtr::new(std::ptr::null_mut()),
            callers: AtomicUsize::new(0),
            pulse: Pulse::new(),
        }
    }
}

/// A number for a new loop, with the floor for its generations.
pub(super) struct Place {
    pub number: u16,
    pub floor: u32,
}

/// Takes a number; `LIMIT` when all are in use.
pub(super) fn reserve() -> Result<Place, Status> {
    for (number, entry) in TABLE.iter().enumerate() {
        let floor = entry.floor.load(Ordering::Acquire);
        let free = || {
            entry.taken.compare_exchange(false, true, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        };
        if floor + 1 < GENERATION_MAX && free() {
            return Ok(Place { number: number as u16, floor: entry.floor.load(Ordering::Acquire) });
        }
    }
    Err(Status::LIMIT)
}

/// Gives a number back that was not used.
pub(super) fn give_back(place: &Place) {
    TABLE[usize::from(place.number)].taken.store(false, Ordering::Release);
}

/// Makes a loop findable; the calling thread owns it.
pub(super) fn publish(place: &Place, core: Box<Core>, door: Arc<Door<Message>>) -> Handle {
    let entry = &TABLE[usize::from(place.number)];
    entry.owner.store(process::thread_id(), Ordering::Relaxed);
    entry.forks.store(process::forks(), Ordering::Relaxed);
    entry.poisoned.store(false, Ordering::Relaxed);
    entry.core.store(Box::into_raw(core), Ordering::Relaxed);
    entry.door.store(Arc::into_raw(door).cast_mut(), Ordering::Relaxed);
    entry.generation.store(place.floor + 1, Ordering::Release);
    Handle::new(Kind::Loop, place.number, 0, place.floor + 1)
}

/// Takes a loop out of the table, whose handles are gone from then on; the caller owns it and freed
/// nothing of it yet. The number can be used again after `release`.
pub(super) fn withdraw(number: u16) -> Box<Core> {
    let entry = &TABLE[usize::from(number)];
    entry.generation.store(0, Ordering::SeqCst);
    entry.pulse.set(false);
    while entry.callers.load(Ordering::SeqCst) > 0 {
        std::thread::yield_now();
    }
    let door = entry.door.swap(std::ptr::null_mut(), Ordering::AcqRel);
    // SAFETY: `publish` stored this pointer from Arc::into_raw; no caller is inside, and none
    // enters while the generation is 0.
    drop(unsafe { Arc::from_raw(door) });
    let core = entry.core.swap(std::ptr::null_mut(), Ordering::AcqRel);
    // SAFETY: `publish` stored this pointer from Box::into_raw; only the owner gets here, once.
    unsafe { Box::from_raw(core) }
}

/// Lets the number be used again, above the generation given.
pub(super) fn release(number: u16, highest: u32) {
    let entry = &TABLE[usize::from(number)];
    let own = entry.floor.load(Ordering::Relaxed) + 1;
    entry.floor.store(highest.max(own), Ordering::Release);
    entry.taken.store(false, Ordering::Release);
}

/// The entry of a handle's loop, if the handle can be of the loop that lives there.
fn find(handle: Handle) -> Result<&'static Entry, Status> {
    let kind = handle.kind().ok_or(Status::BADHANDLE)?;
    let entry = TABLE.get(usize::from(handle.loop_number())).ok_or(Status::BADHANDLE)?;
    // In one order with the `callers` of `with_door`: an Acquire might be read before they went up.
    let generation = entry.generation.load(Ordering::SeqCst);
    let fits = match kind {
        Kind::Loop => handle.slot() == 0 && handle.generation() == generation,
        _ => generation > 0 && handle.generation() >= generation,
    };
    if !fits {
        let never = handle.generation() == 0 || (kind == Kind::Loop && handle.slot() != 0);
        return Err(if never { Status::BADHANDLE } else { Status::GONE });
    }
    if entry.forks.load(Ordering::Relaxed) != process::forks() {
        return Err(Status::FORKED);
    }
    Ok(entry)
}

/// Where a loop of this thread tells what it is in.
pub(super) fn pulse(handle: Handle) -> &'static Pulse {
    &TABLE[usize::from(handle.loop_number())].pulse
}

/// Where the loop of a handle tells what it is in; from any thread. A loop that comes after it
/// under its number tells there too: the caller asks again when it has read.
pub(super) fn find_pulse(handle: Handle) -> Result<&'static Pulse, Status> {
    find(handle).map(|entry| &entry.pulse)
}

/// The core of a handle's loop, for the thread that owns it. A loop that nobody owns is the
/// caller's from now on.
pub(super) fn enter(handle: Handle) -> Result<*mut Core, Status> {
    enter_as(process::thread_id(), handle)
}

/// The same for a caller that knows its thread's number.
#[inline]
pub(super) fn enter_as(me: usize, handle: Handle) -> Result<*mut Core, Status> {
    let entry = find(handle)?;
    let owner = entry.owner.load(Ordering::Relaxed);
    if owner != me {
        let claim = || {
            entry.owner.compare_exchange(NOBODY, me, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        };
        if owner != NOBODY || !claim() {
            return Err(Status::THREAD);
        }
    }
    if entry.poisoned.load(Ordering::Relaxed) {
        return Err(Status::PANIC);
    }
    Ok(entry.core.load(Ordering::Relaxed))
}

/// The core of a poisoned loop, for the thread that owns it.
pub(super) fn enter_poisoned(handle: Handle) -> Result<*mut Core, Status> {
    let entry = find(handle)?;
    if entry.owner.load(Ordering::Relaxed) != process::thread_id() {
        return Err(Status::THREAD);
    }
    Ok(entry.core.load(Ordering::Relaxed))
}

/// A panic happened in the loop of this handle, under the hands of its owner: it answers PANIC from
/// now on.
pub(super) fn poison(handle: Handle) {
    if let Ok(entry) = find(handle) {
        entry.poisoned.store(true, Ordering::Relaxed);
        // SAFETY: the core is alive as long as its entry is found, it is the calling thread's, and
        // the reference under which the panic happened is gone.
        unsafe { (*entry.core.load(Ordering::Relaxed)).poisoned = true };
    }
}

/// The loop is nobody's from now on. The caller owns it and touches it no more.
pub(super) fn disown(handle: Handle) -> Result<(), Status> {
    find(handle)?.owner.store(NOBODY, Ordering::Release);
    Ok(())
}

/// Does something with the door of a handle's loop; from any thread. Takes no lock itself, so it
/// can be used in a signal handler with what is safe there.
pub(super) fn with_door<T>(
    handle: Handle,
    kind: Kind,
    act: impl FnOnce(&Door<Message>) -> T,
) -> Result<T, Status> {
    handle.expect(kind)?;
    let entry = find(handle)?;
    entry.callers.fetch_add(1, Ordering::SeqCst);
    // Looked at again: the loop may have been withdrawn before the count went up.
    let result = match find(handle) {
        Ok(_) => {
            let door = entry.door.load(Ordering::Acquire);
            // SAFETY: the generation was live after `callers` went up, so `withdraw` waits for us.
            Ok(act(unsafe { &*door }))
        }
        Err(status) => Err(status),
    };
    entry.callers.fetch_sub(1, Ordering::SeqCst);
    result
}

#[cfg(test)]
mod tests {
    use super::super::guard::tests::{alone, new_loop};
    use super::super::loop_::{wc_loop_free, wc_loop_stop};
    use super::*;
    use std::thread;

    fn free(loop_: u64) {
        assert_eq!(wc_loop_free(loop_), Status::OK.0);
    }

    #[test]
    fn a_handle_finds_its_loop_until_that_is_freed() {
        let loop_ = Handle(new_loop());
        let (number, generation) = (loop_.loop_number(), loop_.generation());
        let conn = |generation| Handle::new(Kind::Conn, number, 5, generation);
        assert!(enter(loop_).is_ok() && enter(conn(generation)).is_ok());
        assert!(enter(conn(generation + 9)).is_ok(), "whether that lives is the loop's to say");
        assert_eq!(enter(Handle(0)).err(), Some(Status::BADHANDLE));
        assert_eq!(enter(Handle(loop_.0 | 1 << 24)).err(), Some(Status::BADHANDLE), "slot 1");
        assert_eq!(enter(Handle(loop_.0 + 1)).err(), Some(Status::GONE));
        let beyond = Handle::new(Kind::Loop, limits::LOOPS as u16, 0, 1);
        assert_eq!(enter(beyond).err(), Some(Status::BADHANDLE));
        free(loop_.0);
        for stale in [loop_, conn(generation)] {
            assert_eq!(enter(stale).err(), Some(Status::GONE));
        }
    }

    #[test]
    fn a_loop_is_its_threads_until_it_is_given_up() {
        let loop_ = Handle(new_loop());
        let elsewhere = |act: fn(Handle) -> Result<(), Status>| {
            thread::scope(|scope| scope.spawn(|| act(loop_)).join().unwrap())
        };
        assert_eq!(elsewhere(|loop_| enter(loop_).map(drop)), Err(Status::THREAD));
        disown(loop_).unwrap();
        let claims = |loop_| enter(loop_).map(drop).and_then(|()| enter_poisoned(loop_).map(drop));
        assert_eq!(elsewhere(claims), Ok(()), "the first to use it has it");
        assert_eq!(enter(loop_).err(), Some(Status::THREAD));
        assert_eq!(enter_poisoned(loop_), Err(Status::THREAD));
        disown(loop_).unwrap();
        free(loop_.0);
    }

    #[test]
    fn the_door_is_open_to_all_threads_while_the_loop_is_freed() {
        for _ in 0..50 {
            let loop_ = Handle(new_loop());
            let knock = || loop {
                if let Err(status) = with_door(loop_, Kind::Loop, Door::ask_stop) {
                    return status;
                }
            };
            thread::scope(|scope| {
                let threads = [scope.spawn(knock), scope.spawn(knock)];
                assert_eq!(wc_loop_stop(loop_.0), Status::OK.0);
                free(loop_.0);
                for thread in threads {
                    assert_eq!(thread.join().unwrap(), Status::GONE);
                }
            });
        }
    }

    /// Takes every number, and reuses one: alone, because the table is the process's.
    fn take_all() {
        let old = Handle(new_loop());
        free(old.0);
        let places: Vec<Place> = (0..limits::LOOPS).map(|_| reserve().expect("room")).collect();
        assert_eq!(reserve().err(), Some(Status::LIMIT));
        assert_eq!(places[0].number, old.loop_number());
        assert!(places[0].floor >= old.generation(), "above all that were used");
        give_back(&places[7]);
        assert_eq!(reserve().map(|place| place.number), Ok(7));
        assert_eq!(reserve().err(), Some(Status::LIMIT));
    }

    #[test]
    fn there_are_so_many_loops_and_a_number_comes_back_with_higher_generations() {
        let name = "ffi::table::tests::\
                    there_are_so_many_loops_and_a_number_comes_back_with_higher_generations";
        assert_eq!(alone(name, take_all), (String::new(), String::new()));
    }

    #[test]
    fn a_number_whose_generations_are_used_up_retires() {
        let name = "ffi::table::tests::a_number_whose_generations_are_used_up_retires";
        alone(name, || {
            let place = reserve().expect("room");
            release(place.number, GENERATION_MAX);
            assert_ne!(reserve().map(|place| place.number), Ok(place.number));
        });
    }
}
