// SPDX-License-Identifier: MIT OR Apache-2.0
//! Faults: each call of the kernel that can fail, at first and after a part.

use super::Sim;
use std::io::Write;
use std::os::unix::net::UnixStream;
use webcore::base::Status;
use webcore::engine::{Alive, Notice};
use webcore::net::Owner;
use webcore::net::life::Life;
use webcore::net::policy::{Cut, Policy};
use webcore::reactor::Interest;
use webcore::reactor::sim::Ready;
use webcore::sys::Fd;

/// What recv(2) fails with, and the status of each.
const RECV: [(i32, &str); 4] = [
    (libc::ECONNRESET, "WC_E_RESET"),
    (libc::ETIMEDOUT, "WC_E_TIMEOUT"),
    (libc::ENOBUFS, "WC_E_NOMEM"),
    (libc::EIO, "WC_E_OS"),
];

/// What send(2) fails with, and the status of each.
const SEND: [(i32, &str); 5] = [
    (libc::EPIPE, "WC_E_RESET"),
    (libc::ECONNRESET, "WC_E_RESET"),
    (libc::ETIMEDOUT, "WC_E_TIMEOUT"),
    (libc::ENOBUFS, "WC_E_NOMEM"),
    (libc::EIO, "WC_E_OS"),
];

fn closed(at: u64, status: &str, error: i32) -> String {
    let text = std::io::Error::from_raw_os_error(error);
    format!("{at} Conn 0 closed {status} ({text})")
}

#[test]
fn a_receive_that_fails_ends_the_connection_behind_what_came() {
    for (error, status) in RECV {
        for part in [0, 1, 5] {
            let mut sim = Sim::new();
            let (_, peer) = sim.adopt(&Policy::default());
            sim.run(0);
            peer.send(&b"hello"[..part]);
            peer.0.borrow_mut().recv_fault = Some((part, error));
            sim.run(1);
            let mut said = vec!["0 Conn 0 open".to_owned()];
            if part > 0 {
                said.push(format!("0 Conn 0 data {:?}", &"hello"[..part]));
            }
            said.push(closed(0, status, error));
            assert_eq!(sim.said(), said);
            assert!(peer.0.borrow().dropped);
        }
    }
}

#[test]
fn a_send_that_fails_ends_the_connection_behind_what_the_peer_sent() {
    for (error, status) in SEND {
        for part in [0, 1, 4] {
            let mut sim = Sim::new();
            let (conn, peer) = sim.adopt(&Policy::default());
            sim.run(0);
            peer.0.borrow_mut().send_fault = Some((part, error));
            peer.send(b"last words");
            sim.engine.send(conn, b"hello").unwrap();
            sim.run(1);
            let said = ["0 Conn 0 open".into(), "0 Conn 0 data \"last words\"".to_owned()];
            assert_eq!(sim.said(), [&said[..], &[closed(0, status, error)]].concat());
            assert_eq!(peer.got(), "hello"[..part]);
        }
    }
}

#[test]
fn a_large_send_that_fails_is_told_by_the_end_of_the_connection() {
    for part in [0, 40_000] {
        let mut sim = Sim::new();
        let (conn, peer) = sim.adopt(&Policy::default());
        sim.run(0);
        peer.0.borrow_mut().send_fault = Some((part, libc::EPIPE));
        // The loop knows nothing better than to accept it: what is sent is not what has arrived.
        assert_eq!(sim.engine.send(conn, &[7; 50_000]), Ok(Status::OK));
        sim.run(1);
        assert_eq!(sim.said(), ["0 Conn 0 open".into(), closed(0, "WC_E_RESET", libc::EPIPE)]);
        assert_eq!(peer.0.borrow().got.len(), part);
    }
}

#[test]
fn after_a_failed_send_nothing_more_is_accepted() {
    let mut sim = Sim::new();
    let (conn, peer) = sim.adopt(&Policy::default());
    sim.run(0);
    peer.0.borrow_mut().send_fault = Some((0, libc::EPIPE));
    sim.engine.send(conn, &[7; 50_000]).unwrap();
    assert_eq!(sim.engine.send(conn, b"more"), Err(Status::RESET));
    assert_eq!(sim.engine.send_frame(conn, b"more"), Err(Status::RESET));
    assert_eq!(sim.engine.shutdown(conn), Err(Status::RESET));
    sim.run(1);
    assert_eq!(sim.engine.send(conn, b"more"), Err(Status::GONE));
}

