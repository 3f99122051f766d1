// SPDX-License-Identifier: MIT OR Apache-2.0
//! Starting another program: fork(2), then execve(2) in the child. Is not: waiting for its end,
//! which is `sys::exit`. INVARIANT: a program that could not be started has left nothing behind,
//! and the caller has the reason; one that was started has its three standard descriptors and no
//! other, blocks no signal and ignores none.

mod image;
mod stdio;

use super::check;
use super::errno;
use super::exit::{self, Pid};
use super::fault::{self, Call};
pub use image::Limits;
use image::{Image, Source};
use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
pub use stdio::{Open, copy, null, open, pair};

/// One of a child's standard descriptors.
#[derive(Debug)]
pub enum Stdio {
    /// The program's own, as it is; one that is close-on-exec is closed.
    Inherit,
    /// Not open.
    Closed,
    /// A copy of this one.
    Copy(OwnedFd),
    /// As the one before it; not for the first.
    Same,
}

/// What is to run, and how.
#[derive(Clone, Debug)]
pub struct Program {
    /// A path, if it has a slash; else a name that is looked for in PATH.
    pub name: CString,
    /// Its arguments, from argv[0] on.
    pub argv: Vec<CString>,
    /// Its environment, or the program's own.
    pub env: Option<Vec<CString>>,
    /// Its working directory, or the program's own.
    pub directory: Option<CString>,
    /// It leads a process group of its own.
    pub group: bool,
    /// Its limits.
    pub limits: Limits,
}

/// Where exec(3) looks without PATH.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// No system allows a process more descriptors, unless it was told to.
const MOST: u64 = 1 << 20;

/// The paths that a program may have.
fn places(name: &CStr, path: Option<&OsStr>) -> Vec<CString> {
    if name.to_bytes().contains(&b'/') {
        return vec![name.to_owned()];
    }
    let path = path.unwrap_or(OsStr::new(PATH)).as_bytes();
    let place = |directory: &[u8]| {
        let directory = if directory.is_empty() { b"." } else { directory };
        let whole = [directory, b"/", name.to_bytes()].concat();
        CString::new(whole).expect("neither the variable nor the name holds a NUL")
    };
    path.split(|byte| *byte == b':').map(place).collect()
}

/// The program's own environment.
fn own_environment() -> Vec<CString> {
    let pair = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        let whole = [name.into_vec(), b"=".to_vec(), value.into_vec()].concat();
        CString::new(whole).expect("no variable holds a NUL")
    };
    std::env::vars_os().map(pair).collect()
}

/// The texts as exec(2) wants them, with a null behind the last.
fn pointers(texts: &[CString]) -> Vec<*const libc::c_char> {
    texts.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect()
}

/// Keeps all signals from this thread until it is dropped: a handler of the program must not run in
/// the child, where it could write to what both processes share.
struct Blocked(libc::sigset_t);

impl Blocked {
    fn all() -> Blocked {
        // SAFETY: a sigset_t is integers: all zero is a value of it; both are valid for the calls,
        // which fail for no argument given here.
        unsafe {
            let (mut all, mut before) = std::mem::zeroed::<(libc::sigset_t, libc::sigset_t)>();
            libc::sigfillset(&mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
            Blocked(before)
        }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: the set is the one that `all` was given.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.0, std::ptr::null_mut()) };
    }
}

/// Starts a program. What keeps it from being started, in the child too, is the error; else it runs
/// when this returns. It waits for the exec, which takes as long as the disk does.
pub fn spawn(program: &Program, stdio: [Stdio; 3]) -> io::Result<Pid> {
    let mut held = Vec::new();
    let mut sources = [Source::Inherit; 3];
    for (source, stdio) in sources.iter_mut().zip(stdio) {
        *source = match stdio {
            Stdio::Inherit => Source::Inherit,
            Stdio::Closed => Source::Closed,
            Stdio::Same => Source::Same,
            Stdio::Copy(fd) => {
                let fd = stdio::lift(fd)?;
                let number = fd.as_raw_fd();
                held.push(fd);
                Source::Copy(number)
            }
        };
    }
    let (heard, report) = stdio::pipe()?;
    let report = stdio::lift(report)?;
    let places = places(&program.name, std::env::var_os("PATH").as_deref());
    let own = if program.env.is_none() { own_environment() } else { Vec::new() };
    let paths: Vec<_> = places.iter().map(|place| place.as_ptr()).collect();
    let image = Image {
        paths: &paths,
        argv: &pointers(&program.argv),
        env: &pointers(program.env.as_deref().unwrap_or(&own)),
        directory: program.directory.as_ref().map_or(std::ptr::null(), |text| text.as_ptr()),
        group: program.group,
        limits: program.limits,
        sources,
        report: report.as_raw_fd(),
        most: super::limit::descriptors().min(MOST) as i32,
    };
    let blocked = Blocked::all();
    // SAFETY: the child calls `run` and nothing else.
    let pid = check(fault::call(Call::Fork, || unsafe { libc::fork() }))?;
    if pid == 0 {
        // SAFETY: this is that child, and all signals are blocked.
        unsafe { image.run() }
    }
    drop(blocked);
    drop((report, held));
    match hear(&heard) {
        None => Ok(Pid(pid)),
        Some(os_error) => {
            exit::await_end(Pid(pid));
            Err(io::Error::from_raw_os_error(os_error))
        }
    }
}

/// What the child says of its exec: errno, or nothing once that has closed its end.
fn hear(from: &OwnedFd) -> Option<i32> {
    let mut word = [0; 4];
    loop {
        // SAFETY: `word` is valid for its length.
        let read = || unsafe {
            libc::read(from.as_raw_fd(), word.as_mut_ptr().cast(), word.len()) as libc::c_int
        };
        let got = fault::call(Call::Read, read);
        if got < 0 && errno::get() == libc::EINTR {
            continue;
        }
        return (got == word.len() as i32).then(|| i32::from_ne_bytes(word));
    }
}

#[cfg(test)]
mod tests;
