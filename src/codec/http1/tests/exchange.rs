// SPDX-License-Identifier: MIT OR Apache-2.0
//! What may follow what on a connection, and how answers are framed.

use super::with_head;
use crate::base::{Machine, Status, limits};
use crate::codec::http1::chunked::{Chunk, Extension};
use crate::codec::http1::exchange::{
    Framing, Next, Persistence, Plan, ReadInput, ReadSide, WriteInput, WriteSide,
};
use crate::codec::http1::{Exchange, fields, head};

/// An exchange whose request has this head.
fn after(head: &str) -> Exchange {
    with_head(head.as_bytes(), |head, _| {
        let mut exchange = Exchange::default();
        exchange.read_head(head);
        exchange
    })
}

/// The same, with the request complete.
fn complete(head: &str) -> Exchange {
    let mut exchange = after(head);
    exchange.read_end();
    exchange
}

const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const GET_1_0: &str = "GET / HTTP/1.0\r\n\r\n";
const KEPT_1_0: &str = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
const HEAD: &str = "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n";
const POST: &str = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n";
const CHUNKED: &str = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
const EXPECTING: &str =
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n";

#[test]
fn a_kept_connection_goes_round() {
    let mut exchange = complete(GET);
    assert_eq!(exchange.next(), Next::Wait);
    let plan = exchange.begin(200, Some(13)).unwrap();
    let expected =
        Plan { framing: Framing::Length(13), persistence: Persistence::Implied, body: true };
    assert_eq!(plan, expected);
    assert_eq!(exchange.next(), Next::Wait);
    exchange.end().unwrap();
    assert_eq!(exchange.next(), Next::Again);
    assert_eq!(exchange, Exchange::default());
}

#[test]
fn who_gets_which_framing() {
    use Framing::*;
    use Persistence as P;
    for (head, status, length, framing, persistence, body) in [
        (GET, 200, Some(0), Length(0), P::Implied, false),
        (GET, 200, None, Chunked, P::Implied, true),
        (GET, 204, Some(5), Nothing, P::Implied, false),
        (GET, 304, Some(5), Nothing, P::Implied, false),
        (GET, 205, Some(5), Length(0), P::Implied, false),
        (HEAD, 200, Some(5), Length(5), P::Implied, false),
        (HEAD, 200, None, Chunked, P::Implied, false),
        (GET_1_0, 200, Some(5), Length(5), P::Close, true),
        (GET_1_0, 200, None, Close, P::Close, true),
        (KEPT_1_0, 200, Some(5), Length(5), P::KeepAlive, true),
        (KEPT_1_0, 200, None, Close, P::Close, true),
        (KEPT_1_0, 204, None, Nothing, P::KeepAlive, false),
        (
            "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
            200,
            Some(1),
            Length(1),
            P::Close,
            true,
        ),
    ] {
        let plan = complete(head).begin(status, length).unwrap();
        assert_eq!(plan, Plan { framing, persistence, body }, "{status} to {head}");
    }
}

#[test]
fn an_answer_that_is_none_is_refused() {
    for status in [0, 99, 100, 101, 199, 600, 1000] {
        assert_eq!(complete(GET).begin(status, None), Err(Status::INVAL), "{status}");
    }
    let connect = "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n";
    assert_eq!(complete(connect).begin(200, None), Err(Status::INVAL));
    assert!(complete(connect).begin(405, Some(0)).is_ok());
    assert_eq!(Exchange::default().begin(200, None), Err(Status::STATE));
    assert_eq!(Exchange::default().end(), Err(Status::STATE));
    let mut twice = complete(GET);
    twice.begin(200, Some(1)).unwrap();
    assert_eq!(twice.begin(200, Some(1)), Err(Status::STATE));
    assert_eq!(twice.switch(), Err(Status::STATE));
}

#[test]
fn rule_13_a_100_is_due_once_and_only_while_the_client_waits() {
    let mut exchange = after(EXPECTING);
    assert!(exchange.continue_due());
    assert!(!exchange.continue_due());
    assert_eq!(exchange.begin(200, Some(1)).unwrap().persistence, Persistence::Implied);

    let mut sent_already = after(EXPECTING);
    assert!(sent_already.read_body(1));
    assert!(!sent_already.continue_due());

    assert!(!after(POST).continue_due());
    let mut refused = after(EXPECTING);
    assert_eq!(refused.begin(403, Some(1)).unwrap().persistence, Persistence::Close);
    assert!(!refused.continue_due());
}

