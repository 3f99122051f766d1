// SPDX-License-Identifier: MIT OR Apache-2.0
//! The same story on every backend: each scenario runs over real sockets on every backend of this
//! machine, and where a backend can tell edges also level-triggered, and what is said must be equal
//! line by line. Between objects the order is the kernel's, so lines are compared by object.

#[path = "transcript/watch.rs"]
mod watch;

use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use webcore::base::time::Millis;
use webcore::base::{Handle, Status};
use webcore::engine::{How, Listen, Loop, Notice, Settings};
use webcore::http::{Host, Report, Service};
use webcore::net::Owner;
use webcore::net::life::Life;
use webcore::net::link::Link;
use webcore::net::policy::{Cut, Policy};
use webcore::reactor::{BACKENDS, Backend, Features};
use webcore::sys::clock::Monotonic;
use webcore::sys::socket::reset_on_close;

/// Longer than any delivery on this machine takes, in ms.
const SOON: u64 = 30_000;

type Program = dyn FnMut(&mut Host, &Report);

/// A loop with its program and what it has said.
struct Rig {
    backend: &'static Backend,
    host: Host,
    said: Vec<String>,
    program: Box<Program>,
}

impl Rig {
    fn new(backend: &'static Backend, engine: Loop, settings: &Settings<'_>) -> Rig {
        let host = Host::new(engine, settings);
        Rig { backend, host, said: vec![], program: Box::new(|_, _| {}) }
    }

    /// Whether it hears of the end of a connection that it neither reads nor writes; where it does
    /// not, the next read or write tells.
    fn hears_ends(&self) -> bool {
        self.backend.features.contains(Features::HANGUP)
    }

    fn program(&mut self, program: impl FnMut(&mut Host, &Report) + 'static) {
        self.program = Box::new(program);
    }

    /// Our end of a connection whose other end is the client's.
    fn pair(&mut self, policy: Policy, service: u32) -> (Handle, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        theirs.set_nonblocking(true).unwrap();
        let (link, owner) = (Link::Socket(ours.into()), Owner { service, ..Owner::default() });
        let conn = self.host.engine.adopt(link, Rc::new(policy), owner, Life::Open).unwrap();
        (conn, theirs)
    }

    /// Says what is due; how many lines.
    fn take(&mut self) -> usize {
        let before = self.said.len();
        while let Some(report) = self.host.next() {
            self.said.extend(line(&mut self.host, &report));
            (self.program)(&mut self.host, &report);
        }
        self.said.len() - before
    }

    /// Turns without waiting until nothing more comes of it: for clients whose bytes are here at
    /// once.
    fn settle(&mut self) {
        let mut quiet = 0;
        self.take();
        while quiet < 2 {
            self.host.engine.turn(Some(Millis(0))).unwrap();
            let done = self.take() > 0 || self.host.engine.has_work();
            quiet = if done { 0 } else { quiet + 1 };
        }
    }

    /// Turns until so many lines in all are said, and all that belongs to them.
    fn wait_for(&mut self, lines: usize) {
        let end = Millis(self.host.engine.now().0 + SOON);
        self.take();
        while self.said.len() < lines {
            self.host.engine.turn(Some(end)).unwrap();
            self.take();
            assert!(self.host.engine.now() < end, "of {lines} lines {:#?}", self.said);
        }
        self.settle();
    }

    /// What the client got so far, as a line; it reads until nothing is there or the end.
    fn client_reads(&mut self, name: usize, client: &mut impl Read) {
        let mut got = Vec::new();
        let end = loop {
            let mut buffer = [0; 4096];
            match client.read(&mut buffer) {
                Ok(0) => break " and the end".to_owned(),
                Ok(count) => got.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break String::new(),
                Err(error) => break format!(" and {:?}", error.kind()),
            }
        };
        self.said.push(format!("client {name} got {}{end}", text(&got)));
    }

    /// The lines by object, each in its order.
    fn transcript(mut self) -> Vec<String> {
        self.settle();
        let object = |line: &String| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
        self.said.sort_by_key(object);
        self.said
    }
}

/// Bytes as a line shows them; the time of an answer is none of it.
fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let dateless: Vec<&str> =
        text.split_inclusive("\r\n").filter(|line| !line.starts_with("Date: ")).collect();
    match dateless.concat() {
        text if text.len() > 2_000 => format!("{} bytes", text.len()),
        text => format!("{text:?}"),
    }
}

fn name(handle: Handle) -> String {
    format!("{:?} {}", handle.kind().unwrap(), handle.slot())
}

