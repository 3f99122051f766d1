// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a loop needs of a descriptor that tells of blocked signals, whatever it is made of.

use crate::sys::signal::{Masked, Number, let_in, pending, tests::heard_by_nobody, tests::raise};
use crate::sys::{Fd, poll};
use std::io;

/// What both kinds have.
trait Tells: Sized {
    fn new() -> Self;
    fn set(&mut self, numbers: &[Number]) -> io::Result<()>;
    fn clear(&mut self);
    fn name(&self) -> Fd;
}

/// The scenarios, each as a test for each kind that there is.
macro_rules! on_each {
    ($($scenario:ident,)*) => {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        on_each! { by_signalfd super::super::signalfd::Waiting: $($scenario,)* }
        #[cfg(kqueue)]
        on_each! { by_kqueue super::super::kqueue::Waiting: $($scenario,)* }
    };
    ($name:ident $kind:path: $($scenario:ident,)*) => {
        mod $name {
            use super::*;
            use $kind as Kind;

            impl Tells for Kind {
                fn new() -> Kind {
                    Kind::new().unwrap()
                }
                fn set(&mut self, numbers: &[Number]) -> io::Result<()> {
                    Kind::set(self, numbers)
                }
                fn clear(&mut self) {
                    Kind::clear(self);
                }
                fn name(&self) -> Fd {
                    Kind::name(self)
                }
            }

            $(#[test]
            fn $scenario() {
                let numbers = heard_by_nobody();
                let _masked = Masked::all();
                super::$scenario::<Kind>(numbers);
                let_in(&numbers);
            })*
        }
    };
}

on_each! {
    a_blocked_signal_is_told_and_stays,
    what_waited_before_it_was_asked_for_is_told,
    one_that_comes_again_is_told_again,
    only_those_of_the_set_are_told,
    what_is_set_again_is_told_still,
    two_at_once_are_one_readiness,
    nothing_is_told_for_ever,
}

fn readable(waiting: &impl Tells, timeout_ms: i32) -> bool {
    let mut set = [poll::record(waiting.name(), libc::POLLIN)];
    poll::wait(&mut set, timeout_ms).unwrap() == 1
}

/// Longer than any delivery on this machine takes.
const SOON: i32 = 30_000;
/// A few times what a timer of the second kind takes.
const A_WHILE: i32 = 10;

/// Lets everything in as a loop does, until nothing is told.
fn settle(waiting: &mut impl Tells, numbers: &[Number]) {
    for _ in 0..8 {
        waiting.clear();
        let_in(&pending(numbers));
        if !readable(waiting, A_WHILE) {
            return;
        }
    }
    panic!("it is told for ever that a signal waits");
}

fn a_blocked_signal_is_told_and_stays<T: Tells>([one, _]: [Number; 2]) {
    let mut waiting = T::new();
    assert!(!readable(&waiting, 0));
    waiting.set(&[one]).unwrap();
    assert!(!readable(&waiting, A_WHILE));
    raise(one);
    assert!(readable(&waiting, SOON));
    waiting.clear();
    assert_eq!(pending(&[one]), [one], "it was not taken");
    settle(&mut waiting, &[one]);
    assert_eq!(pending(&[one]), []);
}

fn what_waited_before_it_was_asked_for_is_told<T: Tells>([one, other]: [Number; 2]) {
    let mut waiting = T::new();
    raise(one);
    waiting.set(&[other]).unwrap();
    assert!(!readable(&waiting, A_WHILE), "the other one waits");
    waiting.set(&[other, one]).unwrap();
    assert!(readable(&waiting, SOON));
    settle(&mut waiting, &[one, other]);
}

fn one_that_comes_again_is_told_again<T: Tells>([one, _]: [Number; 2]) {
    let mut waiting = T::new();
    waiting.set(&[one]).unwrap();
    for _ in 0..3 {
        raise(one);
        assert!(readable(&waiting, SOON));
        settle(&mut waiting, &[one]);
    }
}

fn only_those_of_the_set_are_told<T: Tells>([one, other]: [Number; 2]) {
    let mut waiting = T::new();
    waiting.set(&[one]).unwrap();
    waiting.set(&[other]).unwrap();
    raise(one);
    assert!(!readable(&waiting, A_WHILE));
    raise(other);
    assert!(readable(&waiting, SOON));
    settle(&mut waiting, &[other]);
    waiting.set(&[]).unwrap();
    raise(other);
    assert!(!readable(&waiting, A_WHILE));
    assert_eq!(pending(&[one, other]), [one, other]);
}

fn what_is_set_again_is_told_still<T: Tells>([one, other]: [Number; 2]) {
    let mut waiting = T::new();
    waiting.set(&[one, other]).unwrap();
    waiting.set(&[other]).unwrap();
    waiting.set(&[other, one]).unwrap();
    waiting.set(&[other, one]).unwrap();
    for number in [one, other] {
        raise(number);
        assert!(readable(&waiting, SOON));
        settle(&mut waiting, &[one, other]);
    }
}

fn two_at_once_are_one_readiness<T: Tells>([one, other]: [Number; 2]) {
    let mut waiting = T::new();
    waiting.set(&[one, other]).unwrap();
    raise(one);
    raise(other);
    assert!(readable(&waiting, SOON));
    waiting.clear();
    assert_eq!(pending(&[one, other]), [one, other], "both are found by one look");
    settle(&mut waiting, &[one, other]);
}

fn nothing_is_told_for_ever<T: Tells>([one, _]: [Number; 2]) {
    let mut waiting = T::new();
    waiting.set(&[one]).unwrap();
    raise(one);
    assert!(readable(&waiting, SOON));
    // As for a signal that is not ours to let in: it waits on, and nobody is told.
    waiting.set(&[]).unwrap();
    for _ in 0..8 {
        waiting.clear();
        if !readable(&waiting, A_WHILE) {
            return;
        }
    }
    panic!("it is told for ever that a signal waits");
}

#[test]
#[cfg(kqueue)]
fn a_kqueue_asks_for_a_second_look_after_each_signal() {
    let [one, _] = heard_by_nobody();
    let _masked = Masked::all();
    let mut waiting = super::kqueue::Waiting::new().unwrap();
    waiting.set(&[one]).unwrap();
    raise(one);
    assert!(readable(&waiting, SOON));
    waiting.clear();
    assert!(readable(&waiting, SOON), "the first look may have been too early");
    settle(&mut waiting, &[one]);
}
