// SPDX-License-Identifier: MIT OR Apache-2.0
//! What happens in the child between fork(2) and execve(2). INVARIANT: async-signal-safe calls
//! only, and nothing is allocated or freed: another thread may have held the allocator's lock when
//! the process was copied. The table of faults takes no lock.

use super::super::errno;
use super::super::fault::{self, Call};
use std::os::fd::RawFd;

/// Limits of a child; 0 leaves the program's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    /// Seconds of CPU time: SIGXCPU, and SIGKILL a second later.
    pub cpu_s: u64,
    /// Bytes of address space.
    pub memory_bytes: u64,
    /// Descriptors.
    pub files: u64,
    /// Bytes of a file that it writes: SIGXFSZ.
    pub file_bytes: u64,
    /// No file of its memory when it crashes.
    pub no_core: bool,
}

/// One of the child's standard descriptors, as a number that is above them all.
#[derive(Clone, Copy)]
pub(super) enum Source {
    Inherit,
    Closed,
    Copy(RawFd),
    /// As the one before it.
    Same,
}

/// Everything the child needs, made before the fork. The arrays of pointers end with a null, and
/// what they point to outlives the call.
pub(super) struct Image<'a> {
    pub paths: &'a [*const libc::c_char],
    pub argv: &'a [*const libc::c_char],
    pub env: &'a [*const libc::c_char],
    /// May be null.
    pub directory: *const libc::c_char,
    pub group: bool,
    pub limits: Limits,
    pub sources: [Source; 3],
    /// Where errno goes if it does not become the program.
    pub report: RawFd,
    /// No descriptor has this number or a higher one.
    #[allow(dead_code, reason = "closefrom(2), where it exists, does not ask")]
    pub most: RawFd,
}

/// More than any system has; the calls refuse what is none, and what the C library keeps for
/// itself.
const SIGNALS: libc::c_int = 128;

impl Image<'_> {
    /// Becomes the program, or says why not and ends.
    ///
    /// # Safety
    /// This is the child of a fork that nobody expects to return, with all signals blocked.
    pub(super) unsafe fn run(&self) -> ! {
        let mut report = self.report;
        let why = self.prepare(&mut report).err().unwrap_or_else(|| self.execute());
        let bytes = why.to_ne_bytes();
        // SAFETY: `bytes` is valid for its length; four bytes fit a pipe that is empty.
        let tell =
            || unsafe { libc::write(report, bytes.as_ptr().cast(), bytes.len()) as libc::c_int };
        fault::call(Call::Write, tell);
        // SAFETY: _exit runs nothing of the program that was copied.
        unsafe { libc::_exit(127) }
    }

    /// Everything but the exec; errno of what failed. `report` may get another number.
    fn prepare(&self, report: &mut RawFd) -> Result<(), i32> {
        if self.group {
            // SAFETY: setpgid takes integers.
            done(fault::call(Call::Setpgid, || unsafe { libc::setpgid(0, 0) }))?;
        }
        for number in 1..=SIGNALS {
            forget_handler(number);
        }
        for (to, source) in (0..).zip(self.sources) {
            place(source, to)?;
        }
        *report = self.close_strays();
        if !self.directory.is_null() {
            // SAFETY: it is a text with its NUL.
            done(fault::call(Call::Chdir, || unsafe { libc::chdir(self.directory) }))?;
        }
        self.limit()?;
        // SAFETY: a sigset_t is integers: all zero is a value of it, valid for both calls.
        let error = unsafe {
            let mut none: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&mut none);
            libc::pthread_sigmask(libc::SIG_SETMASK, &none, std::ptr::null_mut())
        };
        if error == 0 { Ok(()) } else { Err(error) }
    }

    /// Tries each place where the program may be, as exec(3) does: what is not there is passed
    /// over, what may not be run is remembered. Returns, with errno, if none is it.
    fn execute(&self) -> i32 {
        let (mut why, mut denied) = (libc::ENOENT, false);
        for path in self.paths {
            // SAFETY: the texts end with their NULs and the arrays with a null.
            let execute = || unsafe { libc::execve(*path, self.argv.as_ptr(), self.env.as_ptr()) };
            fault::call(Call::Execve, execute);
            why = errno::get();
            match why {
                libc::ENOENT | libc::ENOTDIR => {}
                libc::EACCES => denied = true,
                _ => return why,
            }
        }
        if denied { libc::EACCES } else { why }
    }

    /// Has the exec close what is not a standard descriptor, whoever opened it. Answers where the
    /// report goes now.
    #[cfg(any(
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "dragonfly"
    ))]
    fn close_strays(&self) -> RawFd {
        const REPORT: RawFd = 3;
        // SAFETY: all take integers; what was at that number has been placed already.
        unsafe {
            libc::dup2(self.report, REPORT);
            libc::fcntl(REPORT, libc::F_SETFD, libc::FD_CLOEXEC);
            libc::closefrom(REPORT + 1);
        }
        REPORT
    }

    /// Has the exec close what is not a standard descriptor, whoever opened it. Answers where the
    /// report goes now.
    #[cfg(not(any(
        target_os = "freebsd",
        target_os = "netbsd",
        target_os = "openbsd",
        target_os = "dragonfly"
    )))]
    fn close_strays(&self) -> RawFd {
        #[cfg(target_os = "linux")]
        {
            let (first, last) = (3 as libc::c_uint, libc::c_uint::MAX);
            let how = libc::CLOSE_RANGE_CLOEXEC;
            // SAFETY: close_range takes integers.
            let mark =
                || unsafe { libc::syscall(libc::SYS_close_range, first, last, how) as libc::c_int };
            if fault::call(Call::CloseRange, mark) == 0 {
                return self.report;
            }
        }
        for fd in 3..self.most {
            // SAFETY: the command takes an integer; a number that is no descriptor is refused.
            unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
        }
        self.report
    }

    fn limit(&self) -> Result<(), i32> {
        let limits = &self.limits;
        let file_bytes = libc::RLIMIT_FSIZE as libc::c_int;
        lower(libc::RLIMIT_CPU as libc::c_int, limits.cpu_s, 1)?;
        lower(libc::RLIMIT_NOFILE as libc::c_int, limits.files, 0)?;
        lower(file_bytes, limits.file_bytes, 0)?;
        if limits.no_core {
            set_limit(libc::RLIMIT_CORE as libc::c_int, 0, 0)?;
        }
        lower(MEMORY, limits.memory_bytes, 0)
    }
}

