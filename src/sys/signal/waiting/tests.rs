// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a loop needs of a descriptor that tells of blocked signals, whatever it is made of.

#[cfg(kqueue)]
use super::kqueue;
#[cfg(any(target_os = "linux", target_os = "android"))]
use super::signalfd;
use crate::sys::signal::{Masked, Number, let_in, pending, tests::heard_by_nobody, tests::raise};
use crate::sys::{Fd, poll};
use std::io;

/// What both kinds have.
trait Tells {
    fn set(&mut self, numbers: &[Number]) -> io::Result<()>;
    fn clear(&mut self);
    fn name(&self) -> Fd;
}

macro_rules! tells {
    ($kind:ty) => {
        impl Tells for $kind {
            fn set(&mut self, numbers: &[Number]) -> io::Result<()> {
                <$kind>::set(self, numbers)
            }
            fn clear(&mut self) {
                <$kind>::clear(self);
            }
            fn name(&self) -> Fd {
                <$kind>::name(self)
            }
        }
    };
}

#[cfg(any(target_os = "linux", target_os = "android"))]
tells!(signalfd::Waiting);
#[cfg(kqueue)]
tells!(kqueue::Waiting);

/// Runs a scenario with each kind that there is, and two signals that the thread blocks.
fn on_each(scenario: impl Fn(&mut dyn Tells, [Number; 2])) {
    let numbers = heard_by_nobody();
    let _masked = Masked::all();
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        scenario(&mut signalfd::Waiting::new().unwrap(), numbers);
        let_in(&numbers);
    }
    #[cfg(kqueue)]
    {
        scenario(&mut kqueue::Waiting::new().unwrap(), numbers);
        let_in(&numbers);
    }
}

fn readable(waiting: &dyn Tells, timeout_ms: i32) -> bool {
    let mut set = [poll::record(waiting.name(), libc::POLLIN)];
    poll::wait(&mut set, timeout_ms).unwrap() == 1
}

/// Longer than any delivery on this machine takes.
const SOON: i32 = 30_000;
/// A few times what a timer of the second kind takes.
const A_WHILE: i32 = 10;

/// Lets everything in as a loop does, until nothing is told.
fn settle(waiting: &mut dyn Tells, numbers: &[Number]) {
    for _ in 0..8 {
        waiting.clear();
        let_in(&pending(numbers));
        if !readable(waiting, A_WHILE) {
            return;
        }
    }
    panic!("it is told for ever that a signal waits");
}

#[test]
fn a_blocked_signal_is_told_and_stays() {
    on_each(|waiting, [one, _]| {
        assert!(!readable(waiting, 0));
        waiting.set(&[one]).unwrap();
        assert!(!readable(waiting, A_WHILE));
        raise(one);
        assert!(readable(waiting, SOON));
        waiting.clear();
        assert_eq!(pending(&[one]), [one], "it was not taken");
        settle(waiting, &[one]);
        assert_eq!(pending(&[one]), []);
    });
}

#[test]
fn what_waited_before_it_was_asked_for_is_told() {
    on_each(|waiting, [one, other]| {
        raise(one);
        waiting.set(&[other]).unwrap();
        assert!(!readable(waiting, A_WHILE), "the other one waits");
        waiting.set(&[other, one]).unwrap();
        assert!(readable(waiting, SOON));
        settle(waiting, &[one, other]);
    });
}

#[test]
fn one_that_comes_again_is_told_again() {
    on_each(|waiting, [one, _]| {
        waiting.set(&[one]).unwrap();
        for _ in 0..3 {
            raise(one);
            assert!(readable(waiting, SOON));
            settle(waiting, &[one]);
        }
    });
}

#[test]
fn only_those_of_the_set_are_told() {
    on_each(|waiting, [one, other]| {
        waiting.set(&[one]).unwrap();
        waiting.set(&[other]).unwrap();
        raise(one);
        assert!(!readable(waiting, A_WHILE));
        raise(other);
        assert!(readable(waiting, SOON));
        settle(waiting, &[other]);
        waiting.set(&[]).unwrap();
        raise(other);
        assert!(!readable(waiting, A_WHILE));
        assert_eq!(pending(&[one, other]), [one, other]);
    });
}

#[test]
fn what_is_set_again_is_told_still() {
    on_each(|waiting, [one, other]| {
        waiting.set(&[one, other]).unwrap();
        waiting.set(&[other]).unwrap();
        waiting.set(&[other, one]).unwrap();
        waiting.set(&[other, one]).unwrap();
        for number in [one, other] {
            raise(number);
            assert!(readable(waiting, SOON));
            settle(waiting, &[one, other]);
        }
    });
}

#[test]
fn two_at_once_are_one_readiness() {
    on_each(|waiting, [one, other]| {
        waiting.set(&[one, other]).unwrap();
        raise(one);
        raise(other);
        assert!(readable(waiting, SOON));
        waiting.clear();
        assert_eq!(pending(&[one, other]), [one, other], "both are found by one look");
        settle(waiting, &[one, other]);
    });
}

#[test]
fn nothing_is_told_for_ever() {
    on_each(|waiting, [one, _]| {
        waiting.set(&[one]).unwrap();
        raise(one);
        assert!(readable(waiting, SOON));
        // As for a signal that is not ours to let in: it waits on, and nobody is told.
        waiting.set(&[]).unwrap();
        for _ in 0..8 {
            waiting.clear();
            if !readable(waiting, A_WHILE) {
                return;
            }
        }
        panic!("it is told for ever that a signal waits");
    });
}

#[test]
#[cfg(kqueue)]
fn a_kqueue_asks_for_a_second_look_after_each_signal() {
    let [one, _] = heard_by_nobody();
    let _masked = Masked::all();
    let mut waiting = kqueue::Waiting::new().unwrap();
    waiting.set(&[one]).unwrap();
    raise(one);
    assert!(readable(&waiting, SOON));
    waiting.clear();
    // What does not wait any more is told by nothing but the timer.
    let_in(&[one]);
    assert!(readable(&waiting, SOON), "the first look may have been too early");
    settle(&mut waiting, &[one]);
}
