// SPDX-License-Identifier: MIT OR Apache-2.0
//! The contract of every codec: what it finds depends on the bytes, never on how they were cut.
//! Each input is shown whole, byte by byte, cut once at each place, and ended at each place; items,
//! faults and the bytes used have to be the same. A codec takes part with a `Subject` and one
//! `check` line.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use webcore::base::Status;
use webcore::codec::http1::{Item, Limits, Message, Span};
use webcore::codec::{Decode, Fault, Step};

/// What a codec found, in order. Parts of one thing are joined, for where they are cut is free.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Items(Vec<(String, Vec<u8>)>);

impl Items {
    /// An item that comes in one piece.
    fn whole(&mut self, kind: &str, bytes: &[u8]) {
        self.0.push((kind.to_string(), bytes.to_vec()));
    }

    /// A piece of an item that may come in many.
    fn part(&mut self, kind: &str, bytes: &[u8]) {
        match self.0.last_mut() {
            Some((last, joined)) if last == kind => joined.extend_from_slice(bytes),
            _ => self.whole(kind, bytes),
        }
    }

    /// Whether `longer` may follow from these: the same items, the last one perhaps with more.
    fn lead_to(&self, longer: &Items) -> bool {
        let Some(((kind, bytes), before)) = self.0.split_last() else { return true };
        let Some((last, more)) = longer.0.get(before.len()) else { return false };
        longer.0.starts_with(before) && last == kind && more.starts_with(bytes)
    }
}

/// All that a codec did with an input.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Story {
    items: Items,
    /// The fault, placed in the whole input.
    fault: Option<Fault>,
    /// Bytes dropped in all; of no meaning behind a fault.
    used: usize,
}

/// A codec under this contract.
trait Subject: Decode {
    /// Writes an item down.
    fn note(&self, items: &mut Items, item: Self::Item<'_>);
}

/// Shows the pieces one after the other, the last one with `eof`.
fn run<C: Subject>(mut codec: C, pieces: &[&[u8]], eof: bool) -> Story {
    let mut story = Story { items: Items::default(), fault: None, used: 0 };
    let input = pieces.concat();
    let mut end = 0;
    for (index, piece) in pieces.iter().enumerate() {
        end += piece.len();
        let eof = eof && index + 1 == pieces.len();
        loop {
            let shown = &input[story.used..end];
            match codec.decode(shown, eof) {
                Step::Item { used, item } => {
                    assert!(used <= shown.len(), "only what was shown can be used");
                    story.used += used;
                    codec.note(&mut story.items, item);
                }
                Step::NeedMore { used, want } => {
                    assert!(want == 0 || want > shown.len() - used, "it wants what it has");
                    story.used += used;
                    let again = codec.decode(&shown[used..], eof);
                    assert!(matches!(again, Step::NeedMore { used: 0, .. }), "asked twice");
                    break;
                }
                Step::Fail(fault) => {
                    assert!(fault.at <= shown.len() && fault.status.is_error());
                    match codec.decode(shown, eof) {
                        Step::Fail(again) => assert_eq!(again, fault, "it says so for ever"),
                        _ => panic!("it came back after {fault:?}"),
                    }
                    story.fault = Some(Fault { at: story.used + fault.at, ..fault });
                    story.used = 0;
                    return story;
                }
            }
        }
    }
    story
}

/// Cuts an input in every way that the contract names.
fn check<C: Subject>(make: fn() -> C, input: &[u8]) {
    let name = String::from_utf8_lossy(input).into_owned();
    let unended = run(make(), &[input], false);
    for eof in [false, true] {
        let whole = run(make(), &[input], eof);
        for cut in 0..=input.len() {
            let (a, b) = input.split_at(cut);
            assert_eq!(run(make(), &[a, b], eof), whole, "cut at {cut}: {name:?}");
        }
    }
    for end in 0..=input.len() {
        let prefix = &input[..end];
        let story = run(make(), &[prefix], false);
        assert!(story.items.lead_to(&unended.items), "{end} bytes show another item: {name:?}");
        if story.fault.is_some() {
            assert_eq!(story.fault, unended.fault, "{end} bytes fail otherwise: {name:?}");
        }
        let mut bytes: Vec<&[u8]> = prefix.chunks(1).collect();
        bytes.push(b"");
        assert_eq!(run(make(), &bytes, false), story, "byte by byte to {end}: {name:?}");
        let ended = run(make(), &[prefix], true);
        assert_eq!(run(make(), &bytes, true), ended, "ended at {end}: {name:?}");
        if story.fault.is_none() && ended.fault.is_some_and(|f| f.status == Status::EOF) {
            assert_eq!(story.items, ended.items, "the end takes nothing back: {name:?}");
        }
    }
}

impl Subject for Message {
    fn note(&self, items: &mut Items, item: Item<'_>) {
        let fields = |items: &mut Items, fields: &[(Span, Span)], bytes: &[u8]| {
            for (name, value) in fields {
                items.whole("name", name.of(bytes));
                items.whole("value", value.of(bytes));
            }
        };
        match item {
            Item::Head(bytes) => {
                let head = self.head();
                items.whole("head", bytes);
                items.whole("method", head.method.of(bytes));
                items.whole("target", head.target.of(bytes));
                items.whole("host", head.host.unwrap_or_default().of(bytes));
                items.whole(&format!("{head:?}"), b"");
                fields(items, &head.fields, bytes);
            }
            Item::Body(bytes) => items.part("body", bytes),
            Item::Trailers(bytes) => {
                items.whole("trailers", bytes);
                fields(items, self.trailers(), bytes);
            }
            Item::End => items.whole("end", b""),
        }
    }
}

fn small_message() -> Message {
    Message::new(Limits { request_line: 60, field: 40, fields: 4, head: 140, body: 30 })
}

const MESSAGES: &[&[u8]] = &[
    b"",
    b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"\r\n\r\nGET / HTTP/1.0\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    b"GET http://a:80/b?c HTTP/1.1\r\nHost: [::1]:8080\r\nA: \t b\xff \t\r\nX:\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloOPTIONS * HTTP/1.0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\
      5;a=\"b\\\"c\" ; d\r\nhello\r\n00a\r\n0123456789\r\n0\r\nT: u\r\nHost: x\r\n\r\nGET",
    b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\
      0\r\n\r\n\r\nGET / HTTP/1.1\n",
    b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n",
    b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\
      5\r\nhello\r\n5;a=\"\\\x00\r\n",
    b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT u: v\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET / HTTP/2.0\r\n\r\n",
    b"GET /\rx HTTP/1.1\r\n\r\n",
    b"GET /\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01\x02\x00",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
];

#[test]
fn message() {
    MESSAGES.iter().for_each(|input| check(Message::default, input));
}

#[test]
fn message_at_its_limits() {
    let line = |n: usize| format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "a".repeat(n));
    let field = |n: usize| format!("GET / HTTP/1.1\r\nHost: h\r\nA:{}\r\n\r\n", "b".repeat(n));
    let inputs = [
        line(46),
        line(47),
        line(90),
        field(38),
        field(39),
        field(90),
        format!("{}GET / HTTP/1.0\r\n\r\n", "\r\n".repeat(9)),
        format!("GET / HTTP/1.0\r\n{}\r\n", "A: b\r\n".repeat(5)),
        format!("GET / HTTP/1.0\r\n{}\r\n", "A: bbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n".repeat(4)),
        format!("{} / HTTP/1.0\r\n\r\n", "M".repeat(33)),
        "POST / HTTP/1.0\r\nContent-Length: 31\r\n\r\n".to_string(),
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\
         14\r\n01234567890123456789\r\nb\r\n"
            .to_string(),
    ];
    inputs.iter().for_each(|input| check(small_message, input.as_bytes()));
}

