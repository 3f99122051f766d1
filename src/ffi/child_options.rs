// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a child is started, in C: options, its standard descriptors, what it has used. Is not: the
//! calls, which are in `ffi::child`.
#![allow(non_camel_case_types)]

use super::call::User;
use super::conn_options::{wc_conn_callbacks, wc_conn_options};
use super::give::{self, Versioned};
use super::guard::{code, guard};
use super::types::{wc_child, wc_free_fn, wc_status};
use crate::base::{Status, limits};
use crate::engine::Plan;
use crate::net::policy::Policy;
use crate::sys::Fd;
use crate::sys::spawn::{self, Limits, Open, Program, Stdio};
use std::ffi::{CStr, CString, c_char, c_int, c_void};

/// The program's own descriptor, as it is.
pub const WC_STDIO_INHERIT: c_int = 0;
/// /dev/null: input that is empty, output that is dropped.
pub const WC_STDIO_NULL: c_int = 1;
/// Not open.
pub const WC_STDIO_CLOSED: c_int = 2;
/// The file at `path`, opened by the program: read, or made anew, or with `append` written at its
/// end.
pub const WC_STDIO_FILE: c_int = 3;
/// A copy of the descriptor `fd`, which stays the program's.
pub const WC_STDIO_FD: c_int = 4;
/// A connection of the loop: what is sent on it the child reads, what the child writes is its data.
pub const WC_STDIO_STREAM: c_int = 5;
/// For the error: where the output goes.
pub const WC_STDIO_SAME: c_int = 6;

/// The child's standard input.
pub const WC_CHILD_IN: c_int = 0;
/// The child's standard output.
pub const WC_CHILD_OUT: c_int = 1;
/// The child's standard error.
pub const WC_CHILD_ERR: c_int = 2;

/// The child leads a process group of its own, which is signalled as a whole. Set by
/// wc_child_options_init.
pub const WC_CHILD_GROUP: u32 = 1;
/// The child leaves no file of its memory when it crashes.
pub const WC_CHILD_NO_CORE: u32 = 2;

/// A child has exited and its output has ended, in either order, and on_close of its streams has
/// been called. code: what it gave to exit(3), or -1; signal: what ended it, or 0; why: WC_OK if it
/// ended by itself, WC_E_TIMEOUT if wall_ms had passed, WC_E_CANCELLED after wc_child_stop,
/// WC_E_FREED with its loop, WC_E_OS if how it ended is not known, because the program ignores
/// SIGCHLD or has waited for the child itself. Its handle answers WC_E_GONE once this returns.
pub type wc_exit_fn = Option<
    unsafe extern "C-unwind" fn(
        child: wc_child,
        code: i32,
        signal: i32,
        why: wc_status,
        user: *mut c_void,
    ),
>;

/// One of a child's standard descriptors. Fill it with wc_child_stdio_init, then change what you
/// want.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_child_stdio {
    /// Bytes of this struct as the caller knows it.
    pub size: usize,
    /// What it is: WC_STDIO_...
    pub kind: i32,
    /// For WC_STDIO_FD.
    pub fd: i32,
    /// For WC_STDIO_FILE; relative to the program's working directory.
    pub path: *const c_char,
    /// For WC_STDIO_FILE as output or error: not 0 writes at the file's end.
    pub append: u32,
    /// Reserved; 0.
    pub reserved: u32,
    /// For WC_STDIO_STREAM: null for the defaults of connections, but without idle_ms and stall_ms:
    /// a child may think as long as wall_ms lets it.
    pub options: *const wc_conn_options,
    /// For WC_STDIO_STREAM: copied; null for a program that pulls events.
    pub callbacks: *const wc_conn_callbacks,
    /// For WC_STDIO_STREAM: goes to the callbacks.
    pub user: *mut c_void,
    /// For WC_STDIO_STREAM: called once with user after on_close; also if wc_child_spawn fails,
    /// before it returns; may be null.
    pub free_user: wc_free_fn,
}

// SAFETY: repr(C), size first, integers and pointers only; a null function pointer is None.
unsafe impl Versioned for wc_child_stdio {
    const FIRST: usize = size_of::<wc_child_stdio>();
    fn defaults() -> wc_child_stdio {
        wc_child_stdio {
            size: size_of::<wc_child_stdio>(),
            kind: WC_STDIO_INHERIT,
            fd: -1,
            path: std::ptr::null(),
            append: 0,
            reserved: 0,
            options: std::ptr::null(),
            callbacks: std::ptr::null(),
            user: std::ptr::null_mut(),
            free_user: None,
        }
    }
}

