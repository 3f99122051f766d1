// SPDX-License-Identifier: MIT OR Apache-2.0
//! Handles: kind 4 bits, loop 12, slot 24, generation 24. Zero is none. A handle names one object
//! for ever: a slot whose generation would wrap retires, and a loop that takes over the number of
//! an ended one starts its generations above all that were ever used under that number.

use super::status::Status;

/// What a handle names.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum Kind {
    /// An event loop.
    Loop = 1,
    /// A watcher of a descriptor.
    Watch = 2,
    /// A timer.
    Timer = 3,
    /// A listening socket.
    Listener = 4,
    /// A connection.
    Conn = 5,
    /// An HTTP request.
    Request = 6,
    /// A watcher of a signal.
    Signal = 7,
    /// A child process.
    Child = 8,
    /// A pool of threads.
    Pool = 9,
    /// A job of a pool.
    Job = 10,
    /// A post that is sent from any thread.
    Post = 11,
}

/// The highest generation; a slot that has used it retires.
pub const GENERATION_MAX: u32 = (1 << 24) - 1;

/// The highest slot number.
pub const SLOT_MAX: u32 = (1 << 24) - 1;

/// The highest loop number.
pub const LOOP_MAX: u16 = (1 << 12) - 1;

/// A 64-bit name for something live.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Default, PartialOrd, Ord)]
pub struct Handle(pub u64);

impl Handle {
    /// The handle that names nothing.
    pub const NONE: Handle = Handle(0);

    /// Puts a handle together. The generation is at least 1, so no handle is zero.
    pub fn new(kind: Kind, loop_number: u16, slot: u32, generation: u32) -> Handle {
        debug_assert!(loop_number <= LOOP_MAX && slot <= SLOT_MAX);
        debug_assert!((1..=GENERATION_MAX).contains(&generation));
        Handle(
            (kind as u64) << 60
                | u64::from(loop_number) << 48
                | u64::from(slot) << 24
                | u64::from(generation),
        )
    }

    /// The kind, if the bits name one.
    pub fn kind(self) -> Option<Kind> {
        Some(match self.0 >> 60 {
            1 => Kind::Loop,
            2 => Kind::Watch,
            3 => Kind::Timer,
            4 => Kind::Listener,
            5 => Kind::Conn,
            6 => Kind::Request,
            7 => Kind::Signal,
            8 => Kind::Child,
            9 => Kind::Pool,
            10 => Kind::Job,
            11 => Kind::Post,
            _ => return None,
        })
    }

    /// OK if it is of that kind, else `BADHANDLE`.
    pub fn expect(self, kind: Kind) -> Result<(), Status> {
        if self.0 >> 60 == kind as u64 { Ok(()) } else { Err(Status::BADHANDLE) }
    }

    /// The number of its loop.
    pub fn loop_number(self) -> u16 {
        (self.0 >> 48) as u16 & LOOP_MAX
    }

    /// The slot in the table of its kind.
    pub fn slot(self) -> u32 {
        (self.0 >> 24) as u32 & SLOT_MAX
    }

    /// The generation of that slot.
    pub fn generation(self) -> u32 {
        self.0 as u32 & GENERATION_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_come_back_bit_for_bit() {
        let h = Handle::new(Kind::Conn, LOOP_MAX, SLOT_MAX, GENERATION_MAX);
        assert_eq!(h.kind(), Some(Kind::Conn));
        assert_eq!(
            (h.loop_number(), h.slot(), h.generation()),
            (LOOP_MAX, SLOT_MAX, GENERATION_MAX)
        );
        assert_eq!(h.expect(Kind::Timer), Err(Status::BADHANDLE));
        assert_eq!(Handle(0).kind(), None);
        assert_eq!(Handle(0xF000_0000_0000_0001).kind(), None);
    }
}
