// SPDX-License-Identifier: MIT OR Apache-2.0
//! What callback a loop is in, written by its thread and readable from all others without a lock.
//! Is not: a history. INVARIANT: what is read together was written together.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, Ordering, fence};

/// What a loop is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Beat {
    /// The kind of the event; 0 for a call that is for no event.
    pub kind: i32,
    /// What it is about.
    pub object: u64,
    /// When it began, by `sys::clock::ticks`; 0: it is in no callback.
    pub since: u64,
}

/// One loop's.
pub(super) struct Pulse {
    /// True exactly when the loop tells.
    on: AtomicBool,
    /// Odd while the rest is being written; another one after each write.
    serial: AtomicU32,
    kind: AtomicI32,
    object: AtomicU64,
    since: AtomicU64,
}

/// So often a reader tries again that finds a writer at work: who writes so often is not stuck.
const TRIES: usize = 100;

impl Pulse {
    /// One that does not tell.
    pub const fn new() -> Pulse {
        Pulse {
            on: AtomicBool::new(false),
            serial: AtomicU32::new(0),
            kind: AtomicI32::new(0),
            object: AtomicU64::new(0),
            since: AtomicU64::new(0),
        }
    }

    /// From now on the loop tells, or does not.
    pub fn set(&self, on: bool) {
        self.write(Beat { kind: 0, object: 0, since: 0 });
        self.on.store(on, Ordering::Release);
    }

    /// Whether the loop tells.
    pub fn is_on(&self) -> bool {
        self.on.load(Ordering::Acquire)
    }

    /// For the loop's own thread.
    pub fn write(&self, beat: Beat) {
        let serial = self.serial.load(Ordering::Relaxed);
        self.serial.store(serial.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        self.kind.store(beat.kind, Ordering::Relaxed);
        self.object.store(beat.object, Ordering::Relaxed);
        self.since.store(beat.since, Ordering::Relaxed);
        self.serial.store(serial.wrapping_add(2), Ordering::Release);
    }

    /// What the loop is in; none when it is in no callback, or goes from one to the next so fast
    /// that no answer would hold.
    pub fn read(&self) -> Option<Beat> {
        for _ in 0..TRIES {
            let before = self.serial.load(Ordering::Acquire);
            let beat = Beat {
                kind: self.kind.load(Ordering::Relaxed),
                object: self.object.load(Ordering::Relaxed),
                since: self.since.load(Ordering::Relaxed),
            };
            fence(Ordering::Acquire);
            if before.is_multiple_of(2) && self.serial.load(Ordering::Relaxed) == before {
                return (beat.since > 0).then_some(beat);
            }
            std::hint::spin_loop();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn what_is_read_together_was_written_together() {
        let pulse = Pulse::new();
        assert_eq!(pulse.read(), None);
        thread::scope(|scope| {
            scope.spawn(|| {
                for turn in 1..=100_000 {
                    pulse.write(Beat { kind: turn, object: turn as u64, since: turn as u64 });
                }
            });
            let mut seen = 0;
            while seen < 100_000 {
                if let Some(beat) = pulse.read() {
                    let kind = beat.kind as u64;
                    assert_eq!((beat.object, beat.since), (kind, kind));
                    assert!(kind >= seen, "time goes on");
                    seen = kind;
                }
            }
        });
    }
}