#[cfg(not(target_os = "openbsd"))]
const MEMORY: libc::c_int = libc::RLIMIT_AS as libc::c_int;
/// OpenBSD has none on address space.
#[cfg(target_os = "openbsd")]
const MEMORY: libc::c_int = libc::RLIMIT_DATA as libc::c_int;

fn done(result: libc::c_int) -> Result<(), i32> {
    if result < 0 { Err(errno::get()) } else { Ok(()) }
}

/// A handler is lost by the exec, but a signal that is ignored would stay so.
fn forget_handler(number: libc::c_int) {
    if number == libc::SIGKILL || number == libc::SIGSTOP {
        return;
    }
    // SAFETY: sigaction is integers: all zero is SIG_DFL without flags; a number that is no signal
    // is refused.
    let forget = || unsafe {
        let action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(number, &action, std::ptr::null_mut())
    };
    fault::call(Call::Sigaction, forget);
}

/// Brings a standard descriptor to its number; the copy that dup2(2) makes stays open over an exec.
fn place(source: Source, to: RawFd) -> Result<(), i32> {
    let from = match source {
        Source::Inherit => return Ok(()),
        Source::Closed => {
            // SAFETY: close takes an integer; one that is closed already is what is wanted.
            unsafe { libc::close(to) };
            return Ok(());
        }
        Source::Copy(fd) => fd,
        Source::Same => to - 1,
    };
    // SAFETY: dup2 takes integers.
    done(fault::call(Call::Dup, || unsafe { libc::dup2(from, to) }))
}

/// Sets a soft limit, and a hard one that is higher by `more`; neither above the present hard one.
fn lower(resource: libc::c_int, value: u64, more: u64) -> Result<(), i32> {
    if value == 0 {
        return Ok(());
    }
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is valid for the call.
    done(unsafe { libc::getrlimit(resource as _, &mut limit) })?;
    let most = limit.rlim_max as _;
    set_limit(resource, value.min(most), value.saturating_add(more).min(most))
}

fn set_limit(resource: libc::c_int, soft: u64, hard: u64) -> Result<(), i32> {
    let limit = libc::rlimit { rlim_cur: soft as _, rlim_max: hard as _ };
    // SAFETY: `limit` is valid for the call.
    done(fault::call(Call::Setrlimit, || unsafe { libc::setrlimit(resource as _, &limit) }))
}
