// SPDX-License-Identifier: MIT OR Apache-2.0
//! What every state machine of the library keeps, found by running it: its lists are whole, each
//! state is reached, and where it can end it can end from everywhere.

mod support;

use std::collections::BTreeSet;
use support::machines::{Drawn, draw, machines};
use webcore::base::Machine;
use webcore::net::life::{Life, Turn};

/// More states than this are two machines.
const STATES_MAX: usize = 8;

/// The states that can follow `from`, and those that follow them.
fn reached(machine: &Drawn, from: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(state) = open.pop() {
        let next = machine.table[state].iter().flatten();
        open.extend(next.copied().filter(|next| found.insert(*next)));
    }
    found
}

/// Every rule that a machine breaks.
fn check(machine: &Drawn) -> Vec<String> {
    let mut out = Vec::new();
    let mut found = |text: String| out.push(format!("{}: {text}", machine.name));
    let count = machine.states.len();
    if !(1..=STATES_MAX).contains(&count) {
        found(format!("has {count} states of 1 to {STATES_MAX}"));
    }
    for (what, names) in [("state", &machine.states), ("input", &machine.inputs)] {
        if names.iter().collect::<BTreeSet<_>>().len() != names.len() {
            found(format!("a {what} is twice in its list: {names:?}"));
        }
    }
    let sentences: BTreeSet<_> = machine.sentences.iter().filter(|s| !s.is_empty()).collect();
    if sentences.len() != count {
        found("two states have the same sentence, or one has none".to_owned());
    }
    for (input, name) in machine.inputs.iter().enumerate() {
        if machine.table.iter().all(|row| row[input].is_none()) {
            found(format!("{name} can come nowhere"));
        }
    }
    let from_first = reached(machine, 0);
    let ends = |state: usize| machine.table[state].iter().all(Option::is_none);
    for (state, name) in machine.states.iter().enumerate() {
        if !from_first.contains(&state) {
            found(format!("{name} is never reached"));
        }
        if (0..count).any(ends) && !reached(machine, state).into_iter().any(ends) {
            found(format!("{name} reaches no end"));
        }
    }
    out
}

#[test]
fn every_machine_is_whole_and_ends_where_it_can() {
    let machines = machines();
    let names: BTreeSet<_> = machines.iter().map(|machine| machine.name).collect();
    assert_eq!(names.len(), machines.len(), "each machine has its own name");
    let findings: Vec<String> = machines.iter().flat_map(check).collect();
    assert_eq!(findings, [] as [String; 0]);
}

#[test]
fn a_connection_ends_at_once_by_abort_or_trouble_and_only_closed_is_the_end() {
    for life in Life::STATES.iter().filter(|life| **life != Life::Closed) {
        for input in [Turn::Abort, Turn::Trouble] {
            assert_eq!(life.next(input), Some(Life::Closed), "{life:?} {input:?}");
        }
    }
    assert!(Life::INPUTS.iter().all(|input| Life::Closed.next(*input).is_none()));
}

#[test]
fn a_connection_never_goes_back() {
    // Each state is behind all that can follow it, so no life is longer than the list of states.
    for life in Life::STATES {
        for next in Life::INPUTS.iter().filter_map(|input| life.next(*input)) {
            assert!(next as u8 >= *life as u8, "{life:?} to {next:?}");
        }
    }
}

/// A machine of numbers for the checks of the checks.
fn drawn(states: &[&'static str], table: &[&[Option<usize>]]) -> Drawn {
    Drawn {
        name: "m",
        states: states.iter().map(|state| (*state).to_owned()).collect(),
        sentences: states.to_vec(),
        inputs: (0..table[0].len()).map(|input| format!("i{input}")).collect(),
        table: table.iter().map(|row| row.to_vec()).collect(),
        picture: String::new(),
    }
}

#[test]
fn what_is_wrong_with_a_machine_is_found() {
    let good = drawn(&["a", "b"], &[&[Some(1), Some(0)], &[None, None]]);
    assert_eq!(check(&good), [] as [String; 0]);
    let endless = drawn(&["a", "b"], &[&[Some(1)], &[Some(0)]]);
    assert_eq!(check(&endless), [] as [String; 0]);
    let island = drawn(&["a", "b"], &[&[Some(0)], &[Some(0)]]);
    assert_eq!(check(&island), ["m: b is never reached"]);
    let trap = drawn(&["a", "b", "c"], &[&[Some(1), Some(2)], &[None, None], &[Some(2), None]]);
    assert_eq!(check(&trap), ["m: c reaches no end"]);
    let idle = drawn(&["a", "b"], &[&[Some(1), None], &[None, None]]);
    assert_eq!(check(&idle), ["m: i1 can come nowhere"]);
    let twins = drawn(&["a", "a"], &[&[Some(1)], &[None]]);
    assert_eq!(check(&twins).len(), 2);
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    let row: &[Option<usize>] = &[Some(0), Some(1), Some(2), Some(3), Some(4)];
    let rest: &[Option<usize>] = &[Some(5), Some(6), Some(7), Some(8), Some(0)];
    let wide = drawn(&names, &[row, row, row, row, rest, rest, rest, rest, rest]);
    assert_eq!(check(&wide), ["m: has 9 states of 1 to 8"]);
}

#[test]
#[should_panic(expected = "is not in the list of its states")]
fn a_state_that_the_list_lacks_is_found() {
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    enum Half {
        Known,
        Forgotten,
    }
    impl Machine for Half {
        type Input = ();
        const NAME: &'static str = "half";
        const STATES: &'static [Half] = &[Half::Known];
        const INPUTS: &'static [()] = &[()];
        fn next(self, (): ()) -> Option<Half> {
            Some(Half::Forgotten)
        }
        fn sentence(self) -> &'static str {
            "half of a machine"
        }
    }
    draw::<Half>();
}
