// SPDX-License-Identifier: MIT OR Apache-2.0
//! Deadlines: at their time, not before, and moved by what moves them.

use super::Sim;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;
use webcore::base::Status;
use webcore::base::limits::{CONNECT_MS, IDLE_MS, LINGER_BYTES, LINGER_MS, STALL_MS};
use webcore::engine::{How, Notice};
use webcore::net::Owner;
use webcore::net::life::Life;
use webcore::net::policy::Policy;
use webcore::reactor::sim::Ready;
use webcore::sys::socket;

#[test]
fn a_silent_peer_is_idle_after_idle_ms_and_again_after_as_much() {
    let mut sim = Sim::new();
    sim.adopt(&Policy::default());
    let idle = u64::from(IDLE_MS);
    sim.run(idle - 1);
    assert_eq!(sim.said(), ["0 Conn 0 open"]);
    sim.run(2 * idle);
    assert_eq!(sim.said(), ["60000 Conn 0 idle", "120000 Conn 0 idle"]);
}

#[test]
fn a_byte_either_way_begins_the_idle_time_anew_and_a_pause_suspends_it() {
    let mut sim = Sim::new();
    let (conn, peer) = sim.adopt(&Policy { idle_ms: 100, ..Policy::default() });
    sim.run(60);
    peer.send(b"a");
    sim.run(120);
    sim.engine.send(conn, b"b").unwrap();
    sim.run(219);
    assert_eq!(sim.said(), ["0 Conn 0 open", "60 Conn 0 data \"a\""]);
    sim.run(220);
    assert_eq!(sim.said(), ["220 Conn 0 idle"]);
    sim.engine.pause_input(conn).unwrap();
    sim.run(1000);
    assert_eq!(sim.said(), [] as [&str; 0]);
    sim.engine.resume_input(conn).unwrap();
    sim.run(1099);
    assert_eq!(sim.said(), [] as [&str; 0]);
    sim.engine.set_idle(conn, 10).unwrap();
    sim.run(1109);
    assert_eq!(sim.said(), ["1109 Conn 0 idle"]);
}

#[test]
fn output_that_nobody_takes_ends_the_connection_after_stall_ms() {
    let mut sim = Sim::new();
    let (conn, peer) = sim.adopt(&Policy { idle_ms: 1, ..Policy::default() });
    peer.0.borrow_mut().room = 3;
    sim.engine.send(conn, b"hello").unwrap();
    let stall = u64::from(STALL_MS);
    sim.run(stall - 1);
    assert_eq!(sim.said(), ["0 Conn 0 open"]);
    peer.take(1);
    sim.run(2 * stall - 2);
    assert_eq!((sim.said(), peer.got()), (vec![], "hell".to_owned()));
    sim.run(2 * stall);
    assert_eq!(sim.said(), ["59999 Conn 0 closed WC_E_STALL"]);
}

#[test]
fn the_stall_time_of_what_is_queued_early_begins_when_the_connection_is_made() {
    let mut sim = Sim::new();
    let policy = Policy { stall_ms: 50, ..Policy::default() };
    let (conn, peer) = sim.kernel.adopt(&mut sim.engine, &policy, Life::Connecting);
    sim.engine.send(conn, b"early").unwrap();
    sim.run(200);
    // It is made, which makes it writable, but the peer takes nothing.
    (peer.0.borrow_mut().connected, peer.0.borrow_mut().room) = (true, 0);
    let fd = peer.0.borrow().fd;
    sim.kernel.lie(Ready { fd, writable: true, ..Ready::default() });
    sim.run(249);
    assert_eq!(sim.said(), ["200 Conn 0 open"]);
    sim.run(250);
    assert_eq!(sim.said(), ["250 Conn 0 closed WC_E_STALL"]);
}

#[test]
fn a_peer_that_takes_nothing_stalls_a_close_in_order_too() {
    let mut sim = Sim::new();
    let (conn, peer) = sim.adopt(&Policy { stall_ms: 50, ..Policy::default() });
    peer.0.borrow_mut().room = 0;
    sim.engine.send(conn, b"hello").unwrap();
    sim.engine.close(conn, How::Flush).unwrap();
    sim.run(100);
    assert_eq!(sim.said(), ["50 Conn 0 closed WC_E_STALL"]);
    assert!(peer.0.borrow().dropped);
}

