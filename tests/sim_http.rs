// SPDX-License-Identifier: MIT OR Apache-2.0
//! HTTP on a scripted kernel with a virtual clock: deadlines, fairness, and what a cut does.

mod support;

#[path = "support/sim.rs"]
mod sim;

use sim::{Kernel, Peer, SETTINGS};
use std::fmt::Write as _;
use std::rc::Rc;
use webcore::base::limits::{
    HTTP_ANSWER_MS, HTTP_BODY_GRACE_MS, HTTP_BODY_RATE, HTTP_DISCARD, HTTP_HEAD_MS, HTTP_KEEP_MS,
    HTTP_PIPELINE,
};
use webcore::base::time::Millis;
use webcore::base::{Handle, Status};
use webcore::codec::http1::Reason;
use webcore::engine::{How, Notice};
use webcore::http::{Answer, Host, Report, Service};
use webcore::net::Owner;
use webcore::net::life::Life;
use webcore::net::policy::Policy;

/// A request for a path.
fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

/// A loop that speaks HTTP, with what it has said; requests are answered by `program`.
struct Sim {
    kernel: Kernel,
    host: Host,
    service: u32,
    said: Vec<String>,
    program: fn(&mut Host, Handle),
}

impl Sim {
    fn new(service: Service, program: fn(&mut Host, Handle)) -> Sim {
        let kernel = Kernel::new();
        let mut host = Host::new(kernel.engine(), &SETTINGS);
        let service = host.add_service(service);
        Sim { kernel, host, service, said: Vec::new(), program }
    }

    fn client(&mut self, policy: Policy) -> (Handle, Peer) {
        let (peer, link) = self.kernel.peer();
        let owner = Owner { service: self.service, ..Owner::default() };
        let conn = self.host.engine.adopt(link, Rc::new(policy), owner, Life::Open).unwrap();
        (conn, peer)
    }

    fn take(&mut self) -> usize {
        let mut count = 0;
        while let Some(report) = self.host.next() {
            count += 1;
            let now = self.host.engine.now().0;
            let line = match report {
                Report::Request(request) => {
                    let path = String::from_utf8_lossy(self.host.path(request).unwrap());
                    format!("request {path}")
                }
                Report::Head(_) => "head".to_owned(),
                Report::Body(_) => format!("body {}", self.host.piece().len()),
                Report::End(_) => "end".to_owned(),
                Report::Drain(_) => "drain".to_owned(),
                Report::Closed { why, .. } => format!("closed {why:?}"),
                Report::Rejected { reason, http, .. } => format!("rejected {http} {reason}"),
                Report::Engine(_) => continue,
            };
            self.said.push(format!("{now} {line}"));
            if let Report::Request(request) | Report::Head(request) = report {
                (self.program)(&mut self.host, request);
            }
        }
        count
    }

    fn run(&mut self, until: u64) {
        self.take();
        let mut vain = 0;
        while self.kernel.now().floor() < Millis(until) || self.host.engine.has_work() {
            let before = (self.kernel.now(), self.kernel.moves());
            self.host.engine.turn(Some(Millis(until))).unwrap();
            let said = self.take();
            let done = said > 0 || (self.kernel.now(), self.kernel.moves()) != before;
            vain = if done { 0 } else { vain + 1 };
            assert!(vain < 2, "turns with nothing to do, one after the other");
        }
    }

    fn said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }
}

/// The statuses of the answers that a client got.
fn statuses(peer: &Peer) -> Vec<u16> {
    let got = peer.got();
    let heads = got.split("HTTP/1.1 ").skip(1);
    heads.map(|head| head[..3].parse().unwrap()).collect()
}

fn answer(host: &mut Host, request: Handle) {
    host.respond(request, 200, &[], b"hello").unwrap();
}

fn silent(_: &mut Host, _: Handle) {}

#[test]
fn a_head_that_is_not_whole_after_http_head_ms_is_408_however_its_bytes_drip() {
    let mut sim = Sim::new(Service::default(), answer);
    let (_, peer) = sim.client(Policy::default());
    let head = u64::from(HTTP_HEAD_MS);
    sim.run(100);
    peer.send(b"GET /");
    for part in 1..10 {
        sim.run(100 + part * head / 10);
        peer.send(b"t");
    }
    sim.run(100 + head - 1);
    assert_eq!((sim.said(), statuses(&peer)), (vec![], vec![]));
    sim.run(100 + head);
    let rejected = format!("{} rejected 408 {}", 100 + head, Reason::HEAD_TIME.0);
    assert_eq!((sim.said(), statuses(&peer)), (vec![rejected], vec![408]));
    assert!(peer.0.borrow().ended.is_some());
}

