// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bodies: by length and by chunks, extensions, trailers, and the client's end in the middle.

use super::{chunked_with, decode, decode_with, request_with};
use crate::base::{Status, limits};
use crate::codec::http1::{Limits, Message};
use crate::codec::{Decode, Step};

fn body_of(body: &str) -> Vec<String> {
    decode(&chunked_with(body)).split_off(1)
}

#[test]
fn a_length_frames_exactly_its_bytes() {
    assert_eq!(
        decode(&request_with("Content-Length: 5\r\n\r\nhello\r\n")),
        ["POST /p", "body hello", "end"]
    );
    assert_eq!(decode(&request_with("Content-Length: 0\r\n\r\n")), ["POST /p", "end"]);
    assert_eq!(decode(&request_with("\r\n")), ["POST /p", "end"]);
    assert_eq!(decode(&request_with("Content-Length: 5\r\n\r\nhel")), ["POST /p", "body hel"]);
}

#[test]
fn rule_10_chunks() {
    assert_eq!(body_of("0\r\n\r\n"), ["end"]);
    assert_eq!(body_of("5\r\nhello\r\n0\r\n\r\n"), ["body hello", "end"]);
    assert_eq!(body_of("00a\r\n0123456789\r\nA\r\n0123456789\r\n000\r\n\r\n").len(), 3);
    assert_eq!(body_of("0000000000000001\r\n\n\r\n0\r\n\r\n"), ["body \n", "end"]);
}

#[test]
fn rule_10_extensions_are_checked_and_skipped() {
    for extensions in [
        ";a",
        ";a=b",
        ";a=\"b;=\\\" c\u{e9}\"",
        " ;a",
        "\t ; a = b ; c",
        ";a;b=c;d",
        ";a=\"\"",
        ";a=\"\" ;b",
        ";a ;b",
        ";a=b ;c",
    ] {
        let body = format!("2{extensions}\r\nhi\r\n0{extensions}\r\n\r\n");
        assert_eq!(body_of(&body), ["body hi", "end"], "{extensions}");
    }
}

#[test]
fn extensions_reach_their_limits_and_no_further() {
    let line = format!(";{}", "x".repeat(limits::HTTP_CHUNK_EXT_LINE - 1));
    let chunks = limits::HTTP_CHUNK_EXT / limits::HTTP_CHUNK_EXT_LINE;
    let chunk = format!("1{line}\r\nx\r\n");
    let full = chunk.repeat(chunks);
    let items = body_of(&format!("{full}0\r\n\r\n"));
    assert_eq!((items.len(), items.last().unwrap().as_str()), (chunks + 1, "end"));
    assert_eq!(body_of(&format!("{full}0;\r\n\r\n")).last().unwrap(), "WC_H_CHUNK_EXT_TOTAL");
    assert_eq!(body_of(&format!("1{line}x\r\n")), ["WC_H_CHUNK_EXT_LINE"]);
}

#[test]
fn rule_10_trailers_are_kept_apart_and_cannot_steer() {
    let body =
        "0\r\nX-Sum: \t1 \r\nHost: evil\r\ncontent-length: 7\r\nAuthorization: x\r\nY:\r\n\r\n";
    assert_eq!(body_of(body), ["trailers X-Sum=1 Y=", "end"]);
    let mut message = Message::default();
    let input = chunked_with(body);
    let mut shown = &input[..];
    while let Step::Item { used, .. } = message.decode(shown, false) {
        shown = &shown[used..];
    }
    assert_eq!(message.head().fields.len(), 2);
}

#[test]
fn trailers_reach_their_limits_and_no_further() {
    let field = "A: b\r\n";
    let most = field.repeat(limits::HTTP_TRAILER_FIELDS);
    assert_eq!(body_of(&format!("0\r\n{most}\r\n")).last().unwrap(), "end");
    assert_eq!(body_of(&format!("0\r\n{most}{field}\r\n")), ["WC_H_TRAILER_FIELDS"]);
    let value = |len: usize| format!("0\r\nA: {}\r\n\r\n", "b".repeat(len));
    let overhead = "A: \r\n\r\n".len();
    assert_eq!(body_of(&value(limits::HTTP_TRAILER - overhead)).last().unwrap(), "end");
    assert_eq!(body_of(&value(limits::HTTP_TRAILER - overhead + 1)), ["WC_H_TRAILER_LONG"]);
}

#[test]
fn a_body_reaches_its_limit_and_no_further() {
    let limits = Limits { body: 6, ..Limits::default() };
    let six = "3\r\nabc\r\n3\r\ndef\r\n";
    let end = |body: &str| decode_with(limits, &chunked_with(body)).pop().unwrap();
    assert_eq!(end(&format!("{six}0\r\n\r\n")), "end");
    assert_eq!(end(&format!("{six}1\r\n")), "WC_H_BODY_LONG");
    assert_eq!(end("7fffffffffffffff\r\n"), "WC_H_BODY_LONG");
    let length = |n| decode_with(limits, &request_with(&format!("Content-Length: {n}\r\n\r\n")));
    assert_eq!(length(6), ["POST /p"]);
    assert_eq!(length(7), ["WC_H_BODY_LONG"]);
}

#[test]
fn rule_15_an_end_in_the_middle_is_a_fault_and_between_requests_is_none() {
    let inputs = [
        request_with("Content-Length: 3\r\n\r\nabc"),
        chunked_with("3\r\nabc\r\n0\r\nA: b\r\n\r\n"),
    ];
    for input in inputs {
        for end in 0..=input.len() {
            let mut message = Message::default();
            let mut shown = &input[..end];
            let last = loop {
                match message.decode(shown, true) {
                    Step::Item { used, .. } => shown = &shown[used..],
                    last => break last,
                }
            };
            match last {
                Step::Fail(fault) => {
                    assert_eq!((fault.status, fault.http, fault.reason), (Status::EOF, 0, 0));
                    assert!(end > 0 && end < input.len(), "cut at {end}");
                }
                _ => assert!(end == 0 || end == input.len(), "cut at {end}"),
            }
        }
    }
}

#[test]
fn what_is_left_of_a_body_is_known_where_its_length_is() {
    let mut message = Message::default();
    let input = request_with("Content-Length: 5\r\n\r\n");
    assert!(matches!(message.decode(&input, false), Step::Item { .. }));
    assert_eq!(message.body_left(), Some(5));
    assert!(matches!(message.decode(b"abc", false), Step::Item { used: 3, .. }));
    assert_eq!(message.body_left(), Some(2));
}