#[test]
fn lingering_ends_with_the_peers_end_or_after_linger_ms() {
    for (end_at, closed) in [(None, u64::from(LINGER_MS)), (Some(700), 700)] {
        let mut sim = Sim::new();
        let (conn, peer) = sim.adopt(&Policy::default());
        sim.run(0);
        sim.engine.send(conn, b"bye").unwrap();
        sim.engine.close(conn, How::Flush).unwrap();
        sim.run(end_at.unwrap_or(0));
        assert!(peer.0.borrow().ended.is_some() && !peer.0.borrow().dropped);
        if end_at.is_some() {
            peer.end();
        }
        sim.run(10_000);
        assert_eq!(sim.said(), ["0 Conn 0 open", &format!("{closed} Conn 0 closed WC_OK")]);
        assert_eq!(peer.got(), "bye");
    }
}

#[test]
fn lingering_discards_linger_bytes_and_no_more() {
    let mut sim = Sim::new();
    let (conn, peer) = sim.adopt(&Policy::default());
    sim.run(0);
    sim.engine.close(conn, How::Flush).unwrap();
    sim.run(1);
    peer.send(&vec![7; LINGER_BYTES]);
    sim.run(2);
    assert_eq!(sim.said(), ["0 Conn 0 open"]);
    assert_eq!(peer.0.borrow().received, LINGER_BYTES);
    peer.send(b"x");
    sim.run(3);
    assert_eq!(sim.said(), ["2 Conn 0 closed WC_OK"]);
}

#[test]
fn no_linger_time_closes_at_once() {
    let mut sim = Sim::new();
    let (conn, peer) = sim.adopt(&Policy { linger_ms: 0, ..Policy::default() });
    sim.run(0);
    sim.engine.send(conn, b"bye").unwrap();
    sim.engine.close(conn, How::Flush).unwrap();
    sim.run(1);
    assert_eq!(sim.said(), ["0 Conn 0 open", "0 Conn 0 closed WC_OK"]);
    assert_eq!(peer.got(), "bye");
}

/// A listener whose queue is full, so that nobody's connection to it is made, with what fills it.
fn busy() -> (SocketAddr, impl Sized) {
    let listener = socket::listen("127.0.0.1:0".parse().unwrap(), false, 0).unwrap();
    let address = socket::local_addr(listener.as_fd()).unwrap();
    let mut waiting = vec![TcpStream::connect(address).unwrap()];
    while let Ok(one) = TcpStream::connect_timeout(&address, Duration::from_millis(50)) {
        waiting.push(one);
        assert!(waiting.len() < 100, "the queue has an end");
    }
    (address, (listener, waiting))
}

#[test]
fn a_connection_that_is_not_made_ends_after_connect_ms() {
    let mut sim = Sim::new();
    let (address, _full) = busy();
    sim.engine.connect(address, Policy::default(), Owner::default(), CONNECT_MS).unwrap();
    sim.run(u64::from(CONNECT_MS) - 1);
    assert_eq!(sim.said(), [] as [&str; 0]);
    sim.run(u64::from(CONNECT_MS));
    assert_eq!(sim.said(), ["10000 Conn 0 closed WC_E_TIMEOUT"]);
}

#[test]
fn a_connection_to_a_listener_is_made() {
    let mut sim = Sim::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    sim.engine.connect(address, Policy::default(), Owner::default(), CONNECT_MS).unwrap();
    let _accepted = listener.accept().unwrap();
    sim.run(1);
    assert_eq!(sim.said(), ["0 Conn 0 open"]);
    assert_eq!(sim.engine.stats().accepted, 1);
}