/// What is said, as a line; nothing for what a program is not told.
fn line(host: &mut Host, report: &Report) -> Option<String> {
    let conn = |conn: &Handle, what: &str| Some(format!("{} {what}", name(*conn)));
    let notice = match report {
        Report::Engine(notice) => notice,
        Report::Request(request) | Report::Head(request) => {
            let lent = host.head(*request).unwrap();
            let method = text(lent.head.method.of(lent.bytes));
            let target = text(lent.head.target.of(lent.bytes));
            let mut line = format!("{} {method} {target}", name(*request));
            let _ = write!(line, " body {}", text(host.body(*request).unwrap()));
            return Some(line);
        }
        Report::Body(request) => return conn(request, &text(host.piece())),
        Report::End(request) => return conn(request, "end"),
        Report::Drain(request) => return conn(request, "drain"),
        Report::Closed { request, why } => return conn(request, &format!("closed {why:?}")),
        Report::Rejected { conn: of, reason, http } => {
            return conn(of, &format!("rejected {reason} {http}"));
        }
    };
    let engine = &host.engine;
    match notice {
        Notice::Open(of) => conn(of, "open"),
        Notice::Data(of, view) => conn(of, &format!("data {}", text(engine.view(*view)))),
        Notice::TooLong(of, view) => conn(of, &format!("too long {}", text(engine.view(*view)))),
        Notice::Drain(of) => conn(of, "drain"),
        Notice::Eof(of) => conn(of, "eof"),
        Notice::Idle(of) => conn(of, "idle"),
        Notice::Deadline(of) => conn(of, "deadline"),
        Notice::Closed { conn: of, why, os_error } => {
            conn(of, &format!("closed {why:?} {os_error}"))
        }
        Notice::ListenerClosed { listener, why } => conn(listener, &format!("closed {why:?}")),
        Notice::Paused { listener, why, .. } => conn(listener, &format!("paused {why:?}")),
        Notice::Resumed(listener) => conn(listener, "resumed"),
        Notice::Timer(timer) => conn(timer, "fired"),
        Notice::Ready(watch, ready) => conn(watch, &format!("ready {:02x}", ready.bits())),
        Notice::Done(job) => conn(job, "done"),
        Notice::Sent(post) => conn(post, "sent"),
        Notice::ChildExit { child, code, signal, why } => {
            conn(child, &format!("exit {code} {signal} {why:?}"))
        }
        Notice::Signal { handle, number, count } => {
            conn(handle, &format!("signal {number} x {count}"))
        }
        Notice::Ended(_) | Notice::Post(_) | Notice::Above(_) => None,
    }
}

/// Runs a scenario on every backend, and gives the one transcript that they have in common.
fn same(scenario: impl Fn(&mut Rig)) -> Vec<String> {
    same_among(|_| true, scenario)
}

/// The same on those of the backends of which this holds.
fn same_among(these: impl Fn(&Backend) -> bool, scenario: impl Fn(&mut Rig)) -> Vec<String> {
    let settings = |backend: &Backend| Settings {
        number: 1,
        floor: 0,
        backend: Some(backend.name),
        max_connections: 0,
    };
    let mut transcripts: Vec<(String, Vec<String>)> = Vec::new();
    for backend in BACKENDS.iter().filter(|backend| these(backend)) {
        let settings = settings(backend);
        let own = Loop::new(&settings).map_err(|(status, _)| status).unwrap();
        let (selector, clock) = ((backend.open)().unwrap(), Box::new(Monotonic::new()));
        let level = Loop::with(&settings, selector, clock).map_err(|(status, _)| status).unwrap();
        for (name, engine) in [(backend.name, own), ("level-triggered", level)] {
            let mut rig = Rig::new(backend, engine, &settings);
            scenario(&mut rig);
            transcripts.push((format!("{} {name}", backend.name), rig.transcript()));
        }
    }
    let (first, transcript) = transcripts.remove(0);
    for (other, lines) in transcripts {
        assert_eq!(transcript, lines, "{first} (left) and {other} (right)");
    }
    transcript
}

/// An echo that ends when the peer does.
fn echo(host: &mut Host, report: &Report) {
    match report {
        Report::Engine(Notice::Data(conn, view)) => {
            let bytes = host.engine.view(*view).to_vec();
            host.engine.send_frame(*conn, &bytes).unwrap();
        }
        Report::Engine(Notice::Eof(conn)) => host.engine.close(*conn, How::Flush).unwrap(),
        _ => {}
    }
}

