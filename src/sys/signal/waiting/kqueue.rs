// SPDX-License-Identifier: MIT OR Apache-2.0
//! What waits outside, by a kqueue(2) of its own with EVFILT_SIGNAL. Is not: a level; the kernel
//! tells each delivery once, whether it is blocked or not, and nothing of what came before it was
//! asked. INVARIANT: a signal that waits has made the descriptor readable since it was last
//! cleared, or does so within moments.

use crate::sys::Fd;
use crate::sys::kqueue::{Kqueue, Record};
use crate::sys::signal::{self, Number};
use std::io;
use std::time::Duration;

/// A descriptor that is readable while a signal waits outside that was not told yet.
#[derive(Debug)]
pub struct Waiting {
    queue: Kqueue,
    /// What the kernel was asked to tell.
    numbers: Vec<Number>,
}

/// Reports taken by one call.
const BATCH: usize = 16;

impl Waiting {
    /// One that tells of no signal; close-on-exec.
    pub fn new() -> io::Result<Waiting> {
        Ok(Waiting { queue: Kqueue::new()?, numbers: Vec::new() })
    }

    /// Tells of these from now on, and of no others.
    pub fn set(&mut self, numbers: &[Number]) -> io::Result<()> {
        let new: Vec<_> = numbers.iter().filter(|n| !self.numbers.contains(n)).copied().collect();
        for number in &new {
            self.ask(Record::signal(number.raw()))?;
            self.numbers.push(*number);
        }
        let old: Vec<_> = self.numbers.iter().filter(|n| !numbers.contains(n)).copied().collect();
        for number in old {
            self.ask(Record::no_signal(number.raw()))?;
            self.numbers.retain(|other| *other != number);
        }
        // What came before is not told.
        if signal::pending(&new).is_empty() { Ok(()) } else { self.ask(Record::moment()) }
    }

    /// Forgets what it told: it is readable again when a signal comes.
    ///
    /// Where the kernel tells of a signal shortly before it waits, whoever looks now may not find
    /// it: after a signal was told the descriptor is readable once more.
    pub fn clear(&mut self) {
        let mut told = [Record::blank(); BATCH];
        let mut again = false;
        while let Ok(count) = self.queue.control(&[], &mut told, Some(Duration::ZERO)) {
            again |= told[..count].iter().any(Record::is_signal);
            if count < BATCH {
                break;
            }
        }
        if again {
            // Without a timer the next signal makes up for it.
            let _ = self.ask(Record::moment());
        }
    }

    /// The descriptor to watch.
    pub fn name(&self) -> Fd {
        self.queue.name()
    }

    fn ask(&mut self, change: Record) -> io::Result<()> {
        self.queue.control(&[change], &mut [], Some(Duration::ZERO)).map(drop)
    }
}
