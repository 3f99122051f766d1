// SPDX-License-Identifier: MIT OR Apache-2.0
//! What no program can bring about: a kernel that does not tell the end of a child, or none of its
//! ends; and as many children as there may be.

use super::*;
use crate::engine::Settings;
use crate::reactor::sim::World;
use crate::sys::spawn::Limits;
use std::ffi::CString;

fn engine(world: &World) -> Loop {
    let settings = Settings { number: 0, floor: 0, backend: None, max_connections: 0 };
    Loop::with(&settings, world.selector(), world.clock()).map_err(|(status, _)| status).unwrap()
}

/// A child that runs a script, without a stream.
fn shell(script: &str) -> Spawn {
    let text = |text: &str| CString::new(text).unwrap();
    let program = Program {
        name: text("/bin/sh"),
        argv: vec![text("sh"), text("-c"), text(script)],
        env: None,
        directory: None,
        group: true,
        limits: Limits::default(),
    };
    let inherit = || Plan::Given(Stdio::Inherit);
    let stdio = [inherit(), inherit(), inherit()];
    Spawn { program, stdio, wall_ms: 0, grace_ms: 0, output_ms: 0, owner: Owner::default() }
}

/// The last word of the loop's only child; time moves only when the loop waits.
fn last_word(engine: &mut Loop) -> (i32, i32, Status) {
    loop {
        match engine.next() {
            Some(Notice::ChildExit { child, code, signal, why }) => {
                engine.bury_child(child);
                assert!(engine.is_idle());
                return (code, signal, why);
            }
            Some(_) => panic!("nothing else happens"),
            None => engine.turn(None).map_err(|(status, _)| status).unwrap(),
        }
    }
}

#[test]
fn an_end_that_the_kernel_does_not_tell_is_looked_for_each_child_look_ms() {
    let world = World::new();
    let mut engine = engine(&world);
    world.fail_update(libc::EMFILE);
    engine.spawn(shell("exit 3")).unwrap();
    assert_eq!(last_word(&mut engine), (3, 0, Status::OK));
    let looked = engine.now().0;
    assert!(looked > 0 && looked.is_multiple_of(u64::from(limits::CHILD_LOOK_MS)), "{looked}");
}

#[test]
fn a_loop_that_is_freed_waits_child_reap_ms_for_a_kernel_that_tells_nothing() {
    let world = World::new();
    let mut engine = engine(&world);
    let handle = engine.spawn(shell("exec sleep 600")).unwrap();
    let pid = engine.children.live(handle).unwrap().pid;
    exit::signal(pid, true, exit::KILL).unwrap();
    while exit::reap(pid).is_none() {
        std::thread::yield_now();
    }
    engine.end_all(Status::FREED);
    assert!(matches!(engine.spawn(shell("")), Err(Status::STATE)));
    assert_eq!(last_word(&mut engine), (-1, 0, Status::FREED));
    assert_eq!(engine.now(), Millis(limits::CHILD_REAP_MS.into()));
}

#[test]
fn there_are_children_and_no_more() {
    let world = World::new();
    let mut engine = engine(&world);
    let first = engine.spawn(shell("exec sleep 600")).unwrap();
    let pid = engine.children.live(first).unwrap().pid;
    let others: Vec<_> = (1..limits::CHILDREN)
        .map(|_| engine.children.slab.insert(Child::new(pid, &shell(""), Default::default())))
        .collect();
    assert_eq!(engine.spawn(shell("")), Err(Status::LIMIT));
    engine.bury_child(others[0].unwrap());
    let last = engine.spawn(shell("exec sleep 600")).unwrap();
    assert_eq!(engine.spawn(shell("")), Err(Status::LIMIT));
    for handle in [first, last] {
        let pid = engine.children.live(handle).unwrap().pid;
        exit::signal(pid, true, exit::KILL).unwrap();
        while exit::reap(pid).is_none() {
            std::thread::yield_now();
        }
    }
}
