// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pools of threads in C: what blocks, done off the loop. Is not: the jobs themselves once they are
//! under way, in `ffi::job`.
#![allow(non_camel_case_types)]

use super::binding::{Binding, Callbacks};
use super::call::User;
use super::core::Core;
use super::give::{self, Versioned};
use super::guard::{code, guard, with};
use super::job::wc_done_fn;
use super::types::{wc_free_fn, wc_job, wc_loop, wc_pool, wc_status};
use crate::base::{Handle, Kind, Status, limits};
use crate::engine::{Found, Outcome, PoolSettings, Work};
use crate::net::Owner;
use crate::sys::{blame, file, resolve};
use std::ffi::{CStr, CString, OsString, c_char, c_void};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// How a pool is made. Fill it with wc_pool_options_init, then change what you want.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_pool_options {
    /// Bytes of this struct as the caller knows it.
    pub size: usize,
    /// Bytes of a thread's stack, at the least.
    pub stack_bytes: usize,
    /// How many threads; at least 1.
    pub threads: u32,
    /// Jobs that the pool takes beside one for each thread; 0: none waits.
    pub queue: u32,
}

// SAFETY: repr(C), size first, integers only.
unsafe impl Versioned for wc_pool_options {
    const FIRST: usize = size_of::<wc_pool_options>();
    fn defaults() -> wc_pool_options {
        wc_pool_options {
            size: size_of::<wc_pool_options>(),
            stack_bytes: limits::POOL_STACK,
            threads: limits::POOL_THREADS,
            queue: limits::POOL_QUEUE,
        }
    }
}

/// What a pool has counted since it was made, and how it stands. Set size before the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_pool_stats {
    /// Bytes of this struct as the caller knows it.
    pub size: usize,
    /// Jobs taken in.
    pub submitted: u64,
    /// Jobs that ran to their end, or needed no thread.
    pub done: u64,
    /// Jobs cancelled.
    pub cancelled: u64,
    /// Jobs refused because the pool was full.
    pub refused: u64,
    /// Its threads.
    pub threads: u32,
    /// Jobs that wait for a thread now.
    pub queued: u32,
    /// Jobs that run now.
    pub running: u32,
    /// Reserved; 0.
    pub reserved: u32,
}

// SAFETY: repr(C), size first, integers only.
unsafe impl Versioned for wc_pool_stats {
    const FIRST: usize = size_of::<wc_pool_stats>();
    fn defaults() -> wc_pool_stats {
        wc_pool_stats {
            size: size_of::<wc_pool_stats>(),
            submitted: 0,
            done: 0,
            cancelled: 0,
            refused: 0,
            threads: 0,
            queued: 0,
            running: 0,
            reserved: 0,
        }
    }
}

/// What a job does, on a thread of its pool, at the same time as the loop and other jobs. It may
/// call what is [any thread], and nothing else of the library. An exception of C++ that leaves it
/// ends the process by std::terminate; it may not be left by longjmp or pthread_exit.
pub type wc_work_fn = Option<unsafe extern "C-unwind" fn(user: *mut c_void)>;

/// Fills pool options with the defaults.
///
/// [any thread]
///
/// @param options  the struct to fill
/// @param size     its size: sizeof(wc_pool_options)
///
/// Returns: WC_OK; WC_E_INVAL for null; WC_E_VERSION for a size that no version had.
///
/// # Safety
/// `options` is null or points to `size` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_pool_options_init(
    options: *mut wc_pool_options,
    size: usize,
) -> wc_status {
    // SAFETY: the caller's promise.
    code(guard(|| unsafe { give::init(options, size) }))
}

/// Makes a pool of threads, all of them at once. It belongs to its loop and ends with it. Signals
/// are blocked in its threads, but for those that a thread raises by what it does itself, such as
/// SIGSEGV. A pool whose jobs wait for long, such as for names of hosts, should not be the one that
/// others wait for: make one for each. A pool without jobs keeps no loop running.
///
/// [loop thread]
///
/// @param loop_    the loop
/// @param options  how; null: the defaults; copied
/// @param out      where the handle is written
///
/// Returns: WC_OK; WC_E_INVAL for a null out or no thread; WC_E_VERSION; WC_E_LIMIT for more pools,
/// more threads, or a smaller or larger stack than docs/LIMITS.md says; WC_E_AGAIN or WC_E_NOMEM if
/// the system cannot make so many threads, and none is left then; WC_E_STATE while the loop is
/// being freed; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC. See
/// pthread_create(3).
///
/// # Safety
/// `options` is null or an initialised struct; `out` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_pool_new(
    loop_: wc_loop,
    options: *const wc_pool_options,
    out: *mut wc_pool,
) -> wc_status {
    code(with(loop_, Kind::Loop, |core| {
        give::expect_out(out)?;
        // SAFETY: the caller's promise.
        let options = unsafe { give::read_or_default(options)? };
        let wc_pool_options { threads, queue, stack_bytes, .. } = options;
        let pool = core.host.engine.new_pool(PoolSettings { threads, queue, stack_bytes })?;
        // SAFETY: the caller's promise.
        unsafe { give::put(out, pool.0) }
    }))
}