#[test]
fn a_failed_send_ends_a_connection_that_is_paused_afterwards() {
    let mut sim = Sim::new();
    let (conn, peer) = sim.adopt(&Policy::default());
    sim.run(0);
    peer.0.borrow_mut().send_fault = Some((0, libc::EPIPE));
    sim.engine.send(conn, &[7; 50_000]).unwrap();
    sim.engine.pause_input(conn).unwrap();
    sim.run(1);
    assert_eq!(sim.said(), ["0 Conn 0 open".into(), closed(0, "WC_E_RESET", libc::EPIPE)]);
}

#[test]
fn the_first_of_two_failures_is_the_reason() {
    let mut sim = Sim::new();
    let (conn, peer) = sim.adopt(&Policy::default());
    sim.run(0);
    peer.0.borrow_mut().send_fault = Some((0, libc::EPIPE));
    sim.engine.send(conn, &[7; 50_000]).unwrap();
    peer.reset(libc::ETIMEDOUT);
    sim.run(1);
    assert_eq!(sim.said(), ["0 Conn 0 open".into(), closed(0, "WC_E_RESET", libc::EPIPE)]);
}

#[test]
fn a_reset_ends_a_paused_connection_that_reads_nothing() {
    let mut sim = Sim::new();
    let (conn, peer) = sim.adopt(&Policy::default());
    sim.run(0);
    sim.engine.pause_input(conn).unwrap();
    sim.run(5);
    peer.reset(libc::ECONNRESET);
    sim.run(6);
    let said = ["0 Conn 0 open".into(), closed(5, "WC_E_RESET", libc::ECONNRESET)];
    assert_eq!(sim.said(), said);
}

#[test]
fn a_reset_behind_the_peers_end_is_told() {
    let mut sim = Sim::new();
    let (_, peer) = sim.adopt(&Policy::default());
    peer.end();
    sim.run(5);
    peer.reset(libc::ECONNRESET);
    sim.run(6);
    let said = ["0 Conn 0 open", "0 Conn 0 eof"].map(str::to_owned);
    assert_eq!(sim.said(), [&said[..], &[closed(5, "WC_E_RESET", libc::ECONNRESET)]].concat());
}

#[test]
fn a_reset_of_a_connection_that_was_paused_with_its_end_unread_is_told() {
    let mut sim = Sim::new();
    let (_, peer) = sim.adopt(&Policy::default());
    sim.run(0);
    peer.0.borrow_mut().piece = 1;
    peer.send(b"ab");
    peer.end();
    sim.run_with(5, &mut |engine, notice| {
        if let Notice::Data(conn, _) = notice {
            engine.pause_input(*conn).unwrap();
        }
    });
    peer.reset(libc::ECONNRESET);
    sim.run(6);
    let said = ["0 Conn 0 open", "0 Conn 0 data \"a\""].map(str::to_owned);
    assert_eq!(sim.said(), [&said[..], &[closed(5, "WC_E_RESET", libc::ECONNRESET)]].concat());
}

#[test]
fn a_reset_is_told_though_the_program_pauses_before_it_is_read() {
    let mut sim = Sim::new();
    let (first, peer) = sim.adopt(&Policy { cut: Cut::Line, ..Policy::default() });
    let (second, other) = sim.adopt(&Policy::default());
    sim.run(0);
    sim.said();
    peer.send(b"pause\n");
    other.reset(libc::ECONNRESET);
    sim.run_with(1, &mut |engine, notice| {
        if let Notice::Data(conn, _) = notice {
            assert_eq!(*conn, first);
            engine.pause_input(second).unwrap();
        }
    });
    let closed = closed(0, "WC_E_RESET", libc::ECONNRESET).replace("Conn 0", "Conn 1");
    assert_eq!(sim.said(), ["0 Conn 0 data \"pause\"".to_owned(), closed]);
}

#[test]
fn an_outbound_connection_is_made_or_ends_with_the_error_of_it() {
    for error in [0, libc::ECONNREFUSED, libc::ENETUNREACH, libc::ETIMEDOUT] {
        let mut sim = Sim::new();
        let policy = Policy { idle_ms: 0, ..Policy::default() };
        let (conn, peer) = sim.kernel.adopt(&mut sim.engine, &policy, Life::Connecting);
        sim.engine.send(conn, b"early").unwrap();
        sim.run(50);
        assert_eq!((sim.said(), peer.got()), (vec![], String::new()));
        if error == 0 {
            peer.0.borrow_mut().connected = true;
        } else {
            peer.reset(error);
        }
        sim.run(51);
        match error {
            0 => assert_eq!(
                (sim.said(), peer.got()),
                (vec!["50 Conn 0 open".into()], "early".into())
            ),
            _ => assert_eq!(sim.said(), [closed(50, "WC_E_CONNECT", error)]),
        }
        assert_eq!(sim.engine.stats().accepted, u64::from(error == 0));
    }
}

