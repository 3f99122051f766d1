// SPDX-License-Identifier: MIT OR Apache-2.0
//! Flow: budgets, water marks, frames, half-close, and what is shown when.

use super::Sim;
use webcore::base::Status;
use webcore::base::limits::{
    CONNECTIONS, FRAME, HOT_BUFFER, READ_BUDGET, WRITE_HIGH, WRITE_LIMIT, WRITE_LOW,
};
use webcore::engine::{Alive, How, Message, Notice, Parcel};
use webcore::net::Owner;
use webcore::net::life::Life;
use webcore::net::policy::{Cut, Policy};
use webcore::sys::limit::descriptors;

#[test]
fn a_connection_that_used_its_read_budget_goes_behind_the_others() {
    let mut sim = Sim::new();
    let (_, greedy) = sim.adopt(&Policy::default());
    let (_, modest) = sim.adopt(&Policy::default());
    sim.run(0);
    sim.said();
    greedy.send(&vec![7; READ_BUDGET + 1]);
    modest.send(b"a");
    let mut order = Vec::new();
    sim.run_with(1, &mut |_, notice| {
        if let Notice::Data(conn, view) = notice {
            order.push((conn.slot(), view.len));
        }
    });
    let full = READ_BUDGET / HOT_BUFFER;
    let mut expected = vec![(0, HOT_BUFFER); full];
    expected.extend([(1, 1), (0, 1)]);
    assert_eq!(order, expected);
}

#[test]
fn a_write_above_write_high_is_full_and_one_drain_follows_at_write_low() {
    let mut sim = Sim::new();
    let (conn, peer) = sim.adopt(&Policy::default());
    peer.0.borrow_mut().room = 0;
    sim.run(0);
    sim.said();
    assert_eq!(sim.engine.send(conn, &vec![1; WRITE_HIGH]), Ok(Status::OK));
    assert_eq!(sim.engine.send(conn, b"x"), Ok(Status::FULL));
    assert_eq!(sim.engine.send(conn, b"x"), Ok(Status::FULL));
    peer.take(WRITE_HIGH + 1 - WRITE_LOW);
    sim.run(1);
    assert_eq!((sim.said(), sim.engine.queued(conn)), (vec![], Ok(WRITE_LOW + 1)));
    peer.take(1);
    sim.run(2);
    assert_eq!((sim.said().len(), sim.engine.queued(conn)), (1, Ok(WRITE_LOW)));
    peer.take(usize::MAX);
    sim.run(3);
    assert_eq!((sim.said(), sim.engine.queued(conn)), (vec![], Ok(0)));
}

#[test]
fn a_write_that_would_pass_write_limit_is_refused_whole() {
    let mut sim = Sim::new();
    let (conn, peer) = sim.adopt(&Policy::default());
    peer.0.borrow_mut().room = 0;
    sim.run(0);
    assert_eq!(sim.engine.send(conn, &vec![1; WRITE_LIMIT]), Ok(Status::FULL));
    assert_eq!(sim.engine.send(conn, b"x"), Err(Status::LIMIT));
    assert_eq!(sim.engine.send_frame(conn, b"x"), Err(Status::LIMIT));
    assert_eq!(sim.engine.queued(conn), Ok(WRITE_LIMIT));
}

#[test]
fn a_line_above_frame_is_too_long_and_the_next_one_is_a_line_again() {
    let mut sim = Sim::new();
    let (_, peer) = sim.adopt(&Policy { cut: Cut::Line, ..Policy::default() });
    peer.send(&vec![b'a'; FRAME]);
    peer.send(b"\r\n");
    peer.send(&vec![b'b'; FRAME + 1]);
    peer.send(b"\nc\n");
    sim.run(1);
    let said = [
        "0 Conn 0 open".to_owned(),
        format!("0 Conn 0 data {FRAME} bytes"),
        format!("0 Conn 0 too long {FRAME} bytes"),
        "0 Conn 0 data \"c\"".to_owned(),
    ];
    assert_eq!(sim.said(), said);
}

#[test]
fn what_is_shown_of_a_too_long_line_is_its_own_beginning() {
    let mut sim = Sim::new();
    let (_, peer) = sim.adopt(&Policy { cut: Cut::Line, max_frame: 3, ..Policy::default() });
    peer.send(b"first");
    sim.run(1);
    peer.send(b" line\nsecond line\n");
    sim.run(2);
    let said = ["0 Conn 0 open", "0 Conn 0 too long \"fir\"", "1 Conn 0 too long \"sec\""];
    assert_eq!(sim.said(), said);
}

