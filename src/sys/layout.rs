// SPDX-License-Identifier: MIT OR Apache-2.0
//! What this library and the systems that have kqueue(2) must agree on: sizes, offsets, constants.
//! Is not: what Linux has, where every test runs. INVARIANT: each line of `facts!` is an
//! expression of C, so that tools/cross.sh lets a C compiler read the same lines against the
//! headers of the system.

/// Asserts what a line says of the types and constants that Rust uses.
macro_rules! facts {
    () => {};
    (sizeof(struct $name:ident) == $size:literal; $($rest:tt)*) => {
        const _: () = assert!(size_of::<libc::$name>() == $size);
        facts! { $($rest)* }
    };
    (sizeof($name:ident) == $size:literal; $($rest:tt)*) => {
        const _: () = assert!(size_of::<libc::$name>() == $size);
        facts! { $($rest)* }
    };
    (offsetof(struct $name:ident, $field:ident) == $at:literal; $($rest:tt)*) => {
        const _: () = assert!(std::mem::offset_of!(libc::$name, $field) == $at);
        facts! { $($rest)* }
    };
    ($name:ident == $value:literal; $($rest:tt)*) => {
        const _: () = assert!(libc::$name as i64 == $value);
        facts! { $($rest)* }
    };
}

#[cfg(target_os = "dragonfly")]
mod dragonfly;
#[cfg(target_os = "freebsd")]
mod freebsd;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "netbsd")]
mod netbsd;
#[cfg(target_os = "openbsd")]
mod openbsd;
