// SPDX-License-Identifier: MIT OR Apache-2.0
//! What crosses the border by pointer: size-first structs, texts, outputs. Each is checked here
//! before anything else looks at it.

use super::types::wc_str;
use crate::base::Status;
use std::ffi::{CStr, c_char, c_void};

/// A struct whose first field is its size as the caller knows it.
///
/// # Safety
/// The type is `repr(C)`, starts with a `usize`, and every bit pattern of its bytes is a value of
/// it.
pub(super) unsafe trait Versioned: Copy {
    /// Its size in the first release that had it; a smaller one was never valid.
    const FIRST: usize;
    /// The defaults, with the size of this build.
    fn defaults() -> Self;
}

/// No version will have a larger struct; a size above it was never set.
const LARGEST: usize = 4096;

/// VERSION for a size that no version has.
fn expect_size<T: Versioned>(size: usize) -> Result<(), Status> {
    if (T::FIRST..=LARGEST).contains(&size) { Ok(()) } else { Err(Status::VERSION) }
}

/// Fills the caller's struct of `size` bytes with the defaults; bytes unknown here become zero.
///
/// # Safety
/// `out` is null or points to `size` writable bytes, aligned for `T`.
pub(super) unsafe fn init<T: Versioned>(out: *mut T, size: usize) -> Result<(), Status> {
    if out.is_null() || !out.is_aligned() {
        return Err(Status::INVAL);
    }
    expect_size::<T>(size)?;
    let defaults = T::defaults();
    // SAFETY: the caller promised `size` writable bytes; what is copied is within both structs; the
    // first field of a Versioned struct is its size.
    unsafe {
        std::ptr::write_bytes(out.cast::<u8>(), 0, size);
        let known = size.min(size_of::<T>());
        std::ptr::copy_nonoverlapping((&raw const defaults).cast::<u8>(), out.cast::<u8>(), known);
        out.cast::<usize>().write(size);
    }
    Ok(())
}

/// The caller's struct as this build knows it: fields that the caller's version lacks have their
/// defaults; fields that this build lacks must be zero.
///
/// # Safety
/// `from` is null or points to a struct whose first field is the number of its readable bytes.
pub(super) unsafe fn read<T: Versioned>(from: *const T) -> Result<T, Status> {
    if from.is_null() || !from.is_aligned() {
        return Err(Status::INVAL);
    }
    let mut value = T::defaults();
    // SAFETY: the first field is readable and says how many bytes are; what is copied is within
    // both.
    unsafe {
        let size = from.cast::<usize>().read();
        expect_size::<T>(size)?;
        let known = size.min(size_of::<T>());
        let tail = std::slice::from_raw_parts(from.cast::<u8>().add(known), size - known);
        if tail.iter().any(|byte| *byte != 0) {
            return Err(Status::VERSION);
        }
        std::ptr::copy_nonoverlapping(from.cast::<u8>(), (&raw mut value).cast::<u8>(), known);
        (&raw mut value).cast::<usize>().write(size_of::<T>());
    }
    Ok(value)
}

/// The caller's struct, or the defaults where there is none.
///
/// # Safety
/// As for `read`.
pub(super) unsafe fn read_or_default<T: Versioned>(from: *const T) -> Result<T, Status> {
    // SAFETY: passed on.
    if from.is_null() { Ok(T::defaults()) } else { unsafe { read(from) } }
}

/// Writes an output struct, as far as the caller's version has it.
///
/// # Safety
/// As for `read`, and writable.
pub(super) unsafe fn write<T: Versioned>(out: *mut T, value: &T) -> Result<(), Status> {
    if out.is_null() || !out.is_aligned() {
        return Err(Status::INVAL);
    }
    // SAFETY: the first field says how many bytes are writable; what is copied is within both
    // structs.
    unsafe {
        let size = out.cast::<usize>().read();
        expect_size::<T>(size)?;
        let known = size.min(size_of::<T>());
        std::ptr::copy_nonoverlapping((value as *const T).cast::<u8>(), out.cast::<u8>(), known);
        out.cast::<usize>().write(size);
    }
    Ok(())
}

/// Writes an output; null is INVAL.
///
/// # Safety
/// `out` is null or points to writable space for a `T`.
pub(super) unsafe fn put<T>(out: *mut T, value: T) -> Result<(), Status> {
    if out.is_null() || !out.is_aligned() {
        return Err(Status::INVAL);
    }
    // SAFETY: the caller promised the space.
    unsafe { out.write(value) };
    Ok(())
}

/// Whether an output can be written; asked before anything is done.
pub(super) fn expect_out<T>(out: *mut T) -> Result<(), Status> {
    if out.is_null() || !out.is_aligned() { Err(Status::INVAL) } else { Ok(()) }
}

/// As a length: up to the NUL.
const NTS: usize = usize::MAX;

/// The caller's bytes.
///
/// # Safety
/// `ptr` is null, or points to `len` readable bytes that stand during the call, or with `WC_NTS` to
/// a NUL-terminated text.
pub(super) unsafe fn bytes<'a>(ptr: *const c_void, len: usize) -> Result<&'a [u8], Status> {
    if len == 0 {
        return Ok(&[]);
    }
    if ptr.is_null() {
        return Err(Status::INVAL);
    }
    if len == NTS {
        // SAFETY: the caller promised a NUL.
        return Ok(unsafe { CStr::from_ptr(ptr.cast::<c_char>()) }.to_bytes());
    }
    if len > isize::MAX as usize {
        return Err(Status::INVAL);
    }
    // SAFETY: the caller promised `len` readable bytes.
    Ok(unsafe { std::slice::from_raw_parts(ptr.cast::<u8>(), len) })
}

/// The caller's NUL-terminated text; none where it is null.
///
/// # Safety
/// `ptr` is null or points to a NUL-terminated text that stands during the call.
pub(super) unsafe fn text<'a>(ptr: *const c_char) -> Result<Option<&'a str>, Status> {
    if ptr.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller promised a NUL.
    let text = unsafe { CStr::from_ptr(ptr) };
    text.to_str().map(Some).map_err(|_| Status::INVAL)
}

/// Bytes lent to the caller.
pub(super) fn lend(bytes: &[u8]) -> wc_str {
    wc_str { ptr: bytes.as_ptr().cast(), len: bytes.len() }
}

/// Writes a text with its NUL into the caller's space; INVAL where it does not fit.
///
/// # Safety
/// `out` is null or points to `capacity` writable bytes.
pub(super) unsafe fn put_text(text: &str, out: *mut c_char, capacity: usize) -> Result<(), Status> {
    if out.is_null() || capacity <= text.len() {
        return Err(Status::INVAL);
    }
    // SAFETY: the text and its NUL fit into the space that the caller promised.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr(), out.cast::<u8>(), text.len());
        out.add(text.len()).write(0);
    }
    Ok(())
}