#[test]
fn a_frame_above_frame_ends_the_connection_and_its_reason_stands() {
    let mut sim = Sim::new();
    let cut = Cut::Length { prefix: 4, little: false };
    let (conn, peer) = sim.adopt(&Policy { cut, ..Policy::default() });
    peer.send(&(FRAME as u32).to_be_bytes());
    peer.send(&vec![7; FRAME]);
    sim.run(1);
    assert_eq!(sim.said().len(), 2);
    sim.engine.send_frame(conn, b"sorry").unwrap();
    peer.send(&(FRAME as u32 + 1).to_be_bytes());
    sim.run(2);
    assert_eq!(peer.got(), "\0\0\0\x05sorry");
    assert!(peer.0.borrow().ended.is_some());
    peer.reset(libc::ECONNRESET);
    sim.run(3);
    assert_eq!(sim.said(), ["2 Conn 0 closed WC_E_TOO_LONG"]);
}

#[test]
fn an_end_in_the_middle_of_a_frame_is_eof_and_behind_one_it_is_the_end() {
    for (bytes, last) in [(&b"\x02a"[..], "0 Conn 0 closed WC_E_EOF"), (b"\x01a", "0 Conn 0 eof")] {
        let mut sim = Sim::new();
        let cut = Cut::Length { prefix: 1, little: false };
        let (_, peer) = sim.adopt(&Policy { cut, ..Policy::default() });
        peer.send(bytes);
        peer.end();
        sim.run(1);
        assert_eq!(sim.said().last().unwrap(), last);
    }
}

#[test]
fn a_shutdown_behind_a_full_queue_reaches_the_peer_though_a_drain_is_said_first() {
    let mut sim = Sim::new();
    let (conn, peer) = sim.adopt(&Policy { write_high: 4, write_low: 2, ..Policy::default() });
    peer.0.borrow_mut().room = 0;
    sim.run(0);
    assert_eq!(sim.engine.send(conn, b"hello"), Ok(Status::FULL));
    sim.engine.shutdown(conn).unwrap();
    peer.take(usize::MAX);
    sim.run(1);
    assert_eq!(sim.said(), ["0 Conn 0 open", "0 Conn 0 drain"]);
    assert!(peer.0.borrow().ended.is_some(), "the peer waits for our end");
    peer.end();
    sim.run(2);
    assert_eq!(sim.said(), ["1 Conn 0 eof", "1 Conn 0 closed WC_OK"]);
}

#[test]
fn the_end_of_the_input_leaves_the_output_open() {
    let mut sim = Sim::new();
    let (conn, peer) = sim.adopt(&Policy::default());
    peer.send(b"question");
    peer.end();
    sim.run(10);
    assert_eq!(sim.said(), ["0 Conn 0 open", "0 Conn 0 data \"question\"", "0 Conn 0 eof"]);
    assert_eq!(sim.engine.life(conn), Ok(Life::HalfOpen));
    sim.engine.send(conn, b"answer").unwrap();
    sim.engine.close(conn, How::Flush).unwrap();
    sim.run(11);
    assert_eq!((sim.said(), peer.got()), (vec!["10 Conn 0 closed WC_OK".into()], "answer".into()));
}

#[test]
fn a_pause_keeps_the_lines_that_came_and_a_resume_shows_them() {
    let mut sim = Sim::new();
    let (conn, peer) = sim.adopt(&Policy { cut: Cut::Line, ..Policy::default() });
    peer.send(b"one\ntwo\n");
    sim.run_with(1, &mut |engine, notice| {
        if let Notice::Data(conn, _) = notice {
            engine.pause_input(*conn).unwrap();
        }
    });
    peer.send(b"three");
    peer.end();
    sim.run(2);
    assert_eq!(sim.said(), ["0 Conn 0 open", "0 Conn 0 data \"one\""]);
    assert!(sim.engine.is_paused(conn));
    sim.engine.resume_input(conn).unwrap();
    sim.run(3);
    let said = ["2 Conn 0 data \"two\"", "2 Conn 0 data \"three\"", "2 Conn 0 eof"];
    assert_eq!(sim.said(), said);
}

