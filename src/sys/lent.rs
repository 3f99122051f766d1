// SPDX-License-Identifier: MIT OR Apache-2.0
//! A value that signal handlers and other threads may look at, and that is taken back when nobody
//! looks. Is not: a lock; whoever looks never waits. INVARIANT: what was lent is dropped only after
//! `lookers` was 0 with the value taken away, so nobody ever holds what is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// A place for one shared value.
pub struct Lent<T: Send + Sync> {
    value: AtomicPtr<T>,
    lookers: AtomicUsize,
}

impl<T: Send + Sync> Lent<T> {
    /// An empty place.
    pub const fn nothing() -> Lent<T> {
        Lent { value: AtomicPtr::new(std::ptr::null_mut()), lookers: AtomicUsize::new(0) }
    }

    /// Puts a value in. False: the place is taken, and the value is dropped.
    pub fn lend(&self, value: Arc<T>) -> bool {
        let raw = Arc::into_raw(value).cast_mut();
        let free = std::ptr::null_mut();
        let lent = self.value.compare_exchange(free, raw, Ordering::SeqCst, Ordering::SeqCst);
        if lent.is_err() {
            // SAFETY: into_raw gave this pointer, and nobody has seen it.
            drop(unsafe { Arc::from_raw(raw) });
        }
        lent.is_ok()
    }

    /// Does something with the value, if there is one. Async-signal-safe as far as `act` is.
    pub fn look<R>(&self, act: impl FnOnce(&T) -> R) -> Option<R> {
        // In one order with `take_back`: it sees this looker, or this looker sees nothing.
        self.lookers.fetch_add(1, Ordering::SeqCst);
        let value = self.value.load(Ordering::SeqCst);
        // SAFETY: null, or what `lend` put in and `take_back` does not drop while we are counted.
        let result = unsafe { value.as_ref() }.map(act);
        self.lookers.fetch_sub(1, Ordering::SeqCst);
        result
    }

    /// Returns when everybody who was looking is through. Not from within `look`.
    pub fn wait_for_lookers(&self) {
        while self.lookers.load(Ordering::SeqCst) > 0 {
            std::thread::yield_now();
        }
    }

    /// Takes the value away, and drops this share of it once nobody looks. Not from within `look`.
    pub fn take_back(&self) {
        let value = self.value.swap(std::ptr::null_mut(), Ordering::SeqCst);
        self.wait_for_lookers();
        if !value.is_null() {
            // SAFETY: `lend` stored this pointer from into_raw; it is out of the place, and whoever
            // had seen it there is through.
            drop(unsafe { Arc::from_raw(value) });
        }
    }

    /// Empties the place in a forked child, where those who looked do not exist. What was lent is
    /// left alone: it is the parent's.
    pub fn abandon(&self) {
        self.value.store(std::ptr::null_mut(), Ordering::SeqCst);
        self.lookers.store(0, Ordering::SeqCst);
    }
}

impl<T: Send + Sync> Drop for Lent<T> {
    fn drop(&mut self) {
        self.take_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn a_place_holds_one_value_until_it_is_taken_back() {
        let place = Lent::nothing();
        assert_eq!(place.look(|word: &u32| *word), None);
        let value = Arc::new(7);
        assert!(place.lend(Arc::clone(&value)));
        assert!(!place.lend(Arc::new(8)));
        assert_eq!(place.look(|word| *word), Some(7));
        assert_eq!(Arc::strong_count(&value), 2);
        place.take_back();
        assert_eq!((place.look(|word| *word), Arc::strong_count(&value)), (None, 1));
        assert!(place.lend(Arc::new(9)));
        place.abandon();
        assert_eq!(place.look(|word| *word), None);
    }

    #[test]
    fn nobody_sees_what_was_taken_back() {
        struct Alive(AtomicBool);
        impl Drop for Alive {
            fn drop(&mut self) {
                self.0.store(false, Ordering::SeqCst);
            }
        }
        let (place, over) = (Lent::nothing(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        let alive = place.look(|value: &Alive| value.0.load(Ordering::SeqCst));
                        assert_ne!(alive, Some(false));
                    }
                });
            }
            for _ in 0..5_000 {
                assert!(place.lend(Arc::new(Alive(AtomicBool::new(true)))));
                place.take_back();
            }
            over.store(true, Ordering::Relaxed);
        });
    }
}