#[test]
fn echoes_of_bytes_lines_and_frames() {
    let cuts = [
        (Cut::Raw, &["ab", "c\n"][..]),
        (Cut::Line, &["one\ntw", "o\r\nthree is too long\nfour"]),
        (Cut::Length { prefix: 1, little: false }, &["\x03one\x03t", "wo\x00\x02xx"]),
    ];
    for (cut, writes) in cuts {
        let said = same(|rig| {
            rig.program(echo);
            let policy = Policy { cut, max_frame: 8, ..Policy::default() };
            let (_, mut client) = rig.pair(policy, 0);
            for bytes in writes {
                client.write_all(bytes.as_bytes()).unwrap();
                rig.settle();
                rig.client_reads(0, &mut client);
            }
            client.shutdown(Shutdown::Write).unwrap();
            rig.settle();
            rig.client_reads(0, &mut client);
        });
        assert_eq!(said.first().unwrap(), "Conn 0 open");
        let last: Vec<&String> = said.iter().filter(|line| line.starts_with("Conn")).collect();
        assert_eq!(**last.last().unwrap(), "Conn 0 closed WC_OK 0");
        assert!(said.last().unwrap().ends_with("and the end"), "{said:#?}");
    }
}

#[test]
fn an_end_of_the_input_while_the_answer_is_still_to_come() {
    let said = same(|rig| {
        let (conn, mut client) = rig.pair(Policy::default(), 0);
        client.write_all(b"question").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        rig.settle();
        rig.host.engine.send(conn, b"answer").unwrap();
        rig.settle();
        rig.client_reads(0, &mut client);
        rig.host.engine.shutdown(conn).unwrap();
        rig.settle();
        rig.client_reads(0, &mut client);
    });
    let expected = [
        "Conn 0 open",
        "Conn 0 data \"question\"",
        "Conn 0 eof",
        "Conn 0 closed WC_OK 0",
        "client 0 got \"answer\"",
        "client 0 got \"\" and the end",
    ];
    assert_eq!(said, expected);
}

#[test]
fn our_end_before_the_peers() {
    let said = same(|rig| {
        let (conn, mut client) = rig.pair(Policy::default(), 0);
        rig.settle();
        rig.host.engine.send(conn, b"bye").unwrap();
        rig.host.engine.shutdown(conn).unwrap();
        rig.settle();
        rig.client_reads(0, &mut client);
        client.write_all(b"wait").unwrap();
        rig.settle();
        drop(client);
        rig.settle();
    });
    let expected = [
        "Conn 0 open",
        "Conn 0 data \"wait\"",
        "Conn 0 eof",
        "Conn 0 closed WC_OK 0",
        "client 0 got \"bye\" and the end",
    ];
    assert_eq!(said, expected);
}

/// A peer that goes with something unread: a reset, told at once by a pair of local sockets.
fn vanish(rig: &mut Rig, conn: Handle, client: UnixStream) {
    rig.host.engine.send(conn, b"unread").unwrap();
    rig.settle();
    drop(client);
    rig.settle();
}

#[test]
fn a_reset_of_a_reading_a_paused_and_a_half_open_connection() {
    let said = same(|rig| {
        let (reading, client) = rig.pair(Policy::default(), 0);
        vanish(rig, reading, client);
        let (paused, client) = rig.pair(Policy::default(), 0);
        rig.settle();
        rig.host.engine.pause_input(paused).unwrap();
        vanish(rig, paused, client);
        rig.host.engine.resume_input(paused).ok();
        rig.settle();
        let (half, client) = rig.pair(Policy::default(), 0);
        client.shutdown(Shutdown::Write).unwrap();
        rig.settle();
        vanish(rig, half, client);
        rig.host.engine.send(half, b"more").ok();
        rig.settle();
        // Whether the error is asked for or met in writing, its number is not the same.
        rig.said.iter_mut().filter(|line| line.contains("WC_E_RESET")).for_each(|line| {
            line.truncate(line.len() - line.rsplit(' ').next().map_or(0, str::len));
        });
    });
    let closed = said.iter().filter(|line| line.contains("closed WC_E_RESET")).count();
    assert_eq!(closed, 3, "{said:#?}");
}

