// SPDX-License-Identifier: MIT OR Apache-2.0
//! What every layer may use. Is not: anything that knows an operating system or does I/O.

#![forbid(unsafe_code)]

pub mod handle;
pub mod histogram;
pub mod limits;
pub mod machine;
pub mod pool;
pub mod queue;
pub mod slab;
pub mod status;
pub mod time;

pub use handle::{Handle, Kind};
pub use machine::Machine;
pub use status::Status;