#[test]
fn what_is_kept_is_shown_again_with_more_behind_it_and_at_the_end() {
    let mut sim = Sim::new();
    let (conn, peer) = sim.adopt(&Policy::default());
    let mut keep = |engine: &mut webcore::engine::Loop, notice: &Notice| {
        if let Notice::Data(conn, view) = notice {
            assert_eq!(engine.keep(*conn, view.len + 1), Err(Status::STATE));
            engine.keep(*conn, 2.min(view.len)).unwrap();
        }
    };
    peer.send(b"abc");
    sim.run_with(1, &mut keep);
    peer.send(b"d");
    sim.run_with(2, &mut keep);
    peer.end();
    sim.run_with(3, &mut keep);
    let said = ["0 Conn 0 open", "0 Conn 0 data \"abc\"", "1 Conn 0 data \"bcd\""];
    let rest = ["2 Conn 0 data \"cd\"", "2 Conn 0 eof"];
    assert_eq!(sim.said(), [&said[..], &rest].concat());
    assert_eq!(sim.engine.keep(conn, 1), Err(Status::STATE), "nothing is lent");
}

#[test]
fn a_loop_takes_connections_up_to_its_limit() {
    let mut sim = Sim::new();
    let most = u64::from(CONNECTIONS).min(descriptors() - 64);
    let conns: Vec<_> = (0..most).map(|_| sim.adopt(&Policy::default()).0).collect();
    let (_, link) = sim.kernel.peer();
    let policy = Policy::default().into();
    let refused = sim.engine.adopt(link, policy, Owner::default(), Life::Open);
    assert_eq!(refused, Err(Status::LIMIT));
    sim.engine.close(conns[0], How::Now).unwrap();
    sim.take(&mut |_, _| {});
    sim.engine.reap();
    sim.adopt(&Policy::default());
}

#[test]
fn posts_come_in_order_and_a_stop_is_told_once() {
    let mut sim = Sim::new();
    let (conn, peer) = sim.adopt(&Policy::default());
    sim.run(0);
    let door = sim.engine.door().clone();
    let push = |message| door.push(message, 0).map_err(|(status, _)| status).unwrap();
    push(Message::Post(Parcel([1, 0, 0])));
    push(Message::Send(conn, b"hi".to_vec()));
    push(Message::Post(Parcel([2, 0, 0])));
    push(Message::Close(conn, How::Now));
    push(Message::Send(conn, b"too late".to_vec()));
    door.ask_stop();
    sim.engine.turn(None).unwrap();
    sim.take(&mut |_, _| {});
    assert!(sim.engine.take_stop() && !sim.engine.take_stop());
    sim.run(1);
    let said = ["0 Conn 0 open", "0 post [1, 0, 0]", "0 post [2, 0, 0]", "0 Conn 0 closed WC_OK"];
    assert_eq!((sim.said(), peer.got()), (said.map(str::to_owned).into(), "hi".to_owned()));
    assert_eq!(sim.engine.stats().posts, 5);
    assert_eq!(sim.engine.stats().posts_dropped, 1, "the one that was too late");
}

#[test]
fn the_end_of_the_loop_is_the_end_of_all_and_nothing_new_is_taken_in() {
    let mut sim = Sim::new();
    let (open, peer) = sim.adopt(&Policy::default());
    let (ending, _) = sim.adopt(&Policy::default());
    sim.run(0);
    sim.said();
    sim.engine.start_timer(5, 0, Owner { word: 8, ..Owner::default() }).unwrap();
    sim.engine.close(ending, How::Flush).unwrap();
    sim.engine.send(open, b"bye").unwrap();
    sim.engine.end_all(Status::FREED);
    let refused = sim.engine.start_timer(1, 0, Owner::default());
    assert_eq!(refused, Err(Status::STATE));
    let (_, link) = sim.kernel.peer();
    let policy = Policy::default().into();
    let refused = sim.engine.adopt(link, policy, Owner::default(), Life::Open);
    assert_eq!(refused, Err(Status::STATE));
    sim.take(&mut |_, _| {});
    let mut said = sim.said();
    said.sort();
    let closed = |slot| format!("0 Conn {slot} closed WC_E_FREED");
    assert_eq!(said, [closed(0), closed(1), "0 ended 8".to_owned()]);
    sim.engine.reap();
    assert_eq!((sim.engine.alive(), peer.got()), (Alive::default(), "bye".to_owned()));
    assert!(sim.engine.is_idle());
}
