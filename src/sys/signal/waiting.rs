// SPDX-License-Identifier: MIT OR Apache-2.0
//! A descriptor that is readable while a signal waits outside because the thread that looks blocks
//! it. Is not: a way to take the signal; that is `let_in`. A signal that waits for a moment only,
//! on its way to a handler, may show as well, and so may one that was let in a moment ago.
//!
//! Tests have both ways on Linux, where the second has a stand-in below it.

#[cfg(kqueue)]
pub mod kqueue;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub mod signalfd;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub use kqueue::Waiting;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub use signalfd::Waiting;

#[cfg(test)]
mod tests;