/// Frees a pool. Jobs that wait are done with WC_E_CANCELLED; those that run are not waited for:
/// each is told when it is done, and keeps the loop running until then. wc_loop_free does wait for
/// them.
///
/// [loop thread]
///
/// @param pool  the pool; its handle answers WC_E_GONE from then on
///
/// Returns: WC_OK; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn wc_pool_free(pool: wc_pool) -> wc_status {
    code(with(pool, Kind::Pool, |core| core.host.engine.free_pool(Handle(pool))))
}

/// What a pool has counted, and how it stands.
///
/// [loop thread]
///
/// @param pool  the pool
/// @param out   the counters, its size set by the caller
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_VERSION; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED,
/// WC_E_PANIC.
///
/// # Safety
/// `out` is null or an initialised, writable struct.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_pool_get_stats(pool: wc_pool, out: *mut wc_pool_stats) -> wc_status {
    code(with(pool, Kind::Pool, |core| {
        let counted = core.host.engine.pool_stats(Handle(pool))?;
        let stats = wc_pool_stats {
            size: size_of::<wc_pool_stats>(),
            submitted: counted.submitted,
            done: counted.done,
            cancelled: counted.cancelled,
            refused: counted.refused,
            threads: counted.threads as u32,
            queued: counted.queued as u32,
            running: counted.running as u32,
            reserved: 0,
        };
        // SAFETY: the caller's promise.
        unsafe { give::write(out, &stats) }
    }))
}

/// How a job is begun, once it is known what it does and for whom.
type Begin<'a> = &'a mut dyn FnMut(&mut Core, Owner) -> Result<Handle, Status>;

/// Begins a job, or gives its user pointer back.
///
/// # Safety
/// `out` is null or writable; the callbacks may be called with `user`.
unsafe fn begin_job(
    pool: wc_pool,
    on_done: wc_done_fn,
    user: User,
    out: *mut wc_job,
    begin: Begin<'_>,
) -> wc_status {
    let begun = with(pool, Kind::Pool, |core| {
        give::expect_spare(out)?;
        let owner = core.bindings.insert(Binding { callbacks: Callbacks::Job(on_done), user });
        begin(core, owner).inspect_err(|_| core.bindings.take_back(owner))
    });
    // SAFETY: the caller's promise.
    unsafe { user.settle(begun, out) }
}

/// Work of the library's own: a panic in it is told as WC_E_PANIC.
fn own_work(work: impl FnOnce() -> Outcome + Send + 'static) -> Work {
    Box::new(|| guard(|| Ok(work())).unwrap_or_else(|status| Outcome::failed(status, 0)))
}

/// Has a pool do something. Jobs of one pool begin in the order in which they were submitted; with
/// one thread they also end in it.
///
/// [loop thread]
///
/// @param pool       the pool
/// @param work       is called with user on a thread of the pool
/// @param on_done    is called on the loop's thread when work has returned, with WC_OK, or with
///                   WC_E_CANCELLED or WC_E_FREED if it was never called; may be null
/// @param user       goes to both
/// @param free_user  called once with user, on the loop's thread, after on_done; also if this call
///                   fails, before it returns; may be null
/// @param out        where the handle is written; may be null
///
/// Returns: WC_OK; WC_E_INVAL for a null work; WC_E_LIMIT if the pool is full; WC_E_BADHANDLE,
/// WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `out` is null or writable; `work` may be called with `user` on another thread, the other
/// callbacks on the loop's.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn wc_pool_submit(
    pool: wc_pool,
    work: wc_work_fn,
    on_done: wc_done_fn,
    user: *mut c_void,
    free_user: wc_free_fn,
    out: *mut wc_job,
) -> wc_status {
    let user = User { ptr: user, free: free_user };
    let begin: Begin<'_> = &mut |core, owner| {
        let work = work.ok_or(Status::INVAL)?;
        // Pointers do not cross threads by themselves; a word does.
        let word = user.ptr.expose_provenance();
        let run = Box::new(move || {
            // SAFETY: the caller's promise. Nothing of the library is borrowed or locked, and no
            // guard is held: what leaves it meets no frame that would catch it.
            unsafe { work(std::ptr::with_exposed_provenance_mut(word)) };
            Outcome::found(Found::Nothing)
        });
        core.host.engine.submit_job(Handle(pool), owner, run)
    };
    // SAFETY: the caller's promise.
    unsafe { begin_job(pool, on_done, user, out, begin) }
}