#[test]
fn a_body_below_the_lowest_rate_is_408_after_the_grace() {
    let mut sim = Sim::new(Service::default(), answer);
    let (_, peer) = sim.client(Policy::default());
    sim.run(0);
    peer.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    let grace = u64::from(HTTP_BODY_GRACE_MS);
    let due = |ms: u64| (u64::from(HTTP_BODY_RATE) * ms / 1000) as usize;
    // Just fast enough for the grace and three seconds more, and then one byte too slow.
    peer.send(&vec![7; due(grace + 3_000)]);
    sim.run(grace + 3_999);
    assert_eq!(sim.said(), [] as [&str; 0]);
    sim.run(grace + 4_000);
    let rejected = format!("{} rejected 408 {}", grace + 4_000, Reason::BODY_TIME.0);
    // The request was not whole, so the program was never told of it.
    assert_eq!((sim.said(), statuses(&peer)), (vec![rejected], vec![408]));
}

#[test]
fn a_connection_between_two_requests_is_closed_after_http_keep_ms() {
    let keep = u64::from(HTTP_KEEP_MS);
    let mut sim = Sim::new(Service::default(), answer);
    let (conn, peer) = sim.client(Policy { idle_ms: HTTP_KEEP_MS, ..Policy::default() });
    peer.send(get("/a").as_bytes());
    sim.run(10);
    peer.send(get("/b").as_bytes());
    sim.run(10 + keep - 1);
    assert_eq!((sim.host.engine.life(conn), statuses(&peer)), (Ok(Life::Open), vec![200, 200]));
    sim.run(10 + keep);
    assert_eq!(sim.host.engine.life(conn), Ok(Life::Lingering));
    assert!(peer.0.borrow().ended.is_some() && statuses(&peer).len() == 2);
}

#[test]
fn a_handler_that_does_not_begin_its_answer_is_503_after_http_answer_ms() {
    let mut sim = Sim::new(Service::default(), silent);
    let policy = Policy { idle_ms: 1_000, ..Policy::default() };
    let (_, peer) = sim.client(policy);
    sim.run(5);
    peer.send(get("/slow").as_bytes());
    let end = 5 + u64::from(HTTP_ANSWER_MS);
    sim.run(end - 1);
    assert_eq!((sim.said(), statuses(&peer)), (vec!["5 request /slow".to_owned()], vec![]));
    sim.run(end);
    let rejected = format!("{end} rejected 503 {}", Reason::ANSWER_TIME.0);
    assert_eq!(sim.said(), [rejected, format!("{end} closed WC_E_TIMEOUT")]);
    assert_eq!(statuses(&peer), [503]);
}

#[test]
fn one_turn_serves_http_pipeline_requests_of_a_connection_and_then_the_others() {
    let mut sim = Sim::new(Service::default(), answer);
    let (_, greedy) = sim.client(Policy::default());
    let (_, modest) = sim.client(Policy::default());
    sim.run(0);
    let mut requests = String::new();
    (0..2 * HTTP_PIPELINE + 1).for_each(|_| requests.push_str(&get("/greedy")));
    greedy.send(requests.as_bytes());
    modest.send(get("/modest").as_bytes());
    sim.run(1);
    let served: Vec<bool> = sim
        .said()
        .iter()
        .filter(|line| line.contains("request"))
        .map(|line| line.ends_with("/modest"))
        .collect();
    let share = HTTP_PIPELINE as usize;
    assert_eq!(served.iter().position(|modest| *modest), Some(share));
    assert_eq!(served.len(), 2 * share + 2);
    assert_eq!(statuses(&greedy).len(), 2 * share + 1);
}

