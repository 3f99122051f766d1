// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every reason of the catalogue, and an input that earns it.

use super::{chunked_with, fault_of, fault_with, request_with};
use crate::base::{Status, limits};
use crate::codec::http1::reason::REASONS;
use crate::codec::http1::{Limits, Reason};

/// A request line and nothing else but Host.
fn line(line: &str) -> Vec<u8> {
    format!("{line}\r\nHost: h\r\n\r\n").into_bytes()
}

fn lines_and_targets() -> Vec<(Reason, Vec<u8>)> {
    vec![
        (Reason::BARE_LF, b"GET / HTTP/1.1\nHost: h\n\n".to_vec()),
        (Reason::BARE_CR, b"GET / HTTP/1.1\rHost: h\r\r".to_vec()),
        (Reason::CONTROL, b"\x16\x03\x01\x02\x00\x01\x00".to_vec()),
        (Reason::EMPTY_LINES, b"\r\n".repeat(limits::HTTP_EMPTY_LINES + 1)),
        (Reason::METHOD_EMPTY, line(" GET / HTTP/1.1")),
        (Reason::METHOD_BYTE, line("GE(T / HTTP/1.1")),
        (Reason::METHOD_LONG, "A".repeat(limits::HTTP_METHOD + 1).into_bytes()),
        (Reason::TARGET_EMPTY, line("GET  / HTTP/1.1")),
        (Reason::TARGET_BYTE, line("GET /caf\u{e9} HTTP/1.1")),
        (Reason::TARGET_FRAGMENT, line("GET /#a HTTP/1.1")),
        (Reason::TARGET_FORM, line("GET * HTTP/1.1")),
        (Reason::TARGET_FORM, line("PRI * HTTP/2.0")),
        (Reason::TARGET_FORM, line("GET a/b HTTP/1.1")),
        (Reason::TARGET_SCHEME, line("GET ftp://h/ HTTP/1.1")),
        (Reason::TARGET_AUTHORITY, line("GET http://u:p@h/ HTTP/1.1")),
        (Reason::TARGET_AUTHORITY, line("CONNECT h HTTP/1.1")),
        (Reason::NO_VERSION, b"GET /\r\n".to_vec()),
        (Reason::NO_VERSION, b"GET\r\n".to_vec()),
        (Reason::VERSION_SYNTAX, line("GET / HTTP/1.10")),
        (Reason::VERSION_SYNTAX, line("GET / http/1.1")),
        (Reason::VERSION_SYNTAX, line("GET / HTTP/1.1 ")),
        (Reason::VERSION_SYNTAX, line("GET /  HTTP/1.1")),
        (Reason::VERSION_SYNTAX, line("GET / HTTP/x.1")),
        (Reason::VERSION_SYNTAX, line("GET / ")),
        (Reason::VERSION_MAJOR, line("GET / HTTP/2.0")),
        (Reason::VERSION_MAJOR, line("GET / HTTP/0.9")),
        (
            Reason::REQUEST_LINE_LONG,
            [b"GET /", &b"a".repeat(limits::HTTP_REQUEST_LINE)[..]].concat(),
        ),
    ]
}