#[test]
fn rule_12_what_nobody_reads_is_dropped_up_to_its_limit() {
    let mut small = after(POST);
    assert_eq!(small.begin(200, Some(0)).unwrap().persistence, Persistence::Implied);
    small.end().unwrap();
    assert_eq!(small.next(), Next::Wait);
    assert!(!small.read_body(10));
    small.read_end();
    assert_eq!(small.next(), Next::Again);

    let large = POST.replace("10", &(limits::HTTP_DISCARD + 1).to_string());
    assert_eq!(after(&large).begin(200, Some(0)).unwrap().persistence, Persistence::Close);

    let mut endless = after(CHUNKED);
    endless.begin(200, Some(0)).unwrap();
    endless.end().unwrap();
    assert!(!endless.read_body(limits::HTTP_DISCARD as usize));
    assert_eq!(endless.next(), Next::Wait);
    assert!(!endless.read_body(1));
    assert_eq!(endless.next(), Next::Close);
}

#[test]
fn a_body_that_comes_while_the_answer_streams_belongs_to_the_handler() {
    let mut exchange = after(CHUNKED);
    exchange.begin(200, None).unwrap();
    assert!(exchange.read_body(1 << 20));
    exchange.read_end();
    exchange.end().unwrap();
    assert_eq!(exchange.next(), Next::Again);
}

#[test]
fn rule_15_after_the_clients_end_the_answer_is_still_sent() {
    let mut exchange = complete(GET);
    exchange.read_eof();
    assert_eq!(exchange.next(), Next::Wait);
    assert_eq!(exchange.begin(200, Some(1)).unwrap().persistence, Persistence::Close);
    exchange.end().unwrap();
    assert_eq!(exchange.next(), Next::Close);

    let mut idle = Exchange::default();
    idle.read_eof();
    assert_eq!(idle.next(), Next::Close);
}

#[test]
fn a_fault_is_answered_once_and_then_the_connection_ends() {
    let mut exchange = Exchange::default();
    exchange.read_fault();
    assert_eq!(exchange.next(), Next::Wait);
    let plan = exchange.begin(400, Some(9)).unwrap();
    assert_eq!((plan.persistence, plan.body), (Persistence::Close, true));
    exchange.end().unwrap();
    assert_eq!(exchange.next(), Next::Close);
}

#[test]
fn a_fault_after_a_head_request_is_answered_with_a_body() {
    let mut exchange = complete(HEAD);
    exchange.begin(200, Some(1)).unwrap();
    exchange.end().unwrap();
    assert_eq!(exchange.next(), Next::Again);
    exchange.read_fault();
    assert!(exchange.begin(400, Some(9)).unwrap().body);
}

#[test]
fn an_answer_that_is_cut_ends_the_connection_uncleanly() {
    let mut exchange = complete(GET);
    exchange.begin(200, None).unwrap();
    exchange.abort().unwrap();
    assert_eq!(exchange.next(), Next::Abort);
    assert_eq!(exchange.abort(), Err(Status::STATE));
}

#[test]
fn the_server_may_make_an_exchange_the_last_one() {
    let mut exchange = complete(GET);
    exchange.last();
    assert!(!exchange.is_kept());
    assert_eq!(exchange.begin(200, Some(1)).unwrap().persistence, Persistence::Close);
}

#[test]
fn after_101_the_bytes_are_another_protocols() {
    let mut exchange = complete(GET);
    exchange.switch().unwrap();
    assert_eq!(exchange.next(), Next::Upgraded);
    assert_eq!(complete(GET_1_0).switch(), Err(Status::STATE));
    assert_eq!(after(POST).switch(), Err(Status::STATE));
}

/// Every state can be reached from the first one, and every state but the final ones can be left.
fn is_connected<M: Machine>(last: &[M]) {
    let mut reached = vec![M::STATES[0]];
    let mut at = 0;
    while at < reached.len() {
        let state = reached[at];
        let next = M::INPUTS.iter().filter_map(|input| state.next(*input));
        let next: Vec<M> = next.collect();
        assert_eq!(last.contains(&state), next.is_empty(), "{}: {state:?}", M::NAME);
        for state in next {
            if !reached.contains(&state) {
                reached.push(state);
            }
        }
        at += 1;
    }
    assert_eq!(reached.len(), M::STATES.len(), "{}", M::NAME);
    assert!(M::STATES.len() <= 8 && M::STATES.iter().all(|s| s.sentence().ends_with('.')));
}

#[test]
fn the_machines_have_no_dead_state_and_no_trap() {
    is_connected(&[ReadSide::Upgraded, ReadSide::Broken]);
    is_connected(&[WriteSide::Upgraded, WriteSide::Broken]);
    is_connected(&[head::Place::Done]);
    is_connected(&[fields::Place::Done]);
    is_connected(&[Chunk::Done]);
    is_connected::<Extension>(&[]);
}

#[test]
fn the_next_request_begins_only_when_both_sides_are_done() {
    for read in ReadSide::STATES {
        assert_eq!(read.next(ReadInput::Again).is_some(), *read == ReadSide::Done);
    }
    for write in WriteSide::STATES {
        assert_eq!(write.next(WriteInput::Again).is_some(), *write == WriteSide::Done);
    }
}