/// Has a pool ask for the addresses of a host, IPv4 and IPv6, which wc_job_address then gives in
/// the order in which the system prefers them. A numeric address is taken as it is, and "localhost"
/// and what ends with ".localhost" is 127.0.0.1 and then ::1: nobody is asked for these, and no
/// thread is needed. Others take as long as the system's resolver tries. The status is
/// WC_E_NOTFOUND if there is no such host or it has no address, WC_E_AGAIN if the name servers did
/// not answer, WC_E_OS or another one if the system refused; os_error is the number of
/// getaddrinfo(3) for it, for gai_strerror(3), or errno where that number is EAI_SYSTEM.
///
/// [loop thread]
///
/// @param pool       the pool
/// @param host       the host as the name system knows it; copied
/// @param port       is given back with each address
/// @param on_done    as for wc_pool_submit
/// @param user       goes to on_done
/// @param free_user  as for wc_pool_submit
/// @param out        where the handle is written; may be null
///
/// Returns: WC_OK; WC_E_INVAL for a host that is null or empty; WC_E_LIMIT if the pool is full or
/// the host longer than a name can be; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED,
/// WC_E_PANIC.
///
/// # Safety
/// `host` is null or NUL-terminated; `out` is null or writable; the callbacks may be called with
/// `user`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn wc_pool_resolve(
    pool: wc_pool,
    host: *const c_char,
    port: u16,
    on_done: wc_done_fn,
    user: *mut c_void,
    free_user: wc_free_fn,
    out: *mut wc_job,
) -> wc_status {
    let user = User { ptr: user, free: free_user };
    let begin: Begin<'_> = &mut |core, owner| {
        // SAFETY: the caller's promise.
        let host = unsafe { given(host)? };
        if host.to_bytes().len() > limits::HOST_NAME {
            return Err(Status::LIMIT);
        }
        let engine = &mut core.host.engine;
        if let Some(addresses) = host.to_str().ok().and_then(|host| resolve::literal(host, port)) {
            let outcome = Outcome::found(Found::Addresses(addresses));
            return engine.submit_done(Handle(pool), owner, outcome);
        }
        let work = own_work(move || match resolve::ask(&host, port) {
            Ok(addresses) => Outcome::found(Found::Addresses(addresses)),
            Err((status, number)) => Outcome::failed(status, number),
        });
        engine.submit_job(Handle(pool), owner, work)
    };
    // SAFETY: the caller's promise.
    unsafe { begin_job(pool, on_done, user, out, begin) }
}

/// Has a pool read a file; on_done gets its bytes. Fewer than max_bytes are given only where the
/// file ends; none where offset is its end or behind it. The status is WC_E_NOTFOUND, WC_E_ACCESS,
/// WC_E_NOFILES or WC_E_NOMEM as the system says; WC_E_INVAL for what is no file on disk: a
/// directory (os_error EISDIR), or a FIFO, a socket or a device (ESPIPE), which is not opened; else
/// WC_E_OS.
///
/// [loop thread]
///
/// @param pool       the pool
/// @param path       the file; copied
/// @param offset     the first byte to read, from the file's start
/// @param max_bytes  how many at most
/// @param on_done    as for wc_pool_submit; the bytes are lent until it returns
/// @param user       goes to on_done
/// @param free_user  as for wc_pool_submit
/// @param out        where the handle is written; may be null
///
/// Returns: WC_OK; WC_E_INVAL for a path that is null or empty; WC_E_LIMIT if the pool is full or
/// max_bytes more than docs/LIMITS.md says; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED,
/// WC_E_PANIC. See open(2), pread(2).
///
/// # Safety
/// `path` is null or NUL-terminated; `out` is null or writable; the callbacks may be called with
/// `user`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn wc_pool_read(
    pool: wc_pool,
    path: *const c_char,
    offset: u64,
    max_bytes: usize,
    on_done: wc_done_fn,
    user: *mut c_void,
    free_user: wc_free_fn,
    out: *mut wc_job,
) -> wc_status {
    let user = User { ptr: user, free: free_user };
    let begin: Begin<'_> = &mut |core, owner| {
        // SAFETY: the caller's promise.
        let path = unsafe { given(path)? };
        if max_bytes > limits::READ_FILE {
            return Err(Status::LIMIT);
        }
        let path = PathBuf::from(OsString::from_vec(path.into_bytes()));
        let work = own_work(move || match file::read(&path, offset, max_bytes) {
            Ok(bytes) => Outcome::found(Found::Bytes(bytes)),
            Err(error) => match error.raw_os_error().unwrap_or(0) {
                number @ (libc::EISDIR | libc::ESPIPE) => Outcome::failed(Status::INVAL, number),
                number => Outcome::failed(blame::status(number), number),
            },
        });
        core.host.engine.submit_job(Handle(pool), owner, work)
    };
    // SAFETY: the caller's promise.
    unsafe { begin_job(pool, on_done, user, out, begin) }
}

/// A copy of the caller's text, which is not empty.
///
/// # Safety
/// `text` is null or NUL-terminated.
unsafe fn given(text: *const c_char) -> Result<CString, Status> {
    if text.is_null() {
        return Err(Status::INVAL);
    }
    // SAFETY: the caller promised a NUL.
    let text = unsafe { CStr::from_ptr(text) };
    if text.is_empty() { Err(Status::INVAL) } else { Ok(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_work_of_the_librarys_own_is_told() {
        super::super::guard::silence_panics();
        let work = own_work(|| panic!("a defect"));
        assert_eq!(work(), Outcome::failed(Status::PANIC, 0));
        assert_eq!(own_work(|| Outcome::failed(Status::OS, 5))(), Outcome::failed(Status::OS, 5));
    }
}