#[test]
fn readiness_that_is_not_there_changes_nothing() {
    let mut sim = Sim::new();
    let (conn, peer) = sim.adopt(&Policy::default());
    peer.0.borrow_mut().room = 0;
    sim.engine.send(conn, b"hello").unwrap();
    sim.run(1);
    let fd = peer.0.borrow().fd;
    sim.kernel.lie(Ready { fd, readable: true, writable: true, ..Ready::default() });
    sim.run(2);
    assert_eq!(sim.said(), ["0 Conn 0 open"]);
    let want = Interest::READ | Interest::WRITE | Interest::TROUBLE;
    assert_eq!(sim.kernel.world.interest(fd), want, "both are watched for again");
    peer.send(b"a");
    peer.take(5);
    sim.run(3);
    assert_eq!((sim.said(), peer.got()), (vec!["2 Conn 0 data \"a\"".into()], "hello".into()));
    assert_eq!(sim.kernel.world.interest(fd), Interest::READ | Interest::TROUBLE);
}

#[test]
fn a_selector_that_takes_no_connection_refuses_it_with_its_error() {
    let mut sim = Sim::new();
    sim.kernel.world.fail_update(libc::ENOMEM);
    let (peer, link) = sim.kernel.peer();
    let policy = Policy::default().into();
    let refused = sim.engine.adopt(link, policy, Owner::default(), Life::Open);
    assert_eq!((refused, sim.engine.os_error()), (Err(Status::NOMEM), libc::ENOMEM));
    assert!(peer.0.borrow().dropped);
    assert_eq!(sim.engine.alive(), Alive::default());
}

#[test]
fn a_selector_that_takes_no_change_ends_the_connection_with_its_error() {
    let mut sim = Sim::new();
    let (conn, peer) = sim.adopt(&Policy::default());
    sim.run(0);
    peer.0.borrow_mut().room = 0;
    sim.engine.send(conn, b"hello").unwrap();
    sim.kernel.world.fail_update(libc::ENOSPC);
    sim.run(1);
    assert_eq!(sim.said(), ["0 Conn 0 open".into(), closed(0, "WC_E_OS", libc::ENOSPC)]);
    assert!(sim.kernel.world.interest(peer.0.borrow().fd).is_none());
}

#[test]
fn a_wait_that_fails_is_told_and_loses_nothing() {
    let mut sim = Sim::new();
    let (_, peer) = sim.adopt(&Policy::default());
    sim.run(0);
    peer.send(b"a");
    sim.kernel.fail_wait(libc::ENOMEM);
    assert_eq!(sim.engine.turn(None), Err((Status::NOMEM, libc::ENOMEM)));
    assert!(sim.engine.next().is_none());
    // A signal interrupts a wait without an error.
    sim.kernel.fail_wait(libc::EINTR);
    assert_eq!(sim.engine.turn(None), Ok(()));
    let mut data = 0;
    sim.run_with(1, &mut |_, notice| data += usize::from(matches!(notice, Notice::Data(..))));
    assert_eq!(data, 1);
}

#[test]
fn a_watcher_whose_change_the_kernel_refuses_is_told_so_and_can_ask_again() {
    let mut sim = Sim::new();
    let (near, mut far) = UnixStream::pair().unwrap();
    let owner = Owner { word: 9, ..Owner::default() };
    sim.kernel.world.fail_update(libc::ENOMEM);
    assert_eq!(sim.engine.start_watch(Fd::of(&near), Interest::READ, owner), Err(Status::NOMEM));
    assert_eq!(sim.engine.alive(), Alive::default(), "nothing was started");
    let watch = sim.engine.start_watch(Fd::of(&near), Interest::NONE, owner).unwrap();
    far.write_all(b"x").unwrap();
    sim.kernel.world.fail_update(libc::ENOSPC);
    sim.engine.set_watch(watch, Interest::READ | Interest::ONCE).unwrap();
    sim.run(1);
    assert_eq!(
        (sim.said(), sim.engine.os_error()),
        (vec!["0 Watch 0 ready 80".into()], libc::ENOSPC)
    );
    sim.engine.set_watch(watch, Interest::READ | Interest::ONCE).unwrap();
    sim.run(2);
    assert_eq!(sim.said(), ["1 Watch 0 ready 01"]);
    sim.kernel.world.fail_update(libc::EBADF);
    let (gone, _) = sim.engine.stop_watch(watch).unwrap();
    assert_eq!(gone.word, 9, "an end cannot fail");
}
