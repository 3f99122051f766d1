// SPDX-License-Identifier: MIT OR Apache-2.0
//! The wheel against a model, and its edges one by one.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What a wheel is to do, written down without regard to speed.
#[derive(Default)]
struct Model {
    now: u64,
    serial: u64,
    armed: BTreeMap<(u64, u64), usize>,
    expired: BTreeMap<(u64, u64), usize>,
}

impl Model {
    fn start(&mut self, timer: usize, at: u64) {
        self.stop(timer);
        self.serial += 1;
        self.armed.insert((at, self.serial), timer);
    }

    fn stop(&mut self, timer: usize) {
        self.armed.retain(|_, other| *other != timer);
        self.expired.retain(|_, other| *other != timer);
    }

    fn advance(&mut self, now: u64) {
        self.now = self.now.max(now);
        let later = self.armed.split_off(&(self.now.saturating_add(1), 0));
        self.expired.extend(std::mem::replace(&mut self.armed, later));
    }

    fn earliest(&self) -> Option<u64> {
        let first = |map: &BTreeMap<(u64, u64), usize>| map.keys().next().map(|key| key.0);
        first(&self.armed).into_iter().chain(first(&self.expired)).min()
    }
}

#[derive(Clone, Debug)]
enum Op {
    Insert(u64),
    Restart(usize, u64),
    Remove(usize),
    Advance(u64),
    ToNext,
    Pop(usize),
}

fn span() -> impl Strategy<Value = u64> {
    prop_oneof![0..4u64, 0..600u64, 0..200_000u64, 0..1u64 << 40]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => span().prop_map(Op::Insert),
        3 => (0..40usize, span()).prop_map(|(timer, delay)| Op::Restart(timer, delay)),
        1 => (0..40usize).prop_map(Op::Remove),
        2 => span().prop_map(Op::Advance),
        3 => Just(Op::ToNext),
        2 => (1..6usize).prop_map(Op::Pop),
    ]
}

/// A delay from a little before the present on.
fn deadline(now: u64, delay: u64) -> Millis {
    Millis((now + delay).saturating_sub(2))
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, ..ProptestConfig::default()
    })]
    #[test]
    fn it_does_what_the_model_does(
        begin in span(),
        ops in prop::collection::vec(op(), 1..120),
    ) {
        let mut model = Model { now: begin, ..Model::default() };
        let mut wheel = Wheel::new(Millis(begin));
        let mut timers: Vec<(usize, TimerId)> = Vec::new();
        let mut born = 0;
        for op in ops {
            match op {
                Op::Insert(delay) => {
                    let at = deadline(model.now, delay);
                    timers.push((born, wheel.insert(at, born)));
                    model.start(born, at.0);
                    born += 1;
                }
                Op::Restart(which, delay) => if let Some((timer, id)) = timers.get(which) {
                    let at = deadline(model.now, delay);
                    wheel.restart(*id, at);
                    model.start(*timer, at.0);
                },
                Op::Remove(which) => if which < timers.len() {
                    let (timer, id) = timers.swap_remove(which);
                    prop_assert_eq!(wheel.remove(id), timer);
                    model.stop(timer);
                },
                Op::Advance(step) => {
                    wheel.advance(Millis(model.now + step));
                    model.advance(model.now + step);
                }
                Op::ToNext => if let Some(Millis(next)) = wheel.next_deadline() {
                    wheel.advance(Millis(next));
                    model.advance(next);
                },
                Op::Pop(count) => for _ in 0..count {
                    let popped = wheel.pop().map(|(_, timer)| timer);
                    prop_assert_eq!(popped, model.expired.pop_first().map(|(_, timer)| timer));
                },
            }
            let next = wheel.next_deadline().map(|at| at.0);
            prop_assert_eq!(next.is_some(), model.earliest().is_some());
            prop_assert!(next <= model.earliest(), "{:?} {:?}", next, model.earliest());
            prop_assert_eq!(wheel.len(), timers.len());
        }
    }
}

#[test]
fn who_wakes_at_each_next_deadline_fires_all_in_time_with_few_wake_ups() {
    let deadlines = [1, 255, 256, 257, 65_535, 65_536, 1 << 24, (1 << 40) + 12_345, u64::MAX];
    let mut wheel = Wheel::new(Millis(0));
    for at in deadlines {
        wheel.insert(Millis(at), at);
    }
    let (mut fired, mut wakeups) = (Vec::new(), 0);
    while let Some(now) = wheel.next_deadline() {
        wheel.advance(now);
        wakeups += 1;
        while let Some((id, at)) = wheel.pop() {
            assert_eq!(at, now.0);
            fired.push(at);
            wheel.remove(id);
        }
    }
    assert_eq!(fired, deadlines);
    assert!(wakeups <= deadlines.len() * LEVELS, "{wakeups}");
    assert!(wheel.is_empty());
}

#[test]
fn equal_deadlines_fire_in_the_order_of_birth_though_one_was_restarted() {
    let mut wheel = Wheel::new(Millis(0));
    let first = wheel.insert(Millis(1000), "first");
    wheel.insert(Millis(1000), "second");
    wheel.advance(Millis(900));
    wheel.insert(Millis(1000), "third");
    wheel.restart(first, Millis(1000));
    wheel.advance(Millis(1000));
    let fired: Vec<_> = std::iter::from_fn(|| wheel.pop()).map(|(_, word)| word).collect();
    assert_eq!(fired, ["second", "third", "first"]);
}

#[test]
fn a_timer_that_restarts_itself_in_the_past_waits_for_the_next_advance() {
    let mut wheel = Wheel::new(Millis(10));
    let id = wheel.insert(Millis(3), ());
    assert_eq!(wheel.next_deadline(), Some(Millis(3)));
    assert_eq!(wheel.pop(), None);
    wheel.advance(Millis(10));
    assert_eq!(wheel.pop(), Some((id, ())));
    wheel.restart(id, Millis(10));
    assert_eq!(wheel.pop(), None);
    wheel.advance(Millis(10));
    assert_eq!(wheel.pop(), Some((id, ())));
    assert_eq!(wheel.next_deadline(), None);
    assert_eq!(wheel.len(), 1);
}

#[test]
#[should_panic(expected = "the timer was removed")]
fn a_removed_timer_cannot_be_removed_again() {
    let mut wheel = Wheel::new(Millis(0));
    let id = wheel.insert(Millis(1), ());
    wheel.remove(id);
    wheel.remove(id);
}

#[test]
fn a_node_is_thirty_two_bytes() {
    assert_eq!(size_of::<Node<u64>>(), 32);
}
