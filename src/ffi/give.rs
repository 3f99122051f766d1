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

/// The same for an output that may be null: nobody would have the name of what is made for it.
pub(super) fn expect_spare<T>(out: *mut T) -> Result<(), Status> {
    if out.is_aligned() { Ok(()) } else { Err(Status::INVAL) }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Its first version had no `second`; a later one has a third.
    #[repr(C)]
    #[derive(Clone, Copy, PartialEq, Debug)]
    struct Probe {
        size: usize,
        first: u64,
        second: u64,
    }

    const FULL: usize = size_of::<Probe>();

    // SAFETY: repr(C), size first, integers only.
    unsafe impl Versioned for Probe {
        const FIRST: usize = FULL - 8;
        fn defaults() -> Probe {
            Probe { size: FULL, first: 11, second: 22 }
        }
    }

    /// A later version of it, as a caller may have it.
    #[repr(C)]
    #[derive(Clone, Copy, PartialEq, Debug)]
    struct Later {
        known: Probe,
        third: u64,
    }

    fn later(size: usize) -> Later {
        Later { known: Probe { size, first: 1, second: 2 }, third: 3 }
    }

    fn init_as(size: usize) -> (Result<(), Status>, Later) {
        let mut caller = later(7);
        // SAFETY: there is room for every size that the tests give.
        (unsafe { init((&raw mut caller).cast::<Probe>(), size) }, caller)
    }

    #[test]
    fn init_fills_what_the_caller_has_and_nothing_behind_it() {
        let known = |size, first, second| Probe { size, first, second };
        assert_eq!(init_as(FULL - 8), (Ok(()), Later { known: known(FULL - 8, 11, 2), third: 3 }));
        assert_eq!(init_as(FULL), (Ok(()), Later { known: known(FULL, 11, 22), third: 3 }));
        assert_eq!(init_as(FULL + 8), (Ok(()), Later { known: known(FULL + 8, 11, 22), third: 0 }));
        assert_eq!(init_as(FULL - 9), (Err(Status::VERSION), later(7)));
    }

    fn read_as(caller: &Later) -> Result<Probe, Status> {
        // SAFETY: its size is at most that of `Later`.
        unsafe { read((&raw const *caller).cast::<Probe>()) }
    }

    #[test]
    fn read_gives_defaults_for_what_is_missing_and_refuses_what_is_unknown() {
        let with = |first, second| Ok(Probe { size: FULL, first, second });
        assert_eq!(read_as(&later(FULL - 8)), with(1, 22));
        assert_eq!(read_as(&later(FULL)), with(1, 2));
        assert_eq!(read_as(&later(FULL + 8)), Err(Status::VERSION));
        assert_eq!(read_as(&Later { third: 0, ..later(FULL + 8) }), with(1, 2));
        assert_eq!(read_as(&later(FULL - 9)), Err(Status::VERSION));
    }

    #[test]
    fn write_ends_where_the_callers_struct_does() {
        let value = Probe { size: 0, first: 5, second: 6 };
        let write_as = |size| {
            let mut caller = later(size);
            // SAFETY: its size is at most that of `Later`.
            let result = unsafe { write((&raw mut caller).cast::<Probe>(), &value) };
            (result, caller.known.size, caller.known.first, caller.known.second, caller.third)
        };
        assert_eq!(write_as(FULL - 8), (Ok(()), FULL - 8, 5, 2, 3));
        assert_eq!(write_as(FULL), (Ok(()), FULL, 5, 6, 3));
        assert_eq!(write_as(FULL + 8), (Ok(()), FULL + 8, 5, 6, 3));
        assert_eq!(write_as(0), (Err(Status::VERSION), 0, 1, 2, 3));
    }

    #[test]
    fn null_and_misaligned_pointers_are_refused() {
        let mut space = [0_u64; 8];
        let odd = space.as_mut_ptr().cast::<u8>().wrapping_add(1).cast::<Probe>();
        for bad in [std::ptr::null_mut::<Probe>(), odd] {
            // SAFETY: null or misaligned, which they refuse before looking.
            let results = unsafe {
                let value = Probe::defaults();
                [init(bad, FULL), read(bad).map(drop), write(bad, &value), put(bad, value)]
            };
            assert_eq!(results, [Err(Status::INVAL); 4]);
            assert_eq!(expect_out(bad), Err(Status::INVAL));
        }
        assert_eq!(expect_spare(odd), Err(Status::INVAL));
        assert_eq!(expect_spare(std::ptr::null_mut::<Probe>()), Ok(()));
        // SAFETY: null stands for the defaults.
        assert_eq!(unsafe { read_or_default(std::ptr::null::<Probe>()) }, Ok(Probe::defaults()));
    }

    #[test]
    fn bytes_may_be_none_counted_or_up_to_the_nul() {
        let text = c"abc".as_ptr().cast::<c_void>();
        let null = std::ptr::null();
        // SAFETY: null, or four bytes of which the last is NUL; a length above them is refused.
        unsafe {
            assert_eq!(bytes(null, 0), Ok(&b""[..]));
            assert_eq!(bytes(text, 0), Ok(&b""[..]));
            assert_eq!(bytes(text, 2), Ok(&b"ab"[..]));
            assert_eq!(bytes(text, NTS), Ok(&b"abc"[..]));
            assert_eq!(bytes(null, 1), Err(Status::INVAL));
            assert_eq!(bytes(null, NTS), Err(Status::INVAL));
            assert_eq!(bytes(text, isize::MAX as usize + 1), Err(Status::INVAL));
        }
    }

    #[test]
    fn a_text_is_utf_8_or_none() {
        // SAFETY: null, or texts with their NUL.
        unsafe {
            assert_eq!(text(std::ptr::null()), Ok(None));
            assert_eq!(text(c"poll".as_ptr()), Ok(Some("poll")));
            assert_eq!(text(c"\xff".as_ptr()), Err(Status::INVAL));
        }
    }

    #[test]
    fn a_text_is_written_with_its_nul_or_not_at_all() {
        let written = |capacity| {
            let mut space = *b"----";
            // SAFETY: the capacity is at most that of the space.
            let result = unsafe { put_text("abc", space.as_mut_ptr().cast(), capacity) };
            (result, space)
        };
        assert_eq!(written(4), (Ok(()), *b"abc\0"));
        assert_eq!(written(3), (Err(Status::INVAL), *b"----"));
        // SAFETY: null is refused.
        assert_eq!(unsafe { put_text("", std::ptr::null_mut(), 9) }, Err(Status::INVAL));
    }
}
