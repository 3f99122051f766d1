// SPDX-License-Identifier: MIT OR Apache-2.0
//! Accepting: real listeners and clients, a virtual clock, and a selector that fails when asked.

use super::Sim;
use std::net::{SocketAddr, TcpStream};
use webcore::base::limits::{ACCEPT_BUDGET, ACCEPT_RETRY_MAX_MS, ACCEPT_RETRY_MIN_MS, BACKLOG};
use webcore::base::{Handle, Status};
use webcore::engine::{How, Listen, Notice};
use webcore::net::Owner;
use webcore::net::policy::Policy;

impl Sim {
    fn listen(&mut self, max_connections: u32) -> (Handle, SocketAddr) {
        let listen = Listen {
            address: "127.0.0.1:0".parse().unwrap(),
            v6_only: false,
            backlog: BACKLOG,
            max_connections,
            budget: ACCEPT_BUDGET,
            policy: Policy { idle_ms: 0, ..Policy::default() },
            owner: Owner { word: 9, ..Owner::default() },
        };
        let listener = self.engine.listen(listen).unwrap();
        (listener, self.engine.listener_address(listener).unwrap())
    }
}

#[test]
fn one_turn_accepts_accept_budget_and_the_next_the_rest() {
    let mut sim = Sim::new();
    let (_, address) = sim.listen(0);
    let clients: Vec<TcpStream> =
        (0..ACCEPT_BUDGET + 1).map(|_| TcpStream::connect(address).unwrap()).collect();
    sim.engine.turn(None).unwrap();
    sim.take(&mut |_, _| {});
    assert_eq!(sim.said().len(), ACCEPT_BUDGET as usize);
    sim.engine.turn(None).unwrap();
    sim.take(&mut |_, _| {});
    assert_eq!(sim.said(), [format!("0 Conn {ACCEPT_BUDGET} open")]);
    drop(clients);
}

#[test]
fn a_full_listener_pauses_until_a_connection_ends() {
    let mut sim = Sim::new();
    let (_, address) = sim.listen(1);
    let _clients = [TcpStream::connect(address).unwrap(), TcpStream::connect(address).unwrap()];
    let mut first = Handle::NONE;
    sim.run_with(10_000, &mut |_, notice| {
        if let Notice::Open(conn) = notice {
            first = *conn;
        }
    });
    assert_eq!(sim.said(), ["0 Listener 0 paused WC_E_LIMIT", "0 Conn 0 open"]);
    sim.engine.close(first, How::Now).unwrap();
    sim.run(10_001);
    let what = [
        "Conn 0 closed WC_OK",
        "Listener 0 resumed",
        "Listener 0 paused WC_E_LIMIT",
        "Conn 0 open",
    ];
    assert_eq!(sim.said(), what.map(|what| format!("10000 {what}")));
    assert_eq!(sim.engine.stats().accept_pauses, 2);
}

#[test]
fn a_listener_without_resources_is_retried_at_growing_times() {
    let mut sim = Sim::new();
    let (_, address) = sim.listen(0);
    let _client = TcpStream::connect(address).unwrap();
    // The selector has no room for the connection, and then none for the listener at each retry.
    sim.kernel.world.fail_update(libc::ENOMEM);
    sim.engine.turn(None).unwrap();
    sim.take(&mut |_, _| {});
    let paused = "0 Listener 0 paused WC_E_NOMEM (Cannot allocate memory (os error 12))";
    assert_eq!(sim.said(), [paused]);
    let (mut at, mut pause, mut pauses) = (0, ACCEPT_RETRY_MIN_MS, vec![]);
    for _ in 0..10 {
        sim.run(at + pause - 1);
        let updates = sim.kernel.asked.borrow().updates;
        sim.kernel.world.fail_update(libc::ENOMEM);
        sim.run(at + pause);
        assert_eq!(sim.kernel.asked.borrow().updates, updates + 1, "one retry, not before");
        pauses.push(pause);
        at += pause;
        pause = (pause * 2).min(ACCEPT_RETRY_MAX_MS);
    }
    assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
    assert_eq!(sim.said(), [] as [&str; 0], "it is paused all the time, and said so once");
    sim.run(at + pause);
    let said = ["Listener 0 resumed", "Conn 0 open"];
    assert_eq!(sim.said(), said.map(|what| format!("{} {what}", at + pause)), "it was kept");
    let _other = TcpStream::connect(address).unwrap();
    sim.run(at + pause + 1);
    assert_eq!(sim.said().len(), 1);
}

#[test]
fn a_listener_without_resources_is_not_hurried_by_connections_that_end() {
    let mut sim = Sim::new();
    let (_, address) = sim.listen(0);
    let mut conns = vec![];
    let clients: Vec<TcpStream> = (0..4).map(|_| TcpStream::connect(address).unwrap()).collect();
    sim.engine.turn(None).unwrap();
    sim.take(&mut |_, notice| {
        if let Notice::Open(conn) = notice {
            conns.push(*conn);
        }
    });
    let _late = TcpStream::connect(address).unwrap();
    sim.kernel.world.fail_update(libc::ENOMEM);
    sim.engine.turn(None).unwrap();
    sim.take(&mut |_, _| {});
    let updates = sim.kernel.asked.borrow().updates;
    for conn in conns.drain(..) {
        sim.engine.close(conn, How::Now).unwrap();
        sim.run(ACCEPT_RETRY_MIN_MS - 1);
    }
    let more = sim.kernel.asked.borrow().updates - updates;
    assert_eq!(more, clients.len(), "each connection left, and nothing was tried");
    assert!(sim.said().iter().all(|said| !said.contains("resumed")));
    sim.run(ACCEPT_RETRY_MIN_MS);
    assert_eq!(sim.said(), ["5 Listener 0 resumed", "5 Conn 3 open"], "it was kept");
}

#[test]
fn a_closed_listener_ends_with_the_last_of_its_connections() {
    let mut sim = Sim::new();
    let (listener, address) = sim.listen(0);
    let _client = TcpStream::connect(address).unwrap();
    sim.run(0);
    sim.engine.turn(None).unwrap();
    let mut conn = Handle::NONE;
    sim.take(&mut |_, notice| {
        if let Notice::Open(opened) = notice {
            conn = *opened;
        }
    });
    sim.engine.close_listener(listener).unwrap();
    assert_eq!(sim.engine.close_listener(listener), Err(Status::GONE));
    assert_eq!(sim.engine.listener_address(listener), Err(Status::GONE));
    sim.run(5);
    assert!(TcpStream::connect(address).is_err(), "its socket is closed");
    assert_eq!(sim.said(), ["0 Conn 0 open", "0 Listener 0 closed WC_OK"]);
    sim.engine.close(conn, How::Reset).unwrap();
    sim.run(6);
    assert_eq!(sim.said(), ["5 Conn 0 closed WC_OK", "5 ended 9"]);
    assert!(sim.engine.is_idle());
}
