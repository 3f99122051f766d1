// SPDX-License-Identifier: MIT OR Apache-2.0
//! What makes events besides sockets: time, signals, and other threads. Is not: the loop that waits for
//! them.

#![forbid(unsafe_code)]

pub mod door;
pub mod signal;
pub mod wheel;
