// SPDX-License-Identifier: MIT OR Apache-2.0
//! How long turns take and how late timers are, for a loop that is to measure itself. Is not: the
//! time in callbacks, of which the loop knows nothing.

use super::Loop;
use crate::base::histogram::Histogram;
use crate::base::time::{Millis, NANOS_PER_MILLI, Nanos};

/// What is measured.
#[derive(Default)]
pub struct Meter {
    /// From the end of a wait to the beginning of the next one.
    pub turns: Histogram,
    /// Between the time of a timer and its firing.
    pub lateness: Histogram,
    /// When the last wait ended.
    woke: Option<Nanos>,
}

impl Loop {
    /// Measures from now on.
    pub fn measure(&mut self) {
        self.meter = Some(Box::default());
    }

    /// What was measured; none without `measure`.
    pub fn measured(&self) -> Option<&Meter> {
        self.meter.as_deref()
    }

    /// A turn's work is done: the wait begins.
    #[inline]
    pub(super) fn meter_wait(&mut self) {
        if let Some(meter) = &mut self.meter
            && let Some(woke) = meter.woke
        {
            meter.turns.record(self.clock.now().0 - woke.0);
        }
    }

    /// The wait is over.
    #[inline]
    pub(super) fn meter_woke(&mut self) {
        if let Some(meter) = &mut self.meter {
            meter.woke = Some(self.now);
        }
    }

    /// A timer fires.
    #[inline]
    pub(super) fn meter_lateness(&mut self, due: Millis) {
        if let Some(meter) = &mut self.meter {
            let due = due.0.saturating_mul(NANOS_PER_MILLI);
            meter.lateness.record(self.now.0.saturating_sub(due));
        }
    }
}
