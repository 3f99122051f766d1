// SPDX-License-Identifier: MIT OR Apache-2.0
//! The scripted world: what it tells, when, and what its clock shows.

use std::time::Duration;
use webcore::base::time::{Millis, Nanos};
use webcore::reactor::sim::{Batch, Ready, World};
use webcore::reactor::{Event, Interest, Selector, Token};

const MS: Duration = Duration::from_millis(1);

fn readable(fd: i32) -> Ready {
    Ready { fd: fd.into(), readable: true, ..Ready::default() }
}

fn watching(world: &World, fds: &[i32], interest: Interest) -> Box<dyn Selector> {
    let mut selector = world.selector();
    for fd in fds {
        selector.update((*fd).into(), Token(*fd as u64 + 100), Interest::NONE, interest).unwrap();
    }
    selector
}

fn wait(selector: &mut dyn Selector, timeout: Option<Duration>) -> Vec<Event> {
    let mut out = Vec::new();
    selector.wait(&mut out, timeout).unwrap();
    out
}

fn tokens(events: &[Event]) -> Vec<u64> {
    events.iter().map(|event| event.token.0).collect()
}

#[test]
fn each_batch_is_told_once_in_the_order_of_time_and_the_clock_moves_there() {
    let world = World::new();
    world.script(Batch { at: Millis(20), events: vec![readable(3)] });
    world.script(Batch { at: Millis(10), events: vec![readable(4), readable(3)] });
    world.script(Batch { at: Millis(20), events: vec![readable(4)] });
    let (mut selector, clock) = (watching(&world, &[3, 4], Interest::READ), world.clock());
    assert_eq!(tokens(&wait(&mut *selector, None)), [104, 103]);
    assert_eq!(clock.now(), Nanos(10_000_000));
    assert_eq!(tokens(&wait(&mut *selector, Some(9 * MS))), []);
    assert_eq!(clock.now(), Nanos(19_000_000));
    assert_eq!(tokens(&wait(&mut *selector, Some(9 * MS))), [103]);
    assert_eq!(tokens(&wait(&mut *selector, Some(Duration::ZERO))), [104]);
    assert_eq!(clock.now(), Nanos(20_000_000));
}

#[test]
fn what_passed_while_nobody_waited_is_told_at_the_next_wait() {
    let world = World::new();
    world.script(Batch { at: Millis(5), events: vec![readable(3)] });
    let mut selector = watching(&world, &[3], Interest::READ);
    world.pass(7 * MS);
    assert_eq!(tokens(&wait(&mut *selector, Some(MS))), [103]);
    assert_eq!(world.clock().now(), Nanos(7_000_000));
}

#[test]
fn what_nobody_watches_for_is_told_when_somebody_does_and_forgotten_with_none() {
    let world = World::new();
    let both = Ready { fd: 3.into(), readable: true, writable: true, ..Ready::default() };
    world.script(Batch { at: Millis(0), events: vec![both] });
    let mut selector = watching(&world, &[3], Interest::READ);
    let told = wait(&mut *selector, Some(MS));
    assert!(told[0].readable() && !told[0].writable());
    assert_eq!(wait(&mut *selector, Some(MS)), []);
    selector.update(3.into(), Token(7), Interest::READ, Interest::WRITE).unwrap();
    let told = wait(&mut *selector, Some(MS));
    assert!(told[0].writable() && !told[0].readable());
    assert_eq!(told[0].token, Token(7));

    world.script(Batch { at: Millis(0), events: vec![readable(3)] });
    assert_eq!(wait(&mut *selector, Some(MS)), []);
    selector.update(3.into(), Token(7), Interest::WRITE, Interest::NONE).unwrap();
    selector.update(3.into(), Token(8), Interest::NONE, Interest::READ).unwrap();
    assert_eq!(wait(&mut *selector, Some(MS)), []);
    assert_eq!(world.interest(3.into()), Interest::READ);
    assert_eq!(world.interest(4.into()), Interest::NONE);
}

#[test]
fn an_error_is_told_with_any_interest_and_the_end_of_input_with_read() {
    let world = World::new();
    let ended = Ready { fd: 3.into(), hangup: true, ..Ready::default() };
    let broken = Ready { fd: 4.into(), error: true, ..Ready::default() };
    world.script(Batch { at: Millis(0), events: vec![ended, broken] });
    let mut selector = watching(&world, &[3, 4], Interest::TROUBLE);
    let told = wait(&mut *selector, None);
    assert_eq!(tokens(&told), [104]);
    assert!(told[0].readable() && told[0].writable() && told[0].hangup() && told[0].error());
    selector.update(3.into(), Token(103), Interest::TROUBLE, Interest::READ).unwrap();
    let told = wait(&mut *selector, None);
    assert!(told[0].readable() && told[0].hangup() && !told[0].writable() && !told[0].error());
}

#[test]
fn faults_come_once_and_change_nothing() {
    let world = World::new();
    let mut selector = watching(&world, &[3], Interest::READ);
    world.fail_update(libc::ENOSPC);
    let refused = selector.update(3.into(), Token(1), Interest::READ, Interest::WRITE).unwrap_err();
    assert_eq!(refused.raw_os_error(), Some(libc::ENOSPC));
    assert_eq!(world.interest(3.into()), Interest::READ);
    world.fail_wait(libc::EINTR);
    world.fail_wait(libc::ENOMEM);
    assert_eq!(wait(&mut *selector, None), []);
    let refused = selector.wait(&mut Vec::new(), None).unwrap_err();
    assert_eq!(refused.raw_os_error(), Some(libc::ENOMEM));
    assert_eq!(world.clock().now(), Nanos(0));
}

#[test]
fn a_wait_that_nothing_can_end_fails_instead_of_hanging() {
    let mut selector = watching(&World::new(), &[3], Interest::READ);
    assert!(selector.wait(&mut Vec::new(), None).is_err());
}

#[test]
#[should_panic(expected = "3: NONE READ")]
fn a_caller_that_forgot_what_it_watches_for_is_told() {
    let mut selector = watching(&World::new(), &[3], Interest::READ);
    let _ = selector.update(3.into(), Token(1), Interest::NONE, Interest::WRITE);
}
