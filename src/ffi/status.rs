// SPDX-License-Identifier: MIT OR Apache-2.0
//! Version and status texts. Their constants are written into the header by build.rs, which takes
//! them from Cargo.toml, from the catalogue in base::status and from the reasons in codec::http1.
//! INVARIANT: every text lives as long as the library is loaded.

use super::types::wc_status;
use crate::base::Status;
use std::ffi::{CStr, c_char};

/// The version as a C string.
const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("a NUL inside the version"),
    };

/// The version of the library that is loaded, such as "0.1.0". Compare it with WC_VERSION, the
/// version of the header that the program was compiled with.
///
/// [any thread]
///
/// Returns: a NUL-terminated text that stands as long as the library is loaded; never null.
#[unsafe(no_mangle)]
pub extern "C" fn wc_version() -> *const c_char {
    VERSION.as_ptr()
}

/// The name of a status, such as "WC_E_GONE".
///
/// [any thread]
///
/// @param status  any number
///
/// Returns: a NUL-terminated text that stands as long as the library is loaded; never null.
/// For a number that is no status it is "WC_E_UNKNOWN".
#[unsafe(no_mangle)]
pub extern "C" fn wc_status_name(status: wc_status) -> *const c_char {
    Status(status).c_name().as_ptr()
}

/// One English sentence that says what a status means, for logs and for people.
///
/// [any thread]
///
/// @param status  any number
///
/// Returns: a NUL-terminated text that stands as long as the library is loaded; never null.
/// For a number that is no status it says so.
#[unsafe(no_mangle)]
pub extern "C" fn wc_status_text(status: wc_status) -> *const c_char {
    Status(status).c_text().as_ptr()
}