fn fields() -> Vec<(Reason, Vec<u8>)> {
    let many = "A: b\r\n".repeat(limits::HTTP_FIELDS);
    let large = format!("A: {}\r\n", "b".repeat(limits::HTTP_FIELD - 3));
    vec![
        (Reason::FIELD_BLANK, b"GET / HTTP/1.1\r\n Host: h\r\n\r\n".to_vec()),
        (Reason::FIELD_FOLD, request_with("\tx\r\n\r\n")),
        (Reason::FIELD_NO_NAME, request_with(": x\r\n\r\n")),
        (Reason::FIELD_NAME_BLANK, request_with("X : y\r\n\r\n")),
        (Reason::FIELD_NAME_BYTE, request_with("X(y): z\r\n\r\n")),
        (Reason::FIELD_NO_COLON, request_with("Xyz\r\n\r\n")),
        (Reason::FIELD_LONG, request_with(&format!("A: {}", "b".repeat(limits::HTTP_FIELD)))),
        (Reason::FIELD_LONG, request_with(&"A".repeat(limits::HTTP_FIELD + 1))),
        (Reason::FIELDS_MANY, request_with(&many)),
        (Reason::HEAD_LONG, request_with(&large.repeat(limits::HTTP_HEAD / limits::HTTP_FIELD))),
        (Reason::HOST_MISSING, b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        (Reason::HOST_MISSING, b"GET http://h/ HTTP/1.1\r\n\r\n".to_vec()),
        (Reason::HOST_TWICE, request_with("host: h\r\n\r\n")),
        (Reason::HOST_TWICE, b"GET / HTTP/1.0\r\nHost: h\r\nHost: i\r\n\r\n".to_vec()),
        (Reason::HOST_EMPTY, b"GET / HTTP/1.1\r\nHost:\r\n\r\n".to_vec()),
        (Reason::HOST_SYNTAX, b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n".to_vec()),
        (Reason::HOST_SYNTAX, b"GET http://h/ HTTP/1.1\r\nHost: a b\r\n\r\n".to_vec()),
        (Reason::HOST_PORT, b"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n".to_vec()),
        (Reason::LENGTH_SYNTAX, request_with("Content-Length: 1,1\r\n\r\n")),
        (Reason::LENGTH_RANGE, request_with("Content-Length: 9223372036854775808\r\n\r\n")),
        (Reason::LENGTH_TWICE, request_with("Content-Length: 1\r\nContent-Length: 1\r\n\r\n")),
        (Reason::CODING_SYNTAX, request_with("Transfer-Encoding: chun ked\r\n\r\n")),
        (Reason::CODING_UNKNOWN, request_with("Transfer-Encoding: gzip, chunked\r\n\r\n")),
        (Reason::CODING_TWICE, request_with("Transfer-Encoding: chunked, chunked\r\n\r\n")),
        (Reason::CODING_NOT_LAST, request_with("Transfer-Encoding: gzip\r\n\r\n")),
        (Reason::CODING_VERSION, b"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec()),
        (
            Reason::CODING_AND_LENGTH,
            request_with("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"),
        ),
        (Reason::EXPECTATION, request_with("Expect: 100-continue, x\r\n\r\n")),
        (
            Reason::BODY_LONG,
            request_with(&format!("Content-Length: {}\r\n\r\n", limits::HTTP_BODY + 1)),
        ),
    ]
}

fn chunks() -> Vec<(Reason, Vec<u8>)> {
    let digits = limits::HTTP_CHUNK_DIGITS;
    let extensions = format!("1;{}\r\nx\r\n", "a".repeat(limits::HTTP_CHUNK_EXT_LINE - 1));
    let lines = limits::HTTP_CHUNK_EXT / limits::HTTP_CHUNK_EXT_LINE + 1;
    vec![
        (Reason::CHUNK_SIZE_EMPTY, chunked_with(";a\r\n")),
        (Reason::CHUNK_SIZE_BYTE, chunked_with("5g\r\n")),
        (Reason::CHUNK_SIZE_LONG, chunked_with(&"0".repeat(digits + 1))),
        (Reason::CHUNK_SIZE_RANGE, chunked_with("8000000000000000\r\n")),
        (Reason::CHUNK_BLANK, chunked_with("5 \r\n")),
        (Reason::CHUNK_EXT_SYNTAX, chunked_with("5;=\r\n")),
        (Reason::CHUNK_EXT_LINE, chunked_with(&format!("5;{}", "a".repeat(256)))),
        (Reason::CHUNK_EXT_TOTAL, chunked_with(&extensions.repeat(lines))),
        (Reason::CHUNK_END, chunked_with("1\r\nxy")),
        (Reason::TRAILER_FIELDS, chunked_with(&format!("0\r\n{}", "A: b\r\n".repeat(65)))),
        (Reason::TRAILER_LONG, chunked_with(&format!("0\r\nA: {}", "b".repeat(8192)))),
    ]
}

fn everything() -> Vec<(Reason, Vec<u8>)> {
    [lines_and_targets(), fields(), chunks()].concat()
}

#[test]
fn each_input_earns_its_reason_and_the_status_of_that_reason() {
    for (reason, input) in everything() {
        let shown = String::from_utf8_lossy(&input[..input.len().min(80)]).into_owned();
        let fault = fault_of(&input).unwrap_or_else(|| panic!("accepted: {shown:?}"));
        assert_eq!((Reason(fault.reason), fault.http), (reason, reason.http()), "{shown:?}");
        assert_eq!(fault.status, Status::HTTP);
        assert!(fault.at <= input.len(), "{shown:?}");
    }
}

#[test]
fn every_reason_of_the_catalogue_is_earned() {
    let earned: Vec<Reason> = everything().into_iter().map(|(reason, _)| reason).collect();
    for entry in REASONS {
        assert!(earned.contains(&Reason(entry.code)), "{} by no input", entry.name);
    }
}

#[test]
fn the_catalogue_has_one_positive_number_and_one_name_for_each_reason() {
    for (index, entry) in REASONS.iter().enumerate() {
        assert!(entry.code > 0 && entry.name.starts_with("WC_H_") && entry.text.ends_with('.'));
        assert!(matches!(entry.http, 400..=599));
        assert!(REASONS[..index].iter().all(|e| e.code != entry.code && e.name != entry.name));
    }
    assert_eq!(Reason(-1).name(), "WC_H_UNKNOWN");
    assert_eq!(Reason(0).text(), "No reason has this number.");
}

#[test]
fn limits_are_reached_exactly() {
    let head = |line: usize, value: usize| {
        let target = "a".repeat(line - "GET / HTTP/1.1".len());
        let field = "b".repeat(value - "A: ".len());
        format!("GET /{target} HTTP/1.1\r\nHost: h\r\nA: {field}\r\n\r\n").into_bytes()
    };
    let limits = Limits { request_line: 40, field: 30, fields: 3, head: 100, body: 0 };
    let reason = |input: &[u8]| fault_with(limits, input).map(|f| Reason(f.reason));
    assert_eq!(reason(&head(40, 30)), None);
    assert_eq!(reason(&head(41, 30)), Some(Reason::REQUEST_LINE_LONG));
    assert_eq!(reason(&head(40, 31)), Some(Reason::FIELD_LONG));

    let fields = |n: usize| format!("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n", "A:\r\n".repeat(n - 1));
    assert_eq!(reason(fields(3).as_bytes()), None);
    assert_eq!(reason(fields(4).as_bytes()), Some(Reason::FIELDS_MANY));

    let exact = head(40, 30);
    let overhead = exact.len() as u32;
    for (total, expected) in [(overhead, None), (overhead - 1, Some(Reason::HEAD_LONG))] {
        let limits = Limits { head: total, ..limits };
        assert_eq!(fault_with(limits, &exact).map(|f| Reason(f.reason)), expected);
    }
    let with_empty_line = [b"\r\n", &exact[..]].concat();
    let limits = Limits { head: overhead + 1, ..limits };
    let fault = fault_with(limits, &with_empty_line).unwrap();
    assert_eq!(Reason(fault.reason), Reason::HEAD_LONG);
}

#[test]
fn a_request_line_of_8000_bytes_is_taken() {
    let input = line(&format!("GET /{} HTTP/1.1", "a".repeat(8000 - "GET / HTTP/1.1".len())));
    assert_eq!(fault_of(&input), None);
}

#[test]
fn a_bound_ends_a_line_that_never_ends_whatever_the_head_may_have() {
    for total in 1..60 {
        let limits = Limits { head: total, ..Limits::default() };
        let input = request_with("A: bbbbbbbbbbbbbbbbbbbbbbbb\r\n\r\n");
        let fault = fault_with(limits, &input).map(|f| Reason(f.reason));
        let fits = total as usize >= input.len();
        assert_eq!(fault, (!fits).then_some(Reason::HEAD_LONG), "head of {total}");
    }
}