#[test]
fn a_tcp_peer_that_resets_while_we_read_pause_or_have_read_its_end() {
    let said = same(|rig| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        for (at, case) in ["reading", "paused", "ended"].into_iter().enumerate() {
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (ours, _) = listener.accept().unwrap();
            ours.set_nonblocking(true).unwrap();
            let (link, policy) = (Link::Socket(ours.into()), Rc::new(Policy::default()));
            let engine = &mut rig.host.engine;
            let conn = engine.adopt(link, policy, Owner::default(), Life::Open).unwrap();
            rig.settle();
            let lines = rig.said.len();
            match case {
                "paused" => rig.host.engine.pause_input(conn).unwrap(),
                "ended" => {
                    client.shutdown(Shutdown::Write).unwrap();
                    rig.wait_for(lines + 1);
                }
                _ => {}
            }
            rig.settle();
            let lines = rig.said.len();
            reset_on_close(client.as_fd());
            drop(client);
            if !rig.hears_ends() {
                rig.host.engine.resume_input(conn).unwrap();
                // The reset is here once a write fails; on loopback that is the first or second.
                while case == "ended" && rig.host.engine.send(conn, b"more").is_ok() {
                    rig.settle();
                }
            }
            rig.wait_for(lines + 1);
            assert_eq!(rig.host.engine.alive().connections, 0, "connection {at} is over");
        }
    });
    let closed: Vec<&String> = said.iter().filter(|line| line.contains("closed")).collect();
    let told = |error: i32| format!("Conn 0 closed WC_E_RESET {error}");
    assert_eq!(closed[..2], [told(libc::ECONNRESET), told(libc::ECONNRESET)].each_ref());
    // Behind the end of the input Linux calls a reset a broken pipe.
    let behind = [told(libc::ECONNRESET), told(libc::EPIPE)];
    assert!(behind.contains(closed[2]) && closed.len() == 3, "{said:#?}");
}

#[test]
fn back_pressure_with_one_drain_for_each_time_that_it_was_full() {
    const TOTAL: usize = 3 << 20;
    let said = same(|rig| {
        let (conn, mut client) = rig.pair(Policy::default(), 0);
        rig.settle();
        for round in 0..2 {
            assert_eq!(rig.host.engine.send(conn, &vec![7; TOTAL]), Ok(Status::FULL));
            rig.settle();
            let (mut got, mut buffer) = (0, vec![0; 64 << 10]);
            while got < TOTAL {
                match client.read(&mut buffer) {
                    Ok(count) => got += count,
                    Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                }
                rig.settle();
            }
            rig.said.push(format!("client 0 got it all {round}"));
        }
    });
    assert_eq!(said.iter().filter(|line| *line == "Conn 0 drain").count(), 2, "{said:#?}");
}

#[test]
fn a_pause_in_the_middle_of_lines_and_a_resume() {
    let said = same(|rig| {
        rig.program(|host, report| {
            if let Report::Engine(Notice::Data(conn, _)) = report {
                host.engine.pause_input(*conn).unwrap();
            }
        });
        let policy = Policy { cut: Cut::Line, ..Policy::default() };
        let (conn, mut client) = rig.pair(policy, 0);
        client.write_all(b"one\ntwo\nthr").unwrap();
        rig.settle();
        client.write_all(b"ee\nrest").unwrap();
        drop(client);
        rig.settle();
        for step in 0..4 {
            rig.said.push(format!("Conn 0 resumed {step}"));
            rig.host.engine.resume_input(conn).unwrap();
            rig.settle();
        }
    });
    let expected = [
        "Conn 0 open",
        "Conn 0 data \"one\"",
        "Conn 0 resumed 0",
        "Conn 0 data \"two\"",
        "Conn 0 resumed 1",
        "Conn 0 data \"three\"",
        "Conn 0 resumed 2",
        "Conn 0 data \"rest\"",
        "Conn 0 resumed 3",
        "Conn 0 eof",
    ];
    assert_eq!(said, expected);
}

#[test]
fn many_connections_that_end_in_one_batch() {
    const MANY: usize = 200;
    let said = same(|rig| {
        // Some write to another that has ended in this very turn; which of the two comes first is
        // the kernel's affair.
        let mut ended = Vec::new();
        let conns: Rc<std::cell::RefCell<Vec<Handle>>> = Rc::default();
        let all = Rc::clone(&conns);
        rig.program(move |host, report| {
            if let Report::Engine(Notice::Eof(conn)) = report {
                host.engine.close(*conn, How::Flush).unwrap();
                let all = all.borrow();
                let at = all.iter().position(|other| other == conn).unwrap();
                ended.push(at);
                if at % 4 < 2 && ended.contains(&(at ^ 1)) {
                    let _ = host.engine.send(all[at ^ 1], b"never read");
                }
            }
        });
        let clients: Vec<UnixStream> = (0..MANY)
            .map(|_| {
                let (conn, client) = rig.pair(Policy::default(), 0);
                conns.borrow_mut().push(conn);
                client
            })
            .collect();
        rig.settle();
        for mut client in clients {
            client.write_all(b"last").unwrap();
        }
        rig.settle();
        assert_eq!(rig.host.engine.alive().connections, 0);
    });
    assert_eq!(said.iter().filter(|line| line.contains("closed")).count(), MANY);
    assert_eq!(said.iter().filter(|line| line.contains("data \"last\"")).count(), MANY);
}

