// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one guard at the border: every call checks its handle, keeps errno, and turns a panic into
//! `WC_E_PANIC`. Is not: where user code runs; a guard is never held across a callback.

use super::core::Core;
use super::table;
use crate::base::{Handle, Kind, Status};
use crate::sys::errno;
use crate::sys::process::{self, Here};
use once_cell::sync::OnceCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Makes panics under a guard silent; those of the rest of the program keep their hook.
pub(super) fn silence_panics() {
    static DONE: OnceCell<()> = OnceCell::new();
    DONE.get_or_init(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !process::here(|here| here.guarded.get()) {
                before(info);
            }
        }));
    });
}

/// Runs library code that needs no loop.
#[inline]
pub(super) fn guard<T>(act: impl FnOnce() -> Result<T, Status>) -> Result<T, Status> {
    process::here(|here| guard_here(here, act))
}

/// `guarded` is true exactly while library code runs in here: a panic of that prints nothing.
#[inline]
fn guard_here<T>(here: &Here, act: impl FnOnce() -> Result<T, Status>) -> Result<T, Status> {
    let _errno = errno::Saved::new();
    let was = here.guarded.replace(true);
    let result = catch_unwind(AssertUnwindSafe(act));
    here.guarded.set(was);
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
    process::here(|here| {
        let core = table::enter_as(here.id(), handle)?;
        let result = guard_here(here, || {
            // SAFETY: `enter_as` found the core alive and owned by this thread. This is the only
            // place that makes a reference to it, and none is alive: `act` runs library code only,
            // which does not come here again.
            act(unsafe { &mut *core })
        });
        if let Err(Status::PANIC) = result {
            table::poison(handle);
        }
        result
    })
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
pub(super) mod tests {
    use super::super::loop_::{wc_loop_free, wc_loop_new};
    use super::super::timer::wc_timer_cancel;
    use super::*;
    use std::io::Write;
    use std::process::{Command, exit};

    /// Runs `act` alone in a process: that of the test of this name, started once more. Gives what
    /// it wrote to its standard error, and what stands between its marks in its standard output.
    pub fn alone(name: &str, act: fn()) -> (String, String) {
        const CHILD: &str = "WEBCORE_TEST_CHILD";
        let mark = |mark: &[u8]| {
            let mut out = std::io::stdout().lock();
            out.write_all(mark).and_then(|()| out.flush()).expect("the parent reads it");
        };
        if std::env::var_os(CHILD).is_some() {
            mark(b"<begin>");
            act();
            mark(b"<end>");
            exit(0);
        }
        let test = std::env::current_exe().expect("a test knows its own path");
        let mut child = Command::new(test);
        child.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(CHILD, "1");
        let output = child.output().expect("it can be started once more");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, errors) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{:?}: {out}{errors}", output.status);
        let inner = out.split_once("<begin>").and_then(|(_, rest)| rest.split_once("<end>"));
        (errors, inner.unwrap_or_else(|| panic!("{name} did not run: {out}")).0.to_owned())
    }

    /// A loop of this thread.
    pub fn new_loop() -> u64 {
        let mut loop_ = 0;
        // SAFETY: null stands for the defaults, and the handle has its space.
        assert_eq!(unsafe { wc_loop_new(std::ptr::null(), &mut loop_) }, Status::OK.0);
        loop_
    }

    #[test]
    fn a_panic_becomes_a_status_and_the_guard_is_lifted() {
        silence_panics();
        assert_eq!(guard(|| -> Result<(), Status> { panic!("a defect") }), Err(Status::PANIC));
        assert!(!process::here(|here| here.guarded.get()));
        assert_eq!(guard(|| Ok(7)), Ok(7));
    }

    #[test]
    fn a_call_leaves_errno_as_it_was() {
        let errno = || std::io::Error::last_os_error().raw_os_error();
        let fails = |path| std::fs::read(path).map(drop).map_err(|_| Status::OS);
        assert_eq!(
            (fails("/dev/null/no directory"), errno()),
            (Err(Status::OS), Some(libc::ENOTDIR))
        );
        assert_eq!(guard(|| fails("/no such file")), Err(Status::OS));
        assert_eq!(errno(), Some(libc::ENOTDIR));
    }

    /// A panic in one loop: it answers PANIC from then on, and can be freed; another one goes on.
    fn poison_one() {
        let (poisoned, other) = (new_loop(), new_loop());
        let panics = with(poisoned, Kind::Loop, |_| -> Result<(), Status> { panic!("a defect") });
        assert_eq!(panics, Err(Status::PANIC));
        for _ in 0..2 {
            assert_eq!(with(poisoned, Kind::Loop, |_| Ok(())), Err(Status::PANIC));
        }
        let timer = Handle::new(Kind::Timer, Handle(poisoned).loop_number(), 0, 1 << 20);
        assert_eq!(wc_timer_cancel(timer.0), Status::PANIC.0);
        assert_eq!(with(other, Kind::Loop, |_| Ok(())), Ok(()));
        assert_eq!(wc_loop_free(poisoned), Status::OK.0);
        assert_eq!(with(poisoned, Kind::Loop, |_| Ok(())), Err(Status::GONE));
        assert_eq!(wc_loop_free(poisoned), Status::GONE.0);
        assert_eq!(wc_loop_free(other), Status::OK.0);
    }

    #[test]
    fn a_poisoned_loop_answers_panic_for_ever_can_be_freed_and_prints_nothing() {
        let name = "ffi::guard::tests::\
                    a_poisoned_loop_answers_panic_for_ever_can_be_freed_and_prints_nothing";
        assert_eq!(alone(name, poison_one), (String::new(), String::new()));
    }

    #[test]
    fn a_panic_of_the_program_itself_is_printed_as_ever() {
        let name = "ffi::guard::tests::a_panic_of_the_program_itself_is_printed_as_ever";
        let (errors, out) = alone(name, || {
            silence_panics();
            let _ = catch_unwind(|| panic!("of the program"));
        });
        assert!(errors.contains("of the program") && out.is_empty(), "{errors}");
    }
}