/// Pieces that requests are made of, good and bad ones.
const WORDS: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\nHost: h\r\n",
    b"POST /a%20b?c HTTP/1.1\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 3\r\n",
    b"Connection: close\r\n",
    b"Expect: 100-continue\r\n",
    b"\r\n\r\n",
    b"\r\n",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b":",
    b";a=\"b\"",
    b"3\r\nabc\r\n",
    b"0\r\n",
    b"abc",
    b"HTTP/1.",
    b"Host:",
    b"\x00",
    b"\xff",
];

fn input() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        8 => proptest::sample::select(WORDS).prop_map(<[u8]>::to_vec),
        1 => proptest::collection::vec(any::<u8>(), 1..4),
    ];
    let words = proptest::collection::vec(word, 0..12).prop_map(|words| words.concat());
    let good = proptest::sample::select(MESSAGES).prop_map(<[u8]>::to_vec);
    let changed = (good, any::<Index>(), any::<u8>()).prop_map(|(mut bytes, place, byte)| {
        if !bytes.is_empty() {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    });
    prop_oneof![words, changed, proptest::collection::vec(any::<u8>(), 0..64)]
}

#[test]
fn whatever_the_bytes_the_cuts_do_not_matter() {
    let cuts = proptest::collection::vec(any::<Index>(), 0..6);
    let config = Config { cases: 4000, failure_persistence: None, ..Config::default() };
    // The same inputs each time, so that a failure is there again for whoever looks into it.
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let test = |(input, cuts, eof): (Vec<u8>, Vec<Index>, bool)| {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
        places.push(input.len());
        places.sort_unstable();
        let mut from = 0;
        let mut pieces = Vec::new();
        for to in places {
            pieces.push(&input[from..to]);
            from = to;
        }
        let whole = run(Message::default(), &[&input], eof);
        prop_assert_eq!(run(Message::default(), &pieces, eof), whole);
        Ok(())
    };
    TestRunner::new_with_rng(config, rng).run(&(input(), cuts, any::<bool>()), test).unwrap();
}

#[test]
fn a_caller_that_shows_other_bytes_than_before_meets_no_panic() {
    let pieces = proptest::collection::vec(input(), 1..6);
    let config = Config { cases: 2000, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let test = |inputs: Vec<Vec<u8>>| {
        let mut message = Message::default();
        for input in &inputs {
            if let Step::Item { used, item } = message.decode(input, false) {
                prop_assert!(used <= input.len());
                message.note(&mut Items::default(), item);
            }
        }
        Ok(())
    };
    TestRunner::new_with_rng(config, rng).run(&pieces, test).unwrap();
}