#[test]
fn no_deadline_is_early_by_the_part_of_a_millisecond_in_which_it_began() {
    // Each begins at 0.9 ms; ten milliseconds later it is 10.9, and the first whole one is 11.
    let begins = |policy: &Policy, room| {
        let mut sim = Sim::new();
        let (conn, peer) = sim.adopt(policy);
        sim.run(0);
        sim.kernel.world.pass(Duration::from_micros(900));
        peer.0.borrow_mut().room = room;
        peer.send(b"a");
        sim.engine.turn(Some(sim.engine.now())).unwrap();
        (sim, conn, peer)
    };
    let (mut sim, ..) = begins(&Policy { idle_ms: 10, ..Policy::default() }, 0);
    sim.run(12);
    assert_eq!(sim.said().last().unwrap(), "11 Conn 0 idle");

    let (mut sim, conn, _) = begins(&Policy { stall_ms: 10, ..Policy::default() }, 0);
    sim.engine.send(conn, b"a").unwrap();
    sim.run(12);
    assert_eq!(sim.said().last().unwrap(), "11 Conn 0 closed WC_E_STALL");

    let (mut sim, conn, _) = begins(&Policy { linger_ms: 10, ..Policy::default() }, 9);
    sim.engine.close(conn, How::Flush).unwrap();
    sim.run(12);
    assert_eq!(sim.said().last().unwrap(), "11 Conn 0 closed WC_OK");

    let (mut sim, conn, _) = begins(&Policy::default(), 9);
    sim.engine.set_idle(conn, 10).unwrap();
    sim.run(12);
    assert_eq!(sim.said().last().unwrap(), "11 Conn 0 idle");

    let (mut sim, ..) = begins(&Policy::default(), 9);
    sim.engine.start_timer(10, 0, Owner { word: 5, ..Owner::default() }).unwrap();
    sim.run(12);
    assert_eq!(sim.said()[2..], ["11 Timer 0 fired", "11 ended 5"]);
}

#[test]
fn a_repeated_timer_keeps_its_rate_and_skips_what_it_missed() {
    let mut sim = Sim::new();
    let timer = sim.engine.start_timer(10, 10, Owner::default()).unwrap();
    sim.run(20);
    sim.kernel.world.pass(Duration::from_millis(25));
    sim.run(60);
    let fired: Vec<String> =
        [10, 20, 45, 50, 60].iter().map(|at| format!("{at} Timer 0 fired")).collect();
    assert_eq!(sim.said(), fired);
    assert_eq!(sim.engine.cancel_timer(timer), Ok(Owner::default()));
    assert_eq!(sim.engine.cancel_timer(timer), Err(Status::GONE));
    sim.run(100);
    assert_eq!(sim.said(), [] as [&str; 0]);
}

#[test]
fn a_timer_that_is_restarted_while_it_fires_lives_on() {
    let mut sim = Sim::new();
    sim.engine.start_timer(5, 0, Owner::default()).unwrap();
    let mut restarts = 2;
    sim.run_with(100, &mut |engine, notice| {
        if let Notice::Timer(timer) = notice
            && restarts > 0
        {
            restarts -= 1;
            engine.restart_timer(*timer, 20).unwrap();
        }
    });
    let said = ["5 Timer 0 fired", "25 Timer 0 fired", "45 Timer 0 fired", "45 ended 0"];
    assert_eq!(sim.said(), said);
}

#[test]
fn timers_of_one_moment_fire_in_the_order_of_their_births() {
    let mut sim = Sim::new();
    let timers: Vec<_> =
        (0..4).map(|_| sim.engine.start_timer(7, 0, Owner::default()).unwrap()).collect();
    sim.engine.restart_timer(timers[1], 7).unwrap();
    sim.engine.restart_timer(timers[3], 6).unwrap();
    sim.run_with(10, &mut |engine, notice| {
        if let Notice::Timer(timer) = notice
            && *timer == timers[0]
        {
            engine.cancel_timer(timers[2]).unwrap();
        }
    });
    let fired: Vec<String> = sim.said().into_iter().filter(|l| l.contains("fired")).collect();
    assert_eq!(fired, ["6 Timer 3 fired", "7 Timer 0 fired", "7 Timer 1 fired"]);
}
