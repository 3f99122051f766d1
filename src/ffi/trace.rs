// SPDX-License-Identifier: MIT OR Apache-2.0
//! The trace hook in C: each change of state of a connection, a listener or a child, told between
//! callbacks.
#![allow(non_camel_case_types)]

use super::call::{Call, TransitionFn, User};
use super::core::Core;
use super::guard::with;
use super::types::{wc_free_fn, wc_loop, wc_status};
use crate::base::{Handle, Kind, Machine};
use crate::engine::trace::{Step, Transition};
use crate::net::gate::Gate;
use crate::net::life::Life;
use crate::source::child::{Course, Ending};
use once_cell::sync::Lazy;
use std::ffi::{CString, c_char, c_void};

/// A change of state. The texts are the names in docs/STATES.md; they stand as long as the library
/// is loaded, the struct until the hook returns.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_transition {
    /// Bytes of this struct as the library knows it.
    pub size: usize,
    /// The time of the loop, in ms.
    pub time_ms: u64,
    /// Whose state changed.
    pub object: u64,
    /// The machine: "connection", "listener", "child" or "end of a child".
    pub machine: *const c_char,
    /// The state that it was in.
    pub state: *const c_char,
    /// What happened to it.
    pub input: *const c_char,
    /// The state that it is in.
    pub next: *const c_char,
}

/// A machine has changed its state.
pub type wc_trace_fn =
    Option<unsafe extern "C-unwind" fn(transition: *const wc_transition, user: *mut c_void)>;

/// The names of a machine, as C reads them.
struct Names {
    machine: CString,
    states: Vec<CString>,
    inputs: Vec<CString>,
}

impl Names {
    fn of<M: Machine>() -> Names {
        let name = |text: String| CString::new(text).expect("names have no NUL");
        Names {
            machine: name(M::NAME.to_owned()),
            states: M::STATES.iter().map(|state| name(format!("{state:?}"))).collect(),
            inputs: M::INPUTS.iter().map(|input| name(format!("{input:?}"))).collect(),
        }
    }

    fn fill(&self, transition: &mut wc_transition, state: usize, input: usize, next: usize) {
        transition.machine = self.machine.as_ptr();
        transition.state = self.states[state].as_ptr();
        transition.input = self.inputs[input].as_ptr();
        transition.next = self.states[next].as_ptr();
    }
}

static CONN: Lazy<Names> = Lazy::new(Names::of::<Life>);
static LISTENER: Lazy<Names> = Lazy::new(Names::of::<Gate>);
static CHILD: Lazy<Names> = Lazy::new(Names::of::<Course>);
static CHILD_END: Lazy<Names> = Lazy::new(Names::of::<Ending>);

impl wc_transition {
    fn of(transition: &Transition) -> wc_transition {
        let mut out = wc_transition {
            size: size_of::<wc_transition>(),
            time_ms: transition.at.0,
            object: transition.object.0,
            machine: std::ptr::null(),
            state: std::ptr::null(),
            input: std::ptr::null(),
            next: std::ptr::null(),
        };
        match transition.step {
            Step::Conn(state, input, next) => {
                CONN.fill(&mut out, state as usize, input as usize, next as usize);
            }
            Step::Listener(state, input, next) => {
                LISTENER.fill(&mut out, state as usize, input as usize, next as usize);
            }
            Step::Child(state, input, next) => {
                CHILD.fill(&mut out, state as usize, input as usize, next as usize);
            }
            Step::ChildEnd(state, input, next) => {
                CHILD_END.fill(&mut out, state as usize, input as usize, next as usize);
            }
        }
        out
    }
}

impl Core {
    fn set_trace(&mut self, hook: Option<(TransitionFn, User)>) {
        self.host.engine.set_trace(hook.is_some());
        let old = std::mem::replace(&mut self.hooks.trace, hook);
        self.hooks.changed();
        if let Some((_, user)) = old {
            self.bindings.release_later(user);
        }
    }

    /// The call that tells of the next transition.
    pub fn trace_call(&mut self) -> Option<Call> {
        let (hook, user) = self.hooks.trace?;
        let transition = wc_transition::of(&self.host.engine.next_transition()?);
        Some(Call::Transition(hook, self.hooks.show_transition(transition), user.ptr))
    }

    /// The hook ends with its loop.
    pub fn drop_trace(&mut self) {
        self.set_trace(None);
    }
}

/// Has each change of state of the loop's connections, listeners and children told to a hook:
/// between two callbacks, in the order in which they happened, at the latest before the loop waits;
/// what an event has changed is told after its callback. Between two callbacks at most TRACES
/// (docs/LIMITS.md) are kept; more are counted in the loop's stats. What happened before this call
/// is not told. Without a hook nothing is kept. A second call replaces what the first one set.
///
/// [loop thread]
///
/// @param loop_          the loop
/// @param on_transition  the hook; null: none. It may call whatever a callback may.
/// @param user           goes to the hook
/// @param free_user      called once with user when the hook was replaced, or when the loop has
///                       ended; also if this call fails, before it returns; may be null
///
/// Returns: WC_OK; WC_E_LIMIT if too many user pointers wait to go back; WC_E_BADHANDLE, WC_E_GONE,
/// WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// The callbacks may be called with `user`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn wc_loop_set_trace(
    loop_: wc_loop,
    on_transition: wc_trace_fn,
    user: *mut c_void,
    free_user: wc_free_fn,
) -> wc_status {
    let user = User { ptr: user, free: free_user };
    let set = with(loop_, Kind::Loop, |core| {
        core.expect_hook_room(on_transition.is_some(), &user)?;
        core.set_trace(on_transition.map(|hook| (hook, user)));
        if on_transition.is_none() {
            core.bindings.release_later(user);
        }
        Ok(Handle::NONE)
    });
    // SAFETY: nothing is written to null.
    unsafe { user.settle(set, std::ptr::null_mut()) }
}
