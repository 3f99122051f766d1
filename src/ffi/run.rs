// SPDX-License-Identifier: MIT OR Apache-2.0
//! The dispatch: events out of the loop, calls into the program, one after the other. INVARIANT:
//! user code is called with no reference into the library alive and no guard held.

use super::call::Call;
use super::core::{Core, Goal, Next, drop_of};
use super::guard::{code, guard, with};
use super::table;
use super::types::{wc_loop, wc_status};
use super::watchdog::Now;
use crate::base::time::Millis;
use crate::base::{Handle, Kind, Status};
use crate::engine::Message;
use crate::sys::process;

/// That a run, next or drain is on the stack; however it is left, also by an exception of a
/// callback.
pub(super) struct Running {
    handle: wc_loop,
    /// The loop's core. It stays where it is and in this thread's hands as long as this stands: a
    /// running loop is freed when this is dropped, and is not given up.
    core: *mut Core,
    forks: u32,
}

impl Running {
    pub(super) fn begin(loop_: wc_loop) -> Result<Running, Status> {
        with(loop_, Kind::Loop, |core| {
            let was = std::mem::replace(&mut core.running, true);
            if was { Err(Status::REENTRANT) } else { Ok(()) }
        })?;
        // The table's own pointer: one made of the reference above would end with the next one.
        let core = table::enter(Handle(loop_))?;
        Ok(Running { handle: loop_, core, forks: process::forks() })
    }

    /// Runs library code on the loop, as `guard::with` does for a handle that comes from outside.
    #[inline]
    fn on<T>(&self, act: impl FnOnce(&mut Core) -> Result<T, Status>) -> Result<T, Status> {
        if process::forks() != self.forks {
            return Err(Status::FORKED);
        }
        let result = guard(|| {
            // SAFETY: the field says why the core is alive and ours; no reference to it is, for
            // user code runs between the calls of this function, never within one.
            let core = unsafe { &mut *self.core };
            if core.poisoned { Err(Status::PANIC) } else { act(core) }
        });
        if let Err(Status::PANIC) = result {
            table::poison(Handle(self.handle));
        }
        result
    }

    /// The next event or outcome; user pointers that are due go back to the program on the way.
    pub(super) fn pull(&self, mut goal: Goal) -> Result<Next, Status> {
        loop {
            match self.on(|core| core.advance(&mut goal, false))? {
                // SAFETY: nothing of the loop is borrowed here.
                Next::Call(call) => unsafe { call.invoke() },
                next => return Ok(next),
            }
        }
    }

    /// Calls back for the event at hand.
    pub(super) fn dispatch(&self) -> Result<(), Status> {
        let call = self.on(|core| {
            let (kind, object) = (core.event.kind, core.event.object);
            let call = core.call();
            if call.is_some() {
                core.meter_begin(Now::Call, kind, object);
            }
            Ok(call)
        })?;
        if let Some(call) = call {
            // SAFETY: nothing of the loop is borrowed here.
            unsafe { call.invoke() };
        }
        Ok(())
    }

    /// Calls back until the goal is reached: OK, or NONE if its time is up before.
    pub(super) fn run(&self, goal: Goal) -> Result<Status, Status> {
        Ok(if let Next::None = self.call_back(goal)? { Status::NONE } else { Status::OK })
    }

    /// Calls back for one turn: OK, NONE if nothing is alive, STOPPED.
    pub(super) fn step(&self, goal: Goal) -> Result<Status, Status> {
        Ok(match self.call_back(goal)? {
            Next::Stopped => Status::STOPPED,
            Next::Idle => Status::NONE,
            Next::None | Next::Event | Next::Call(_) => Status::OK,
        })
    }

