// SPDX-License-Identifier: MIT OR Apache-2.0
//! Alarms, by a wall clock that is set while the loop waits, and while it does not: never early by
//! the clock of that moment, and prompt within the time between two looks. And timers that count
//! from the end of what they led to, or to a time of the loop.

use super::Sim;
use crate::sim::Dice;
use std::time::Duration;
use webcore::base::limits::ALARM_LOOK_MS;
use webcore::base::time::{Clock, Millis, Wall};
use webcore::base::{Handle, Status};
use webcore::engine::{Loop, Notice, Schedule, When};
use webcore::net::Owner;

const DAY: u64 = 86_400_000;

fn start(sim: &mut Sim, when: When, repeat_ms: u32, from_end: bool) -> Handle {
    let asked = Schedule { when, repeat_ms, from_end };
    sim.engine.schedule_timer(asked, Owner::default()).unwrap()
}

fn alarm(sim: &mut Sim, at: u64, repeat_ms: u32) -> Handle {
    start(sim, When::Date(Wall(at)), repeat_ms, false)
}

/// The times at which something fired.
fn fired(sim: &mut Sim) -> Vec<u64> {
    let said = sim.said();
    let fired = said.iter().filter(|line| line.contains("fired"));
    fired.map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn an_alarm_fires_at_its_date_once() {
    let mut sim = Sim::new();
    sim.kernel.world.set_wall(Millis(0), Wall(20_000 * DAY));
    let alarm = alarm(&mut sim, 20_000 * DAY + 5_500, 0);
    assert_eq!(sim.engine.timer_due(alarm), Ok(Some(When::Date(Wall(20_000 * DAY + 5_500)))));
    sim.run(5_499);
    assert_eq!(fired(&mut sim), []);
    sim.run(50_000);
    assert_eq!(sim.said(), ["5500 Timer 0 fired", "5500 ended 0"]);
    assert_eq!(sim.engine.timer_due(alarm), Err(Status::GONE));
}

#[test]
fn alarms_fire_in_the_order_of_their_dates_and_births_and_one_in_the_past_at_once() {
    let mut sim = Sim::new();
    sim.kernel.world.set_wall(Millis(0), Wall(DAY));
    for at in [DAY + 7, DAY + 3, DAY + 7, 0, DAY - 1, DAY + 3] {
        alarm(&mut sim, at, 0);
    }
    sim.run(100);
    let order: Vec<String> = sim.said().into_iter().filter(|l| l.contains("fired")).collect();
    let want = ["0 Timer 3", "0 Timer 4", "3 Timer 1", "3 Timer 5", "7 Timer 0", "7 Timer 2"];
    assert_eq!(order, want.map(|line| format!("{line} fired")));
}

#[test]
fn a_clock_that_is_set_back_delays_an_alarm_and_one_set_forward_brings_it_within_a_look() {
    let mut sim = Sim::new();
    sim.kernel.world.set_wall(Millis(0), Wall(DAY));
    alarm(&mut sim, DAY + 10_000, 0);
    // An hour back, just before its date; then forward again past it, long before its new time.
    sim.kernel.world.set_wall(Millis(9_999), Wall(DAY - 3_600_000));
    sim.run(100_000);
    assert_eq!(fired(&mut sim), []);
    sim.kernel.world.set_wall(Millis(100_300), Wall(2 * DAY));
    sim.run(200_000);
    let times = fired(&mut sim);
    assert_eq!(times.len(), 1);
    assert!((100_300..=100_301 + ALARM_LOOK_MS).contains(&times[0]), "{times:?}");
}

#[test]
fn a_clock_set_back_between_the_look_and_the_call_makes_no_alarm_early() {
    let mut sim = Sim::new();
    sim.kernel.world.set_wall(Millis(0), Wall(DAY));
    for _ in 0..3 {
        alarm(&mut sim, DAY + 50, 0);
    }
    let mut early = 0;
    let world = sim.kernel.world.clone();
    let mut first = true;
    sim.run_with(10_000, &mut |engine: &mut Loop, notice| {
        if let Notice::Timer(_) = notice {
            early += u32::from(engine.wall() < Wall(DAY + 50));
            if std::mem::take(&mut first) {
                world.set_wall(Millis(50), Wall(DAY - 1_000));
            }
        }
    });
    assert_eq!(early, 0);
    assert_eq!(fired(&mut sim), [50, 1_100, 1_100]);
}

#[test]
fn what_repeats_keeps_its_dates_skips_those_that_are_past_and_is_not_silenced() {
    let mut sim = Sim::new();
    sim.kernel.world.set_wall(Millis(0), Wall(DAY));
    alarm(&mut sim, DAY + 1_000, 1_000);
    sim.run(3_000);
    assert_eq!(fired(&mut sim), [1_000, 2_000, 3_000]);
    // Forward by ten and a half periods: the dates in between are one.
    sim.kernel.world.set_wall(Millis(3_100), Wall(DAY + 13_600));
    sim.run(6_000);
    assert_eq!(fired(&mut sim), [4_000, 4_500, 5_500]);
    // Back by a day: the next date is at most a period away, and still in step.
    sim.kernel.world.set_wall(Millis(6_200), Wall(300));
    sim.run(9_000);
    assert_eq!(fired(&mut sim), [6_900, 7_900, 8_900]);
}

#[test]
fn an_alarm_is_moved_and_ended_like_any_timer_and_one_always_past_leaves_the_turn_to_others() {
    let mut sim = Sim::new();
    sim.kernel.world.set_wall(Millis(0), Wall(DAY));
    let (moved, ended) = (alarm(&mut sim, DAY + 10, 0), alarm(&mut sim, DAY + 10, 0));
    sim.engine.restart_timer(moved, 30).unwrap();
    assert_eq!(sim.engine.cancel_timer(ended), Ok(Owner::default()));
    assert_eq!(sim.engine.cancel_timer(ended), Err(Status::GONE));
    sim.run(100);
    assert_eq!(fired(&mut sim), [31]);
    let (mut rounds, mut timers) = (0, 0);
    start(&mut sim, When::After(0), 1, false);
    alarm(&mut sim, 1, 0);
    sim.run_with(110, &mut |engine, notice| {
        if let Notice::Timer(timer) = notice {
            timers += u32::from(engine.timer_due(*timer).unwrap().is_some());
            if engine.timer_due(*timer) == Ok(None) && rounds < 1_000 {
                rounds += 1;
                let asked = Schedule { when: When::Date(Wall(1)), repeat_ms: 0, from_end: false };
                engine.schedule_timer(asked, Owner::default()).unwrap();
            }
        }
    });
    assert_eq!(rounds, 1_000);
    assert!(timers >= 10, "{timers} firings of a timer beside it");
}

#[test]
fn random_alarms_under_a_random_clock_are_never_early_and_prompt() {
    for seed in 0..100 {
        let mut dice = Dice::new(seed);
        let mut sim = Sim::new();
        let world = sim.kernel.world.clone();
        world.set_wall(Millis(0), Wall(DAY));
        let (mut alarms, mut at) = (Vec::new(), 0);
        for _ in 0..20 {
            alarms.push(Wall(DAY + dice.below(100_000) as u64));
            let asked = Schedule {
                when: When::Date(*alarms.last().unwrap()),
                repeat_ms: 0,
                from_end: false,
            };
            let word = alarms.len() as u64 - 1;
            sim.engine.schedule_timer(asked, Owner { word, ..Owner::default() }).unwrap();
            at += dice.below(20_000) as u64;
            let shown = Wall(DAY - 50_000 + dice.below(200_000) as u64);
            world.set_wall(Millis(at), shown);
        }
        // When each was first due for as long as a look takes.
        let mut waited = vec![0_u64; alarms.len()];
        let mut over = vec![false; alarms.len()];
        for until in (0..at + 200_000).step_by(50) {
            sim.run_with(until, &mut |engine, notice| {
                if let Notice::Timer(timer) = notice {
                    let word = engine.timer_owner(*timer).unwrap().word as usize;
                    assert!(engine.wall() >= alarms[word], "seed {seed}: early");
                    assert!(!std::mem::replace(&mut over[word], true), "seed {seed}: twice");
                }
            });
            let wall = world.wall();
            for word in 0..alarms.len() {
                let due = wall >= alarms[word] && !over[word];
                waited[word] = if due { waited[word] + 50 } else { 0 };
                assert!(waited[word] <= ALARM_LOOK_MS + 100, "seed {seed}: {word} waits");
            }
        }
        assert!(over.iter().all(|over| *over), "seed {seed}: each fires");
        assert!(sim.engine.is_idle());
    }
}

#[test]
fn a_fixed_delay_counts_from_the_end_and_a_fixed_rate_does_not() {
    let mut sim = Sim::new();
    let world = sim.kernel.world.clone();
    let slow = start(&mut sim, When::After(10), 10, true);
    sim.run_with(70, &mut |engine, notice| {
        if let Notice::Timer(timer) = notice {
            assert_eq!(engine.timer_due(*timer), Ok(None), "it begins at the end");
            world.pass(Duration::from_millis(15));
        }
    });
    assert_eq!(fired(&mut sim), [10, 35, 60]);
    sim.engine.restart_timer(slow, 100).unwrap();
    sim.run(200);
    assert_eq!(fired(&mut sim), [175, 185, 195]);
    assert_eq!(sim.engine.cancel_timer(slow), Ok(Owner::default()));
    start(&mut sim, When::After(10), 10, false);
    sim.run_with(260, &mut |_, notice| {
        if let Notice::Timer(_) = notice {
            world.pass(Duration::from_millis(15));
        }
    });
    assert_eq!(fired(&mut sim), [210, 225, 240, 255]);
}

#[test]
fn a_time_of_the_loop_is_met_and_one_in_the_past_is_now() {
    let mut sim = Sim::new();
    sim.run(100);
    let timer = start(&mut sim, When::At(Millis(250)), 0, false);
    assert_eq!(sim.engine.timer_due(timer), Ok(Some(When::At(Millis(250)))));
    start(&mut sim, When::At(Millis(40)), 100, false);
    sim.run(300);
    assert_eq!(fired(&mut sim), [100, 140, 240, 250]);
    let refused = Schedule { when: When::Date(Wall(1)), repeat_ms: 1, from_end: true };
    assert_eq!(sim.engine.schedule_timer(refused, Owner::default()), Err(Status::INVAL));
}

#[test]
fn what_is_later_than_late_ms_is_counted() {
    let mut sim = Sim::new();
    let world = sim.kernel.world.clone();
    start(&mut sim, When::After(5), 0, false);
    start(&mut sim, When::After(6), 0, false);
    start(&mut sim, When::After(100), 0, false);
    sim.run(1);
    world.pass(Duration::from_millis(15));
    sim.run(200);
    assert_eq!(fired(&mut sim), [16, 16, 100]);
    let stats = sim.engine.stats();
    assert_eq!((stats.timers_fired, stats.late_timers), (3, 1), "11 ms and not 10");
}