/// How a child is started. Fill it with wc_child_options_init, then change what you want.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_child_options {
    /// Bytes of this struct as the caller knows it.
    pub size: usize,
    /// What runs: a path, if it has a slash, relative to `directory`; else a name that is looked
    /// for in the program's PATH.
    pub program: *const c_char,
    /// Its arguments from argv[0] on, with a null behind the last; null: `program` alone.
    pub argv: *const *const c_char,
    /// Its environment, "NAME=value" each, with a null behind the last; null: the program's own.
    pub env: *const *const c_char,
    /// Its working directory; null: the program's own.
    pub directory: *const c_char,
    /// Its standard input; null: WC_STDIO_NULL.
    pub input: *const wc_child_stdio,
    /// Its standard output; null: WC_STDIO_INHERIT.
    pub output: *const wc_child_stdio,
    /// Its standard error; null: WC_STDIO_INHERIT.
    pub error: *const wc_child_stdio,
    /// WC_CHILD_GROUP, WC_CHILD_NO_CORE.
    pub flags: u32,
    /// ms until it is ended with WC_E_TIMEOUT; 0: it may run for ever.
    pub wall_ms: u32,
    /// ms between SIGTERM and SIGKILL when wall_ms has passed; 0: SIGKILL at once.
    pub grace_ms: u32,
    /// ms after its exit in which somebody else may hold its output open; then its streams end with
    /// WC_E_TIMEOUT. Time in which they are paused does not count. 0: for ever.
    pub output_ms: u32,
    /// Limit of CPU seconds, as are those below never above the program's own; 0: that. See
    /// setrlimit(2).
    pub cpu_s: u32,
    /// Limit of descriptors.
    pub files: u32,
    /// Limit of memory, in bytes of address space.
    pub memory_bytes: u64,
    /// Limit of a file that it writes, in bytes.
    pub file_bytes: u64,
}

// SAFETY: repr(C), size first, integers and pointers only.
unsafe impl Versioned for wc_child_options {
    const FIRST: usize = size_of::<wc_child_options>();
    fn defaults() -> wc_child_options {
        wc_child_options {
            size: size_of::<wc_child_options>(),
            program: std::ptr::null(),
            argv: std::ptr::null(),
            env: std::ptr::null(),
            directory: std::ptr::null(),
            input: std::ptr::null(),
            output: std::ptr::null(),
            error: std::ptr::null(),
            flags: WC_CHILD_GROUP,
            wall_ms: 0,
            grace_ms: limits::CHILD_GRACE_MS,
            output_ms: limits::CHILD_OUTPUT_MS,
            cpu_s: 0,
            files: 0,
            memory_bytes: 0,
            file_bytes: 0,
        }
    }
}

/// What a child has used of the machine, with those of its own children that it waited for. Set
/// size before the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_child_usage {
    /// Bytes of this struct as the caller knows it.
    pub size: usize,
    /// CPU time in its own code, in microseconds.
    pub user_us: u64,
    /// CPU time in the system, in microseconds.
    pub system_us: u64,
    /// The largest resident memory, in bytes.
    pub max_rss_bytes: u64,
}

// SAFETY: repr(C), size first, integers only.
unsafe impl Versioned for wc_child_usage {
    const FIRST: usize = size_of::<wc_child_usage>();
    fn defaults() -> wc_child_usage {
        let size = size_of::<wc_child_usage>();
        wc_child_usage { size, user_us: 0, system_us: 0, max_rss_bytes: 0 }
    }
}

/// Fills child options with the defaults.
///
/// [any thread]
///
/// @param options  the struct to fill
/// @param size     its size: sizeof(wc_child_options)
///
/// Returns: WC_OK; WC_E_INVAL for null; WC_E_VERSION for a size that no version had.
///
/// # Safety
/// `options` is null or points to `size` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_child_options_init(
    options: *mut wc_child_options,
    size: usize,
) -> wc_status {
    // SAFETY: the caller's promise.
    code(guard(|| unsafe { give::init(options, size) }))
}

/// Fills one of a child's standard descriptors with the defaults: WC_STDIO_INHERIT.
///
/// [any thread]
///
/// @param stdio  the struct to fill
/// @param size   its size: sizeof(wc_child_stdio)
///
/// Returns: WC_OK; WC_E_INVAL for null; WC_E_VERSION for a size that no version had.
///
/// # Safety
/// `stdio` is null or points to `size` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_child_stdio_init(stdio: *mut wc_child_stdio, size: usize) -> wc_status {
    // SAFETY: the caller's promise.
    code(guard(|| unsafe { give::init(stdio, size) }))
}

/// A text of the caller, copied; none where it is null.
///
/// # Safety
/// `text` is null or points to a NUL-terminated text.
unsafe fn owned(text: *const c_char) -> Option<CString> {
    // SAFETY: the caller's promise.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_owned())
}