    fn call_back(&self, mut goal: Goal) -> Result<Next, Status> {
        loop {
            match self.on(|core| core.advance(&mut goal, true))? {
                Next::Call(call) => {
                    if goal.single {
                        // Something has happened: a wait after it would keep its caller from it.
                        goal.until = Some(Millis(0));
                    }
                    // SAFETY: nothing of the loop is borrowed here.
                    unsafe { call.invoke() }
                }
                end => return Ok(end),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if process::forks() != self.forks {
            return;
        }
        // SAFETY: as in `on`; what is touched is well also after a panic.
        let core = unsafe { &mut *self.core };
        core.running = false;
        core.meter_left();
        match (core.free_wanted, core.poisoned) {
            (false, _) => {}
            (true, false) => drop(free_loop(self.handle)),
            (true, true) => drop(free_poisoned(self.handle)),
        }
    }
}

/// Ends all that lives in the loop, each with its last callback, then the loop.
pub(super) fn free_loop(loop_: wc_loop) -> wc_status {
    let ended = with(loop_, Kind::Loop, |core| {
        core.free_wanted = false;
        core.freeing = true;
        core.stay = false;
        core.host.end_all();
        Ok(())
    });
    // An exception that leaves a callback drops it: the loop can then be freed on.
    let running = match ended.and_then(|()| Running::begin(loop_)) {
        Ok(running) => running,
        Err(status) => return status.0,
    };
    // What it answers is of no use here: a loop that panics now is poisoned and freed all the same.
    let _ = running.run(Goal { stoppable: false, ..Goal::ALL });
    std::mem::forget(running);
    let number = Handle(loop_).loop_number();
    let mut core = table::withdraw(number);
    for message in core.host.engine.door().close() {
        if let Message::Post(job) = message {
            // SAFETY: nothing of the loop is borrowed; its handles are gone.
            unsafe { Call::Free(drop_of(&job)).invoke() };
        }
    }
    core.settle();
    while let Some(call) = core.next_hook() {
        // SAFETY: as above.
        unsafe { call.invoke() };
    }
    core.drop_hooks();
    while let Some(call) = core.bindings.next_release() {
        // SAFETY: as above.
        unsafe { call.invoke() };
    }
    finish(number, core)
}

/// Ends a loop that has panicked; its objects end without a word. One that runs ends when that is
/// over.
pub(super) fn free_poisoned(loop_: wc_loop) -> wc_status {
    let core = match table::enter_poisoned(Handle(loop_)) {
        Ok(core) => core,
        Err(status) => return status.0,
    };
    // SAFETY: the table found the core alive and this thread's; no reference to it is alive, for
    // this is not called within library code that has one.
    let core = unsafe { &mut *core };
    if core.running {
        core.free_wanted = true;
        return Status::OK.0;
    }
    let number = Handle(loop_).loop_number();
    finish(number, table::withdraw(number))
}

/// Drops what a loop owns and lets its number be used again.
fn finish(number: u16, core: Box<Core>) -> wc_status {
    let highest = core.host.highest_generation();
    let dropped = guard(|| {
        drop(core);
        Ok(())
    });
    table::release(number, highest);
    code(dropped)
}

#[cfg(test)]
mod tests {
    use super::super::guard::tests::new_loop;
    use super::super::loop_::{wc_loop_free, wc_loop_post, wc_loop_run, wc_loop_stop};
    use super::*;
    use std::ffi::c_void;

    unsafe extern "C-unwind" fn panic_and_free(loop_: wc_loop, _: *mut c_void) {
        super::super::guard::silence_panics();
        let panics = with(loop_, Kind::Loop, |_| -> Result<(), Status> { panic!("a defect") });
        assert_eq!(panics, Err(Status::PANIC));
        assert_eq!(wc_loop_free(loop_), Status::OK.0);
        assert_eq!(wc_loop_stop(loop_), Status::OK.0, "it stands as long as it runs");
    }

    #[test]
    fn a_poisoned_loop_that_is_freed_in_its_callback_ends_when_its_run_does() {
        let loop_ = new_loop();
        // SAFETY: the job needs no user pointer.
        let posted =
            unsafe { wc_loop_post(loop_, Some(panic_and_free), std::ptr::null_mut(), None) };
        assert_eq!(posted, Status::OK.0);
        assert_eq!(wc_loop_run(loop_), Status::PANIC.0);
        assert_eq!(wc_loop_free(loop_), Status::GONE.0);
    }
}
