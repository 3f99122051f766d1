// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one guard at the border: every call checks its handle, keeps errno, and turns a panic into
//! `WC_E_PANIC`. Is not: where user code runs; a guard is never held across a callback.

use super::core::Core;
use super::table;
use crate::base::{Handle, Kind, Status};
use crate::sys::errno;
use once_cell::sync::OnceCell;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    /// True exactly while library code runs under a guard: a panic there prints nothing.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Makes panics under a guard silent; those of the rest of the program keep their hook.
pub(super) fn silence_panics() {
    static DONE: OnceCell<()> = OnceCell::new();
    DONE.get_or_init(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !GUARDED.get() {
                before(info);
            }
        }));
    });
}

/// Runs library code that needs no loop.
#[inline]
pub(super) fn guard<T>(act: impl FnOnce() -> Result<T, Status>) -> Result<T, Status> {
    let _errno = errno::Saved::new();
    let was = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(act));
    GUARDED.set(was);
    result.unwrap_or(Err(Status::PANIC))
}

/// Runs library code on the loop of a handle.
#[inline]
pub(super) fn with<T>(
    handle: u64,
    kind: Kind,
    act: impl FnOnce(&mut Core) -> Result<T, Status>,
) -> Result<T, Status> {
    let handle = Handle(handle);
    handle.expect(kind)?;
    let core = table::enter(handle)?;
    let result = guard(|| {
        // SAFETY: `enter` found the core alive and owned by this thread. This is the only place
        // that makes a reference to it, and none is alive: `act` runs library code only, which does
        // not come here again.
        act(unsafe { &mut *core })
    });
    if let Err(Status::PANIC) = result {
        table::poison(handle);
    }
    result
}

/// The status of a result that has no value.
pub(super) fn code(result: Result<(), Status>) -> i32 {
    result.err().unwrap_or(Status::OK).0
}

/// The status of a result that is a status.
pub(super) fn flat(result: Result<Status, Status>) -> i32 {
    result.unwrap_or_else(|status| status).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_status_and_the_guard_is_lifted() {
        silence_panics();
        assert_eq!(guard(|| -> Result<(), Status> { panic!("a defect") }), Err(Status::PANIC));
        assert!(!GUARDED.get());
        assert_eq!(guard(|| Ok(7)), Ok(7));
    }
}
