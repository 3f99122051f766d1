// SPDX-License-Identifier: MIT OR Apache-2.0
//! Jobs of pools in C: their last word, and what can be asked of them.
#![allow(non_camel_case_types)]

use super::guard::{code, flat, with};
use super::listener;
use super::types::{wc_job, wc_status};
use crate::base::{Handle, Kind, Status};
use crate::engine::Found;
use std::ffi::{c_char, c_void};

/// A job is done. Its only callback, on the loop's thread, never from within the call that
/// submitted or cancelled it. status: WC_OK, or why not; os_error: the system's number for that, or
/// 0; data and len: what wc_pool_read has read, else null and 0; they stand until it returns.
pub type wc_done_fn = Option<
    unsafe extern "C-unwind" fn(
        job: wc_job,
        status: wc_status,
        os_error: i32,
        data: *const c_char,
        len: usize,
        user: *mut c_void,
    ),
>;

/// Takes a job back that no thread has begun: it is done with WC_E_CANCELLED.
///
/// [loop thread]
///
/// @param job  the job
///
/// Returns: WC_OK; WC_E_STATE if it runs, or is done and is to be told; WC_E_GONE once that was
/// told; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn wc_job_cancel(job: wc_job) -> wc_status {
    code(with(job, Kind::Job, |core| core.host.engine.cancel_job(Handle(job))))
}

/// An address that wc_pool_resolve has found: ask for 0, 1 and so on until the answer is WC_NONE.
///
/// [loop thread] From on_done on until it returns; in the pull face, until the next event is asked
/// for.
///
/// @param job       the job
/// @param index     which one, from 0; the system prefers the lower ones
/// @param text      where the address is written, with its NUL; an address of a link has the number
///                  of its interface behind a '%'
/// @param capacity  bytes of room there; WC_ADDRESS_MAX is enough
/// @param port      where the port is written that was given; may be null
///
/// Returns: WC_OK; WC_NONE if there are no more, or the job failed; WC_E_INVAL if the text does not
/// fit; WC_E_STATE if the job is not done, or is none of wc_pool_resolve; WC_E_BADHANDLE,
/// WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `text` is null or points to `capacity` writable bytes; `port` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_job_address(
    job: wc_job,
    index: usize,
    text: *mut c_char,
    capacity: usize,
    port: *mut u16,
) -> wc_status {
    flat(with(job, Kind::Job, |core| {
        let outcome = core.host.engine.job_outcome(Handle(job))?;
        let addresses = match &outcome.found {
            Found::Addresses(addresses) => addresses,
            Found::Nothing if outcome.status.is_error() => return Ok(Status::NONE),
            _ => return Err(Status::STATE),
        };
        let Some(address) = addresses.get(index) else { return Ok(Status::NONE) };
        // SAFETY: the caller's promise.
        unsafe { listener::put_address(*address, text, capacity, port)? };
        Ok(Status::OK)
    }))
}