/// The texts up to the null, copied; none where the list itself is null; INVAL at an odd address.
///
/// # Safety
/// `list` is null, or points to NUL-terminated texts with a null behind the last.
unsafe fn list(list: *const *const c_char) -> Result<Option<Vec<CString>>, Status> {
    if list.is_null() {
        return Ok(None);
    }
    if !list.is_aligned() {
        return Err(Status::INVAL);
    }
    let mut texts = Vec::new();
    // SAFETY: the caller's promise; what stands behind the null is not looked at.
    while let Some(text) = unsafe { owned(*list.add(texts.len())) } {
        texts.push(text);
    }
    Ok(Some(texts))
}

impl wc_child_options {
    /// What runs, as the layers below understand it.
    ///
    /// # Safety
    /// The pointers are what their fields say.
    pub(super) unsafe fn program(&self) -> Result<Program, Status> {
        if self.flags & !(WC_CHILD_GROUP | WC_CHILD_NO_CORE) != 0 {
            return Err(Status::INVAL);
        }
        // SAFETY: the caller's promise.
        let (name, argv, env, directory) = unsafe {
            (owned(self.program), list(self.argv)?, list(self.env)?, owned(self.directory))
        };
        let name = name.filter(|name| !name.is_empty()).ok_or(Status::INVAL)?;
        let argv = argv.unwrap_or_else(|| vec![name.clone()]);
        if argv.is_empty() {
            return Err(Status::INVAL);
        }
        let limits = Limits {
            cpu_s: self.cpu_s.into(),
            memory_bytes: self.memory_bytes,
            files: self.files.into(),
            file_bytes: self.file_bytes,
            no_core: self.flags & WC_CHILD_NO_CORE != 0,
        };
        let group = self.flags & WC_CHILD_GROUP != 0;
        Ok(Program { name, argv, env, directory, group, limits })
    }

    /// The caller's structs of the three descriptors, or what null stands for.
    ///
    /// # Safety
    /// The pointers are what their fields say.
    pub(super) unsafe fn stdio(&self) -> [Result<wc_child_stdio, Status>; 3] {
        let plain = |kind| Ok(wc_child_stdio { kind, ..wc_child_stdio::defaults() });
        let pairs = [
            (self.input, WC_STDIO_NULL),
            (self.output, WC_STDIO_INHERIT),
            (self.error, WC_STDIO_INHERIT),
        ];
        pairs.map(|(given, kind)| {
            // SAFETY: the caller's promise.
            if given.is_null() { plain(kind) } else { unsafe { give::read(given) } }
        })
    }
}

/// Why one of a child's descriptors cannot be had: a status, or the system's refusal.
pub(super) enum Refusal {
    Status(Status),
    System(std::io::Error),
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Refusal {
        Refusal::Status(status)
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Refusal {
        Refusal::System(error)
    }
}

impl wc_child_stdio {
    /// The user pointer that a stream takes.
    pub(super) fn taken(&self) -> Option<User> {
        let user = User { ptr: self.user, free: self.free_user };
        (self.kind == WC_STDIO_STREAM).then_some(user)
    }

    /// As the layers below understand it, for the descriptor `which`; `stream` makes the owner of a
    /// stream with these callbacks.
    ///
    /// # Safety
    /// The pointers are what their fields say.
    pub(super) unsafe fn plan(
        &self,
        which: c_int,
        stream: impl FnOnce(wc_conn_callbacks) -> crate::net::Owner,
    ) -> Result<Plan, Refusal> {
        if self.reserved != 0 {
            return Err(Status::INVAL.into());
        }
        let how = match (which, self.append) {
            (WC_CHILD_IN, _) => Open::Read,
            (_, 0) => Open::Write,
            _ => Open::Append,
        };
        Ok(Plan::Given(match self.kind {
            WC_STDIO_INHERIT => Stdio::Inherit,
            WC_STDIO_NULL => Stdio::Copy(spawn::null(how)?),
            WC_STDIO_CLOSED => Stdio::Closed,
            WC_STDIO_FILE => {
                // SAFETY: the caller's promise.
                let path = unsafe { owned(self.path) }.ok_or(Status::INVAL)?;
                Stdio::Copy(spawn::open(&path, how)?)
            }
            WC_STDIO_FD => Stdio::Copy(spawn::copy(Fd::from(self.fd))?),
            WC_STDIO_SAME if which == WC_CHILD_ERR => Stdio::Same,
            WC_STDIO_STREAM => {
                // SAFETY: the caller's promise.
                let (policy, callbacks) = unsafe {
                    let policy = match self.options.is_null() {
                        true => Policy { idle_ms: 0, stall_ms: 0, ..Policy::default() },
                        false => give::read(self.options)?.policy()?,
                    };
                    (policy, give::read_or_default(self.callbacks)?)
                };
                policy.check()?;
                return Ok(Plan::Stream(policy, stream(callbacks)));
            }
            _ => return Err(Status::INVAL.into()),
        }))
    }
}
