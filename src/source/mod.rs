// SPDX-License-Identifier: MIT OR Apache-2.0
//! What makes events besides sockets: time, signals, other threads, and the ends of children. Is
//! not: the loop that waits for them.

#![forbid(unsafe_code)]

pub mod child;
pub mod door;
pub mod signal;
pub mod wheel;