#[test]
fn the_rest_of_a_body_is_dropped_up_to_http_discard_to_keep_the_connection() {
    for (body, kept) in [(HTTP_DISCARD, true), (HTTP_DISCARD * 4, false)] {
        let mut sim =
            Sim::new(Service { streaming: true, ..Service::default() }, |host, request| {
                // The answer does not wait for the body.
                let _ = host.respond(request, 403, &[], b"no");
            });
        let (_, peer) = sim.client(Policy::default());
        sim.run(0);
        let mut post = String::new();
        let _ = write!(post, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {body}\r\n\r\n");
        peer.send(post.as_bytes());
        sim.run(1);
        peer.send(&vec![7; body as usize]);
        peer.send(get("/next").as_bytes());
        sim.run(2);
        let answers = if kept { vec![403, 403] } else { vec![403] };
        assert_eq!(statuses(&peer), answers, "a body of {body}");
        assert_eq!(peer.0.borrow().ended.is_some(), !kept);
    }
}

#[test]
fn a_slow_reader_holds_its_requests_back_and_stalls_in_the_end() {
    fn large(host: &mut Host, request: Handle) {
        host.respond(request, 200, &[], &vec![b'x'; 2 << 20]).unwrap();
    }
    let mut sim = Sim::new(Service::default(), large);
    let (_, peer) = sim.client(Policy { stall_ms: 300, ..Policy::default() });
    peer.0.borrow_mut().room = 0;
    (0..5).for_each(|_| peer.send(get("/").as_bytes()));
    sim.run(200);
    let requests = |said: &[String]| said.iter().filter(|l| l.contains("request")).count();
    assert_eq!(requests(&sim.said()), 1, "the next one waits until the peer takes the answer");
    peer.take(3 << 20);
    sim.run(400);
    assert_eq!(requests(&sim.said()), 1);
    sim.run(1_000);
    assert_eq!((requests(&sim.said()), sim.host.engine.alive().connections), (0, 0), "it stalled");
    assert_eq!(sim.host.live_requests(), 0);
}

#[test]
fn an_answer_from_another_thread_and_one_that_comes_too_late() {
    let mut sim = Sim::new(Service::default(), silent);
    let (conn, peer) = sim.client(Policy::default());
    peer.send(get("/a").as_bytes());
    let mut request = Handle::NONE;
    sim.take();
    sim.host.engine.turn(Some(Millis(0))).unwrap();
    while let Some(report) = sim.host.next() {
        if let Report::Request(begun) = report {
            request = begun;
        }
    }
    let post = |sim: &Sim, status| {
        let answer = Answer { request, status, fields: vec![], body: b"late".to_vec() };
        let message = webcore::engine::Message::Above(Box::new(answer));
        assert!(sim.host.engine.door().push(message, 0).is_ok());
    };
    post(&sim, 200);
    post(&sim, 500);
    sim.run(1);
    assert_eq!((sim.said(), statuses(&peer)), (vec!["0 closed WC_OK".to_owned()], vec![200]));
    assert_eq!(sim.host.respond(request, 200, &[], b""), Err(Status::GONE));
    sim.host.engine.close(conn, How::Now).unwrap();
    sim.run(2);
    assert_eq!(sim.host.engine.alive().connections, 0);
}

#[test]
fn a_connection_that_fails_ends_its_request_with_its_reason() {
    let mut sim = Sim::new(Service::default(), silent);
    let (_, peer) = sim.client(Policy::default());
    peer.send(get("/a").as_bytes());
    sim.run(5);
    peer.reset(libc::ECONNRESET);
    sim.run(6);
    assert_eq!(sim.said(), ["0 request /a", "5 closed WC_E_RESET"]);
    assert_eq!((sim.host.live_requests(), sim.host.engine.alive().connections), (0, 0));
}

#[test]
fn a_drained_host_finishes_what_is_asked_and_takes_no_more() {
    let mut sim = Sim::new(Service::default(), silent);
    let (_, asking) = sim.client(Policy::default());
    let (_, waiting) = sim.client(Policy::default());
    asking.send(get("/a").as_bytes());
    sim.run(0);
    let mut request = Handle::NONE;
    sim.host.engine.turn(Some(Millis(0))).unwrap();
    while let Some(report) = sim.host.next() {
        if let Report::Request(begun) = report {
            request = begun;
        }
    }
    sim.host.drain();
    sim.run(1);
    assert!(waiting.0.borrow().ended.is_some() && asking.0.borrow().ended.is_none());
    sim.host.respond(request, 200, &[], b"hello").unwrap();
    asking.send(get("/b").as_bytes());
    sim.run(2);
    assert_eq!(statuses(&asking), [200]);
    assert!(asking.got().contains("Connection: close"));
    assert!(asking.0.borrow().ended.is_some());
}

#[test]
fn what_is_not_for_http_passes_through() {
    let mut sim = Sim::new(Service::default(), answer);
    let (_, link) = sim.kernel.peer();
    let policy = Rc::new(Policy::default());
    sim.host.engine.adopt(link, policy, Owner::default(), Life::Open).unwrap();
    sim.host.engine.start_timer(0, 0, Owner::default()).unwrap();
    let mut plain = 0;
    while let Some(report) = sim.host.next() {
        plain += usize::from(matches!(report, Report::Engine(Notice::Open(_))));
    }
    assert_eq!(plain, 1);
}