#[test]
fn a_listener_accepts_and_an_outbound_connection_is_made_or_refused() {
    let said = same(|rig| {
        rig.program(echo);
        let listen = Listen {
            address: "127.0.0.1:0".parse().unwrap(),
            v6_only: false,
            backlog: 8,
            max_connections: 0,
            budget: 4,
            policy: Policy::default(),
            owner: Owner::default(),
        };
        let listener = rig.host.engine.listen(listen).unwrap();
        let address = rig.host.engine.listener_address(listener).unwrap();
        let engine = &mut rig.host.engine;
        let conn = engine.connect(address, Policy::default(), Owner::default(), 1_000).unwrap();
        engine.send(conn, b"ping").unwrap();
        engine.shutdown(conn).unwrap();
        // Two connections open; one hears a ping and an end, the other the same back; two end.
        rig.program(|host, report| {
            if !matches!(report, Report::Engine(Notice::Eof(conn) | Notice::Data(conn, _))
                if conn.slot() == 0)
            {
                echo(host, report);
            }
        });
        rig.wait_for(8);
        rig.host.engine.close_listener(listener).unwrap();
        rig.settle();
        let gone = rig.said.len();
        let refused = rig.host.engine.connect(address, Policy::default(), Owner::default(), 1_000);
        assert!(refused.is_ok(), "loopback refuses in its own time");
        rig.wait_for(gone + 1);
    });
    assert!(said.contains(&"Conn 0 data \"ping\"".to_owned()), "{said:#?}");
    let refused = format!("closed WC_E_CONNECT {}", libc::ECONNREFUSED);
    assert!(said.iter().any(|line| line.ends_with(&refused)), "{said:#?}");
    assert!(said.contains(&"Listener 0 closed WC_OK".to_owned()));
}

#[test]
fn pipelined_requests_a_body_in_chunks_and_one_that_is_not_http() {
    let said = same(|rig| {
        rig.program(|host, report| {
            if let Report::Request(request) = report {
                let path = host.path(*request).unwrap().to_vec();
                host.respond(*request, 200, &[(b"X-Is", b"echo")], &path).unwrap();
            }
        });
        let service = rig.host.add_service(Service::default());
        let (_, mut client) = rig.pair(Policy::default(), service);
        let mut requests = String::new();
        for number in 0..40 {
            let _ = write!(requests, "GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n");
        }
        let (first, rest) = requests.split_at(1_111);
        for part in [first, rest] {
            client.write_all(part.as_bytes()).unwrap();
            rig.settle();
        }
        rig.client_reads(0, &mut client);
        let post = "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab";
        client.write_all(post.as_bytes()).unwrap();
        rig.settle();
        client.write_all(b"c\r\n0\r\n\r\nnonsense\r\n\r\n").unwrap();
        rig.settle();
        rig.client_reads(0, &mut client);
        drop(client);
        rig.settle();
        assert_eq!((rig.host.engine.alive().connections, rig.host.live_requests()), (0, 0));
    });
    let answered = said.iter().filter(|line| line.ends_with("closed WC_OK")).count();
    assert_eq!(answered, 41, "{said:#?}");
    assert!(said.iter().any(|line| line.contains("\"POST\" \"/p\" body \"abc\"")), "{said:#?}");
    assert!(said.iter().any(|line| line.contains("rejected")), "{said:#?}");
}

#[test]
fn a_streamed_body_that_the_client_cuts() {
    let said = same(|rig| {
        let service = rig.host.add_service(Service { streaming: true, ..Service::default() });
        let (_, mut client) = rig.pair(Policy::default(), service);
        let post = "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc";
        client.write_all(post.as_bytes()).unwrap();
        rig.settle();
        client.write_all(b"defg").unwrap();
        drop(client);
        rig.settle();
    });
    let expected = [
        "Request 0 \"POST\" \"/p\" body \"\"",
        "Request 0 \"abc\"",
        "Request 0 \"defg\"",
        "Request 0 closed WC_E_EOF",
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_difference_is_noticed() {
    let backend = std::cell::Cell::new(0);
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        same(|rig| {
            backend.set(backend.get() + 1);
            rig.said.push(format!("Conn 0 on {}", backend.get().min(2)));
        })
    }));
    assert!(result.is_err());
}
