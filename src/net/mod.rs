// SPDX-License-Identifier: MIT OR Apache-2.0
//! Listeners and connections, each by itself: state machines, buffers, transport. Is not: the loop;
//! nothing here waits, keeps a table, or knows another connection.

#![forbid(unsafe_code)]

pub mod conn;
pub mod gate;
pub mod life;
pub mod link;
pub mod listener;
pub mod policy;

use crate::base::time::Millis;

/// No deadline.
pub const NEVER: Millis = Millis(u64::MAX);

/// Words that whoever stands above the loop keeps with an object; returned bit for bit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Owner {
    /// Whose callbacks serve it.
    pub class: u32,
    /// Which service of an upper layer reads it first; 0: none.
    pub service: u32,
    /// A word of the owner's choice.
    pub word: u64,
}

impl Default for Owner {
    /// Nobody: a class that no one has.
    fn default() -> Owner {
        Owner { class: u32::MAX, service: 0, word: 0 }
    }
}
