// SPDX-License-Identifier: MIT OR Apache-2.0
//! webcore: an event loop, connections and HTTP/1.1 for servers written in C and C++.
//!
//! The map, in layer order. A module may use the ones above it and none below; `tests/tidy.rs` checks
//! that. `unsafe` is written in `sys` and `ffi` only.

/// No operating system, no I/O: status codes, limits, handles, slabs, byte queues, time, machines.
pub mod base;
/// Bytes in, items out, no I/O: lines, length prefixes, HTTP/1.
pub mod codec;
/// Each system call wrapped once, in safe types.
#[allow(unsafe_code)]
pub mod sys;
/// Readiness behind one small trait; one file per kernel facility, and a scripted one.
pub mod reactor;
/// What makes events besides sockets: the timer wheel and the door for other threads.
pub mod source;
/// Listeners and connections: their lives, buffers and transport.
pub mod net;
/// The loop: it owns everything, works in turns, and is asked for what happened.
pub mod engine;
/// HTTP/1.1 on connections: requests in, responses out.
pub mod http;
/// The C border: guard, translate, delegate.
#[allow(unsafe_code)]
pub mod ffi;
