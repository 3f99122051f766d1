// SPDX-License-Identifier: MIT OR Apache-2.0
//! What makes events besides sockets: time, signals, the ends of children, other threads, and
//! threads of the library's own. Is not: the loop that waits for them.

#![forbid(unsafe_code)]

pub mod bell;
pub mod child;
pub mod door;
pub mod pool;
pub mod signal;
pub mod wheel;
